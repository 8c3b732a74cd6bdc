"""Daily caps: who has used how much today, and the form that changes a cap. Pages and their JSON twins."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth import get_user_model
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from providers.access.roles import may
from providers.exceptions import InvalidInput, NotFound
from providers.guard import storable
from providers.money import budgets, caps, caps_history, refusals
from providers.runtime import watching
from providers.serializers import CSRF_FIELD
from providers.usage.scope import sees_everyone
from providers.views import caps_page, caps_site
from providers.views.answers import fields_of
from providers.views.caps_schema import (
    BudgetChangeSerializer,
    CapChangeSerializer,
    CapListSerializer,
    CapSerializer,
)

TEMPLATE = "providers/caps.html"
FIELDS = ("daily_cost_cap_usd", "daily_token_cap", "until", "reason")
UNTIL = [
    {"value": "good", "label": "For good"},
    {"value": "tonight", "label": "Until tonight, 00:00 UTC"},
    {"value": "week", "label": "For 7 days"},
]
PAUSES = [
    {"value": "true", "label": "Calls stop"},
    {"value": "false", "label": "Only a warning"},
]


@extend_schema(exclude=True)
class Caps(APIView):
    def get(self, request: Request) -> Response:
        return Response(page(request), template_name=TEMPLATE)


@extend_schema(exclude=True)
class Cap(APIView):
    """The same page with one person's form open; a change leads back to the list."""

    def get(self, request: Request, username: str) -> Response:
        return Response(page(request, person(request, username)), template_name=TEMPLATE)

    def post(self, request: Request, username: str) -> Response:
        changed = change(request, username)
        messages.success(request, caps_page.told(changed))
        return Response(changed, headers={"Location": reverse("providers:caps")})

    def patch(self, request: Request, username: str) -> Response:
        return Response(change(request, username))


@extend_schema(exclude=True)
class Budgets(APIView):
    """The same page with the form of the site's budgets open; a change leads back to the list."""

    def get(self, request: Request) -> Response:
        data = page(request)
        if may(request.user, "save provider keys and settings"):
            data |= {"editing_budgets": True, "values": caps_site.values(), "pauses": PAUSES}
        return Response(data, template_name=TEMPLATE)

    def post(self, request: Request) -> Response:
        budgets.change(fields_of(request), request.user)
        messages.success(request, "The site's budgets are saved. They hold from the next call on.")
        data = caps_site.budgets(request.user, timezone.now())
        return Response({"budgets": data}, headers={"Location": reverse("providers:caps")})


class CapList(APIView):
    @extend_schema(responses=CapListSerializer)
    def get(self, request: Request) -> Response:
        """Everybody's caps for managers and admins, one's own for others; the fullest first."""
        return Response(everything(request, timezone.now()))

    @extend_schema(
        operation_id="ai_budgets_partial_update", request=BudgetChangeSerializer, responses=CapListSerializer
    )
    def patch(self, request: Request) -> Response:
        """Change the site's budgets (admins). They hold from the next call on; a reason is required and stands in
        the audit log."""
        budgets.change(fields_of(request), request.user)
        return Response(everything(request, timezone.now()))


class CapOf(APIView):
    @extend_schema(request=CapChangeSerializer, responses=CapSerializer)
    def patch(self, request: Request, username: str) -> Response:
        """Change a person's daily cap, for good or up to a moment. It holds from the next call on; a reason is
        required and stands in the audit log."""
        return Response(change(request, username))


def everything(request: Request, now: datetime) -> dict[str, Any]:
    everyone = sees_everyone(request.user)
    return {
        "caps": caps_page.standings(request.user, now),
        "default": caps_page.default_cap(),
        "budgets": caps_site.budgets(request.user, now) if everyone else [],
        "history": caps_history.newest(None if everyone else [request.user.pk]),
        "refused": refusals.by_person(
            now.date() - timedelta(days=6), now.date(), None if everyone else [request.user.pk]
        ),
        "zone": "UTC",
    }


def page(request: Request, editing: Any = None) -> dict[str, Any]:
    version = watching.version("caps")  # read first: what changes after it is told again
    now = timezone.now()
    data = everything(request, now)
    today = now.date().isoformat()
    calls = f"{reverse('providers:calls')}?range=today"
    for one in data["caps"]:
        one.update(caps_page.shown(one, f"{calls}&user={one['username']}"))
    name = editing.get_username() if editing else ""
    edited = next((one for one in data["caps"] if one["username"] == name), None)
    may_change = may(request.user, "change caps")
    return {
        **data,
        "version": version,
        "today": today,
        "until": UNTIL,
        "resets_in_s": data["caps"][0]["resets_in_s"] if data["caps"] else 0,
        "sees_everyone": sees_everyone(request.user),
        "may_change": may_change,
        "editing": name if may_change else "",
        "values": {name: edited[name] for name in ("daily_cost_cap_usd", "daily_token_cap")} if edited else {},
        "errors": {},
    }


def person(request: Request, username: str) -> Any:
    """Errors: NotFound, also for somebody whose cap the reader may not see."""
    named = get_user_model().objects.filter(username=username, is_active=True)
    user = named.first() if storable(username) else None
    if user is None or not (sees_everyone(request.user) or user.pk == request.user.pk):
        raise NotFound("There is no user of that name whose cap you may see.")
    return user


def change(request: Request, username: str) -> dict[str, Any]:
    """Errors: InvalidInput with all fields that can't be used; NotFound."""
    user = person(request, username)
    given = request.data
    if not isinstance(given, Mapping):
        raise InvalidInput("Send an object with the caps to change and the reason.")
    unknown = sorted(set(given) - {*FIELDS, CSRF_FIELD})
    if unknown:
        raise InvalidInput(f"There is no field {unknown[0][:60]!r} of a cap.", param=unknown[0][:60])
    wanted = {name: given.get(name) for name in FIELDS}
    standing = caps.change(user, by=request.user, **wanted)
    return caps_page.plain(user, standing, timezone.now())
