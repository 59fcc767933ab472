"""What a newly insured worker takes home, and what the worker costs the employer."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def net_pay(
    earnings: npt.ArrayLike,
    employee: npt.ArrayLike,
    employer: npt.ArrayLike,
    shifted: npt.ArrayLike,
    minimum_wage: float = 0.0,
) -> Floats:
    """Take-home pay once insured: earnings - employee's contribution - the shifted part of the employer's (3.5, 18).

    ``shifted`` (theta) is the share of the employer's contribution that ends in lower pay. It is 0 where it would push
    earnings below the minimum wage: there pay cannot fall, and the employer bears all.
    """
    y, er = np.asarray(earnings, dtype=float), np.asarray(employer, dtype=float)
    moved = np.asarray(shifted) * er
    moved = np.where(y - moved < minimum_wage, 0.0, moved)
    return np.asarray(y - employee - moved)


def labour_cost(
    earnings: npt.ArrayLike, employer: npt.ArrayLike, shifted: npt.ArrayLike, minimum_wage: float = 0.0
) -> Floats:
    """What the worker costs once insured: earnings + the part of the employer's contribution that is not shifted."""
    y, er = np.asarray(earnings, dtype=float), np.asarray(employer, dtype=float)
    moved = np.where(y - np.asarray(shifted) * er < minimum_wage, 0.0, np.asarray(shifted) * er)
    return np.asarray(y + er - moved)


def jobs_at_risk(cost_rise: npt.ArrayLike, response: npt.ArrayLike) -> Floats:
    """Sensitivity, never netted: the share of affected jobs that turn informal when labour cost rises by a share.

    ``response``: points of informality for each point of labour cost (Colombia 2012: 0.36 among those affected).
    """
    return np.asarray(np.clip(np.asarray(cost_rise, dtype=float) * response, 0.0, 1.0))
