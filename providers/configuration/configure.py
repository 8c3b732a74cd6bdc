"""The door for changes of keys, models, addresses, order and committee: one function per use case.

A key goes in and never comes out. Whoever changes an address without entering the key again loses the
key, so that it can't be drawn to another host. Every function answers with `Saved`: what the next call
of every process uses, and sentences for the person who changed it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from providers.catalog import CATALOG, EXTRA, Provider, provider
from providers.configuration.directory import COLOUR_SLOTS, Directory, Entry, why_not
from providers.exceptions import AIServiceError, InvalidInput
from providers.fields import Unreadable
from providers.models import AIProviderSettings, ProviderCheck
from providers.network.outbound import guard
from providers.resilience import breaker
from providers.runtime import clock
from providers.trail import audit, audit_settings

EVERY = (*CATALOG, *EXTRA)
PLAIN = ("cloudflare_account_id", "senate_enabled", "senate_max_members", "mode")


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence about a change; `tone` warn: it did something that was not asked for by name."""

    text: str
    tone: str = ""

    def as_dict(self) -> dict[str, str]:
        return {"text": self.text, "tone": self.tone}


@dataclass(frozen=True, slots=True)
class Saved:
    directory: Directory
    notes: tuple[Note, ...] = ()


@dataclass(slots=True)
class _Edit:
    """The locked row while it is changed: what was touched, and what to say about it."""

    row: AIProviderSettings
    before: Directory
    touched: set[str] = field(default_factory=set)
    moved: set[str] = field(default_factory=set)
    notes: list[Note] = field(default_factory=list)
    old: dict[str, Any] = field(default_factory=dict)

    def put(self, name: str, value: Any) -> None:
        self.old.setdefault(name, getattr(self.row, name))
        setattr(self.row, name, value)
        self.touched.add(name)

    def say(self, text: str, tone: str = "") -> None:
        self.notes.append(Note(text, tone))


def _sync_db_to_env(row: AIProviderSettings) -> Directory:
    """What the next call uses, in this and every other process: they read the row at each call.

    Runs on every save. Nothing is copied to `os.environ`: child processes would inherit the keys.
    """
    return Directory(row)


def _open() -> _Edit:
    AIProviderSettings.get_solo()
    row = AIProviderSettings.objects.select_for_update().get(pk=1)
    return _Edit(row, Directory(row))


def _close(edit: _Edit) -> Saved:
    if edit.touched:
        edit.row.save(update_fields=[*sorted(edit.touched), "updated_at"])
    ProviderCheck.objects.filter(slug__in=edit.moved).delete()
    for slug in edit.moved:  # what failed with another key or address says nothing about these
        breaker.reset(slug, clock.now())
    audit_settings.record(edit.old, {name: getattr(edit.row, name) for name in edit.old})
    return Saved(_sync_db_to_env(edit.row), tuple(edit.notes))


@transaction.atomic
def save_settings(*, changes: Mapping[str, Any], by: str) -> Saved:
    """Takes a partial set of settings fields, already of the right types (`providers.serializers`).

    A key of None clears the saved one; fields that are not named stay. `by` is the person's name.
    Raises `InvalidInput` for an address that may not be called.
    """
    edit = _open()
    for row in EVERY:
        _change_provider(edit, row, changes, by)
    for name in PLAIN:
        if name in changes and changes[name] != getattr(edit.row, name):
            edit.put(name, changes[name])
            if name == "cloudflare_account_id":
                edit.moved.add("cloudflare")  # what a test said of the old account says nothing of this one
    return _close(edit)


def save_provider(
    *, slug: str, by: str, key: str = "", model: str | None = None, base_url: str | None = None
) -> Saved:
    """Saves what is given of one provider; an empty key keeps the saved one (unless the address changes)."""
    given = {f"{slug}_model": model, f"{slug}_base_url": base_url, f"{slug}_api_key": key or None}
    return save_settings(changes={name: value for name, value in given.items() if value is not None}, by=by)


def clear_key(*, slug: str, by: str) -> Saved:
    """Forgets the saved key; one in the environment takes its place, and the notes say so."""
    return save_settings(changes={f"{provider(slug).slug}_api_key": None}, by=by)


def _change_provider(edit: _Edit, row: Provider, changes: Mapping[str, Any], by: str) -> None:
    slug, entry = row.slug, edit.before.entries[row.slug]
    model = changes.get(f"{slug}_model", entry.model)
    if model != entry.model:
        edit.put(f"{slug}_model", "" if model == row.default_model else model)
    moved = f"{slug}_base_url" in changes and _change_address(edit, row, entry, changes[f"{slug}_base_url"])
    key = changes.get(f"{slug}_api_key", "")
    if key:
        _put_key(edit, row, key, by)
    elif key is None:
        _clear_key(edit, row, f"The saved key of {row.name} is cleared.")
    elif moved and entry.base_url and _saved_key(edit, row):
        reason = f"The address of {row.name} changed, so its key was cleared and can't be sent elsewhere."
        _clear_key(edit, row, reason, tone="warn")
    elif moved:
        _say_what_an_address_does(edit, row)


def _say_what_an_address_does(edit: _Edit, row: Provider) -> None:
    entry = Directory(edit.row).entries[row.slug]
    if entry.source == "address":
        _give_colour(edit, row)
    if entry.source == "held" or not entry.base_url:
        edit.say(why_not(entry), "warn")
    else:
        edit.say(f"The address of {row.name} is saved. It takes effect at the next call.")


def _saved_key(edit: _Edit, row: Provider) -> bool:
    """Whether a key is saved, one that nobody can decrypt included."""
    key = getattr(edit.row, f"{row.slug}_api_key")
    return bool(key) or isinstance(key, Unreadable)


