"""Weighted k-means (scikit-learn) on the coordinates of patterns, the same on every machine with the same seed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.inference.sampling.moments import FloatArray, IntArray

_GLANCE = 10_000  # patterns; more are looked at only if these are not enough


def clusters(
    coordinates: FloatArray, weight: FloatArray, numbers: Sequence[int], starts: int, seed: int
) -> list[IntArray]:
    """For each number k of clusters, the cluster (m,) of each pattern: the nearest of k weighted means.

    The means are those of the patterns with a weight; those without (not in a resample) are assigned to them. Of
    ``starts`` starts (k-means++) the best is taken.
    """
    from sklearn.cluster import KMeans

    held = np.flatnonzero(weight > 0)
    share = weight[held] / weight[held].sum() * len(held)
    points = coordinates if len(held) == len(weight) else coordinates[held]
    out = []
    for k in numbers:
        means = KMeans(k, n_init=starts, random_state=seed).fit(points, sample_weight=share)
        out.append(means.predict(coordinates).astype(np.intp))
    return out


def different(coordinates: FloatArray, weight: FloatArray, enough: int) -> int:
    """How many different places the patterns with a weight have; counting stops when there are ``enough``."""
    points = np.round(coordinates[weight > 0], 9)
    few = len(np.unique(points[:_GLANCE], axis=0))
    return few if few >= enough or len(points) <= _GLANCE else len(np.unique(points, axis=0))


def too_few(asked: int, there: int, where: str, place: str) -> InformalityError:
    """More segments asked for than there are different cases ``where``."""
    return InformalityError(
        Problem(place, f"more segments are asked for than there are different cases {where}",
                f"{asked} segments, {there} different combinations of characteristics",
                "ask for fewer segments, or describe the cases by more"), ExitCode.ESTIMATE
    )  # fmt: skip
