"""A deliberation in a terminal: one line for each thing that happens."""

from typing import Any, TextIO

from providers.format import estimated, money
from senate.models import SenateSession
from senate.reading.transcript import Transcript


class Screen:
    """`n` is the last event that was shown."""

    def __init__(self, out: TextIO, session: SenateSession) -> None:
        self._out, self._session, self.n = out, session, 0

    def say(self, line: str) -> None:
        self._out.write(line)

    def head(self) -> None:
        session = self._session
        names = ", ".join(self.name(m) for m in range(len(session.seats)))
        self.say(f"Session {session.pk}: {session.why}\nMembers: {names}. At most {money(session.quoted_usd)}.")

    def name(self, member: int | None) -> str:
        if member is None:
            return "nobody"
        seat = self._session.seats[member]
        return f"{seat['name']} ({seat['model']})"

    def show(self, event: dict[str, Any]) -> None:
        self.n = event["n"]
        line = self._line(event["type"], event["phase"], event["member"], event["data"])
        if line:
            self.say(line)

    def _line(self, kind: str, phase: str, member: int | None, data: dict[str, Any]) -> str:
        match kind:
            case "session.started" if data["resumed"]:
                return "Another worker goes on from what is stored."
            case "phase.started":
                return f"\n{data['label']}"
            case "call.done":
                tokens = data["input_tokens"] + data["output_tokens"]
                return f"  {self.name(member)}: done, {data['elapsed_s']} s, {tokens} tokens, {paid(data)}"
            case "call.failed":
                return f"  {self.name(member)}: {data['state'].replace('_', ' ')}. {data['error']}"
            case "vote":
                said = "agrees with" if data["agree"] else "disagrees with"
                return f"  {self.name(member)} {said} {self.name(data['proposal'])}: {data['reason']}"
            case "abstention":
                return f"  {self.name(member)} abstains. {data['why']}"
            case "chair.rotated":
                return f"  {self.name(data['from'])} stopped: {data['why']} Next: {self.name(data['to'])}."
        return ""

    def result(self, said: Transcript) -> None:
        resolution, totals = said["resolution"], said["totals"]
        if resolution["text"]:
            self.say(f"\n{resolution['label']}\n\n{resolution['text']}\n")
        for dissent in said["dissents"]:
            self.say(f"Dissent: {self.name(dissent['member'])}, {dissent['summary']} ({dissent['state']}).")
        spent = (estimated if totals["estimated"] else money)(totals["spent_usd"])
        most = money(totals["quoted_usd"])
        figures = f"{totals['calls']} calls, {totals['tokens']:,} tokens, {spent} of at most {most}"
        self.say(f"{said['state_label']}. {figures}.")


def paid(figures: dict[str, Any]) -> str:
    return (estimated if figures["estimated"] else money)(figures["cost_usd"])
