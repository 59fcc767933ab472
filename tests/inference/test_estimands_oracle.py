"""Quantiles, spread, inequality, contrasts and tests of tables against R survey 4.5, under every design.

Authority: oracle/json/survey-4.5/{api,lfs,models}.json of the shared folder. ``oracle_reasons.yml`` says which cases are
compared here, and why a number is not compared.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import special

from informality.inference import Design, interval, means, shares, totals
from informality.inference.estimates.association import independence
from informality.inference.estimates.comparisons import rank_test, t_test
from informality.inference.estimates.contrast import growth
from informality.inference.estimates.derived import Derived, cells
from informality.inference.estimates.functional import Functional
from informality.inference.estimates.inequality import (
    gini,
    low_pay_shares,
    low_pay_threshold,
    population_variances,
    quintile_share_ratios,
    theil,
)
from informality.inference.estimates.intervals import Measured, limits
from informality.inference.estimates.quantiles import medians, quantiles, weighted_quantiles
from informality.inference.sampling.linearise import influence_covariance
from informality.inference.sampling.replicates import Kind

MODULE = "test_estimands_oracle"
COMPARED = {"api": 145, "lfs": 230, "models": 11}

# R compares p with C/W exactly: with 200 equal weights the 10th and 90th percentiles are the 21st and 181st values,
# because 20/200 is not quite 0.1 in binary. By the definition ("the smallest value with at least the share p at
# or below it") they are the 20th and 180th, and so are ours.
ROUNDED_IN_R = re.compile(r"^srs/quantile")

ERRORS = {"mean": "woodruff", "xlogit": "logit", "beta": "beta", "asin": "asin", "quantile": "replicates"}
TESTS = {
    "F": "rao-scott-f",
    "Chisq": "rao-scott-first-chisq",
    "Wald": "wald-pearson",
    "adjWald": "wald-pearson-adjusted",
}


def compare_quantiles(case: dict[str, Any], design: Design, df: int, y: Any, agree: Callable[..., None]) -> None:
    name = case["id"].split("/")[1].removeprefix("quantile_").removeprefix("wage_").removeprefix("ci_")
    kept = slice(1, -1) if ROUNDED_IN_R.match(case["id"]) else slice(None)
    if "table" not in case:
        p = [0.1, 0.25, 0.5, 0.9] if len(case["est"]) == 4 else [0.1, 0.25, 0.5, 0.75, 0.9]
        ours = quantiles(design, y, p, rule=name).value[0]
        agree("oracle quantile", ours[kept], case["est"][kept], where=case["id"])
        return
    # R's df is that of the design it was given, which holds rows without a value
    agree("oracle degrees of freedom", df, case["df"], where=case["id"])
    q = quantiles(design, y, [0.1, 0.25, 0.5, 0.75, 0.9], errors=ERRORS[name], df=case["df"])
    ours = np.column_stack([q.value[0], q.low[0], q.high[0], q.se[0]])[kept]
    theirs = np.array(case["table"], dtype=float)[kept]
    agree("oracle quantile", ours[:, 0], theirs[:, 0], where=case["id"])
    agree(f"oracle {name} quantile interval", ours[:, 1:3], theirs[:, 1:3], where=case["id"])
    agree(f"oracle {name} quantile se", ours[:, 3], theirs[:, 3], where=case["id"])


def compare_derived(case: dict[str, Any], ours: Derived, df: int, agree: Callable[..., None]) -> None:
    agree("oracle contrast value", ours.value, case["est"], where=case["id"])
    agree("oracle contrast se", ours.se, case["se"], where=case["id"])
    agree("oracle contrast variance", ours.covariance(), case["vcov"], where=case["id"])
    compare_limits(case, ours, df, agree)


def compare_limits(case: dict[str, Any], ours: Measured, df: float, agree: Callable[..., None]) -> None:
    """R's interval has the degrees of freedom of the design it was given, or none."""
    if case["ci_df"] == "Inf":
        low, high = limits("normal", ours.value, ours.se, df, ours.n, 0.95)
    else:
        agree("oracle degrees of freedom", df, case["ci_df"], where=case["id"])
        low, high = limits("t", ours.value, ours.se, df, ours.n, 0.95)
    agree("oracle interval", np.column_stack([low, high]), case["ci95"], where=case["id"])


