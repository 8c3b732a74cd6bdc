"""The site's policy: `/providers/policy/`, and the same as JSON at `/api/v1/ai/config/`."""

import json
from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from providers.access.roles import may
from providers.configuration import policy_form
from providers.configuration.configure import Note
from providers.models import AIServiceConfig
from providers.money import limits
from providers.resilience.troubles import TROUBLES
from providers.views.answers import fields_of, keep_for_next_page, wants_page, way_back
from providers.views.keys import name_of

PAGE = "providers/policy.html"


@extend_schema(exclude=True)
class Policy(APIView):
    def get(self, request: Request) -> Response:
        return Response(page(request, AIServiceConfig.get_instance()), template_name=PAGE)

    def post(self, request: Request) -> Response:
        config = policy_form.save(policy_form.from_form(fields_of(request)), name_of(request))
        note = Note("The policy is saved. It holds from the next call on, in every process.")
        if wants_page(request):
            keep_for_next_page(request, [note])
        data = {**page(request, config), "notes": [note.as_dict()]}
        return Response(data, template_name=PAGE, headers=way_back(request, "providers:policy"))


class Config(APIView):
    @extend_schema(summary="The site's policy", responses=policy_form.PolicyShown)
    def get(self, request: Request) -> Response:
        return Response(policy_form.shown(AIServiceConfig.get_instance()))

    @extend_schema(
        summary="Change the site's policy",
        description="A partial update. Admins only. Holds from the next call on, in every process.",
        request=policy_form.Policy,
        responses=policy_form.PolicyShown,
    )
    def patch(self, request: Request) -> Response:
        return Response(policy_form.shown(policy_form.save(fields_of(request), name_of(request))))


def page(request: Request, config: AIServiceConfig) -> dict[str, Any]:
    policy, standing = policy_form.shown(config), limits.standing(config)
    return {
        "crumbs": [{"label": "Settings"}, {"label": "AI"}, {"label": "Policy"}],
        "may_edit": may(request.user, "save provider keys and settings"),
        "policy": policy,
        "texts": {
            name: json.dumps(policy[name], indent=2) if policy[name] else "" for name in policy_form.OBJECTS
        },
        "troubles": [asdict(trouble) for trouble in TROUBLES],
        "today_usd": f"{standing.today_usd:.2f}",
        "month_usd": f"{standing.month_usd:.2f}",
        "notes": [],
        "errors": {},
        "values": {},
    }
