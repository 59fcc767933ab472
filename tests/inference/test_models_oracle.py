"""Models of R survey 4.5: coefficients, covariances, degrees of freedom, margins and tests, on every kind of design.

Authority: oracle/json/survey-4.5/*.json of the shared folder. ``oracle_reasons.yml`` says which cases are compared
here, and why a number is not compared.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from informality.inference import Control, Design
from informality.inference.models.margins import effects, predictions
from informality.inference.models.model_tests import likelihood_ratio, wald, working_wald
from informality.inference.models.regression import Fit, fit, multinomial, ordered

MODULE = "test_models_oracle"
COMPARED = {"api": 90, "lfs": 48, "lfs_calibration": 10, "models": 10}
# rake() keeps the weights but removes unweighted margin means from the influence (oracle_reasons.yml)
RAKED = r"^(clus1|base|twostage_fpc)_rake/"


@functools.cache
def known(shared: Path, file: str) -> dict[str, dict[str, Any]]:
    content = json.loads((shared / "oracle" / "json" / "survey-4.5" / f"{file}.json").read_text())
    return {case["id"]: case for case in content["cases"]}


@functools.cache
def api(shared: Path, name: str) -> pd.DataFrame:
    x = pd.read_csv(shared / "oracle" / "data" / f"{name}.csv.gz")
    x["awards01"] = x["awards"] == "Yes"
    x["mealcat"] = pd.cut(x["meals"], [-1, 25, 50, 75, 101])
    return x.rename(columns={"api.stu": "api_stu", "avg.ed": "avg_ed"})


@functools.cache
def lfs(shared: Path) -> pd.DataFrame:
    x = pd.read_csv(shared / "oracle" / "data" / "lfs_synth.csv.gz")
    x["fem"], x["urb"], x["y25"] = x["sex"] == 2, x["urban"] == 1, x["year"] == 2025
    x["age2"], x["lw"], x["inf0"] = x["age"] ** 2, np.log(x["wage"]), x["informal"].fillna(0)
    for level in (2, 3, 4):
        x[f"ed{level}"] = x["educ"] == level
    return x


@functools.cache
def api_design(shared: Path, name: str) -> tuple[pd.DataFrame, Design]:
    x = api(shared, "api" + name.split("_")[0])
    w = x["pw"]
    if f"{name}/replicates" in known(shared, "api"):
        c = known(shared, "api")[f"{name}/replicates"]
        kind = {"strat_jkn": "JKn", "clus1_jk1": "JK1", "clus1_jk1_fpc": "JK1"}.get(name, "bootstrap")
        columns = np.array(c["factors"]) * w.to_numpy()[:, None]
        return x, Design.from_replicates(w, columns, kind, scale=c["scale"], rscales=c["rscales"])
    if name in ("srs", "strat", "strat_nofpc", "clus1", "clus1_nofpc", "clus2_nofpc", "clus2_2stage_fpc"):
        correction = {"fpc": x["fpc"]} if name in ("srs", "strat", "clus1") else {}
        if name == "clus2_2stage_fpc":
            correction = {"fpc": x["fpc1"], "psu2": x["snum"], "fpc2": x["fpc2"]}
        columns = {
            "stratum": x["stype"] if name.startswith("strat") else None,
            "psu": x["dnum"] if name.startswith("clus") else None,
        }
        return x, Design.from_columns(w, **columns, **correction)
    # calibrated to the population of apipop: 6,194 schools
    school = Control("school type", x["stype"], {"E": 4421, "H": 755, "M": 1018})
    target = Control("met its target", x["sch.wide"], {"No": 1072, "Yes": 5122})
    score = Control("api99", x["api99"], 3914069)
    how = name.removeprefix("clus1_").removesuffix("_jk1")
    controls = [school, target] if how == "rake" else [school, score]
    method = {"rake": "raking", "cal_raking": "raking", "cal_logit": "logit"}.get(how, "linear")
    bounds = (0.3, 3.5) if how in ("cal_logit", "cal_linear_bounded") else None
    before = api_design(shared, "clus1_jk1" if name.endswith("_jk1") else "clus1")[1]
    return x, before.calibrate(controls, method, bounds=bounds)


@functools.cache
def lfs_design(shared: Path, name: str) -> Design:
    x = lfs(shared)
    w, base = x["weight"], {"stratum": x["stratum_c"], "psu": x["psu_id"]}
    if name.startswith("lonely_"):
        rule = name.split("_")[1].replace("remove", "certainty")  # two names of one rule
        return Design.from_columns(w, x["stratum"], x["psu"], lonely=rule)
    if name in ("brr", "fay05", "boot60", "subboot60"):
        c = known(shared, "lfs")[f"{name}/replicates"]
        key = x["vstrat"] * 10 + x["vpsu"] if "vstrat" in c["key"] else x["psu_id"]
        columns = pd.DataFrame(c["factors"], index=c["psu"]).loc[key].to_numpy() * w.to_numpy()[:, None]
        kind = {"brr": "BRR", "fay05": "Fay"}.get(name, "bootstrap")
        return Design.from_replicates(w, columns, kind, scale=c["scale"], rscales=c["rscales"])
    if name == "jkn":
        return Design.from_columns(w, **base).to_replicates("JKn")
    columns: dict[str, dict[str, Any]] = {
        "base": base,
        "fpc1": {**base, "fpc": x["N_psu_c"]},
        "twostage_fpc": {**base, "fpc": x["N_psu_c"], "psu2": x["hh"], "fpc2": x["N_hh"]},
        "weights_only": {},
        "nostrata": {"psu": x["psu_id"]},
        "brr_taylor": {"stratum": x["vstrat"], "psu": x["vpsu"]},
    }
    if name in columns:
        return Design.from_columns(w, **columns[name])
    before, method = name.rsplit("_", 1)
    inputs = known(shared, "lfs_calibration")
    cells, margins = inputs["controls/poststrat"], inputs["controls/margins"]
    keys = zip(cells["sex"], cells["ageband"], strict=True)
    crossed = Control("sex by age", x[["sex", "ageband"]], dict(zip(keys, cells["Freq"], strict=True)))
    three = [Control(v, x[v], dict(enumerate(margins[v], 1))) for v in ("sex", "ageband", "province")]
    kind = {"rake": "raking", "calraking": "raking", "callogit": "logit"}.get(method, "linear")
    bounds = (0.5, 2.0) if method == "callogit" else None
    controls = [crossed] if method == "poststrat" else three
    return lfs_design(shared, before).calibrate(controls, kind, bounds=bounds)


def design_of(shared: Path, file: str, name: str) -> tuple[pd.DataFrame, Design]:
    return api_design(shared, name) if file == "api" else (lfs(shared), lfs_design(shared, name))


def model(shared: Path, file: str, name: str, call: str) -> Fit:
    """The model of an R call ``svyglm(formula, D or E, family = ...)``."""
    found = re.search(r"svyglm\((.*?), ?([DE])\b", call)
    formula, rows = found.groups() if found else ("awards01~ell+meals+stype", "D")
    kind = "linear"
    for word, ours in (("probit", "probit"), ("cloglog", "cloglog"), ("poisson", "poisson"), ("binomial", "logit")):
        if word in call:
            kind = ours
            break
    return fitted(shared, file, name, formula.replace(".", "_"), rows, kind)


@functools.cache
def fitted(shared: Path, file: str, name: str, formula: str, rows: str, kind: str) -> Fit:
    frame, design = design_of(shared, file, name)
    domain = frame["lfs"] == 1 if rows == "E" else None
    return fit(kind, design, frame, formula, domain=domain, missing="drop")


def compare_glm(
    ours: Fit, case: dict[str, Any], inside: np.ndarray, agree: Callable[..., None], floor: Callable[..., np.ndarray]
) -> None:
    """``inside``: (n,) the rows of the design that R was given."""
    where, est, se = case["id"], np.array(case["est"], dtype=float), np.array(case["se"], dtype=float)
    names = [n.replace("Intercept", "(Intercept)").replace("[", "").replace("]", "") for n in ours.names]
    assert names == [n.replace(".", "_") for n in case["names"]]
    # A coefficient that is next to 0 is right to the rounding of what it is measured in: its error. With replicate
    # weights R's Fisher scoring of the probit and cloglog stops at 1e-7 of it (the same weights without
    # replicates, where the oracle adds steps, agree to 1e-14).
    stops = ours.design.replicates is not None and ours.link in ("probit", "cloglog")
    rough, kind = (1e-6, "early R") if stops else (1e-10, "model")
    agree(f"{kind} coefficients", ours.value, est, rough * se, where=where)
    compare_summary(ours, case, inside, rough, agree)
    if re.search(RAKED, where):  # oracle_reasons.yml
        return
    if where.startswith("brr_rake/"):  # R stops raking when margins change by less than 1e-9
        rough, kind = 1e-7, "raked replicates'"
    agree(f"{kind} se", ours.se, se, rough * se, where=where)
    agree(f"{kind} covariance", ours.cov, case["vcov"], floor(est, se) + 10 * rough * np.outer(se, se), where=where)
    agree(f"{kind} t", ours.t, case["t"], 10 * rough, where=where)
    # beyond 1e-100 R's distribution function and scipy's differ in the last digits of the exponent
    agree(f"{kind} p", ours.p, case["p"], 100 * rough * np.array(case["p"]) + 1e-100, where=where)


def compare_summary(
    ours: Fit, case: dict[str, Any], inside: np.ndarray, rough: float, agree: Callable[..., None]
) -> None:
    """Degrees of freedom, cases, deviances and dispersion, on R's scale.

    R divides the weights by their mean over the rows of the design it was given: rows without a value are among them, and
    after calibration all rows of the file, those outside the domain with weight 0; ours by that over the cases.
    """
    where, design = case["id"], ours.design
    calibrated = design.calibration is not None
    rows = len(design.weight) if calibrated else inside.sum()
    scale = (ours.n_weighted / ours.n) / (design.weight[inside].sum() / rows)
    agree("model degrees of freedom", ours.df, case["df_residual"], where=where)
    agree("model cases", len(design.weight) if calibrated else ours.n, case["nobs"], where=where)
    for name in ("deviance", "null_deviance"):
        floor = rough * case[name]
        agree(f"model {name}", scale * getattr(ours, name), case[name], floor, where=where)
    # with replicate weights R's is the mean square instead of the variance
    linearised = ours.dispersion * (scale if ours.dropped else 1.0)
    dispersion = linearised if design.replicates is None else mean_square(ours) * scale
    agree("model dispersion", dispersion, case["dispersion"], rough * case["dispersion"], where=where)


def mean_square(ours: Fit) -> float:
    """Weighted mean square of the Pearson residuals."""
    sample, likelihood = ours.data.sample, ours.data.likelihood
    weight = ours.data.patterns.sums(ours.design.weight)
    residual = np.concatenate([
        likelihood.pearson(sample.y[part], likelihood.predictor(ours.value, sample.block(part), sample.offset_of(part)))
        for part in sample.slices()
    ])  # fmt: skip
    return float(weight @ residual**2 / weight.sum())


def compare_test(ours: Fit, case: dict[str, Any], agree: Callable[..., None]) -> None:
    kind = case["id"].split("_")[-1]
    if kind == "educ":
        test = wald(ours, ["ed2", "ed3", "ed4"])
        agree("Wald F", test.statistic, case["F"], where=case["id"])
        agree("Wald p", test.p, case["p"], 1e-7 * case["p"], where=case["id"])
    elif kind == "Wald":
        test = wald(ours, "stype")
        agree("Wald F", test.statistic, case["statistic"], where=case["id"])
        agree("Wald p", test.p, case["p"], where=case["id"])
    else:
        test = (working_wald if kind == "WorkingWald" else likelihood_ratio)(ours, "stype")
        # R takes the working covariance from the step before the last (3.3, 4): 1e-7
        rough = 1e-6 * case["statistic"]
        agree("working test statistic", test.statistic, case["statistic"], rough, where=case["id"])
        agree("working test lambda", test.deffs, case["lambda"], 1e-6, where=case["id"])
        agree("working test p", test.p, case["p"], 1e-5 * case["p"], where=case["id"])
    agree("test degrees of freedom", [test.df, test.ddf], [case["df"], case["ddf"]], where=case["id"])


def olr(shared: Path, file: str, name: str) -> Fit:
    frame, design = design_of(shared, file, name)
    return ordered(design, frame, "mealcat ~ avg_ed + mobility + stype", missing="drop")


@pytest.mark.parametrize("file", ["api", "lfs", "lfs_calibration"])
def test_models(
    file: str, shared: Path, oracle: Any, agree: Callable[..., None], covariance_floor: Callable[..., np.ndarray]
) -> None:
    wanted = oracle.claimed(file, MODULE)
    for case in wanted:
        design, name = case["id"].split("/")
        if name == "olr_mealcat":
            ours = olr(shared, file, design)
            agree("ordered logit, R's optimiser", ours.value, case["est"], 1e-5 * ours.se, where=case["id"])
            # R's Hessian is numerical (survey_statistics.md 3.3, 4); `ologit_mealcat` has the exact one
            rough = 1e-3 * np.outer(ours.se, ours.se)
            agree("ordered logit, R's Hessian", ours.cov, case["vcov"], rough, where=case["id"])
            agree("model degrees of freedom", ours.df, case["df_residual"], where=case["id"])
        elif name == "predict_logit":
            check_predictions(shared, design, case, agree)
        elif name.startswith("regTermTest"):
            call = known(shared, file)[f"{design}/glm_logit"]["r_call"] if file == "lfs" else "binomial"
            compare_test(model(shared, file, design, call), case, agree)
        else:
            frame = design_of(shared, file, design)[0]
            inside = (
                (frame["lfs"] == 1).to_numpy() if re.search(r"\bE\b", case["r_call"]) else np.ones(len(frame), bool)
            )
            compare_glm(model(shared, file, design, case["r_call"]), case, inside, agree, covariance_floor)
    assert len(wanted) == COMPARED[file]
    oracle.settle(file, MODULE)


def check_predictions(shared: Path, design: str, case: dict[str, Any], agree: Callable[..., None]) -> None:
    ours = model(shared, "lfs", design, known(shared, "lfs")[f"{design}/glm_logit"]["r_call"])
    # the oracle does not say which two persons: these have its probabilities, to the last digit
    people = pd.DataFrame(PREDICTED)
    people["age2"] = people["age"] ** 2
    answer = predictions(ours, people)
    agree("predicted probability", answer.value, case["est"], where=case["id"])
    agree("predicted probability se", answer.se[: len(case["se"])], case["se"], where=case["id"])


PREDICTED = {
    "fem": [0, 1], "age": [30, 50], "ed2": [1, 0], "ed3": [0, 0], "ed4": [0, 1],
    "married": [0, 1], "urb": [1, 0], "y25": [1, 1],
}  # fmt: skip


def test_margins_and_several_outcomes(
    shared: Path, oracle: Any, agree: Callable[..., None], covariance_floor: Callable[..., np.ndarray]
) -> None:
    wanted = oracle.claimed("models", MODULE)
    x = lfs(shared)
    for case in wanted:
        design, name = case["id"].split("/")
        if name == "ame":
            check_effects(shared, *design.rsplit("_", 1), case, agree, covariance_floor)
            continue
        if name == "ologit_mealcat":
            ours = olr(shared, "api", "strat")
        elif name == "probit_observed_information":
            formula = "informal ~ fem + age + age2 + ed2 + ed3 + ed4 + married + urb + y25"
            ours = fit("probit", lfs_design(shared, "base"), x, formula, domain=x["lfs"] == 1, information="observed")
        elif name == "svyolr_satisf":
            ours = ordered(lfs_design(shared, design), x, "satisf ~ fem+age+ed2+ed3+ed4+informal+urb", missing="drop")
        else:
            ours = multinomial(
                lfs_design(shared, design), x, "status ~ fem + age + ed2 + ed3 + ed4 + urb", domain=x["lfs"] == 1
            )
        est, vcov = np.array(case["est"]), np.array(case["vcov"])
        se = np.sqrt(np.diag(vcov))
        # svyVGAM stacks by covariate, we by outcome
        order = np.arange(len(est)).reshape(-1, 3).T.ravel() if "svy_vglm" in name else np.arange(len(est))
        # numerical Hessian (1e-3), R's optimiser (1e-5)
        rough = 1e-3 if name == "svyolr_satisf" else 0.0
        kind = "numerical R" if rough else "several outcomes"
        agree(f"{kind} coefficients", ours.value, est[order], (rough / 100 + 1e-11) * se[order], where=case["id"])
        if "se" in case:
            agree(f"{kind} se", ours.se, np.array(case["se"])[order], where=case["id"])
        agree(f"{kind} covariance", ours.cov, vcov[np.ix_(order, order)],
              covariance_floor(est, se)[np.ix_(order, order)] + rough * np.outer(se, se), where=case["id"])  # fmt: skip
    assert len(wanted) == COMPARED["models"]
    oracle.settle("models", MODULE)


def check_effects(
    shared: Path,
    design: str,
    kind: str,
    case: dict[str, Any],
    agree: Callable[..., None],
    floor: Callable[..., np.ndarray],
) -> None:
    x = lfs(shared)
    ours = fit(
        kind,  # type: ignore[arg-type]
        lfs_design(shared, design),
        x,
        "informal ~ fem + age + I(age**2) + C(educ) + married + urb + y25",
        domain=x["lfs"] == 1,
    )
    agree("their coefficients", ours.value, case["beta"], 1e-10 * ours.se, where=case["id"])
    order = ["fem", "married", "urb", "y25", "age", "educ"]
    for errors in ("delta", "unconditional"):
        margins = effects(ours, order, errors=errors)
        se = np.array(case[f"se_{errors}"])
        agree("average marginal effects", margins.value, case["est"], where=case["id"])
        agree(f"their {errors} se", margins.se, se, where=case["id"])
        agree(f"their {errors} covariance", margins.cov, case[f"vcov_{errors}"], floor(case["est"], se)
              + 1e-10 * np.outer(se, se), where=case["id"])  # fmt: skip
