"""The words of the canned answers: topics, the manner of each persona, reasons. Only data.

A topic has two versions of each part; which one a persona uses depends on the persona, so that five
proposals on one question differ in substance, not only in tone.
"""

from dataclasses import dataclass

PERSONAS = ("optimist", "sceptic", "engineer", "cautious", "brief")


@dataclass(frozen=True, slots=True)
class Topic:
    pattern: str
    name: str
    steps: tuple[str, str]
    risks: tuple[str, str]
    measures: tuple[str, str]


TOPICS = (
    Topic(
        r"retr(y|ies)|back-?off|time-?outs?",
        "retries and time-outs",
        (
            "set one deadline for the whole request and let each hop see what is left of it",
            "retry in one layer only, with jitter, and take the retries out of all the others",
        ),
        (
            "three layers with three tries each turn one slow call into twenty-seven",
            "a retry after the work was done does it twice, unless the call is idempotent",
        ),
        (
            "the ratio of retried calls to first calls, which should stay under two percent",
            "calls that came to an end after their caller had given up",
        ),
    ),
    Topic(
        r"migrat|schema|postgres|database|\bsql\b|\bindex",
        "the database change",
        (
            "split it into an additive migration, a backfill in small batches and a later clean-up",
            "copy last night's backup, run the change on it, and write down how long each lock was held",
        ),
        (
            "a lock on a hot table stops every write behind it, and the queue outlives the lock",
            "the old version still writes rows that the new one can't read",
        ),
        ("lock wait time during the backfill", "replication lag and rows left to convert, every minute"),
    ),
    Topic(
        r"cache|redis|memcache",
        "the cache",
        (
            "put a time to live with jitter on every key, and let one load per key be in flight",
            "cache the three slowest reads only, and leave the rest where it is",
        ),
        (
            "when a popular key expires, every worker asks the database at the same moment",
            "an answer that is stale and looks fresh is worse than a slow one",
        ),
        ("hit ratio, and loads per key and second", "age of the data that was served, at p99"),
    ),
    Topic(
        r"deploy|roll[- ]?out|canary|release|roll[- ]?back|kubernetes|\bk8s\b|\bpods?\b",
        "the rollout",
        (
            "send one percent of the traffic to the new version and roll back by itself on the error budget",
            "ship the code dark, behind a flag, and make the switch a separate and boring step",
        ),
        (
            "old and new run side by side, so both must be able to read what either writes",
            "a rollback that nobody has tried is a hope, not a plan",
        ),
        (
            "error rate and p95 of the new version against the old one, over the same minutes",
            "the time from the first alert to the last request on the bad version",
        ),
    ),
    Topic(
        r"queue|celery|kafka|worker|\bjobs?\b",
        "the queue",
        (
            "make each job idempotent, and let a row, not a message, say whether it is done",
            "give slow jobs a queue of their own, so that they can't stand before quick ones",
        ),
        (
            "a worker that dies in the middle leaves work that is neither done nor queued",
            "one bad job that is tried for ever holds up all that come after it",
        ),
        ("the age of the oldest job, which says more than the queue's length", "jobs tried more than twice"),
    ),
    Topic(
        r"\bcosts?\b|budget|spend|price|\bcaps?\b",
        "the spending",
        (
            "reserve the worst case before a call starts, and settle to the real usage after it",
            "name an owner for each of the ten dearest lines, and ask which of them anyone would miss",
        ),
        (
            "with a check before and a record after, two calls at once both pass under the cap",
            "a hard stop at the end of the month stops the one job that mattered",
        ),
        ("open reservations older than the longest call", "cost per answered request, by team and week"),
    ),
    Topic(
        r"secur|token|secret|password|\bkeys?\b|auth",
        "the access question",
        (
            "give each caller a short-lived token with the one scope it needs",
            "list who holds which key today, and revoke what nobody claims within a week",
        ),
        (
            "a long-lived key ends up in a log, a ticket or an old laptop",
            "a rotation that breaks a nightly job teaches everyone never to rotate again",
        ),
        ("how many keys are older than ninety days", "when each credential was used last, and from where"),
    ),
    Topic(
        r"latenc|slow|performance|\bp9[59]\b|memory|\bcpu\b",
        "the slowness",
        (
            "take one trace of a slow request and one of a fast one, and compare them span by span",
            "turn off half of the work in a copy of production, and see which half was slow",
        ),
        (
            "tuning what is easy to see moves the average and leaves the tail where it was",
            "more machines hide a lock for a month and then cost twice",
        ),
        ("p95 and p99 by endpoint, at the same load", "queueing time apart from working time"),
    ),
    Topic(
        "",
        "the proposal",
        (
            "write down what must be true afterwards, and build the smallest change that makes it true",
            "try it with one team for two weeks, and agree beforehand what would end the trial",
        ),
        (
            "nobody owns the part between two teams, and that is where it breaks",
            "the work around it is larger than the work itself, and nobody has counted it",
        ),
        ("one number that would tell within a day that the choice was wrong", "hours spent on it, by week"),
    ),
)

