"""Changing the site's own budgets: two amounts, and whether calls stop at them. With a reason, like a cap."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import AbstractBaseUser

from providers.configuration import policy_form
from providers.exceptions import InvalidInput
from providers.models import AIServiceConfig
from providers.money.caps import LONGEST_REASON
from providers.trail import audit

FIELDS = ("daily_cost_limit_usd", "monthly_cost_limit_usd", "pause_on_budget_exceeded")


def change(fields: Mapping[str, Any], by: AbstractBaseUser) -> AIServiceConfig:
    """What is not named stays; holds from the next call on. The reason stands in the audit log.

    Errors: InvalidInput; REST framework's ValidationError by field.
    """
    unknown = sorted(set(fields) - {*FIELDS, "reason"})
    if unknown:
        raise _refused(unknown[0][:60], f"There is no field {unknown[0][:60]!r} of a budget.")
    given = {name: _plain(fields[name]) for name in FIELDS if fields.get(name) not in (None, "")}
    reason = fields.get("reason")
    reason = reason.strip() if isinstance(reason, str) else ""
    if not 0 < len(reason) <= LONGEST_REASON:
        raise _refused("reason", f"Say why the budget changes, in up to {LONGEST_REASON} characters.")
    if not given:
        raise _refused(FIELDS[0], "Give at least one budget to change.")
    with audit.because(reason, by=by):
        return policy_form.save(given, by.get_username())


def _refused(field: str, sentence: str) -> InvalidInput:
    return InvalidInput(sentence, param=field, errors={field: [sentence]})


def _plain(value: Any) -> Any:
    """`$1,500.00` as it is often typed."""
    return value.strip().removeprefix("$").replace(",", "") if isinstance(value, str) else value
