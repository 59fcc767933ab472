"""Every statistic in every domain under every rule for lonely strata.

Authority: golden/golden.json, made by golden/make_golden.R with R survey (versions inside).
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from informality.inference import Design, Estimate, interval, means, ratios, shares, totals

GOLDEN = Path(__file__).resolve().parent.parent / "golden"
EXPECTED = json.loads((GOLDEN / "golden.json").read_text())
LONELY_STRATA = ["N3", "S3", "W1"]  # also in make_golden.R
N_DOMAINS = 7
N_STATUS = 4


@pytest.fixture(scope="module")
def sample() -> pd.DataFrame:
    return pd.read_csv(GOLDEN / "golden_sample.csv")


def built(name: str, x: pd.DataFrame) -> tuple[pd.DataFrame, Design]:
    """The rows and the design that make_golden.R calls ``name``."""
    if name == "fail":
        x = x[~x["stratum"].isin(LONELY_STRATA)]
        return x, Design.from_columns(x["weight"], x["stratum"], x["psu"])
    if name == "unstratified":
        return x, Design.from_columns(x["weight"], psu=x["stratum"] + "." + x["psu"].astype(str))
    if name == "weights_only":
        return x, Design.from_columns(x["weight"])
    return x, Design.from_columns(x["weight"], x["stratum"], x["psu"], lonely=name)


def estimated(x: pd.DataFrame, design: Design) -> dict[str, Estimate]:
    domain = x["domain"].to_numpy()
    unpaid = x["wage"].isna()
    status = x["status"].fillna(0).astype(int) - 1
    return {
        "mean_wage": means(design, x["wage"], domain, N_DOMAINS),
        "total_wage": totals(design, x["wage"], domain, N_DOMAINS),
        "total_informal": totals(design, x["informal"], domain, N_DOMAINS),
        "ratio_wage_hours": ratios(design, x["wage"], x["hours"].mask(unpaid), domain, N_DOMAINS),
        "share_status": shares(design, status, N_STATUS, domain, N_DOMAINS),
    }


def cell(estimate: Estimate, domain: int) -> Estimate:
    """One domain of an estimate, with arrays of shape (1,) or (K,)."""
    fields = ["value", "se", "n", "n_numerator", "n_weighted", "deff", "df"]
    return dataclasses.replace(estimate, **{f: np.atleast_1d(getattr(estimate, f)[domain]) for f in fields})


@pytest.mark.parametrize("name", EXPECTED["designs"])
def test_golden(
    name: str, sample: pd.DataFrame, agree: Callable[..., None], covariance_floor: Callable[..., np.ndarray]
) -> None:
    x, design = built(name, sample)
    ours = estimated(x, design)
    covariances = {statistic: estimate.covariance() for statistic, estimate in ours.items()}

    def compare_covariance(family: str, case: dict[str, Any], statistic: str, places: list[int]) -> None:
        expected = np.array(case["vcov"], dtype=float)
        v = covariances[statistic][np.ix_(places, places)]
        with np.errstate(invalid="ignore"):
            floor = covariance_floor(case["est"], np.sqrt(np.diag(expected)))
        agree(f"golden covariance of {family}", v, expected, floor, where=(name, case.get("domain")))

    for case in EXPECTED["designs"][name]:
        statistic, domain = case["statistic"], case.get("domain")
        if statistic == "degf":
            assert design.df == case["df"]
        elif statistic == "empty":
            for estimate in ours.values():
                empty = cell(estimate, domain)
                assert (empty.n == 0).all()
                assert np.isnan([empty.value, empty.se, empty.deff]).all()
        elif statistic == "by_domain_mean_wage":
            compare_covariance("domains", case, "mean_wage", case["domains"])
        elif statistic.startswith("ciprop_"):
            method = statistic.removeprefix("ciprop_")
            method = {"mean": "t", "xlogit": "logit"}.get(method, method)
            limits = [side[1] for side in interval(cell(ours["share_status"], domain), method)]
            agree(f"golden {method} interval", limits, case["ci"], where=(name, domain))
        else:
            compare(case, name, cell(ours[statistic], domain), agree)
            if statistic == "share_status":
                places = [domain * N_STATUS + k for k in range(N_STATUS)]
                compare_covariance("shares", case, statistic, places)


def compare(case: dict[str, Any], name: str, here: Estimate, agree: Callable[..., None]) -> None:
    family, where = case["statistic"].split("_")[0], (name, case["domain"])
    expected = {k: np.atleast_1d(np.array(v, dtype=float)) for k, v in case.items() if k != "statistic"}
    # A domain in one PSU has residuals that cancel: what is left of 0 is rounding, in R as here.
    zero = 1e-14 * np.abs(expected["est"])
    agree(f"golden {family} value", here.value, expected["est"], where=where)
    agree(f"golden {family} se", here.se, expected["se"], zero, where=where)
    agree(f"golden {family} deff", here.deff, expected["deff"], 1e-24, where=where)
    assert (here.n == case["n"]).all(), where
    assert (here.df == case["df"]).all(), where
    for method in ("normal", "t"):
        ours = np.concatenate(interval(here, method))
        agree(f"golden {method} interval", ours, expected[method], 2 * np.tile(zero, 2), where=where)
