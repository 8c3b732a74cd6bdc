"""A table of secrets that belongs to no app: what a later app's encrypted column looks like to the rotation."""

from functools import cache

from django.db import connection, models
from django.test.utils import isolate_apps

from providers.fields import SecretField

CREATE = "CREATE TABLE rotation_vault (name varchar(20) PRIMARY KEY, token text NOT NULL, other text NOT NULL)"


@cache
def vault() -> type[models.Model]:
    with isolate_apps("providers"):

        class Vault(models.Model):
            name = models.CharField(max_length=20, primary_key=True)
            token = SecretField(blank=True, default="")
            other = SecretField(blank=True, default="")

            class Meta:
                app_label = "providers"
                db_table = "rotation_vault"

            def __str__(self) -> str:
                return self.name

    return Vault


def raw(column: str = "token") -> dict[str, str]:
    """Name -> what the column really holds, past every path of the ORM."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT name, {column} FROM rotation_vault ORDER BY name")
        return dict(cursor.fetchall())
