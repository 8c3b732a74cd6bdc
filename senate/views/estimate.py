"""`POST /api/v1/ai/cost-estimate/`: what a chat request would cost, before it is made."""

from decimal import ROUND_CEILING, Decimal
from functools import partial
from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from senate import offer
from senate.lane.chat_request import conversation, equipped, model_for, parse

PLACES = 12


class CostEstimate(serializers.Serializer):
    mode = serializers.CharField()
    calls = serializers.IntegerField(help_text="upstream calls when nothing fails")
    input_tokens = serializers.IntegerField(help_text="at most")
    max_output_tokens = serializers.IntegerField()
    expected_cost_usd = serializers.DecimalField(max_digits=20, decimal_places=PLACES)
    max_cost_usd = serializers.DecimalField(max_digits=20, decimal_places=PLACES)
    price_source = serializers.CharField()
    allowed = serializers.BooleanField()
    reason = serializers.CharField(help_text="why it would be refused; empty where it is allowed")


class Estimate(APIView):
    @extend_schema(
        summary="What a chat request would cost",
        description="Takes the body of chat/completions. Nothing is called and nothing is stored.",
        request=dict[str, Any],
        responses=CostEstimate,
    )
    def post(self, request: Request) -> Response:
        asked = parse(request.body)
        said = conversation(asked, settings.AI_MAX_INPUT_CHARS)
        equip = partial(equipped, request=asked) if asked.needs_one else None
        figures = offer.priced_request(request.user, model_for(asked), said, asked.output_tokens(), equip=equip)
        return Response(as_text(figures))


def as_text(figures: dict[str, Any]) -> dict[str, Any]:
    """Money as exact text, to the pico-dollar; what was divided to get an estimate is rounded up to it."""
    return {name: _money(value) if isinstance(value, Decimal) else value for name, value in figures.items()}


def _money(value: Decimal) -> str:
    longer = int(value.as_tuple().exponent) < -PLACES
    return f"{value.quantize(Decimal(10) ** -PLACES, ROUND_CEILING) if longer else value:f}"