PROSE = {
    "optimist": (
        "Go ahead with {name}: the gain is large and the way back is short.\n\n"
        "1. First, {step}.\n2. Open it to one team, and widen it daily.\n3. Watch {measure}.\n\n"
        "It is true that {risk}. That shows early and is cheap to undo at the start, so waiting costs more "
        "than trying. I would begin this week."
    ),
    "sceptic": (
        "I would not do this yet. The case for {name} rests on figures that nobody has shown.\n\n"
        "- **The danger:** {risk}.\n- **A simpler thing, not tried yet:** {step}.\n"
        "- **Missing:** {measure}. Without it nobody can tell success from luck.\n\n"
        "Measure for two weeks. If the figures then still ask for it, the plan will be smaller than this one."
    ),
    "engineer": (
        "Treat {name} as an ordinary change with an owner, a test and a way back.\n\n"
        "**Plan.** Begin where it is safe: {step}. Run the new path beside the old one, compare their answers "
        "for a day, then move the traffic.\n\n"
        "**What can fail.** In short, {risk}. Cover that with one test that fails today.\n\n"
        "**How we know.** Alert on {measure}; keep the old path for one release."
    ),
    "cautious": (
        "Do it, but slowly, and with the exits marked.\n\n"
        "Before anything moves, {step}. Agree in writing who may stop it, and rehearse the way back once, with "
        "real volumes.\n\n"
        "My worry about {name}: {risk}. So go on only while this stays where it was: {measure}. The first "
        "deviation stops the work until it is explained."
    ),
    "brief": "Yes, in this order: {step}; then widen. Mind that {risk}. Watch {measure}. Decide again in a week.",
}

RESOLUTION = (
    "**Decision.** Go on with {name}, in small steps, each with a way back.\n\n"
    "1. First, {step}.\n2. Run it for one team, and compare with what was there before.\n"
    "3. Widen it only while this stays in bounds: {measure}.\n\n"
    "**Why.** The members agree on the aim and differ on the pace. The objection with most weight is that "
    "{risk}; the first step is chosen so that this would show while it is still cheap.\n\n"
    "**What remains uncertain.** Nobody has figures from real traffic yet. Decide again after the first week."
)

REVIEW = {
    True: (
        "**Right:** it begins with what can be undone, and it says how we would know.\n\n"
        "**Missing:** {risk}; a sentence on that, and an owner.\n\nI would act on it."
    ),
    False: (
        "**Wrong or risky:** {risk}, and the answer has no step that would catch it.\n\n"
        "**Missing:** {measure}.\n\nI would not act on it as it stands."
    ),
}

REASONS = {
    True: {
        "optimist": ("It is concrete and can start now.", "The gain is clear and the way back is short."),
        "sceptic": ("It measures before it moves.", "It claims no more than it can show."),
        "engineer": ("It names the failure and tests for it.", "It has an owner, a test and a way back."),
        "cautious": ("It keeps a way back at every step.", "It says who may stop it, and when."),
        "brief": ("Sound and short.", "Right order, small steps."),
    },
    False: {
        "optimist": ("It waits for proof that only trying can give.", "It spends weeks to save a day."),
        "sceptic": ("It assumes the cause; nothing in it was measured.", "Its gain is hoped for, not shown."),
        "engineer": ("It has no test that would fail today.", "It doesn't say how we would notice a fault."),
        "cautious": ("It moves traffic before the way back was rehearsed.", "Nobody is named who may stop it."),
        "brief": ("Too much at once.", "No clear first step."),
    },
}

ANSWERS = (
    "The objection is fair, and the first step is there to test it: should it prove right, the work stops.",
    "It is met in part: the order was changed so that its case shows early. The rest is a risk we accept.",
)
