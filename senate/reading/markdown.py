"""Markdown of a model as safe HTML: rendered first, sanitised last, so that nothing slips in between.

No raw HTML, no images (an address in one would carry data away), no ids, no attributes but the listed ones,
links only to http, https and mailto. Code is highlighted with classes, never with styles.
"""

from collections.abc import Sequence
from functools import lru_cache
from html import escape

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token
from pygments import highlight
from pygments.formatters.html import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.token import STANDARD_TYPES

MAX_CHARS = 60_000  # beyond it a text is shown as it came: parsing time grows faster than length
MAX_CODE_CHARS = 8_000
MAX_CODE_LINE = 240
MAX_LEAD_CHARS = 200
TAGS = {
    *[
        "p",
        "h3",
        "h4",
        "h5",
        "h6",
        "ul",
        "ol",
        "li",
        "blockquote",
        "pre",
        "code",
        "em",
        "strong",
        "s",
        "a",
        "br",
        "hr",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "span",
    ]
}
ATTRIBUTES = {"a": {"href"}, "ol": {"start"}, "pre": {"tabindex"}}
CLASSES = {"span": set(STANDARD_TYPES.values()) - {""}, "p": {"lead"}, "pre": {"plain"}}
# Lexers that stay quick on hostile text; some (Perl, Ruby, make) take seconds for a few kB of it.
LANGUAGES = {
    *[
        "python",
        "py",
        "pycon",
        "json",
        "yaml",
        "yml",
        "bash",
        "sh",
        "shell",
        "console",
        "sql",
        "diff",
        "go",
        "javascript",
        "js",
        "typescript",
        "ts",
        "html",
        "xml",
        "css",
    ],
    *["toml", "ini", "docker", "dockerfile", "rust", "rs", "c", "cpp", "java", "kotlin", "csharp", "php", "http"],
}
SCHEMES = {"http", "https", "mailto"}
_FORMAT = HtmlFormatter(nowrap=True)


@lru_cache(maxsize=512)
def to_html(text: str, lead: bool = False) -> SafeString:
    """Safe HTML of Markdown. `lead`: a short first paragraph is set as the line that carries the answer."""
    if len(text) > MAX_CHARS:
        return mark_safe(f'<pre class="plain" tabindex="0">{escape(text)}</pre>')  # noqa: S308  escaped here
    tokens = _PARSER.parse(text)
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(6, int(token.tag[1]) + 2)}"  # the page has its own h1 and h2
    if lead and is_lead(tokens):
        tokens[0].attrSet("class", "lead")
    return mark_safe(_clean(_PARSER.renderer.render(tokens, _PARSER.options, {})))  # noqa: S308  sanitised


def is_lead(tokens: Sequence[Token]) -> bool:
    return bool(tokens) and tokens[0].type == "paragraph_open" and len(tokens[1].content) <= MAX_LEAD_CHARS


def _clean(html: str) -> str:
    return nh3.clean(
        html,
        tags=TAGS,
        attributes=ATTRIBUTES,
        allowed_classes=CLASSES,
        url_schemes=SCHEMES,
        link_rel="nofollow noopener noreferrer",
    )


def _fence(renderer: object, tokens: Sequence[Token], index: int, options: object, env: object) -> str:
    token = tokens[index]
    language = token.info.split(maxsplit=1)[0] if token.info.strip() else ""
    return f'<pre tabindex="0"><code>{_coloured(token.content, language)}</code></pre>\n'


def _coloured(code: str, language: str) -> str:
    too_long = len(code) > MAX_CODE_CHARS or any(len(line) > MAX_CODE_LINE for line in code.splitlines())
    if language.lower() not in LANGUAGES or too_long:
        return escape(code)
    return highlight(code, get_lexer_by_name(language.lower(), stripnl=False), _FORMAT)


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": 20})
    parser.enable(["table", "strikethrough"]).disable(["image", "html_block", "html_inline"])
    parser.add_render_rule("fence", _fence)
    parser.add_render_rule("code_block", _fence)
    return parser


_PARSER = _parser()
