"""What a group is called, and which series colour it has."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth import get_user_model

from providers.catalog import CATALOG, EXTRA
from providers.models import AIProviderSettings
from providers.usage.scope import user_key, user_label

SLOTS = range(1, 8)
PROVIDERS = {row.slug: row.name for row in (*CATALOG, *EXTRA)}


def provider_name(slug: str) -> str:
    """The short name of a provider: `Claude`, not `Claude (Anthropic)`; an unknown slug is its own name."""
    return PROVIDERS.get(slug, slug).partition(" (")[0]


def model_label(provider: str, model: str) -> str:
    """`gpt-6-luna (OpenAI)`."""
    return f"{model or 'unnamed model'} ({provider_name(provider)})"


def usernames(keys: list[int | None]) -> dict[int, str]:
    users = get_user_model().objects.filter(pk__in=[key for key in keys if key is not None])
    return dict(users.values_list("pk", "username"))


ServiceNames = Callable[[list[str]], dict[str, str]]
_service_names: list[ServiceNames] = []


def name_services(names_of: ServiceNames) -> None:
    """Registers what tells the names of services by id; they live on a higher floor."""
    if names_of not in _service_names:
        _service_names.append(names_of)


def service_names(keys: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for names_of in _service_names:
        found.update(names_of(keys))
    return found


class Names:
    """Names for the groups of one answer, read with at most one query.

    A provider keeps the colour that its row has; whoever has none takes the next free one.
    """

    def __init__(self, group: str, keys: list[tuple[Any, ...]]) -> None:
        self.group = group
        self.users = usernames([key[0] for key in keys]) if group == "user" else {}
        self.services = service_names([key[0] for key in keys if key[0]]) if group == "service" else {}
        self.saved = _saved_slots() if group == "provider" else {}
        fixed = {slot for key in keys if (slot := self.saved.get(key[0]))} if group == "provider" else set()
        self.free = [slot for slot in SLOTS if slot not in fixed]

    def of(self, key: tuple[Any, ...], in_chart: bool) -> dict[str, Any]:
        """`key` and `label`, `filters` that select exactly this group (empty where none can), and `slot`."""
        named = self._named(key)
        return {**named, "slot": self._slot(key) if in_chart else 0}

    def _slot(self, key: tuple[Any, ...]) -> int:
        saved = self.saved.get(key[0], 0)
        return saved or (self.free.pop(0) if self.free else 0)

    def _named(self, key: tuple[Any, ...]) -> dict[str, Any]:
        match self.group:
            case "provider":
                return _entry(key[0], provider_name(key[0]), provider=key[0])
            case "model":
                label = model_label(key[0], key[1])
                return _entry(f"{key[0]}/{key[1]}", label, provider=key[0], model=key[1])
            case "user":
                name = self.users.get(key[0])
                return _entry(user_key(key[0], name), user_label(key[0], name), user=user_key(key[0], name))
            case "service":
                label = self.services.get(key[0], key[0]) or "No service"
                return _entry(key[0], label, service=key[0])
            case "session":
                label = key[0][:8] if key[0] else "No session"
                return _entry(key[0], label, session=key[0])
        return _entry(key[0], key[0], **{self.group: key[0]})


def _entry(key: str, label: str, **filters: str) -> dict[str, Any]:
    return {"key": key, "label": label, "filters": filters if all(filters.values()) else {}}


def _saved_slots() -> dict[str, int]:
    saved = AIProviderSettings.objects.filter(pk=1).values_list("colour_slots", flat=True).first() or {}
    return {slug: int(slot) for slug, slot in saved.items() if int(slot) in SLOTS}
