"""The area-level model against R: published output of a package, and an independent computation by dense matrices.

Authorities: ``golden/milk.json``, the milk data of Arora and Lahiri (1997) and You and Chapman (2006) with the numbers R's sae
prints for them; ``golden/golden_small_areas.json``, made by ``golden/make_golden_small_areas.R`` in base R, with
numerical derivatives where ours are closed forms; closed forms of the balanced case; R survey 4.5's direct estimates.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, special, stats

from informality.inference import Design, shares
from informality.inference.estimates.derived import cells
from informality.inference.small_areas.area_model import METHODS, fit_area_model
from informality.inference.small_areas.direct import DirectEstimates
from informality.inference.small_areas.fay_herriot import Benchmark, fay_herriot, smoothed
from informality.inference.small_areas.scales import SCALES

GOLDEN = Path(__file__).resolve().parent.parent / "golden"
MILK = json.loads((GOLDEN / "milk.json").read_text())
EXPECTED = json.loads((GOLDEN / "golden_small_areas.json").read_text())
# sae stops when the model variance changes by less than 1e-4 of itself, and prints seven digits
SAE_STOPS = 2e-6


def milk() -> tuple[DirectEstimates, pd.DataFrame]:
    direct = DirectEstimates.published(MILK["area"], MILK["y"], np.square(MILK["se"]), MILK["n"])
    major = pd.get_dummies(pd.Series(MILK["major"], index=MILK["area"]), prefix="major", drop_first=True)
    return direct, major


@pytest.mark.parametrize("method", MILK["sae"])
def test_milk(method: Any) -> None:
    ours = fay_herriot(*milk(), method=method)
    theirs = MILK["sae"][method]
    np.testing.assert_allclose(ours.value, theirs["eblup"], atol=SAE_STOPS)
    np.testing.assert_allclose(ours.rmse**2, theirs["mse"], rtol=1e-5)  # ten digits are printed
    if "beta" in theirs:
        np.testing.assert_allclose(ours.coefficients.value, theirs["beta"], atol=SAE_STOPS)
        np.testing.assert_allclose(ours.coefficients.se, theirs["beta_se"], atol=SAE_STOPS)


@pytest.mark.parametrize("kind", ["variances", "correlated"])
@pytest.mark.parametrize("method", METHODS)
def test_dense_matrices(kind: str, method: Any, agree: Callable[..., None]) -> None:
    y, x, new_x = (np.array(EXPECTED[name]) for name in ("y", "x", "new_x"))
    psi = np.array(EXPECTED["psi" if kind == "variances" else "covariance"])
    ours, theirs = fit_area_model(y, psi, x, method), EXPECTED[kind][method]
    line, line_mse, g1 = ours.line(new_x)
    for name, expected in theirs.items():
        found = {"new": line, "new_mse": line_mse}.get(name)
        agree(f"small areas, {name}", getattr(ours, name) if found is None else found, expected, where=(kind, method))
    assert (g1 == ours.variance).all()


def balanced(spread: float) -> tuple[np.ndarray, np.ndarray, float, float]:
    """Twelve areas of one sampling variance, and their residual mean square."""
    rng = np.random.default_rng(3)
    x = np.column_stack([np.ones(12), rng.normal(size=12)])
    y = x @ [2.0, 1.0] + spread * rng.normal(size=12)
    residual = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
    return y, x, float(residual @ residual), 0.25


@pytest.mark.parametrize("method", ["reml", "ml", "fay-herriot", "moment"])
@pytest.mark.parametrize("spread", [2.0, 0.1])
def test_balanced_case_by_hand(method: Any, spread: float) -> None:
    """With one sampling variance the estimators of the model variance are the residual mean square less it, or 0."""
    y, x, squares, psi = balanced(spread)
    s = max(squares / (12 if method == "ml" else 10) - psi, 0.0)
    assert (s == 0) == (spread < 1)
    ours = fit_area_model(y, np.full(12, psi), x, method)
    assert ours.variance == pytest.approx(s, rel=1e-12)
    gamma = s / (s + psi)
    line = x @ np.linalg.lstsq(x, y, rcond=None)[0]
    np.testing.assert_allclose(ours.eblup, line + gamma * (y - line), rtol=1e-12)
    leverage = np.diag(x @ np.linalg.solve(x.T @ x, x.T))
    g2 = (1 - gamma) ** 2 * leverage * (s + psi)
    g3 = psi**2 / (s + psi) ** 3 * 2 * (s + psi) ** 2 / 12
    bias = -2 * (s + psi) / 12 if method == "ml" else 0.0  # two coefficients
    np.testing.assert_allclose(ours.mse, gamma * psi + g2 + 2 * g3 - bias * (1 - gamma) ** 2, rtol=1e-12)


def test_the_highest_of_several_maxima() -> None:
    """A likelihood with a maximum at 0 and a higher one away from it; a search from below would stay at 0.

    Nine precise areas agree to the digit, eleven imprecise ones lie far apart.
    """
    y = np.concatenate([np.tile([1.0, 1.001, 0.999], 3), [-9, 12, 4, -7, 15, 2, -3, 8, -12, 6, 10.0]])
    psi = np.concatenate([np.full(9, 1e-4), np.full(11, 1.0)])
    x = np.ones((20, 1))
    ours = fit_area_model(y, psi, x, "ml")

    def log_likelihood(s: float) -> float:
        v = psi + s
        mean = (y / v).sum() / (1 / v).sum()
        return float(-0.5 * (np.log(2 * np.pi * v) + (y - mean) ** 2 / v).sum())

    assert log_likelihood(0.0) > log_likelihood(1e-6) > log_likelihood(1e-4)
    fine = np.geomspace(1e-9, 1e3, 4001)
    best = max(log_likelihood(s) for s in [0.0, *fine])
    assert ours.log_likelihood >= best - 1e-9
    assert ours.log_likelihood == pytest.approx(log_likelihood(ours.variance), rel=1e-12)


@pytest.mark.parametrize("name", ["logit", "arcsine"])
def test_the_way_back_is_an_expectation(name: str) -> None:
    """The quadrature against an adaptive integral over the normal distribution."""
    scale = SCALES[name]
    at = scale.there(np.array([0.02, 0.3, 0.5, 0.97]))
    variance = np.array([0.3, 0.01, 0.2, 0.05]) if name == "logit" else np.array([0.001, 0.004, 0.02, 0.001])

    def expectation(of: Callable[[np.ndarray], np.ndarray], i: int) -> float:
        sd = np.sqrt(variance[i])
        density = stats.norm(at[i], sd).pdf
        return float(
            integrate.quad(lambda z: of(np.array(z)) * density(z), at[i] - 9 * sd, at[i] + 9 * sd, epsabs=1e-13)[0]
        )

    mean = scale.mean(at, variance)
    square = scale.mean_square(at, variance, mean)
    for i in range(4):
        assert mean[i] == pytest.approx(expectation(scale.back, i), rel=1e-6)
        assert square[i] == pytest.approx(expectation(lambda z, i=i: (scale.back(z) - mean[i]) ** 2, i), rel=1e-4)


def test_variance_function_by_hand() -> None:
    """Variances that follow the function are left alone; others keep their sum."""
    n = np.array([10.0, 20, 40, 80])
    np.testing.assert_allclose(smoothed(3 / n, n), 3 / n, rtol=1e-12)
    wild = smoothed(np.array([1, 0.2, 0.3, 0.05]), n)
    assert wild.sum() == pytest.approx(1.55)
    assert (np.diff(wild) < 0).all()
    x = np.column_stack([np.ones(4), np.log(n)])
    b = np.linalg.solve(x.T @ x, x.T @ np.log([1, 0.2, 0.3, 0.05]))[1]
    np.testing.assert_allclose(wild / wild[0], np.exp(b * np.log(n / n[0])), rtol=1e-12)


def test_benchmark_by_hand() -> None:
    direct, covariates = milk()
    sizes = dict(zip(map(str, MILK["area"]), MILK["n"], strict=True))
    total = float(np.dot(MILK["n"], MILK["y"]))
    plain = fay_herriot(direct, covariates)
    ours = fay_herriot(direct, covariates, benchmark=Benchmark(total, sizes))
    assert ours.benchmarked is not None
    factor = total / float(np.dot(MILK["n"], plain.value))
    assert ours.benchmarked.factor == pytest.approx(factor, rel=1e-13)
    assert np.dot(MILK["n"], ours.benchmarked.value) == pytest.approx(total, rel=1e-13)
    np.testing.assert_array_equal(ours.value, plain.value)  # beside, not instead
    change = plain.value * (factor - 1)
    np.testing.assert_allclose(ours.benchmarked.rmse**2, plain.rmse**2 + change**2, rtol=1e-12)
    assert {"benchmarked", "benchmarked_rmse"} <= set(ours.table()) and "benchmarked" not in plain.table()


# ---- From a sample ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def survey() -> tuple[DirectEstimates, pd.DataFrame]:
    """Shares by area from a made-up sample: area 7 in one PSU, area 8 where all are alike, area 9 not sampled."""
    rng = np.random.default_rng(5)
    psus = np.array([6, 6, 5, 5, 4, 4, 4, 1, 3])
    area = np.repeat(np.arange(9), psus * 12)
    psu = np.repeat(np.arange(psus.sum()), 12)
    effect = rng.normal(0, 0.4, 10)
    level = special.expit(-0.5 + 0.3 * np.arange(9) / 3 + effect[:9])
    y = (rng.random(len(area)) < level[area]).astype(int)
    y[area == 8] = 1
    design = Design.from_columns(rng.uniform(50, 200, len(area)), psu=psu)
    estimate = cells(shares(design, y, 2, area, 10))[1::2]
    x = pd.DataFrame({"x": np.arange(10) / 3.0}, index=[f"area {i}" for i in range(10)])
    return DirectEstimates.of(estimate, list(x.index)), x


def test_areas_the_model_cannot_use(survey: tuple[DirectEstimates, pd.DataFrame]) -> None:
    direct, x = survey
    ours = fay_herriot(direct, x)
    table = ours.table()
    assert list(table.index[:7]) == list(table.index[table["basis"] == "model"])
    assert table["why"].tolist()[7:] == [
        "too few sampled units (PSUs) to measure its error",
        "no variation among its cases, so its error cannot be measured",
        "no sample",
    ]
    # reported as they are, but with no error rather than none
    assert np.isfinite(table["direct"].iloc[:9]).all() and np.isnan(table["direct"].iloc[9])
    assert table["direct"].iloc[8] == 1 and table[["direct_se", "direct_cv"]].iloc[7:].isna().all(axis=None)
    # the line, with the variance of what is peculiar to areas in its error
    line = ours.coefficients.value @ np.stack([np.ones(10), x["x"]])
    np.testing.assert_allclose(table["estimate"].iloc[7:], line[7:], rtol=1e-13)
    np.testing.assert_allclose(table["synthetic"], line, rtol=1e-13)
    assert (ours.gamma[7:] == 0).all() and (ours.rmse[7:] ** 2 >= ours.model.variance).all()
    # the model is that of the seven areas alone
    seven = DirectEstimates.published(range(7), direct.value[:7], np.diag(direct.covariance)[:7])
    alone = fay_herriot(seven, x[:7].reset_index(drop=True))
    np.testing.assert_allclose(ours.value[:7], alone.value, rtol=1e-12)
    assert "3 of 10 areas are not in the model" in str(ours) and "area 8 (no variation" in str(ours)


def test_direct_estimates_stand_beside(survey: tuple[DirectEstimates, pd.DataFrame]) -> None:
    direct, x = survey
    for scale in SCALES:
        table = fay_herriot(direct, x, scale=scale).table()  # type: ignore[arg-type]
        np.testing.assert_array_equal(table["direct"], direct.value)
        np.testing.assert_array_equal(table["direct_se"], direct.se)
        np.testing.assert_allclose(table["direct_cv"], direct.se / direct.value)
        np.testing.assert_allclose(table["cv"], table["rmse"] / table["estimate"])
        assert {"n", "df", "gamma", "synthetic", "residual", "basis", "why"} <= set(table)


@pytest.mark.parametrize("scale", ["logit", "arcsine"])
def test_shares_on_another_scale(survey: tuple[DirectEstimates, pd.DataFrame], scale: Any) -> None:
    """The delta method there, the expectation back; and limits between 0 and 1."""
    direct, x = survey
    ours = fay_herriot(direct, x, scale=scale)
    p, v = direct.value[:7], np.diag(direct.covariance)[:7]
    if scale == "logit":
        z, psi = np.log(p / (1 - p)), v / (p * (1 - p)) ** 2
    else:
        z, psi = np.arcsin(np.sqrt(p)), v / (4 * p * (1 - p))
    there = fit_area_model(z, psi, np.column_stack([np.ones(7), x["x"][:7]]))
    np.testing.assert_allclose(ours.on_scale[:7], there.eblup, rtol=1e-12)
    np.testing.assert_allclose(ours.rmse_on_scale[:7] ** 2, there.mse, rtol=1e-12)
    rng = np.random.default_rng(1)
    draws = SCALES[scale].back(there.eblup + np.sqrt(there.g1) * rng.standard_normal((200_000, 7)))
    np.testing.assert_allclose(ours.value[:7], draws.mean(axis=0), atol=5 * draws.std() / np.sqrt(len(draws)))
    low, high = ours.interval()
    assert ((low >= 0) & (low < ours.value) & (ours.value < high) & (high <= 1)).all()


def test_correlated_direct_estimates_are_named() -> None:
    """Groups that share PSUs: said by default, modelled on request."""
    rng = np.random.default_rng(8)
    psu = np.repeat(np.arange(60), 20)
    group = rng.integers(0, 12, len(psu))
    y = (rng.random(len(psu)) < special.expit(rng.normal(0, 1.5, 60)[psu] + rng.normal(0, 0.5, 12)[group])).astype(int)
    design = Design.from_columns(np.ones(len(psu)), psu=psu)
    direct = DirectEstimates.of(cells(shares(design, y, 2, group, 12))[1::2], range(12))
    x = pd.DataFrame(index=range(12))
    plain, modelled = fay_herriot(direct, x), fay_herriot(direct, x, sampling="covariance")
    assert any("correlated" in note.what for note in plain.notes)
    assert not any("correlated" in note.what for note in modelled.notes)
    dense = fit_area_model(direct.value, direct.covariance, np.ones((12, 1)))
    np.testing.assert_allclose(modelled.value, dense.eblup, rtol=1e-12)
    assert np.abs(modelled.value - plain.value).max() > 1e-3


def test_no_variance_between_areas_is_said() -> None:
    y, x, _, psi = balanced(0.1)
    direct = DirectEstimates.published(range(12), y, np.full(12, psi))
    covariates = pd.DataFrame({"x": x[:, 1]})
    ours = fay_herriot(direct, covariates)
    assert ours.model.variance == 0 and (ours.gamma == 0).all()
    assert any("estimated as 0" in note.what for note in ours.notes)
    adjusted = fay_herriot(direct, covariates, method="adjusted")
    assert adjusted.model.variance > 0 and not any("estimated as 0" in note.what for note in adjusted.notes)


def test_diagnostics() -> None:
    ours = fay_herriot(*milk())
    d = ours.diagnostics()
    low, high = (
        np.array(MILK["y"]) - 1.959964 * np.array(MILK["se"]),
        np.array(MILK["y"]) + 1.959964 * np.array(MILK["se"]),
    )
    assert d.covered == np.mean((low <= ours.value) & (ours.value <= high))
    assert d.in_model == 43 and d.largest_residual_of == "11"
    v = ours.model.variance + np.square(MILK["se"])
    np.testing.assert_allclose(ours.gamma, ours.model.variance / v, rtol=1e-12)
    assert d.aic == pytest.approx(-2 * d.log_likelihood + 10)
    assert ours.residual.std() == pytest.approx(1, abs=0.05)
    shown = str(ours)
    assert "43 areas, 43 in the model (Fay-Herriot, reml, identity scale)" in shown and "direct_se" in shown


def test_provinces_of_the_oracle(shared: Path, agree: Callable[..., None]) -> None:
    """The direct column is R survey's, standard errors too, and the covariance is what the model is given."""
    lfs = pd.read_csv(shared / "oracle" / "data" / "lfs_synth.csv.gz")
    content = json.loads((shared / "oracle" / "json" / "survey-4.5" / "lfs.json").read_text())
    case = next(c for c in content["cases"] if c["id"] == "base/by_province")
    design = Design.from_columns(lfs["weight"], lfs["stratum_c"], lfs["psu_id"])
    informal = lfs["informal"].fillna(-1).astype(int)
    estimate = cells(shares(design, informal, 2, lfs["province"] - 1))[1::2]
    direct = DirectEstimates.of(estimate, range(1, 19))
    urban = lfs.groupby("province")["urban"].mean().to_frame()
    ours = fay_herriot(direct, urban, sampling="covariance", scale="logit")
    agree("direct estimates of provinces", ours.areas.value, case["est"])
    agree("direct errors of provinces", ours.areas.se, case["se"])
    assert not ours.areas.why[0] and len(ours.areas.sampled) == 18
    # provinces are made of strata, so their estimates are independent, and a correction for it changes nothing
    plain = fay_herriot(direct, urban, scale="logit")
    np.testing.assert_allclose(ours.value, plain.value, rtol=1e-9)
    assert (ours.rmse < ours.areas.se).mean() > 0.5
