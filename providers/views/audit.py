"""The audit log: page, one entry, JSON twins, the export, and a look at the chains on demand."""

import json
from collections.abc import AsyncIterator
from typing import Any

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from providers.configuration.configure import Note
from providers.exceptions import InvalidInput
from providers.ledger import verify
from providers.ledger.chains import CHAINS
from providers.tasks import verify_now
from providers.trail import audit, audit_log
from providers.usage import export
from providers.views import audit_page
from providers.views.answers import keep_for_next_page, wants_page, way_back
from providers.views.audit_schema import ASKED, ChainsSerializer, EntryPageSerializer, EntrySerializer

HEAD = (
    "number",
    "at",
    "actor",
    "role",
    "surface",
    "action",
    "object_type",
    "object_id",
    "object",
    "before",
    "after",
)
HEAD += ("reason", "request_id", "address", "outcome")
LONG_S = 5.0  # a chain that took longer is verified by the worker


def asked_of(request: Request, *also: str) -> audit_log.Asked:
    return audit_log.read(request.query_params.dict(), also)


@extend_schema(exclude=True)
class Audit(APIView):
    """GET: `actor`, `action`, `object`, `from`, `to`, `before`; `export` csv or json."""

    def get(self, request: Request) -> HttpResponseBase:
        asked, wanted = asked_of(request, "export"), request.query_params.get("export", "")
        if wanted:
            return exported(asked, wanted)
        return Response(audit_page.look(asked), template_name="providers/audit.html")


@extend_schema(exclude=True)
class Entry(APIView):
    def get(self, request: Request, number: int) -> Response:
        return Response(audit_page.entry(audit_log.one(number)), template_name="providers/audit_entry.html")


@extend_schema(exclude=True)
class Check(APIView):
    """Verifies every chain now; a long one in the worker."""

    def post(self, request: Request) -> Response:
        said = [check(name) for name in CHAINS]
        data = {"chains": list(audit_log.standings()), "notes": [note.as_dict() for note in said]}
        if wants_page(request):
            keep_for_next_page(request, said)
        return Response(data, template_name="providers/audit.html", headers=way_back(request, "providers:audit"))


class Entries(APIView):
    @extend_schema(
        operation_id="audit_list", summary="The audit log", parameters=ASKED, responses=EntryPageSerializer
    )
    def get(self, request: Request) -> HttpResponseBase:
        """Newest first, with how the chains stand. `export=csv` or `json` streams every matching entry."""
        asked, wanted = asked_of(request, "export"), request.query_params.get("export", "")
        if wanted:
            return exported(asked, wanted)
        return Response({**audit_log.page(asked), "chains": list(audit_log.standings())})


class EntryOf(APIView):
    @extend_schema(summary="One audit entry and its seal", responses=EntrySerializer)
    def get(self, request: Request, number: int) -> Response:
        return Response(audit_log.one(number))


class Chains(APIView):
    @extend_schema(
        summary="The chains of usage rows and audit entries",
        description="How each was last verified. A POST verifies them now.",
        responses=ChainsSerializer,
    )
    def get(self, request: Request) -> Response:
        return Response({"chains": list(audit_log.standings())})

    @extend_schema(summary="Verify the chains now", request=None, responses=ChainsSerializer)
    def post(self, request: Request) -> Response:
        for name in CHAINS:
            check(name)
        return Response({"chains": list(audit_log.standings())})


def check(name: str) -> Note:
    """Verifies one chain, or lets the worker do it."""
    chain = CHAINS[name]
    if verify.last_took(chain) > LONG_S:
        verify_now.delay(name)
        return Note(f"The {chain.row} chain is being verified; it took {verify.last_took(chain):.0f} s before.")
    found = verify.verify(chain)
    if not found.ok:
        return Note(f"{found.problem[0].upper()}{found.problem[1:]}.", "warn")
    checked = found.rows + found.unsealed
    return Note(f"Chain of {chain.name} whole: {checked:,} checked, {found.rows_per_s:,.0f} a second.")


def exported(asked: audit_log.Asked, wanted: str) -> StreamingHttpResponse:
    """That somebody took the log along is an act itself."""
    kinds = {"csv": (as_csv, "text/csv; charset=utf-8"), "json": (as_json, "application/json")}
    if wanted not in kinds:
        raise InvalidInput(f"Entries can be exported as csv or json, not {wanted[:40]!r}.", param="export")
    audit_log.matching(asked)
    chosen = asked.query().removeprefix("?") or "none"
    audit.record("audit.export", audit.Thing("audit log"), after={"filters": chosen, "as": wanted})
    make, kind = kinds[wanted]
    name = f'attachment; filename="audit-{timezone.now():%Y-%m-%d}.{wanted}"'
    return StreamingHttpResponse(make(asked), content_type=kind, headers={"Content-Disposition": name})


async def as_csv(asked: audit_log.Asked) -> AsyncIterator[bytes]:
    yield export.lines([HEAD])
    async for entries in audit_log.chunks(asked):
        yield export.lines([[export.cell(value) for value in cells(entry)] for entry in entries])


def cells(entry: dict[str, Any]) -> list[Any]:
    flat = {
        **entry,
        "actor": entry["actor"]["name"],
        "role": entry["actor"]["role"],
        "object_type": entry["object"]["type"],
        "object_id": entry["object"]["id"],
        "object": entry["object"]["label"],
        "before": json.dumps(entry["before"], ensure_ascii=False),
        "after": json.dumps(entry["after"], ensure_ascii=False),
    }
    return [flat[name] for name in HEAD]


async def as_json(asked: audit_log.Asked) -> AsyncIterator[bytes]:
    """One array, an entry a line."""
    first = True
    yield b"["
    async for entries in audit_log.chunks(asked):
        for entry in entries:
            yield (b"" if first else b",") + b"\n" + json.dumps(entry).encode()
            first = False
    yield b"\n]\n"
