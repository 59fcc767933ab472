"""Decompositions against numbers made in R, for which no package exists: written out there another way.

Authority: tests/golden/make_golden_decomposition.R, which says how each number was made (estimators with a column for
every level; linearised errors from numerical derivatives with respect to each weight; withReplicates), and
golden_decomposition.json, on the sample of the models' golden numbers.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from informality.inference import Design
from informality.inference.decomposition.gaps import oaxaca, threefold, yun
from informality.inference.decomposition.result import Decomposition
from informality.inference.decomposition.reweighting import Reweighted, reweighted

GOLDEN = Path(__file__).parents[1] / "golden"
# Central differences extrapolated once are right to some 1e-10 of a standard error; what R and we round is less.
NUMERICAL = 1e-8
WAYS = {"first": 0, "second": 1}


@pytest.fixture(scope="module")
def golden() -> dict[str, Any]:
    content: dict[str, Any] = json.loads((GOLDEN / "golden_decomposition.json").read_text())
    return content


@pytest.fixture(scope="module")
def sample() -> pd.DataFrame:
    return pd.read_csv(GOLDEN / "golden_models_sample.csv")


def design_of(name: str, sample: pd.DataFrame) -> tuple[pd.DataFrame, Design]:
    x = sample if name == "average" else sample[~sample["stratum"].isin(["G", "H"])].reset_index(drop=True)
    correction = {"fpc": x["N_psu"]} if name == "fpc" else {}
    lonely: Any = "average" if name == "average" else "fail"
    design = Design.from_columns(x["weight"], x["stratum"], x["psu"], lonely=lonely, **correction)
    return x, design.to_replicates("JKn") if name == "jkn" else design


def asked(question: str, reference: str, normalise: bool, x: pd.DataFrame, design: Design) -> Decomposition:
    employed = (x["employed"] == 1).to_numpy()
    paid = employed & x["wage"].notna().to_numpy()
    if question == "earnings":
        groups = ("sex", "male", "female")
        formula = "log(wage) ~ age + education + area"
        if reference == "threefold":
            return threefold(design, x, formula, groups, domain=paid, normalise=normalise)
        way = groups[1 + WAYS[reference]] if reference in WAYS else reference
        return oaxaca(design, x, formula, groups, way, domain=paid, normalise=normalise)
    groups = ("sex", "female", "male") if question == "informality" else ("area", "rural", "urban")
    formula = "informal ~ age + education + area" if question == "informality" else "informal ~ sex + age"
    way = groups[1 + WAYS[reference]] if reference in WAYS else reference
    kind: Any = "logit" if question == "informality" else "probit"
    return yun(design, x, formula, groups, way, kind, domain=employed, normalise=normalise)


@pytest.mark.parametrize("name", ["fail", "fpc", "average", "jkn"])
def test_gaps(name: str, golden: dict[str, Any], sample: pd.DataFrame, agree: Callable[..., None]) -> None:
    x, design = design_of(name, sample)
    cases = [case for case in golden["cases"] if case["design"] == name]
    assert len(cases) == (32 if name == "fail" else 7)
    for case in cases:
        ours = asked(case["question"], case["reference"], bool(case["normalise"]), x, design)
        where = f"{name}/{case['question']}/{case['reference']}/{case['normalise']}"
        assert ours.names[2:] == tuple(case["names"][2:]), where
        est, vcov = np.array(case["est"]), np.array(case["vcov"])
        # a term that cannot move (a part that is 0 by construction) has an error of 0, but for rounding
        se = np.sqrt(np.maximum(np.diag(vcov), 1e-24))
        tolerance = 1e-9 if name == "jkn" else NUMERICAL
        agree("golden decompositions", ours.value, est, 1e-9 * se, where=where)
        agree("golden decompositions covariance", ours.cov, vcov, tolerance * np.outer(se, se), where=where)
        assert ours.df == case["df"], where


@pytest.mark.parametrize("question", ["earnings", "informality", "by_area"])
def test_linearised_and_jackknife_errors_are_near_each_other(question: str, sample: pd.DataFrame) -> None:
    """They differ in the order of 1 / (PSUs in a stratum), here 2 to 7, for parts that are not linear in the weights."""
    x, plain = design_of("fail", sample)
    linear, jackknife = (asked(question, "pooled", True, x, d) for d in (plain, plain.to_replicates("JKn")))
    ratio = jackknife.se / linear.se
    whole = [i for i, name in enumerate(linear.names) if ":" not in name and name != "not fitted"]
    assert (np.abs(ratio[whole] - 1) < 0.15).all(), dict(zip(linear.names, ratio, strict=True))
    assert not np.allclose(ratio, 1, atol=1e-6)


def informal(x: pd.DataFrame, design: Design) -> Reweighted:
    paid = ((x["employed"] == 1) & x["wage"].notna()).to_numpy()
    formula = "log(wage) ~ sex + age + education + area"
    return reweighted(design, x, formula, ("informal", 0, 1), ("mean", 0.1, 0.5, 0.9), domain=paid)


@pytest.mark.parametrize("name", ["fail", "fpc", "average", "jkn"])
def test_reweighting(name: str, golden: dict[str, Any], sample: pd.DataFrame, agree: Callable[..., None]) -> None:
    x, design = design_of(name, sample)
    ours, theirs = informal(x, design), golden["reweighted"][name]
    vcov = np.array(theirs["vcov"], dtype=float)
    se = np.sqrt(np.diag(vcov))
    agree("golden reweighting", ours.value, theirs["est"], 1e-9 * se, where=name)
    tolerance = 1e-9 if name == "jkn" else NUMERICAL
    agree("golden reweighting covariance", ours.cov, vcov, tolerance * np.outer(se, se), where=name)
    assert ours.df == theirs["df"]
    agree("golden effective cases", ours.overlap["effective_n"], theirs["effective"], where=name)
    agree("golden largest weight", ours.overlap["largest"], theirs["largest"], where=name)
    agree("golden propensities", ours.overlap[["near_0", "near_1"]].T, theirs["near"], 1e-15, where=name)
    agree(
        "golden balance", ours.balance.iloc[:, :3].loc[["sex[male]", "age"]], np.array(theirs["means"])[:2], where=name
    )


def test_interaction_by_levels_from_their_average(
    golden: dict[str, Any], sample: pd.DataFrame, agree: Callable[..., None]
) -> None:
    x, design = design_of("fail", sample)
    paid = ((x["employed"] == 1) & x["wage"].notna()).to_numpy()
    ours = oaxaca(design, x, "log(wage) ~ sex * age", ("area", "rural", "urban"), "rural", domain=paid)
    theirs = golden["interaction"]
    place = [ours.place(name) for name in theirs["names"]]
    vcov = np.array(theirs["vcov"])
    se = np.sqrt(np.diag(vcov))
    agree("golden interaction", ours.value[place], theirs["est"], 1e-9 * se)
    agree("golden interaction covariance", ours.cov[np.ix_(place, place)], vcov, NUMERICAL * np.outer(se, se))
