"""The made-up team. Their names begin with `demo-`, they have no password and no token: nobody can be them."""

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group

ROLES = {
    "demo-ivo": ("Ivo", "engineer"),
    "demo-mara": ("Mara", "engineer"),
    "demo-jun": ("Jun", "engineer"),
    "demo-ada": ("Ada", "engineer"),
    "demo-sam": ("Sam", "engineer"),
    "demo-lee": ("Lee", "manager"),
    "demo-kim": ("Kim", "viewer"),
}
NAMES = tuple(ROLES)


def gathered() -> dict[str, Any]:
    """Name without `demo-` -> user; made, or opened again after a removal."""
    users = get_user_model().objects
    found = {}
    for name, (first, role) in ROLES.items():
        user, new = users.get_or_create(username=name, defaults={"first_name": first, "last_name": "(sample)"})
        if new:
            user.set_unusable_password()
        user.is_active = True
        user.save()
        user.groups.set([Group.objects.get_or_create(name=role)[0]])
        found[name.removeprefix("demo-")] = user
    return found
