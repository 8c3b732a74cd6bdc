"""The text of one field of a JSON object that is still being written, to show a resolution as it comes.

Only for showing: what counts is parsed from the whole reply (`ballots`). Pure.
"""

import json
import re

from providers.guard import mended

_ESCAPES = re.compile(
    r'\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|["\\/bfnrt])'
)
_LONGEST = 12  # an escaped surrogate pair


class FieldText:
    """Feed it pieces of a reply; it gives back what they add to the text of the field `name`."""

    def __init__(self, name: str) -> None:
        self._opening = re.compile(rf'"{re.escape(name)}"\s*:\s*"')
        self._held = ""
        self._inside = False
        self._over = False

    def feed(self, piece: str) -> str:
        if self._over:
            return ""
        self._held += piece
        if not self._inside:
            found = self._opening.search(self._held)
            if found is None:
                return ""
            self._held, self._inside = self._held[found.end() :], True
        return self._take()

    def _take(self) -> str:
        """Decodes up to the closing quote, or up to an escape that may still be half there."""
        out: list[str] = []
        at = 0
        while at < len(self._held):
            sign = self._held[at]
            if sign == '"':
                self._over = True
                break
            if sign != "\\":
                out.append(sign)
                at += 1
                continue
            if self._may_go_on(at):
                break
            found = _ESCAPES.match(self._held, at)
            if found is None:  # no JSON; the parser of the whole will say so
                self._over = True
                break
            out.append(mended(json.loads(f'"{found.group()}"')))
            at = found.end()
        self._held = self._held[at:]
        return "".join(out)

    def _may_go_on(self, at: int) -> bool:
        """True where the escape that begins here may need signs that have not come yet."""
        rest = self._held[at:]
        if len(rest) >= _LONGEST:
            return False
        if len(rest) < 2 or (rest[1] == "u" and len(rest) < 6):
            return True
        high = rest[1] == "u" and rest[2] in "dD" and rest[3] in "89abAB"
        return high and (len(rest) == 6 or rest[6] == "\\")
