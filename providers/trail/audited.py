"""Acts that any surface can do through the models, a shell too: users, roles and caps. Each is written down first.

Receivers of Django's signals, connected in `providers.apps`. What can't be audited raises before it is done.
"""

from decimal import Decimal
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db.models.signals import m2m_changed, post_save, pre_delete, pre_save

from providers.exceptions import NotAllowed
from providers.models import AIUsageLog, AuditEntry, UserAICap
from providers.runtime import clock
from providers.trail import audit
from providers.trail.audit import Thing

_PERSONAL = ("username", "email", "first_name", "last_name", "password")  # that they changed, never what they were
_RIGHTS = ("is_active", "is_staff", "is_superuser")


def connect() -> None:
    user_model = get_user_model()
    pre_save.connect(cap_saved, sender=UserAICap, dispatch_uid="audit")
    pre_delete.connect(cap_deleted, sender=UserAICap, dispatch_uid="audit")
    pre_save.connect(user_saved, sender=user_model, dispatch_uid="audit")
    post_save.connect(user_made, sender=user_model, dispatch_uid="audit")
    pre_delete.connect(user_deleted, sender=user_model, dispatch_uid="audit")
    m2m_changed.connect(roles_changed, sender=user_model.groups.through, dispatch_uid="audit")
    user_logged_in.connect(logged_in, dispatch_uid="audit")
    user_logged_out.connect(logged_out, dispatch_uid="audit")
    user_login_failed.connect(login_failed, dispatch_uid="audit")


# Caps


def _caps(cap: UserAICap) -> dict[str, str | None]:
    found: dict[str, str | None] = {"daily_token_cap": str(int(cap.daily_token_cap))}
    found["daily_cost_cap_usd"] = _usd(cap.daily_cost_cap_usd)
    tokens, usd, until = cap.temporary_token_cap, cap.temporary_cost_cap_usd, cap.temporary_until
    found["temporary_token_cap"] = None if tokens is None else str(int(tokens))
    found["temporary_cost_cap_usd"] = None if usd is None else _usd(usd)
    found["temporary_until"] = None if until is None else until.isoformat()
    return found


def _usd(value: Any) -> str:
    """At least two decimals, and all that there are."""
    dollars = Decimal(str(value))
    cents = dollars.quantize(Decimal("0.01"))
    return str(cents) if cents == dollars else f"{dollars.normalize():f}"


def cap_saved(instance: UserAICap, raw: bool = False, **_: Any) -> None:
    """What `save` will write, whoever calls it; nothing where no cap changes."""
    if raw:
        return
    old = UserAICap.objects.filter(user_id=instance.user_id).first() or UserAICap()
    was, becomes = audit.changed(_caps(old), _caps(instance))
    if becomes:
        audit.record(_direction(old, instance), _whose(instance), before=was, after=becomes)


def _direction(old: UserAICap, new: UserAICap) -> str:
    """By the caps that are in force."""
    now = clock.now()
    pairs = zip(old.in_force(now), new.in_force(now), strict=True)
    ups = {after > before for before, after in pairs if after != before}
    return "cap.change" if len(ups) != 1 else "cap.raise" if ups.pop() else "cap.lower"


def _whose(cap: UserAICap) -> Thing:
    return Thing("user", str(cap.user_id))


def cap_deleted(instance: UserAICap, **_: Any) -> None:
    was, becomes = audit.changed(_caps(instance), _caps(UserAICap()))
    audit.record("cap.reset", _whose(instance), before=was, after=becomes)


# Users and roles


def user_saved(instance: Any, update_fields: Any = None, raw: bool = False, **_: Any) -> None:
    """A change of somebody who is there already; nothing for the time of a sign-in."""
    if raw or instance.pk is None or (update_fields and set(update_fields) == {"last_login"}):
        return
    old = type(instance)._default_manager.filter(pk=instance.pk).first()
    if old is None:
        return
    names = set(update_fields) if update_fields else {*_PERSONAL, *_RIGHTS}
    was, becomes = audit.changed(_seen(old, names), _seen(instance, names))
    for name in names.intersection(_PERSONAL):
        if getattr(old, name) != getattr(instance, name):
            becomes[name] = "changed"
    if becomes:
        audit.record("user.change", audit.user(instance), before=was, after=becomes)


def _seen(user: Any, names: set[str]) -> dict[str, Any]:
    return {name: getattr(user, name) for name in _RIGHTS if name in names}


def user_made(instance: Any, created: bool, raw: bool = False, **_: Any) -> None:
    if not created or raw:
        return
    try:
        audit.record("user.add", audit.user(instance), after=_seen(instance, set(_RIGHTS)))
    except audit.AuditUnavailable:
        type(instance)._base_manager.filter(pk=instance.pk)._raw_delete(using=instance._state.db)
        raise


def user_deleted(instance: Any, **_: Any) -> None:
    """Errors: NotAllowed for somebody whose rows would lose their name."""
    calls = AIUsageLog.objects.filter(user_id=instance.pk).count()
    acts = AuditEntry.objects.filter(actor_id=instance.pk).count()
    if calls or acts:
        raise NotAllowed(
            f"{instance.get_username()} has {calls:,} usage rows and {acts:,} audit entries, so the account can't "
            "be deleted. `manage.py erase_user` deactivates it and erases its personal data; the rows stay, under "
            "a pseudonym."
        )
    audit.record("user.delete", audit.user(instance))


def roles_changed(instance: Any, action: str, pk_set: set[int] | None, reverse: bool, **_: Any) -> None:
    """A user's groups are their roles."""
    if action not in ("pre_add", "pre_remove", "pre_clear"):
        return
    word = action.removeprefix("pre_")
    if not reverse:
        names = Group.objects.filter(pk__in=pk_set) if pk_set is not None else instance.groups.all()
        roles = sorted(names.values_list("name", flat=True))
        if roles:
            audit.record(f"role.{word}", audit.user(instance), after={"roles": roles})
        return
    people = pk_set if pk_set is not None else set(instance.user_set.values_list("pk", flat=True))
    for pk in sorted(people):
        audit.record(f"role.{word}", Thing("user", str(pk)), after={"roles": [instance.name]})


# Signing in


def logged_in(user: Any, **_: Any) -> None:
    audit.record("signin", audit.user(user), by=user)


def logged_out(user: Any, **_: Any) -> None:
    if user is not None and user.pk:
        audit.record("signout", audit.user(user), by=user)


def login_failed(credentials: dict[str, Any], **_: Any) -> None:
    """What was typed as a name may be a password, so it is kept only where it is somebody's name."""
    user_model = get_user_model()
    found = user_model._default_manager.filter(username=str(credentials.get("username", ""))[:150]).first()
    about = audit.user(found) if found else Thing("user", "", "unknown name")
    audit.record("signin", about, outcome="refused")
