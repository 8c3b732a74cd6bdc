"""Who may run a tool: `public`, `authenticated`, a role (an admin has every role's), or a Django permission.

Anything else is refused when the tool is registered: a typing error must not become "nobody" or "everybody".
"""

from typing import Any

from django.apps import apps

from providers.access.roles import Role, role_of
from providers.exceptions import InvalidInput


def check_permission(permission: Any) -> None:
    """Errors: InvalidInput for what is no permission. `app.codename` must be one that a model declares."""
    if permission in ("public", "authenticated", *Role):
        return
    label, dot, codename = permission.partition(".") if isinstance(permission, str) else ("", "", "")
    if dot and codename in _codenames(label):
        return
    raise InvalidInput(
        f"{permission!r} is no permission: a tool's is public, authenticated, one of {', '.join(Role)}, or one of "
        "Django's such as providers.view_aiusagelog.",
        param="permission",
    )


def _codenames(label: str) -> set[str]:
    """The permissions that the models of that app declare (of an app that is not there: none)."""
    if label not in {config.label for config in apps.get_app_configs()}:
        return set()
    found: set[str] = set()
    for model in apps.get_app_config(label).get_models():
        options = model._meta
        found |= {f"{act}_{options.model_name}" for act in options.default_permissions}
        found |= {codename for codename, _ in options.permissions}
    return found


def permitted(user: Any, permission: str) -> bool:
    """Whether that user (None or anonymous is nobody) has a permission that `check_permission` took."""
    if permission == "public":
        return True
    role = role_of(user)
    if role is None:
        return False
    if permission == "authenticated":
        return True
    if permission in tuple(Role):
        return role in (permission, Role.ADMIN)
    return bool(user.has_perm(permission))
