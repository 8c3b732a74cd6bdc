"""Who used which model: users by models, the dearest of both by name and the others together."""

from typing import Any

from providers.usage import sums
from providers.usage.names import model_label, usernames
from providers.usage.question import Question
from providers.usage.rollup.reading import Group, Kinds, Reading, snapshot
from providers.usage.scope import scope_of, user_key, user_label
from providers.usage.sums import usd

USERS, MODELS = 20, 8
OTHERS = None


def matrix(viewer: Any, question: Question) -> dict[str, Any]:
    """`rows` of users with `cells` in the order of `models`; whoever and whatever is not named is one line and one
    column, without a key. Errors: NotFound, InvalidInput of `scope.scope_of`."""
    with snapshot():
        reading = Reading(scope_of(viewer, question))
        found = reading.groups(("user_id", "provider", "model"), *question.span(), times=False)
    users = _first(_by(found, lambda group: group[:1]), USERS)
    models = _first(_by(found, lambda group: group[1:]), MODELS)
    cells = _by(found, lambda group: (_named(group[:1], users), _named(group[1:], models)))
    names = usernames([group[0] for group in users if group is not OTHERS])  # type: ignore[misc]
    return {
        "range": question.as_dict(),
        "filters": question.filters,
        "models": [_model(model) for model in models],
        "rows": [
            {
                **_user(user, names),
                **_figures(sums.merge(kinds for (who, _), kinds in cells.items() if who == user)),
                "cells": [_cell(cells.get((user, model)), user, model, names) for model in models],
            }
            for user in users
        ],
        "totals": [_figures(sums.merge(k for (_, what), k in cells.items() if what == model)) for model in models],
        "total": _figures(sums.merge(found.values())),
    }


def _by(found: dict[Group, Kinds], key: Any) -> dict[Any, Kinds]:
    parts: dict[Any, list[Kinds]] = {}
    for group, kinds in found.items():
        parts.setdefault(key(group), []).append(kinds)
    return {group: sums.merge(many) for group, many in parts.items()}


def _first(groups: dict[Any, Kinds], most: int) -> list[Any]:
    """The dearest by name, then OTHERS where there are more."""
    ordered = [group for group, _ in sums.ordered(groups)]
    return ordered if len(ordered) <= most else [*ordered[:most], OTHERS]


def _named(group: Group, named: list[Any]) -> Group | None:
    return group if group in named else OTHERS


def _figures(kinds: Kinds) -> dict[str, Any]:
    return {"spend_usd": usd(sums.spend(kinds)), "calls": sums.calls(kinds)}


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


def _cell(kinds: Kinds | None, user: Group | None, model: Group | None, names: dict[int, str]) -> dict[str, Any]:
    chosen = {**_user(user, names)["filters"], **_model(model)["filters"]}
    whole = user is not OTHERS and model is not OTHERS and len(chosen) == 3
    return {**_figures(kinds or {}), "filters": chosen if whole else {}}
