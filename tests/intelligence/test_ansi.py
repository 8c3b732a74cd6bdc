"""Log lines as HTML: colours as classes, nothing else gets through."""

import re

import pytest

from intelligence.logs import ansi


def test_colours_become_classes_and_end_where_they_end():
    line = "a \x1b[1;31mred\x1b[0m b \x1b[92mgreen\x1b[39m c"
    assert ansi.html(line) == (
        'a <span class="ansi-bold ansi-red">red</span> b <span class="ansi-green">green</span> c'
    )
    assert ansi.plain(line) == "a red b green c"


@pytest.mark.parametrize(
    "line",
    [
        "<script>alert(1)</script>",
        "\x1b[31m<img src=x onerror=alert(1)>\x1b[0m",
        '\x1b]8;;javascript:alert(1)\x07click\x1b]8;;\x07 " onclick="x',
        '\x1b[31"><script>m',
        "\x1b]0;<b>\x07",
        "\x1b[38;2;1;2;3mtrue\x1b[48;5;9mcolour",
        "\u202etxt.exe\x9b31m<i>",
    ],
)
def test_nothing_of_a_line_becomes_markup(line):
    made = ansi.html(line)
    rest = re.sub(r'</?span(?: class="[a-z -]+")?>', "", made)
    assert "<" not in rest and ">" not in rest and '"' not in rest
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", made)


def test_of_a_progress_bar_only_its_last_state_is_shown():
    assert ansi.html("10 %\r50 %\r100 %") == "100 %" and ansi.html("done\r") == "done"


def test_a_line_of_ten_megabytes_is_cut_with_a_word():
    made = ansi.html("x" * 10_000_000)
    assert len(made) < 5_000 and "9,996,000 more characters" in made


def test_a_whole_text_is_made_plain_as_its_lines_are():
    lines = ["a \x1b[1;31mred\x1b[0m b", "10 %\r50 %\r100 %", "done\r", "", "\x1b]0;title\x07x", "\x1b]0;open",
             "caf\u00e9 \u202etxt \x9b31mz", "nul\x00 tab\t", "\x1b[2Kgone\x1b[K", "end\r"]  # fmt: skip
    for some in (lines, lines[:4], [line for line in lines if line.isascii()]):
        for ends in ("\n", "\r\n"):
            assert ansi.plain_lines(ends.join(some)).split("\n") == [ansi.plain(line) for line in some]
