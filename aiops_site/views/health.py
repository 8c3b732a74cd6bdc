"""`/healthz`: this process answers. `/readyz`: what it needs is there too. Neither tells secrets."""

from django.http import HttpRequest, JsonResponse

from aiops_site.operation import readiness


def healthz(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> JsonResponse:
    parts = readiness.look()
    ready = all(part["ok"] for part in parts.values())
    body = {"status": "ok" if ready else "not ready", "parts": parts}
    response = JsonResponse(body, status=200 if ready else 503)
    response._has_been_logged = True  # red is an answer here, not an error of the server
    return response
