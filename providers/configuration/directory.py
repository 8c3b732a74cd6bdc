"""Which providers can be called, in which order, and with what: one view of the settings row and the environment.

Plain sync functions with one query. Keys stay inside: what leaves for pages is `configured` and `source`.
"""

from dataclasses import asdict, dataclass, replace
from typing import Any

from django.conf import settings

from providers.catalog import CATALOG, EXTRA, Provider, provider
from providers.exceptions import InvalidInput, NotConfigured, OutboundRefused
from providers.fields import Unreadable
from providers.models import AIProviderSettings
from providers.network.outbound import guard
from providers.types import Connection

NONE_CONFIGURED = "No AI providers configured. Add an API key in Settings > AI."
MOCK_PERSONAS = ("mock-optimist", "mock-sceptic", "mock-engineer", "mock-cautious", "mock-brief")
COLOUR_SLOTS = range(1, 8)


@dataclass(frozen=True, slots=True)
class Seat:
    """A member: a provider and a model that sits in a deliberation. `slot` is its series colour (0: other)."""

    provider: str
    model: str
    name: str
    monogram: str
    slot: int

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Entry:
    """A catalog row with what this site saved for it.

    `source`: where its key comes from: saved, environment, address (a saved address, no key needed), held
    (the environment has a key, but not for the address that is saved), unreadable (another master key), none.
    """

    row: Provider
    model: str
    base_url: str
    source: str
    env_name: str
    slot: int
    account_id: str = ""

    @property
    def lacks_account(self) -> bool:
        return "account_id" in self.row.extra_fields and not self.account_id

    @property
    def configured(self) -> bool:
        """It can be called: a wire, an address, and a key where one is needed."""
        if self.lacks_account:
            return False
        if not self.row.available or self.source == "unreadable" or not self.base_url:
            return self.row.slug == "mock" and settings.AI_ALLOW_MOCK
        if self.row.slug == "mock":
            return settings.AI_ALLOW_MOCK
        return self.source in {"saved", "environment"} or (self.row.key_optional and self.source == "address")

    @property
    def has_key(self) -> bool:
        """Something is saved or set that makes it more than a line of the catalog; it may still be in trouble."""
        return settings.AI_ALLOW_MOCK if self.row.slug == "mock" else self.source != "none"

    def seat(self, model: str = "") -> Seat:
        return Seat(self.row.slug, model or self.model, self.row.name, self.row.monogram, self.slot)


def vouched(row: Provider, address: str) -> bool:
    """Whether a key of the environment may go to that saved address.

    Who set the key vouched for the provider's own address, and for what AI_PRIVATE_HOSTS opens. Any other
    address was typed by a user of the site, and must not draw a key that was never shown to them.
    """
    if not address or address == row.base_url:
        return True
    try:
        return guard().opens(guard().check_url(address))
    except OutboundRefused:
        return False


def unusable() -> dict[str, str]:
    """Settings field -> why calls to the address that is saved there are refused."""
    saved = AIProviderSettings.objects.filter(pk=1).first()
    found = {}
    for row in (*CATALOG, *EXTRA):
        field = f"{row.slug}_base_url"
        address = getattr(saved, field, "")
        try:
            if address and row.slug == "jules":
                guard().check_listed(address, row.slug, settings.JULES_ALLOWED_HOSTS)
            elif address:
                guard().check_url(address)
        except OutboundRefused as error:
            found[field] = error.message
    return found


def why_not(entry: Entry) -> str:
    """The sentence for a provider that is there but can't be called: what is missing, and where to add it."""
    name = entry.row.name
    if entry.row.slug == "mock":
        return "Mock gives its test answers only with AI_ALLOW_MOCK=1 in .env."
    if entry.source == "unreadable":
        return f"The key of {name} was saved with another master key. Enter it again in Settings > AI."
    if entry.source == "held":
        return (
            f"{entry.env_name} is not sent to {entry.base_url}: a key of the environment goes to the "
            f"provider's own address alone. Save the key of {name} in Settings > AI."
        )
    if not entry.base_url:
        return f"{name} has no address. Save its base URL in Settings > AI."
    if entry.lacks_account and entry.source in {"saved", "environment"}:
        return f"{name} has no account id. Save it in Settings > AI."
    return f"{name} has no key. Add an API key in Settings > AI."