def _change_address(edit: _Edit, row: Provider, entry: Entry, typed: str) -> bool:
    """True where calls go elsewhere now. Raises `InvalidInput` for an address that is not allowed."""
    if typed == entry.base_url:
        return False
    name = f"{row.slug}_base_url"
    address = _checked_address(row, typed, name)
    if (address or ("" if row.needs_base_url else row.base_url)) == entry.base_url:
        return False
    edit.put(name, address)
    edit.moved.add(row.slug)
    return True


def _checked_address(row: Provider, typed: str, name: str) -> str:
    """The address as it is stored: empty for the provider's own one."""
    if not typed or (typed.rstrip("/") == row.base_url and not row.needs_base_url):
        return ""
    if row.slug != "jules":
        return guard().clean_base_url(typed, name)
    try:
        AIProviderSettings(jules_base_url=typed).clean()
    except ValidationError as error:
        raise InvalidInput(error.messages[0], param=name) from error
    return guard().clean_base_url(typed, name)


def _put_key(edit: _Edit, row: Provider, key: str, by: str) -> None:
    edit.put(f"{row.slug}_api_key", key)
    edit.put("key_history", {**edit.row.key_history, row.slug: {"by": by, "at": timezone.now().isoformat()}})
    edit.moved.add(row.slug)
    _give_colour(edit, row)
    edit.say(f"The key of {row.name} is saved. It takes effect at the next call, in every process.")
    if row.needs_base_url and not getattr(edit.row, f"{row.slug}_base_url"):
        edit.say(f"{row.name} can't be called before its address is saved too.", "warn")


def _clear_key(edit: _Edit, row: Provider, reason: str, tone: str = "") -> None:
    edit.put(f"{row.slug}_api_key", "")
    edit.put("key_history", {slug: said for slug, said in edit.row.key_history.items() if slug != row.slug})
    edit.moved.add(row.slug)
    entry = Directory(edit.row).entries[row.slug]
    if entry.source == "environment":
        after = f"Calls now use {entry.env_name} from the environment."
    elif entry.source == "address":
        after = "It is called without a key."
    elif entry.source == "held":
        after = why_not(entry)
    else:
        after = "Enter a key before it can be called again."
    edit.say(f"{reason} {after}", tone)


def _give_colour(edit: _Edit, row: Provider) -> None:
    """The next free series colour with the first key, kept for good; none is left for the eighth."""
    slots = edit.row.colour_slots
    free = next((slot for slot in COLOUR_SLOTS if slot not in slots.values()), 0)
    if row.slug not in slots and free:
        edit.put("colour_slots", {**slots, row.slug: free})


@transaction.atomic
def wake(*, slug: str) -> Saved:
    """Lets calls of a resting provider go again at once."""
    row = provider(slug)
    opened = breaker.reset(row.slug, clock.now())
    if opened:
        audit.record("breaker.reset", audit.Thing("provider", row.slug, row.name), before={"resting": opened})
    text = f"Calls of {row.name} go again." if opened else f"{row.name} was not resting."
    return Saved(Directory(), (Note(text),))


@transaction.atomic
def move(*, slug: str, step: int) -> Saved:
    """Moves a provider by `step` places (-1 is up) among those that have a key; ends stay ends."""
    edit = _open()
    names = _placed(edit, slug)
    return _put_at(edit, slug, names, names.index(slug) + step)


@transaction.atomic
def place(*, slug: str, near: str, after: bool) -> Saved:
    """Moves a provider right before or after another one, both of those that have a key."""
    edit = _open()
    names = _placed(edit, slug, near)
    rest = [name for name in names if name != slug]
    to = names.index(slug) if near == slug else rest.index(near) + after
    return _put_at(edit, slug, names, to)


def _placed(edit: _Edit, *slugs: str) -> list[str]:
    """Those that have a place in the order. Raises `InvalidInput` for one of `slugs` that has none."""
    names = [slug for slug, entry in edit.before.entries.items() if entry.has_key and slug != "mock"]
    for slug in slugs:
        if slug not in names:
            sentence = f"{provider(slug).name} has no place in the order: it has no key."
            raise InvalidInput(sentence, param="provider")
    return names


def _put_at(edit: _Edit, slug: str, names: list[str], to: int) -> Saved:
    to = min(max(0, to), len(names) - 1)
    names.remove(slug)
    names.insert(to, slug)
    edit.put("order", names)
    edit.say(f"{provider(slug).name}, now {to + 1} of {len(names)}")
    return _close(edit)


@transaction.atomic
def save_committee(*, mode: str, senate_enabled: bool, senate_max_members: int, seats: Iterable[str]) -> Saved:
    """Saves how questions are decided by default. `seats`: `provider/model` each, none for the order's first.

    Raises `InvalidInput` (field `seats`) for a seat that could not sit now, naming its line.
    """
    lines = [seat.strip() for seat in seats if seat.strip()]
    edit = _open()
    _check_seats(edit.before, lines, senate_max_members)
    edit.put("mode", mode)
    edit.put("senate_enabled", senate_enabled)
    edit.put("senate_max_members", senate_max_members)
    edit.put("seats", lines)
    edit.say("The committee is saved. The next question goes to it.")
    return _close(edit)


def _check_seats(directory: Directory, lines: list[str], most: int) -> None:
    if len(lines) > most:
        raise InvalidInput(f"{len(lines)} seats, but at most {most} members sit.", param="seats")
    seen: dict[tuple[str, str], int] = {}
    for number, line in enumerate(lines, start=1):
        try:
            seat = directory.resolve(line)
        except AIServiceError as error:
            raise InvalidInput(f"Line {number}: {error.message}", param="seats") from error
        first = seen.setdefault((seat.provider, seat.model), number)
        if first != number:
            raise InvalidInput(f"Line {number} is the same member as line {first}.", param="seats")
