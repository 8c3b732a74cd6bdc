"""Which combinations of dimensions have sums of their own, and which of them answers a question. Pure."""

from dataclasses import dataclass, field

from providers.usage.rollup.cells import Row

DIMENSIONS = ("user_id", "provider", "model", "operation", "service")
# From narrow to wide: the first that has all dimensions of a question has the fewest sums to read.
CUBES: tuple[tuple[str, ...], ...] = (
    (),
    ("operation",),
    ("service",),
    ("provider", "model"),
    ("user_id",),
    ("provider", "model", "operation"),
    ("user_id", "provider", "model"),
    DIMENSIONS,
)
EMPTY = {name: 0 if name == "user_id" else "" for name in DIMENSIONS}
_KEPT = [tuple(name in cube for name in DIMENSIONS) for cube in CUBES]
Key = tuple[int, int, str, str, str, str, int]  # cube, the five dimensions, kind


def cube_for(dimensions: set[str]) -> int:
    return next(n for n, cube in enumerate(CUBES) if dimensions <= set(cube))


def keys_of(user_id: int, provider: str, model: str, operation: str, service: str, kind: int) -> list[Key]:
    """The key of a call in each cube."""
    return [
        (
            cube,
            user_id if user else 0,
            provider if pm else "",
            model if pm else "",
            operation if op else "",
            service if sv else "",
            kind,
        )
        for cube, (user, pm, _, op, sv) in enumerate(_KEPT)
    ]


def dimension(row: Row, name: str) -> int | str:
    return getattr(row, name)


@dataclass(frozen=True, slots=True)
class Scope:
    """Which rows count. `equal`: dimension -> value; `bits` of their kind are looked at, and must be `wanted`.
    `session`: of that session alone."""

    equal: dict[str, int | str] = field(default_factory=dict)
    bits: int = 0
    wanted: int = 0
    session: str = ""

    @property
    def user_id(self) -> int | None:
        return self.equal.get("user_id")  # type: ignore[return-value]

    def takes(self, row: Row) -> bool:
        return self.takes_kind(row.kind) and all(getattr(row, n) == v for n, v in self.equal.items())

    def takes_kind(self, kind: int) -> bool:
        return kind & self.bits == self.wanted
