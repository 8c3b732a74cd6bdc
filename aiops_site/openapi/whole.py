"""The schema, made once for the process: it takes seconds, and nobody's request changes it."""

import threading
from functools import cache

from drf_spectacular.generators import SchemaGenerator

from aiops_site.openapi.operations import Operation, Schema, operations

DEEPEST = 3  # levels of fields that a page names
_once = threading.Lock()


def schema() -> Schema:
    with _once:  # who asks meanwhile waits for the same
        return _schema()


@cache
def _schema() -> Schema:
    return SchemaGenerator().get_schema(request=None, public=True)


def shown() -> dict[str, Operation]:
    """Name -> operation, as the pages show them."""
    found = schema()
    with _once:
        return _shown(id(found))


@cache
def _shown(_: int) -> dict[str, Operation]:
    return {one.name: one for one in operations(_schema(), DEEPEST)}
