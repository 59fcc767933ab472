"""SDG indicator 1.3.1 and its parts, each with its own numerator and denominator (3.5, 20).

Registered, active (paying) and beneficiary variants are different numbers and are never mixed. Health is not a
cash benefit and is left out of the indicator.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Indicator:
    """A share: ``name``, words for numerator and denominator, and the two numbers (None: not determinable)."""

    name: str
    title: str
    numerator: float | None
    denominator: float | None
    note: str = ""

    @property
    def value(self) -> float | None:
        if self.numerator is None or not self.denominator:
            return None
        return self.numerator / self.denominator


def indicators(
    *,
    registered: float,
    active: float,
    pension_paying: float,
    cash_covered: float,
    injury_covered: float,
    mothers_with_benefit: float | None,
    pensioners: float | None,
    unemployed_receiving: float | None,
    population: float,
    labour_force: float,
    employed: float,
    pension_age: float,
    births: float | None,
    unemployed: float,
) -> tuple[Indicator, ...]:
    """The set for a year, from expected numbers of persons."""
    pensions = "the model has no pensions in payment" if pensioners is None else ""
    receiving = "benefits in payment are not in the survey" if unemployed_receiving is None else ""
    return (
        Indicator("contributors_registered", "Members of a pension scheme / labour force", registered, labour_force),
        Indicator("contributors_active", "Paying into a pension scheme / labour force", pension_paying, labour_force),
        Indicator(
            "covered_cash",
            "Covered by at least one cash benefit / population",
            cash_covered,
            population,
            "health excluded; dependants not counted",
        ),
        Indicator(
            "covered_cash_active",
            "Paying for at least one cash benefit / population",
            active,
            population,
            "health excluded; dependants not counted",
        ),
        Indicator(
            "old_age", "Receiving an old-age pension / people above pension age", pensioners, pension_age, pensions
        ),
        Indicator("maternity", "Mothers with a cash benefit / births", mothers_with_benefit, births),
        Indicator("injury", "Covered against injury at work / employed", injury_covered, employed),
        Indicator(
            "unemployment", "Unemployed with a cash benefit / unemployed", unemployed_receiving, unemployed, receiving
        ),
    )
