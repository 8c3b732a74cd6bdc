"""Pages of a list for people, by number, in the address."""

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Paginator
from rest_framework.request import Request

SIZE = 50


@dataclass(frozen=True, slots=True)
class Paged:
    rows: list[Any]
    first: int
    last: int
    total: int
    previous_url: str
    next_url: str

    def as_dict(self) -> dict[str, Any]:
        """What `components/pager.html` takes."""
        names = ("first", "last", "total", "previous_url", "next_url")
        return {name: getattr(self, name) for name in names}


def paged(request: Request, rows: Any) -> Paged:
    """The page that `?page=` asks for; one that there is none of becomes the nearest."""
    page = Paginator(rows, SIZE).get_page(request.query_params.get("page", "1"))
    return Paged(
        list(page.object_list),
        page.start_index(),
        page.end_index(),
        page.paginator.count,
        _url(request, page.number - 1) if page.has_previous() else "",
        _url(request, page.number + 1) if page.has_next() else "",
    )


def _url(request: Request, number: int) -> str:
    query = request.query_params.copy()
    query["page"] = str(number)
    return f"{request.path}?{query.urlencode()}"
