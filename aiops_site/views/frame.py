"""Overview, menu, component gallery: pages of the frame itself."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from aiops_site import overview, search
from aiops_site.web import context
from providers.access.roles import role_of


@extend_schema(exclude=True)
class Overview(APIView):
    def get(self, request: Request) -> Response:
        return Response(overview.look(request.user), template_name="overview.html")


@extend_schema(exclude=True)
class Menu(APIView):
    def get(self, request: Request) -> Response:
        return Response({}, template_name="menu.html")


@extend_schema(exclude=True)
class Search(APIView):
    def get(self, request: Request) -> Response:
        words = request.query_params.get("q", "")
        places = context.navigation(request._request, role_of(request.user), {})
        groups = search.find(request.user, words, places)
        return Response({"q": words[: search.LONGEST], "groups": groups}, template_name="search.html")


@extend_schema(exclude=True)
class Gallery(APIView):
    def get(self, request: Request) -> Response:
        data: dict[str, Any] = {}
        return Response(data, template_name="components/gallery.html")
