"""Keys out of what models answer: every stored key in every spelling, and what has the shape of a provider's key.

Also where a key comes in pieces, with invisible characters inside, or is cut off at the end. Nothing else changes.
Pure functions.
"""

import base64
import json
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from urllib.parse import quote

MASK = "••••••••"
SHORTEST = 8  # a shorter "key" would mask ordinary words
TELLING = 12  # so much of a key, cut off at the end of an answer, is masked too
LONGEST_SHAPE = 300

_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060-\u2064\ufeff]")
# What the providers' own keys look like: a known prefix, then a long run that no word has. A run needs a digit,
# so that package names, flags and file names that begin alike stay as they are.
_RUN = r"(?=[A-Za-z]*[0-9])[A-Za-z0-9]"
_LOOSE = r"(?=[A-Za-z_-]*[0-9])[A-Za-z0-9_-]"
_SHAPES = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    rf"sk-(?:proj|svcacct|admin|None|ant-[a-z]+[0-9]{{2}})-{_LOOSE}{{40,}}"
    rf"|sk-(?:[a-z0-9]{{1,12}}-){{0,3}}{_RUN}{{20,}}"
    r"|sk-[a-z]{2}-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    rf"|xai-{_RUN}{{20,}}|gsk_{_RUN}{{20,}}|AIza{_LOOSE}{{30,}}|AQ\.Ab{_LOOSE}{{30,}}"
    rf"|nvapi-(?=[A-Za-z0-9_-]*[A-Z]){_LOOSE}{{20,}}"
    rf"|cf(?:ut|at|k)_{_RUN}{{30,}}|csk-{_RUN}{{30,}}|pplx-{_RUN}{{30,}}|hf_[A-Za-z0-9]{{30,}}"
    r"|aiops_[A-Za-z0-9_-]{40,}"
    rf"|gh[pousr]_{_RUN}{{30,}}|github_pat_(?=[A-Za-z_]*[0-9])[A-Za-z0-9_]{{40,}}"
    r"|gl(?:pat|dt|rt)-(?=[a-z_-]*[A-Z0-9])[A-Za-z0-9_-]{20,}"
    r"|ATBB[A-Za-z0-9]{32,}|ATCTT3xFf[A-Za-z0-9_=-]{40,}|(?:AKIA|ASIA)[A-Z2-7]{16}(?![A-Za-z0-9])"
    r")"
)
_PREFIXES = (
    "sk-", "xai-", "gsk_", "AIza", "AQ.Ab", "nvapi-", "cfut_", "cfat_", "cfk_", "csk-", "pplx-", "hf_", "aiops_",
    "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "gldt-", "glrt-", "ATBB", "ATCTT3xFf", "AKIA",
    "ASIA",
)  # fmt: skip
# What holds none of these has no shape. Looked for first: the pattern tries all of its ways at each sign.
_TELLS = tuple(one for one in _PREFIXES if not any(other in one for other in _PREFIXES if other != one))
_BEGUN = sorted({prefix[:n] for prefix in _PREFIXES for n in range(1, len(prefix))}, key=len, reverse=True)
# A word at the end of a text that may still become such a key.
_OPEN_SHAPE = re.compile(
    rf"(?<![A-Za-z0-9])(?:(?:{'|'.join(map(re.escape, _PREFIXES))})[A-Za-z0-9_=-]*"
    rf"|(?:{'|'.join(map(re.escape, _BEGUN))}))$"
)


