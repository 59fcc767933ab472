"""Totals, means, ratios and shares of R survey 4.5, on the api data and a synthetic labour-force survey of 60,000 rows.

Authority: oracle/json/survey-4.5/*.json of the shared folder. ``oracle_reasons.yml`` says which cases are compared
here, and why a number is not compared.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from informality.foundation.errors import InformalityError
from informality.inference import Control, Design, Estimate, covariance, interval, means, ratios, shares, totals
from informality.inference.sampling.replicates import Kind, Replicates, default_scale

# R's rake() removes unweighted margin means from the influence (oracle_reasons.yml); with replicate weights it does not.
RAKE = r"^(clus1|base|twostage_fpc)_rake/"
MODULE = "test_inference_oracle"
# so that a rule of oracle_reasons.yml cannot quietly swallow more than it should
COMPARED = {"api": 207, "lfs": 361, "lfs_calibration": 82}


@dataclasses.dataclass(frozen=True)
class Numbers:
    """What a case asks of us: numbers with a covariance matrix, or with standard errors alone."""

    value: np.ndarray
    vcov: np.ndarray
    estimate: Estimate | None = None


def numbers(estimate: Estimate, order: Any = None) -> Numbers:
    """All cells, or those of ``order``."""
    v = estimate.covariance()
    order = np.arange(len(v)) if order is None else np.asarray(order)
    fields = ["value", "se", "n", "n_weighted", "deff", "df"]
    flat = {f: getattr(estimate, f).ravel()[order] for f in fields}
    picked = dataclasses.replace(estimate, **flat)
    # the standard error of the estimate and the diagonal of its covariance are two routes to one number
    assert np.allclose(picked.se**2, np.diag(v)[order], rtol=1e-12, atol=0, equal_nan=True)
    return Numbers(picked.value, v[np.ix_(order, order)], picked)


def compare(
    case: dict[str, Any], ours: Numbers, df: int, agree: Callable[..., None], floor: Callable[..., np.ndarray]
) -> None:
    """All that the case holds: estimate, error, covariance, design effect, interval. ``df``: those of R's interval."""
    where = case["id"]
    est, se = (np.array(case[k], dtype=float) for k in ("est", "se"))
    statistic = ours.estimate.statistic if ours.estimate else "contrast"
    agree(f"oracle {statistic} value", ours.value, est, where=where)
    if re.search(RAKE, where):  # oracle_reasons.yml
        return
    zero = 1e-13 * np.abs(est)  # a category that is its own stratum is known without error
    if where.startswith("brr_rake/"):
        # R stops raking each replicate when margins change by less than about 1e-9 of the population
        assert ours.estimate is not None
        agree("oracle raked replicates se", ours.estimate.se, se, 1e-7 * se, where=where)
        rough = 1e-7 * np.outer(se, se)
        agree("oracle raked replicates covariance", ours.vcov, case["vcov"], rough, where=where)
        compare_limits(case, ours.estimate, df, agree, 1e-6 * se.max())
        return
    with np.errstate(invalid="ignore"):
        agree(f"oracle {statistic} se", np.sqrt(np.diag(ours.vcov)), se, zero, where=where)
    if "vcov" in case:
        expected = np.array(case["vcov"], dtype=float)
        agree("oracle covariance", ours.vcov, expected, floor(est, se) + np.outer(zero, zero), where=where)
    if ours.estimate is None:
        return
    if "deff" in case:
        deff = ours.estimate.deff
        if case["id"].endswith("deff_replace"):  # without the finite population correction
            deff = deff * (1 - ours.estimate.n / ours.estimate.n_weighted)
        agree("oracle deff", deff, case["deff"], 1e-20, where=where)
    if "ci95" in case:
        compare_limits(case, ours.estimate, df, agree, 2 * zero.max())


def compare_limits(case: dict[str, Any], estimate: Estimate, df: int, agree: Callable[..., None], floor: float) -> None:
    """R's interval has the degrees of freedom of the design it was given, or none; ours those of each domain, which
    the `degf` cases hold."""
    if case["ci_df"] != "Inf":
        agree("oracle degrees of freedom", df, case["ci_df"], where=case["id"])
    method = "normal" if case["ci_df"] == "Inf" else "t"
    low, high = interval(dataclasses.replace(estimate, df=np.full(estimate.value.shape, df)), method)
    agree(f"oracle {method} interval", np.column_stack([low, high]), case["ci95"], floor, where=case["id"])


