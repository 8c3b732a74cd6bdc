"""Which static files there are, and how they are stored: by content hash, compressed, collected only on change."""

import hashlib
import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import brotli
from django.conf import settings
from django.contrib.staticfiles.finders import AppDirectoriesFinder, BaseFinder, get_finders
from django.contrib.staticfiles.storage import HashedFilesMixin
from django.core.files.storage import FileSystemStorage
from whitenoise.compress import Compressor
from whitenoise.storage import CompressedManifestStaticFilesStorage

# Eleven megabytes: pages that this site doesn't have, and the sources of packages' scripts.
UNUSED = ["rest_framework/*", "*.map"]
LARGE = 1_000_000  # bytes; above it brotli's best takes 11 s for 10 % (measured with plotly.min.js)


class AppFinder(AppDirectoriesFinder):
    """The static folders of the apps, without what no page here uses."""

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, Any]]:
        return super().list([*(ignore_patterns or []), *UNUSED])


class PlotlyFinder(BaseFinder):
    """One file of the plotly package, as `plotly/plotly.min.js`."""

    name = "plotly/plotly.min.js"
    folder = Path(importlib.util.find_spec("plotly").origin).parent / "package_data"

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> str | list[str]:
        found = [str(self.folder / "plotly.min.js")] if path == self.name else []
        return found if find_all else "".join(found)

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, Any]]:
        storage = FileSystemStorage(location=self.folder)
        storage.prefix = "plotly"
        yield "plotly.min.js", storage


class PaceCompressor(Compressor):
    """Brotli's best for small files, its second best for large ones."""

    @staticmethod
    def compress_brotli(data: bytes) -> bytes:
        return brotli.compress(data, quality=9 if len(data) > LARGE else 11)


class Storage(CompressedManifestStaticFilesStorage):
    """Compresses only the names that pages link to, and none a second time: their content is in their name."""

    # Django's own, without those that look for source maps.
    patterns = tuple((files, found[:2]) for files, found in HashedFilesMixin.patterns if files == "*.css")

    def create_compressor(self, **kwargs: Any) -> Compressor:
        return PaceCompressor(**kwargs)

    def compress_files(self, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
        linked = set(self.hashed_files.values()) & set(paths)
        return super().compress_files({path for path in linked if not Path(f"{self.path(path)}.br").exists()})


def collect() -> bool:
    """Runs collectstatic, in a process of its own, when a static file changed; says if it did."""
    mark = settings.STATIC_ROOT / ".collected"
    now = _fingerprint()
    if mark.exists() and mark.read_text() == now:
        return False
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "collectstatic", "--noinput", "-v", "0"]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    _drop_old()
    mark.write_text(now)
    return True


def _fingerprint() -> str:
    """Of every static file: where it is, how long, and when it changed."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for finder in get_finders():
        for path, storage in finder.list([]):
            stat = Path(storage.path(path)).stat()
            digest.update(f"{storage.path(path)} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _drop_old() -> None:
    """Removes the files of earlier versions, so that the folder doesn't grow with every change."""
    named = json.loads((settings.STATIC_ROOT / "staticfiles.json").read_text())["paths"]
    kept = {"staticfiles.json"} | set(named) | set(named.values())
    for path in settings.STATIC_ROOT.rglob("*"):
        name = path.relative_to(settings.STATIC_ROOT).as_posix()
        if path.is_file() and name not in kept and name.removesuffix(".br").removesuffix(".gz") not in kept:
            path.unlink()
