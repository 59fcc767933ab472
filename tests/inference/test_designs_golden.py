"""Finite populations, second stages, replicate weights and calibration: the golden matrix of designs.

Authority: golden/golden_designs.json (totals, means, ratios, shares) and golden/golden_matrix.json (all else), made by
golden/make_golden_designs.R and make_golden_matrix.R with R survey (versions inside).
Statistic x domain x (fpc x lonely rule | replicate type x lonely rule | calibration), unequal weights, rows of weight 0.
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

from informality.inference import Control, Design, Estimate, means, ratios, shares, totals
from informality.inference.estimates.association import goodness_of_fit, independence
from informality.inference.estimates.comparisons import rank_test
from informality.inference.estimates.derived import Derived, cells
from informality.inference.estimates.functional import Functional
from informality.inference.estimates.inequality import (
    gini,
    low_pay_shares,
    low_pay_threshold,
    population_variances,
    quintile_share_ratios,
    standard_deviations,
    theil,
)
from informality.inference.estimates.quantiles import medians
from informality.inference.sampling.replicates import Kind

GOLDEN = Path(__file__).resolve().parent.parent / "golden"
EXPECTED = json.loads((GOLDEN / "golden_designs.json").read_text())
MATRIX = json.loads((GOLDEN / "golden_matrix.json").read_text())
N_DOMAINS, N_STATUS = 7, 4
# what make_golden_designs.R calls them, and what we call them
KINDS: dict[str, tuple[Kind, dict[str, Any]]] = {
    "brr": ("BRR", {}),
    "fay": ("Fay", {"rho": 0.3}),
    "bootstrap": ("bootstrap", {"scale": None}),
    "bootstrap_mse": ("bootstrap", {"scale": None, "mse": True}),
    "sdr": ("SDR", {}),
    "sdr_mse": ("SDR", {"mse": True}),
}
CALIBRATIONS: dict[str, tuple[list[str], dict[str, Any]]] = {
    "poststratified": (["cells"], {}),
    "linear": (["sex", "age", "hours"], {}),
    "raking": (["sex", "age"], {"method": "raking"}),
    "logit": (["sex", "age"], {"method": "logit", "bounds": (0.5, 1.8)}),
    "bounded": (["sex", "age", "hours"], {"bounds": (0.8, 1.3)}),
}


@pytest.fixture(scope="module")
def sample() -> pd.DataFrame:
    return pd.read_csv(GOLDEN / "golden_designs_sample.csv")


def linearised(x: pd.DataFrame, name: str, rule: Any) -> Design:
    """The design that the R script calls ``name`` under a lonely rule, for the rows it has."""
    where = {"weight": x["weight"], "stratum": x["stratum"], "psu": x["psu"], "lonely": rule}
    if name == "plain":
        return Design.from_columns(**where)
    if name == "one_stage":
        return Design.from_columns(**where, fpc=x["n_psu"])
    household = "household" if name == "two_stage" else "household1"
    return Design.from_columns(**where, fpc=x["n_psu"], psu2=x[household], fpc2=x["n_" + household])


def built(name: str, x: pd.DataFrame) -> tuple[pd.DataFrame, Design]:
    """The rows and the design of a key of the golden file."""
    name, _, calibration = name.partition(" ")
    if calibration and name != "fay":
        x = x[x["weight"] > 0]  # R divides by the weights when it calibrates
    psu = x["stratum"] + "." + x["psu"].astype(str)
    if name.startswith("jkn_lonely"):
        rule: Any = name.split("/")[1]
        design = Design.from_columns(x["weight"], x["stratum"], x["psu"], lonely=rule).to_replicates("JKn")
    elif "/" in name:
        of, rule = name.split("/")
        if rule == "fail":
            x = x[~x["stratum"].isin(["N3", "S3", "W1"] if of == "plain" else ["N3", "W1"])]
        design = linearised(x, of, rule)
    elif name == "simple_fpc":
        design = Design.from_columns(x["weight"], fpc=6000)
    elif name == "unstratified_fpc":
        design = Design.from_columns(x["weight"], psu=psu, fpc=200)
    elif name == "jk1":
        design = Design.from_columns(x["weight"], psu=psu).to_replicates("JKn")  # in one stratum, JKn is JK1
    elif name.startswith("jkn"):
        x = x[~x["stratum"].isin(["N3", "S3", "W1"])]
        fpc = x["n_psu"] if name == "jkn_fpc" else None
        design = Design.from_columns(x["weight"], x["stratum"], x["psu"], fpc=fpc)
        design = design.to_replicates("JKn", mse=name == "jkn_mse")
    else:
        if name == "bootstrap":
            x = x[~x["stratum"].isin(["N3", "S3", "W1"])]
        kind, how = KINDS[name]
        stored = EXPECTED["designs"][name]
        if "scale" in how:
            how = how | {"scale": stored["scale"], "rscales": stored["rscales"]}
        factors = pd.DataFrame(stored["factors"], index=stored["psu"])
        columns = factors.loc[x["stratum"] + " " + x["psu"].astype(str)].to_numpy()
        columns = columns * x["weight"].to_numpy()[:, None]
        design = Design.from_replicates(x["weight"], columns, kind, **how)
    if calibration:
        which, how = CALIBRATIONS[calibration]
        design = design.calibrate([control(c, x) for c in which], **how)
    return x, design


def control(name: str, x: pd.DataFrame) -> Control:
    known = EXPECTED["controls"]
    if name == "cells":
        cells = {(sex, int(age)): count for sex, age, count in known["cells"]}
        return Control("sex by age", x[["sex", "age"]], cells)
    if name == "hours":
        return Control("hours", x["hours"], known["hours"])
    return Control(name, x[name].astype(str), known[name])


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
    fields = ["value", "se", "n", "n_weighted", "deff", "df"]
    return dataclasses.replace(estimate, **{f: np.atleast_1d(getattr(estimate, f)[domain]) for f in fields})


@pytest.mark.parametrize("name", EXPECTED["designs"])
def test_golden_design(
    name: str, sample: pd.DataFrame, agree: Callable[..., None], covariance_floor: Callable[..., np.ndarray]
) -> None:
    x, design = built(name, sample)
    ours = estimated(x, design)
    family = "calibrated" if " " in name else "replicates" if design.replicates else "finite population"
    for case in EXPECTED["designs"][name]["cases"]:
        statistic, domain = case["statistic"], case.get("domain")
        where = (name, statistic, domain)
        if statistic == "degf":
            if not (design.replicates and " " in name):  # see the head of make_golden_designs.R
                assert design.df == case["df"]
        elif statistic == "weights":
            agree(f"golden {family} weights", design.weight, case["weights"], where=where)
        elif statistic == "by_domain_mean_wage":
            places = case["domains"]
            v = ours["mean_wage"].covariance()[np.ix_(places, places)]
            compare_covariance(f"golden {family} covariance", v, case, where, agree, covariance_floor)
        else:
            here = cell(ours[statistic], domain)
            expected = {k: np.atleast_1d(np.array(v, dtype=float)) for k, v in case.items() if k in FIELDS}
            # residuals that cancel (a domain in one PSU, a known total) leave rounding, in R as here
            zero = 1e-13 * np.abs(expected["est"])
            agree(f"golden {family} value", here.value, expected["est"], zero, where=where)
            agree(f"golden {family} se", here.se, expected["se"], zero, where=where)
            if "deff" in expected:
                agree(f"golden {family} deff", here.deff, expected["deff"], 1e-20, where=where)
            assert (here.n == case["n"]).all(), where
            assert (here.df == case["df"]).all(), where
            if "vcov" in case:
                places = [domain * N_STATUS + k for k in range(N_STATUS)]
                v = ours[statistic].covariance()[np.ix_(places, places)]
                compare_covariance(f"golden {family} covariance", v, case, where, agree, covariance_floor)

    for estimate in ours.values():  # domain 6: nobody
        empty = cell(estimate, 6)
        assert (empty.n == 0).all() and np.isnan([empty.value, empty.se]).all()


FIELDS = ("est", "se", "deff")


def compare_covariance(
    family: str, ours: np.ndarray, case: dict[str, Any], where: object, agree: Callable[..., None],
    covariance_floor: Callable[..., np.ndarray],
) -> None:  # fmt: skip
    expected = np.array(case["vcov"], dtype=float)
    with np.errstate(invalid="ignore"):
        floor = covariance_floor(case["est"], np.sqrt(np.diag(expected)))
    zero = 1e-13 * np.abs(np.array(case["est"], dtype=float))
    agree(family, ours, expected, floor + np.outer(zero, zero), where=where)


def test_shares_are_counts(sample: pd.DataFrame) -> None:
    """A finite population given by counts or by shares is the same."""
    x = sample
    drawn = x.groupby("stratum")["psu"].transform("nunique")
    psus = [x["stratum"], x["psu"]]
    inside = x.groupby(psus)["household"].transform("nunique")
    by_count = linearised(x, "two_stage", "average")
    by_share = Design.from_columns(
        x["weight"], *psus, "average",
        fpc=drawn / x["n_psu"], psu2=x["household"], fpc2=inside / x["n_household"],
    )  # fmt: skip
    for ours, other in zip(estimated(x, by_share).values(), estimated(x, by_count).values(), strict=True):
        np.testing.assert_allclose(ours.se, other.se, rtol=1e-12)


# ---- Spread, inequality, medians, contrasts and tests -------------------------------------------------------


@pytest.mark.parametrize("name", MATRIX["designs"])
def test_golden_matrix(name: str, sample: pd.DataFrame, agree: Callable[..., None]) -> None:
    x, design = built(name, sample)
    ours = functionals(x, design)
    derived = contrasts(x, design)
    for case in MATRIX["designs"][name]:
        what, domain = case["what"], case.get("domain", 0)
        where = (name, what, domain)
        if what in ours:
            here = ours[what]
            agree(f"golden matrix {what}", here.value[domain], case["est"], where=where)
            # residuals that cancel (a domain in one PSU) leave rounding, in R as here
            agree(f"golden matrix {what} se", here.se[domain], case["se"], 1e-13 * abs(case["est"]), where=where)
            if "low" in case:
                limits = [ours["median"].low[domain], ours["median"].high[domain]]  # type: ignore[attr-defined]
                agree("golden matrix median limits", limits, [case["low"], case["high"]], where=where)
        elif what == "rank":
            wage, group = x["wage"].to_numpy(), x["domain"].where(x["domain"] <= 1, -1).to_numpy()
            tested = rank_test(design, wage, group).iloc[0]
            agree("golden matrix rank test", [tested["value"], tested["se"]], [case["est"], case["se"]], where=where)
        elif what in derived:
            here = derived[what]
            agree(f"golden matrix {what}", [here.value[0], here.se[0]], [case["est"], case["se"]], where=where)
        else:
            compare_tests(case, x, design, agree, where)
    for name, functional in ours.items():  # domain 6: nobody
        if name != "low_pay_threshold":
            assert functional.n[6] == 0 and np.isnan([functional.value[6], functional.se[6]]).all()


def functionals(x: pd.DataFrame, design: Design) -> dict[str, Functional]:
    domain, wage = x["domain"].to_numpy(), x["wage"]
    band = MATRIX["meta"]["bandwidth"]
    errors: Any = "woodruff" if design.replicates is None else "replicates"
    return {
        "variance": population_variances(design, wage, domain, N_DOMAINS),
        "standard_deviation": standard_deviations(design, wage, domain, N_DOMAINS),
        "gini": gini(design, wage, domain, N_DOMAINS),
        "theil": theil(design, wage, domain, N_DOMAINS),
        "quintile_share_ratio": quintile_share_ratios(design, wage, domain, N_DOMAINS),
        "median": medians(design, wage, domain, N_DOMAINS, errors=errors),
        "low_pay_share": low_pay_shares(design, wage, domain, N_DOMAINS, bandwidth=band),
        "low_pay_threshold": low_pay_threshold(design, wage, bandwidth=band),
    }


def contrasts(x: pd.DataFrame, design: Design) -> dict[str, Derived]:
    by = cells(means(design, x["wage"], x["domain"].where(x["domain"] <= 1, -1).to_numpy(), 2))
    known = x["domain"].between(0, 2) & x["status"].notna()
    long = (x["hours"] >= 35).astype(float)
    inside = np.where(known, 0, -1)
    return {
        "difference": by[1] - by[0],
        "log_ratio": by[1].log() - by[0].log(),
        "definitions": cells(means(design, x["informal"], inside)) - cells(means(design, long, inside)),
    }


def compare_tests(
    case: dict[str, Any], x: pd.DataFrame, design: Design, agree: Callable[..., None], where: Any
) -> None:
    three = np.minimum(x["status"].fillna(0), 3).astype(int) - 1
    inside = x["domain"].between(0, 2)
    if case["what"] == "independence":
        test = independence(design, np.digitize(x["hours"], [25, 43]), three, inside=inside)
        df, expected = np.array([test.df1, test.df2])[: np.size(case["df"])], np.atleast_1d(case["df"])
        if "p" in case:
            agree("golden matrix independence p", test.p, case["p"], where=where)
    else:
        methods = {"fit": "rao-scott-f", "fit_wald": "wald-pearson"}
        test = goodness_of_fit(design, three, [0.5, 0.3, 0.2], methods[case["what"]], inside=inside)  # type: ignore[arg-type]
        df, expected = ([test.df1, test.pearson], [case["df"], case["pearson"]]) if case["what"] == "fit" else ([], [])
    agree("golden matrix test", test.statistic, case["statistic"], where=where)
    agree("golden matrix test df", df, expected, where=where)
