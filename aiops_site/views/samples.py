"""Fills the site with sample data, or takes it away: the two buttons of the overview."""

from django.contrib import messages
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from aiops_site import demo
from providers.exceptions import InvalidInput

FILLED = "The sample data is there. Everything of it is named demo- or .example."
REMOVED = "The sample data is gone. Its usage and audit rows stay, under the names demo-…"


@extend_schema(exclude=True)
class Samples(APIView):
    def post(self, request: Request) -> Response:
        """`do`: fill or remove. Errors: InvalidInput, also where real data is."""
        do = request.data.get("do") if hasattr(request.data, "get") else None
        if do not in ("fill", "remove"):
            raise InvalidInput("Say what to do: fill or remove.", param="do")
        if do == "fill":
            demo.fill()
        else:
            demo.remove()
        messages.success(request._request, FILLED if do == "fill" else REMOVED)
        return Response({"there": demo.there()}, headers={"Location": reverse("overview")})
