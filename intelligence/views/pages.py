"""`/services/`, `/services/{id}/`, `/deployments/{id}/` and what is done on them."""

from typing import Any

from django.http import StreamingHttpResponse
from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from intelligence.fleet import deployment_page, deployments, pages, services
from intelligence.fleet.forms import choices, fields_of_form, given_by
from intelligence.fleet.serializers import LogQuery, ServiceFields
from intelligence.logs import viewer
from intelligence.views.deployments import visible
from providers.exceptions import InvalidInput

SERVICE_KEYS = {"d": ("may_deploy", "Deploy"), "f": ("fix_deployment", "Fix the failed deployment")}
KEYS = (("n p", "Next, previous evidence"), ("/", "Find in the log"), ("w", "Wrap"), ("f", "Follow"))


class Services(APIView):
    def get(self, request: Request) -> Response:
        query = request.query_params
        context = pages.services_page(request.user, query.get("tab", ""), query.get("q", ""))
        return Response(context, template_name="intelligence/services.html")


class ServiceForm(APIView):
    """GET shows the form of a new service, or of one that is there; POST saves it."""

    def get(self, request: Request, pk: Any = None) -> Response:
        service = services.found(request.user, pk) if pk else None
        return Response(
            self._context(service, services.as_dict(service) if service else {}, {}), template_name=FORM
        )

    def post(self, request: Request, pk: Any = None) -> Response:
        service = services.found(request.user, pk) if pk else None
        given = given_by(request)
        form = ServiceFields(data=given, partial=service is not None)
        errors = {} if form.is_valid() else {name: [str(e) for e in found] for name, found in form.errors.items()}
        if not errors:
            try:
                fields = form.validated_data
                saved = services.save(service, fields) if service else services.create(request.user, fields)
            except InvalidInput as error:
                errors = error.errors or {"": [error.message]}
        if errors:
            return Response(self._context(service, given, errors), 400, template_name=FORM)
        url = reverse("intelligence:service", args=[saved.pk])
        return Response({"id": str(saved.pk), "url": url}, 200 if pk else 201, headers={"Location": url})

    def _context(self, service: Any, values: dict[str, Any], errors: dict[str, list[str]]) -> dict[str, Any]:
        crumbs = [{"label": "Services", "url": reverse("intelligence:services")}]
        if service:
            crumbs.append({"label": service.name, "url": reverse("intelligence:service", args=[service.pk])})
        return {
            "name": service.name if service else "",
            "groups": fields_of_form(values, errors, service),
            "choices": choices(),
            "errors": errors,
            "crumbs": [*crumbs, {"label": "Settings" if service else "Add"}],
        }


FORM = "intelligence/service_form.html"


class Service(APIView):
    def get(self, request: Request, pk: Any) -> Response:
        context = pages.service_page(request.user, services.found(request.user, pk))
        context["crumbs"] = [
            {"label": "Services", "url": reverse("intelligence:services")},
            {"label": context["service"]["name"]},
        ]
        own = ((key, text) for key, (where, text) in SERVICE_KEYS.items() if context[where])
        context["page_keys"] = [{"key": key, "text": text} for key, text in own]
        return Response(context, template_name="intelligence/service.html")


class Deploy(APIView):
    """Queues a deployment with the service's deployer."""

    def post(self, request: Request, pk: Any) -> Response:
        service = services.found(request.user, pk)
        branch = str(request.data.get("branch") or service.default_branch)[:200]
        made = deployments.queue(service, request.user, branch=branch)
        url = reverse("intelligence:deployment", args=[made.pk])
        return Response({"id": str(made.pk), "url": url}, 202, headers={"Location": url})


class Deployment(APIView):
    def get(self, request: Request, pk: Any) -> Response:
        one = visible(request.user, pk)
        with_lines = request.query_params.get("lines") != "0"
        asked = {name: request.query_params.get(name, "") for name in ("page", "line")}
        context = deployment_page.page_of(request.user, one, with_lines, **asked)
        context |= {
            "rail": True,
            "parts": not with_lines,
            "page_keys": [{"key": key, "text": text} for key, text in KEYS],
            "crumbs": [
                {"label": "Services", "url": reverse("intelligence:services")},
                {"label": context["service"]["name"], "url": context["service"]["url"]},
                {"label": context["commit"] or "deployment"},
            ],
        }
        return Response(context, template_name="intelligence/deployment.html")


class DeploymentLines(APIView):
    """A window of the log as rows: what the log viewer asks for when it is scrolled."""

    def get(self, request: Request, pk: Any) -> Response:
        one = visible(request.user, pk)
        query = LogQuery(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        marks = deployment_page.marks_of(deployment_page.cause_of(one))
        parts = viewer.parts(one, query.validated_data["first"], query.validated_data["count"], marks)
        return Response({"parts": parts, "total": one.log_lines}, template_name="intelligence/_lines.html")


class DeploymentFind(APIView):
    def get(self, request: Request, pk: Any) -> Response:
        found = viewer.find(visible(request.user, pk), request.query_params.get("q", ""))
        return Response(found, template_name="intelligence/_found.html")


class DeploymentDownload(APIView):
    def get(self, request: Request, pk: Any) -> StreamingHttpResponse:
        one = visible(request.user, pk)
        response = StreamingHttpResponse(viewer.download(one.pk), content_type="text/plain; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="deployment-{str(one.pk)[:8]}.log"'
        return response


class DeploymentCancel(APIView):
    def post(self, request: Request, pk: Any) -> Response:
        one = visible(request.user, pk)
        deployments.ask_to_stop(one)
        url = reverse("intelligence:deployment", args=[pk])
        return Response({"id": str(pk), "url": url}, 202, headers={"Location": url})
