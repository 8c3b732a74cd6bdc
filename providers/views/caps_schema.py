"""What the API's description says of caps and budgets."""

from rest_framework import serializers


class CapSerializer(serializers.Serializer):
    username = serializers.CharField()
    name = serializers.CharField()
    daily_cost_cap_usd = serializers.CharField()
    used_usd = serializers.CharField()
    reserved_usd = serializers.CharField()
    left_usd = serializers.CharField()
    daily_token_cap = serializers.IntegerField()
    used_tokens = serializers.IntegerField()
    reserved_tokens = serializers.IntegerField()
    left_tokens = serializers.IntegerField()
    usual_cost_cap_usd = serializers.CharField(help_text="What holds again after a temporary cap")
    usual_token_cap = serializers.IntegerField()
    temporary_until = serializers.DateTimeField(allow_null=True)
    resets_at = serializers.DateTimeField()
    resets_in_s = serializers.IntegerField()


class DefaultCapSerializer(serializers.Serializer):
    daily_cost_cap_usd = serializers.CharField()
    daily_token_cap = serializers.IntegerField()


class BudgetSerializer(serializers.Serializer):
    period = serializers.ChoiceField(choices=["day", "month"])
    used_usd = serializers.CharField()
    reserved_usd = serializers.CharField()
    limit_usd = serializers.CharField()
    left_usd = serializers.CharField()
    used_percent = serializers.CharField()
    resets_at = serializers.DateTimeField()
    pauses = serializers.BooleanField(help_text="Calls stop at the limit; else it only warns")


class CapChangedSerializer(serializers.Serializer):
    number = serializers.IntegerField(help_text="Of the audit entry")
    at = serializers.DateTimeField()
    by = serializers.CharField()
    surface = serializers.CharField(help_text="page, api, shell or worker")
    about = serializers.CharField()
    verb = serializers.CharField()
    to = serializers.CharField()
    reason = serializers.CharField()


class RefusalSerializer(serializers.Serializer):
    by = serializers.CharField()
    code = serializers.CharField(help_text="That of the error")
    why = serializers.CharField()
    times = serializers.IntegerField()
    last_at = serializers.DateTimeField()


class CapListSerializer(serializers.Serializer):
    caps = CapSerializer(many=True)
    default = DefaultCapSerializer()
    budgets = BudgetSerializer(many=True, help_text="The site's, for managers and admins")
    history = CapChangedSerializer(many=True)
    refused = RefusalSerializer(many=True, help_text="Over a cap or budget in the last 7 UTC days")
    zone = serializers.CharField()


class BudgetChangeSerializer(serializers.Serializer):
    """Describes the body only; `providers.money.budgets.change` decides what can be used."""

    daily_cost_limit_usd = serializers.CharField(required=False)
    monthly_cost_limit_usd = serializers.CharField(required=False)
    pause_on_budget_exceeded = serializers.BooleanField(required=False, help_text="Calls stop at the limit")
    reason = serializers.CharField(help_text="Why it changes; kept for others to read")


class CapChangeSerializer(serializers.Serializer):
    """Describes the body only; `providers.money.caps.change` decides what can be used."""

    daily_cost_cap_usd = serializers.CharField(required=False, help_text="Dollars, such as 15.00")
    daily_token_cap = serializers.IntegerField(required=False)
    until = serializers.CharField(
        required=False, help_text="`good` (the default), `tonight`, `week`, or a moment with its zone"
    )
    reason = serializers.CharField(help_text="Why it changes; kept for others to read")
