"""Money by year: short-term benefits, administration, tax-financed pensions, and the net cost to the State.

The balance of a scheme and the budget of the State are two things and are never netted: contributions do not pay
for subsidies. Months have 30 days.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

DAYS_IN_MONTH = 30.0
MONTHS = 12.0


def cash_benefit(
    base: npt.ArrayLike,
    incidence: npt.ArrayLike,
    qualify: npt.ArrayLike,
    replacement: npt.ArrayLike,
    days: npt.ArrayLike,
    load: npt.ArrayLike = 1.0,
) -> Floats:
    """Expected short-term benefit a year: incidence x load x Pr(qualify) x replacement x base x months (3.5, 12)."""
    factors = (np.asarray(x, dtype=float) for x in (incidence, load, qualify, replacement, base))
    months = np.asarray(days, dtype=float) / DAYS_IN_MONTH
    return np.asarray(np.prod(np.broadcast_arrays(*factors, months), axis=0))


def administration(
    members: npt.ArrayLike, contributions: npt.ArrayLike, fixed: float, per_member: npt.ArrayLike, share: npt.ArrayLike
) -> Floats:
    """Administrative cost a year: fixed + per member + share of contributions (3.5, 16)."""
    each, part = np.asarray(per_member, dtype=float), np.asarray(share, dtype=float)
    return np.asarray(fixed + each * np.asarray(members, dtype=float) + part * np.asarray(contributions, dtype=float))


def tax_pillar(recipients: npt.ArrayLike, amount: float, admin: float = 0.0) -> Floats:
    """Cost a year of a tax-financed benefit: recipients x monthly amount x 12, and a share for administration."""
    return np.asarray(np.asarray(recipients, dtype=float) * amount * MONTHS * (1 + admin))


def net_fiscal_cost(
    subsidies: npt.ArrayLike,
    state_as_employer: npt.ArrayLike,
    tax_financed: npt.ArrayLike,
    admin_grant: npt.ArrayLike,
    tax_change: npt.ArrayLike,
) -> Floats:
    """Net cost to the State (3.5, 17): contributions to the scheme are no revenue of the State and do not appear."""
    parts = (np.asarray(x, dtype=float) for x in (subsidies, state_as_employer, tax_financed, admin_grant))
    return np.asarray(sum(parts, np.zeros(())) - np.asarray(tax_change, dtype=float))


def percent_of_gdp(amount: npt.ArrayLike, gdp: float) -> Floats:
    """Of that year's GDP, in per cent."""
    return np.asarray(100 * np.asarray(amount, dtype=float) / gdp)
