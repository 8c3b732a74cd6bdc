"""What the pages' forms and the JSON API may say, and what they answer. Unknown fields are refused."""

from rest_framework import serializers

from providers.serializers import Strict
from senate.chat import VISIBILITIES
from senate.engine.plan import MODES, MOST_MEMBERS


class Ask(Strict):
    """A question to put. `members`: names such as `openai` or `openai/gpt-…`; none means the site's committee."""

    question = serializers.CharField(
        max_length=400_000,
        error_messages={
            "blank": "Write a question.",
            "required": "Write a question.",
            "null": "Write a question.",
        },
    )
    mode = serializers.ChoiceField(MODES, default="auto")
    members = serializers.ListField(
        child=serializers.CharField(max_length=300), max_length=MOST_MEMBERS, required=False, default=list
    )
    visibility = serializers.ChoiceField(VISIBILITIES, default="team")
    follows = serializers.IntegerField(
        min_value=1,
        max_value=10**18,
        required=False,
        allow_null=True,
        default=None,
        help_text="A session whose question and answer go before this question.",
    )
    idempotency_key = serializers.CharField(
        max_length=255, required=False, default="", help_text="For forms; API clients send the header."
    )


class Share(Strict):
    visibility = serializers.ChoiceField(VISIBILITIES)


class Shared(serializers.Serializer):
    id = serializers.IntegerField()
    visibility = serializers.CharField()


class Draft(Ask):
    """The same form while it is still written: an empty question is no error, it has no price yet."""

    question = serializers.CharField(max_length=400_000, allow_blank=True, default="")


class Nothing(Strict):
    """A POST without fields."""


class EventQuery(Strict):
    after = serializers.IntegerField(min_value=0, max_value=999_999_999, default=0)
    limit = serializers.IntegerField(min_value=1, max_value=1_000, default=500)


class AtQuery(serializers.Serializer):
    at = serializers.IntegerField(
        min_value=0, allow_null=True, default=None, help_text="The session as it was right after this event."
    )


class ListQuery(serializers.Serializer):
    """The list's address. Other parameters belong to the box."""

    tab = serializers.ChoiceField(["mine", "team", "running"], default="mine")
    q = serializers.CharField(max_length=200, allow_blank=True, default="")
    page = serializers.IntegerField(min_value=1, max_value=100_000, default=1)


class Event(serializers.Serializer):
    """One fact of a session; see `GET …/events/`."""

    n = serializers.IntegerField()
    at = serializers.DateTimeField()
    type = serializers.CharField()
    phase = serializers.CharField(allow_blank=True)
    member = serializers.IntegerField(allow_null=True)
    data = serializers.DictField()


class Events(serializers.Serializer):
    events = Event(many=True)
    last_n = serializers.IntegerField()
    more = serializers.BooleanField(help_text="Ask again with after=last_n.")
    open = serializers.BooleanField(help_text="False: the session has ended and nothing more will come.")


class Asked(serializers.Serializer):
    id = serializers.IntegerField()
    url = serializers.CharField()
    quote = serializers.DictField()


class Cancelled(serializers.Serializer):
    id = serializers.IntegerField()
    state = serializers.CharField()


class SessionRow(serializers.Serializer):
    id = serializers.IntegerField()
    url = serializers.CharField()
    question = serializers.CharField()
    mode = serializers.CharField()
    plan = serializers.CharField()
    state = serializers.CharField()
    phase = serializers.CharField(allow_blank=True)
    owner = serializers.CharField()
    visibility = serializers.CharField()
    members = serializers.IntegerField()
    answered = serializers.IntegerField()
    spent_usd = serializers.DecimalField(30, 12)
    created_at = serializers.DateTimeField()


class SessionPage(serializers.Serializer):
    results = SessionRow(many=True)
    count = serializers.IntegerField()
    page = serializers.IntegerField()
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