def run(file: str, oracle: Any, answers: dict[str, Callable[[dict[str, Any]], None]]) -> None:
    """Compare every case that is ours; ``answers`` maps a design to the function that compares its cases."""
    wanted = oracle.claimed(file, MODULE)
    for case in wanted:
        answers[case["id"].split("/")[0]](case)
    assert len(wanted) == COMPARED[file]
    oracle.settle(file, MODULE)


# ---- The api data ----------------------------------------------------------------------------------------


def api_cases(
    x: pd.DataFrame,
    design: Design,
    agree: Callable[..., None],
    floor: Callable[..., np.ndarray],
    drawn: Design | None = None,
) -> Callable[[dict[str, Any]], None]:
    """``drawn``: the design before replicate weights were made of it."""
    stype = pd.Categorical(x["stype"], categories=["E", "H", "M"]).codes
    awards = (x["awards"] == "Yes").astype(int)
    everybody = np.zeros(len(x), dtype=int)
    by_stype = means(design, x["api00"], stype)
    by_name: dict[str, Callable[[], Numbers]] = {
        "mean_api00": lambda: numbers(means(design, x["api00"])),
        "mean_api00_deff_replace": lambda: numbers(means(design, x["api00"])),
        "mean_multi": lambda: numbers(means(design, x[["api00", "api99", "enroll"]])),
        "mean_factor_stype": lambda: numbers(shares(design, stype, 3)),
        "total_enroll": lambda: numbers(totals(design, x["enroll"])),
        "total_stype": lambda: numbers(totals(design, np.eye(3)[stype])),
        "ratio_apistu_enroll": lambda: numbers(ratios(design, x["api.stu"], x["enroll"], everybody)),
        "by_stype_mean": lambda: numbers(by_stype),
        "by_stype": lambda: numbers(by_stype),
        "ratio": lambda: numbers(ratios(design, x["api.stu"], x["enroll"])),
        "by_stype_total": lambda: numbers(totals(design, x["api.stu"], stype)),
        "by_stype_awards_mean": lambda: numbers(means(design, x["api00"], stype + 3 * awards)),
        "subset_E_mean": lambda: numbers(by_stype, [0]),
    }

    def check(case: dict[str, Any]) -> None:
        name = case["id"].split("/")[1]
        if name == "degf":
            agree("oracle degrees of freedom", design.df, case["value"], where=case["id"])
            agree(
                "oracle sum of weights",
                design.weight.sum(),
                case.get("sum_weights", design.weight.sum()),
                where=case["id"],
            )
        elif name == "replicates":
            assert drawn is not None
            compare_jackknife(case, drawn, agree)
        elif name == "weights":
            agree("oracle calibrated weights", design.weight, case["weights"], where=case["id"])
        elif name.startswith("ciprop_"):
            compare_ciprop(case, name.removeprefix("ciprop_"), shares(design, awards, 2), agree)
        else:
            ours = by_name[name]()
            subset = name.startswith("subset") and ours.estimate is not None
            compare(case, ours, ours.estimate.df[0] if subset else design.df, agree, floor)  # type: ignore[union-attr]
            if "degf_subset" in case:
                assert ours.estimate is not None
                agree("oracle degrees of freedom", ours.estimate.df[0], case["degf_subset"], where=case["id"])

    return check


def compare_ciprop(case: dict[str, Any], method: str, estimate: Estimate, agree: Callable[..., None]) -> None:
    replicated_logit = method == "logit" and isinstance(estimate.units, Replicates)
    method = {"mean": "t", "xlogit": "logit"}.get(method, method)
    agree("oracle share value", estimate.value[0, 1], case["est"], where=case["id"])
    agree("oracle degrees of freedom", estimate.df[0, 1], case["df"], where=case["id"])
    if "var" in case and not replicated_logit:
        agree("oracle share se", estimate.se[0, 1] ** 2, case["var"], where=case["id"])
    if replicated_logit:  # oracle_reasons.yml
        return
    limits = [side[0, 1] for side in interval(estimate, method)]
    agree(f"oracle {method} interval", limits, case["ci"], where=case["id"])


