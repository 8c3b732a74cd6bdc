"""Where no secret is set nothing is believed: an empty one is no key that anybody could sign with."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime

import pytest

from intelligence.webhooks import signatures

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
BODY = b"{}"


def signed_with_nothing(source: str) -> dict[str, str]:
    at = str(int(NOW.timestamp()))
    standard = base64.b64encode(hmac.new(b"", f"id-1.{at}.".encode() + BODY, hashlib.sha256).digest()).decode()
    given = {
        "github": "sha256=" + hmac.new(b"", BODY, hashlib.sha256).hexdigest(),
        "bitbucket": "sha256=" + hmac.new(b"", BODY, hashlib.sha256).hexdigest(),
        "vercel": hmac.new(b"", BODY, hashlib.sha1).hexdigest(),
        "alertmanager": "Bearer ",
        "gitlab": "Bearer ",
    }.get(source, f"v1,{standard}")
    return {signatures.HEADERS[source]: given, "webhook-id": "id-1", "webhook-timestamp": at}


@pytest.mark.parametrize("source", signatures.SOURCES)
def test_what_is_signed_with_an_empty_secret_is_refused(source) -> None:
    with pytest.raises(signatures.Refused) as caught:
        signatures.verify(source, signed_with_nothing(source), BODY, ["", ""], NOW)
    assert (caught.value.code, caught.value.status) == ("no_secret", 401)
