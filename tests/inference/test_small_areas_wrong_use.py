"""Wrong use of small-area estimation, each with a message that says what, where and how to mend it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from informality.foundation.errors import ExitCode, InformalityError
from informality.inference.small_areas.area_model import fit_area_model
from informality.inference.small_areas.direct import DirectEstimates
from informality.inference.small_areas.fay_herriot import Benchmark, fay_herriot

NAMES = [f"area {i}" for i in range(8)]
VALUE = np.array([0.3, 0.4, 0.35, 0.5, 0.45, 0.6, 0.55, 0.7])
VARIANCE = np.array([1, 2, 1, 3, 2, 1, 2, 4]) / 1000
N = np.array([80, 60, 90, 40, 50, 100, 70, 30])


def direct(value: Any = VALUE, variance: Any = VARIANCE, names: Any = NAMES, n: Any = N) -> DirectEstimates:
    return DirectEstimates.published(names, value, variance, n)


def covariates(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame({"urban": np.arange(8) ** 2 / 10, **columns}, index=NAMES)


def changed(values: np.ndarray, place: int, to: float) -> np.ndarray:
    out = values.astype(float)
    out[place] = to
    return out


WRONG: dict[str, tuple[Callable[[], object], ExitCode, list[str]]] = {
    "an area twice among the direct estimates": (
        lambda: direct(names=[*NAMES[:7], "area 0"]),
        ExitCode.DATA,
        ["direct estimates name an area more than once", "area 0 (2 times)"],
    ),
    "an area twice among the covariates": (
        lambda: fay_herriot(direct(), pd.concat([covariates(), covariates()[:2]])),
        ExitCode.DATA,
        ["covariates name an area more than once", "area 0 (2 times), area 1 (2 times)"],
    ),
    "a negative variance": (
        lambda: direct(variance=changed(VARIANCE, 2, -0.001)),
        ExitCode.DATA,
        ["sampling variance is negative", "area 2 (-0.001)"],
    ),
    "an area without covariates": (
        lambda: fay_herriot(direct(names=[*NAMES[:7], "area7"]), covariates()),
        ExitCode.DATA,
        ["no covariates", "area7", "did you mean `area 7`?"],
    ),
    "a covariate missing": (
        lambda: fay_herriot(direct(), covariates(roads=[1, 2, np.nan, 4, 5, np.inf, 7, 9])),
        ExitCode.DATA,
        ["covariate `roads` is missing or infinite", "area 2, area 5"],
    ),
    "words as a covariate": (
        lambda: fay_herriot(direct(), covariates(region=list("aabbccdd"))),
        ExitCode.DATA,
        ["covariate `region` is not a number", "column of 0 and 1"],
    ),
    "covariates that follow from each other": (
        lambda: fay_herriot(direct(), covariates(rural=10 - np.arange(8) ** 2 / 10)),
        ExitCode.ESTIMATE,
        ["covariate `rural` follows from", "`urban`", "collinear"],
    ),
    "a covariate that is the same in the model": (
        lambda: fay_herriot(direct(value=changed(VALUE, 7, np.nan)), covariates(capital=[0, 0, 0, 0, 0, 0, 0, 1])),
        ExitCode.ESTIMATE,
        ["covariate `capital`", "collinear"],
    ),
    "too few areas": (
        lambda: fay_herriot(
            direct(value=changed(VALUE, 0, np.nan), variance=changed(VARIANCE, 1, 0)),
            covariates(**{f"x{j}": np.cos(j * np.arange(8)) for j in range(1, 5)}),
        ),
        ExitCode.ESTIMATE,
        ["too few areas", "6 areas for 5 covariates, which need 7", "area 0 (no sample), area 1 (no variation"],
    ),
    "estimates that determine each other": (
        lambda: fay_herriot(
            direct(variance=np.diag(VARIANCE) + np.outer(VARIANCE, VARIANCE) * 1e3 - _last_row()),
            covariates(),
            sampling="covariance",
        ),
        ExitCode.ESTIMATE,
        ["covariance matrix is singular", 'sampling="variances"'],
    ),
    "no share": (
        lambda: fay_herriot(direct(value=VALUE * 3), covariates(), scale="logit"),
        ExitCode.ESTIMATE,
        ["logit scale is for shares", "area 1 (1.2)"],
    ),
    "an unknown method": (
        lambda: fay_herriot(direct(), covariates(), method="rmel"),  # type: ignore[arg-type]
        ExitCode.ESTIMATE,
        ["`rmel` is not a way to estimate the model variance", "did you mean `reml`?"],
    ),
    "an unknown scale": (
        lambda: fay_herriot(direct(), covariates(), scale="log"),  # type: ignore[arg-type]
        ExitCode.ESTIMATE,
        ["`log` is not a scale for areas", "identity, logit, arcsine"],
    ),
    "smoothing without cases": (
        lambda: fay_herriot(direct(n=None), covariates(), smoothing="gvf"),
        ExitCode.ESTIMATE,
        ["can only be smoothed over different numbers of cases"],
    ),
    "a benchmark without sizes": (
        lambda: fay_herriot(direct(), covariates(), benchmark=Benchmark(100, {"area 0": 10, "area 9": 3})),
        ExitCode.DATA,
        ["size of an area is missing", "area 1, area 2", "area without covariates", "area 9"],
    ),
    "a benchmark of another sign": (
        lambda: fay_herriot(direct(), covariates(), benchmark=Benchmark(-5, dict.fromkeys(NAMES, 1))),
        ExitCode.ESTIMATE,
        ["no factor can make the estimates add up", "the total is -5"],
    ),
    "shares above 1 after benchmarking": (
        lambda: fay_herriot(
            direct(), covariates(), scale="logit", benchmark=Benchmark(7.5, dict.fromkeys(NAMES, 1))
        ),
        ExitCode.ESTIMATE,
        ["a share above 1", "the factor is 1."],
    ),
}  # fmt: skip


def _last_row() -> np.ndarray:
    """What makes the last area's estimate move exactly with the one before it."""
    v = np.diag(VARIANCE) + np.outer(VARIANCE, VARIANCE) * 1e3
    out = np.zeros_like(v)
    out[7], out[:, 7] = v[7] - v[6], v[:, 7] - v[6]
    out[7, 7] = v[7, 7] - v[6, 6]
    return out


