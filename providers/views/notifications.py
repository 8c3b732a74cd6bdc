"""Notifications: the channels by which they go (an admin's), and putting away those that the frame shows."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from providers.access.roles import may
from providers.exceptions import AIServiceError, InvalidInput
from providers.notify import channels, mail, page
from providers.notify.thresholds import THRESHOLDS
from providers.runtime import clock
from providers.views.answers import fields_of
from providers.views.notifications_schema import (
    ChannelChangeSerializer,
    ChannelListSerializer,
    ChannelMadeSerializer,
    ChannelNewSerializer,
    ChannelSerializer,
    ChannelTestedSerializer,
    NotificationListSerializer,
)

TEMPLATE = "providers/channels.html"
KINDS = [
    {"value": "webhook", "label": "Webhook"},
    {"value": "email", "label": "E-mail"},
    {"value": "page", "label": "Page"},
]


@extend_schema(exclude=True)
class Channels(APIView):
    def get(self, request: Request) -> Response:
        return Response(look(request), template_name=TEMPLATE)

    def post(self, request: Request) -> Response:
        channel, secret = channels.add({name: value for name, value in fields_of(request).items() if value != ""})
        # No way back to the list: the secret is told once, here.
        data = {**look(request), "made": {"name": channel.name, "secret": secret}}
        return Response(data, status=201, template_name=TEMPLATE)


@extend_schema(exclude=True)
class Channel(APIView):
    def post(self, request: Request, pk: int) -> Response:
        channel, act = channels.one(pk), str(request.data.get("act", ""))
        if act == "test":
            self._test(request, channel)
        elif act in ("pause", "resume"):
            channels.switch(channel, act == "resume")
            messages.success(request, f"{channel.name} is {'on again' if act == 'resume' else 'paused'}.")
        elif act == "delete":
            channels.delete(channel)
            messages.success(request, f"{channel.name} is deleted.")
        else:
            raise InvalidInput("Choose one of test, pause, resume, delete.", param="act")
        return Response({"done": act}, headers={"Location": reverse("providers:channels")})

    def _test(self, request: Request, channel: Any) -> None:
        try:
            messages.success(request, channels.try_out(channel))
        except AIServiceError as error:
            messages.error(request, f"{channel.name}: {error.message}")


@extend_schema(exclude=True)
class Seen(APIView):
    def post(self, request: Request, pk: int) -> Any:
        page.put_away(request.user, pk, clock.now(), everything="all" in request.data)
        back = str(request.data.get("back", "/"))
        here = url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()})
        return HttpResponseRedirect(back if here else "/", status=303)


class Unseen(APIView):
    @extend_schema(responses=NotificationListSerializer)
    def get(self, request: Request) -> Response:
        """Caps and budgets of today that are nearly used: one's own, everybody's for managers and admins."""
        return Response({"notifications": page.unseen(request.user, clock.now())})


class ChannelList(APIView):
    @extend_schema(operation_id="ai_notifications_channels_list", responses=ChannelListSerializer)
    def get(self, request: Request) -> Response:
        """The channels, without secrets."""
        return Response({"channels": channels.every()})

    @extend_schema(request=ChannelNewSerializer, responses={201: ChannelMadeSerializer})
    def post(self, request: Request) -> Response:
        """Add a channel. `secret` signs the webhook's bodies and is told this once."""
        channel, secret = channels.add(fields_of(request))
        return Response({**channels.shown(channel), "secret": secret}, status=201)


class ChannelOf(APIView):
    @extend_schema(responses=ChannelSerializer)
    def get(self, request: Request, pk: int) -> Response:
        """One channel, without its secret."""
        return Response(channels.shown(channels.one(pk)))

    @extend_schema(request=ChannelChangeSerializer, responses=ChannelSerializer)
    def patch(self, request: Request, pk: int) -> Response:
        """Pause a channel or take it up again."""
        channel, given = channels.one(pk), fields_of(request)
        if set(given) != {"active"}:
            raise InvalidInput(
                "Give `active`, true or false; for other settings add a new channel.", param="active"
            )
        channels.switch(channel, given["active"])
        return Response(channels.shown(channel))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """Forget a channel, with what waits for it."""
        channels.delete(channels.one(pk))
        return Response(status=204)


class ChannelTest(APIView):
    @extend_schema(request=None, responses=ChannelTestedSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """Send a test by this channel now."""
        return Response({"told": channels.try_out(channels.one(pk))})


def look(request: Request) -> dict[str, Any]:
    return {
        "channels": channels.every(),
        "may_edit": may(request.user, "save provider keys and settings"),
        "mail_on": mail.configured(),
        "thresholds": ", ".join(f"{each} %" for each in THRESHOLDS),
        "kinds": KINDS,
        "values": {},
        "errors": {},
    }
