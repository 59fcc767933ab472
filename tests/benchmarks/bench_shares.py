"""How much slower than bare numpy: a share with its standard error in 18 x 2 x 8 domains, a million rows.

Not a test. Run it alone on a quiet machine: PYTHONPATH=analysis python tests/benchmarks/bench_shares.py

The kernel is the least that gives the shares and their errors: one key of PSU and domain, two bincounts, a
finish on the populated PSU x domain cells. Ours adds counts, design effects, degrees of freedom, rows
outside the universe and the PSU totals kept for covariances. The target is at most 4 times the kernel.
"""

from __future__ import annotations

import sys
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
from bench_peers import AGES, DOMAINS, PROVINCES, PSUS, SEXES, STRATA

from informality.inference import Design, means, shares

TARGET = 4.0


def survey(rows: int) -> dict[str, np.ndarray]:
    """Rows in no order, PSUs of unequal size inside strata, strata inside provinces."""
    rng = np.random.default_rng(7)
    psu = rng.choice(PSUS, rows, p=rng.dirichlet(np.full(PSUS, 3.0)))
    stratum = psu % STRATA
    province = (stratum * PROVINCES) // STRATA
    domain = (province * SEXES + rng.integers(0, SEXES, rows)) * AGES + rng.integers(0, AGES, rows)
    employed = rng.random(rows) < 0.66
    informal = rng.random(rows) < rng.beta(4, 3, PSUS)[psu]
    return {
        "psu": psu,
        "stratum": stratum,
        "weight": rng.uniform(20, 400, rows),
        "domain": np.where(employed, domain, -1),
        "outcome": np.where(employed, informal, -1).astype(np.int64),
    }


def kernel(design: Design, domain: np.ndarray, outcome: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Shares and standard errors, and nothing else."""
    inside = np.flatnonzero(domain >= 0)
    key = design.psu[inside] * DOMAINS + domain[inside]
    weight = design.weight[inside]
    w = np.bincount(key, weight, minlength=PSUS * DOMAINS)
    wy = np.bincount(key, weight * outcome[inside], minlength=PSUS * DOMAINS)
    populated = np.flatnonzero(w)
    psu, cell = np.divmod(populated, DOMAINS)
    w, wy = w[populated], wy[populated]
    total = np.bincount(cell, w, minlength=DOMAINS)
    share = np.bincount(cell, wy, minlength=DOMAINS) / total
    t = (wy - share[cell] * w) / total[cell]
    place = design.units.stratum[psu] * DOMAINS + cell
    n_h = design.units.psus_per_stratum
    mean = np.bincount(place, t, minlength=STRATA * DOMAINS).reshape(STRATA, DOMAINS) / n_h[:, None]
    squares = np.bincount(place, t * t, minlength=STRATA * DOMAINS).reshape(STRATA, DOMAINS)
    variance = ((n_h / (n_h - 1))[:, None] * (squares - n_h[:, None] * mean**2)).sum(axis=0)
    return share, np.sqrt(variance)


def seconds(run: Callable[[], Any], repeats: int = 7) -> float:
    """The best of several runs: what the work takes when nothing else disturbs it."""
    best = np.inf
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - start)
    return float(best)


def peak_megabytes(run: Callable[[], Any]) -> float:
    """Peak memory above what was loaded before."""
    tracemalloc.start()
    run()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    x = survey(rows)
    design = Design.from_columns(x["weight"], x["stratum"], x["psu"])
    domain, outcome = x["domain"], x["outcome"]
    values = np.where(outcome >= 0, outcome, np.nan)
    ours = shares(design, outcome, 2, domain, DOMAINS)
    share, se = kernel(design, domain, outcome)
    np.testing.assert_allclose(ours.value[:, 1], share, rtol=1e-12)
    np.testing.assert_allclose(ours.se[:, 1], se, rtol=1e-9)

    work: dict[str, Callable[[], Any]] = {
        "bare numpy kernel": lambda: kernel(design, domain, outcome),
        "shares": lambda: shares(design, outcome, 2, domain, DOMAINS),
        "means": lambda: means(design, values, domain, DOMAINS),
        "design from columns": lambda: Design.from_columns(x["weight"], x["stratum"], x["psu"]),
        "covariance of all cells": ours.covariance,
    }
    print(f"{rows:,} rows, {len(design.units.psu_labels):,} PSUs, {DOMAINS} domains; target {TARGET:g}")
    print(f"{'':<26}{'ms':>8}{'ratio':>8}{'peak MB':>10}")
    took = {name: seconds(run) for name, run in work.items()}
    for name, run in work.items():
        ratio = took[name] / took["bare numpy kernel"]
        print(f"{name:<26}{took[name] * 1e3:>8.1f}{ratio:>8.2f}{peak_megabytes(run):>10.1f}")


if __name__ == "__main__":
    main()
