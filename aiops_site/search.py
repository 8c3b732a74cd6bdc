"""Finds by words what a reader may open: pages, services, sessions, incidents, fixes, analyses, deployments."""

import re
from collections.abc import Callable
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.text import Truncator

from intelligence.models import AnalysisRun, Deployment, Incident, Service
from jules.models import FixAttempt
from senate.models import SenateSession

MOST, LONGEST = 8, 200
MARKS = re.compile(r"[*#`>]+")  # of Markdown
Hit = dict[str, Any]


def find(user: Any, words: str, pages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """[{label, hits: [{title, text, url, at}]}], only groups with hits. `pages`: the reader's own navigation."""
    words = " ".join(words.replace("\x00", "").split())[:LONGEST]
    if not words:
        return []
    found = [("Pages", _pages(words, pages)), *((label, look(user, words)) for label, look in LOOKS.items())]
    return [{"label": label, "hits": hits} for label, hits in found if hits]


def _pages(words: str, groups: list[dict[str, Any]]) -> list[Hit]:
    items = [item for group in groups for item in group["items"]]
    return [_hit(item["label"], "", item["url"]) for item in items if words.lower() in item["label"].lower()]


def _hit(title: str, text: str, url: str, at: Any = None) -> Hit:
    return {
        "title": Truncator(" ".join(title.split())).chars(160),
        "text": Truncator(" ".join(MARKS.sub("", text).split())).chars(160),
        "url": url,
        "at": at,
    }


def _services(user: Any, words: str) -> list[Hit]:
    rows = Service.objects.visible_to(user).filter(Q(name__icontains=words) | Q(repository_url__icontains=words))
    return [
        _hit(one.name, one.repository_url, reverse("intelligence:service", args=[one.pk])) for one in rows[:MOST]
    ]


def _sessions(user: Any, words: str) -> list[Hit]:
    rows = SenateSession.objects.visible_to(user).filter(
        Q(question__icontains=words) | Q(resolution__icontains=words)
    )
    rows = rows.filter(compares=None)
    return [
        _hit(one.question, one.resolution, reverse("senate:session", args=[one.pk]), one.created_at)
        for one in rows[:MOST]
    ]


def _incidents(user: Any, words: str) -> list[Hit]:
    said = Q(code__icontains=words) | Q(title__icontains=words) | Q(subject__icontains=words)
    rows = Incident.objects.visible_to(user).filter(said | Q(service__name__icontains=words))
    return [
        _hit(
            f"{one.service.name}: {one.code}",
            one.title,
            reverse("intelligence:incident", args=[one.pk]),
            one.last_seen,
        )
        for one in rows.select_related("service")[:MOST]
    ]


def _fixes(user: Any, words: str) -> list[Hit]:
    said = Q(description__icontains=words) | Q(cause__icontains=words) | Q(error__icontains=words)
    rows = FixAttempt.objects.visible_to(user).filter(said | Q(service__name__icontains=words))
    return [
        _hit(
            f"Fix {one.pk} of {one.service.name}",
            one.description or one.error or one.cause,
            reverse("jules:attempt", args=[one.pk]),
            one.created_at,
        )
        for one in rows.select_related("service")[:MOST]
    ]


def _analyses(user: Any, words: str) -> list[Hit]:
    rows = AnalysisRun.objects.visible_to(user).filter(title__icontains=words)
    return [
        _hit(one.title, one.error, reverse("intelligence:analysis", args=[one.pk]), one.created_at)
        for one in rows[:MOST]
    ]


def _deployments(user: Any, words: str) -> list[Hit]:
    """By commit; a short word would find many."""
    if len(words) < 4:
        return []
    rows = Deployment.objects.visible_to(user).filter(commit__istartswith=words)
    return [
        _hit(
            f"{one.service.name} {one.commit[:8]}",
            f"{one.status.lower()}, {one.branch}",
            reverse("intelligence:deployment", args=[one.pk]),
            one.created_at,
        )
        for one in rows.select_related("service")[:MOST]
    ]


LOOKS: dict[str, Callable[[Any, str], list[Hit]]] = {
    "Services": _services,
    "Sessions": _sessions,
    "Incidents": _incidents,
    "Fixes": _fixes,
    "Analyses": _analyses,
    "Deployments": _deployments,
}
