"""The set-up page: there only while nobody exists."""

from django.contrib.auth import login
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_protect
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from aiops_site import demo
from aiops_site.sign_in import accounts
from providers.exceptions import NotFound


@extend_schema(exclude=True)
@method_decorator(csrf_protect, name="dispatch")  # nobody is signed in, so REST framework would not check
class Setup(APIView):
    def get(self, request: Request) -> Response:
        if not accounts.nobody_yet():
            raise NotFound("There is nothing here.")
        return Response({"errors": {}, "values": {}}, template_name="setup.html")

    def post(self, request: Request) -> Response:
        given = {name: str(request.data.get(name, "")) for name in ("code", "username", "password")}
        user = accounts.make_first_administrator(**given)
        login(request._request, user, backend="django.contrib.auth.backends.ModelBackend")
        if request.data.get("samples"):
            demo.fill()
        return Response({"username": user.username}, 201, headers={"Location": reverse("overview")})
