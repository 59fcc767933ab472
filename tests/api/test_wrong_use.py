"""Every mistake has its message, written out by hand: place, what, evidence, fix; all of them at once."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import dedent

import numpy as np
import pandas as pd
import pytest

import informality as inf

EMPLOYED, INFORMAL = {"employed": "yes"}, {"job": "informal"}


def message(call: Callable[[], object]) -> str:
    with pytest.raises(inf.InformalityError) as failure:
        call()
    return f"{failure.value} (exit {int(failure.value.code)})"


def check(call: Callable[[], object], expected: str) -> None:
    """``expected`` may continue a long line on the next one, after a backslash."""
    assert message(call) == dedent(expected).strip().replace(" \\\n", " ")


def test_all_mistakes_of_a_call_at_once(lfs: inf.Survey) -> None:
    check(
        lambda: inf.share(lfs, of={"jobb": "informal", "sex": "femal"}, among={"employd": "yes"}, by=["sexx", "age"]),
        """
        share, of: `jobb` is not a variable that can be tested here
          fix     did you mean `job`?
        share, of: `femal` is not a value of `sex`
          found   `femal`
          fix     did you mean `female`?
        share, among: `employd` is not a variable that can be tested here
          fix     did you mean `employed`?
        share, by: `sexx` is not a category variable
          fix     did you mean `sex`?
        share, by: `age` is a number, and groups are made by categories
          fix     use `age_group` (exit 2)""",
    )


def test_the_wrong_kind_of_variable(lfs: inf.Survey) -> None:
    check(
        lambda: inf.share(lfs, of="job"),
        """
        share, of: `job` is a category variable, and `of` must be a condition
          fix     write a condition like {"job": "formal"} (exit 2)""",
    )
    check(
        lambda: inf.mean(lfs, of={"job": "informal"}),
        """
        mean, of: `of` must be a number variable
          found   {'job': 'informal'}
          fix     name one, such as age (exit 2)""",
    )
    check(
        lambda: inf.composition(lfs, of="sex", by=["area", "sex", "area"]),
        """
        composition, by: `area` is crossed with itself
          found   area, sex, area
          fix     name it once
        composition, by: `sex` is crossed with itself
          fix     leave it out of `by` (exit 2)""",
    )
    check(
        lambda: inf.ratio(lfs, of="hours_usual"),
        """
        ratio, to: a ratio is to something
          fix     name `to`, or with `where` the part of the whole that is meant (exit 2)""",
    )
    check(
        lambda: inf.quantile(lfs, of="hours_usual", p=1.5),
        """
        quantile, p: a quantile lies strictly between 0 and 1
          found   1.5
          fix     try 0.5 (exit 2)""",
    )
    with pytest.raises(TypeError, match="share takes a survey first"):
        inf.share(lfs.frame, of=INFORMAL)  # type: ignore[arg-type]


def test_a_condition_that_lists_nothing(lfs: inf.Survey) -> None:
    check(
        lambda: inf.share(lfs, of={"job": []}, among=EMPLOYED),
        """
        share, of: `job` lists no value
          fix     leave the variable out to mean any (exit 2)""",
    )


def test_an_empty_universe(lfs: inf.Survey) -> None:
    check(
        lambda: inf.share(lfs, INFORMAL, {"employed": "yes", "area": "unknown"}, by="sex"),
        """
        share, among: nobody in the sample is in this universe
          found   Employed: Yes; Area: Not known
          fix     widen the condition (exit 14)""",
    )
    assert "nobody in the sample is in this universe" in message(
        lambda: inf.logit(lfs, INFORMAL, "sex", {"area": "unknown"})
    )


def test_what_the_survey_did_not_ask(lfs: inf.Survey) -> None:
    check(
        lambda: inf.share(lfs, of={"incorporated": "yes"}, among=EMPLOYED, by="own_tax_registered"),
        """
        share: this cannot be determined from the survey
          found   the survey did not ask: Unit is incorporated; Registered for tax
          fix     ask for something else; nothing is assumed for a question that was not put (exit 14)""",
    )
    check(
        lambda: inf.logit(lfs, of=INFORMAL, on="sex + incorporated"),
        """
        logit: this cannot be determined from the survey
          found   the survey did not ask: Unit is incorporated
          fix     ask for something else; nothing is assumed for a question that was not put (exit 14)""",
    )


def test_levels_that_are_not_there(lfs: inf.Survey) -> None:
    rate = inf.share(lfs, INFORMAL, EMPLOYED, by=["area", "sex"])
    check(
        lambda: rate["rurall"],
        """
        result by area, sex: there is no `rurall` of `area`
          found   there are urban, rural
          fix     did you mean `rural`? (exit 14)""",
    )
    check(
        lambda: rate["rural", "unknown"],
        """
        result by area, sex: no sampled person here has `sex` = unknown
          found   there are male, female (exit 14)""",
    )
    check(
        lambda: rate["rural", "female", "15_24"],
        """
        result by area, sex: 3 levels are asked for, and the result has 2 dimensions
          found   rural, female, 15_24
          fix     name levels of area, sex (exit 14)""",
    )
    check(
        lambda: inf.share(lfs, INFORMAL, EMPLOYED)["female"],
        """
        result: 1 levels are asked for, and the result has 0 dimensions
          found   female
          fix     estimate with by=, then pick by level (exit 14)""",
    )
    with pytest.raises(TypeError, match="a result of 4 numbers is not one number"):
        float(rate)


def test_results_that_do_not_go_together(lfs: inf.Survey, villages: inf.Survey, village_frame: pd.DataFrame) -> None:
    rate = inf.share(lfs, INFORMAL, EMPLOYED, by="sex")
    check(
        lambda: rate + inf.mean(lfs, "hours_usual", EMPLOYED, by="sex"),
        """
        combining results: the two results have different units
          found   share and hours
          fix     results of one kind can be added and subtracted (exit 14)""",
    )
    check(
        lambda: rate - inf.share(lfs, INFORMAL, EMPLOYED, by="area"),
        """
        combining results: the two results do not have the same cells
          found   one is by sex, the other by area
          fix     break both down alike, or pick the cells by their levels first (exit 14)""",
    )
    ages = inf.share(lfs, INFORMAL, EMPLOYED, by="age_group")
    few = inf.share(lfs, INFORMAL, {**EMPLOYED, "age": "< 55"}, by="age_group")
    check(
        lambda: ages - few,
        """
        combining results: the two results do not have the same cells
          found   only in one of them: 55–64; 65 and over
          fix     break both down alike, or pick the cells by their levels first (exit 14)""",
    )
    other = inf.from_frame(village_frame, weight="w", stratum="stratum", psu="village", title="Other villages")
    a, b = inf.share(villages, {"covered": "yes"}), inf.share(other, {"covered": "yes"})
    for combined in (lambda: a - b, lambda: a / b, lambda: inf.average([a, b]), lambda: inf.difference(a, b)):
        check(
            combined,
            """
            combining results: the results come from different surveys, and what their samples share cannot be seen
              found   Four villages; Other villages
              fix     pool the waves with inf.pool() and estimate from the pooled survey; or, \\
            if the samples were drawn independently, say so: inf.difference(a, b, independent=True) (exit 14)""",
        )
    assert inf.difference(a, b, independent=True).se == pytest.approx(np.hypot(a.se, b.se), rel=1e-12)
    with pytest.raises(TypeError):
        a + "1"


def test_formulas(lfs: inf.Survey) -> None:
    check(
        lambda: inf.logit(lfs, of={"job": "informl"}, on="sex + agegroup", among={"employed": "yess"}),
        """
        logit, of: `informl` is not a value of `job`
          found   `informl`
          fix     did you mean `informal`?
        logit, among: `yess` is not a value of `employed`
          found   `yess`
          fix     did you mean `yes`?
        logit, on: `agegroup` is not a variable of the data
          fix     did you mean `age_group`? (exit 2)""",
    )
    check(
        lambda: inf.logit(lfs, INFORMAL, "job ~ sex"),
        """
        logit, on: `on` is the right side of the formula only
          found   job ~ sex
          fix     write it like "sex + age_group" (exit 2)""",
    )
    check(
        lambda: inf.logit(lfs, INFORMAL, "sex + job"),
        """
        logit, on: `job` is what the model explains, and cannot explain itself
          fix     leave it out of `on` (exit 2)""",
    )
    check(
        lambda: inf.logit(lfs, "job", "sex", reference={"sex": "mal"}, missing="dropp"),  # type: ignore[arg-type]
        """
        logit, missing: `dropp` is not a way to treat missing answers
          fix     use drop, level, refuse
        logit, of: `job` is a category variable, and `of` must be a condition or a number variable
          fix     write a condition like {"job": "formal"}
        logit, reference: `mal` is not a level of `sex`
          fix     did you mean `male`? (exit 2)""",
    )
    check(
        lambda: inf.logit(lfs, INFORMAL, "sex + "),
        """
        logit, on: the formula cannot be read
          found   expected a noun, but instead the expression ended
          fix     write it like "sex + age + I(age**2)" (exit 2)""",
    )
    assert "`area`, given a reference level, is not in the model" in message(
        lambda: inf.logit(lfs, INFORMAL, "sex", reference={"area": "rural"})
    )
    assert "`eval` is not a function a formula can use" in message(lambda: inf.logit(lfs, INFORMAL, "eval(age)"))


def test_covariates_that_do_not_apply_to_everybody(lfs: inf.Survey) -> None:
    """Of the employed, social security was put to employees only; one kind of not knowing at a time, with its count."""
    employed = lfs.frame["employed"] == "yes"
    secured = lfs.frame.loc[employed, "social_security"].value_counts()
    assert secured["not_applicable"] > 0 and secured["unknown"] > 0 and secured["not_asked"] == 0
    check(
        lambda: inf.logit(lfs, INFORMAL, "sex + social_security", EMPLOYED),
        f"""
        logit, on: `social_security` does not apply to some of the universe
          found   {secured["not_applicable"]:,} of {employed.sum():,} sampled persons
          fix     narrow `among` to those it applies to, or keep them as a level of their own with missing="level" (exit 12)""",
    )
    own = int((employed & (lfs.frame["status"] == "own_account")).sum())
    check(
        lambda: inf.linear(lfs, "hours_usual", "sex + earnings_employee", {**EMPLOYED, "status": "own_account"}),
        f"""
        linear, on: `earnings_employee` does not apply to some of the universe
          found   {own:,} of {own:,} sampled persons
          fix     narrow `among` to those it applies to (exit 12)""",
    )


def test_after_a_fit(lfs: inf.Survey, villages: inf.Survey) -> None:
    fit = inf.linear(villages, "pay", "sex")
    check(
        lambda: fit.test("sx"),
        """
        test of coefficients: there is no `sx`
          fix     did you mean `sex`? (exit 14)""",
    )
    check(
        lambda: fit.test("sex", "walt"),  # type: ignore[arg-type]
        """
        test: `walt` is not a test of coefficients
          fix     did you mean `wald`? (exit 2)""",
    )
    check(
        lambda: fit.odds_ratios(),
        """
        odds ratios: the coefficients of this model are not logarithms of ratios
          found   Linear regression of Pay
          fix     fit a logit, or ask for margins() (exit 2)""",
    )
    check(
        lambda: fit.margins("sex", over="villages"),
        """
        margins, over: `villages` is not a category variable
          fix     did you mean `village`? (exit 2)""",
    )
    check(
        lambda: inf.quantile_regression(villages, "pay", "sex").margins(),
        """
        margins: a quantile regression has none
          found   Median regression of Pay
          fix     its coefficients are the effects on the quantile themselves (exit 2)""",
    )


def test_opening_and_classifying(opened: inf.Survey, villages: inf.Survey, tmp_path: object) -> None:
    check(
        lambda: inf.open_survey("lao-dmo"),
        """
        lao-dmo: there is no survey profile of this name
          fix     did you mean `lao-demo`? (exit 10)""",
    )
    check(
        lambda: inf.open_survey("ecuador-2021q1"),
        """
        ecuador-2021q1: this is a study, and a study has settings of its own
          fix     open its survey: open_survey("ecu-enemdu", wave="2021q1", basis="13") (exit 2)""",
    )
    check(
        lambda: inf.open_survey("lao-demo", "2023"),
        """
        open_survey, wave: lao-demo has no wave `2023`
          fix     did you mean `2022`? (exit 2)""",
    )
    check(
        lambda: inf.open_survey("ecu-enemdu", basis="19"),
        """
        open_survey, basis: ecu-enemdu cannot tell employment on the 19th ICLS basis
          found   The survey counts work for own consumption as employment and does not ask for whom farm \\
        output is meant, so own-use producers cannot be told apart and the 19th ICLS basis is not determinable.
          fix     use 13 (exit 2)""",
    )
    check(
        lambda: inf.open_survey(__file__),
        f"""
        {__file__}: this is a data file, and what its codes mean is not known
          fix     name the survey profile that reads it, or read it with pandas and use from_frame() (exit 2)""",
    )
    check(
        lambda: inf.classify(opened, "ilo-17iclss"),
        """
        ilo-17iclss: there is no definition of this name
          fix     did you mean `ilo-17icls`? (exit 10)""",
    )
    check(
        lambda: inf.classify(villages, "ilo-17icls"),
        """
        classify: a definition reads the variables of an opened survey, and this one was made from a frame, or pooled
          fix     classify each wave before pooling; for a frame, write a survey profile and use open_survey() (exit 2)""",
    )
    check(
        lambda: inf.classify(
            inf.classify(opened, "ilo-17icls"), "ilo-17icls", options={"ilo-17icls": {"size_threshold": 9}}
        ),
        """
        classify: the survey is classified by `ilo-17icls` already, with other options
          fix     begin with open_survey() (exit 2)""",
    )


def test_frames_and_pools(village_frame: pd.DataFrame, villages: inf.Survey, lfs: inf.Survey) -> None:
    check(
        lambda: inf.from_frame(village_frame, weight="ww", stratum="strata", titles={"pa": "Pay"}),
        """
        from_frame, weight: the frame has no column `ww`
          fix     did you mean `w`?
        from_frame, stratum: the frame has no column `strata`
          fix     did you mean `stratum`?
        from_frame, titles: the frame has no column `pa`
          fix     did you mean `pay`? (exit 2)""",
    )
    check(
        lambda: inf.from_frame(village_frame, weight="w", psu="village", replicates=["pay", "w"]),
        """
        from_frame, replicates: a design has replicate weights, or strata and sampling units
          found   beside replicates: psu
          fix     give one of the two (exit 2)""",
    )
    assert "a weight is negative" in message(lambda: inf.from_frame(village_frame.assign(w=-1.0), weight="w"))
    assert "2 strata have only one primary sampling unit" in message(
        lambda: inf.from_frame(village_frame, weight="w", stratum="stratum", psu="stratum")
    )
    check(
        lambda: inf.pool([villages], ["one"], overlapping=False),
        """
        pool: pooling takes two surveys or more, and a name of its own for each
          found   surveys: 1; names: one (exit 2)""",
    )
    check(
        lambda: inf.pool([villages, lfs], ["a", "b"], overlapping=False),
        """
        pool: the surveys have different rules for lonely strata
          found   fail, adjust
          fix     open them with the same `lonely`
        pool: the surveys were classified by different definitions
          found   a: none; b: ilo-17icls
          fix     classify each by the same definitions, in the same order
        pool: the surveys follow different concepts of employment
          found   none and 19th ICLS
          fix     open them with the same `basis` (exit 2)""",
    )
    check(
        lambda: inf.trend(inf.mean(villages, "pay", by="sex"), [2020, 2021]),
        """
        trend: a trend takes two waves or more, and a time for each
          found   waves in the result: 0; times: 2
          fix     estimate from a pooled survey with by="wave", and give a time for each wave (exit 2)""",
    )