def compare_jackknife(case: dict[str, Any], drawn: Design, agree: Callable[..., None]) -> None:
    """R's jackknife weights against those made from the design; the replicates may come in another order."""
    made = drawn.to_replicates("JKn").replicates
    assert made is not None
    theirs, rscales = np.array(case["factors"]), np.array(case["rscales"], dtype=float)
    left_out = [int(np.flatnonzero(column == 0)[0]) for column in made.factors.T]  # a PSU
    row = [int(np.flatnonzero(drawn.psu == psu)[0]) for psu in left_out]
    order = [int(np.flatnonzero(theirs[r] == 0)[0]) for r in row]
    agree("oracle jackknife", made.factors[drawn.psu], theirs[:, order], where=case["id"])
    # in one stratum R calls it JK1 and has the factor in `scale`
    in_front = made.scale * made.rscales
    agree("oracle jackknife", in_front / case["scale"], rscales[order], where=case["id"])
    agree("oracle jackknife", (in_front / rscales[order]).mean(), case["scale"], where=case["id"])


def distinct(numbers: np.ndarray) -> np.ndarray:
    return np.unique(numbers.round(14))


def test_api(
    shared: Path, oracle: Any, agree: Callable[..., None], covariance_floor: Callable[..., np.ndarray]
) -> None:
    def read(name: str) -> pd.DataFrame:
        return pd.read_csv(shared / "oracle" / "data" / f"{name}.csv.gz")

    srs, strat, clus1, clus2 = read("apisrs"), read("apistrat"), read("apiclus1"), read("apiclus2")

    def cases(x: pd.DataFrame, design: Design, drawn: Design | None = None) -> Callable[[dict[str, Any]], None]:
        return api_cases(x, design, agree, covariance_floor, drawn)

    def columns(x: pd.DataFrame, **design: Any) -> Callable[[dict[str, Any]], None]:
        return cases(x, Design.from_columns(x["pw"], **design))

    factors = {name.split("/")[0]: c for name, c in oracle.cases("api").items() if name.endswith("/replicates")}

    def replicated(x: pd.DataFrame, name: str, kind: Kind, mse: bool = False) -> Design:
        c, w = factors[name], x["pw"].to_numpy()
        columns = np.array(c["factors"]) * w[:, None]
        return Design.from_replicates(w, columns, kind, scale=c["scale"], rscales=c["rscales"], mse=mse)

    clus1_fpc = Design.from_columns(clus1["pw"], psu=clus1["dnum"], fpc=clus1["fpc"])
    jk1 = replicated(clus1, "clus1_jk1", "JK1")
    # the population of apipop: 6,194 schools
    school_type = Control("school type", clus1["stype"], {"E": 4421, "H": 755, "M": 1018})
    target = Control("met its target", clus1["sch.wide"], {"No": 1072, "Yes": 5122})
    score = Control("api99", clus1["api99"], 3914069)

    def calibrated(design: Design, *controls: Control, **how: Any) -> Callable[[dict[str, Any]], None]:
        return cases(clus1, design.calibrate(controls, **how))

    run("api", oracle, {
        "srs": columns(srs, fpc=srs["fpc"]),
        "strat": columns(strat, stratum=strat["stype"], fpc=strat["fpc"]),
        "strat_nofpc": columns(strat, stratum=strat["stype"]),
        "clus1": cases(clus1, clus1_fpc),
        "clus1_nofpc": columns(clus1, psu=clus1["dnum"]),
        "clus2_nofpc": columns(clus2, psu=clus2["dnum"]),
        "clus2_2stage_fpc": columns(
            clus2, psu=clus2["dnum"], fpc=clus2["fpc1"], psu2=clus2["snum"], fpc2=clus2["fpc2"]
        ),
        "strat_jkn": cases(
            strat, replicated(strat, "strat_jkn", "JKn"), Design.from_columns(strat["pw"], strat["stype"])
        ),
        "strat_jkn_mse": cases(strat, replicated(strat, "strat_jkn", "JKn", mse=True)),
        "clus1_jk1": cases(clus1, jk1, Design.from_columns(clus1["pw"], psu=clus1["dnum"])),
        "clus1_jk1_fpc": cases(clus1, replicated(clus1, "clus1_jk1_fpc", "JK1"), clus1_fpc),
        "strat_bootstrap": cases(strat, replicated(strat, "strat_bootstrap", "bootstrap")),
        "strat_subbootstrap": cases(strat, replicated(strat, "strat_subbootstrap", "bootstrap")),
        "clus1_bootstrap": cases(clus1, replicated(clus1, "clus1_bootstrap", "bootstrap")),
        "clus2_mrbbootstrap": cases(clus2, replicated(clus2, "clus2_mrbbootstrap", "bootstrap")),
        "clus1_poststrat": calibrated(clus1_fpc, school_type),
        "clus1_poststrat_jk1": calibrated(jk1, school_type),
        "clus1_rake": calibrated(clus1_fpc, school_type, target, method="raking"),
        "clus1_rake_jk1": calibrated(jk1, school_type, target, method="raking"),
        "clus1_greg": calibrated(clus1_fpc, school_type, score),
        "clus1_greg_jk1": calibrated(jk1, school_type, score),
        "clus1_greg_cluster": calibrated(
            clus1_fpc, school_type, score, within=clus1["dnum"], allow_negative=True
        ),
        "clus1_cal_raking": calibrated(clus1_fpc, school_type, score, method="raking"),
        # the bounds of the oracle are not in its files; these reproduce its weights to 1e-12
        "clus1_cal_logit": calibrated(clus1_fpc, school_type, score, method="logit", bounds=(0.3, 3.5)),
        "clus1_cal_linear_bounded": calibrated(clus1_fpc, school_type, score, bounds=(0.3, 3.5)),
    })  # fmt: skip


