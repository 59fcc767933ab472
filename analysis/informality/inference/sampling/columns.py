"""Columns of a sample design: from what a file holds to codes and numbers, and all that is wrong with it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from informality.foundation.errors import Problem
from informality.inference.sampling.moments import FloatArray, IntArray
from informality.inference.sampling.units import label, named

_WEIGHT = "sample design, weight"


def factorised(name: str, column: Any, n: int, problems: list[Problem]) -> tuple[IntArray, NDArray[Any]]:
    """Codes (n,) of a column and the labels behind them; what is wrong is added to ``problems``."""
    place = f"sample design, {name}"
    codes, labels = pd.factorize(pd.Series(column))
    if len(codes) != n:
        problems.append(
            Problem(
                place,
                "the column has another length than the weights",
                f"{len(codes):,} rows, but {n:,} weights",
                "give one value for each row",
            )
        )
    missing = _row_problem(
        place,
        f"the {name} is missing in some rows",
        codes < 0,
        f"every row needs a {name}; find it, or give such rows one of their own",
    )
    if missing:
        problems.append(missing)
    return codes.astype(np.intp, copy=False), np.asarray(labels)


def weights_of(weight: Any) -> tuple[FloatArray, list[Problem]]:
    """The weights (n,) as numbers, and what is wrong with them."""
    weights = np.asarray(pd.to_numeric(pd.Series(weight), errors="coerce"), dtype=np.float64)
    if not len(weights):
        return weights, [Problem("sample design", "there are no rows", fix="check the filter and the data file")]
    if not weights.any():
        return weights, [Problem(_WEIGHT, "all weights are 0", fix="check which column holds the weight")]
    faults = (
        _row_problem(_WEIGHT, "a weight is missing or not a number", np.isnan(weights),
                     "leave out rows without a weight, or give them the weight 0"),
        _row_problem(_WEIGHT, "a weight is infinite", np.isinf(weights), "correct the weight"),
        _row_problem(_WEIGHT, "a weight is negative", weights < 0,
                     "correct the weight; 0 is allowed, less is not"),
    )  # fmt: skip
    return weights, [problem for problem in faults if problem]


def _row_problem(place: str, what: str, bad: NDArray[np.bool_], fix: str) -> Problem | None:
    """One problem for all the rows it concerns, or None."""
    count = int(bad.sum())
    if not count:
        return None
    found = f"{count:,} of {len(bad):,} rows, the first is row {int(bad.argmax()) + 1:,}"
    return Problem(place, what, found, fix, count=count)


def drawn_fraction(
    column: Any,
    group: IntArray,
    drawn: IntArray,
    name: str,
    of: str,
    members: str,
    labels: NDArray[Any],
    problems: list[Problem],
) -> FloatArray:
    """Share drawn (G,) from a column (n,), or one number, of population counts or of shares.

    ``group``: (n,) the group (stratum, or PSU) of each row; ``drawn`` (G,) units drawn in each. Values
    are counts if any is above 1 and shares otherwise. What is wrong is added to ``problems``.
    """
    place = f"sample design, {name}"
    series = pd.Series(np.full(len(group), column) if np.ndim(column) == 0 else column)
    value = np.asarray(pd.to_numeric(series, errors="coerce"), dtype=np.float64)
    if len(value) != len(group):
        found = f"{len(value):,} rows, but {len(group):,} weights"
        what = "the column has another length than the weights"
        problems.append(Problem(place, what, found, "give one value for each row"))
        return np.zeros(len(drawn))
    bad = _row_problem(
        place,
        "the population count or share is missing, not a number or negative",
        ~(value >= 0),
        "correct it; 0 as a share: drawn with replacement",
    )
    if bad:
        problems.append(bad)
        return np.zeros(len(drawn))
    counts = bool((value > 1).any())
    if counts and (value < 1).any():
        found = f"from {value.min():g} to {value.max():g}"
        what = "the column mixes population counts (above 1) and shares (up to 1)"
        problems.append(Problem(place, what, found, "give counts or shares, not both"))
        return np.zeros(len(drawn))

    low, high = np.full(len(drawn), np.inf), np.full(len(drawn), -np.inf)
    np.minimum.at(low, group, value)
    np.maximum.at(high, group, value)
    varies = np.flatnonzero(low != high)
    if len(varies):
        found = named([f"{of} {label(labels[g])}: {low[g]:g} to {high[g]:g}" for g in varies])
        what = f"the value differs between rows of one {of}"
        problems.append(Problem(place, what, found, f"give each {of} one value"))
    small = np.flatnonzero(drawn > high) if counts else np.array([], dtype=np.intp)
    if len(small):
        found = named([f"{of} {label(labels[g])}: {drawn[g]} drawn of {high[g]:g}" for g in small])
        what = f"the population has fewer {members} than the sample"
        problems.append(Problem(place, what, found, f"give the number of {members} in the whole {of}"))
    return drawn / np.maximum(high, drawn) if counts else high
