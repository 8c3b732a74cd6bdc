"""Trust, section A6 to A8: an address of Jules names a host that is allowed, however it is spelled or saved."""

import json

import httpx2
import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from hypothesis import given
from hypothesis import settings as rules
from hypothesis import strategies as st

from providers.configuration import keytest
from providers.models import AIProviderSettings
from providers.models.settings import _validate_https_allowlist
from tests.trust.test_outbound import CANARY, JULES, point_openai_at

A6 = """https://api.jules.google.com@evil.test/ https://evil.test#@api.jules.google.com
https://api.jules.google.com.evil.test https://evil.test\\@api.jules.google.com
https://api.jules.google.com%2eevil.test https://api.jules.google.com. https://api.jules.google.com:22
https://api.jules.google.com:8443 https://аpi.jules.google.com https://user:pw@jules.googleapis.com
https://evil.test/https://jules.googleapis.com https://sub.jules.googleapis.com http://jules.googleapis.com
https://evil.test?@jules.googleapis.com https://jules.googleapis.com:0443x https://julesXgoogleapis.com""".split()


@pytest.mark.parametrize(
    "url", [*A6, "https://jules.google\tapis.com", "https://jules.googleapis.com\n.evil.test", " https://x"]
)
def test_a6_only_the_exact_host_passes(url) -> None:
    with pytest.raises(ValidationError):
        _validate_https_allowlist(url, "jules", JULES)


@pytest.mark.parametrize("url", ["https://JULES.googleapis.com", "https://jules.googleapis.com:443/v1alpha"])
def test_a6_case_and_the_plain_port_make_no_difference(url) -> None:
    _validate_https_allowlist(url, "jules", JULES)


PIECES = st.sampled_from(
    [*JULES, "evil.test", "127.0.0.1", "://", "/", "//", "\\", "@", "#", "?", ":", "443", ":22", "%2e", "%40", "."]
    + [
        "..",
        "[",
        "]",
        "::1",
        "\t",
        "\n",
        "\r",
        " ",
        "\x00",
        "ａ",
        "。",
        "xn--",
        ";",
        "&",
        "https",
        "http",
        "JULES",
    ]
)


@rules(max_examples=2_000, deadline=None)
@given(
    st.one_of(
        st.lists(PIECES, max_size=8).map("".join),
        st.tuples(st.sampled_from(JULES), st.lists(PIECES, max_size=4).map("".join)).map("".join),
    )
)
def test_a7_whenever_the_rule_passes_the_client_reads_an_allowed_host(rest) -> None:
    url = f"https://{rest}"
    try:
        _validate_https_allowlist(url, "jules", JULES)
    except ValidationError:
        return
    read = httpx2.URL(url)
    assert (read.scheme, read.raw_host.decode() in JULES, read.port, read.userinfo) == ("https", True, None, b"")


@pytest.mark.django_db
@pytest.mark.parametrize("way", ["update", "bulk_update", "save of another field", "fixture"])
def test_a8_an_address_of_jules_that_came_past_its_check_is_refused_by_the_call(way, tmp_path, hostile) -> None:
    row = AIProviderSettings.get_solo()
    row.jules_api_key = CANARY
    row.save()
    bad = f"http://{hostile.netloc}/jules/v1alpha"
    if way == "update":
        AIProviderSettings.objects.filter(pk=1).update(jules_base_url=bad)
    elif way == "bulk_update":
        row.jules_base_url = bad
        AIProviderSettings.objects.bulk_update([row], ["jules_base_url"])
    elif way == "fixture":
        fields = {"jules_base_url": bad, "jules_api_key": CANARY, "updated_at": "2026-01-01T00:00:00Z"}
        told = [{"model": "providers.aiprovidersettings", "pk": 1, "fields": fields}]
        (tmp_path / "bad.json").write_text(json.dumps(told))
        call_command("loaddata", str(tmp_path / "bad.json"), verbosity=0)
    else:
        AIProviderSettings.objects.filter(pk=1).update(jules_base_url=bad)
        fresh = AIProviderSettings.get_solo()
        fresh.mode = "solo"
        fresh.save(update_fields=["mode"])
    assert "JULES_ALLOWED_HOSTS" in keytest.test_key(slug="jules").error
    assert hostile.calls == []


@pytest.mark.django_db
def test_a8_a_saved_address_that_may_not_be_called_is_reported_by_the_check(settings) -> None:
    from aiops_site import checks

    point_openai_at("http://169.254.169.254/v1")
    AIProviderSettings.objects.filter(pk=1).update(jules_base_url="https://evil.test/v1alpha")
    found = checks.addresses_may_be_called(None, databases=["default"])
    assert sorted(one.msg.split(":")[0] for one in found) == ["jules_base_url", "openai_base_url"]
    assert checks.addresses_may_be_called(None, databases=None) == []


def test_a8_the_check_lets_a_database_be_made(monkeypatch) -> None:
    """`migrate` runs it before there is a table."""
    from django.db import OperationalError

    from aiops_site import checks

    class NoTable:
        def filter(self, **_: object) -> None:
            raise OperationalError("no such table")

    monkeypatch.setattr(AIProviderSettings, "objects", NoTable())
    assert checks.addresses_may_be_called(None, databases=["default"]) == []
