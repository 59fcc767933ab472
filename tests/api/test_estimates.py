"""Estimates of the API: the published results table to the last bit, R, textbook formulas, and what is not a number.

Authority: the results table of the demonstration study, which has its own tests; R survey 4.1-1 (golden/golden.json);
hand computations on twelve persons, written out here; `inference.estimates` for everything that is formed of several.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import informality as inf
from informality.inference.estimates import comparisons, contrast
from informality.inference.estimates.estimate import means
from informality.inference.sampling.waves import pooled
from informality.steps import sample_design_of, settings, views
from informality.study import Workspace, read_study
from informality.tabulation.tabulate import tabulate

REPOSITORY = Path(__file__).parents[2]
GOLDEN = Path(__file__).parents[1] / "golden"
EMPLOYED, INFORMAL = {"employed": "yes"}, {"job": "informal"}


@pytest.fixture(scope="module")
def published(opened: inf.Survey) -> pd.DataFrame:
    """The results table of the demonstration study, from the same persons."""
    study = read_study(REPOSITORY / "analysis" / "studies" / "lao-demo.yml", Workspace(REPOSITORY))
    workers = inf.classify(opened, *study.spec.definitions).frame
    seen = list(views(study, workers, opened.people.asked).values())
    design = sample_design_of(study.profile, workers, study.profile.spec.design.lonely)
    return pd.concat([tabulate(p, seen, study.spec.headline, design, settings(study)) for p in study.plans])


CELLS: list[tuple[str, str, tuple[str, ...], Mapping[str, Any]]] = [
    ("informal_employment", "share", (), {"of": INFORMAL, "among": EMPLOYED}),
    ("informal_employment", "share", ("sex",), {"of": INFORMAL, "among": EMPLOYED}),
    ("informal_employment", "share", ("region",), {"of": INFORMAL, "among": EMPLOYED}),
    ("informal_employment", "share", ("sex", "area", "age_group"), {"of": INFORMAL, "among": EMPLOYED}),
    ("informal_sector", "share", ("sex", "area"), {"of": {"unit": "informal"}, "among": EMPLOYED}),
    ("women_in_informal", "share", (), {"of": {"sex": "female"}, "among": {**EMPLOYED, **INFORMAL}}),
    ("employed", "total", ("sex",), {"of": {}, "among": EMPLOYED}),
    ("informal_jobs", "total", ("area",), {"of": INFORMAL, "among": EMPLOYED}),
    ("component", "composition", (), {"of": "component", "among": EMPLOYED}),
    ("component", "composition", ("sex",), {"of": "component", "among": EMPLOYED}),
    ("hours_usual", "mean", ("sex",), {"of": "hours_usual", "among": EMPLOYED}),
    ("hours_in_informal_jobs", "ratio", (), {"of": "hours_usual", "where": INFORMAL, "among": EMPLOYED}),
]
SAME = ["value", "se", "ci_low", "ci_high", "n", "n_weighted", "cv", "deff", "df", "grade", "unit", "status"]


@pytest.mark.parametrize(("indicator", "function", "by", "arguments"), CELLS)
def test_numbers_equal_the_results_table_exactly(
    published: pd.DataFrame, lfs: inf.Survey, indicator: str, function: str, by: tuple[str, ...], arguments: Any
) -> None:
    result = getattr(inf, function)(lfs, by=list(by) or None, **arguments)
    dims = [*([str(arguments["of"])] if function == "composition" else []), *by]
    rows = published[(published["indicator"] == indicator) & (published["definition"] == "ilo-17icls")]
    rows = rows[rows["statistic"] != "difference"]  # a row of its own kind, of the same indicator and variable
    rows = rows[rows["universe"] != "formal"].drop_duplicates(["dim1", "level1", "dim2", "level2", "dim3", "level3"])
    for i in range(3):
        wanted = dims[i] if i < len(dims) else None
        rows = rows[rows[f"dim{i + 1}"] == wanted] if wanted else rows[rows[f"dim{i + 1}"].isna()]
    levels = [tuple(row[: len(dims)]) for row in rows[["level1", "level2", "level3"]].to_numpy()]
    assert list(result.cells) == levels and len(levels) > 0
    ours = result.to_pandas().reset_index(drop=True)
    theirs = rows.reset_index(drop=True)
    shown = theirs["grade"] != "suppressed"
    assert shown.any()
    for column in SAME:
        kind = object if theirs[column].dtype.kind not in "fi" else float
        a, b = ours.loc[shown, column], theirs.loc[shown, column]
        np.testing.assert_array_equal(a.to_numpy(kind, na_value=np.nan), b.to_numpy(kind, na_value=np.nan), column)
    assert (ours["grade"] == theirs["grade"]).all()


def test_shares_and_their_errors_by_hand(villages: inf.Survey) -> None:
    """Covered: 2 of 6 persons of weight 1 and 2 of 6 of weight 2 (one of them did not answer): 6 / 18 = 1/3.

    Error: linearised residuals w (y - 1/3) / 18, totals by village: a (1 - 1)/18 = 0, b 0; c 2 (0 - 1)/18 = -1/9,
    d 2 (2 - 1)/18 = 1/9. Two villages in each stratum: variance 2 x ((-1/9)^2 + (1/9)^2) = 4/81, error 2/9.
    """
    share = inf.share(villages, of={"covered": "yes"})
    assert share.value == pytest.approx(1 / 3, rel=1e-14)
    assert share.se == pytest.approx(2 / 9, rel=1e-14)
    assert (share.n, share.df) == (12, 2)
    assert share.notes == ("1 sampled person without a usable answer is in the base, but not counted as having it.",)
    unknown = inf.share(villages, of={"covered": ["yes", "unknown"]})
    assert unknown.value == pytest.approx(8 / 18, rel=1e-14)
    assert unknown.notes == ()


def test_an_answer_that_is_not_needed_is_not_missing(villages: inf.Survey) -> None:
    """The woman who did not say whether she is covered is no covered man, whatever she would have said."""
    men = inf.share(villages, of={"covered": "yes", "sex": "m"})
    assert men.value == pytest.approx(6 / 18, rel=1e-14)
    assert men.notes == ()
    assert len(inf.share(villages, of={"covered": "yes", "sex": "f"}).notes) == 1
    assert inf.linear(villages, {"covered": "yes", "sex": "m"}, "stratum").n == 12
    assert inf.linear(villages, {"covered": "no", "sex": "f"}, "stratum").n == 11


def test_means_totals_ratios_and_quantiles_by_hand(villages: inf.Survey) -> None:
    """North, weight 1: pay 150 of 6. South, weight 2: women 10, 10; men 10, 40, 50. Women in all 60 + 40 of weight 3 + 4."""
    pay = inf.mean(villages, of="pay", by="sex")
    assert pay.value.tolist() == pytest.approx([(90 + 200) / (3 + 6), (60 + 40) / (3 + 4)], rel=1e-14)
    assert pay.n.tolist() == [6, 5]
    assert pay.cells == (("m",), ("f",))
    assert float(inf.total(villages, of="pay")) == 150 + 2 * 120
    assert float(inf.total(villages, of={"sex": "f"})) == 3 + 2 * 3
    assert float(inf.ratio(villages, of={"sex": "f"}, to={"sex": "m"})) == pytest.approx(1.0)
    assert float(inf.ratio(villages, of="pay", where={"sex": "f"})) == pytest.approx(100 / 390, rel=1e-14)
    # weights by pay: 10: 1 + 2 x 3, 20: 2, 30: 2, 40: 1 + 2, 50: 2; the half of 16 is reached at 20
    assert float(inf.median(villages, of="pay")) == 20
    assert inf.quantile(villages, of="pay", p=[0.25, 0.9]).value.tolist() == [10, 50]
    two = pd.DataFrame({"w": [1, 1], "pay": [0.0, 10.0]})
    assert float(inf.gini(inf.from_frame(two, weight="w"), of="pay")) == pytest.approx(0.5)


def test_a_frame_of_ones_own_equals_r() -> None:
    """Every domain of the golden sample, lonely strata as certainty: R svyby(svymean, svytotal, svyratio)."""
    expected = json.loads((GOLDEN / "golden.json").read_text())["designs"]["certainty"]
    frame = pd.read_csv(GOLDEN / "golden_sample.csv")
    survey = inf.from_frame(
        frame.assign(domain=frame["domain"].map(str), hours=frame["hours"].mask(frame["wage"].isna())),
        weight="weight", stratum="stratum", psu="psu", lonely="certainty",
    )  # fmt: skip
    ours = {
        "mean_wage": inf.mean(survey, of="wage", by="domain"),
        "total_wage": inf.total(survey, of="wage", by="domain"),
        "ratio_wage_hours": inf.ratio(survey, of="wage", to="hours", by="domain"),
    }
    tried = 0
    for row in expected:
        if row["statistic"] not in ours or not row["n"]:
            continue
        cell = ours[row["statistic"]][str(row["domain"])]
        assert cell.value == pytest.approx(row["est"], rel=1e-9)
        assert cell.se == pytest.approx(row["se"], rel=1e-9, abs=1e-12)
        assert (cell.n, cell.df) == (row["n"], row["df"])
        if row["df"] > 0:
            assert cell.interval() == pytest.approx(tuple(row["t"]), rel=1e-9)
        assert cell.interval("normal") == pytest.approx(tuple(row["normal"]), rel=1e-9)
        tried += 1
    assert tried >= 15


def test_replicate_weights_by_hand() -> None:
    """Jackknife of three persons: leaving each out gives means 5/2, 4/2, 3/2 of 1, 2, 3: variance 2/3 x 2 x 0.25 = 1/3."""
    frame = pd.DataFrame(
        {"w": [1.0, 1, 1], "y": [1.0, 2, 3], "r1": [0, 1.5, 1.5], "r2": [1.5, 0, 1.5], "r3": [1.5, 1.5, 0]}
    )
    survey = inf.from_frame(frame, weight="w", replicates=["r1", "r2", "r3"], kind="JK1")
    assert list(survey.people.variables) == ["w", "y"]
    assert inf.mean(survey, of="y").se == pytest.approx(np.sqrt(1 / 3), rel=1e-14)


# -- differences


def test_a_difference_is_that_of_the_inference_core(lfs: inf.Survey) -> None:
    rate = inf.share(lfs, of=INFORMAL, among=EMPLOYED, by="sex")
    inside = (lfs.frame["employed"] == "yes").to_numpy()
    code = np.where(inside, lfs.frame["sex"].cat.codes.to_numpy(), -1)
    both = means(lfs.design, (lfs.frame["job"] == "informal").to_numpy(float), code, 2)
    for gap in (rate["female"] - rate["male"], inf.difference(rate["female"], rate["male"])):
        theirs = contrast.difference(contrast.cells(both)[1], contrast.cells(both)[0])
        assert (gap.value, gap.se, gap.df) == (theirs.value[0], theirs.se[0], theirs.df[0])
        assert gap.unit == "points"
    ratio = rate["female"] / rate["male"]
    theirs = contrast.ratio(contrast.cells(both)[1], contrast.cells(both)[0])
    assert (ratio.value, ratio.se, ratio.unit) == (theirs.value[0], theirs.se[0], "ratio")
    np.testing.assert_array_equal(rate.covariance(), both.covariance())


def test_what_is_subtracted_from_itself_is_nothing_without_error(lfs: inf.Survey) -> None:
    rate = inf.share(lfs, of=INFORMAL, among=EMPLOYED, by=["area", "sex"])
    for nothing in (rate - rate, rate["rural"] - rate["rural", "female"] - (rate["rural"] - rate["rural", "female"])):
        assert (nothing.value == 0).all() and (nothing.se == 0).all()
    assert (rate["urban", "male"] - rate["urban", "male"]).se == 0.0
    assert inf.test(rate - rate)["p"].tolist() == [1.0] * 4


def test_two_definitions_on_one_file(opened: inf.Survey) -> None:
    """The difference of two rates is the mean of the difference of two indicators: covariance and all."""
    lfs = inf.classify(opened, "ilo-17icls", "lao-lfs2017")
    gap = inf.share(lfs, {"lao-lfs2017.job": "informal"}, EMPLOYED) - inf.share(lfs, INFORMAL, EMPLOYED)
    a, b = ((lfs.frame[f"{d}.job"] == "informal").to_numpy(float) for d in ("lao-lfs2017", "ilo-17icls"))
    direct = means(lfs.design, a - b, np.where(lfs.frame["employed"] == "yes", 0, -1))
    assert gap.value == pytest.approx(direct.value[0], rel=1e-10)
    assert gap.se == pytest.approx(direct.se[0], rel=1e-9)
    again = inf.classify(inf.classify(opened, "ilo-17icls"), "lao-lfs2017", "ilo-17icls")
    assert [d.id for d in again.definitions] == ["ilo-17icls", "lao-lfs2017"]
    assert again.frame["job"].equals(again.frame["ilo-17icls.job"])


def test_arithmetic_keeps_units_and_order(lfs: inf.Survey) -> None:
    rate = inf.share(lfs, INFORMAL, EMPLOYED, by="sex")
    jobs = inf.total(lfs, {}, EMPLOYED, by="sex")
    assert [(1 - rate).unit, (rate - 0.5).unit, (rate + rate).unit, (-rate).unit] == [
        "share",
        "points",
        "share",
        "share",
    ]
    assert [(rate * jobs).unit, (jobs / jobs).unit, (jobs / rate).unit, (2 * rate).unit, (jobs / 1000).unit] == [
        "persons", "ratio", "persons", "", "",
    ]  # fmt: skip
    np.testing.assert_array_equal((1 - rate).value, 1 - rate.value)
    np.testing.assert_allclose((np.float64(1) - rate).se, rate.se, rtol=1e-14)  # the last digit is the covariance's
    np.testing.assert_allclose((1 / rate).value, 1 / rate.value, rtol=1e-15)
    informal = inf.total(lfs, INFORMAL, EMPLOYED, by="sex")
    np.testing.assert_allclose((rate * jobs).value, informal.value, rtol=1e-13)
    np.testing.assert_allclose((rate * jobs).se, informal.se, rtol=1e-9)
    turned = inf.share(lfs, INFORMAL, EMPLOYED, by=["area", "sex"])
    assert (turned["rural"] - turned["urban"]).cells == (("male",), ("female",))
    middle = inf.average([rate["female"], rate["male"]], [3, 1])
    assert float(middle) == pytest.approx(0.75 * float(rate["female"]) + 0.25 * float(rate["male"]), rel=1e-14)


def test_cells_are_picked_by_level_or_label(lfs: inf.Survey) -> None:
    rate = inf.share(lfs, INFORMAL, EMPLOYED, by=["area", "sex"])
    assert len(rate) == 4 and len(rate["rural"]) == 2
    assert rate["rural", "female"].value == rate["Rural", "Women"].value == rate["rural"]["female"].value
    assert [part.value for part in rate] == rate.value.tolist()
    assert [part.name for part in rate][:2] == ["Urban, Men", "Urban, Women"]
    assert f"{rate['rural', 'female']:.3f}" == f"{rate.value[3]:.3f}"
    assert isinstance(rate["rural", "female"].se, float)
    low, high = rate["rural", "female"].interval("wilson", 0.9)
    assert low < rate["rural", "female"].value < high
    frame = rate.to_pandas()
    frame.loc[:, "value"] = 0
    assert (rate.value != 0).all()
    pairs = rate.pairwise("benjamini-hochberg")
    theirs = comparisons.pairwise(rate.numbers, rate.labels, "benjamini-hochberg")
    pd.testing.assert_frame_equal(pairs, theirs)
    assert len(pairs) == 6


# -- waves


def waves_of(frame: pd.DataFrame, shift: float) -> inf.Survey:
    moved = frame.assign(pay=frame["pay"] + shift)
    return inf.from_frame(
        moved, weight="w", stratum="stratum", psu="village", units={"pay": "USD"}, title=f"Wave {shift:g}"
    )


def test_pooled_waves_know_who_was_in_both(village_frame: pd.DataFrame) -> None:
    waves = [waves_of(village_frame, shift) for shift in (0, 5, 7)]
    both = inf.pool(waves[:2], ["one", "two"], overlapping=True)
    pay = inf.mean(both, of="pay", by="wave")
    change = pay["two"] - pay["one"]
    assert float(change) == pytest.approx(5, rel=1e-14)
    assert change.se == pytest.approx(0, abs=1e-12)  # everybody has five more: nothing varies
    apart = inf.pool(waves[:2], ["one", "two"], overlapping=False)
    pay = inf.mean(apart, of="pay", by="wave")
    gap = pay["two"] - pay["one"]
    alone = [inf.mean(w, of="pay") for w in waves[:2]]
    assert gap.se == pytest.approx(np.hypot(*(a.se for a in alone)), rel=1e-12)
    said = inf.difference(alone[1], alone[0], independent=True)
    assert (said.value, said.se) == pytest.approx((gap.value, gap.se), rel=1e-12)
    assert said.context.survey == "Wave 5; Wave 0"
    design, code = pooled([w.drawn for w in waves[:2]], overlapping=True)
    direct = means(design, pd.concat([w.frame["pay"] for w in waves[:2]]).to_numpy(), code, 2)
    np.testing.assert_array_equal(inf.mean(both, of="pay", by="wave").se, direct.se)


def test_a_trend_is_the_least_squares_slope(village_frame: pd.DataFrame) -> None:
    """0, 5, 7 more in 2020, 2021, 2024: mean time 2021 2/3, slope = (-5/3 x 0 - 2/3 x 5 + 7/3 x 7) / (78/9) = 117/78."""
    waves = [waves_of(village_frame, shift) for shift in (0, 5, 7)]
    pay = inf.mean(inf.pool(waves, ["2020", "2021", "2024"], overlapping=True), of="pay", by=["sex", "wave"])
    slope = inf.trend(pay, [2020, 2021, 2024])
    assert slope.cells == (("f",), ("m",))
    assert slope.value.tolist() == pytest.approx([1.5, 1.5], rel=1e-12)
    assert slope.se.tolist() == pytest.approx([0, 0], abs=1e-12)
    assert slope.unit == "USD"


# -- what is not a number


def without(opened: inf.Survey, *names: str) -> inf.Survey:
    """The survey as if it had not asked some questions."""
    return dataclasses.replace(
        opened, people=dataclasses.replace(opened.people, asked=opened.people.asked - set(names))
    )


def test_an_outcome_that_is_not_determinable_is_never_a_number(opened: inf.Survey) -> None:
    lfs = inf.classify(without(opened, "social_security", "annual_leave", "sick_leave"), "ilo-17icls")
    rate = inf.share(lfs, INFORMAL, EMPLOYED, by="status")
    assert np.isnan(rate["employee"].value) and np.isnan(rate["employee"].se)
    assert rate["own_account"].value > 0
    rows = rate.to_pandas()
    assert rows.loc["employee", "grade"] == "not_determinable"
    asked = int(
        (
            (lfs.frame["employed"] == "yes")
            & (lfs.frame["job"] == "not_determinable")
            & (lfs.frame["status"] == "employee")
        ).sum()
    )
    reason = f"the questions needed were not asked of {asked:,} sampled persons in this group"
    assert rows.loc["employee", "note"] == reason
    assert rows.loc["employee", ["value", "se", "ci_low", "ci_high", "cv", "deff"]].isna().all()
    gap = rate["employee"] - rate["own_account"]
    assert np.isnan(gap.value) and np.isnan(gap.se)
    for shown in (rate, rate["employee"], gap, 1 - rate):
        assert "not determinable" in shown.to_text(100)
        assert f"Not determinable: {reason}" in " ".join(shown.to_text(100).split())
    assert np.isnan(rate.covariance()[0]).all()
    with pytest.raises(inf.InformalityError, match="the questions needed were not asked of"):
        inf.logit(lfs, INFORMAL, "sex")
    with pytest.raises(inf.InformalityError, match="the questions needed were not asked of"):
        inf.association(lfs, "sex", "job", EMPLOYED)


def test_too_few_cases_are_flagged_and_not_hidden(lfs: inf.Survey) -> None:
    """The frame is the user's own, so a small cell keeps its number; the flag says that it may not be published."""
    rate = inf.share(lfs, INFORMAL, EMPLOYED, by="industry")
    few = rate.to_pandas().query("n < 5")
    assert len(few) and (few["grade"] == "suppressed").all() and few["value"].notna().all()
    assert "x: Too few cases to publish (fewer than 5 sampled cases)." in rate.table().notes