def compare_variance(case: dict[str, Any], ours: Functional, df: int, agree: Callable[..., None]) -> None:
    agree("oracle variance", ours.value, case["est"], where=case["id"])
    agree("oracle variance se", ours.se, case["se"], where=case["id"])
    agree("oracle variance of variance", ours.covariance(), case["vcov"], where=case["id"])
    compare_limits(case, ours, df, agree)


def compare_test(case: dict[str, Any], design: Design, row: Any, column: Any, agree: Callable[..., None]) -> None:
    name = case["id"].rsplit("_", 1)[1]
    ours = independence(design, row, column, TESTS[name])
    r_statistic = ours.pearson if name == "Chisq" else ours.statistic  # R prints Pearson's, uncorrected
    df = [ours.df1] if name == "Chisq" else [ours.df1, ours.df2]
    agree(f"oracle {name} test statistic", r_statistic, case["statistic"][0], where=case["id"])
    agree(f"oracle {name} test df", df, case["parameter"], where=case["id"])
    p = case["p"][0]  # far out in the tail, p magnifies the rounding of the statistic
    agree(f"oracle {name} test p", ours.p, p, 1e-11 * p * max(1.0, -np.log(p)), where=case["id"])


def compare_t_test(case: dict[str, Any], gap: Derived, df: int, agree: Callable[..., None]) -> None:
    tested = t_test(gap, df=df - 1).iloc[0]
    agree("oracle degrees of freedom", df - 1, case["parameter"][0], where=case["id"])
    for key, name in [("t", "statistic"), ("value", "estimate"), ("p", "p")]:
        agree(f"oracle t test {name}", tested[key], case[name][0], where=case["id"])


def compare_rank_test(
    case: dict[str, Any], design: Design, y: pd.Series, group: np.ndarray, agree: Callable[..., None]
) -> None:
    """R gives tied cases of unequal weight ranks by the order of the rows: with these, we have its numbers; with ours, nearly."""
    order, w = np.argsort(y, kind="stable"), design.weight
    middle = pd.Series((w[order].cumsum() - w[order] / 2) / w.sum())
    scores = np.empty(len(y))
    scores[order] = middle.groupby(np.sort(y)).transform("mean")
    mean = [np.average(scores[group == g], weights=w[group == g]) for g in (0, 1)]
    total = np.bincount(group, w)
    influence = w * (scores - np.take(mean, group)) * np.take([-1 / total[0], 1 / total[1]], group)
    value, se = mean[1] - mean[0], np.sqrt(influence_covariance(design, influence)[0, 0])
    df = design.df - 1
    theirs = {"value": value, "t": value / se, "p": 2 * special.stdtr(df, -abs(value / se))}
    ours = rank_test(design, y, group, df=df).iloc[0]
    agree("oracle degrees of freedom", df, case["parameter"][0], where=case["id"])
    exact = np.ptp(w) == 0
    for key, name in [("t", "statistic"), ("value", "estimate"), ("p", "p")]:
        agree(f"oracle rank test {name}", theirs[key], case[name][0], where=case["id"])
        assert ours[key] == pytest.approx(theirs[key], rel=1e-11 if exact else 0.1), case["id"]


def compare_interval(case: dict[str, Any], share: Any, agree: Callable[..., None]) -> None:
    method = case["id"].rsplit("_", 1)[1]
    ends = np.array([side[0, 1] for side in interval(share, method)])
    # R reads the likelihood limits off a spline through a coarse grid: right to a hundredth of a standard error
    # or better; the exact ones are in the golden file
    floor = share.se[0, 1] / 100 if method == "likelihood" else 0.0
    agree(f"oracle {method} interval", ends, case["ci"], floor, where=case["id"])
    agree("oracle share value", share.value[0, 1], case["est"], where=case["id"])
    agree("oracle degrees of freedom", share.df[0, 1], case["df"], where=case["id"])
    if "var" in case:
        agree("oracle share variance", share.se[0, 1] ** 2, case["var"], where=case["id"])


