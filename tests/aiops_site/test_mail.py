"""EMAIL_URL: one address of the mail server."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from aiops_site.operation.mail import settings_of


def test_without_an_address_there_is_no_mail() -> None:
    assert settings_of("") == {}


def test_an_address_says_host_port_user_password_and_safety() -> None:
    found = settings_of("smtp://ops%40x:p%2Fw@mail.example.org:2525")
    assert (found["EMAIL_HOST"], found["EMAIL_PORT"]) == ("mail.example.org", 2525)
    assert (found["EMAIL_HOST_USER"], found["EMAIL_HOST_PASSWORD"]) == ("ops@x", "p/w")
    assert (found["EMAIL_USE_TLS"], found["EMAIL_USE_SSL"]) == (True, False)
    assert settings_of("smtps://mail.example.org")["EMAIL_PORT"] == 465
    assert settings_of("smtp://localhost:25?tls=0")["EMAIL_USE_TLS"] is False


@pytest.mark.parametrize("url", ["mail.example.org", "http://secret@mail", "smtp://", "smtp://x:secret@h:port"])
def test_a_bad_address_stops_the_start_without_its_password(url: str) -> None:
    with pytest.raises(ImproperlyConfigured) as caught:
        settings_of(url)
    assert "secret" not in str(caught.value)