@pytest.mark.parametrize("name", WRONG)
def test_wrong_use(name: str) -> None:
    use, code, words = WRONG[name]
    with pytest.raises(InformalityError) as caught:
        use()
    assert caught.value.code == code
    text = str(caught.value)
    missing = [word for word in words if word not in text]
    assert not missing, f"{missing} not in:\n{text}"


def test_all_problems_at_once() -> None:
    frame = covariates(roads=[np.nan] * 8, region=list("aabbccdd"))
    with pytest.raises(InformalityError) as caught:
        fay_herriot(direct(names=[*NAMES[:7], "elsewhere"]), pd.concat([frame, frame[:1]]))
    assert len(caught.value.problems) == 4


def test_mistakes_of_the_caller() -> None:
    with pytest.raises(ValueError, match="7 areas, but numbers of shape"):
        direct(names=NAMES[:7])
    with pytest.raises(ValueError, match="2 areas for 2 coefficients"):
        fit_area_model(np.ones(2), np.ones(2), np.ones((2, 2)))
    with pytest.raises(ValueError, match="confidence must lie"):
        fay_herriot(direct(), covariates()).interval(95)


def test_a_negative_mean_squared_error_is_left_blank() -> None:
    """The bias correction of the moment equation can take away more than there is."""
    variance = np.array([1e-6, 1e-6, 1e-6, 0.5, 0.5, 0.5, 0.5, 0.5])
    value = np.array([0.3, 0.3005, 0.2995, 0.1, 0.6, 0.3, 0.4, 0.2])
    names = pd.DataFrame(index=NAMES)
    ours = fay_herriot(direct(value, variance), names, method="fay-herriot")
    blank = np.isnan(ours.rmse)
    assert blank.any() and np.isfinite(ours.value).all()
    note = next(note for note in ours.notes if "negative in some areas" in note.what)
    assert note.found.startswith("area ") and note.count == blank.sum()