def test_api(shared: Path, oracle: Any, agree: Callable[..., None]) -> None:
    def read(name: str) -> pd.DataFrame:
        return pd.read_csv(shared / "oracle" / "data" / f"{name}.csv.gz")

    data = {"srs": read("apisrs"), "strat": read("apistrat"), "clus1": read("apiclus1"), "clus2": read("apiclus2")}
    factors = {name.split("/")[0]: c for name, c in oracle.cases("api").items() if name.endswith("/replicates")}

    def design_of(name: str) -> tuple[pd.DataFrame, Design]:
        x = data[name.split("_")[0]]
        w = x["pw"].to_numpy()
        if name in factors:
            c = factors[name]
            kind: Kind = "JKn" if "jkn" in name else "JK1" if "jk1" in name else "bootstrap"
            weights = np.array(c["factors"]) * w[:, None]
            return x, Design.from_replicates(w, weights, kind, scale=c["scale"], rscales=c["rscales"])
        columns: dict[str, dict[str, str]] = {
            "srs": {"fpc": "fpc"},
            "strat": {"stratum": "stype", "fpc": "fpc"},
            "strat_nofpc": {"stratum": "stype"},
            "clus1": {"psu": "dnum", "fpc": "fpc"},
            "clus1_nofpc": {"psu": "dnum"},
            "clus2_nofpc": {"psu": "dnum"},
            "clus2_2stage_fpc": {"psu": "dnum", "fpc": "fpc1", "psu2": "snum", "fpc2": "fpc2"},
        }
        return x, Design.from_columns(w, **{k: x[v] for k, v in columns[name].items()})

    cases = oracle.claimed("api", MODULE)
    for case in cases:
        name, what = case["id"].split("/")
        x, design = design_of(name)
        stype = pd.Categorical(x["stype"], categories=["E", "H", "M"]).codes
        awards = (x["awards"] == "Yes").to_numpy().astype(int)
        e, h, _ = (cells(means(design, x["api00"], stype))[i] for i in range(3))
        if what.startswith("quantile"):
            compare_quantiles(case, design, design.df, x["api00"], agree)
        elif what.startswith("ciprop"):
            compare_interval(case, shares(design, awards, 2), agree)
        elif what.startswith("chisq"):
            compare_test(case, design, stype, awards, agree)
        elif what == "ttest_awards":
            no, yes = (cells(means(design, x["api00"], awards))[i] for i in range(2))
            compare_t_test(case, yes - no, design.df, agree)
        elif what == "ranktest_awards":
            compare_rank_test(case, design, x["api00"], awards, agree)
        elif what == "var_api00":
            compare_variance(case, population_variances(design, x["api00"]), design.df, agree)
        else:
            ours = {"contrast_E_minus_H": e - h, "contrast_ratio_E_H": e / h}[what]
            compare_derived(case, ours, design.df, agree)
    assert len(cases) == COMPARED["api"]
    oracle.settle("api", MODULE)


@pytest.fixture(scope="module")
def lfs(shared: Path) -> pd.DataFrame:
    return pd.read_csv(shared / "oracle" / "data" / "lfs_synth.csv.gz")


