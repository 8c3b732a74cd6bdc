"""What was said before a question: turns of user and assistant, within the site's limit. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from providers.exceptions import InvalidInput
from providers.guard import clean
from providers.types import AIResponse, ChatMessage


@dataclass(frozen=True, slots=True)
class Conversation:
    messages: tuple[ChatMessage, ...]
    cut: int  # characters over the input limit that were left out

    @property
    def question(self) -> str:
        """The last thing that was asked; the title of a session."""
        return next((m.content for m in reversed(self.messages) if m.role == "user"), self.messages[-1].content)

    def noted(self, response: AIResponse) -> AIResponse:
        """The answer, with a cut marked in its metadata."""
        marked = {**response.metadata, "input_cut_chars": self.cut}
        return replace(response, metadata=marked) if self.cut else response

    def as_dicts(self) -> list[dict[str, str]]:
        return [{"role": m.role, "content": m.content} for m in self.messages]


def within(turns: Sequence[tuple[str, str]], limit: int) -> Conversation:
    """(role, text) of each turn, cleaned; any role but `assistant` counts as the user's.

    The limit counts over all turns; the newest text is kept, the oldest is cut. Errors: InvalidInput for no text.
    """
    left, cut, kept = limit, 0, []
    for said_by, text in reversed(turns):
        cleaned = clean(text, max(left, 0))
        cut += cleaned.cut
        left -= len(cleaned.text)
        role: Literal["user", "assistant"] = "assistant" if said_by == "assistant" else "user"
        if cleaned.text.strip():
            kept.append(ChatMessage(role, cleaned.text))
    if not kept:
        raise InvalidInput("`messages` holds no text.", param="messages")
    return Conversation(tuple(reversed(kept)), cut)
