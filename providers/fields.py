"""Two columns of our own: a secret that is encrypted at rest, and exact money.

The encrypted field package is used only through `SecretField`: as it ships, `bulk_update` destroys the
value, a wrong key hands out the ciphertext, a form value is decrypted, and the key is read at import.
"""

from decimal import ROUND_CEILING, Decimal
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models
from encrypted_model_fields.fields import EncryptedTextField

PICO = 10**12


class Unreadable(str):
    """What a secret reads as when no key at hand decrypts it: empty, and saved back as it was."""

    __slots__ = ("ciphertext",)

    def __new__(cls, ciphertext: str) -> "Unreadable":
        made = super().__new__(cls, "")
        made.ciphertext = ciphertext
        return made


@lru_cache(maxsize=4)
def _crypter(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def crypter() -> MultiFernet:
    """The first key encrypts, every key decrypts."""
    return _crypter(tuple(settings.AI_ENCRYPTION_KEYS))


class SecretField(EncryptedTextField):
    """Text that is Fernet-encrypted in the database; empty stays empty. Never readable through a form."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "editable": False})  # no model form, no dict of the model's values

    def to_python(self, value: Any) -> Any:
        return models.TextField.to_python(self, value)

    def from_db_value(self, value: str | None, *args: Any) -> str | None:
        if not value:
            return value
        try:
            return crypter().decrypt(value.encode()).decode()
        except InvalidToken:
            return Unreadable(value)

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        if hasattr(value, "as_sql"):
            return value
        if isinstance(value, Unreadable):
            return value.ciphertext
        return crypter().encrypt(str(value).encode()).decode() if value else value


class MoneyField(models.BigIntegerField):
    """US dollars: Decimal in Python, whole pico-dollars (1e-12) in the column. Never a float."""

    description = "US dollars, exact to a pico-dollar"

    def from_db_value(self, value: int | None, *args: Any) -> Decimal | None:
        return from_pico(value)

    def to_python(self, value: Any) -> Decimal | None:
        return value if value is None or isinstance(value, Decimal) else Decimal(str(value))

    def get_prep_value(self, value: Any) -> int | None:
        return None if value is None else to_pico(Decimal(str(value)))


def to_pico(dollars: Decimal) -> int:
    """Whole pico-dollars, rounded up, so that no rounding ever hides spend."""
    return int((dollars * PICO).to_integral_value(ROUND_CEILING))


def from_pico(pico: int | None) -> Decimal | None:
    return None if pico is None else Decimal(int(pico)).scaleb(-12)