@pytest.fixture(scope="module")
def lfs_designs(oracle: Any, lfs: pd.DataFrame) -> dict[str, Design]:
    factors = {name.split("/")[0]: c for name, c in oracle.cases("lfs").items() if name.endswith("/replicates")}
    w = lfs["weight"].to_numpy()

    def replicated(name: str, kind: Kind) -> Design:
        c = factors[name]
        key = lfs["vstrat"] * 10 + lfs["vpsu"] if "vstrat" in c["key"] else lfs["psu_id"]
        by_row = pd.DataFrame(c["factors"], index=c["psu"]).loc[key].to_numpy()
        return Design.from_replicates(w, by_row * w[:, None], kind, scale=c["scale"], rscales=c["rscales"])

    base = {"weight": w, "stratum": lfs["stratum_c"], "psu": lfs["psu_id"]}
    return {
        "base": Design.from_columns(**base),
        "fpc1": Design.from_columns(**base, fpc=lfs["N_psu_c"]),
        "twostage_fpc": Design.from_columns(**base, fpc=lfs["N_psu_c"], psu2=lfs["hh"], fpc2=lfs["N_hh"]),
        "weights_only": Design.from_columns(w),
        "nostrata": Design.from_columns(w, psu=lfs["psu_id"]),
        "brr_taylor": Design.from_columns(w, lfs["vstrat"], lfs["vpsu"]),
        "brr": replicated("brr", "BRR"),
        "fay05": replicated("fay05", "Fay"),
        "boot60": replicated("boot60", "bootstrap"),
        "subboot60": replicated("subboot60", "bootstrap"),
        "jkn": Design.from_columns(**base).to_replicates("JKn"),
    }


def test_lfs(oracle: Any, lfs: pd.DataFrame, lfs_designs: dict[str, Design], agree: Callable[..., None]) -> None:
    x = lfs
    employed = (x["lfs"] == 1).to_numpy()
    inf0 = x["informal"].fillna(0).astype(int)
    codes = {
        "sex": np.where(employed, x["sex"], -1),
        "educ": np.where(employed, x["educ"], -1),
        "informal": np.where(employed, inf0, -1),
        "status": np.where(employed, x["status"].fillna(0), -1).astype(int),
        "employer": np.where(employed, x["status"] == 3, -1).astype(int),
    }
    year, sex = x["year"] - 2024, x["sex"] - 1

    def contrast(what: str, design: Design) -> Derived:
        before, after = (cells(means(design, x["informal"], np.where(employed, year, -1)))[i] for i in (0, 1))
        if what == "contrast_year":
            return after - before
        if what == "contrast_relative_change":
            return growth(before, after)
        if what == "contrast_logratio":
            return after.log() - before.log()
        if what == "contrast_year_total":
            return cells(totals(design, inf0, year)).linear([-1, 1])
        assert what == "contrast_did", what
        return cells(means(design, x["informal"], np.where(employed, 2 * year + sex, -1))).linear([1, -1, -1, 1])

    cases = oracle.claimed("lfs", MODULE)
    for case in cases:
        name, what = case["id"].split("/")
        design = lfs_designs[name]
        df = int(means(design, x["informal"], np.where(employed, 0, -1)).df[0])  # R's subset of the employed
        if what.startswith("quantile"):
            compare_quantiles(case, design, df, x["wage"], agree)
        elif what == "by_sex_median_wage":
            ours = medians(design, x["wage"], sex)
            agree("oracle quantile", ours.value, case["est"], where=case["id"])
            agree("oracle median se by domain", ours.se, case["se"], where=case["id"])
            compare_limits(case, ours, df, agree)
        elif what.startswith("ciprop"):
            of = codes[what.split("_")[1]]
            compare_interval(case, shares(design, of, 2), agree)
        elif what.startswith("chisq"):
            _, row, column, _ = what.split("_")
            compare_test(case, design, codes[row], codes[column], agree)
        elif what == "ttest_informal_sex":
            men, women = (cells(means(design, x["informal"], np.where(employed, sex, -1)))[i] for i in (0, 1))
            compare_t_test(case, women - men, df, agree)
        elif what == "var_wage":
            compare_variance(case, population_variances(design, x["wage"]), design.df, agree)
        else:
            compare_derived(case, contrast(what, design), design.df if what == "contrast_year_total" else df, agree)
    assert len(cases) == COMPARED["lfs"]
    oracle.settle("lfs", MODULE)