# ---- The labour-force survey -----------------------------------------------------------------------------


def lfs_cases(
    x: pd.DataFrame, design: Design, agree: Callable[..., None], floor: Callable[..., np.ndarray]
) -> Callable[[dict[str, Any]], None]:
    employed = (x["lfs"] == 1).to_numpy()
    unemployed, active = (x["lfs"] == 2).to_numpy(), x["lfs"].isin([1, 2]).to_numpy()
    informal, inf0 = x["informal"], x["informal"].fillna(0)
    status = x["status"].fillna(0).astype(int).to_numpy() - 1
    sex, province, year = x["sex"] - 1, x["province"] - 1, x["year"] - 2024

    def among_employed(domain: Any = 0) -> np.ndarray:
        return np.where(employed, domain, -1)

    rare = among_employed(np.where((x["province"] == 3) & (x["ageband"] == 6) & (x["educ"] == 4), 0, -1))
    status_by_province = shares(design, status, 4, among_employed(province))
    by_name: dict[str, Callable[[], Numbers]] = {
        "mean_informal": lambda: numbers(means(design, informal, among_employed())),
        "mean_informal_narm": lambda: numbers(means(design, informal)),
        "mean_informal_deff_replace": lambda: numbers(means(design, informal, among_employed())),
        "mean_hours_wage": lambda: numbers(means(design, x[["hours", "wage"]], among_employed())),
        "mean_factor_status": lambda: numbers(shares(design, status, 4, among_employed())),
        "total_informal": lambda: numbers(totals(design, inf0)),
        "total_employed": lambda: numbers(totals(design, employed)),
        "total_factor_educ": lambda: numbers(totals(design, np.eye(4)[x["educ"] - 1])),
        "ratio_unemp_rate": lambda: numbers(ratios(design, unemployed, active)),
        "ratio_unemp": lambda: numbers(ratios(design, unemployed, active)),
        "ratio_informal": lambda: numbers(ratios(design, inf0, employed)),
        "by_sex": lambda: numbers(means(design, informal, among_employed(sex))),
        "by_province": lambda: numbers(means(design, informal, among_employed(province))),
        "by_province_total": lambda: numbers(totals(design, inf0, province)),
        "by_province_ratio": lambda: numbers(ratios(design, unemployed, active, province)),
        "by_province_status": lambda: numbers(status_by_province, np.arange(72).reshape(18, 4).T.ravel()),
        "by_year": lambda: numbers(means(design, informal, among_employed(year))),
        "rare_domain_mean": lambda: numbers(means(design, informal, rare)),
        "rare_domain_total": lambda: numbers(totals(design, inf0, rare)),
    }  # fmt: skip

    employed_df = int(means(design, informal, among_employed()).df[0])

    def df_of(case: dict[str, Any]) -> int:
        """R takes those of the design it was given: E, the subset of the employed, or all."""
        return employed_df if re.search(r"\bE\b", case["r_call"]) else design.df

    def check(case: dict[str, Any]) -> None:
        name = case["id"].split("/")[1]
        if name == "degf":
            agree("oracle degrees of freedom", design.df, case["value"], where=case["id"])
            agree("oracle degrees of freedom", employed_df, case["degf_employed"], where=case["id"])
            agree(
                "oracle sum of weights",
                design.weight.sum(),
                case.get("sum_weights", design.weight.sum()),
                where=case["id"],
            )
        elif name == "degf_by_province":
            df = means(design, informal, among_employed(province)).df
            agree("oracle degrees of freedom", df, case["df"], where=case["id"])
        elif name == "replicates":
            agree("oracle degrees of freedom", design.df, case["df"], where=case["id"])
            made = design.replicates
            assert made is not None
            if made.kind in ("BRR", "Fay"):
                ours = default_scale(made.kind, len(made), 0.5)
                agree("oracle scale", ours, case["scale"], where=case["id"])
            if "n_reps" in case:
                agree("oracle jackknife", len(made), case["n_reps"], where=case["id"])
                agree("oracle jackknife", made.scale, case["scale"], where=case["id"])
                agree("oracle jackknife", distinct(made.rscales), case["rscales_unique"], where=case["id"])
        elif name == "weights":
            first = design.weight[: len(case["first400"])]
            agree("oracle calibrated weights", first, case["first400"], where=case["id"])
            for what, ours in [("sum", design.weight.sum()), ("sumsq", (design.weight**2).sum()),
                               ("min", design.weight.min()), ("max", design.weight.max())]:  # fmt: skip
                agree("oracle calibrated weights", ours, case[what], where=case["id"])
        elif name == "total_sex":  # known, so all that is left of its error is rounding
            ours = numbers(totals(design, np.eye(2)[sex]))
            agree("oracle known totals", ours.value, case["est"], where=case["id"])
            if not re.search(RAKE, case["id"]):
                nothing = (1e-7 if "rake" in case["id"] else 1e-10) * ours.value
                assert ours.estimate is not None
                agree("oracle error of known totals", ours.estimate.se, case["se"], nothing, where=case["id"])
                agree(
                    "oracle error of known totals",
                    ours.vcov,
                    case["vcov"],
                    np.outer(nothing, nothing),
                    where=case["id"],
                )
                compare_limits(case, ours.estimate, df_of(case), agree, 2 * nothing.max())
        elif name == "by_province_sex_ageband":
            place = [[int(part) for part in key.split(".")] for key in case["names"]]
            cell = np.array([(p - 1) * 12 + (s - 1) * 6 + a - 1 for p, s, a in place])
            everybody = among_employed(province * 12 + sex * 6 + x["ageband"] - 1)
            compare(case, numbers(means(design, informal, everybody, 216), cell), df_of(case), agree, floor)
        elif name == "n_province_sex_ageband":
            cell = (np.array(case["province"]) - 1) * 12 + (np.array(case["sex"]) - 1) * 6
            cell += np.array(case["ageband"]) - 1
            n = means(design, informal, among_employed(province * 12 + sex * 6 + x["ageband"] - 1), 216).n
            agree("oracle cases", n[cell], case["n"], where=case["id"])
        elif name.startswith("ciprop_"):
            _, of, method = name.split("_")
            outcome = (status == 2) if of == "employer" else inf0
            compare_ciprop(case, method, shares(design, np.where(employed, outcome, -1).astype(int), 2), agree)
        else:
            compare(case, by_name[name](), df_of(case), agree, floor)

    return check


