"""One method on one task, in a process of its own: ``python bench_peers.py METHOD FOLDER REPEATS``.

Started by ``bench_against_peers.py``, under our interpreter or that of the peers; ``bench_peers.R`` is its twin. Prints one
line of JSON: seconds of each run by the clock and of the processor, the peak of memory during the first above what was
loaded, and the numbers.
Reading the data is not counted, nor turning it into what the method takes (a polars frame, a data frame).
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

PROVINCES, SEXES, AGES, STRATA, PSUS = 18, 2, 8, 30, 3000
DOMAINS = PROVINCES * SEXES * AGES
NUMBERS = ("age", "age_squared", "schooling", "hours", "household_size")
FLAGS = ("woman", "married", "urban", "migrant", "head", "farming", "industry", "building", "trade", "transport")
COVARIATES = NUMBERS + FLAGS
TYPES = {"weight": "f8", "stratum": "i4", "psu": "i4", "province": "i4", "sex": "i4", "age_band": "i4",
         "employed": "i4", "informal": "i4", **dict.fromkeys(NUMBERS, "f8"), **dict.fromkeys(FLAGS, "i4")}  # fmt: skip

Columns = Mapping[str, Any]
Run = Callable[[], Any]


def write(folder: Path, rows: int) -> None:
    """A made-up survey, a file of plain numbers for each column: rows in no order, PSUs of unequal size inside
    strata, strata inside provinces; two thirds are employed, and only of these informality is asked."""
    rng = np.random.default_rng(7)
    psu = rng.choice(PSUS, rows, p=rng.dirichlet(np.full(PSUS, 3.0)))
    stratum = psu % STRATA
    province = stratum * PROVINCES // STRATA
    age = rng.integers(15, 75, rows).astype(float)
    employed = rng.random(rows) < 0.66
    employed[np.unique(psu, return_index=True)[1]] = True  # somebody in every PSU: one peer knows no domains
    columns = {
        "weight": rng.integers(20 * 64, 400 * 64, rows) / 64,  # exact in every program
        "stratum": stratum,
        "psu": psu,
        "province": province,
        "age_band": ((age - 15) * AGES // 60),
        "employed": employed,
        "age": age,
        "age_squared": age**2 / 1000,
        "schooling": rng.integers(0, 19, rows),
        "hours": rng.integers(1, 81, rows),
        "household_size": rng.integers(1, 13, rows),
    }
    columns |= {flag: rng.random(rows) < share for flag, share in zip(FLAGS, rng.uniform(0.1, 0.6, 10), strict=True)}
    columns["sex"] = columns["woman"]
    effects = np.array([-0.03, 0.4, -0.12, -0.01, 0.05, *rng.normal(0, 0.4, 10)])
    eta = sum(b * columns[name] for b, name in zip(effects, COVARIATES, strict=True))
    eta += 2.0 + rng.normal(0, 0.6, PSUS)[psu]
    columns["informal"] = rng.random(rows) < 1 / (1 + np.exp(-eta))
    for name, kind in TYPES.items():
        np.asarray(columns[name]).astype(f"<{kind}").tofile(folder / name)


def read(folder: Path) -> dict[str, Any]:
    return {name: np.fromfile(folder / name, f"<{kind}") for name, kind in TYPES.items()}


# --- Task 1: the informal share of the employed, with its standard error, in 18 x 2 x 8 domains -----------------


def _coded(x: Columns) -> tuple[Any, Any]:
    """Domain and outcome of each row; -1 is outside."""
    employed = x["employed"] == 1
    domain = (x["province"] * SEXES + x["sex"]) * AGES + x["age_band"]
    return np.where(employed, domain, -1), np.where(employed, x["informal"], -1)


def shares_kernel(x: Columns) -> Run:
    from bench_shares import kernel

    from informality.inference import Design

    design, (domain, outcome) = Design.from_columns(x["weight"], x["stratum"], x["psu"]), _coded(x)
    return lambda: np.concatenate(kernel(design, domain, outcome))


def shares_ours(x: Columns) -> Run:
    from informality.inference import Design, shares

    design, (domain, outcome) = Design.from_columns(x["weight"], x["stratum"], x["psu"]), _coded(x)

    def run() -> Any:
        found = shares(design, outcome, 2, domain, DOMAINS)
        return np.concatenate([found.value[:, 1], found.se[:, 1]])

    return run


def shares_ours_columns(x: Columns) -> Run:
    from informality.inference import Design, shares

    def run() -> Any:
        design, (domain, outcome) = Design.from_columns(x["weight"], x["stratum"], x["psu"]), _coded(x)
        found = shares(design, outcome, 2, domain, DOMAINS)
        return np.concatenate([found.value[:, 1], found.se[:, 1]])

    return run


def _svy_frame(x: Columns) -> Any:
    import polars as pl

    return pl.DataFrame(dict(x))


def _svy_sample(frame: Any) -> Any:
    import svy

    return svy.Sample(frame, svy.Design(stratum="stratum", psu="psu", wgt="weight"))


def _svy_shares(sample: Any) -> Any:
    import svy

    by = ["province", "sex", "age_band"]
    found = sample.estimation.mean("informal", by=by, where=svy.col("employed") == 1)
    table = found.to_polars().sort([*by])
    return np.concatenate([table["est"].to_numpy(), table["se"].to_numpy()])


def shares_svy(x: Columns) -> Run:
    sample = _svy_sample(_svy_frame(x))
    return lambda: _svy_shares(sample)


def shares_svy_columns(x: Columns) -> Run:
    frame = _svy_frame(x)
    return lambda: _svy_shares(_svy_sample(frame))


def shares_samplics(x: Columns) -> Run:
    from samplics import TaylorEstimator
    from samplics.utils.types import PopParam

    # samplics stops with a division by zero where a mean is 0, so rows outside are a domain with the outcome 1.
    employed = x["employed"] == 1
    domain = np.where(employed, (x["province"] * SEXES + x["sex"]) * AGES + x["age_band"], DOMAINS)
    outcome = np.where(employed, x["informal"], 1)

    def run() -> Any:
        estimator = TaylorEstimator(PopParam.mean)
        estimator.estimate(outcome, x["weight"], stratum=x["stratum"], psu=x["psu"], domain=domain)
        order = range(DOMAINS)
        return np.array([estimator.point_est[d] for d in order] + [estimator.stderror[d] for d in order])

    return run


# --- Task 2: a logit of informality on 15 covariates among the employed, with the design's errors ---------------


def logit_kernel(x: Columns) -> Run:
    """Newton's method and the sandwich in plain numpy on one matrix: what the arithmetic takes, and no more code."""
    from informality.inference import Design

    design = Design.from_columns(x["weight"], x["stratum"], x["psu"])

    def run() -> Any:
        inside = np.flatnonzero(x["employed"])
        matrix = np.column_stack([np.ones(len(inside)), *(x[name][inside] for name in COVARIATES)])
        y, w, psu = x["informal"][inside], design.weight[inside], design.psu[inside]
        b = np.zeros(matrix.shape[1])
        while True:
            p = 1 / (1 + np.exp(-(matrix @ b)))
            information = (matrix * (w * p * (1 - p))[:, None]).T @ matrix
            step = np.linalg.solve(information, (w * (y - p)) @ matrix)
            b += step
            if np.abs(step).max() < 1e-7:
                break
        scores = (w * (y - 1 / (1 + np.exp(-(matrix @ b)))))[:, None] * matrix
        stratum, n_h = design.units.stratum, design.units.psus_per_stratum
        totals = np.column_stack([np.bincount(psu, score, minlength=len(stratum)) for score in scores.T])
        means = np.column_stack([np.bincount(stratum, total) for total in totals.T]) / n_h[:, None]
        centred = (totals - means[stratum]) * np.sqrt(n_h / (n_h - 1))[stratum, None]
        bread = np.linalg.inv(information)
        return np.concatenate([b, np.sqrt(np.diag(bread @ (centred.T @ centred) @ bread))])

    return run


