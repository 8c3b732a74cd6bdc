"""Who used which model: users by models, the dearest of both by name and the others together."""

from collections.abc import Callable, Mapping
from typing import Any

from providers.usage import sums
from providers.usage.names import model_label, usernames
from providers.usage.question import Question
from providers.usage.rollup.reading import Group, Money, Reading, snapshot
from providers.usage.scope import scope_of, user_key, user_label
from providers.usage.sums import usd

USERS, MODELS = 20, 8
OTHERS = None


def matrix(viewer: Any, question: Question) -> dict[str, Any]:
    """`rows` of users with `cells` in the order of `models`; whoever and whatever is not named is one line and one
    column, without a key. Errors: NotFound, InvalidInput of `scope.scope_of`."""
    with snapshot():
        reading = Reading(scope_of(viewer, question))
        found = reading.money(("user_id", "provider", "model"), *question.span())
    users = _first(_by(found, lambda group: group[:1]), USERS)
    models = _first(_by(found, lambda group: group[1:]), MODELS)
    who, what = set(users), set(models)
    cells = _by(found, lambda group: (_named(group[:1], who), _named(group[1:], what)))
    of_user, of_model = _by(cells, lambda place: place[0]), _by(cells, lambda place: place[1])
    names = usernames([group[0] for group in users if group is not OTHERS])  # type: ignore[misc]
    return {
        "range": question.as_dict(),
        "filters": question.filters,
        "models": [_model(model) for model in models],
        "rows": [
            {
                **_user(user, names),
                **_figures(of_user[user]),
                "cells": [_cell(cells.get((user, model)), user, model, names) for model in models],
            }
            for user in users
        ],
        "totals": [_figures(of_model[model]) for model in models],
        "total": _figures(sums.together(found.values())),
    }


def _by(found: Mapping[Any, Money], key: Callable[[Any], Any]) -> dict[Any, Money]:
    parts: dict[Any, list[Money]] = {}
    for group, money in found.items():
        parts.setdefault(key(group), []).append(money)
    return {group: sums.together(many) for group, many in parts.items()}


def _first(groups: dict[Any, Money], most: int) -> list[Any]:
    """The dearest by name, then OTHERS where there are more."""
    ordered = sums.ordered(groups)
    return ordered if len(ordered) <= most else [*ordered[:most], OTHERS]


def _named(group: Group, named: set[Any]) -> Group | None:
    return group if group in named else OTHERS


def _figures(money: Money | None) -> dict[str, Any]:
    return {"spend_usd": usd(money.pico), "calls": money.calls} if money else {"spend_usd": "0.00", "calls": 0}


def _user(user: Group | None, names: dict[int, str]) -> dict[str, Any]:
    if user is OTHERS:
        return {"key": "", "label": "All others", "filters": {}}
    pk = int(user[0])
    key = user_key(pk, names.get(pk))
    return {"key": key, "label": user_label(pk, names.get(pk)), "filters": {"user": key}}


def _model(model: Group | None) -> dict[str, Any]:
    if model is OTHERS:
        return {"key": "", "label": "All others", "filters": {}}
    provider, name = map(str, model)
    filters = {"provider": provider, "model": name} if provider and name else {}
    return {"key": f"{provider}/{name}", "label": model_label(provider, name), "filters": filters}


def _cell(money: Money | None, user: Group | None, model: Group | None, names: dict[int, str]) -> dict[str, Any]:
    chosen = {**_user(user, names)["filters"], **_model(model)["filters"]}
    whole = user is not OTHERS and model is not OTHERS and len(chosen) == 3
    return {**_figures(money), "filters": chosen if whole else {}}
