"""What contributions earn: accrued rights, their cost, and the worth of a pension against what was paid for it.

Rights are valued by the projected unit method: each year of contributions earns ``accrual`` of the base, which grows with
real wages to the pension age and is then fixed in real terms. No survivors' benefit and no lump sum is counted.
These numbers show a sign and a scale; they are not an actuarial valuation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from informality.coverage.lifetable import LifeTable, monthly

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

_ROUNDING = 1e-9  # fifteen years at density 0.6 are fifteen years


@dataclass(frozen=True, slots=True)
class PensionRule:
    """Old age in one scheme for one sex: ``accrual`` and ``cap`` as shares of the base, ages and years whole."""

    age: int
    min_years: float
    accrual: float
    cap: float
    proportional: bool = False
    """Whether those short of ``min_years`` get a pension for what they paid."""
    minimum: float = 0.0
    """The least pension of those who have the years, a month, in money of the year; until the pension age it grows with wages.

    Accrued rights know it. Money's worth does not: it is of a base, whatever its level.
    """


def pension_share(rule: PensionRule, years: npt.ArrayLike) -> Floats:
    """Pension as a share of the final base after so many years paid: 0 short of the minimum, at most the cap."""
    y = np.asarray(years, dtype=float)
    vests = (y >= rule.min_years * (1 - _ROUNDING)) | rule.proportional
    return np.asarray(np.where(vests, np.minimum(rule.accrual * y, rule.cap), 0.0))


def moneys_worth(
    rule: PensionRule,
    life: LifeTable,
    entry: int,
    *,
    rate: float,
    density: float = 1.0,
    real_wage: float = 0.02,
    discount: float = 0.03,
) -> float:
    """Present value of the pension over that of the pension contributions, for one who joins at ``entry``.

    Contributions ``rate`` x base x ``density`` are paid yearly in advance while alive; the base grows by
    ``real_wage``; ``density`` is taken as certain here, so that vesting is a cliff. 0 where no pension is earned,
    NaN where nothing is paid (joining at or after the pension age).
    """
    years = rule.age - entry
    if years <= 0 or density <= 0:
        return float("nan")
    ages = np.arange(entry, rule.age)
    growth = ((1 + real_wage) / (1 + discount)) ** np.arange(years, dtype=float)
    paid = float((rate * density * growth * life.survival(entry, ages)).sum())
    annuity = monthly(life.annuity_due(rule.age, discount))
    alive = float(life.survival(entry, rule.age))
    share = float(pension_share(rule, density * years))
    return share * ((1 + real_wage) / (1 + discount)) ** years * annuity * alive / paid


def balancing_rate(rule: PensionRule, life: LifeTable, entry: int, **assumptions: float) -> float:
    """The pension contribution rate at which money's worth is 1 for one who pays all the time and vests."""
    return moneys_worth(rule, life, entry, rate=1.0, **assumptions)


def right_value(
    rule: PensionRule, life: LifeTable, ages: Ints, *, real_wage: float, discount: float, shares: bool = True
) -> Floats:
    """Value today of the pension right that one year on a yearly base of 1 earns, by age (n,).

    ``accrual x (1 + g)^(R - x) x annuity x v^(R - x) x survival(x -> R)`` (3.5, 13); 0 from the pension age on. It does
    not contain the chance of vesting. With ``shares`` False the accrual is left out.
    """
    left = np.maximum(rule.age - np.asarray(ages), 0)
    factor = ((1 + real_wage) / (1 + discount)) ** left.astype(float)
    annuity = monthly(life.annuity_due(rule.age, discount))
    alive = life.survival(np.minimum(ages, rule.age), rule.age)
    value = (rule.accrual if shares else 1.0) * factor * annuity * alive
    return np.asarray(np.where(np.asarray(ages) < rule.age, value, 0.0))


def accrued_value(yearly_pension: float, annuity: float, years: float, discount: float, survival: float = 1.0) -> float:
    """Value today of a yearly pension that begins in ``years``."""
    return float(yearly_pension * annuity * (1 + discount) ** -years * survival)


def rolled(liability: npt.ArrayLike, accrual: npt.ArrayLike, real_rate: float, inflation: float) -> Floats:
    """Accrued liability a year later: the old one with interest, in money of the new year, and the year's accrual.

    What is no longer owed to those who died is in the survival of the values, so the sum earns the whole interest.
    """
    old = np.asarray(liability, dtype=float)
    return np.asarray(old * (1 + real_rate) * (1 + inflation) + np.asarray(accrual, dtype=float))


def first_vesting_year(start: int, min_years: float, density: float) -> int:
    """The calendar year in which the first who join in ``start`` and pay at ``density`` have their years."""
    return int(np.ceil(start + min_years / density - 1e-9))