def replicated_lfs(x: pd.DataFrame, case: dict[str, Any], kind: Kind) -> Design:
    """Replicate weights from the factors of each PSU that the oracle stores."""
    w = x["weight"].to_numpy()
    key = x["vstrat"] * 10 + x["vpsu"] if "vstrat" in case["key"] else x["psu_id"]
    factors = pd.DataFrame(case["factors"], index=case["psu"]).loc[key].to_numpy()
    return Design.from_replicates(w, factors * w[:, None], kind, scale=case["scale"], rscales=case["rscales"])


def test_lfs(
    shared: Path, oracle: Any, agree: Callable[..., None], covariance_floor: Callable[..., np.ndarray]
) -> None:
    x = pd.read_csv(shared / "oracle" / "data" / "lfs_synth.csv.gz")
    factors = {name.split("/")[0]: c for name, c in oracle.cases("lfs").items() if name.endswith("/replicates")}

    def cases(design: Design) -> Callable[[dict[str, Any]], None]:
        return lfs_cases(x, design, agree, covariance_floor)

    def columns(**design: Any) -> Callable[[dict[str, Any]], None]:
        return cases(Design.from_columns(x["weight"], **design))

    def fails(case: dict[str, Any]) -> None:
        assert case["error"]
        with pytest.raises(InformalityError, match="3 strata have only one"):
            Design.from_columns(x["weight"], x["stratum"], x["psu"])

    base = {"stratum": x["stratum_c"], "psu": x["psu_id"]}
    answers = {
        "base": columns(**base),
        "fpc1": columns(**base, fpc=x["N_psu_c"]),
        "twostage_fpc": columns(**base, fpc=x["N_psu_c"], psu2=x["hh"], fpc2=x["N_hh"]),
        "weights_only": columns(),
        "nostrata": columns(psu=x["psu_id"]),
        "brr_taylor": columns(stratum=x["vstrat"], psu=x["vpsu"]),
        "brr": cases(replicated_lfs(x, factors["brr"], "BRR")),
        "fay05": cases(replicated_lfs(x, factors["fay05"], "Fay")),
        "boot60": cases(replicated_lfs(x, factors["boot60"], "bootstrap")),
        "subboot60": cases(replicated_lfs(x, factors["subboot60"], "bootstrap")),
        # the oracle stores no factors here: ours are made from the design
        "jkn": cases(Design.from_columns(x["weight"], **base).to_replicates("JKn")),
        "lonely_fail": fails,
    }
    for rule in ("certainty", "adjust", "average"):
        for fpc in ("", "_fpc"):
            design = {"stratum": x["stratum"], "psu": x["psu"], "fpc": x["N_psu"] if fpc else None}
            answer = columns(lonely=rule, **design)
            answers |= {f"lonely_{rule}{fpc}": answer, f"lonely_{rule}_domain{fpc}": answer}
    for variant in ("", "_domain", "_fpc", "_domain_fpc"):  # two names of one rule
        answers["lonely_remove" + variant] = answers["lonely_certainty" + variant]
    run("lfs", oracle, answers)