def spellings(secrets: Iterable[str]) -> list[str]:
    """How a key may stand in a text: as it is, base64 (alone or in more), URL- and JSON-escaped; longest first."""
    found: set[str] = set()
    for secret in secrets:
        if len(secret) < SHORTEST:
            continue
        found |= {secret, quote(secret, safe=""), quote(secret)}
        in_json = {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
        found |= {one.replace("/", slash) for one in in_json for slash in ("/", r"\/")}
        found.add(_PERCENT.sub(lambda sign: sign[0].lower(), quote(secret, safe="")))
        for lead in range(3):  # where in a group of three bytes it begins
            coded = base64.b64encode(b"\0" * lead + secret.encode()).decode().rstrip("=")
            inner = coded[(0, 2, 3)[lead] :]
            if (lead + len(secret.encode())) % 3:
                found.add(inner)
                inner = inner[:-1]  # the last sign also holds bits of what follows
            found |= {inner, inner.translate(_URL_SAFE)}
    return sorted(found, key=len, reverse=True)


_PERCENT = re.compile("%[0-9A-F]{2}")
_URL_SAFE = str.maketrans("+/", "-_")


@lru_cache(maxsize=16)
def _begun(spelled: tuple[str, ...]) -> tuple[frozenset[str], int]:
    """All proper beginnings of these (also of one sign alone), and the length of the longest."""
    found = frozenset(one[:n] for one in spelled for n in range(1, len(one)))
    return found, max(map(len, found), default=0)


class Redactor:
    """Masks keys in a text that comes in pieces: a tail that may become a key is held back until it is clear."""

    def __init__(self, secrets: Iterable[str] = (), *, spelled: Sequence[str] = ()) -> None:
        """`spelled`: what `spellings` gave for further secrets, longest first."""
        own = spellings(secrets)
        self._secrets = tuple(sorted({*own, *spelled}, key=len, reverse=True) if own else spelled)
        self._held = ""
        self._before = ""  # the last sign that was shown: a word that goes on is no key's beginning

    def fork(self) -> "Redactor":
        """One for another text with the same secrets."""
        return Redactor(spelled=self._secrets)

    def whole(self, text: str) -> str:
        """A text, or a part of one of which more will follow."""
        return self._masked(text, "")

    def ended(self, text: str) -> str:
        """A text that ends here: a stored key that is cut off at its end is masked as well."""
        return self._without_stump(self._masked(text, ""))

    def feed(self, piece: str) -> str:
        """What can be shown now."""
        text = self._known_masked(self._held + piece)
        keep = self._open_tail(text)
        self._held = text[len(text) - keep :] if keep else ""
        shown = self._masked(text[: len(text) - keep], self._before)
        self._before = (self._before + shown)[-1:]
        return shown

    def flush(self) -> str:
        rest, self._held = self._held, ""
        shown = self._without_stump(self._masked(rest, self._before))
        self._before = ""
        return shown

    def _known_masked(self, text: str, *, shapes: bool = False) -> str:
        """`shapes`: the text goes on with no key in the making, so that shapes count where it is veiled."""
        for secret in self._secrets:
            if secret in text:
                text = text.replace(secret, MASK)
        veiled = not text.isascii() and _INVISIBLE.search(text)
        return self._veiled_masked(text, shapes) if veiled else text

    def _veiled_masked(self, text: str, shapes: bool) -> str:
        """The same where invisible characters stand inside a key."""
        at = [n for n, sign in enumerate(text) if not _INVISIBLE.match(sign)]
        bare = "".join(text[n] for n in at)
        spans = [
            (at[found.start()], at[found.end() - 1] + 1)
            for secret in self._secrets
            for found in re.finditer(re.escape(secret), bare)
        ]
        if shapes:
            spans += [(at[found.start()], at[found.end() - 1] + 1) for found in _SHAPES.finditer(bare)]
        for start, end in reversed(_joined(spans)):
            text = text[:start] + MASK + text[end:]
        return text

    def _masked(self, text: str, before: str) -> str:
        text = self._known_masked(text, shapes=True)
        whole = before + text
        return _SHAPES.sub(MASK, whole)[len(before) :] if any(tell in whole for tell in _TELLS) else text

    def _open_tail(self, text: str) -> int:
        """Length of the longest end of `text` that begins a known key or looks like one that goes on."""
        near = text[-2 * max(_begun(self._secrets)[1], LONGEST_SHAPE) :]
        bare = _INVISIBLE.sub("", near)
        longest = self._begun_at_end(bare)
        word = _OPEN_SHAPE.search(self._before + bare[-LONGEST_SHAPE:])
        if word is not None and word.start() >= len(self._before):
            longest = max(longest, len(word.group()))
        if longest and len(bare) != len(near):
            return _with_invisible(near, longest)
        return longest

    def _begun_at_end(self, text: str) -> int:
        begun, longest = _begun(self._secrets)
        end = text[-longest:] if longest else ""
        return next((len(end) - at for at, sign in enumerate(end) if sign in begun and end[at:] in begun), 0)

    def _without_stump(self, text: str) -> str:
        longest = _begun(self._secrets)[1]
        size = self._begun_at_end(_INVISIBLE.sub("", text[-2 * longest :])) if longest else 0
        if size < TELLING:
            return text
        return text[: len(text) - _with_invisible(text, size)] + MASK


def _with_invisible(text: str, size: int) -> int:
    """How long the end of `text` is that holds so many visible characters."""
    seen = 0
    for n, sign in enumerate(reversed(text), start=1):
        seen += not _INVISIBLE.match(sign)
        if seen == size:
            return n
    return len(text)


def _joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """In order, those that overlap as one."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if found and start < found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found
