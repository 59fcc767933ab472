"""Who is insured of those who must be: a path, a target for the group, or a shift of the log-odds.

Compliance is a share of those covered by law, 0 to 1, reported by size of firm. What is changed is always the chance of
those not yet insured to become so (``uptake``): nobody who is insured already drops out.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

Floats = npt.NDArray[np.float64]


def phased(start: npt.ArrayLike, step: npt.ArrayLike, cap: npt.ArrayLike, years: float) -> Floats:
    """Compliance of those newly covered, ``years`` after the law: start, so much more each year, up to a cap."""
    if years < 0:
        return np.asarray(np.zeros(np.broadcast(start, step, cap).shape))
    return np.asarray(np.minimum(np.asarray(start) + np.asarray(step) * years, cap))


def ramp(years: float, over: float) -> float:
    """How much of a change is in place: 0 before it begins, all after ``over`` years, in a line between.

    ``years`` counts the running years: 1 in the first year. A change without a ramp is whole at once.
    """
    if years <= 0:
        return 0.0
    return 1.0 if over <= 0 else min(1.0, years / over)


def uptake_for_target(now: npt.ArrayLike, target: npt.ArrayLike) -> Floats:
    """The chance of the uninsured to be insured that lifts compliance of the group from ``now`` to ``target``."""
    q, t = np.asarray(now, dtype=float), np.asarray(target, dtype=float)
    rest = 1 - q
    return np.asarray(np.clip(np.divide(t - q, rest, out=np.zeros(np.broadcast(q, t).shape), where=rest > 0), 0.0, 1.0))


def shifted(now: npt.ArrayLike, log_odds: npt.ArrayLike) -> Floats:
    """Compliance after a shift of its log-odds (inspections, links with licences and taxes; 3.5, 9)."""
    q = np.clip(np.asarray(now, dtype=float), 1e-12, 1 - 1e-12)
    return np.asarray(expit(logit(q) + log_odds))
