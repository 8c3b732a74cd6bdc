import json

import pytest

from senate.engine.streamed import FieldText

TEXTS = ["Roll back.", 'Say "no"\n\tand \\ wait', "Größe 漢字 🙂 é", "", "a" * 300 + "\\"]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize("size", [1, 2, 7, 10_000])
def test_a_field_is_shown_as_it_is_written_whatever_the_pieces(text, ascii_only, size):
    reply = json.dumps({"resolution": text, "dissents": [{"answer": "no"}]}, ensure_ascii=ascii_only)
    field = FieldText("resolution")
    assert "".join(field.feed(reply[i : i + size]) for i in range(0, len(reply), size)) == text


def test_text_before_the_end_is_shown_at_once():
    field = FieldText("resolution")
    assert field.feed('```json\n{"resolution": "Roll ba') == "Roll ba"
    assert field.feed("ck") == "ck"


def test_what_is_no_such_object_shows_nothing():
    assert FieldText("resolution").feed("Roll back now, then ship.") == ""


def test_a_lone_surrogate_does_not_break_the_text():
    assert FieldText("resolution").feed('{"resolution": "a\\ud83dbcdefghijklmnop"') == "a\ufffdbcdefghijklmnop"


def test_nul_is_shown_as_the_replacement_sign():
    assert FieldText("resolution").feed('{"resolution": "a\\u0000b and so on", "x": 1}') == "a\ufffdb and so on"
