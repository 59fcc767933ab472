"""Intervals between bounds: the equation of Imbens and Manski solved by scipy, its two limits, and simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import norm

from informality.inference.estimates.identified import identified_interval


@pytest.mark.parametrize(
    ("width", "se"), [(0.0, (0.02, 0.02)), (0.01, (0.02, 0.01)), (0.03, (0.01, 0.02)), (0.3, (0.01, 0.01))]
)
@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_equations_6_and_7(width: float, se: tuple[float, float], confidence: float) -> None:
    c = brentq(lambda c: norm.cdf(c + width / max(se)) - norm.cdf(-c) - confidence, 0, 5, xtol=1e-14)
    low, high = identified_interval(0.4, 0.4 + width, *se, confidence)
    assert low == pytest.approx(0.4 - c * se[0], rel=1e-10)
    assert high == pytest.approx(0.4 + width + c * se[1], rel=1e-10)


def test_two_sided_where_the_bounds_meet_and_one_sided_far_apart() -> None:
    low, high = identified_interval([0.5, 0.2], [0.5, 0.8], [0.01, 0.01], [0.01, 0.01])
    assert (0.5 - low[0]) / 0.01 == pytest.approx(norm.ppf(0.975), rel=1e-12)
    assert (high[1] - 0.8) / 0.01 == pytest.approx(norm.ppf(0.95), rel=1e-12)


def test_without_error_the_limits_are_the_bounds() -> None:
    assert [x.item() for x in identified_interval(0.0, 1.0, 0.0, 0.0)] == [0.0, 1.0]


def test_it_holds_the_number_as_often_as_it_says() -> None:
    """The number at either bound, where it is held least often: 20,000 samples, so 95 % is known to 0.3 points."""
    rng = np.random.default_rng(3)
    for width in (0.0, 0.01, 0.05):
        lower = 0.4 + 0.02 * rng.standard_normal(20_000)
        low, high = identified_interval(lower, lower + width, np.full(20_000, 0.02), np.full(20_000, 0.02))
        for truth in (0.4, 0.4 + width):
            assert np.mean((low <= truth) & (truth <= high)) == pytest.approx(0.95, abs=0.006)
