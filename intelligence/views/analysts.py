"""`/providers/analysis/`: who analyses logs. The page, its forms, and the JSON twins."""

from typing import Any

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from intelligence.analysis.analysis_schema import AnalystList, AnalystRow, ProviderFields
from intelligence.models import IntelligenceProvider
from intelligence.providers import PROVIDER_CLASSES, accounts, get_provider, saved_providers
from intelligence.providers.base import SECRET_KEYS
from providers.access.roles import may
from providers.configuration.configure import Note
from providers.views.answers import fields_of, keep_for_next_page, wants_page

TEMPLATE = "intelligence/providers.html"
PLAIN = ("name", "provider", "description", "is_active")


def listed() -> list[dict[str, Any]]:
    return [saved_providers.as_dict(row) for row in IntelligenceProvider.objects.all()]


class ProviderList(APIView):
    @extend_schema(
        operation_id="intelligence_providers_list",
        summary="Who can analyse logs",
        responses=AnalystList,
    )
    def get(self, request: Request) -> Response:
        return Response({"providers": listed(), "drivers": drivers(), "answers": get_provider().name})

    @extend_schema(
        operation_id="intelligence_providers_create",
        summary="Add a provider",
        request=ProviderFields,
        responses={201: AnalystRow},
    )
    def post(self, request: Request) -> Response:
        form = ProviderFields(data=request.data)
        form.is_valid(raise_exception=True)
        row = saved_providers.save(IntelligenceProvider(), form.validated_data)
        return Response(saved_providers.as_dict(row), 201)


class ProviderOne(APIView):
    @extend_schema(
        operation_id="intelligence_provider_update",
        summary="Change a provider",
        request=ProviderFields(partial=True),
        responses=AnalystRow,
    )
    def patch(self, request: Request, pk: Any) -> Response:
        row = saved_providers.found(pk)
        form = ProviderFields(data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        return Response(saved_providers.as_dict(saved_providers.save(row, form.validated_data)))

    @extend_schema(
        operation_id="intelligence_provider_delete",
        summary="Remove a provider",
        request=None,
        responses={204: None},
    )
    def delete(self, request: Request, pk: Any) -> Response:
        saved_providers.remove(saved_providers.found(pk))
        return Response(status=204)


class Activate(APIView):
    @extend_schema(
        operation_id="intelligence_provider_activate",
        summary="Let this one analyse",
        description="The mark moves in one transaction; there is never a second.",
        request=None,
        responses=AnalystRow,
    )
    def post(self, request: Request, pk: Any) -> Response:
        return Response(saved_providers.as_dict(saved_providers.activate(saved_providers.found(pk))))


@extend_schema(exclude=True)
class Providers(APIView):
    """GET: the list, with `?edit=<id>` or `?new=<driver>` a form. POST: `act` add, save, activate, deactivate,
    test or remove."""

    def get(self, request: Request) -> Response:
        return Response(page(request), template_name=TEMPLATE)

    def post(self, request: Request) -> Response:
        fields = fields_of(request)
        note = acted(fields)
        headers = {}
        if wants_page(request):
            keep_for_next_page(request, [note])
            headers = {"Location": reverse("intelligence:providers")}
        return Response(page(request) | {"notes": [note.as_dict()]}, template_name=TEMPLATE, headers=headers)


def acted(fields: dict[str, Any]) -> Note:
    """Does what a form asks for. Errors: InvalidInput by field, NotFound."""
    act, pk = fields.get("act", "add"), fields.get("id") or None
    if act == "add":
        row = saved_providers.save(IntelligenceProvider(), _read(fields))
        return Note(f"{row.name} is saved." + ("" if row.is_active else " It is not active yet."))
    row = saved_providers.found(pk)
    if act == "save":
        return Note(f"{saved_providers.save(row, _read(fields, partial=True)).name} is saved.")
    if act == "test":
        said = saved_providers.test(row)
        return Note(f"{row.name}: {said['message']}", "" if said["ok"] else "warn")
    if act == "remove":
        saved_providers.remove(row)
        return Note(f"{row.name} is removed." + (" The local rules analyse now." if row.is_active else ""))
    if act == "deactivate":
        saved_providers.deactivate(row)
        return Note("The local rules analyse now.")
    saved_providers.activate(row)
    return Note(f"{row.name} analyses from the next log on.")


def _read(fields: dict[str, Any], *, partial: bool = False) -> dict[str, Any]:
    """A form's fields `config_<key>` as one config; only those that its driver takes."""
    plain = {name: fields[name] for name in PLAIN if name in fields}
    config = {key.removeprefix("config_"): value for key, value in fields.items() if key.startswith("config_")}
    form = ProviderFields(data=plain | {"config": config}, partial=partial)
    form.is_valid(raise_exception=True)
    return form.validated_data


def drivers() -> list[dict[str, Any]]:
    """What can be added, with the keys of each config."""
    return [
        {
            "provider": slug,
            "label": kind.label,
            "required": list(kind.required),
            "optional": list(kind.optional),
            "defaults": kind.defaults(),
            "missing": kind.missing_sdk(),
        }
        for slug, kind in PROVIDER_CLASSES.items()
    ]


def page(request: Request) -> dict[str, Any]:
    provider, rows = get_provider(), listed()
    wanted = request.query_params.get("edit", "")
    edited = next((row for row in rows if row["id"] == wanted), None)
    slug = edited["provider"] if edited else request.query_params.get("new", "")
    kind = PROVIDER_CLASSES.get(slug)
    values = edited or {"name": kind.label if kind else "", "provider": slug, "config": {}, "description": ""}
    return {
        "crumbs": [{"label": "Settings"}, {"label": "AI"}, {"label": "Log analysis"}],
        "providers": rows,
        "drivers": drivers(),
        "answers": provider.name,
        "answers_ai": provider.provider != "local",
        "broken": getattr(provider, "broken", ""),
        "from_env": provider.provider == "openai" and not rows,
        "account": accounts.ANALYST,
        "may_edit": may(request.user, "save provider keys and settings"),
        "form": {**values, "label": kind.label, "edited": bool(edited), "keys": _keys(kind, values)}
        if kind
        else None,
        "notes": [],
        "errors": {},
    }


def _keys(kind: Any, values: dict[str, Any]) -> list[dict[str, Any]]:
    """The config's fields of the open form. Of a saved secret only that it is there."""
    defaults = kind.defaults()
    made = []
    for key in (*kind.required, *kind.optional):
        secret = key in SECRET_KEYS
        hint = "Saved; leave empty to keep it." if secret and values["config"].get(key) else ""
        if not hint and key in defaults:
            hint = f"Without one: {defaults[key]}"
        made.append(
            {
                "name": f"config_{key}",
                "label": key.replace("_", " ").capitalize().replace("Api", "API").replace("url", "URL"),
                "type": "password" if secret else "text",
                "value": "" if secret else values["config"].get(key, ""),
                "hint": hint,
            }
        )
    return made
