"""Where somebody is signed in: written at the sign-in, seen now and then, ended from the account page."""

import logging
import re
import time
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from typing import Any

from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.models import Session
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from aiops_site.models import SignedIn
from providers.exceptions import NotFound
from providers.trail import audit

logger = logging.getLogger(__name__)
GetResponse = Callable[[HttpRequest], HttpResponse]
SEEN_EVERY = 300.0  # seconds between two writes for one session, in each process
MOST_KNOWN = 10_000
BROWSERS = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("Android", "Android"),
    ("iPhone|iPad", "iOS"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)
_seen: dict[str, float] = {}


def connect() -> None:
    user_logged_in.connect(note, dispatch_uid="signed-in")


def note(sender: Any, request: HttpRequest, user: Any, **_: Any) -> None:
    key = request.session.session_key
    if key is None or not Session.objects.filter(pk=key).exists():  # a session that is kept elsewhere
        return
    about = {
        "user": user,
        "agent": request.headers.get("User-Agent", "")[:300],
        "address": (request.META.get("REMOTE_ADDR") or "")[:45],
        "seen_at": timezone.now(),
    }
    SignedIn.objects.update_or_create(session_id=key, defaults=about)


def middleware(get_response: GetResponse) -> GetResponse:
    """Says that a session is in use, every few minutes."""

    def seen(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        key = request.COOKIES and request.session.session_key
        now = time.monotonic()
        if key and now - _seen.get(key, -SEEN_EVERY) >= SEEN_EVERY:
            if len(_seen) > MOST_KNOWN:
                _seen.clear()
            _seen[key] = now
            _write_seen(key)
        return response

    return seen


def _write_seen(key: str) -> None:
    """Or doesn't: on a full disk, a page that can be read is worth more than when its reader was here."""
    now = timezone.now()
    try:
        due = SignedIn.objects.filter(session_id=key, seen_at__lt=now - timedelta(seconds=SEEN_EVERY))
        due.update(seen_at=now)
    except DatabaseError as error:
        logger.warning("a session's last use can't be written: %s", error)


def listed(user: Any, here: str | None) -> list[dict[str, Any]]:
    """{id, agent, address, began_at, seen_at, here}, this browser first. `id` is no key: it only names the row."""
    rows = SignedIn.objects.filter(user=user, session__expire_date__gt=timezone.now())[:50]
    found = [
        {
            "id": name_of(row.session_id),
            "agent": browser(row.agent),
            "address": row.address,
            "began_at": row.began_at,
            "seen_at": row.seen_at,
            "here": row.session_id == here,
        }
        for row in rows
    ]
    return sorted(found, key=lambda one: not one["here"])


def end(user: Any, name: str) -> None:
    """Ends one of the user's sessions. Errors: NotFound."""
    for row in SignedIn.objects.filter(user=user):
        if name_of(row.session_id) == name:
            Session.objects.filter(pk=row.session_id).delete()
            audit.record("session.end", audit.user(user), after={"browser": browser(row.agent)})
            return
    raise NotFound("There is no such session of yours.")


def name_of(key: str) -> str:
    """A name for a session in addresses and pages: its key signs somebody in and must not stand there."""
    return sha256(key.encode()).hexdigest()[:16]


def browser(agent: str) -> str:
    """`Firefox on Linux`."""
    name = next((name for mark, name in BROWSERS if mark in agent), "")
    system = next((name for mark, name in SYSTEMS if re.search(mark, agent)), "")
    return f"{name or 'A browser'} on {system}" if system else name or agent[:40] or "Unknown browser"
