"""Quantiles, spread, inequality, contrasts and pooled waves under every rule for lonely strata, and by jackknife.

Authority: golden/golden_estimands.json, made by golden/make_golden_estimands.R with R survey (versions inside).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from informality.inference import Design, interval, means, shares
from informality.inference.estimates.comparisons import corrected, pairwise, trend, wald_test
from informality.inference.estimates.contrast import difference, growth, ratio, weighted_mean
from informality.inference.estimates.derived import Derived, cells, joined
from informality.inference.estimates.functional import Functional
from informality.inference.estimates.inequality import (
    gini,
    low_pay_shares,
    population_variances,
    standard_deviations,
    theil,
)
from informality.inference.estimates.quantiles import medians, quantiles
from informality.inference.sampling.waves import pooled

GOLDEN = Path(__file__).resolve().parent.parent / "golden"
EXPECTED = json.loads((GOLDEN / "golden_estimands.json").read_text())
LONELY_STRATA = ["N3", "S3", "W1"]  # also in make_golden_estimands.R
N_DOMAINS = 7
ERRORS = {"mean": "woodruff", "xlogit": "logit", "beta": "beta", "asin": "asin"}


@pytest.fixture(scope="module")
def sample() -> pd.DataFrame:
    x = pd.read_csv(GOLDEN / "golden_sample.csv")
    return x.assign(long=(x["hours"] >= 35).astype(float), wave=(np.arange(len(x)) + 1) % 3)


def built(name: str, x: pd.DataFrame) -> tuple[pd.DataFrame, Design]:
    """The rows and the design that the script calls ``name``."""
    if name == "fail":
        x = x[~x["stratum"].isin(LONELY_STRATA)].reset_index(drop=True)
        return x, Design.from_columns(x["weight"], x["stratum"], x["psu"])
    if name == "unstratified":
        return x, Design.from_columns(x["weight"], psu=x["stratum"] + "." + x["psu"].astype(str))
    if name == "weights_only":
        return x, Design.from_columns(x["weight"])
    return x, Design.from_columns(x["weight"], x["stratum"], x["psu"], lonely=name)


@pytest.mark.parametrize("name", EXPECTED["estimands"])
def test_estimands(name: str, sample: pd.DataFrame, agree: Callable[..., None]) -> None:
    x, design = built(name, sample)
    domain, p = x["domain"].to_numpy(), EXPECTED["meta"]["probabilities"]
    by_name: dict[str, Functional] = {
        "variance": population_variances(design, x["wage"], domain, N_DOMAINS),
        "standard_deviation": standard_deviations(design, x["wage"], domain, N_DOMAINS),
        "gini": gini(design, x["wage"], domain, N_DOMAINS),
        "theil": theil(design, x["wage"], domain, N_DOMAINS),
        "low_pay": low_pay_shares(design, x["wage"], domain, N_DOMAINS, bandwidth=EXPECTED["meta"]["bandwidth"]),
    }
    woodruff = {
        kind: quantiles(design, x["wage"], p, domain, N_DOMAINS, errors=errors) for kind, errors in ERRORS.items()
    }
    status = x["status"].fillna(0).astype(int)
    second = shares(design, np.where(status > 0, status == 2, -1).astype(int), 2, domain, N_DOMAINS)
    likelihood = np.stack(interval(second, "likelihood"), axis=-1)[:, 1]

    for case in EXPECTED["estimands"][name]:
        what, d = case["what"], case.get("domain")
        where = (name, what, d)
        if what == "quantile":
            ours = quantiles(design, x["wage"], p, domain, N_DOMAINS, rule=case["rule"]).value[d]
            agree("golden quantile", ours, case["est"], where=where)
        elif what == "woodruff":
            q = woodruff[case["type"]]
            agree("golden quantile limits", [q.low[d], q.high[d]], [case["low"], case["high"]], where=where)
            agree("golden quantile se", q.se[d], case["se"], where=where)
        elif what == "likelihood":
            agree("golden likelihood interval", likelihood[d], case["ci"], where=where)
        elif what in by_name:
            ours = by_name[what]
            agree(f"golden {what}", ours.value[d], case["est"], where=where)
            # A domain in one PSU has influence that cancels: what is left of 0 is rounding, in R as here.
            agree(f"golden {what} se", ours.se[d], case["se"], 1e-14 * abs(case["est"]), where=where)
    for functional in [*by_name.values(), *woodruff.values()]:  # domain 6: nobody
        empty = [np.atleast_1d(field[6]) for field in (functional.value, functional.se, functional.df)]
        assert np.isnan(np.concatenate(empty)).all()
        assert (np.atleast_1d(functional.n[6]) == 0).all()
        # the standard error and the diagonal of the covariance are two routes to one number
        diagonal = np.diag(functional.covariance()).reshape(functional.se.shape)
        if functional.statistic != "quantile":
            np.testing.assert_allclose(functional.se**2, diagonal, rtol=1e-12, atol=1e-24)


@pytest.mark.parametrize("name", EXPECTED["estimands"])
def test_contrasts(name: str, sample: pd.DataFrame, agree: Callable[..., None]) -> None:
    x, design = built(name, sample)
    by = cells(means(design, x["wage"], x["domain"].where(x["domain"] <= 2, -1).to_numpy(), 3))
    zero, one, two = by[0], by[1], by[2]
    formed: dict[str, Callable[[], Derived]] = {
        "difference": lambda: difference(one, zero),
        "trend": lambda: trend([zero, one, two], [2019, 2020, 2021]),
        "weighted_mean": lambda: weighted_mean([zero, one, two], [5, 3, 2]),
        "ratio": lambda: ratio(one, zero),
        "growth": lambda: growth(zero, one, years=2),
        "logratio": lambda: one.log() - zero.log(),
        "function": lambda: by.apply(lambda m: np.sqrt(m[0] * m[1]) / m[2]),
    }
    for case in EXPECTED["estimands"][name]:
        what, where = case["what"], (name, case.get("of", case["what"]))
        if what == "contrast":
            ours = formed[case["of"]]()
            agree("golden contrast", ours.value, [case["est"]], where=where)
            agree("golden contrast se", ours.se, [case["se"]], where=where)
        elif what == "pairwise":
            table = pairwise(by, ["a", "b", "c"], df=case["df"])
            assert table[["first", "second"]].to_numpy().tolist() == [["a", "b"], ["a", "c"], ["b", "c"]]
            for column, key in [("difference", "est"), ("se", "se"), ("p", "p"), ("p_corrected", "holm")]:
                agree(f"golden pairwise {column}", table[column], case[key], where=where)
            ours = corrected(table["p"], "benjamini-hochberg")
            agree("golden Benjamini-Hochberg", ours, case["benjamini_hochberg"], where=where)
        elif what == "wald":
            gaps = joined([zero - one, zero - two])
            for adjusted, keys in [(False, ("statistic", "p")), (True, ("adjusted", "p_adjusted"))]:
                test = wald_test(gaps, df=20, adjusted=adjusted)
                agree("golden Wald test", [test.statistic, test.p], [case[k] for k in keys], where=where)
        elif what == "definitions":
            known = x["informal"].notna()
            informal, long = means(design, x["informal"]), means(design, x["long"].where(known))
            ours = difference(informal, long)
            agree("golden difference of definitions", ours.value, [case["est"]], where=where)
            agree("golden difference of definitions se", ours.se, [case["se"]], where=where)


def test_jackknife(sample: pd.DataFrame, agree: Callable[..., None]) -> None:
    x, taylor = built("fail", sample)
    design, domain = taylor.to_replicates("JKn"), x["domain"].to_numpy()
    ours: dict[str, Functional] = {
        "gini": gini(design, x["wage"], domain),
        "theil": theil(design, x["wage"], domain),
        "variance": population_variances(design, x["wage"], domain),
        "low_pay": low_pay_shares(design, x["wage"], domain),
        "median": medians(design, x["wage"], domain, errors="replicates"),
    }
    for case in EXPECTED["replicates"]:
        what, d = case["what"], case["domain"]
        agree(f"golden {what} of replicates", ours[what].value[d], case["est"], where=(what, d))
        agree(f"golden {what} se by replicates", ours[what].se[d], case["se"], where=(what, d))
    # The jackknife is near the linearisation of a smooth statistic, in every domain but the rare ones.
    linear = gini(taylor, x["wage"], domain)
    np.testing.assert_allclose(linear.se[:2], ours["gini"].se[:2], rtol=0.1)


@pytest.mark.parametrize("kind", ["independent", "overlapping"])
def test_pooled_waves(kind: str, sample: pd.DataFrame, agree: Callable[..., None]) -> None:
    paid = sample[sample["wage"].notna()]
    files = [paid[paid["wave"] == wave] for wave in (0, 1)]
    columns = [{name: file[name] for name in ("weight", "stratum", "psu")} for file in files]
    design, wave = pooled(columns, overlapping=kind == "overlapping", lonely="certainty")
    wage = np.concatenate([file["wage"] for file in files])
    by = cells(means(design, wage, wave))
    case: dict[str, Any] = EXPECTED["pooled"][kind]
    agree(f"golden change, {kind} waves", (by[1] - by[0]).value, [case["est"]])
    agree(f"golden change se, {kind} waves", (by[1] - by[0]).se, [case["se"]])
    assert design.df == case["df"]
    if kind == "independent":  # the same from two designs, if it is said that they are independent
        alone = [
            cells(means(Design.from_columns(**c, lonely="certainty"), f["wage"]), independent=True)
            for c, f in zip(columns, files, strict=True)
        ]
        agree("golden change se, two designs", (alone[1] - alone[0]).se, [case["se"]])
