"""How many segments the data support: those that are found again in other samples of the same design.

The sample is drawn again and again, by whole PSUs within strata, and segmented anew each time, components and all.
Each result is a rule that puts every case of the sample into a segment, so two results can be compared on the same cases:
by the adjusted Rand index (Hubert and Arabie 1985), which is 1 when they agree and 0 on average when they have nothing
to do with each other (Dolnicar and Leisch 2010, Marketing Letters 21). Weights stand for people, so pairs of cases are
pairs of people drawn at random from the population: shares take the place of counts.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.inference.sampling.moments import FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Stability:
    """Agreement between the segmentations of resamples, for each number of segments.

    ``k``: (K,). ``agreement``: for each k the adjusted Rand indices (pairs,) of all pairs of resamples.
    ``recovered``: for each k, how well each of its segments (k,) was found again (:func:`recovered`). ``smallest``: (K,)
    share of the smallest segment. A number of segments is stable if the mean agreement reaches ``threshold``, every segment was
    found again to ``found_again``, and none is smaller than ``least``: agreement alone, a matter of the large segments,
    would let small ones pass that come and go.
    """

    k: tuple[int, ...]
    agreement: tuple[FloatArray, ...]
    recovered: tuple[FloatArray, ...]
    smallest: FloatArray
    resamples: int
    threshold: float
    found_again: float
    least: float

    @property
    def mean(self) -> FloatArray:
        """(K,) mean agreement."""
        return np.array([a.mean() for a in self.agreement])

    @property
    def stable(self) -> NDArray[np.bool_]:
        """(K,) which numbers of segments are stable."""
        enough = (self.mean >= self.threshold) & (self.weakest >= self.found_again) & (self.smallest >= self.least)
        return np.asarray(enough)

    @property
    def weakest(self) -> FloatArray:
        """(K,) how well the segment that was found again worst was."""
        return np.array([r.min() for r in self.recovered])

    @property
    def chosen(self) -> int | None:
        """The largest stable number of segments; None if there is none."""
        stable = [k for k, good in zip(self.k, self.stable, strict=True) if good]
        return max(stable) if stable else None

    def table(self) -> pd.DataFrame:
        """A row for each k: mean agreement (``value``), its lowest and highest tenth, and what makes it stable or not.

        ``low`` and ``high`` say how agreement varies between pairs of resamples; they are no confidence interval.
        """
        limits = [np.quantile(a, (0.1, 0.9)) for a in self.agreement]
        return pd.DataFrame(
            {
                "segments": self.k,
                "value": self.mean,
                "low": [low for low, _ in limits],
                "high": [high for _, high in limits],
                "n": self.resamples,
                "threshold": self.threshold,
                "weakest": self.weakest,
                "smallest": self.smallest,
                "stable": self.stable,
            }
        )


def agreements(assigned: Sequence[IntArray], weight: FloatArray) -> FloatArray:
    """Adjusted Rand indices of all pairs of resamples, from the segments (m,) each gives to all patterns."""
    return np.array([adjusted_rand(a, b, weight) for a, b in itertools.combinations(assigned, 2)])


def require_stable(stability: Stability, place: str) -> int:
    """The number chosen; an error (ESTIMATE) with the whole curve if none is stable."""
    if stability.chosen is None:
        numbers = zip(stability.k, stability.mean, stability.weakest, stability.smallest, strict=True)
        curve = "; ".join(
            f"{k} segments: agreement {mean:.2f}, worst found again {weak:.2f}, smallest {small:.1%}"
            for k, mean, weak, small in numbers
        )
        raise InformalityError(
            Problem(place, "no number of segments is stable: none agrees between resamples to "
                    f"{stability.threshold:g} with each segment found again to {stability.found_again:g} "
                    f"and at least {stability.least:.0%} of the people in it", curve,
                    "describe the cases by fewer characteristics that matter more, join rare levels, "
                    "or choose a number, k=, and publish its agreement with it"), ExitCode.ESTIMATE
        )  # fmt: skip
    return stability.chosen


def shared(a: IntArray, b: IntArray, weight: FloatArray) -> FloatArray:
    """Shares (A, B) of the population in each pair of segments of two segmentations (m,), weights (m,)."""
    size = int(a.max()) + 1, int(b.max()) + 1
    cells: Any = np.bincount(a * size[1] + b, weight, minlength=size[0] * size[1])
    return np.asarray(cells.reshape(size) / weight.sum())


def adjusted_rand(a: IntArray, b: IntArray, weight: FloatArray) -> float:
    """Adjusted Rand index of two segmentations (m,) of weighted cases.

    Hubert and Arabie 1985 (Journal of Classification 2), equation 5, for pairs drawn with replacement from a
    population: with p the shares, (sum p_ij^2 - E) / ((sum p_i^2 + sum p_j^2) / 2 - E), E = sum p_i^2 sum p_j^2. Two
    segmentations that put all into one segment agree.
    """
    p = shared(a, b, weight)
    rows, columns = (p.sum(axis=1) ** 2).sum(), (p.sum(axis=0) ** 2).sum()
    expected = rows * columns
    possible = (rows + columns) / 2 - expected
    return float(((p**2).sum() - expected) / possible) if possible > 1e-15 else 1.0


def recovered(segment: IntArray, others: Sequence[IntArray], weight: FloatArray) -> FloatArray:
    """(k,) how well each segment is found again: its mean Jaccard overlap with the nearest of each resample.

    Hennig 2007 (Computational Statistics and Data Analysis 52): people in both over people in either.
    """
    overlap = np.zeros(int(segment.max()) + 1)
    for other in others:
        both = shared(segment, other, weight)
        either = both.sum(axis=1, keepdims=True) + both.sum(axis=0) - both
        overlap += np.divide(both, either, out=np.zeros_like(both), where=either > 0).max(axis=1)
    return overlap / len(others)
