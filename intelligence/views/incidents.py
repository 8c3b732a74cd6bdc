"""Incidents: the list with its filters, one with its history, the decisions on it. Pages and JSON."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Count, Max
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from intelligence.agents import run_rows
from intelligence.analysis import incidents, shown
from intelligence.analysis.analysis_schema import IncidentDecision, IncidentRow
from intelligence.models import Incident, Service, ServiceScan
from intelligence.models.incidents import SEVERITIES, STATES
from intelligence.views.paging import paged
from intelligence.views.services import Pages
from providers.access.roles import may
from providers.exceptions import InvalidInput
from providers.views.answers import fields_of, wants_page

FILTERS = ("state", "severity", "service", "code")
ASKED = [OpenApiParameter(name, str, OpenApiParameter.QUERY) for name in FILTERS]


def filtered(request: Request, state: str = "") -> Any:
    """Errors: InvalidInput for a state, severity or service that there can't be."""
    asked = {name: request.query_params.get(name, "") for name in FILTERS}
    asked["state"] = asked["state"] or state
    for name, allowed in (("state", (*STATES, "all")), ("severity", SEVERITIES)):
        if asked[name] and asked[name] not in allowed:
            raise InvalidInput(f"{name.capitalize()} is {', '.join(allowed)}.", param=name)
    found = Incident.objects.visible_to(request.user).select_related("service", "decided_by")
    if asked["service"]:
        found = found.filter(service=_id(asked["service"]))
    if asked["state"] and asked["state"] != "all":
        found = found.filter(state=asked["state"])
    if asked["severity"]:
        found = found.filter(severity=asked["severity"])
    return found.filter(code=asked["code"][:60]) if asked["code"] else found


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InvalidInput("A service is named by its id.", param="service") from None


class IncidentList(APIView):
    @extend_schema(
        operation_id="incidents_list",
        summary="Incidents, the last seen first",
        parameters=ASKED,
        responses=IncidentRow(many=True),
    )
    def get(self, request: Request) -> Response:
        pages = Pages()
        page = pages.paginate_queryset(filtered(request), request, view=self) or []
        days = shown.days_of(page)
        return pages.get_paginated_response([shown.incident_row(one, days.get(one.pk)) for one in page])


class IncidentOne(APIView):
    @extend_schema(operation_id="incident", summary="One incident", responses=IncidentRow)
    def get(self, request: Request, pk: Any) -> Response:
        return Response(one_page(request, incidents.found(request.user, pk)))

    @extend_schema(
        operation_id="incident_decide",
        summary="Snooze, resolve, dismiss or open it",
        description="A dismissed incident comes back only when it changes; `changed` then says how.",
        request=IncidentDecision,
        responses=IncidentRow,
    )
    def patch(self, request: Request, pk: Any) -> Response:
        form = IncidentDecision(data=request.data)
        form.is_valid(raise_exception=True)
        incidents.decide(request.user, pk, **form.validated_data)
        return Response(one_page(request, incidents.found(request.user, pk)))


@extend_schema(exclude=True)
class Incidents(APIView):
    """Open ones, unless `state` says otherwise."""

    def get(self, request: Request) -> Response:
        return Response(page(request), template_name="intelligence/incidents.html")


@extend_schema(exclude=True)
class IncidentPage(APIView):
    def get(self, request: Request, pk: Any) -> Response:
        data = one_page(request, incidents.found(request.user, pk))
        return Response(data, template_name="intelligence/incident.html")

    def post(self, request: Request, pk: Any) -> Response:
        form = IncidentDecision(data=fields_of(request))
        form.is_valid(raise_exception=True)
        incidents.decide(request.user, pk, **form.validated_data)
        where = {"Location": reverse("intelligence:incident", args=[pk])} if wants_page(request) else {}
        data = one_page(request, incidents.found(request.user, pk))
        return Response(data, template_name="intelligence/incident.html", headers=where)


def page(request: Request) -> dict[str, Any]:
    found = paged(request, filtered(request, "open"))
    days = shown.days_of(found.rows)
    state = request.query_params.get("state") or "open"
    counts = dict(Incident.objects.visible_to(request.user).order_by().values_list("state").annotate(Count("pk")))
    services = Service.objects.visible_to(request.user).filter(incidents__isnull=False).distinct()
    codes = Incident.objects.visible_to(request.user).order_by("code").values_list("code", flat=True).distinct()
    values = {name: request.query_params.get(name, "") for name in FILTERS}
    return {
        "incidents": [shown.incident_row(one, days.get(one.pk)) for one in found.rows],
        "pager": found.as_dict(),
        "tabs": [
            {
                "label": one.capitalize(),
                "url": f"?state={one}",
                "current": one == state,
                "count": counts.get(one, 0),
            }
            for one in STATES
        ],
        "state": state,
        "values": values,
        "filtered": any(values[name] for name in ("severity", "service", "code")),
        "severities": [{"value": "", "label": "Any severity"}, *_options(SEVERITIES)],
        "services": [
            {"value": "", "label": "Any service"},
            *({"value": str(one.pk), "label": one.name} for one in services[:200]),
        ],
        "codes": [{"value": "", "label": "Any pattern"}, *_options(list(codes[:100]))],
        "last_scan": shown.moment(ServiceScan.objects.aggregate(last=Max("last_at"))["last"]),
        "errors": {},
    }


def _options(values: Any) -> list[dict[str, str]]:
    return [{"value": one, "label": one} for one in values]


def ask(one: Incident) -> str:
    """Where an agent is asked about it, with service and question filled in."""
    subject = f" of {one.subject[:100]}" if one.subject else ""
    given = {"service": one.service_id, "question": f"Why is there {one.code}{subject} in {one.service.name}?"}
    return f"{reverse('intelligence:agent-runs')}?{urlencode(given)}"


def one_page(request: Request, one: Incident) -> dict[str, Any]:
    runs = list(one.analyses.select_related("service", "requested_by", "reviewed_by").order_by("-created_at")[:20])
    steps = one.recommendations.select_related("decided_by").order_by("-run__created_at", "n")[:40]
    latest = next((run for run in runs if run.state == "done"), None)
    answer = shown.answer(latest) if latest else None
    return {
        **shown.incident_row(one, shown.days_of([one]).get(one.pk)),
        "analyses": [shown.run_row(run) for run in runs],
        "latest": answer,
        "recommendations": [shown.recommendation(step) for step in steps],
        "run": run_rows.of_incident(one.pk),
        "may_decide": may(request.user, "decide approvals"),
        "ask": ask(one),
        "crumbs": [{"label": "Incidents", "url": reverse("intelligence:incidents")}, {"label": one.code}],
        "errors": {},
    }
