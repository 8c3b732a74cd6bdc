"""What is left on one provider's account: the part of the Keys page that is loaded after it."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from providers.access.roles import may
from providers.configuration import balance, board
from providers.configuration.directory import Directory
from providers.exceptions import InvalidInput
from providers.views.answers import which

UNSEEN = {"amount": None, "currency": None, "text": "", "as_of": None}
YES, NO = {"1", "true", "yes", "on"}, {"", "0", "false", "no", "off"}


@extend_schema(exclude=True)
class Balance(APIView):
    """GET: `provider`. Asks the provider, unless it was asked just now."""

    def get(self, request: Request) -> Response:
        slug = which(request.query_params.get("provider"))
        directory = Directory()
        balance.ask(directory, [slug])
        entry = directory.entries[slug]
        row = {"slug": slug, "name": entry.row.name, "balance": board.balance_of(directory, entry)}
        crumbs = [{"label": "Settings"}, {"label": "AI"}, {"label": "Providers", "url": "/providers/"}]
        return Response({"row": row, "sees_spend": True, "crumbs": crumbs}, template_name="providers/balance.html")


def asked_for(request: Request, directory: Directory) -> dict[str, Any] | None:
    """slug -> balance where `?include_balance=true`; None where it is not asked for."""
    said = request.query_params.get("include_balance", "").lower()
    if said not in YES | NO:
        raise InvalidInput("include_balance is true or false.", param="include_balance")
    if said in NO:
        return None
    able = [entry.row.slug for entry in directory.entries.values() if balance.told_by(entry)]
    if not may(request.user, "see everyone's usage"):
        return {slug: {**UNSEEN, "error": "Balances are shown to admins and managers."} for slug in able}
    return {slug: found.as_dict() for slug, found in balance.ask(directory, able).items()}
