"""Whom a tool's permission lets, and which permissions are refused when it is registered."""

import pytest
from django.contrib.auth.models import AnonymousUser, Permission

from providers.exceptions import InvalidInput, NotAllowed
from providers.tools import ToolRegistry, tool


@pytest.fixture(autouse=True)
def registry(monkeypatch):
    monkeypatch.setattr(ToolRegistry, "_tools", {})


@pytest.fixture
def ran() -> list[int]:
    """Once for each time that the tool ran."""
    return []


MAY = {
    "public": {"mara", "ivo", "ana", "lee", "nobody", "gone", None},
    "authenticated": {"mara", "ivo", "ana", "lee"},
    "engineer": {"mara", "ivo"},
    "admin": {"mara"},
    "providers.view_aiusagelog": {"mara", "lee"},
}


@pytest.mark.parametrize("permission", MAY)
def test_a_permission_lets_whom_it_says(people, ran, permission) -> None:
    people["lee"].user_permissions.add(Permission.objects.get(codename="view_aiusagelog"))
    people["mara"].is_superuser = True
    gone = type(people["ivo"])(username="gone", is_active=False)
    crowd = {**{name: people[name] for name in ("mara", "ivo", "ana", "lee")}, "gone": gone}
    crowd |= {"nobody": AnonymousUser(), None: None}

    @tool(name="act", permission=permission)
    def act() -> str:
        ran.append(1)
        return "done"

    for name, user in crowd.items():
        before = len(ran)
        assert bool(ToolRegistry.get_openai_tools(user)) is (name in MAY[permission]), name
        if name in MAY[permission]:
            assert ToolRegistry.execute_tool("act", {}, user=user) == "done"
        else:
            with pytest.raises(NotAllowed):
                ToolRegistry.execute_tool("act", {}, user=user)
            assert len(ran) == before


@pytest.mark.parametrize(
    "permission", ["", "everyone", "Engineer", "providers.fly", "nowhere.view_it", "providers.", None, 5]
)
def test_anything_else_is_refused_at_registration(permission) -> None:
    with pytest.raises(InvalidInput, match="is no permission"):
        tool(name="act", permission=permission)(lambda: 1)
    assert ToolRegistry.get_openai_tools() == []
