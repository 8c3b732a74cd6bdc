"""`/healthz`: this process answers. `/readyz`: what it needs is there too. Neither tells secrets."""

from django.http import HttpRequest, JsonResponse

from aiops_site import readiness


def healthz(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> JsonResponse:
    parts = readiness.look()
    ready = all(part["ok"] for part in parts.values())
    return JsonResponse({"status": "ok" if ready else "not ready", "parts": parts}, status=200 if ready else 503)
