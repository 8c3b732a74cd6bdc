"""The one-time code of the first visit."""

import stat

from aiops_site.sign_in import setup_code


def test_after_five_wrong_tries_the_code_is_another_one(settings, tmp_path) -> None:
    settings.DATA_DIR = tmp_path
    first = setup_code.current()
    for _ in range(4):
        assert not setup_code.matches("WRONG")
    assert setup_code.current() == first and setup_code.matches(f" {first.lower()} ")
    assert not setup_code.matches("WRONG")
    assert setup_code.current() != first and not setup_code.matches(first)
    assert stat.S_IMODE((tmp_path / "setup-code.json").stat().st_mode) == 0o600
