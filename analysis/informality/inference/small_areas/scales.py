"""The scale on which areas follow a line, and the way back.

A share cannot leave 0 and 1, a line can; on the scale of the logit, or of arcsin(sqrt(p)), where the error of a share
depends little on the share itself, it does not. Errors go there by the delta method. The way back is not the inverse
function of the prediction: that is the middle (the median) of what is likely for the area, not its mean, and the middles
of many areas do not add up. The mean is the expectation of the inverse function over the normal distribution of the
area's number given the data, whose variance is g1 (Slud and Maiti 2006; Sugasawa and Kubokawa 2017); its mean squared
error is taken over the same distribution with the estimated mean squared error as variance. Both
are integrals by Gauss and Hermite. The ends of an interval are simply carried back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import special

from informality.inference.sampling.moments import FloatArray

ScaleName = Literal["identity", "logit", "arcsine"]

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(61)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


@dataclass(frozen=True, slots=True)
class Scale:
    """``there``, its derivative ``slope``, and ``back``; elementwise functions of arrays."""

    name: ScaleName
    there: Callable[[FloatArray], FloatArray]
    slope: Callable[[FloatArray], FloatArray]
    back: Callable[[FloatArray], FloatArray]

    @property
    def bounded(self) -> bool:
        """Whether numbers must lie between 0 and 1."""
        return self.name != "identity"

    def mean(self, at: FloatArray, variance: FloatArray) -> FloatArray:
        """The expectation of what normal numbers are when they are carried back; (m,), as both arguments."""
        if not self.bounded:
            return at
        return np.asarray(self.back(_spread(at, variance)) @ _WEIGHTS)

    def mean_square(self, at: FloatArray, variance: FloatArray, around: FloatArray) -> FloatArray:
        """The expectation of their squared distance from ``around`` (m,), a number on the original scale."""
        if not self.bounded:
            return variance
        return np.asarray((self.back(_spread(at, variance)) - around[:, None]) ** 2 @ _WEIGHTS)


def _spread(at: FloatArray, variance: FloatArray) -> FloatArray:
    return np.asarray(at[:, None] + np.sqrt(variance)[:, None] * _NODES)


SCALES: dict[str, Scale] = {
    "identity": Scale("identity", lambda p: p, np.ones_like, lambda z: z),
    "logit": Scale("logit", special.logit, lambda p: 1 / (p * (1 - p)), special.expit),
    "arcsine": Scale(
        "arcsine",
        lambda p: np.asarray(np.arcsin(np.sqrt(p))),
        lambda p: np.asarray(0.5 / np.sqrt(p * (1 - p))),
        lambda z: np.asarray(np.sin(np.clip(z, 0, np.pi / 2)) ** 2),
    ),
}
