"""Canned answers: prose of a few personas, and JSON that fits a schema. No model is asked.

The Mock wire speaks them (labelled), and so does the fake upstream of the tests. The same words give
the same answer, and the personas disagree, so that a committee of them looks like one.
"""

import re
from typing import Any
from zlib import crc32

from providers.wires.canned_words import ANSWERS, PERSONAS, PROSE, REASONS, RESOLUTION, REVIEW, TOPICS

# How likely a persona is to vote for a proposal, in percent.
_KINDNESS = {"optimist": 100, "brief": 80, "engineer": 60, "cautious": 50, "sceptic": 0}
# The question stands between such lines, beside texts of others that touch other topics.
_QUESTION = re.compile(r"^--- begin question \S+ ---\n(.*?)\n--- end question", re.DOTALL | re.MULTILINE)
_DISSENTS = re.compile(r"^(?:Dissent to answer: (.*)|There is no dissent to answer)", re.MULTILINE)


def prose(persona: str, text: str, system: str = "") -> str:
    """That persona's answer on the first topic that the question in `text` touches; a review where the
    system prompt asks for one."""
    asks_review = re.search(r"^you review\b", system, re.IGNORECASE)
    template = REVIEW[agrees(persona, _question(text))] if asks_review else PROSE[persona]
    return _worded(template, persona, text)


def resolution(persona: str, text: str) -> str:
    """What that persona resolves when it sits in the chair."""
    return _worded(RESOLUTION, persona, text)


def _question(text: str) -> str:
    found = _QUESTION.search(text)
    return found[1] if found else text


def _worded(template: str, persona: str, text: str) -> str:
    topic = next(one for one in TOPICS if re.search(one.pattern, _question(text), re.IGNORECASE))
    side = PERSONAS.index(persona) % 2
    made = template.format(
        name=topic.name, step=topic.steps[side], risk=topic.risks[side], measure=topic.measures[side]
    )
    return made[0].upper() + made[1:]


def agrees(persona: str, label: str) -> bool:
    """Whether that persona votes for the proposal of that label: fixed, and different between personas."""
    return crc32(f"{persona} {label}".encode()) % 100 < _KINDNESS[persona]


def ranked(persona: str, labels: list[str]) -> list[str]:
    """The labels in that persona's order: those it votes for come first."""
    return sorted(labels, key=lambda one: (not agrees(persona, one), crc32(f"{one} for {persona}".encode())))


class SchemaFiller:
    """Makes a value that fits a JSON schema, in a persona's voice. Understands the common keywords:
    type, properties, items, enum, const, anyOf, oneOf, $ref, lengths and bounds.

    Arrays over an enumeration (of plain labels, or of objects with such a property) hold each label once;
    an array of dissents holds those that the prompt lists.
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
        if "dissent" in name and (listed := _DISSENTS.search(self.question)):
            labels = [one for one in labels if re.search(rf"\b{re.escape(str(one))}\b", listed[1] or "")]
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
            write = resolution if "resolution" in name else prose
            text = write(self.persona, self.question)
        elif "reason" in name or "why" in name:
            text = _either(REASONS[agrees(self.persona, about)][self.persona], about)
        else:
            text = _either(ANSWERS, about)
        return (self.label + text)[: schema.get("maxLength")]


def _either(choice: tuple[str, str], label: str) -> str:
    return choice[sum(label.encode()) % 2]
