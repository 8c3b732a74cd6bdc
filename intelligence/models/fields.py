"""One encrypted JSON value in a column."""

import json
from typing import Any

from providers.fields import SecretField, Unreadable


class SecretJSONField(SecretField):
    """A dict in Python, Fernet-encrypted text in the database. `Unreadable` where no key decrypts it; it is then
    saved back as it was."""

    def to_python(self, value: Any) -> Any:
        return value

    def from_db_value(self, value: str | None, *args: Any) -> Any:
        text = super().from_db_value(value, *args)
        if isinstance(text, Unreadable):
            return text
        return json.loads(text) if text else {}

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        if isinstance(value, dict):
            value = json.dumps(value, sort_keys=True)
        return super().get_db_prep_save(value, connection)
