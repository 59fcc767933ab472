"""Wrong use of estimands, contrasts and tests, and what the user is told. The sentences are part of the behaviour."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from informality.foundation.errors import ExitCode, InformalityError
from informality.inference import Control, Design, interval, means, require_cases, shares
from informality.inference.estimates.association import goodness_of_fit, independence
from informality.inference.estimates.comparisons import corrected, pairwise, rank_test, t_test, trend, wald_test
from informality.inference.estimates.contrast import difference, growth, weighted_mean
from informality.inference.estimates.derived import cells
from informality.inference.estimates.inequality import (
    gini,
    low_pay_shares,
    low_pay_threshold,
    population_variances,
    quintile_share_ratios,
    theil,
)
from informality.inference.estimates.quantiles import medians, quantiles
from informality.inference.sampling.waves import pooled

Y = np.array([3.0, 5.0, 1.0, 9.0, 4.0, 4.0, 7.0, 2.0])
PSU = np.repeat(np.arange(4), 2)
TWO = np.array([0, 1, 0, 1, 0, 1, 0, 1])


@pytest.fixture
def design() -> Design:
    return Design.from_columns(np.arange(1.0, 9.0), psu=PSU)


def told(call: Callable[[], Any], code: ExitCode) -> str:
    with pytest.raises(InformalityError) as error:
        call()
    assert error.value.code == code
    return str(error.value)


def test_unknown_names_are_answered_with_the_known_ones(design: Design) -> None:
    said = told(lambda: medians(design, Y, rule="hf7"), ExitCode.ESTIMATE)  # type: ignore[arg-type]
    assert "`hf7` is not a rule for quantiles we know" in said
    assert "we know math, school" in said
    said = told(lambda: medians(design, Y, errors="woodruf"), ExitCode.ESTIMATE)  # type: ignore[arg-type]
    assert "did you mean `woodruff`?" in said
    said = told(lambda: independence(design, TWO, PSU, "chi2"), ExitCode.ESTIMATE)  # type: ignore[arg-type]
    assert "`chi2` is not a test of independence we know" in said
    assert "wald-loglinear-adjusted" in said
    said = told(lambda: goodness_of_fit(design, TWO, [0.5, 0.5], "wald-loglinear"), ExitCode.ESTIMATE)
    assert "test of goodness of fit we know" in said
    said = told(lambda: corrected([0.1], "bonferroni"), ExitCode.ESTIMATE)  # type: ignore[arg-type]
    assert "we know none, holm, benjamini-hochberg" in said
    with pytest.raises(ValueError, match="one of logit, wilson, beta, likelihood, asin, t, log, normal"):
        interval(means(design, Y), "exact")  # type: ignore[arg-type]


def test_a_domain_without_cases(design: Design) -> None:
    empty = medians(design, Y, TWO, 3)
    assert np.isnan([empty.value[2], empty.se[2], empty.low[2], empty.high[2], empty.df[2]]).all()
    assert empty.n.tolist() == [4, 4, 0]
    assert "nobody in the sample belongs to this group" in told(
        lambda: require_cases(empty, ["a", "b", "women under 15"]), ExitCode.ESTIMATE
    )
    three = means(design, Y, TWO, 3)
    said = told(lambda: pairwise(three, ["men", "women", "others"]), ExitCode.ESTIMATE)
    assert "pairwise comparison: nobody in the sample belongs to this group" in said
    assert "found   others" in said
    assert "number 3 at 2021" in told(lambda: trend([three, three], [2020, 2021]), ExitCode.ESTIMATE)
    assert "Wald test: nobody" in told(lambda: wald_test(three), ExitCode.ESTIMATE)
    assert np.isnan(difference(three, three).value[2])
    said = told(lambda: independence(design, TWO, PSU, inside=np.zeros(8)), ExitCode.ESTIMATE)
    assert "must take two values or more" in said
    said = told(lambda: goodness_of_fit(design, TWO, [0.5, 0.5], inside=np.zeros(8)), ExitCode.ESTIMATE)
    assert "nobody in the sample belongs to the domain" in said
    said = told(lambda: low_pay_shares(design, Y, among=np.zeros(8)), ExitCode.ESTIMATE)
    assert "there is no median to compare with" in said


def test_one_psu(design: Design) -> None:
    """A sample of one PSU is no design; a domain in one PSU has a value, but no error to speak of."""
    assert "one primary sampling unit" in told(
        lambda: Design.from_columns(np.ones(8), psu=np.ones(8)), ExitCode.ESTIMATE
    )
    here = medians(design, Y, np.where(PSU == 1, 0, -1))
    assert here.value[0] == 9 and here.df[0] == 0
    assert np.isnan([here.se[0], here.low[0], here.high[0]]).all()
    assert np.isnan(t_test(means(design, Y, np.where(PSU == 1, 0, -1)))["p"]).all()
    said = told(lambda: independence(design, TWO, TWO, inside=PSU == 1), ExitCode.ESTIMATE)
    assert "so few primary sampling units (PSUs) that there is nothing to measure the error with" in said
    assert "2 cases, 0 degrees of freedom" in said


@pytest.mark.parametrize("bad", [-1.0, -0.001])
def test_negative_values_have_no_gini(design: Design, bad: float) -> None:
    y = np.where(np.arange(8) == 3, bad, Y)
    said = told(lambda: gini(design, y), ExitCode.DATA)
    assert "Gini index: some values are negative, and for these it is not defined" in said
    assert "1 of 8 cases" in said
    assert "Theil index: some values are 0 or negative" in told(lambda: theil(design, y), ExitCode.DATA)
    assert "some values are negative" in told(lambda: low_pay_shares(design, y), ExitCode.DATA)


def test_nothing_to_share(design: Design) -> None:
    said = told(lambda: gini(design, np.where(TWO == 1, 0.0, Y), TWO), ExitCode.DATA)
    assert "all values of a group are 0" in said
    assert "groups 1" in said
    assert gini(design, np.where(np.arange(8) == 0, 0.0, Y)).value[0] > 0  # one income of 0 is an income
    assert "1 of 8 cases" in told(lambda: theil(design, Y - 1.0), ExitCode.DATA)


def test_nothing_at_the_bottom(design: Design) -> None:
    poor = np.where(np.arange(8) < 4, 0.0, Y)
    said = told(lambda: quintile_share_ratios(design, poor), ExitCode.DATA)
    assert "quintile share ratio: those at the bottom of a group have nothing in total" in said
    assert "groups 0" in said
    assert "some values are negative" in told(lambda: quintile_share_ratios(design, -Y), ExitCode.DATA)
    said = told(lambda: low_pay_threshold(design, Y, among=np.zeros(8)), ExitCode.ESTIMATE)
    assert "low-pay threshold: nobody has a value, so there is no median to compare with" in said
    with pytest.raises(ValueError, match="tail must be above 0"):
        quintile_share_ratios(design, Y, tail=0.8)
    with pytest.raises(ValueError, match="must be positive"):
        low_pay_threshold(design, Y, fraction=0)


def test_ranks_of_one_group(design: Design) -> None:
    said = told(lambda: rank_test(design, Y, np.zeros(8, dtype=int)), ExitCode.ESTIMATE)
    assert "rank test: nobody in the sample belongs to this group" in said
    assert "found   group 1" in said
    with pytest.raises(ValueError, match="compares two groups"):
        rank_test(design, Y, PSU)


def test_growth_needs_positive_numbers(design: Design) -> None:
    zero = means(design, np.zeros(8))
    said = told(lambda: growth(zero, means(design, Y)), ExitCode.ESTIMATE)
    assert "a number is 0 or negative, so there is no growth rate" in said
    assert "report the difference instead" in said
    assert np.isnan(cells(zero).log().value).all()
    assert np.isnan((cells(zero) / zero).value).all()
    said = told(lambda: wald_test(cells(zero).log()), ExitCode.ESTIMATE)
    assert "some numbers are not defined" in said
    with pytest.raises(ValueError, match="time between two waves must be positive"):
        growth(means(design, Y), means(design, Y), years=0)


def test_two_designs(design: Design) -> None:
    other = Design.from_columns(np.ones(8), psu=PSU)
    gap = difference(means(design, Y), means(other, Y))
    said = told(gap.covariance, ExitCode.ESTIMATE)
    assert "the estimates were not made from one sample design" in said
    assert "cells(..., independent=True)" in said
    apart = cells(means(design, Y), independent=True) - means(other, Y)
    assert apart.se[0] == pytest.approx(np.hypot(means(design, Y).se[0], means(other, Y).se[0]))


def test_pooling_says_what_is_missing() -> None:
    file = {"weight": np.ones(8), "stratum": PSU // 2, "psu": PSU}
    later = {**file, "psu": PSU + 100}
    said = told(lambda: pooled([file, later], overlapping=True), ExitCode.DATA)
    assert "the files have no primary sampling unit (PSU) in common" in said
    assert "8 PSUs in 2 files" in said
    said = told(lambda: pooled([file], overlapping=False), ExitCode.DATA)
    assert "two files or more" in said
    said = told(lambda: pooled([file, {"weight": np.ones(8)}], overlapping=False), ExitCode.DATA)
    assert "psu, stratum, weight; weight" in said
    design, wave = pooled([{"weight": np.ones(4)}, {"weight": np.ones(6)}], overlapping=False)
    assert wave.tolist() == [0] * 4 + [1] * 6
    assert design.df == 8  # two strata of persons


def test_tests_that_cannot_be_made(design: Design) -> None:
    said = told(lambda: independence(design, np.zeros(8, int), TWO), ExitCode.ESTIMATE)
    assert "the table has 1 rows and 2 columns" in said
    said = told(lambda: goodness_of_fit(design, TWO, [0.5, 0.6]), ExitCode.ESTIMATE)
    assert "the expected shares must be positive and add up to 1" in said
    assert "sum 1.1" in said
    # an empty cell has no logarithm
    said = told(
        lambda: independence(design, TWO, np.array([0, 0, 0, 0, 1, 0, 1, 0]), "wald-loglinear"), ExitCode.ESTIMATE
    )
    assert "some cells of the table have no case" in said
    # shares add up to 1, so all of them cannot be tested together
    said = told(lambda: wald_test(shares(design, TWO, 2)), ExitCode.ESTIMATE)
    assert "the numbers that are tested determine each other" in said
    said = told(lambda: independence(design, PSU, PSU[::-1], "wald-pearson"), ExitCode.ESTIMATE)
    assert "use a Rao-Scott test" in said
    with pytest.raises(TypeError, match="integer codes"):
        independence(design, TWO + 0.5, TWO)


def test_negative_weights_cannot_be_ranked() -> None:
    design = Design.from_columns(np.arange(1.0, 9.0), psu=PSU).calibrate(
        [Control("y", Y, 60.0), Control("two", TWO, {0: 20.0, 1: 16.0})], allow_negative=True
    )
    assert (design.weight < 0).any()
    said = told(lambda: medians(design, Y), ExitCode.ESTIMATE)
    assert "some weights are negative, so the cases cannot be ranked and counted" in said
    assert np.isfinite(population_variances(design, Y).value).all()


def test_values_and_lengths(design: Design) -> None:
    assert "a value is infinite" in told(lambda: medians(design, np.where(Y > 8, np.inf, Y)), ExitCode.DATA)
    with pytest.raises(ValueError, match="the design has 8 rows, the values 7"):
        gini(design, Y[:7])
    with pytest.raises(ValueError, match="strictly between 0 and 1"):
        quantiles(design, Y, [0.5, 1.0])
    with pytest.raises(ValueError, match="one column of values"):
        medians(design, np.column_stack([Y, Y]))
    with pytest.raises(ValueError, match="no replicate weights"):
        medians(design, Y, errors="replicates")
    with pytest.raises(TypeError, match="integer codes"):
        gini(design, Y, np.full(8, 0.5))
    with pytest.raises(ValueError, match="domain has code 1"):
        gini(design, Y, TWO, 1)
    with pytest.raises(ValueError, match="fraction and bandwidth must be positive"):
        low_pay_shares(design, Y, fraction=0)
    by = cells(means(design, Y, TWO))
    with pytest.raises(ValueError, match="2 estimates cannot be combined with 3"):
        by + cells(means(design, Y, np.arange(8) % 3))
    with pytest.raises(ValueError, match="3 numbers do not fit 2 estimates"):
        by + np.array([1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="3 coefficients for 2 numbers"):
        by.linear([1, 2, 3])
    with pytest.raises(ValueError, match="2 waves need as many weights"):
        weighted_mean([by, by], [1, -1])
    with pytest.raises(ValueError, match="a time for each"):
        trend([by, by], [2020])
    with pytest.raises(ValueError, match="all waves have the same time"):
        trend([by, by], [2020, 2020])
    with pytest.raises(ValueError, match="1 labels for 2 numbers"):
        pairwise(by, ["a"])
    with pytest.raises(ValueError, match="two numbers or more"):
        pairwise(by[0], ["a"])
    missing = pd.Series([1.0, None, 3, 4, 5, 6, 7, 8], dtype="Float64")
    assert medians(design, missing).n[0] == 7
