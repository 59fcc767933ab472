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
    months = np.asarray(days, dtype=float) / DAYS_IN_MONTH
    return np.asarray(np.asarray(base) * incidence * load * qualify * replacement * months)


def administration(members: npt.ArrayLike, contributions: npt.ArrayLike, fixed: float, per_member: npt.ArrayLike, share: npt.ArrayLike) -> Floats:
    """Administrative cost a year: fixed + per member + share of contributions (3.5, 16)."""
    return np.asarray(fixed + np.asarray(per_member) * members + np.asarray(share) * contributions)


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
    return np.asarray(np.asarray(subsidies) + state_as_employer + tax_financed + admin_grant - np.asarray(tax_change))


def percent_of_gdp(amount: npt.ArrayLike, gdp: float) -> Floats:
    """Of that year's GDP, in per cent."""
    return np.asarray(100 * np.asarray(amount, dtype=float) / gdp)