def logit_ours(x: Columns) -> Run:
    import pandas as pd

    from informality.inference import Design
    from informality.inference.models.regression import logit

    design = Design.from_columns(x["weight"], x["stratum"], x["psu"])
    frame, employed = pd.DataFrame(dict(x)), x["employed"] == 1

    def run() -> Any:
        fit = logit(design, frame, "informal ~ " + " + ".join(COVARIATES), domain=employed)
        return np.concatenate([fit.value, fit.se])

    return run


def logit_svy(x: Columns) -> Run:
    import svy

    sample = _svy_sample(_svy_frame(x))

    def run() -> Any:
        fit = sample.glm.fit("informal", x=list(COVARIATES), family="binomial", where=svy.col("employed") == 1)
        return np.array([c.est for c in fit.fitted.coefs] + [c.se for c in fit.fitted.coefs])

    return run


def logit_samplics(x: Columns) -> Run:
    from samplics.regression import SurveyGLM
    from samplics.utils.types import ModelType

    inside = x["employed"] == 1  # it knows no domains; as every PSU has somebody employed, this is the same
    matrix = np.column_stack([x[name][inside].astype(float) for name in COVARIATES])
    y, w, stratum, psu = (x[name][inside] for name in ("informal", "weight", "stratum", "psu"))

    def run() -> Any:
        fit = SurveyGLM(ModelType.LOGISTIC)
        fit.estimate(y, matrix, samp_weight=w, stratum=stratum, psu=psu, add_intercept=True)
        return np.concatenate([fit.beta["point_est"], fit.beta["stderror"]])

    return run


METHODS: dict[str, Callable[[Columns], Run]] = {
    name: function for name, function in globals().items() if name.startswith(("shares_", "logit_"))
}


def _memory(field: str) -> float:
    """Resident memory now (VmRSS) or at its highest (VmHWM), in MB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) / 1024
    raise ValueError(f"no {field} in /proc/self/status")


def main() -> None:
    method, folder, repeats = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    warnings.simplefilter("ignore")
    run = METHODS[method](read(folder))
    Path("/proc/self/clear_refs").write_text("5")  # the highest is counted from here
    before, memory, numbers = _memory("VmRSS"), 0.0, np.zeros(0)
    seconds, processor = [], []
    for turn in range(repeats):
        started, used = time.perf_counter(), time.process_time()
        numbers = run()
        seconds.append(time.perf_counter() - started)
        processor.append(time.process_time() - used)
        if turn == 0:
            memory = _memory("VmHWM") - before
    package = next((p for p in ("samplics", "svy") if p in method), "numpy")
    print(json.dumps({"seconds": seconds, "processor": processor, "memory": memory, "numbers": numbers.tolist(),
                      "version": f"{package} {version(package)}"}))  # fmt: skip


if __name__ == "__main__":
    main()
