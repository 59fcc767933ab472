"""Do the mean squared errors of small-area estimates say the truth? A simulation; a script, not a test.

Run: PYTHONPATH=analysis python tests/benchmarks/sim_small_areas.py [samples]

For each setting, areas are drawn from the model again and again: theta = X beta + u, y = theta + e. The true mean squared
error is the average of (estimate - theta)^2 over samples. Printed: its average over areas; the average of the estimated one
over it, for all areas and for the area where it is furthest off; how often 95 % intervals hold theta; how often the
model variance is 0. Settings: sampling variances as in Datta, Rao and Smith (2005), few and many areas, little and much variance
between areas; correlated direct estimates; shares on the logit scale; and sampling variances that are themselves estimated from
few degrees of freedom, as they are in a survey, taken as they are or smoothed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
from scipy import special

from informality.inference.small_areas.area_model import METHODS
from informality.inference.small_areas.direct import DirectEstimates
from informality.inference.small_areas.fay_herriot import fay_herriot
from informality.inference.small_areas.result import SmallAreas

BETA = np.array([1.0, 0.5])
Draw = tuple[np.ndarray, np.ndarray, np.ndarray]  # theta (m,), y (m,), variances (m,) or covariance (m, m)


def covariates(m: int) -> pd.DataFrame:
    return pd.DataFrame({"x": np.random.default_rng(11).normal(size=m)}, index=range(m))


def line(m: int) -> np.ndarray:
    return BETA[0] + BETA[1] * covariates(m)["x"].to_numpy()


def variances(m: int) -> np.ndarray:
    """Five groups of areas, ordered as in Datta, Rao and Smith's pattern (b)."""
    return np.repeat([2.0, 0.6, 0.5, 0.4, 0.2], -(-m // 5))[:m]


def independent(m: int, s: float) -> Callable[[np.random.Generator], Draw]:
    psi = variances(m)

    def draw(rng: np.random.Generator) -> Draw:
        theta = line(m) + np.sqrt(s) * rng.normal(size=m)
        return theta, theta + np.sqrt(psi) * rng.normal(size=m), psi

    return draw


def correlated(m: int, s: float) -> Callable[[np.random.Generator], Draw]:
    """Groups of five areas that share sampled units: correlation 0.5."""
    size = np.sqrt(variances(m))
    psi = np.outer(size, size) * (0.5 * np.kron(np.eye(-(-m // 5)), np.ones((5, 5)))[:m, :m] + 0.5 * np.eye(m))
    root = np.linalg.cholesky(psi)

    def draw(rng: np.random.Generator) -> Draw:
        theta = line(m) + np.sqrt(s) * rng.normal(size=m)
        return theta, theta + root @ rng.normal(size=m), psi

    return draw


def shares(m: int, s: float) -> Callable[[np.random.Generator], Draw]:
    """Binomial shares of 40 to 200 persons, with the variance p (1 - p) / n of the direct estimate."""
    n = np.linspace(40, 200, m).astype(int)

    def draw(rng: np.random.Generator) -> Draw:
        theta = special.expit(line(m) - 0.5 + np.sqrt(s) * rng.normal(size=m))
        p = rng.binomial(n, theta) / n
        return theta, p, p * (1 - p) / n

    return draw


def estimated(m: int, s: float, df: int) -> Callable[[np.random.Generator], Draw]:
    """Variances that a survey measured with so many degrees of freedom; the true ones are 20 / n."""
    psi = 20 / cases(m)

    def draw(rng: np.random.Generator) -> Draw:
        theta = line(m) + np.sqrt(s) * rng.normal(size=m)
        return theta, theta + np.sqrt(psi) * rng.normal(size=m), psi * rng.chisquare(df, m) / df

    return draw


def cases(m: int) -> np.ndarray:
    return np.linspace(10, 100, m)


def settings() -> Iterator[tuple[str, int, Callable[[np.random.Generator], Draw], list[tuple[str, dict[str, str]]]]]:
    every = [(method, {"method": method}) for method in METHODS]
    for m, s in [(15, 0.05), (15, 0.5), (30, 0.05), (30, 0.5), (30, 1.0), (60, 0.5)]:
        yield f"independent, s = {s}", m, independent(m, s), every
    both = [
        ("reml, variances", {}),
        ("reml, covariance", {"sampling": "covariance"}),
        ("ml, covariance", {"sampling": "covariance", "method": "ml"}),
        ("fay-herriot, cov.", {"sampling": "covariance", "method": "fay-herriot"}),
        ("moment, covariance", {"sampling": "covariance", "method": "moment"}),
    ]
    yield "correlated, s = 0.5", 30, correlated(30, 0.5), both
    scales = [(f"reml, {scale}", {"scale": scale}) for scale in ("identity", "logit", "arcsine")]
    yield "shares, s = 0.2", 30, shares(30, 0.2), scales
    for df in (4, 12):
        smoothing = [("reml, as they are", {}), ("reml, smoothed", {"smoothing": "gvf"})]
        yield f"variances with {df} df, s = 0.3", 30, estimated(30, 0.3, df), smoothing


def fitted(m: int, y: np.ndarray, psi: np.ndarray, how: dict[str, str]) -> SmallAreas:
    direct = DirectEstimates.published(range(m), y, psi, cases(m))
    return fay_herriot(direct, covariates(m), **how)  # type: ignore[arg-type]


def main() -> None:
    samples = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    print(f"{samples:,} samples")
    heads = ["true mse", "estimated/true", "worst area", "covers", "s is 0"]
    widths = [10, 16, 12, 9, 8]
    print(f"{'setting':<32}{'areas':>6}  {'how':<20}" + "".join(h.rjust(w) for h, w in zip(heads, widths, strict=True)))
    for title, m, draw, ways in settings():
        rng = np.random.default_rng(20241101)
        true = {name: np.zeros(m) for name, _ in ways}
        said, covers, zero = {k: np.zeros(m) for k in true}, dict.fromkeys(true, 0.0), dict.fromkeys(true, 0)
        for _ in range(samples):
            theta, y, psi = draw(rng)
            for name, how in ways:
                fit = fitted(m, y, psi, how)
                low, high = fit.interval()
                true[name] += (fit.value - theta) ** 2 / samples
                said[name] += np.nan_to_num(fit.rmse**2) / samples
                covers[name] += float(np.mean((low <= theta) & (theta <= high))) / samples
                zero[name] += fit.model.variance == 0
        for name in true:
            ratio = said[name] / true[name]
            worst = ratio[np.abs(np.log(ratio)).argmax()]
            print(
                f"{title:<32}{m:>6}  {name:<20}{true[name].mean():>10.4f}{said[name].sum() / true[name].sum():>16.3f}"
                f"{worst:>12.2f}{covers[name]:>9.1%}{zero[name] / samples:>8.0%}"
            )


if __name__ == "__main__":
    main()
