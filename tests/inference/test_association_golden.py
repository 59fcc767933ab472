"""Tests of tables under every rule for lonely strata.

Authority: golden/golden_estimands.json, made by golden/make_golden_estimands.R with R survey (versions inside).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from informality.inference import Design
from informality.inference.estimates.association import HypothesisTest, goodness_of_fit, independence

GOLDEN = Path(__file__).resolve().parent.parent / "golden"
EXPECTED = json.loads((GOLDEN / "golden_estimands.json").read_text())
LONELY_STRATA = ["N3", "S3", "W1"]  # also in make_golden_estimands.R
METHODS = {
    "F": "rao-scott-f",
    "second-chisq": "rao-scott-chisq",
    "first-F": "rao-scott-first-f",
    "Chisq": "rao-scott-first-chisq",
    "first-chisq": "rao-scott-first-chisq",
    "Wald": "wald-pearson",
    "adjWald": "wald-pearson-adjusted",
    "loglinear": "wald-loglinear",
    "loglinear-adjusted": "wald-loglinear-adjusted",
}


@pytest.mark.parametrize("name", EXPECTED["tables"])
def test_tables(name: str, agree: Callable[..., None]) -> None:
    x = pd.read_csv(GOLDEN / "golden_sample.csv")
    if name == "fail":
        x = x[~x["stratum"].isin(LONELY_STRATA)]
    psu = None if name == "weights_only" else x["stratum"] + "." + x["psu"].astype(str)
    stratum = None if name in ("weights_only", "unstratified") else x["stratum"]
    lonely = name if name in ("certainty", "adjust", "average") else "fail"
    design = Design.from_columns(x["weight"], stratum, psu, lonely)
    hours = np.digitize(x["hours"], [25, 43])
    three = np.minimum(x["status"].fillna(0), 3).astype(int) - 1
    inside = x["domain"].between(0, 2)

    for case in EXPECTED["tables"][name]:
        method = METHODS[case["method"]]
        if case["what"] == "independence":
            ours = independence(design, hours, three, method, inside=inside)
        else:
            ours = goodness_of_fit(design, three, [0.5, 0.3, 0.2], method, inside=inside)
        compare(case, ours, agree, (name, case["what"], method))


def compare(case: dict, ours: HypothesisTest, agree: Callable[..., None], where: tuple[str, str, str]) -> None:
    df = [ours.df1] if np.isinf(ours.df2) else [ours.df1, ours.df2]
    agree("golden test df", df, np.atleast_1d(case["df"]), where=where)
    agree("golden test p", ours.p, case["p"], where=where)
    if "statistic" in case:
        # R prints the uncorrected Pearson statistic with the first-order p value
        statistic = ours.pearson if case["method"] == "Chisq" else ours.statistic
        agree("golden test statistic", statistic, np.ravel(case["statistic"])[0], where=where)
