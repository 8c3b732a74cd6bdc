"""The anchor goes forward alone: of two processes that seal at once, the slower one comes last."""

from providers.ledger import anchor
from providers.ledger.anchor import Anchor

OLDER, NEWER = Anchor(2, 8, "b"), Anchor(3, 12, "c")


def test_an_older_seal_never_takes_the_place_of_a_newer_one_but_on_purpose(settings, tmp_path) -> None:
    settings.DATA_DIR = tmp_path
    anchor.advance("usage", NEWER)
    anchor.advance("usage", OLDER)
    assert anchor.read("usage") == NEWER
    anchor.advance("usage", OLDER, back=True)
    assert anchor.read("usage") == OLDER
