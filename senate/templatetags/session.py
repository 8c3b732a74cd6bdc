"""What the session's templates ask of a transcript (`senate/reading/`): small questions, no queries."""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from providers.format import parsed, zone
from senate.engine import plan
from senate.engine.deliberation import NOBODY
from senate.reading.markdown import to_html

register = template.Library()

TITLE_CHARS = 240
PERCENT = re.compile(r"(?<=\d) %")
BADGES = {
    "waiting": "Waiting",
    "queued": "Waiting",
    "running": "Writing",
    "writing": "Writing",
    "being_answered": "Being answered",
    "answered": "Answered",
    "unanswered": "Unanswered",
    "done": "Done",
    "partial": "Partial",
    "failed": "Failed",
    "timed_out": "Timed out",
    "cancelled": "Cancelled",
}
VERDICTS = {"agree": "yes", "disagree": "no"}
LOST = {"failed", "timed_out", "cancelled"}


@register.filter
def badge_word(state: str) -> str:
    """The badge vocabulary's word for a state of a session, call or dissent."""
    return BADGES[state]


@register.filter
def seat(members: Sequence[dict[str, Any]], index: int | None) -> dict[str, Any] | None:
    return None if index is None else members[index]


@register.filter
def seats(members: Sequence[dict[str, Any]], indexes: Sequence[int]) -> list[dict[str, Any]]:
    return [members[index] for index in indexes]


@register.filter
def verdict(state: str) -> str:
    """A cell's state in the words of the vote partial."""
    return VERDICTS.get(state, state)


@register.filter
def is_lost(member: dict[str, Any]) -> bool:
    return member["state"] in LOST


@register.filter
def lost(members: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [member for member in members if is_lost(member)]


@register.filter
def any_mock(members: Sequence[dict[str, Any]]) -> bool:
    return any(member["mock"] for member in members)


@register.filter
def any_text(members: Sequence[dict[str, Any]]) -> bool:
    return any(member["call"] and member["call"]["text"] for member in members)


@register.filter
def supported(support: dict[str, Any]) -> str:
    """The badge of a proposal's support; half of the ballots is support."""
    return "Supported" if support["agree"] * 2 >= support["of"] else "Not supported"


@register.filter
def step_class(step: dict[str, Any]) -> str:
    """How a step looks: a phase that ended with nothing of what it is for was stopped, not done."""
    done = "done" if step["done"] else "stopped"
    return {"running": "now", "done": done}.get(step["state"], "")


@register.filter
def stage(steps: Sequence[dict[str, Any]]) -> str:
    """How far a Senate is, for the page's shape: propose, review or chair."""
    begun = {step["key"] for step in steps if step["state"] in {"running", "done"}}
    return "chair" if "chair" in begun else "review" if "review" in begun else "propose"


@register.filter
def reviewed(steps: Sequence[dict[str, Any]]) -> bool:
    return any(step["key"] == "review" and step["state"] == "done" for step in steps)


@register.filter
def saying(steps: Sequence[dict[str, Any]]) -> str:
    """The one sentence for readers who listen: "Propose: 2 of 5 done."."""
    now = [step for step in steps if step["state"] == "running"]
    return f"{now[-1]['label']}: {now[-1]['note']}." if now and now[-1]["note"] else ""


@register.filter
def chosen_vote(votes: dict[str, Any], asked: str) -> str:
    """The cell whose reason shows, as "reviewer-proposal": the asked one, else a no to the leading proposal,
    else any no, yes or abstention."""
    cells = [cell for row in votes["rows"] for cell in row["cells"] if cell["state"] in {*VERDICTS, "abstained"}]
    wanted = (
        lambda cell: cell_name(cell) == asked,
        lambda cell: cell["state"] == "disagree" and cell["proposal"] == votes["leading"],
        lambda cell: cell["state"] == "disagree",
        lambda cell: cell["state"] == "agree",
        lambda cell: True,
    )
    return next((cell_name(cell) for wish in wanted for cell in cells if wish(cell)), "")


@register.filter
def agreed(cells: Sequence[dict[str, Any]]) -> int:
    return sum(cell["state"] == "agree" for cell in cells)


@register.filter
def markdown(text: str) -> SafeString:
    return to_html(text)


@register.filter
def reading(text: str) -> SafeString:
    """Markdown whose short first paragraph carries the answer."""
    return to_html(text, lead=True)


@register.filter
def title_of(question: str) -> str:
    """The first lines of a question, short enough for a heading; a percent sign stays with its figure."""
    flat = PERCENT.sub("\N{NO-BREAK SPACE}%", " ".join(question.split()))
    return flat if len(flat) <= TITLE_CHARS else flat[: TITLE_CHARS - 1].rstrip() + "…"


@register.filter
def is_cut(question: str) -> bool:
    return len(" ".join(question.split())) > TITLE_CHARS or "\n" in question.strip()


@register.filter
def moment(value: str) -> SafeString:
    """`Nov 20, 14:02:11 UTC`: the same at every look, unlike a relative time."""
    local = timezone.localtime(parsed(value))
    text = f"{local:%b} {local.day}, {local:%H:%M:%S} {zone(local)}"
    return format_html('<time datetime="{}">{}</time>', value, text)


@register.filter
def share(part: float, whole: float) -> float:
    """Percent of a whole, 0 where there is none."""
    return 100 * float(part) / float(whole) if whole else 0.0


@register.filter
def cell_name(cell: dict[str, Any]) -> str:
    """`2-1`: the reviewer's seat and the proposal's, as the page's address says it."""
    return f"{cell['reviewer']}-{cell['proposal']}"


@register.filter
def nonzero(amount: str) -> bool:
    return bool(amount) and Decimal(amount) > 0


@register.filter(name="is")
def is_same(left: str, right: str) -> bool:
    return left == right


@register.filter
def support_words(support: dict[str, Any]) -> str:
    return f"{support['agree']} of {support['of']}"


@register.filter
def answered(dissents: Sequence[dict[str, Any]]) -> int:
    return sum(dissent["state"] == "answered" for dissent in dissents)


@register.filter
def lost_words(state: str) -> str:
    """How a member fell out, for the line under the matrix."""
    words = {
        "timed_out": "timed out while proposing",
        "failed": "failed while proposing",
        "cancelled": "cancelled",
    }
    return words.get(state, "no proposal")


@register.filter
def row_words(row: dict[str, Any]) -> str:
    """The badge of a session in the list: its phase while it runs, how many answered where some did not."""
    if row["state"] == "running":
        return {"propose": "Proposing", "review": "Reviewing", "chair": "Chair"}.get(row["phase"], "Writing")
    return f"Partial {row['answered']}/{row['members']}" if row["state"] == "partial" else ""


@register.filter
def without_members(reason: str) -> str:
    """A reason without what each member said, where that stands in the members' own columns."""
    return f"{NOBODY} Why stands with each of them." if reason.startswith(NOBODY) else reason


@register.filter
def table_cell(text: str) -> str:
    """Text that keeps a Markdown table whole."""
    return " ".join(text.replace("|", "\\|").split())


@register.filter
def made_words(quote: dict[str, Any]) -> str:
    """What a quote is for: `Senate, 5 members, 11 calls`."""
    return plan.made_words(quote["plan"], len(quote["members"]), quote["calls"])


@register.filter
def names(seats: Sequence[dict[str, Any]]) -> str:
    """Seats as the form names them, one a line."""
    return "\n".join(f"{seat['provider']}/{seat['model']}" for seat in seats)
