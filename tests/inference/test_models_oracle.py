"""Models of R survey 4.5: coefficients, covariances, degrees of freedom, margins and tests, on every kind of design.

Authority: oracle/json/survey-4.5/*.json of the shared folder. Every case of a model there is checked, or left out
by a pattern below with its reason.
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

LEFT_OUT = {
    r"/glm_logit_default_tol$": "R's default stops on the deviance: standard errors right to 1e-6 only (3.3, 4); "
    "the same model at a tight tolerance is checked",
    r"/(svyivreg_lw|iv_lw)$": "two-stage least squares is not offered",
    r"/(svy)?(gini|qsr|arpr|arpt|gei)": "inequality, not a model",
    r"/oaxaca": "decompositions have tests of their own",
    r"/check_influence$": "a check of the script that made the file",
}
MODELS = r"/(glm|regTermTest|olr|predict|ame|ologit|mlogit|svyolr|svy_vglm|probit_observed|svyivreg|iv_lw|check|oaxaca)"
CHECKED = {"api": 90, "lfs": 48, "lfs_calibration": 10, "models": 10}
# rake() keeps the weights but removes unweighted margin means from the influence (survey_statistics.md, 3.3), so
# only the coefficients are compared
RAKED = r"^(clus1|base|twostage_fpc)_rake/"


@functools.cache
def oracle(shared: Path, file: str) -> dict[str, dict[str, Any]]:
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
    if f"{name}/replicates" in oracle(shared, "api"):
        c = oracle(shared, "api")[f"{name}/replicates"]
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
        c = oracle(shared, "lfs")[f"{name}/replicates"]
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
    known = oracle(shared, "lfs_calibration")
    cells, margins = known["controls/poststrat"], known["controls/margins"]
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


def compare_glm(ours: Fit, case: dict[str, Any], agree: Callable[..., None], floor: Callable[..., np.ndarray]) -> None:
    where, est, se = case["id"], np.array(case["est"], dtype=float), np.array(case["se"], dtype=float)
    names = [n.replace("Intercept", "(Intercept)").replace("[", "").replace("]", "") for n in ours.names]
    assert names == [n.replace(".", "_") for n in case["names"]]
    # A coefficient that is next to 0 is right to the rounding of what it is measured in: its error. With replicate
    # weights R's Fisher scoring of the probit and cloglog stops at 1e-7 of it (the same weights without
    # replicates, where the oracle adds steps, agree to 1e-14).
    stops = ours.design.replicates is not None and ours.link in ("probit", "cloglog")
    rough, kind = (1e-6, "early R") if stops else (1e-10, "model")
    agree(f"{kind} coefficients", ours.value, est, rough * se, where=where)
    if re.search(RAKED, where):
        return
    if where.startswith("brr_rake/"):  # R stops raking when margins change by less than 1e-9
        agree("model se, raked replicates", ours.se, se, 1e-7 * se, where=where)
        return
    agree(f"{kind} se", ours.se, se, rough * se, where=where)
    agree(f"{kind} covariance", ours.cov, case["vcov"], floor(est, se) + 10 * rough * np.outer(se, se), where=where)
    assert ours.df == case["df_residual"], where
    agree(f"{kind} t", ours.t, case["t"], 10 * rough, where=where)
    # beyond 1e-100 R's distribution function and scipy's differ in the last digits of the exponent
    agree(f"{kind} p", ours.p, case["p"], 100 * rough * np.array(case["p"]) + 1e-100, where=where)
    if ours.n == case["nobs"] and ours.dropped == 0:  # else R scales by rows that are not in the model
        agree("model deviance", ours.deviance, case["deviance"], where=where)
        agree("model null deviance", ours.null_deviance, case["null_deviance"], where=where)
        if ours.design.replicates is None:  # there R's is another: the mean square, not the variance
            agree("model dispersion", ours.dispersion, case["dispersion"], where=where)


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
    assert (test.df, test.ddf) == (case["df"], case["ddf"]), case["id"]


def olr(shared: Path, file: str, name: str) -> Fit:
    frame, design = design_of(shared, file, name)
    return ordered(design, frame, "mealcat ~ avg_ed + mobility + stype", missing="drop")


@pytest.mark.parametrize("file", ["api", "lfs", "lfs_calibration"])
def test_models(
    file: str, shared: Path, agree: Callable[..., None], covariance_floor: Callable[..., np.ndarray]
) -> None:
    cases = [c for key, c in oracle(shared, file).items() if re.search(MODELS, key)]
    wanted = [c for c in cases if not any(re.search(pattern, c["id"]) for pattern in LEFT_OUT)]
    for case in wanted:
        design, name = case["id"].split("/")
        if name == "olr_mealcat":
            ours = olr(shared, file, design)
            agree("ordered logit, R's optimiser", ours.value, case["est"], 1e-5 * ours.se, where=case["id"])
            assert ours.df == case["df_residual"]
        elif name == "predict_logit":
            check_predictions(shared, design, case, agree)
        elif name.startswith("regTermTest"):
            call = oracle(shared, file)[f"{design}/glm_logit"]["r_call"] if file == "lfs" else "binomial"
            compare_test(model(shared, file, design, call), case, agree)
        else:
            compare_glm(model(shared, file, design, case["r_call"]), case, agree, covariance_floor)
    assert len(wanted) == CHECKED[file]


def check_predictions(shared: Path, design: str, case: dict[str, Any], agree: Callable[..., None]) -> None:
    ours = model(shared, "lfs", design, oracle(shared, "lfs")[f"{design}/glm_logit"]["r_call"])
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
    shared: Path, agree: Callable[..., None], covariance_floor: Callable[..., np.ndarray]
) -> None:
    cases = [c for key, c in oracle(shared, "models").items() if re.search(MODELS, key)]
    wanted = [c for c in cases if not any(re.search(pattern, c["id"]) for pattern in LEFT_OUT)]
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
        agree(f"{kind} coefficients", ours.value, est[order], (rough / 100 + 1e-11) * se[order], where=name)
        agree(f"{kind} covariance", ours.cov, vcov[np.ix_(order, order)],
              covariance_floor(est, se)[np.ix_(order, order)] + rough * np.outer(se, se), where=name)  # fmt: skip
    assert len(wanted) == CHECKED["models"]


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
    order = ["fem", "married", "urb", "y25", "age", "educ"]
    for errors in ("delta", "unconditional"):
        margins = effects(ours, order, errors=errors)
        se = np.array(case[f"se_{errors}"])
        agree("average marginal effects", margins.value, case["est"], where=case["id"])
        agree(f"their {errors} se", margins.se, se, where=case["id"])
        agree(f"their {errors} covariance", margins.cov, case[f"vcov_{errors}"], floor(case["est"], se)
              + 1e-10 * np.outer(se, se), where=case["id"])  # fmt: skip