def test_those_to_whom_it_does_not_apply_are_named(lfs: inf.Survey) -> None:
    everybody = inf.share(lfs, INFORMAL)
    outside = int((lfs.frame["job"] == "not_applicable").sum())
    words = f"{outside:,} sampled persons to whom it does not apply are in the base, but not counted as having it."
    assert words in everybody.notes
    income = inf.mean(lfs, of="income_self", among=EMPLOYED)
    assert any("to whom it does not apply are left out" in note for note in income.notes)


def test_weights_row_order_and_labels_do_not_matter(village_frame: pd.DataFrame) -> None:
    def shares(frame: pd.DataFrame) -> tuple[float, float]:
        survey = inf.from_frame(frame, weight="w", stratum="stratum", psu="village")
        result = inf.share(survey, of={"covered": "yes"}, by="sex")["f"]
        return result.value, result.se

    plain = shares(village_frame)
    shuffled = shares(village_frame.sample(frac=1, random_state=1))
    scaled = shares(village_frame.assign(w=village_frame["w"] * 7))
    typed = shares(village_frame.astype({"sex": "category", "covered": "category", "stratum": "category"}))
    for other in (shuffled, scaled, typed):
        assert other == pytest.approx(plain, rel=1e-12)
    assert village_frame.columns.tolist() == ["w", "stratum", "village", "sex", "pay", "covered"]