def test_lfs_calibration(
    shared: Path, oracle: Any, agree: Callable[..., None], covariance_floor: Callable[..., np.ndarray]
) -> None:
    x = pd.read_csv(shared / "oracle" / "data" / "lfs_synth.csv.gz")
    known = oracle.cases("lfs_calibration")
    cells, margins = known["controls/poststrat"], known["controls/margins"]
    keys = zip(cells["sex"], cells["ageband"], strict=True)
    crossed = [Control("sex by age", x[["sex", "ageband"]], dict(zip(keys, cells["Freq"], strict=True)))]
    three = [Control(v, x[v], dict(enumerate(margins[v], 1))) for v in ("sex", "ageband", "province")]
    how: dict[str, dict[str, Any]] = {
        "poststrat": {"controls": crossed},
        "greg": {"controls": three},
        "rake": {"controls": three, "method": "raking"},
        "calraking": {"controls": three, "method": "raking"},
        "callogit": {"controls": three, "method": "logit", "bounds": (0.5, 2.0)},  # reproduces its weights
    }
    base = {"weight": x["weight"], "stratum": x["stratum_c"], "psu": x["psu_id"]}
    brr = oracle.cases("lfs")["brr/replicates"]
    designs = {
        "base": Design.from_columns(**base),
        "twostage_fpc": Design.from_columns(**base, fpc=x["N_psu_c"], psu2=x["hh"], fpc2=x["N_hh"]),
        "brr": replicated_lfs(x, brr, "BRR"),
    }
    run("lfs_calibration", oracle, {
        f"{name}_{method}": lfs_cases(x, design.calibrate(**how[method]), agree, covariance_floor)
        for name, design in designs.items() for method in how
        if f"{name}_{method}/weights" in known
    })  # fmt: skip


def test_covariance_between_statistics(shared: Path, agree: Callable[..., None]) -> None:
    """A ratio is a mean over its denominator, so two ways to one rate have the covariance of one way."""
    x = pd.read_csv(shared / "oracle" / "data" / "lfs_synth.csv.gz")
    design = Design.from_columns(x["weight"], x["stratum_c"], x["psu_id"])
    mean = means(design, x["informal"], np.where(x["lfs"] == 1, 0, -1))
    ratio = ratios(design, x["informal"].fillna(0), x["lfs"] == 1)
    agree("mean and ratio", covariance(mean, ratio), mean.covariance())
