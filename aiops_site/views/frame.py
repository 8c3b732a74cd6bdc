"""Overview, menu, component gallery: pages of the frame itself."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from aiops_site import overview


@extend_schema(exclude=True)
class Overview(APIView):
    def get(self, request: Request) -> Response:
        return Response(overview.look(request.user), template_name="overview.html")


@extend_schema(exclude=True)
class Menu(APIView):
    def get(self, request: Request) -> Response:
        return Response({}, template_name="menu.html")


@extend_schema(exclude=True)
class Gallery(APIView):
    def get(self, request: Request) -> Response:
        data: dict[str, Any] = {}
        return Response(data, template_name="components/gallery.html")
