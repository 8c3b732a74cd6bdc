"""The address that the first start tells can be opened, and who listens to others is told what they may type."""

import pytest

from aiops_site.supervisor import address

HERE = ["localhost", "127.0.0.1", "[::1]", "0.0.0.0"]  # noqa: S104  what HOST=0.0.0.0 gives without ALLOWED_HOSTS


@pytest.mark.parametrize(
    ("host", "named", "url"),
    [
        ("127.0.0.1", HERE, "http://127.0.0.1:8000"),
        ("0.0.0.0", HERE, "http://localhost:8000"),  # noqa: S104
        ("0.0.0.0", ["10.0.0.7"], "http://10.0.0.7:8000"),  # noqa: S104
        ("::", [".example.org"], "http://example.org:8000"),
        ("::", ["[fd00::7]"], "http://[fd00::7]:8000"),
        ("::1", HERE, "http://[::1]:8000"),
    ],
)
def test_the_address_that_is_told_is_one_under_which_the_site_answers(host, named, url) -> None:
    assert address.shown(host, 8000, named) == url


def test_who_listens_everywhere_and_names_nobody_answers_only_here() -> None:
    assert address.only_here("0.0.0.0", HERE)  # noqa: S104
    assert not address.only_here("0.0.0.0", [*HERE, "console.example.org"])  # noqa: S104
    assert not address.only_here("127.0.0.1", HERE)
