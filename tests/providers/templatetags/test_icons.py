"""Icons come from the package, inline, and say nothing to screen readers."""

import re
from pathlib import Path

import pytest
from lucide import IconDoesNotExist

from providers.templatetags.badges import VOCABULARY
from providers.templatetags.icons import icon

TEMPLATES = Path(__file__).resolve().parents[3] / "templates"


def test_an_icon_is_inline_and_silent() -> None:
    html = icon("plug", "icon-small")
    assert html.startswith("<svg")
    assert 'class="icon icon-small"' in html
    assert 'aria-hidden="true"' in html
    assert "\n" not in html
    assert "style=" not in html


def test_an_unknown_icon_is_an_error() -> None:
    with pytest.raises(IconDoesNotExist):
        icon("no-such-icon")


def test_every_icon_that_templates_and_badges_name_exists() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in TEMPLATES.rglob("*.html"))
    names = set(re.findall(r'{% icon "([\w-]+)"', text)) | set(re.findall(r'\bicon="([\w-]+)"', text))
    names |= {name for _, name in VOCABULARY.values()} - {"dot"}
    assert len(names) > 20
    for name in names:
        assert icon(name)
