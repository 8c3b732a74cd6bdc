"""Whose pages may open a websocket."""

import pytest

from aiops_site.web.origin import own


@pytest.mark.parametrize(
    ("origin", "host", "yes"),
    [
        ("http://localhost:8000", "localhost:8000", True),
        ("https://localhost", "localhost", True),
        ("http://[::1]:8000", "[::1]:8000", True),
        ("http://localhost:3000", "localhost:8000", False),
        ("http://evil.test", "evil.test", False),
        ("http://localhost@evil.test", "localhost", False),
        ("file://localhost", "localhost", False),
        ("null", "localhost", False),
        ("", "", False),
        ("https://console.example", "localhost:8000", True),
    ],
)
def test_only_the_page_of_this_very_site(origin: str, host: str, yes: bool, settings) -> None:
    settings.ALLOWED_HOSTS = ["localhost", "[::1]"]
    settings.CSRF_TRUSTED_ORIGINS = ["https://console.example"]
    assert own(origin, host) is yes
