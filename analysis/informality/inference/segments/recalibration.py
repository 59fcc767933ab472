"""Probabilities that mean what they say: of those given 0.3, three in ten.

A learner's probabilities are corrected by a rising curve through outcomes of cases it had not seen: by Platt (1999) a
logit of the outcome on the logit of the probability, by isotonic regression the nearest rising steps (Zadrozny and
Elkan 2002). Isotonic regression bends to any shape but needs many cases; Niculescu-Mizil and Caruana (2005) advise
Platt's below about 1,000.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from scipy import special

from informality.inference.sampling.moments import FloatArray

Calibration = Literal["platt", "isotonic", "none"]
CALIBRATIONS = ("platt", "isotonic", "none")
Curve = Callable[[FloatArray], FloatArray]

_EDGE = 1e-12  # probabilities nearer to 0 and 1 have no logit to speak of


def recalibrated(method: Calibration, p: FloatArray, y: FloatArray, w: FloatArray) -> Curve:
    """The curve from probabilities p (N,) of unseen cases, their outcomes y and weights w.

    A learner that ranks unseen cases the wrong way round has nothing to be corrected: by Platt's way all are then given
    the share of the outcome. The steps of isotonic regression may end at 0 and 1, of which N cases cannot assure us:
    they are kept half a case away, 1 / (2 N).
    """
    if method == "none":
        return lambda new: new
    if method == "platt":
        from sklearn.linear_model import LogisticRegression

        line = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-10)
        line.fit(_logit(p)[:, None], y, sample_weight=w / w.sum())
        slope, constant = float(line.coef_[0, 0]), float(line.intercept_[0])
        if slope <= 0:
            share = float(np.average(y, weights=w))
            return lambda new: np.full(len(new), share)
        return lambda new: np.asarray(special.expit(constant + slope * _logit(new)))
    from sklearn.isotonic import IsotonicRegression

    edge = 1 / (2 * len(p))
    steps = IsotonicRegression(y_min=edge, y_max=1 - edge, out_of_bounds="clip").fit(p, y, sample_weight=w / w.mean())
    return lambda new: np.asarray(steps.predict(new))


def _logit(p: FloatArray) -> FloatArray:
    return np.asarray(special.logit(np.clip(p, _EDGE, 1 - _EDGE)))