def test_inequality(oracle: Any, lfs: pd.DataFrame, lfs_designs: dict[str, Design], agree: Callable[..., None]) -> None:
    """R convey, and the oracle's own Gini, which is defined as ours."""
    cases = {case["id"]: case for case in oracle.claimed("models", MODULE)}
    assert len(cases) == COMPARED["models"]
    paid = lfs["wage"].notna().to_numpy()
    y, w = lfs.loc[paid, "wage"].to_numpy(), lfs.loc[paid, "weight"].to_numpy()
    weight, total = w.sum(), w @ y
    # convey's band: the kernel's width is that of the whole population, not of the sample
    width = np.sqrt(w @ y**2 / weight - (total / weight) ** 2) / weight**0.2

    def compare(name: str, value: Any, se: Any = None) -> None:
        agree("oracle inequality", np.ravel(value), [cases[name]["est"]], where=name)
        if se is not None:
            agree("oracle inequality se", np.ravel(se), [cases[name]["se"]], where=name)

    compare("base/gini_wage_point", gini(lfs_designs["base"], lfs["wage"]).value)
    brr = gini(lfs_designs["brr"], lfs["wage"])
    compare("brr/gini_wage", brr.value, brr.se)
    for name in ("base", "twostage_fpc"):
        design = lfs_designs[name]
        ours = gini(design, lfs["wage"])
        # convey ranks a person by the weight up to and including its own, less 1 instead of less half its own
        own_weight = (w * (w - 1)) @ y / (weight * total)
        compare(f"{name}/svygini", ours.value + own_weight)
        assert abs(ours.se[0] / cases[f"{name}/svygini"]["se"] - 1) < 0.025  # so does its linearisation
        ours = theil(design, lfs["wage"])
        compare(f"{name}/svygei_theil", ours.value, ours.se)
        poor = low_pay_shares(design, lfs["wage"], fraction=0.6, inclusive=True, bandwidth=width)
        compare(f"{name}/svyarpr", poor.value, poor.se)
        ours = quintile_share_ratios(design, lfs["wage"])
        ratio, exact, error = convey_quintiles(design, paid, y, w, width)
        compare(f"{name}/svyqsr", ratio, error)
        assert ours.value[0] == pytest.approx(exact, rel=1e-12)
        assert (ours.value[0], ours.se[0]) == (pytest.approx(ratio, rel=1e-3), pytest.approx(error, rel=1e-2))
    line = low_pay_threshold(lfs_designs["base"], lfs["wage"], fraction=0.6, bandwidth=width)
    compare("base/svyarpt", line.value, line.se)
    median = medians(lfs_designs["base"], lfs["wage"])
    assert 0.6 * median.se[0] == pytest.approx(line.se[0], rel=0.05)  # Woodruff's, without a density
    oracle.settle("models", MODULE)


def convey_quintiles(
    design: Design, paid: np.ndarray, y: np.ndarray, w: np.ndarray, width: float
) -> tuple[float, float, float]:
    """convey's ratio, the same with exactly a fifth of the weight in each sum, and convey's error.

    convey takes all with the value at a quantile; and in the error, for that value, the mean of those about it, weighted
    with its kernel.
    """
    order = np.argsort(y)
    low, high = weighted_quantiles(y[order], w[order], np.array([0.2, 0.8]))
    bottom, top = w[y <= low] @ y[y <= low], w[y > high] @ y[y > high]
    too_many, too_few = (w[y <= q].sum() - p * w.sum() for q, p in ((low, 0.2), (high, 0.8)))
    exact = (top + high * too_few) / (bottom - low * too_many)

    def up_to(q: float, p: float) -> np.ndarray:
        kernel = w * np.exp(-(((q - y) / width) ** 2) / 2)
        return y * (y <= q) + (p - (y <= q)) * (kernel @ y / kernel.sum())

    influence = np.zeros(len(paid))
    influence[paid] = w * (y - up_to(high, 0.8) - top / bottom * up_to(low, 0.2)) / bottom
    return float(top / bottom), float(exact), float(np.sqrt(influence_covariance(design, influence)[0, 0]))
