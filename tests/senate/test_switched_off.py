"""AI switched off by an admin: every surface that would call a model refuses with 503 `ai_disabled`."""

import httpx
import pytest

from providers.access.identity import make_token
from providers.configuration.explicit import ExplicitConnection
from providers.exceptions import AIDisabled
from providers.models import AIAnalysis, AIServiceConfig, AIUsageLog, Reservation
from providers.service import AIService

ASK = {"messages": [{"role": "user", "content": "Why?"}]}
BODIES = {
    "/api/v1/ai/chat/completions": ASK,
    "/api/v1/ai/chat/completions/": {**ASK, "model": "senate"},
    "/api/v1/ai/chat/stream/": ASK,
    "/api/v1/senate/sessions/": {"question": "Why?"},
}


@pytest.fixture
def off(committee, everyone):
    AIServiceConfig(is_enabled=False).save()


def test_switched_off_every_surface_says_so_with_503(site, off, everyone, upstream) -> None:
    headers = {"Authorization": f"Bearer {make_token(everyone['ivo'], 'tests')[1]}"}
    with httpx.Client(base_url=site.url, headers=headers, timeout=20) as http:
        for path, body in BODIES.items():
            answer = http.post(path, json=body)
            assert (answer.status_code, answer.json()["error"]["code"]) == (503, "ai_disabled"), path
        price = http.post("/api/v1/ai/cost-estimate/", json=ASK).json()
        assert (price["allowed"], "switched off" in price["reason"]) == (False, True)
    service = AIService(user=everyone["ivo"])
    own = ExplicitConnection("openai", key="sk-brought-0123456789", base_url=upstream.openai_url)
    with pytest.raises(AIDisabled):
        service.chat(ASK["messages"])
    with pytest.raises(AIDisabled):
        service.chat(ASK["messages"], connection=own, model="gpt-5.1")
    with pytest.raises(AIDisabled):
        service.analyze_object(everyone["lee"], "summary", "Who?")
    assert upstream.calls == []
    assert not AIUsageLog.objects.exists()
    assert not Reservation.objects.filter(closed_at=None).exists()
    assert not AIAnalysis.objects.exclude(state="failed").exists()


def test_switched_off_the_page_says_so_in_the_box(client, off, everyone, upstream) -> None:
    client.force_login(everyone["ivo"])
    answer = client.post("/senate/", {"question": "Why?"})
    assert answer.status_code == 503
    assert "AI is switched off on this site." in answer.content.decode()
    assert upstream.calls == []
