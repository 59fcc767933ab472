"""Levels of a factor all of whose cases have the outcome, or none of them: the commonest perfect separation.

Such a level has no finite coefficient. As it goes to infinity its cases are foretold with certainty and add nothing
to the likelihood of the other coefficients (Albert and Anderson 1984), so the model without the level and its cases
is the limit of the model with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from informality.inference.models.covariates import Variable
from informality.inference.models.formula import Parsed, display


@dataclass(frozen=True, slots=True)
class OneSided:
    """A level, its number of cases, and the outcome (0 or 1) that all of them have."""

    name: str
    level: str
    cases: int
    outcome: int


def main_factors(parsed: Parsed, variables: Mapping[str, Variable]) -> list[str]:
    """The factors that have a column of their own for each level but the reference."""
    names = []
    for term in parsed.description.rhs_termlist:
        codes = [factor.code for factor in term.factors]
        if len(codes) == 1 and (codes[0] in variables or codes[0] == f"C({display(codes[0])})"):
            names.append(display(codes[0]))
    return [name for name in names if variables[name].levels is not None]


def one_sided(
    y: NDArray[np.float64], factors: Mapping[str, Variable], inside: NDArray[np.bool_], kept: Mapping[str, str]
) -> list[OneSided]:
    """The one-sided levels among the cases ``inside`` (n,), for an outcome ``y`` (n,) of 0 and 1.

    Taking out one may make another one-sided, so the search goes on until none is left. A level is not taken out where
    a factor would be left with fewer than two, nor one that is ``kept`` (by factor: the reference asked for).
    """
    found: list[OneSided] = []
    left = inside.copy()
    searching = True
    while searching:
        searching = False
        for name, factor in factors.items():
            codes = factor.values[left]
            cases = np.bincount(codes, minlength=len(factor.labels))
            with_it = np.bincount(codes, y[left], minlength=len(factor.labels))
            for code in np.flatnonzero((cases > 0) & ((with_it == 0) | (with_it == cases))):
                if (cases > 0).sum() <= 2 or factor.labels[code] == kept.get(name):
                    continue
                found.append(OneSided(name, factor.labels[code], int(cases[code]), int(with_it[code] > 0)))
                left &= factor.values != code
                cases[code] = 0
                searching = True
    return found
