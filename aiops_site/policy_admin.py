"""The part of the policy table that is Django's admin: what can be changed there, and what is only shown.

It stands apart because these are no pages of ours: what walks the pages (weight, look) leaves them out.
"""

from collections.abc import Mapping

from providers.access.roles import Role

Roles = frozenset[Role]
ADMIN: Roles = frozenset({Role.ADMIN})
READ: Mapping[str, Roles] = {"GET": ADMIN}
CHANGE: Mapping[str, Roles] = {"GET": ADMIN, "POST": ADMIN}
CHANGED = ("auth_user", "intelligence_intelligenceprovider")
SHOWN = tuple(
    f"intelligence_{name}" for name in ("service", "deployment", "incident", "analysisrun", "recommendation")
)
ADMIN_ROUTES: Mapping[str, Mapping[str, Roles]] = {
    **{f"admin:{name}": READ for name in ("index", "app_list", "jsi18n", "login", "password_change_done")},
    "admin:password_change": CHANGE,
    "admin:auth_user_password_change": CHANGE,
    **{f"admin:{model}_{act}": CHANGE for model in CHANGED for act in ("changelist", "add", "change")},
    **{f"admin:{model}_history": READ for model in (*CHANGED, *SHOWN)},
    "admin:auth_user_delete": {},  # people are deactivated
    "admin:intelligence_intelligenceprovider_delete": CHANGE,
    **{f"admin:{model}_{act}": READ for model in SHOWN for act in ("changelist", "change")},
    **{f"admin:{model}_{act}": {} for model in SHOWN for act in ("add", "delete")},
}
