"""`/providers/analysis/`: who analyses logs. Nothing does in this version, and the page says so."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView


@extend_schema(exclude=True)
class Analysis(APIView):
    def get(self, request: Request) -> Response:
        crumbs = [{"label": "Settings"}, {"label": "AI"}, {"label": "Intelligence"}]
        return Response({"crumbs": crumbs, "active": None}, template_name="providers/analysis.html")
