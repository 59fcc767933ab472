"""How often do 95 % intervals of inequality hold the truth, on the plain and the log scale? A simulation, not a test.

Run: PYTHONPATH=analysis python tests/benchmarks/sim_heavy_tails.py [samples] [PSUs]

Populations of 432,000 earners in 7,200 villages that differ, with tails as pay has them: lognormal (a coefficient of
variation of 0.8 or 1.2), and with a Pareto tail on the top twentieth, whose smaller exponent means a heavier tail
(with 4 and less the variance of a variance is infinite; of the earnings of most countries it lies between 2 and 4). Samples of 15
persons in each of some villages of 36 strata, unequal weights. Printed for each statistic: what its standard
error is of the true one, and of the plain and the log interval how often it holds the truth, and misses it from below.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from informality.inference import Design, interval, means
from informality.inference.estimates.inequality import gini, quintile_share_ratios, standard_deviations, theil

STRATA, VILLAGES, PERSONS, TAKE = 36, 7200, 60, 15
STATISTICS: dict[str, Callable[..., Any]] = {
    "mean": means,
    "quintile share ratio": quintile_share_ratios,
    "Gini": gini,
    "Theil": theil,
    "standard deviation": standard_deviations,
}


def population(tail: str, rng: np.random.Generator) -> np.ndarray:
    """Earnings (villages, persons)."""
    village = rng.normal(0, 0.35, (VILLAGES, 1))
    shape = (VILLAGES, PERSONS)
    if tail.startswith("lognormal"):
        return np.exp(village + rng.normal(0, float(tail.split()[1]), shape))
    y = np.exp(village + rng.normal(0, 0.5, shape))
    top = rng.random(shape) < 0.05
    beyond = np.quantile(y, 0.95) * np.exp(0.3 * village) * rng.random(shape) ** (-1 / float(tail.split()[1]))
    return np.where(top, beyond, y)


def main() -> None:
    samples = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    psus = int(sys.argv[2]) if len(sys.argv) > 2 else 360
    each = psus // STRATA
    print(f"{samples:,} samples of {each * STRATA} PSUs, {each * STRATA * TAKE:,} persons")
    heads = ["se/true", "plain", "below", "log", "below"]
    print(f"{'tail':<15}{'statistic':<22}" + "".join(h.rjust(9) for h in heads))
    for tail in ("lognormal 0.6", "lognormal 0.9", "pareto 4", "pareto 3", "pareto 2.5"):
        rng = np.random.default_rng(7)
        y = population(tail, rng)
        stratum = np.empty(VILLAGES, dtype=np.intp)
        like = np.argsort(
            y.mean(axis=1) * rng.lognormal(0, 0.3, VILLAGES)
        )  # strata of villages that are somewhat alike
        stratum[like] = np.arange(VILLAGES) * STRATA // VILLAGES
        everybody = Design.from_columns(np.ones(y.size))
        truth = {name: f(everybody, y.ravel()).value[0] for name, f in STATISTICS.items()}
        found: dict[str, list[list[float]]] = {name: [] for name in STATISTICS}
        places = [np.flatnonzero(stratum == h) for h in range(STRATA)]
        for _ in range(samples):
            village = np.concatenate([rng.choice(place, each, replace=False) for place in places])
            person = np.argsort(rng.random((len(village), PERSONS)), axis=1)[:, :TAKE]
            earned = np.take_along_axis(y[village], person, axis=1).ravel()
            psu = np.repeat(np.arange(len(village)), TAKE)
            design = Design.from_columns(rng.uniform(0.5, 2, len(psu)), stratum[village][psu], psu)
            for name, f in STATISTICS.items():
                estimate = f(design, earned)
                ends = [side[0] for method in ("t", "log") for side in interval(estimate, method)]  # type: ignore[arg-type]
                found[name].append([estimate.value[0], estimate.se[0], *ends])
        for name, lines in found.items():
            value, se, *ends = np.array(lines).T
            row = [se.mean() / value.std()]
            for low, high in (ends[:2], ends[2:]):
                row += [np.mean((low <= truth[name]) & (truth[name] <= high)), np.mean(high < truth[name])]
            print(f"{tail:<15}{name:<22}{row[0]:>9.2f}" + "".join(f"{share:>9.1%}" for share in row[1:]), flush=True)


if __name__ == "__main__":
    main()
