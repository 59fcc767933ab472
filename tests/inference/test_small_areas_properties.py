"""What must hold for every set of areas, whatever its numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from informality.inference.small_areas.area_model import METHODS, AreaModel, fit_area_model
from informality.inference.small_areas.direct import DirectEstimates
from informality.inference.small_areas.fay_herriot import fay_herriot


@dataclass(frozen=True)
class Data:
    y: np.ndarray
    psi: np.ndarray
    x: np.ndarray
    spread: float
    seed: int

    def fit(self, method: Any = "reml") -> AreaModel:
        return fit_area_model(self.y, self.psi, self.x, method)


@st.composite
def data(draw: st.DrawFn) -> Data:
    """Areas of very different precision, with much, little or no variation of their own."""
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    p = draw(st.integers(1, 4))
    m = draw(st.integers(p + 2, 40))
    spread = draw(st.sampled_from([0.0, 0.3, 1.0, 10.0]))
    psi = np.exp(rng.normal(0, draw(st.sampled_from([0.1, 1.0, 2.5])), m))
    x = np.column_stack([np.ones(m), rng.normal(size=(m, p - 1))])
    y = x @ rng.normal(size=p) + spread * rng.normal(size=m) + np.sqrt(psi) * rng.normal(size=m)
    return Data(y, psi, x, spread, seed)


methods = st.sampled_from(METHODS)
NUMBERS = ("eblup", "mse", "gamma", "synthetic", "g1", "residual")


@given(data(), methods)
def test_between_direct_and_synthetic(d: Data, method: str) -> None:
    fit = d.fit(method)
    low, high = np.minimum(d.y, fit.synthetic), np.maximum(d.y, fit.synthetic)
    slack = 1e-12 * (1 + np.abs(d.y) + np.abs(fit.synthetic))
    assert ((low - slack <= fit.eblup) & (fit.eblup <= high + slack)).all()
    assert (fit.gamma >= 0).all() and (fit.gamma < 1).all() and (fit.g1 <= d.psi).all()
    np.testing.assert_allclose(fit.eblup, fit.gamma * d.y + (1 - fit.gamma) * fit.synthetic, rtol=1e-9, atol=1e-12)


@given(data(), methods)
def test_order_of_areas(d: Data, method: str) -> None:
    order = np.random.default_rng(d.seed).permutation(len(d.y))
    ours, theirs = d.fit(method), fit_area_model(d.y[order], d.psi[order], d.x[order], method)  # type: ignore[arg-type]
    np.testing.assert_allclose(theirs.variance, ours.variance, rtol=1e-8, atol=1e-12)
    for name in NUMBERS:
        np.testing.assert_allclose(getattr(theirs, name), getattr(ours, name)[order], rtol=1e-7, atol=1e-9)


@given(data(), methods, st.floats(-50, 50), st.sampled_from([-3.0, 0.01, 1.0, 250.0]))
def test_another_unit(d: Data, method: str, a: float, b: float) -> None:
    """Estimates of a + b y are a + b times those of y, and their mean squared errors b^2 times."""
    ours, theirs = d.fit(method), fit_area_model(a + b * d.y, b**2 * d.psi, d.x, method)  # type: ignore[arg-type]
    scale = np.abs(d.y).max() + abs(a / b)
    np.testing.assert_allclose(theirs.variance / b**2, ours.variance, rtol=1e-6, atol=1e-10 * scale**2)
    np.testing.assert_allclose((theirs.eblup - a) / b, ours.eblup, rtol=1e-6, atol=1e-7 * scale)
    np.testing.assert_allclose(theirs.mse / b**2, ours.mse, rtol=1e-6, atol=1e-9 * scale**2)
    np.testing.assert_allclose(theirs.gamma, ours.gamma, rtol=1e-6, atol=1e-9)


@given(data(), methods)
def test_another_basis_of_covariates(d: Data, method: str) -> None:
    rng = np.random.default_rng(d.seed)
    p = d.x.shape[1]
    turn = np.linalg.qr(rng.normal(size=(p, p)))[0] * rng.uniform(0.5, 2, p)
    ours, theirs = d.fit(method), fit_area_model(d.y, d.psi, d.x @ turn, method)  # type: ignore[arg-type]
    for name in NUMBERS:
        np.testing.assert_allclose(getattr(theirs, name), getattr(ours, name), rtol=1e-6, atol=1e-8)


@given(data(), methods)
def test_a_diagonal_matrix_is_its_diagonal(d: Data, method: str) -> None:
    ours, theirs = d.fit(method), fit_area_model(d.y, np.diag(d.psi), d.x, method)  # type: ignore[arg-type]
    for name in ("variance", "variance_se", "variance_bias", "beta", "beta_cov", "log_likelihood", *NUMBERS):
        np.testing.assert_allclose(getattr(theirs, name), getattr(ours, name), rtol=1e-8, atol=1e-10)


@given(data())
def test_the_maximum_is_one(d: Data) -> None:
    """No model variance has a higher (restricted) likelihood; and the adjusted one is never 0."""
    for method in ("reml", "ml"):
        fit = d.fit(method)

        def likelihood(s: float, method: str = method) -> float:
            v = d.psi + s
            information = d.x.T @ (d.x / v[:, None])
            r = d.y - d.x @ np.linalg.solve(information, d.x.T @ (d.y / v))
            restricted = np.linalg.slogdet(information)[1] if method == "reml" else 0.0
            return float(-0.5 * (np.log(v).sum() + r @ (r / v) + restricted))

        top = likelihood(fit.variance)
        assert all(likelihood(s) <= top + 1e-9 * (1 + abs(top)) for s in [0.0, *np.geomspace(1e-8, 1e4, 300)])
    assert d.fit("adjusted").variance > 0


@given(data(), methods)
def test_precise_and_imprecise_areas(d: Data, method: str) -> None:
    """An area with (next to) no sampling error keeps its direct estimate; one with a huge error gets the line."""
    psi = d.psi.copy()
    psi[0], psi[1] = 1e-10, 1e10
    fit = fit_area_model(d.y, psi, d.x, method)  # type: ignore[arg-type]
    if fit.variance > 1e-4:
        assert fit.eblup[0] == pytest.approx(d.y[0], abs=1e-3)
    assert fit.eblup[1] == pytest.approx(fit.synthetic[1], rel=1e-4, abs=1e-3)
    line, mse, _ = fit.line(d.x)
    assert line[1] == fit.synthetic[1]
    if method not in ("fay-herriot", "moment"):  # whose equations weigh imprecise areas in another way
        # an area that knows nothing is one without a sample
        assert fit.mse[1] == pytest.approx(mse[1], rel=1e-3)


@given(data())
def test_a_large_model_variance_leaves_the_direct_estimates(d: Data) -> None:
    far = d.y + 1e4 * np.random.default_rng(d.seed).normal(size=len(d.y))
    fit = fit_area_model(far, np.minimum(d.psi, 10), d.x, "adjusted")
    assert fit.variance > 1e3
    np.testing.assert_allclose(fit.eblup, far, atol=0.01 * np.abs(far).max())
    assert (fit.gamma > 0.99).all()


@given(data(), st.sampled_from(["identity", "logit", "arcsine"]), st.sampled_from(["none", "gvf"]))
def test_areas_by_name(d: Data, scale: str, smoothing: str) -> None:
    """The order of direct estimates and covariates is nobody's business, and areas without a sample change nothing."""
    rng = np.random.default_rng(d.seed)
    m = len(d.y)
    p = 0.05 + 0.9 / (1 + np.exp(-d.y / (1 + np.abs(d.y).max())))
    variance, n = d.psi / d.psi.max() * 0.002, np.arange(10.0, 10 + m)
    names = [f"area {i}" for i in range(m)]
    covariates = pd.DataFrame(d.x[:, 1:], index=names, columns=[f"x{j}" for j in range(1, d.x.shape[1])])
    ours = fay_herriot(
        DirectEstimates.published(names, p, variance, n),
        covariates,
        scale=scale,
        smoothing=smoothing,  # type: ignore[arg-type]
    )
    order = rng.permutation(m)
    more = pd.concat([covariates, covariates.iloc[:2].rename(index=lambda a: f"new {a}")]).sample(
        frac=1, random_state=rng.integers(1000)
    )
    direct = DirectEstimates.published([names[i] for i in order], p[order], variance[order], n[order])
    theirs = fay_herriot(direct, more, scale=scale, smoothing=smoothing)  # type: ignore[arg-type]
    columns = ["direct", "direct_se", "estimate", "rmse", "gamma", "synthetic"]
    np.testing.assert_allclose(theirs.table().loc[names, columns], ours.table()[columns], rtol=1e-6, atol=1e-9)
    assert theirs.table().loc["new area 0", "basis"] == "synthetic"
