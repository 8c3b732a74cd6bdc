"""The usage and caps answers as OpenAPI describes them. Money is a decimal string in US dollars."""

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from providers.usage.calls import LARGEST_PAGE, PAGE_SIZE
from providers.usage.question import GROUPS, RANGES, STATUSES


def _query(name: str, text: str, **more: object) -> OpenApiParameter:
    return OpenApiParameter(name, str, OpenApiParameter.QUERY, description=text, **more)  # type: ignore[arg-type]


QUESTION = [
    _query("range", "Days, today included; 30d without it", enum=list(RANGES)),
    _query("from", "First day, such as 2026-11-01"),
    _query("to", "Last day, included"),
    _query("zone", "Whose days, such as Europe/Stockholm; UTC without it. Caps are always by UTC day"),
    _query("group", "What the groups and series are; provider without it", enum=list(GROUPS)),
    _query("provider", "Slug"),
    _query("model", "Exact name"),
    _query("user", "Username; `#7` for a user who is gone"),
    _query("session", "Id of a session or conversation"),
    _query("operation", "Exact name, such as senate.propose"),
    _query("service", "Id of a service"),
    _query("status", "Only such calls", enum=list(STATUSES)),
]
PAGED = [
    _query("after", "`next` of the page before; the newest calls without it"),
    _query("page_size", f"1 to {LARGEST_PAGE}; {PAGE_SIZE} without it"),
]


class RangeSerializer(serializers.Serializer):
    name = serializers.ChoiceField(choices=list(RANGES))
    label = serializers.CharField()
    to = serializers.DateField()
    days = serializers.IntegerField()
    zone = serializers.CharField()

    def get_fields(self) -> dict[str, serializers.Field]:
        """`from` is a word of Python, so it can't be declared above."""
        return {**super().get_fields(), "from": serializers.DateField()}


class FiguresSerializer(serializers.Serializer):
    spend_usd = serializers.CharField()
    estimated_usd = serializers.CharField(help_text="The part of the spend whose usage was counted here")
    calls = serializers.IntegerField()
    failed = serializers.IntegerField()
    fallbacks = serializers.IntegerField()
    input_tokens = serializers.IntegerField()
    output_tokens = serializers.IntegerField()
    total_tokens = serializers.IntegerField()
    cached_input_tokens = serializers.IntegerField()
    cache_write_tokens = serializers.IntegerField()
    reasoning_tokens = serializers.IntegerField()
    limited = serializers.IntegerField(help_text="Refused by the provider's rate limit")
    failed_percent = serializers.CharField(allow_null=True)
    limited_percent = serializers.CharField(allow_null=True)
    fallback_percent = serializers.CharField(allow_null=True)
    cached_percent = serializers.CharField(allow_null=True)
    p50_ms = serializers.IntegerField(allow_null=True, help_text="Times are to within a quarter")
    p95_ms = serializers.IntegerField(allow_null=True)
    p99_ms = serializers.IntegerField(allow_null=True)


class GroupSerializer(FiguresSerializer):
    key = serializers.CharField()
    label = serializers.CharField()
    filters = serializers.DictField(child=serializers.CharField())
    slot = serializers.IntegerField(help_text="Series colour 1 to 7; 0 is other")
    share_percent = serializers.CharField(allow_null=True)


class OtherSerializer(FiguresSerializer):
    groups = serializers.IntegerField(allow_null=True, help_text="Null: too many to count")
    share_percent = serializers.CharField(allow_null=True)


class SeriesSerializer(serializers.Serializer):
    key = serializers.CharField()
    label = serializers.CharField()
    slot = serializers.IntegerField()
    spend_usd = serializers.CharField()


class DaySerializer(serializers.Serializer):
    day = serializers.DateField()
    today = serializers.BooleanField()
    spend_usd = serializers.CharField()
    calls = serializers.IntegerField()
    failed = serializers.IntegerField()
    series = serializers.ListField(child=serializers.CharField(), help_text="Dollars in the order of `series`")


class BeforeSerializer(serializers.Serializer):
    to = serializers.DateField()
    spend_usd = serializers.CharField()
    change_percent = serializers.CharField(allow_null=True)

    def get_fields(self) -> dict[str, serializers.Field]:
        return {**super().get_fields(), "from": serializers.DateField()}


class MonthSerializer(serializers.Serializer):
    label = serializers.CharField()
    spend_usd = serializers.CharField()
    last_label = serializers.CharField()
    last_usd = serializers.CharField()


