"""The workers of a later year: weights by age and sex, margins by raking, and a guard against overstretching the sample."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from informality.coverage.country import SEXES, Population
from informality.foundation.errors import ExitCode, InformalityError, Problem

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

LARGEST_RATIO = 5.0
_STEPS = 1000
_MET = 1e-10


@dataclass(frozen=True, slots=True)
class WeightQuality:
    """Effective sample size (Kish) and the largest change of a weight relative to the mean change."""

    effective_n: float
    largest_ratio: float


def ageing_factors(
    population: Population, sex: npt.NDArray[np.str_], age: npt.ArrayLike, start: int, year: int
) -> Floats:
    """The factor by which each person's weight grows: P_year(age, sex) / P_start(age, sex) (n,).

    Persons whose age or sex is not known grow with the whole population.
    """
    now, then = population.at(year), population.at(start)
    a = np.asarray(age, dtype=float)
    group = np.searchsorted(population.groups, np.nan_to_num(a), side="right") - 1
    out = np.full(len(a), now.sum() / then.sum())
    for s, name in enumerate(SEXES):
        here = (np.asarray(sex) == name) & ~np.isnan(a)
        out[here] = (now[s] / then[s])[group[here]]
    return out


def raked(table: npt.ArrayLike, rows: npt.ArrayLike, columns: npt.ArrayLike, passes: int | None = None) -> Floats:
    """A table raked to its margins (iterative proportional fitting); ``passes`` stops after so many full passes.

    A pass sets the rows and then the columns. Raises ``ValueError`` when the margins have different totals.
    """
    t, r, c = (np.array(x, dtype=float) for x in (table, rows, columns))
    if not np.isclose(r.sum(), c.sum()):
        raise ValueError(f"the margins add up to {r.sum():,.6g} and {c.sum():,.6g}")
    for _ in range(passes if passes is not None else _STEPS):
        t *= (r / t.sum(axis=1))[:, None]
        t *= c / t.sum(axis=0)
        if passes is None and np.abs(t.sum(axis=1) - r).max() <= _MET * r.max():
            break
    return t


def rake_weights(weight: npt.ArrayLike, margins: list[tuple[Ints, Floats]]) -> Floats:
    """Weights raked to several margins: each a code (n,), negative outside, and the totals by code."""
    w = np.array(weight, dtype=float)
    for _ in range(_STEPS):
        worst = 0.0
        for code, totals in margins:
            inside = code >= 0
            sums = np.bincount(code[inside], w[inside], minlength=len(totals))
            factor = np.divide(totals, sums, out=np.ones(len(totals)), where=sums > 0)
            w[inside] *= factor[code[inside]]
            worst = max(worst, float(np.abs(factor - 1).max()))
        if worst < _MET:
            return w
    raise InformalityError(
        Problem(
            "projection",
            "the margins cannot be met together",
            f"after {_STEPS} passes a margin is still {100 * worst:.3g} per cent away",
            "look for margins that contradict each other, or for a group without sampled persons",
        ),
        ExitCode.ESTIMATE,
    )


def weight_quality(weight: npt.ArrayLike, before: npt.ArrayLike) -> WeightQuality:
    """Effective sample size (sum w)^2 / sum w^2, and the largest change of a weight over the mean change."""
    w, b = np.asarray(weight, dtype=float), np.asarray(before, dtype=float)
    used = b > 0
    ratio = w[used] / b[used]
    mean = w[used].sum() / b[used].sum()
    return WeightQuality(float(w.sum() ** 2 / (w @ w)), float(max(ratio.max() / mean, mean / ratio.min())))


def require_moderate(quality: WeightQuality, year: int, limit: float = LARGEST_RATIO) -> None:
    """Stop (ESTIMATE) where a weight must change more than ``limit`` times as much as the average."""
    if quality.largest_ratio > limit:
        raise InformalityError(
            Problem(
                f"projection to {year}",
                "the survey cannot stand for that year: some weights change too much",
                f"the largest change is {quality.largest_ratio:.1f} times the average (limit {limit:g}); "
                f"effective sample {quality.effective_n:,.0f} persons",
                "run fewer years, or use a later survey",
            ),
            ExitCode.ESTIMATE,
        )
