"""Canned answers: prose of a few personas, and JSON that fits a schema. No model is asked.

The Mock wire speaks them (labelled), and so does the fake upstream of the tests. The same words give
the same answer, and the personas disagree, so that a committee of them looks like one.
"""

import re
from dataclasses import dataclass
from typing import Any
from zlib import crc32

PERSONAS = ("optimist", "sceptic", "engineer", "cautious", "brief")


@dataclass(frozen=True, slots=True)
class Topic:
    pattern: str
    name: str
    step: str
    risk: str
    measure: str


_TOPICS = (
    Topic(
        r"retr(y|ies)|back-?off|time-?outs?",
        "retries and time-outs",
        "set one deadline for the whole request and let each hop see what is left of it",
        "retries multiply: three layers with three tries each turn one slow call into twenty-seven",
        "the ratio of retried calls to first calls, which should stay under two percent",
    ),
    Topic(
        r"migrat|schema|postgres|database|\bsql\b|\bindex",
        "the database change",
        "split it into an additive migration, a backfill in small batches and a later clean-up",
        "a lock on a hot table stops every write behind it, and the queue outlives the lock",
        "lock wait time and replication lag during the backfill",
    ),
    Topic(
        r"cache|redis|memcache",
        "the cache",
        "put a short time to live with jitter on every key and one in-flight load per key",
        "when a popular key expires, every worker asks the database at the same moment",
        "hit ratio and the number of loads per key per second",
    ),
    Topic(
        r"deploy|roll-?out|canary|release|roll-?back|kubernetes|\bk8s\b|\bpods?\b",
        "the rollout",
        "send one percent of the traffic to the new version, and roll back by itself on the error budget",
        "old and new run side by side, so anything both write must be readable by both",
        "error rate and p95 of the new version against the old one, over the same minutes",
    ),
    Topic(
        r"queue|celery|kafka|worker|\bjobs?\b",
        "the queue",
        "make each job idempotent and let a row, not a message, say whether it is done",
        "a worker that dies in the middle leaves work that is neither done nor queued",
        "age of the oldest job, which tells more than the length of the queue",
    ),
    Topic(
        r"\bcosts?\b|budget|spend|price|\bcaps?\b",
        "the spending",
        "reserve the worst case before a call starts and settle to the real usage after it",
        "a check before and a record after let two calls at once both pass under the cap",
        "open reservations older than the longest call",
    ),
    Topic(
        r"secur|token|secret|password|\bkeys?\b|auth",
        "the access question",
        "give each caller a short-lived token with the one scope it needs",
        "a long-lived key ends up in a log, a ticket or an old laptop",
        "how many keys are older than ninety days, and who used them last",
    ),
    Topic(
        r"latenc|slow|performance|\bp9[59]\b|memory|\bcpu\b",
        "the slowness",
        "take one trace of a slow request and one of a fast one, and compare them span by span",
        "tuning what is easy to see moves the average and leaves the tail where it was",
        "p95 and p99 by endpoint, before and after, at the same load",
    ),
    Topic(
        "",
        "the proposal",
        "write down what must be true afterwards, and build the smallest change that makes it true",
        "nobody owns the part between two teams, and that is where it breaks",
        "one number that would tell within a day that the choice was wrong",
    ),
)

_PROSE = {
    "optimist": (
        "Go ahead with {name}; the upside is large and the way back is short.\n\n"
        "1. First, {step}.\n2. Ship it behind a flag to one team, and widen it daily.\n"
        "3. Watch {measure}.\n\n"
        "It is true that {risk}. That shows up early and is cheap to undo while the flag exists, so waiting "
        "costs more than trying. I would start this week."
    ),
    "sceptic": (
        "I would not do this yet. The case for {name} rests on numbers that nobody has shown.\n\n"
        "- The real danger: {risk}.\n- A simpler thing has not been tried: {step}.\n"
        "- Without figures for {measure}, nobody can tell success from luck.\n\n"
        "Measure for two weeks first. If the figures then still ask for it, the plan will be smaller than "
        "the one on the table."
    ),
    "engineer": (
        "Treat {name} as an ordinary change with an owner, a test and a way back.\n\n"
        "**Plan.** Begin where it is safe: {step}. Put the new path beside the old one, compare the answers "
        "for a day, then move the traffic.\n\n"
        "**What can fail.** In short, {risk}. Cover that with one test that fails today.\n\n"
        "**How we know.** Alert on {measure}; keep the old path for one release."
    ),
    "cautious": (
        "Do it, but slowly and with the exits marked.\n\n"
        "Before anything moves, {step}. Agree in writing who may stop it, and rehearse the way back once in "
        "staging, with real volumes.\n\n"
        "My worry about {name}: {risk}. So go on only while {measure} stays where it was; the first "
        "deviation stops the work until it is explained."
    ),
    "brief": (
        "Yes, in this order: {step}; then widen. Mind that {risk}. Watch {measure}. Decide again in a week."
    ),
}

