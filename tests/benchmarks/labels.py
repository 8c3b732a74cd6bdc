"""How well the log rules read the labelled logs of `tests/data/logs`: python -m tests.benchmarks.labels."""

from tests.intelligence.labelled import FAILING, HEALTHY
from tests.intelligence.test_reducer import kept_share


def percent(found: list[bool]) -> str:
    return f"{100 * sum(found) / len(found):.1f} % of {len(found)}"


def main() -> None:
    print(f"primary class right: {percent([one.right for one in FAILING])}")
    print(f"decisive line within three: {percent([one.near for one in FAILING])}")
    print(f"false alarms: {sum(not one.answer.healthy for one in HEALTHY)} of {len(HEALTHY)} healthy logs")
    for limit in (10_000, 20_000):
        print(f"signals kept at {limit} characters: {100 * kept_share(limit):.1f} %")


if __name__ == "__main__":
    main()
