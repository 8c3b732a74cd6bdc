"""The Senate's settings: mode, size, and who sits."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from providers import serializers
from providers.access.roles import may
from providers.configuration import configure
from providers.configuration.directory import Directory
from providers.exceptions import AIServiceError, InvalidInput
from providers.models.settings import MODES
from providers.views.answers import fields_of, keep_for_next_page, wants_page, way_back

PAGE = "providers/committee.html"
MODE_WORDS = {
    "auto": ("Auto", "One provider answers alone, two review each other, three or more deliberate."),
    "solo": ("Solo", "The first seat answers alone: one call."),
    "code-review": (
        "Code review",
        "Two members answer, then each reviews the other's answer: four calls, both reviews are shown.",
    ),
    "senate": ("Senate", "All seats propose, review each other without names, and one chairs."),
}


@extend_schema(exclude=True)
class Committee(APIView):
    def get(self, request: Request) -> Response:
        return Response(page(request, Directory()), template_name=PAGE)

    def post(self, request: Request) -> Response:
        checked = serializers.Committee(data=fields_of(request))
        checked.is_valid(raise_exception=True)
        values = dict(checked.validated_data)
        saved = configure.save_committee(**values)
        if wants_page(request):
            keep_for_next_page(request, list(saved.notes))
        data = {**page(request, saved.directory), "notes": [note.as_dict() for note in saved.notes]}
        return Response(data, template_name=PAGE, headers=way_back(request, "providers:committee"))


def page(request: Request, directory: Directory) -> dict[str, Any]:
    saved = directory.saved
    return {
        "crumbs": [{"label": "Settings"}, {"label": "AI"}, {"label": "Senate"}],
        "may_edit": may(request.user, "save provider keys and settings"),
        "mode": saved.mode,
        "modes": [{"value": mode, "label": MODE_WORDS[mode][0], "text": MODE_WORDS[mode][1]} for mode in MODES],
        "senate_enabled": saved.senate_enabled,
        "senate_max_members": saved.senate_max_members,
        "seats": "\n".join(saved.seats),
        "by_hand": bool(saved.seats),
        **_sitting(directory),
        "examples": _examples(directory),
        "notes": [],
        "errors": {},
        "values": {},
    }


def _sitting(directory: Directory) -> dict[str, Any]:
    """Who sits now, or the sentence why nobody can."""
    try:
        members = [seat.as_dict() for seat in directory.members()]
    except (AIServiceError, InvalidInput) as error:
        return {"members": [], "nobody": error.message}
    return {"members": members, "nobody": ""}


def _examples(directory: Directory) -> list[str]:
    """Lines that would be taken, to choose from."""
    able = [entry for entry in directory.configured() if entry.row.member and entry.model]
    names = [f"{entry.row.slug}/{entry.model}" for entry in able]
    return names + directory.mock_names()