_REASONS = {
    True: {
        "optimist": "It is concrete, reversible and can start now.",
        "sceptic": "It is the only one that measures before it moves.",
        "engineer": "It names the failure and tests for it.",
        "cautious": "It keeps a way back at every step.",
        "brief": "Sound and short.",
    },
    False: {
        "optimist": "It waits for proof that only trying can give.",
        "sceptic": "It assumes the cause; nothing in it has been measured.",
        "engineer": "It has no test that would fail today.",
        "cautious": "It moves real traffic before the way back is rehearsed.",
        "brief": "Too much at once.",
    },
}


def prose(persona: str, question: str) -> str:
    """An answer in that persona's manner, about the first topic that the question touches."""
    topic = next(one for one in _TOPICS if re.search(one.pattern, question, re.IGNORECASE))
    text = _PROSE[persona].format(name=topic.name, step=topic.step, risk=topic.risk, measure=topic.measure)
    return text[0].upper() + text[1:]


def agrees(persona: str, label: str) -> bool:
    """Whether that persona votes for the proposal of that label: fixed, and different between personas."""
    share = {"optimist": 100, "brief": 80, "engineer": 60, "cautious": 50, "sceptic": 0}[persona]
    return crc32(f"{persona} {label}".encode()) % 100 < share


def ranked(persona: str, labels: list[str]) -> list[str]:
    """The labels in that persona's order: those it votes for come first."""
    return sorted(labels, key=lambda one: (not agrees(persona, one), crc32(f"{one} for {persona}".encode())))


class SchemaFiller:
    """Makes a value that fits a JSON schema, in a persona's voice. Understands the common keywords:
    type, properties, items, enum, const, anyOf, oneOf, $ref, lengths and bounds.

    Arrays over an enumeration (of plain labels, or of objects with such a property) hold each label once.
    `label` is put before every sentence.
    """

    def __init__(self, schema: dict[str, Any], persona: str, question: str, label: str = "") -> None:
        self.schema, self.persona, self.question, self.label = schema, persona, question, label

    def value(self) -> Any:
        return self._make(self.schema, "", None)

    def _make(self, schema: Any, name: str, about: str | None) -> Any:
        """`name` is the property's name, `about` the label that the object round it speaks of."""
        schema = self._resolved(schema)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return about if about in schema["enum"] else ranked(self.persona, schema["enum"])[0]
        kind = schema.get("type", "object" if "properties" in schema else "string")
        if isinstance(kind, list):
            kind = next((one for one in kind if one != "null"), "null")
        if kind == "object":
            return {key: self._make(part, key, about) for key, part in schema.get("properties", {}).items()}
        if kind == "array":
            return self._array(schema, name)
        if kind == "boolean":
            return agrees(self.persona, about or name)
        if kind in ("integer", "number"):
            return schema.get("minimum", schema.get("maximum", 1))
        return None if kind == "null" else self._sentence(schema, name, about)

    def _array(self, schema: dict[str, Any], name: str) -> list[Any]:
        items = self._resolved(schema.get("items", {}))
        if "enum" in items:
            return ranked(self.persona, list(items["enum"]))[: schema.get("maxItems")]
        choices = (self._resolved(part).get("enum") for part in items.get("properties", {}).values())
        labels = next((found for found in choices if found), None) or [None] * schema.get("minItems", 0)
        return [self._make(items, name, label) for label in labels][: schema.get("maxItems")]

    def _resolved(self, schema: Any) -> dict[str, Any]:
        if not isinstance(schema, dict):
            return {}
        if "$ref" in schema:
            found: Any = self.schema
            for step in str(schema["$ref"]).removeprefix("#/").split("/"):
                found = found.get(step, {}) if isinstance(found, dict) else {}
            return self._resolved(found)
        for word in ("anyOf", "oneOf", "allOf"):
            if schema.get(word):
                return self._resolved(next((one for one in schema[word] if one.get("type") != "null"), {}))
        return schema

    def _sentence(self, schema: dict[str, Any], name: str, about: str | None) -> str:
        if about is None:
            text = prose(self.persona, self.question)
        elif "reason" in name or "why" in name:
            text = _REASONS[agrees(self.persona, about)][self.persona]
        else:
            text = f"The objection about {about} is met: the plan stops at the first deviation."
        return (self.label + text)[: schema.get("maxLength")]
