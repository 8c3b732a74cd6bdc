"""The providers page and its JSON twins: keys, models, addresses, order, key tests."""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from providers import serializers
from providers.access.roles import may
from providers.configuration import board, configure, keytest
from providers.configuration.configure import Note, Saved
from providers.configuration.directory import Directory
from providers.configuration.provider_form import form_of
from providers.exceptions import InvalidInput
from providers.runtime import watching
from providers.views.answers import fields_of, keep_for_next_page, toast, wants_page, way_back, which
from providers.views.balance import asked_for

PAGE, STATES = "providers/keys.html", "providers/states.html"
STEPS = {"up": -1, "down": 1}
ASIDE = {"before", "after"}


@extend_schema(exclude=True)
class Keys(APIView):
    """GET: `tab`, `q`, `edit`; `states` gives an open page only what calls and breakers change.

    POST: `do` (save, clear, wake, up, down, before, after), `provider`, `near`, and the settings to save.
    """

    def get(self, request: Request) -> Response:
        live = request.htmx and not request.htmx.boosted and "states" in request.query_params
        template = STATES if live else PAGE
        return Response(page(request, edit=request.query_params.get("edit", "")), template_name=template)

    def post(self, request: Request) -> Response:
        fields = fields_of(request)
        act = str(fields.pop("do", "save"))
        if act == "save":
            fields.pop("provider", None)
            saved = save(fields, request)
        elif act == "clear":
            saved = clear(which(fields.get("provider")), request)
        elif act == "wake":
            saved = configure.wake(slug=which(fields.get("provider")))
        elif act in STEPS:
            saved = configure.move(slug=which(fields.get("provider")), step=STEPS[act])
        elif act in ASIDE:
            saved = configure.place(
                slug=which(fields.get("provider")), near=which(fields.get("near")), after=act == "after"
            )
        else:
            raise InvalidInput(
                "There is no such act. Use save, clear, wake, up, down, before or after.", param="do"
            )
        return answer(request, saved)


@extend_schema(exclude=True)
class Test(APIView):
    """Tests one key, or all; the result stays in the row until the next call."""

    def post(self, request: Request) -> Response:
        asked = str(fields_of(request).get("provider", ""))
        if asked == "all":
            slugs = [e.row.slug for e in board.listed(Directory()) if e.configured]
        else:
            slugs = [which(asked)]
        results = keytest.test_keys(slugs=slugs)
        if asked == "all":
            return answer(request, Saved(Directory(), (said(results),)))
        row = board.one_row(Directory(), slugs[0], timezone.now())
        data = {**page(request), "row": row, "result": results[0].as_dict()}
        if wants_page(request):
            keep_for_next_page(request, [said(results)])
        return Response(data, template_name="providers/test.html", headers=way_back(request))


@extend_schema(exclude=True)
class Models(APIView):
    """POST: `provider`. The models that its key may use, asked for now; the open form loads them by itself."""

    def post(self, request: Request) -> Response:
        slug = which(fields_of(request).get("provider"))
        keytest.test_key(slug=slug)
        directory = Directory()
        row = {"slug": slug, "name": directory.entries[slug].row.name}
        row |= form_of(directory, directory.entries[slug]) | {"asks_models": False}
        crumbs = [{"label": "Settings"}, {"label": "AI"}, {"label": "Providers", "url": "/providers/"}]
        return Response({"row": row, "crumbs": crumbs}, template_name="providers/models.html")


class ProviderList(APIView):
    @extend_schema(
        summary="Providers and their state",
        parameters=[
            OpenApiParameter(
                "include_balance", bool, description="with what is left on accounts that tell it (USD, CNY)"
            )
        ],
        responses=serializers.ProviderList,
    )
    def get(self, request: Request) -> Response:
        directory = Directory()
        return Response(board.api_list(directory, timezone.now(), asked_for(request, directory)))


class ProviderUpdate(APIView):
    @extend_schema(
        summary="Save keys, models, addresses",
        description="A partial update. Admins only. A changed address clears the key unless the key is sent too.",
        request=serializers.SettingsUpdate,
        responses=serializers.ProviderList,
    )
    def post(self, request: Request) -> Response:
        saved = save(fields_of(request), request)
        notes = [note.as_dict() for note in saved.notes]
        return Response({**board.api_list(saved.directory, timezone.now()), "notes": notes})


class ProviderTest(APIView):
    @extend_schema(
        summary="Test a key",
        description="Asks the provider for its list of models; that costs nothing.",
        request=serializers.Which,
        responses=serializers.KeyTest,
    )
    def post(self, request: Request) -> Response:
        asked = serializers.Which(data=fields_of(request))
        asked.is_valid(raise_exception=True)
        return Response(keytest.test_key(slug=asked.validated_data["provider"]).as_dict())


def save(fields: Mapping[str, Any], request: Request) -> Saved:
    checked = serializers.SettingsUpdate(data=fields, partial=True)
    checked.is_valid(raise_exception=True)
    return configure.save_settings(changes=checked.validated_data, by=name_of(request))


def clear(slug: str, request: Request) -> Saved:
    return configure.clear_key(slug=slug, by=name_of(request))


def name_of(request: Request) -> str:
    return request.user.get_full_name() or request.user.get_username()


def page(request: Request, *, directory: Directory | None = None, edit: str = "") -> dict[str, Any]:
    may_edit = may(request.user, "save provider keys and settings")
    version = watching.version("providers")  # read first: what changes after it is told again
    shown = board.board(
        directory or Directory(),
        timezone.now(),
        tab=request.query_params.get("tab", "all"),
        find=request.query_params.get("q", "").strip()[:80],
        edit=edit if may_edit else "",
    )
    sees_spend = may(request.user, "see everyone's usage")
    if not sees_spend:
        for row in (*shown["rows"], *shown["without"], *shown["refused"]):
            row["spend_30d_usd"] = row["balance"] = None
    own = {"version": version, "may_edit": may_edit, "sees_spend": sees_spend}
    return {**shown, **own, "notes": [], "errors": {}, "values": {}}


def answer(request: Request, saved: Saved) -> Response:
    """The page as it is now: at once for HTMX and JSON, by a redirect that survives a reload for a person."""
    notes = list(saved.notes)
    if wants_page(request):
        keep_for_next_page(request, notes)
    data = {**page(request, directory=saved.directory), "notes": [note.as_dict() for note in notes]}
    return Response(data, template_name=PAGE, headers={**way_back(request), **toast(request, notes)})


def said(results: list[keytest.KeyTest]) -> Note:
    """One sentence about the tests that were run."""
    failed = [result for result in results if not result.ok]
    if not results:
        return Note("No provider can be tested: none has a key.", "warn")
    if len(results) == 1:
        one = results[0]
        text = f"{one.provider}: the key works, {one.latency_ms} ms." if one.ok else str(one.error)
        return Note(text, "" if one.ok else "warn")
    return Note(f"{len(results)} keys tested, {len(failed)} failed.", "warn" if failed else "")
