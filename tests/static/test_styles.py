"""What must hold for every style sheet, script and template, whoever writes it."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
SHEETS = sorted((ROOT / "static" / "css").glob("*.css"))
BANNED = ("oops", "successfully", "please", "invalid input", "click here")


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def markup(path: Path) -> str:
    """A template's text without its comments."""
    text = re.sub(r"{% comment %}.*?{% endcomment %}", "", path.read_text(encoding="utf-8"), flags=re.S)
    return re.sub(r"{#.*?#}", "", text)


@pytest.mark.parametrize("path", TEMPLATES, ids=relative)
def test_no_template_has_styles_or_scripts_inside(path: Path) -> None:
    text = markup(path)
    assert not re.search(r"\sstyle\s*=|<style|\son[a-z]+\s*=\s*[\"']|javascript:", text)
    assert all(re.search(r"\ssrc=|type=\"application/json\"", tag) for tag in re.findall(r"<script[^>]*>", text))


@pytest.mark.parametrize("path", TEMPLATES, ids=relative)
def test_pages_use_our_words(path: Path) -> None:
    words = re.sub(r"{[{%].*?[%}]}|<[^>]*>", " ", markup(path)).lower()
    assert not [word for word in BANNED if word in words]


@pytest.mark.parametrize("path", [p for p in SHEETS if p.name not in {"tokens.css", "print.css"}], ids=relative)
def test_colours_come_from_tokens(path: Path) -> None:
    text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S)
    # The mask's opaque black and the veil behind a dialog are no colours of the page.
    strange = set(re.findall(r"#[0-9a-f]{3,8}\b", text)) - {"#000", "#0d10147a", "#b26a00"}
    assert not strange


@pytest.mark.parametrize("path", SHEETS, ids=relative)
def test_every_token_that_is_used_exists(path: Path) -> None:
    known = set(re.findall(r"(--[\w-]+)\s*:", "".join(sheet.read_text() for sheet in SHEETS)))
    known |= set(re.findall(r"@property (--[\w-]+)", "".join(sheet.read_text() for sheet in SHEETS)))
    assert set(re.findall(r"var\((--[\w-]+)", path.read_text())) <= known


def test_components_use_only_classes_that_exist() -> None:
    styled = set(re.findall(r"\.([a-z][\w-]*)", "".join(sheet.read_text() for sheet in SHEETS)))
    for path in [*(ROOT / "templates" / "components").glob("*.html"), ROOT / "templates" / "base.html"]:
        plain = re.sub(r"{%.*?%}|{{.*?}}", " ", markup(path))
        used = {name for found in re.findall(r'class="([^"]*)"', plain) for name in found.split()}
        unknown = {name for name in used - styled if not name.endswith("-")}
        assert not unknown, f"{path.name}: {unknown}"


def test_scripts_of_the_frame_stay_small() -> None:
    code = "".join((ROOT / "static" / "js" / name).read_text() for name in ("frame.js", "keys.js"))
    assert len(re.sub(r"^\s*//.*\n", "", code, flags=re.M)) < 11 * 1024
