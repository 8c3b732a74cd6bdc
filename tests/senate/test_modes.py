"""Who sits, what a mode comes to, and that a Senate that is switched off is off on every surface."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from providers.access.identity import make_token
from providers.models import AIProviderSettings
from senate import chat
from senate.models import SenateSession
from tests.senate.test_chat import QUESTION

pytestmark = pytest.mark.django_db(transaction=True)
OFF = "The Senate is switched off on this site"


def keyed(**fields):
    row = AIProviderSettings.get_solo()
    for name, value in fields.items():
        setattr(row, name, value)
    row.save()
    return row


def names(offer):
    return [f"{seat['provider']}/{seat['model']}" for seat in offer["members"]]


def test_the_first_configured_providers_sit_in_the_admins_order_and_jules_never_does(asker):
    keys = {f"{slug}_api_key": "sk-x" for slug in ("openai", "claude", "mistral", "gemini", "deepseek", "groq")}
    keyed(**keys, jules_api_key="j", order=["jules", "mistral", "claude"])
    offer = chat.quote(asker, QUESTION)
    assert len(offer["members"]) == 5
    assert [seat["provider"] for seat in offer["members"]][:2] == ["mistral", "claude"]
    assert "jules" not in {seat["provider"] for seat in offer["members"]}
    keyed(senate_max_members=3)
    assert len(chat.quote(asker, QUESTION)["members"]) == 3
    with pytest.raises(Exception, match="no chat model"):
        chat.quote(asker, QUESTION, members=["jules"])


def test_one_key_seats_five_by_explicit_seats(asker, upstream):
    seats = [f"local/fake-{n}" for n in "abcde"]
    keyed(local_base_url=upstream.openai_url, local_api_key="sk-local", seats=seats)
    offer = chat.quote(asker, QUESTION)
    assert (offer["plan"], names(offer)) == ("senate", seats)
    assert len({seat["slot"] for seat in offer["members"]}) == 5
    few = chat.quote(asker, QUESTION, members=["local/fake-x", "local/fake-y"])
    assert (few["plan"], names(few)) == ("code-review", ["local/fake-x", "local/fake-y"])


def test_mock_sits_only_by_hand_or_where_nobody_else_is(asker, upstream, settings):
    settings.AI_ALLOW_MOCK = True
    assert {seat["provider"] for seat in chat.quote(asker, QUESTION)["members"]} == {"mock"}
    keyed(local_base_url=upstream.openai_url, local_api_key="sk-local", local_model="fake-a")
    assert names(chat.quote(asker, QUESTION)) == ["local/fake-a"]
    keyed(seats=["local/fake-a", "mock/mock-optimist", "mock/mock-sceptic"])
    assert names(chat.quote(asker, QUESTION))[1:] == ["mock/mock-optimist", "mock/mock-sceptic"]


@pytest.mark.parametrize(
    "seats, plan, why",
    [
        (1, "solo", "One member can sit"),
        (2, "code-review", "Two members can sit"),
        (3, "senate", "3 members can sit"),
    ],
)
def test_auto_follows_the_number_of_members_and_the_providers_page_says_so(
    asker, committee, client, people, seats, plan, why
):
    committee(*[f"fake-{n}" for n in "abc"[:seats]])
    assert chat.quote(asker, QUESTION)["plan"] == plan
    client.force_login(people["mara"])
    for path in ("/providers/", "/providers/senate/"):
        page = client.get(path).content.decode()
        assert why in page and f"{seats} member{'s' if seats > 1 else ''}, {[1, 4, 7][seats - 1]} call" in page


def test_a_site_mode_holds_for_auto_and_a_question_may_say_otherwise(asker, committee):
    keyed(mode="code-review")
    assert chat.quote(asker, QUESTION)["plan"] == "code-review"
    assert chat.quote(asker, QUESTION, "senate")["plan"] == "senate"
    keyed(mode="solo")
    assert chat.quote(asker, QUESTION)["plan"] == "solo"


def test_switched_off_it_is_solo_or_a_sentence_on_every_surface(asker, committee, client, people, work):
    asked = work(chat.start(asker, question=QUESTION))
    keyed(senate_enabled=False)
    client.force_login(asker)
    api = "/api/v1/senate/sessions/"
    headers = {"HTTP_AUTHORIZATION": f"Token {make_token(asker, 't')[1]}"}

    def post(path, body):
        return client.post(path, json.dumps(body), content_type="application/json", **headers)

    for mode in ("senate", "code-review"):
        refused = post(api, {"question": QUESTION, "mode": mode})
        assert refused.status_code == 400 and OFF in refused.json()["error"]["message"]
        assert OFF in client.post("/senate/", {"question": QUESTION, "mode": mode}).content.decode()
        estimate = post(
            "/api/v1/ai/cost-estimate/", {"model": mode, "messages": [{"role": "user", "content": "x"}]}
        )
        assert estimate.status_code == 400 and OFF in estimate.json()["error"]["message"]
        with pytest.raises(CommandError, match=OFF):
            call_command("ask", QUESTION, user="ivo", mode=mode, stdout=io.StringIO())
    before = SenateSession.objects.count()
    assert post(api, {"question": QUESTION}).json()["quote"]["plan"] == "solo"
    assert (
        post(api, {"question": QUESTION, "members": ["local/fake-a", "local/fake-b"]}).json()["quote"]["plan"]
        == "solo"
    )
    assert post(f"{api}{asked.pk}/again/", {}).json()["quote"]["plan"] == "solo"
    assert SenateSession.objects.count() == before + 3
    client.force_login(people["mara"])
    assert "switched off on this site, so this is solo" in client.get("/providers/senate/").content.decode()


def test_the_chat_endpoints_are_solo_too_where_it_is_off(asker, committee):
    from providers.configuration.directory import Directory
    from senate.lane.answers import choose

    keyed(senate_enabled=False)
    assert choose("auto", Directory())[0] == "solo"
    with pytest.raises(Exception, match=OFF):
        choose("senate", Directory())
