"""Who joins of those who may: a logit on what the State pays and who helps to register, tied to known membership.

    logit p* = alpha + beta_subsidy sigma + beta_assistance A + x gamma,  p* <= p_max,  0 where a capacity test fails

Take-up moves towards p* by a share ``speed`` of the distance each year (diffusion); members flow in and out (stock).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

from informality.foundation.errors import ExitCode, InformalityError, Problem

Floats = npt.NDArray[np.float64]

_STEPS = 200
_MATCHED = 1e-12


def take_up(
    score: npt.ArrayLike, alpha: npt.ArrayLike, p_max: npt.ArrayLike = 1.0, able: npt.ArrayLike = True
) -> Floats:
    """Probability of joining from a score; broadcasts, so (n, 1) scores and (draws,) parameters give (n, draws)."""
    p = np.minimum(expit(np.asarray(score, dtype=float) + alpha), p_max)
    return np.asarray(np.where(able, p, 0.0))


def intercept_of(p: npt.ArrayLike) -> Floats:
    """The alpha that gives probability p where the score is 0."""
    return np.asarray(logit(np.asarray(p, dtype=float)))


def calibrate(
    score: npt.ArrayLike,
    weight: npt.ArrayLike,
    members: npt.ArrayLike,
    p_max: npt.ArrayLike = 1.0,
    able: npt.ArrayLike = True,
    place: str = "take-up",
) -> Floats:
    """The alpha with which expected members are ``members``: (draws,), or () for a score (n,). By bisection.

    ``score`` (n,) or (n, draws), ``able`` alike; ``weight`` (n,), or (n, sets) for an alpha with each set of weights, and
    then ``members`` may be (sets,). Expected members rise with alpha, so there is one solution, found to the last digits.
    Raises :class:`InformalityError` (DATA) when there are more members than could join.
    """
    x, w, m = (np.asarray(v, dtype=float) for v in (score, weight, members))
    one = x.ndim == w.ndim == 1
    x = x[:, None] if x.ndim == 1 else x
    columns = x.shape[1] if w.ndim == 1 else w.shape[1]
    ok = np.broadcast_to(np.asarray(able)[:, None] if np.ndim(able) == 1 else able, x.shape)

    def expected(p: Floats) -> Floats:
        return np.asarray(w @ p if w.ndim == 1 else (w * p).sum(axis=0))

    most = expected(np.where(ok, 1.0, 0.0)) * np.asarray(p_max, dtype=float)
    if not (m >= 0).all() or (most <= m).any():
        raise InformalityError(
            Problem(
                place,
                "there are more members on record than people who could be members",
                f"{m.max():,.0f} members, {np.min(most):,.0f} of those who may join could (capacity counted)",
                "check the administrative figure and its definition, whom the scheme covers, or the capacity tests",
            ),
            ExitCode.DATA,
        )
    low, high = np.full(columns, -60.0 - np.abs(x).max()), np.full(columns, 60.0 + np.abs(x).max())
    for _ in range(_STEPS):
        middle = (low + high) / 2
        above = expected(take_up(x, middle, p_max, ok)) > m
        low, high = np.where(above, low, middle), np.where(above, middle, high)
        if (high - low <= _MATCHED * np.maximum(1, np.abs(middle))).all():
            break
    alpha = np.where(m == 0, -np.inf, (low + high) / 2)
    return np.asarray(alpha[0] if one else alpha)


def shrunk(estimate: npt.ArrayLike, prior: npt.ArrayLike, events_per_variable: float, enough: float = 10.0) -> Floats:
    """Coefficients drawn to their priors when there are too few cases: the weight of the survey is EPV / 10, up to 1."""
    share = min(1.0, events_per_variable / enough)
    return np.asarray(share * np.asarray(estimate, dtype=float) + (1 - share) * np.asarray(prior, dtype=float))


def diffused(before: npt.ArrayLike, target: npt.ArrayLike, speed: npt.ArrayLike) -> Floats:
    """Take-up a year later: before + speed (target - before) (3.5, 7)."""
    p = np.asarray(before, dtype=float)
    return np.asarray(p + np.asarray(speed) * (np.asarray(target) - p))


def stock(start: float, new: Iterable[float], lapse: float, survival: float = 1.0, retired: float = 0.0) -> Floats:
    """Members year by year: what is left of those before (not lapsed, alive, not retired) and new ones (3.5, 8)."""
    out, members = [], start
    for joined in new:
        members = members * (1 - lapse) * survival * (1 - retired) + joined
        out.append(members)
    return np.array(out)


def entrants(before: npt.ArrayLike, after: npt.ArrayLike, leaving: npt.ArrayLike) -> tuple[Floats, Floats]:
    """New members and those who left between two years, from the stocks and the share that leaves.

    Where the stock falls by more than the share that leaves, nobody joins and all of the fall are leavers.
    """
    m0, m1 = np.asarray(before, dtype=float), np.asarray(after, dtype=float)
    left = np.maximum(m0 * leaving, m0 - m1)
    return np.asarray(m1 - m0 + left), np.asarray(left)
