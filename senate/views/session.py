"""`/senate/{id}/`: one session as a page, its JSON twin, its events, an export, and its end by hand."""

import uuid
from typing import Any

from django.http import HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import urlencode
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from providers.access.roles import may
from providers.exceptions import InvalidInput, NotFound
from senate import chat
from senate.live.fragments import read
from senate.models import OPEN_STATES, SenateSession
from senate.serializers import AtQuery, Cancelled, EventQuery, Events, Nothing, Share, Shared

KEYS = (
    ("1 to 9", "One member wide"),
    ("v", "Votes"),
    ("r", "Resolution"),
    ("c", "Cancel, asks first"),
    ("Space", "Replay, once it has begun"),
)

SHARINGS = (("team", "Team"), ("owner", "Me and admins"), ("private", "Only me"))


def visible(user: Any, pk: int) -> SenateSession:
    """The session, where the user may see it. Errors: NotFound, the same for a foreign and an unknown id."""
    found = SenateSession.objects.visible_to(user).filter(pk=pk).select_related("owner").first()
    if found is None:
        raise NotFound("There is no such session for you.")
    return found


class Session(APIView):
    paged = True  # False: the API's twin, without what only the page needs

    @extend_schema(
        operation_id="senate_session",
        summary="A session as it stands",
        description="`last_n` is the last event that this state includes; `GET …/events/?after=last_n` goes on "
        "from it. The shape is that of `senate/reading/transcript.py`. `?as=markdown` gives a text to keep.",
        parameters=[OpenApiParameter("as", str, enum=["markdown"]), AtQuery],
        responses={200: OpenApiTypes.OBJECT},
    )
    def get(self, request: Request, pk: int) -> Response | HttpResponse:
        session = visible(request.user, pk)
        wanted = request.query_params.get("as")
        if wanted not in (None, "markdown") and not self.paged:
            raise InvalidInput("A session can be given as markdown, or without `as`.", param="as")
        query = AtQuery(data={"at": request.query_params.get("at")})
        query.is_valid(raise_exception=True)
        transcript = read(session, query.validated_data["at"])
        if wanted == "markdown":
            return exported(request, transcript)
        extra = shown(request, transcript) if self.paged else {}
        replay = {"replay": transcript["last_n"] < session.last_n, "newest_n": session.last_n}
        context = {**transcript, **links(request, session), **extra, **replay}
        return Response(context, template_name="senate/session.html")

    @extend_schema(
        operation_id="senate_session_share",
        summary="Who may see a session",
        request=Share,
        responses=Shared,
    )
    def patch(self, request: Request, pk: int) -> Response:
        return share(request, pk)


def share(request: Request, pk: int) -> Response:
    form = Share(data=request.data)
    form.is_valid(raise_exception=True)
    session = visible(request.user, pk)
    chat.share(request.user, session, form.validated_data["visibility"])
    url = reverse("senate:session", args=[pk])
    return Response({"id": pk, "visibility": session.visibility}, headers={"Location": url})


def links(request: Request, session: SenateSession) -> dict[str, Any]:
    """Addresses, and what this reader may do."""
    here = reverse("senate:session", args=[session.pk])
    api = reverse("senate:api-session", args=[session.pk])
    may_act = SenateSession.objects.of(request.user).filter(pk=session.pk).exists()
    asks = may(request.user, "ask models and the Senate")
    return {
        "url": here,
        "absolute_url": request.build_absolute_uri(here),
        "live_url": f"/ws/senate/{session.pk}/",
        "events_url": reverse("senate:api-events", args=[session.pk]),
        "cancel_url": reverse("senate:cancel", args=[session.pk]),
        "json_url": api,
        "markdown_url": f"{api}?as=markdown",
        "stream_url": reverse("senate:api-stream", args=[session.pk]),
        "again_url": reverse("senate:again", args=[session.pk]),
        "edit_url": f"{reverse('senate:list')}?{urlencode({'again': session.pk})}",
        "follow_up_url": f"{reverse('senate:list')}?{urlencode({'follows': session.pk})}",
        "compare_url": reverse("senate:compare", args=[session.pk]),
        "share_url": reverse("senate:share", args=[session.pk]),
        "may_share": may_act and asks,
        "may_cancel": may_act and asks,
        "may_ask": asks,
    }


def shown(request: Request, transcript: dict[str, Any]) -> dict[str, Any]:
    """What the address chose: one member wide, a vote's reason, the order of the proposals."""
    wide = request.query_params.get("m", "")
    sort = "support" if request.query_params.get("sort") == "support" else "seats"
    votes = transcript["votes"]
    sortable = bool(votes and votes["ballots"]) and not transcript["open"]
    columns = list(transcript["members"])
    if sortable and sort == "support":
        columns.sort(key=lambda m: m["support"]["place"] if m["support"] else len(columns) + 1)
    return {
        "rail": True,
        "sharings": SHARINGS,
        "again_key": uuid.uuid4().hex,
        "crumbs": [{"label": "Ask", "url": reverse("senate:list")}, {"label": f"Session {transcript['id']}"}],
        "page_keys": [{"key": key, "text": text} for key, text in KEYS],
        "wide": int(wide) if wide.isascii() and wide.isdigit() and len(wide) < 3 else None,
        "vote": request.query_params.get("vote", ""),
        "sort": sort,
        "columns": columns,
    }


def exported(request: Request, transcript: dict[str, Any]) -> HttpResponse:
    """The session as Markdown to keep."""
    text = render_to_string("senate/export.md", {**transcript, "url": request.build_absolute_uri()})
    response = HttpResponse(text, content_type="text/markdown; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="session-{transcript["id"]}.md"'
    return response


class SessionEvents(APIView):
    @extend_schema(
        operation_id="senate_session_events",
        summary="What happened after event N",
        parameters=[EventQuery],
        responses=Events,
    )
    def get(self, request: Request, pk: int) -> Response:
        session = visible(request.user, pk)
        query = EventQuery(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        after, limit = query.validated_data["after"], query.validated_data["limit"]
        found = chat.events(session, after, limit)
        return Response(
            {
                "events": found,
                "last_n": found[-1]["n"] if found else after,
                "more": len(found) == limit,
                "open": session.state in OPEN_STATES,
            }
        )


class Cancel(APIView):
    @extend_schema(
        operation_id="senate_session_cancel",
        summary="Stop a session",
        request=Nothing,
        responses={202: Cancelled},
    )
    def post(self, request: Request, pk: int) -> Response:
        Nothing(data=request.data).is_valid(raise_exception=True)
        session = visible(request.user, pk)
        chat.cancel(request.user, session)
        session.refresh_from_db()
        url = reverse("senate:session", args=[pk])
        return Response({"id": pk, "state": session.state}, 202, headers={"Location": url})
