"""An agent of ivo's, tools to try, and what they were called with."""

from typing import Annotated, Any

import pytest
from pydantic import Field

from intelligence.agents.gate import Caller
from intelligence.models import Agent, Service
from providers.exceptions import InvalidInput
from providers.rates import throttles
from providers.tools import Preview, ToolRegistry, tool


@pytest.fixture(autouse=True)
def uncounted():
    """No rate is used up by another test."""
    throttles.limiter().storage.reset()


@pytest.fixture
def ran() -> list[Any]:
    """What the tools were called with."""
    return []


@pytest.fixture
def agent(everyone) -> Agent:
    return Agent.objects.create(name="nightwatch", owner=everyone["ivo"], scopes="read write destructive")


@pytest.fixture
def caller(agent) -> Caller:
    return Caller(agent.pk, agent.owner_id, frozenset({"read", "write", "destructive"}), jti="j-1")


@pytest.fixture
def tools(monkeypatch, ran):
    """`look` reads, `note` writes without approval, `mark` writes rows, `wipe` destroys; all tell `ran`."""
    monkeypatch.setattr(ToolRegistry, "_tools", {})

    @tool(scopes=("things:read",))
    def look(name: Annotated[str, Field(max_length=20)], user: Any) -> dict[str, Any]:
        """Looks at something."""
        ran.append(("look", name, user.username))
        return {"seen": name}

    @tool(risk="write", scopes=("things:write",), approval=False)
    async def note(text: str) -> dict[str, Any]:
        """Notes something."""
        ran.append(("note", text))
        return {"noted": text}

    def preview(service: str, user: Any) -> Preview:
        one = Service.objects.filter(name=service).first()
        if one is None:
            raise InvalidInput("There is no such service.")
        about = {"pk": str(one.pk), "branch": one.default_branch}
        return Preview(f"Mark {service}", service, about, [["Service", service]], [["mark", "no", "yes"]])

    @tool(permission="engineer", risk="write", scopes=("things:write",), preview=preview)
    def mark(service: str, user: Any) -> dict[str, Any]:
        """Marks a service."""
        ran.append(("mark", service, user.username))
        Service.objects.filter(name=service).update(host="marked"[:12])
        return {"marked": service}

    @tool(permission="engineer", risk="destructive", preview=preview)
    def wipe(service: str, user: Any) -> dict[str, Any]:
        """Wipes a service."""
        ran.append(("wipe", service))
        return {"wiped": service}

    return {"look": look, "note": note, "mark": mark, "wipe": wipe}


@pytest.fixture
def service(everyone) -> Service:
    return Service.objects.create(name="checkout-api", owner=everyone["ivo"])


@pytest.fixture(autouse=True)
def tried(monkeypatch, tmp_path):
    """The sandbox counts as tried: its own test tries it for real."""
    from intelligence.agents import trial
    from intelligence.agents.self_test import Check

    async def passed():
        return [Check("sandbox", True, "tried elsewhere")]

    monkeypatch.setattr(trial, "self_test", passed)
    monkeypatch.setattr(trial, "place", lambda: tmp_path / "trial.json")
