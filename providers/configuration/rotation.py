"""Re-encrypts every saved secret under the first encryption key, in place, while the site runs.

Each row is one conditional UPDATE on the ciphertext that was read: what another process saves meanwhile is never
overwritten, and a rotation that is killed at any row has lost nothing; the next one goes on with what is left.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.apps import apps
from django.conf import settings
from django.db.models import F, Model, TextField, Value
from django.db.models.functions import Cast

from providers.fields import SecretField

BATCH = 200  # rows that are read at once; each is written by itself, so nobody waits for a batch
TRIES = 5  # times that a row is read again because somebody saved it in between

OnRow = Callable[[type[Model], Any], None]


@dataclass(frozen=True, slots=True)
class Place:
    """One saved secret: where it stands, never what it says."""

    model: str
    pk: str
    column: str

    def __str__(self) -> str:
        return f"{self.model} {self.pk}: {self.column}"


@dataclass(slots=True)
class Report:
    """What one model's table held, in secrets. `rotated`: now under the first key; `by_key`: number of the key
    (1 is the first) -> how many are under it now; `old`: where keys after the first are still needed."""

    model: str
    columns: tuple[str, ...]
    rows: int = 0
    rotated: int = 0
    by_key: Counter[int] = field(default_factory=Counter)
    old: list[tuple[int, Place]] = field(default_factory=list)
    unreadable: list[Place] = field(default_factory=list)


def models_with_secrets() -> Iterator[type[Model]]:
    """Every table with an encrypted column, of whatever app."""
    for model in apps.get_models(include_auto_created=True):
        if not model._meta.proxy and model._meta.managed and columns_of(model):
            yield model


def columns_of(model: type[Model]) -> tuple[str, ...]:
    """The encrypted columns of the model's own table."""
    return tuple(one.attname for one in model._meta.local_concrete_fields if isinstance(one, SecretField))


def rotate(models: Iterable[type[Model]] | None = None, *, on_row: OnRow | None = None) -> Iterator[Report]:
    """Puts every secret under the first key; one report per model, as soon as it is through.

    `on_row` is told of each row after it was written. A secret that no key reads is named and left as it is.
    """
    ring = Ring()
    for model in models_with_secrets() if models is None else models:
        report = Report(model._meta.label, columns_of(model))
        for pk, secrets in _rows(model):
            report.rows += 1
            now, written = _move(model, pk, secrets, ring)
            report.rotated += written
            _count(report, pk, now, ring)
            if written and on_row:
                on_row(model, pk)
        yield report


def look(models: Iterable[type[Model]] | None = None) -> Iterator[Report]:
    """Under which key each secret stands; changes nothing."""
    ring = Ring()
    for model in models_with_secrets() if models is None else models:
        report = Report(model._meta.label, columns_of(model))
        for pk, secrets in _rows(model):
            report.rows += 1
            _count(report, pk, secrets, ring)
        yield report


class Ring:
    """The encryption keys that are set, told apart."""

    def __init__(self) -> None:
        self.keys = [Fernet(key) for key in settings.AI_ENCRYPTION_KEYS]
        self._all = MultiFernet(self.keys)

    def number(self, secret: str) -> int:
        """Which key reads it, counted from 1; 0 where none does."""
        for number, key in enumerate(self.keys, start=1):
            try:
                key.decrypt(secret.encode())
            except InvalidToken:
                continue
            return number
        return 0

    def moved(self, secret: str) -> str:
        """The same under the first key, with the time of its first encryption."""
        return self._all.rotate(secret.encode()).decode()


def _rows(model: type[Model]) -> Iterator[tuple[Any, dict[str, str]]]:
    """(pk, column -> ciphertext) of each row that holds a secret, in the order of the key, in batches."""
    last = None
    while True:
        rows = _raw(model).order_by("pk")
        if last is not None:
            rows = rows.filter(pk__gt=last)
        batch = list(rows[:BATCH])
        for row in batch:
            if secrets := _secrets(row):
                yield row["pk"], secrets
        if len(batch) < BATCH:
            return
        last = batch[-1]["pk"]


def _raw(model: type[Model]) -> Any:
    """The rows with their ciphertexts: the column's own reading would decrypt them."""
    wanted = {f"raw_{name}": Cast(F(name), TextField()) for name in columns_of(model)}
    return model._base_manager.annotate(**wanted).values("pk", *wanted)


def _secrets(row: dict[str, Any]) -> dict[str, str]:
    return {name.removeprefix("raw_"): value for name, value in row.items() if name != "pk" and value}


def _move(model: type[Model], pk: Any, secrets: dict[str, str], ring: Ring) -> tuple[dict[str, str], int]:
    """Writes what is under an older key under the first one. (the row's ciphertexts now, how many were written)"""
    for _ in range(TRIES):
        moved = {name: ring.moved(said) for name, said in secrets.items() if ring.number(said) > 1}
        if not moved:
            return secrets, 0
        same = _raw(model).filter(pk=pk, **{f"raw_{name}": secrets[name] for name in moved})
        if same.update(**{name: Value(said, output_field=TextField()) for name, said in moved.items()}):
            return secrets | moved, len(moved)
        row = _raw(model).filter(pk=pk).first()
        secrets = _secrets(row) if row else {}
    return secrets, 0


def _count(report: Report, pk: Any, secrets: dict[str, str], ring: Ring) -> None:
    for name, said in secrets.items():
        number, place = ring.number(said), Place(report.model, str(pk), name)
        if not number:
            report.unreadable.append(place)
            continue
        report.by_key[number] += 1
        if number > 1:
            report.old.append((number, place))
