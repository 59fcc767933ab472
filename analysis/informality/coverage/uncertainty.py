"""Two kinds of doubt, kept apart: the sample, and the numbers nobody has measured.

Parameters are drawn by Latin hypercube, each from its own range and by its own generator, seeded from the seed of the study
and the parameter's name: so a parameter has the same draws in every scenario, and adding one changes no other.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from informality.coverage.dated import Number

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """The variance of one number by source. ``total`` is their sum, and is shown only with its parts."""

    sampling: float
    parameters: float
    imputation: float = 0.0

    @property
    def total(self) -> float:
        return self.sampling + self.parameters + self.imputation

    @property
    def shares(self) -> dict[str, float]:
        """Share of the variance by source; all 0 where nothing varies."""
        parts = {"sampling": self.sampling, "parameters": self.parameters, "imputation": self.imputation}
        return {name: part / self.total if self.total > 0 else 0.0 for name, part in parts.items()}


def quantile(number: Number, p: npt.ArrayLike) -> Floats:
    """The value of a number at a probability: triangular with its mode at the value, or uniform."""
    u = np.asarray(p, dtype=float)
    if number.low is None or number.high is None or number.high == number.low:
        return np.full(u.shape, number.value)
    low, high, mode = number.low, number.high, number.value
    if number.shape == "uniform":
        return np.asarray(low + u * (high - low))
    width = high - low
    turn = (mode - low) / width
    rise = low + np.sqrt(u * width * (mode - low))
    fall = high - np.sqrt((1 - u) * width * (high - mode))
    return np.asarray(np.where(u <= turn, rise, fall))


def latin_hypercube(names: Mapping[str, Number], draws: int, seed: int) -> dict[str, Floats]:
    """Draws (draws,) of each uncertain number: one in each of ``draws`` equal slices, in random order."""
    out = {}
    for name, number in names.items():
        if not number.uncertain:
            continue
        rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
        slices = (rng.permutation(draws) + rng.random(draws)) / draws
        out[name] = quantile(number, slices)
    return out


def combined(draw_values: npt.ArrayLike, sampling_variances: npt.ArrayLike, imputation: float = 0.0) -> Uncertainty:
    """Total variance: mean sampling variance + variance of the draw values (divisor draws - 1) (3.7)."""
    values = np.asarray(draw_values, dtype=float)
    spread = float(values.var(ddof=1)) if len(values) > 1 else 0.0
    return Uncertainty(float(np.asarray(sampling_variances, dtype=float).mean()), spread, imputation)


def rubin(values: npt.ArrayLike, within: npt.ArrayLike) -> float:
    """Variance of an estimate from m imputed files (Rubin 1987): within + (1 + 1/m) between."""
    v = np.asarray(values, dtype=float)
    return float(np.asarray(within, dtype=float).mean() + (1 + 1 / len(v)) * v.var(ddof=1))


def imputation_variance(values: npt.ArrayLike, person: npt.NDArray[np.intp]) -> float:
    """What Rubin's between-imputation term is on average, without random draws.

    ``values``: weighted contributions to a total of the m equally likely answers of each person whose answer is missing
    (all of a person's answers together make its expected contribution); ``person``: whose they are. The
    answers of different people are independent, so the variances add.
    """
    v = np.asarray(values, dtype=float)
    if not len(v):
        return 0.0
    count = np.bincount(person).astype(float)
    mean = np.bincount(person, v) / np.maximum(count, 1)
    deviation = (v - mean[person]) * count[person]  # each answer stands for the whole person in its imputed file
    squares = np.bincount(person, deviation**2)
    several = count > 1
    between = squares[several] / (count[several] - 1)
    return float(((1 + 1 / count[several]) * between).sum())


def tornado(
    function: Callable[[Mapping[str, float]], float], names: Mapping[str, Number], low: float = 0.1, high: float = 0.9
) -> dict[str, tuple[float, float]]:
    """Each number by itself at its 10th and 90th percentile, the others at their value; widest first."""
    centre = {name: number.value for name, number in names.items()}
    out = {}
    for name, number in names.items():
        ends = quantile(number, [low, high]) if number.uncertain else np.array([number.value, number.value])
        out[name] = (function({**centre, name: float(ends[0])}), function({**centre, name: float(ends[1])}))
    return dict(sorted(out.items(), key=lambda item: -abs(item[1][1] - item[1][0])))
