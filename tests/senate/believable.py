"""Answers of believable length for the fake upstream, with tokens counted as a vendor would.

The lengths are drawn (seeded by what was asked) around four fifths of what the prompts ask for: a proposal of "at
most 350 words" comes at a median of 280, a resolution of "at most 500 words" at 400, a reason of "one or two
sentences" at 28; one in twelve runs on to its limit. A model that thinks does so at a median of 700 tokens.
"""

import json
import random
from zlib import crc32

from providers.money.tokens import estimate_tokens
from senate.quote import THINKS
from tests.fakes.dialect import Answer

VOCABULARY = (
    "the pool of connections is full because every request of the new release opens a second transaction and "
    "keeps it until the response was written, so roll back first, then raise the limit in steps, watch the "
    "latency at the ninety-ninth percentile, and look for locks that wait on the orders table; a larger pool "
    "only moves the queue from the service to PostgreSQL and makes the next outage harder to read"
).split()


def prose(dice: random.Random, median: int, spread: float = 0.35) -> str:
    words = max(4, round(dice.lognormvariate(0, spread) * median))
    if median > 100 and dice.random() < 1 / 12:
        words *= 3
    return " ".join(dice.choice(VOCABULARY) for _ in range(words))


def filled(schema: dict, dice: random.Random) -> dict:
    """A ballot or a chair's reply for its schema."""
    if "votes" in schema["properties"]:
        labels = schema["properties"]["ranking"]["items"]["enum"]
        votes = [{"proposal": n, "reason": prose(dice, 28), "agree": dice.random() < 0.7} for n in labels]
        return {"votes": votes, "ranking": dice.sample(labels, len(labels))}
    return {"resolution": prose(dice, 400), "dissents": []}


def compose(dialect, body, model: str, mode: str, number: int) -> Answer:
    """In the place of `tests.fakes.modes.compose`."""
    asked = dialect.prompt_text(body)
    dice = random.Random(crc32(f"{model}{asked.partition('--- begin')[0][:200]}{number}".encode()))
    schema = dialect.schema(body)
    text = prose(dice, 280) if schema is None else json.dumps(filled(schema, dice))
    limit, thought = dialect.limit(body) or 10**6, 0
    if THINKS.search(model):
        thought = min(limit - 1, round(dice.lognormvariate(0, 0.6) * 700))
    words = text.split(" ")
    while words and estimate_tokens(" ".join(words)) + thought > limit:
        words = words[: max(len(words) - 5, 0)]
    kept = " ".join(words)
    return Answer(
        id=f"believable-{number}",
        model=model,
        text=kept,
        tokens_in=estimate_tokens(asked) + 7,
        tokens_out=estimate_tokens(kept) + thought,
        finish="stop" if kept == text else "length",
        pieces=[word if at == 0 else f" {word}" for at, word in enumerate(words)],
    )
