"""The texts of the made-up sessions, by name (`words.md`)."""

import re
from pathlib import Path

_PARTS = re.split(
    r"^@@ ([a-z0-9-]+)\n", (Path(__file__).parent / "words.md").read_text("utf-8"), flags=re.MULTILINE
)
WORDS = {name: text.strip() for name, text in zip(_PARTS[1::2], _PARTS[2::2], strict=True)}
