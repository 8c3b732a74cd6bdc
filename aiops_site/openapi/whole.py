"""The schema, made once for the process: it takes seconds, and nobody's request changes it."""

import threading
from functools import cache

from drf_spectacular.generators import SchemaGenerator

from aiops_site.openapi.operations import Operation, Schema, operations

DEEPEST = 3  # levels of fields that a page names
_once = threading.Lock()  # who asks while it is made waits for the same


def schema() -> Schema:
    with _once:
        return _schema()


def shown() -> dict[str, Operation]:
    """Name -> operation, as the pages show them."""
    with _once:
        return _shown()


@cache
def _schema() -> Schema:
    return SchemaGenerator().get_schema(request=None, public=True)


@cache
def _shown() -> dict[str, Operation]:
    return {one.name: one for one in operations(_schema(), DEEPEST)}