class ProjectionSerializer(serializers.Serializer):
    """Where the month will end, from the days of the last four weeks."""

    spend_usd = serializers.CharField()
    least_usd = serializers.CharField()
    most_usd = serializers.CharField()


class SummarySerializer(serializers.Serializer):
    range = RangeSerializer()
    group = serializers.ChoiceField(choices=list(GROUPS))
    filters = serializers.DictField(child=serializers.CharField())
    whose = serializers.ChoiceField(choices=["everyone", "own"])
    totals = FiguresSerializer()
    before = BeforeSerializer()
    month = MonthSerializer()
    projection = ProjectionSerializer(allow_null=True)
    groups = GroupSerializer(many=True)
    other = OtherSerializer(allow_null=True)
    series = SeriesSerializer(many=True)
    days = DaySerializer(many=True)
    refused = serializers.IntegerField(
        allow_null=True, help_text="Over a cap or budget, by UTC day; null where a filter can't tell"
    )


class SpentSerializer(serializers.Serializer):
    spend_usd = serializers.CharField()
    calls = serializers.IntegerField()


class MatrixModelSerializer(serializers.Serializer):
    key = serializers.CharField(help_text="Empty for all others")
    label = serializers.CharField()
    filters = serializers.DictField(child=serializers.CharField())


class MatrixCellSerializer(SpentSerializer):
    filters = serializers.DictField(child=serializers.CharField())


class MatrixRowSerializer(MatrixModelSerializer, SpentSerializer):
    cells = MatrixCellSerializer(many=True, help_text="In the order of `models`")


class MatrixSerializer(serializers.Serializer):
    range = RangeSerializer()
    filters = serializers.DictField(child=serializers.CharField())
    models = MatrixModelSerializer(many=True)
    rows = MatrixRowSerializer(many=True)
    totals = SpentSerializer(many=True)
    total = SpentSerializer()


class FindingFigureSerializer(serializers.Serializer):
    label = serializers.CharField()
    value = serializers.CharField()


class FindingSerializer(serializers.Serializer):
    kind = serializers.CharField(help_text="cheaper_model, dear_fallback, asked_again, idle_vote")
    title = serializers.CharField()
    text = serializers.CharField()
    saves_usd = serializers.CharField(allow_null=True, help_text="Over the range")
    figures = FindingFigureSerializer(many=True)
    filters = serializers.DictField(child=serializers.CharField(), help_text="Of the rows behind it")
    url = serializers.CharField()


class AdviceSerializer(serializers.Serializer):
    range = RangeSerializer()
    filters = serializers.DictField(child=serializers.CharField())
    findings = FindingSerializer(many=True)
    looked_at = serializers.IntegerField(allow_null=True, help_text="Calls, where nothing was found")


class CallSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    created_at = serializers.DateTimeField()
    user = serializers.CharField()
    session_id = serializers.CharField()
    operation = serializers.CharField()
    provider = serializers.CharField()
    provider_name = serializers.CharField()
    model = serializers.CharField()
    model_version = serializers.CharField()
    input_tokens = serializers.IntegerField()
    output_tokens = serializers.IntegerField()
    total_tokens = serializers.IntegerField()
    cached_input_tokens = serializers.IntegerField()
    cache_write_tokens = serializers.IntegerField()
    reasoning_tokens = serializers.IntegerField()
    usage_source = serializers.ChoiceField(choices=["reported", "estimated", "interrupted", "unknown"])
    estimated_cost_usd = serializers.CharField(help_text="Worst case, as reserved before the call")
    actual_cost_usd = serializers.CharField()
    price_source = serializers.CharField()
    processing_time_ms = serializers.IntegerField()
    first_token_ms = serializers.IntegerField(allow_null=True)
    retry_count = serializers.IntegerField()
    success = serializers.BooleanField()
    error_code = serializers.CharField()
    error_message = serializers.CharField()
    used_fallback = serializers.BooleanField()
    prompt_hash = serializers.CharField()


class CallPageSerializer(serializers.Serializer):
    range = RangeSerializer()
    filters = serializers.DictField(child=serializers.CharField())
    rows = CallSerializer(many=True)
    page_size = serializers.IntegerField()
    total = serializers.IntegerField()
    first = serializers.IntegerField()
    last = serializers.IntegerField()
    next = serializers.CharField(help_text="For `after`; empty on the last page")
    newest_url = serializers.CharField()
    next_url = serializers.CharField()
