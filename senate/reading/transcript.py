"""What a page, the JSON API and an export know of a session: one dict of plain values, built by `chat.transcript`.

Times are ISO 8601 strings in UTC ("" where it has not happened), durations seconds as float, money decimal strings
in US dollars, members are seat numbers from 0 (seat order never changes). Nothing here depends on the reader.

Events (`chat.events`), each {n, at, type, phase, member, data}, are the same facts as they happened:

    session.started   {plan, members, resumed}
    phase.started     {label, total}                      phase.done {done, total}
    call.started      {key, timeout_s, again}             again: the same call once more, its column starts empty
    call.text         {key, offset, text}                 text belongs at that offset of the call's text
    call.done         {key, input_tokens, output_tokens, cost_usd, estimated, elapsed_s, log_id}
    call.failed       {key, state, error, code, and the figures of call.done}  state: failed, timed_out, cancelled
    vote              {reviewer, proposal, agree, reason, rank}   rank 1: the best of those it read
    abstention        {reviewer, why}
    chair.rotated     {from, to, why, after_s, key}       to: None when nobody is left
    resolution        {state, member, text, answers, unanswered}  state: written, leading, none; answers by seat
    session.done      {state, reason, spent_usd, tokens}  state: done, partial
    session.cancelled, session.failed                     {reason, spent_usd, tokens}

Applying an event twice changes nothing: text has its offset, all else a key. So a reader that has a transcript
with `last_n` N and then applies every event after N has what a later transcript says.
"""

from typing import Literal, TypedDict

SessionState = Literal["queued", "running", "done", "partial", "failed", "cancelled"]
CallState = Literal["waiting", "writing", "done", "failed", "timed_out", "cancelled"]
PhaseName = Literal["answer", "propose", "review", "chair"]


class Call(TypedDict):
    """One member's part in one phase. `text` is what the member says to people: Markdown, never checked.

    A ballot has no text: its votes stand in `Votes`. The chair's text is its resolution so far.
    While it runs, tokens and cost are estimates (`estimated` is then true).
    """

    key: str
    phase: PhaseName
    member: int
    state: CallState
    text: str
    error: str
    error_code: str
    input_tokens: int
    output_tokens: int
    tokens: int
    cost_usd: str
    estimated: bool
    log_id: str
    started_at: str
    finished_at: str
    elapsed_s: float
    timeout_s: float


class Member(TypedDict):
    """One column, in seat order. `state` is that of its first call (answer or proposal), waiting before it.

    `review_text`: only code review has prose reviews. `tokens` and `cost_usd` are those of all its calls.
    `mock`: its words are labelled test answers. `support` is None for a member without a proposal.
    """

    index: int
    provider: str
    model: str
    name: str
    monogram: str
    slot: int
    mock: bool
    state: CallState
    call: Call | None
    review: Call | None
    chairs: bool
    support: "Support | None"
    tokens: int
    cost_usd: str
    estimated: bool


class Step(TypedDict):
    """One step of the stepper. `note` says what is happening: "3 of 5 done", "4 ballots", "2nd of 4 chairs"."""

    key: PhaseName
    label: str
    state: Literal["waiting", "running", "done", "skipped"]
    done: int
    failed: int
    total: int
    note: str
    started_at: str
    elapsed_s: float


class Cell(TypedDict):
    """What the row's reviewer says of the column's proposal."""

    reviewer: int
    proposal: int
    state: Literal["agree", "disagree", "pending", "abstained", "own"]
    reason: str


class BallotRow(TypedDict):
    """`ranking`: proposals (seat numbers) from best to worst; empty until the ballot is cast."""

    reviewer: int
    state: Literal["pending", "cast", "abstained"]
    why: str
    ranking: list[int]
    cells: list[Cell]


class Support(TypedDict):
    """`agree` of `of` cast ballots agree with the proposal; `place` 1 leads."""

    member: int
    agree: int
    of: int
    place: int


class Votes(TypedDict):
    """The matrix over the members that have a proposal, rows and columns in the order of `members`.

    `independent`: effective number of independent votes (two digits, "" with fewer than two ballots),
    `agreement`: the mean pairwise agreement it comes from. `absent`: seats that are not in the matrix.
    """

    members: list[int]
    absent: list[int]
    rows: list[BallotRow]
    support: list[Support]
    leading: int | None
    votes_in: int
    votes_total: int
    ballots: int
    independent: str
    agreement: str
    early_stop: "EarlyStop | None"


class EarlyStop(TypedDict):
    """Ballots that were called off because they could not change who leads; `saved_usd` is an estimate."""

    reviewers: list[int]
    saved_usd: str


class Dissent(TypedDict):
    """A reviewer whose ballot disagrees with the leading proposal. `summary`: "against 3 of 3 other proposals"."""

    member: int
    against: int
    of: int
    summary: str
    reason: str
    state: Literal["waiting", "being_answered", "answered", "unanswered"]
    answer: str


class Rotation(TypedDict):
    """`to` None: nobody was left. `draft`: what the one who stopped had written."""

    chair: int
    to: int | None
    why: str
    after_s: float
    at: str
    draft: str


class Resolution(TypedDict):
    """`text` is Markdown. `label`: "Resolution", or "Leading proposal, not a resolution", or "Answer".

    State: waiting (not written yet), writing, written, leading, none (there is and will be no text).
    `member` chairs, or wrote the leading proposal; `next` are the seats that chair after it.
    `unanswered`: seats of dissenters whom the resolution does not answer.
    """

    state: Literal["waiting", "writing", "written", "leading", "none"]
    label: str
    text: str
    member: int | None
    next: list[int]
    attempt: int
    attempts: int
    rotations: list[Rotation]
    unanswered: list[int]
    call: Call | None


class Totals(TypedDict):
    """`calls` made (repairs, lost and failed ones too) of `planned`; `released_usd` is what the end gave back."""

    calls: int
    planned: int
    tokens: int
    spent_usd: str
    estimated: bool
    quoted_usd: str
    quoted_tokens: int
    released_usd: str


class Transcript(TypedDict):
    """`mode` was asked, `plan` is what it came to (solo, code-review, senate), `why` says so in a sentence.

    `state_label` is the badge's word ("Proposing", "Partial: 4 of 5 members"); `open` until it has ended.
    `votes` is None except in a Senate.
    """

    id: int
    question: str
    mode: str
    plan: str
    plan_label: str
    why: str
    visibility: str
    owner: str
    owner_id: int
    state: SessionState
    state_label: str
    open: bool
    cancelling: bool
    phase: str
    reason: str
    partial: str
    quorum: int
    created_at: str
    started_at: str
    finished_at: str
    elapsed_s: float
    now: str
    last_n: int
    steps: list[Step]
    members: list[Member]
    votes: Votes | None
    dissents: list[Dissent]
    resolution: Resolution
    totals: Totals