class Directory:
    """The saved row, read once; every question after that costs no query."""

    def __init__(self, saved: AIProviderSettings | None = None) -> None:
        self.saved = saved or AIProviderSettings.get_solo()
        entries = [self._entry(row) for row in (*CATALOG, *EXTRA)]
        order = {slug: n for n, slug in enumerate(self.saved.order)}
        entries.sort(key=lambda e: order.get(e.row.slug, len(order)))
        self.entries: dict[str, Entry] = {entry.row.slug: entry for entry in self._coloured(entries)}

    def _key(self, row: Provider) -> tuple[str, str, str]:
        """(key, source, name of the environment variable). A saved key wins."""
        saved = getattr(self.saved, f"{row.slug}_api_key")
        if isinstance(saved, Unreadable):
            return "", "unreadable", ""
        if saved:
            return saved, "saved", ""
        for name in row.env_names:
            if value := settings.PROVIDER_ENV_KEY(name):
                address = getattr(self.saved, f"{row.slug}_base_url")
                return value, "environment" if vouched(row, address) else "held", name
        return "", "none", ""

    def key(self, row: Provider) -> str:
        """The key at hand, empty where there is none. Stays inside the gateway; calls take `connection`."""
        return self._key(row)[0]

    def keys(self) -> list[str]:
        """Every readable key of the site: an answer must show none of them, whoever is asked."""
        keys = [self.key(entry.row) for entry in self.entries.values()]
        return [key for key in keys if key and not isinstance(key, Unreadable)]

    def _entry(self, row: Provider) -> Entry:
        _, source, env_name = self._key(row)
        address = getattr(self.saved, f"{row.slug}_base_url")
        if source == "none" and row.key_optional and address:
            source = "address"  # a local model without a key: the saved address is what configures it
        return Entry(
            row=row,
            model=getattr(self.saved, f"{row.slug}_model") or row.default_model,
            base_url=address or ("" if row.needs_base_url else row.base_url),
            source=source,
            env_name=env_name,
            slot=int(self.saved.colour_slots.get(row.slug, 0)),
            account_id=self._account(row),
        )

    def _account(self, row: Provider) -> str:
        """The saved account id, else the one in the environment, where the provider needs one."""
        if "account_id" not in row.extra_fields:
            return ""
        saved = getattr(self.saved, f"{row.slug}_account_id")
        return saved or settings.PROVIDER_ENV_KEY(f"{row.slug.upper()}_ACCOUNT_ID")

    @staticmethod
    def _coloured(entries: list[Entry]) -> list[Entry]:
        """A provider whose key is in the environment has no stored slot; it shows in one that is free."""
        taken = {entry.slot for entry in entries}
        free = iter([slot for slot in COLOUR_SLOTS if slot not in taken])
        return [
            replace(entry, slot=next(free, 0)) if entry.source == "environment" and not entry.slot else entry
            for entry in entries
        ]

    def configured(self) -> list[Entry]:
        """Real providers that can be called, in the admin's order."""
        return [e for e in self.entries.values() if e.configured and e.row.slug != "mock"]

    def connection(self, slug: str) -> Connection:
        """What a wire needs. Errors: NotConfigured with the next step."""
        entry = self.entries[provider(slug).slug]
        if not entry.row.available:
            raise NotConfigured(f"{entry.row.name} is not available yet.", code="not_available")
        if not entry.configured:
            raise NotConfigured(why_not(entry))
        return Connection(
            slug,
            entry.base_url,
            self.key(entry.row),
            settings.SENATE_TIMEOUT_SECONDS,
            account_id=entry.account_id,
            allowed_hosts=tuple(settings.JULES_ALLOWED_HOSTS) if slug == "jules" else (),
        )

    def resolve(self, name: str) -> Seat:
        """`openai`, or `openai/gpt-…` (the first segment is the slug, all the rest the model)."""
        slug, _, model = name.partition("/")
        if slug not in self.entries:
            raise InvalidInput(
                f"There is no model or provider named {name[:80]!r}. GET /api/v1/ai/models lists them.",
                param="model",
                code="model_not_found",
            )
        entry = self.entries[slug]
        if not entry.row.member:
            raise InvalidInput(f"{entry.row.name} is no chat model.", param="model", code="model_not_found")
        self.connection(slug)
        if not (model or entry.model):
            raise InvalidInput(f"{entry.row.name} has no model set. Set one in Settings > AI.", param="model")
        return entry.seat(model)

    def mock_names(self) -> list[str]:
        """The test members that can sit, by name; none where Mock is off."""
        return [f"mock/{persona}" for persona in MOCK_PERSONAS] if self.entries["mock"].configured else []

    def members(self) -> list[Seat]:
        """The committee that sits by default: seated by hand, else the first configured ones, else Mock."""
        most = self.saved.senate_max_members
        if self.saved.seats:
            return [self.resolve(name) for name in self.saved.seats][:most]
        seats = [e.seat() for e in self.configured() if e.row.member and e.model][:most]
        if not seats and settings.AI_ALLOW_MOCK:
            mock = self.entries["mock"]
            seats = [mock.seat(persona) for persona in MOCK_PERSONAS][:most]
        if not seats:
            raise NotConfigured(NONE_CONFIGURED)
        return seats
