"""`/approvals/`: what waits for a person's yes, exactly as it would be done."""

import json
import re
from typing import Any

from django.http import HttpResponseRedirect
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from intelligence.approval import approvals
from intelligence.models import Approval
from intelligence.views.approvals import ApprovalRow, Decision, rows
from providers.exceptions import AIServiceError, NotFound
from providers.runtime import watching
from providers.views.answers import fields_of

MOST = 100
RUN_PAGE = re.compile(r"/agents/runs/[0-9a-f-]{36}/")  # where a decision inside a run leads back to
PAGE = "intelligence/approvals.html"
WORDS = {"pending": "Waiting", "approved": "Working", "executing": "Writing", "done": "Done", "denied": "Refused"}
WORDS |= {"failed": "Failed", "expired": "Timed out", "changed": "Failed", "cancelled": "Cancelled"}


class Approvals(APIView):
    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        version = watching.version("approvals")  # read first: what changes after it is told again
        decided = request.query_params.get("tab") == "decided"
        found = rows(request.user)
        waiting = found.filter(state="pending")
        shown = found.exclude(state="pending") if decided else waiting
        here = reverse("intelligence:approvals")
        context = {
            "approvals": [presented(one, request.user) for one in shown[:MOST]],
            "decided": decided,
            "version": version,
            "tabs": [
                {"label": "Waiting", "url": here, "current": not decided, "count": waiting.count()},
                {"label": "Decided", "url": f"{here}?tab=decided", "current": decided},
            ],
        }
        return Response(context, template_name=PAGE)


class ApprovalPage(APIView):
    @extend_schema(exclude=True)
    def get(self, request: Request, pk: Any) -> Response:
        return self._shown(request, pk)

    @extend_schema(exclude=True)
    def post(self, request: Request, pk: Any) -> Response | HttpResponseRedirect:
        given = fields_of(request)
        back = str(given.pop("back", ""))
        form = Decision(data=given)
        form.is_valid(raise_exception=True)
        try:
            approvals.decide(pk, request.user, **form.validated_data)
        except NotFound:
            raise
        except AIServiceError as error:
            if error.http_status == 403:
                raise
            return self._shown(request, pk, error.message, error.http_status)
        here = reverse("intelligence:approval", args=[pk])
        return HttpResponseRedirect(back if RUN_PAGE.fullmatch(back) else here)

    def _shown(self, request: Request, pk: Any, refused: str = "", status: int = 200) -> Response:
        version = watching.version("approvals")
        one = rows(request.user).filter(pk=pk).first()
        if one is None:
            raise NotFound("There is no such approval for you.")
        crumbs = [{"label": "Approvals", "url": reverse("intelligence:approvals")}, {"label": one.act}]
        context = {
            "approvals": [presented(one, request.user)],
            "single": one.title,
            "version": version,
            "refused": refused,
            "crumbs": crumbs,
        }
        return Response(context, status, template_name=PAGE)


def presented(approval: Approval, user: Any) -> dict[str, Any]:
    """The row as the API has it, and what its card shows: exact arguments, why this reader may not decide."""
    return {
        **ApprovalRow(approval).data,
        "url": reverse("intelligence:approval", args=[approval.pk]),
        "badge": WORDS[approval.state],
        "expires": approval.expires_at,
        "exact": [[name, exactly(value)] for name, value in sorted(approval.arguments.items())],
        "why_not": approvals.why_not(user, approval),
        "changed_since": changes_since_last(approval),
    }


def exactly(value: Any) -> str:
    """A value as it will be used: strings in quotes, escapes and invisible signs visible."""
    return json.dumps(value, ensure_ascii=True)


def changes_since_last(approval: Approval) -> list[str]:
    """Names of arguments that differ from the last request of the same act for the same target."""
    earlier = Approval.objects.filter(act=approval.act, target=approval.target, created_at__lt=approval.created_at)
    last = earlier.order_by("-created_at").first()
    if last is None:
        return []
    return [name for name, value in approval.arguments.items() if last.arguments.get(name) != value]
