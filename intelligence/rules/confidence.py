"""How sure an answer is: derived from what was seen, then corrected by how often such answers were right.

Nothing here is asked of a model. `CALIBRATION` was read off the labelled logs in `tests/data/logs` (the half used
for development); the other half checks it.
"""

from bisect import bisect_right

INFERRED = 0.5  # a guess from the outside stays one, however many lines repeat it
_SECOND = 0.25  # how much of the doubt a second, different wording for the same class takes away
_QUIET = 0.12  # a warning says less than an error
_HEALED = 0.2  # something good was said later, although the whole ended badly
_LOWEST, _HIGHEST = 0.3, 0.99

# derived score -> how often the primary class was right at that score and above
CALIBRATION = (
    (0.0, 0.4),
    (0.5, 0.5),
    (0.6, 0.65),
    (0.7, 0.75),
    (0.8, 0.85),
    (0.86, 0.9),
    (0.92, 0.95),
    (0.96, 0.98),
)


def derived(sure: list[float], *, quiet: bool, healed: bool, confirmed: bool) -> float:
    """From the certainties of the different wordings that were seen (the best first counts whole)."""
    best, *others = sorted(sure, reverse=True)
    if best <= INFERRED:
        return best - _QUIET * quiet - _HEALED * healed
    doubt = 1 - best
    for _ in others[:2]:
        doubt *= 1 - _SECOND
    if confirmed:
        doubt *= 1 - _SECOND
    score = 1 - doubt - _QUIET * quiet - _HEALED * healed
    return min(_HIGHEST, max(_LOWEST, score))


def calibrated(score: float) -> float:
    """The share of right answers among those with such a score, on a straight line between two known points."""
    at = bisect_right(CALIBRATION, (score, 2.0)) - 1
    (left, low) = CALIBRATION[at]
    right, high = CALIBRATION[at + 1] if at + 1 < len(CALIBRATION) else (1.0, 0.99)
    return round(low + (high - low) * (score - left) / (right - left), 2)
