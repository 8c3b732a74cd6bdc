"""What a page may run: the site's own scripts, on every page, and nothing else."""

import pytest

from aiops_site.web import csp


def directives(policy: str) -> dict[str, str]:
    return dict(one.split(" ", 1) for one in policy.split("; "))


@pytest.mark.parametrize("path", ["/menu/", "/usage/"])
def test_no_page_runs_or_frames_what_is_not_the_sites_own(mara, path) -> None:
    found = directives(mara.get(path)["Content-Security-Policy"])
    own = {name: found[name] for name in ("default-src", "script-src", "connect-src", "form-action", "font-src")}
    assert set(own.values()) == {"'self'"}
    assert [found[name] for name in ("object-src", "base-uri", "frame-ancestors")] == ["'none'"] * 3
    assert ("unsafe" in " ".join(found.values())) == (path == "/usage/")
    assert "unsafe" not in found["style-src"]  # charts may have style attributes, and no style of anybody


async def test_what_goes_past_djangos_middleware_has_the_headers_too() -> None:
    sent = []

    async def send(message: dict) -> None:
        sent.append(message)

    head = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]}
    await csp.with_headers(send)(head)
    headers = dict(sent[0]["headers"])
    assert headers[b"content-security-policy"] == b"default-src 'none'; frame-ancestors 'none'"
    assert (headers[b"x-frame-options"], headers[b"content-type"]) == (b"DENY", b"application/json")
