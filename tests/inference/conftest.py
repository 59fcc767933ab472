"""How near is near enough, said once, and a record of how near it was (shown by ``pytest -n 0``)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

TOLERANCE = 1e-9  # relative; the same formula in another order of summation differs by 1e-15 to 1e-12
_worst: dict[str, tuple[int, float]] = {}


def _agree(family: str, ours: Any, theirs: Any, floor: Any = 0.0, where: object = "") -> None:
    """Assert ours == theirs to 1e-9 relative, NaN (None) where theirs is; ``floor`` is what passes for 0."""
    a = np.asarray(ours, dtype=float)
    b = np.asarray(theirs, dtype=float)
    assert a.shape == b.shape, f"{where} {family}: shape {a.shape}, expected {b.shape}"
    allowed = TOLERANCE * np.abs(b) + floor
    good = (np.isnan(a) & np.isnan(b)) | (np.abs(a - b) <= allowed)
    assert good.all(), f"{where} {family}: {a[~good]}, expected {b[~good]}"
    counted = ~np.isnan(b) & (np.abs(b) > floor)
    relative = np.abs(a[counted] - b[counted]) / np.abs(b[counted])
    number, worst = _worst.get(family, (0, 0.0))
    _worst[family] = number + a.size, max(worst, relative.max(initial=0.0))


def _covariance_floor(est: Any, se: Any) -> np.ndarray:
    """What passes for a covariance of 0: residuals that cancel leave rounding of the size of the estimate."""
    error = np.nan_to_num(np.asarray(se, dtype=float))
    rounding = 1e-12 * error + 1e-15 * np.abs(np.asarray(est, dtype=float))
    product = np.outer(rounding, error)
    return product + product.T + np.outer(rounding, rounding)


@pytest.fixture(scope="session")
def covariance_floor() -> Callable[[Any, Any], np.ndarray]:
    return _covariance_floor


@pytest.fixture(scope="session")
def agree() -> Callable[..., None]:
    return _agree


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if _worst:
        terminalreporter.section("agreement with R survey: numbers compared, largest relative difference")
        for family, (number, worst) in sorted(_worst.items()):
            terminalreporter.write_line(f"{family:<32}{number:>7,}  {worst:.1e}")
