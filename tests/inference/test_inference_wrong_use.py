"""Wrong use, and what the user is told. The sentences are part of the behaviour."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from informality.foundation.errors import ExitCode, InformalityError
from informality.inference import Design, Moments, covariance, interval, means, ratios, require_cases, shares, totals

STRATUM = ["north", "north", "south", "south", "island"]
PSU = [1.0, 2.0, 1.0, 2.0, 77.0]
WEIGHT = [10.0, 20.0, 30.0, 40.0, 50.0]


def message(error: pytest.ExceptionInfo[InformalityError]) -> str:
    return str(error.value)


def test_lonely_strata_are_named() -> None:
    with pytest.raises(InformalityError) as error:
        Design.from_columns(WEIGHT, STRATUM, PSU)
    assert error.value.code == ExitCode.ESTIMATE
    assert "1 stratum has only one primary sampling unit" in message(error)
    assert "stratum island (PSU 77)" in message(error)
    assert "`adjust`" in message(error)


def test_many_lonely_strata_are_named_up_to_a_limit() -> None:
    with pytest.raises(InformalityError) as error:
        Design.from_columns(np.ones(30), np.arange(30))
    assert "30 strata have only one" in message(error)
    assert message(error).endswith("join each such stratum with a similar one")
    assert "and 18 more" in message(error)


@pytest.mark.parametrize("lonely", ["fail", "certainty", "adjust", "average"])
def test_one_psu_in_all(lonely: str) -> None:
    with pytest.raises(InformalityError, match=r"the whole sample is one primary sampling unit") as error:
        Design.from_columns(WEIGHT, psu=["A"] * 5, lonely=lonely)
    assert error.value.code == ExitCode.ESTIMATE


@pytest.mark.parametrize(
    ("weight", "what"),
    [
        ([1, np.nan, 1, np.nan, 1], "a weight is missing or not a number"),
        ([1, "ten", 1, 1, 1], "a weight is missing or not a number"),
        (pd.array([1, None, 1, 1, 1], dtype="Float64"), "a weight is missing or not a number"),
        ([1, np.inf, 1, 1, 1], "a weight is infinite"),
        ([1, -2, 1, 1, 1], "a weight is negative"),
        ([0, 0, 0, 0, 0], "all weights are 0"),
        ([], "there are no rows"),
    ],
)
def test_weights(weight: object, what: str) -> None:
    with pytest.raises(InformalityError, match=what) as error:
        Design.from_columns(weight)
    assert error.value.code == ExitCode.DATA


def test_all_problems_at_once() -> None:
    with pytest.raises(InformalityError) as error:
        Design.from_columns([1, np.nan, -1, 1], ["a", None, "a", "b"], [1, 2, 3])
    assert len(error.value.problems) == 4
    assert "1 of 4 rows, the first is row 2" in message(error)
    assert "the stratum is missing in some rows" in message(error)
    assert "3 rows, but 4 weights" in message(error)


def test_zero_weights_count_as_a_psu_but_not_as_a_case() -> None:
    design = Design.from_columns([2.0, 4.0, 0.0], psu=[1, 2, 3])
    total = totals(design, [5.0, 1.0, 100.0])
    # by hand: PSU totals 10, 4, 0; mean 14/3; 3/2 * sum of squared deviations = 3/2 * 152/3 = 76
    assert total.value[0] == 14
    assert total.se[0] ** 2 == pytest.approx(76, rel=1e-14)
    assert (total.n[0], total.df[0], design.df) == (2, 1, 1)


def test_unknown_lonely_rule() -> None:
    with pytest.raises(ValueError, match="lonely must be fail, certainty, adjust or average, not 'drop'"):
        Design.from_columns(WEIGHT, lonely="drop")


def test_empty_domains_are_named() -> None:
    design = Design.from_columns(WEIGHT)
    estimate = shares(design, [0, 1, 0, 1, 1], 2, [0, 0, 2, 2, 2], 4)
    assert estimate.n[:, 0].tolist() == [2, 0, 3, 0]
    assert np.isnan(estimate.value[[1, 3]]).all()
    assert np.isnan(estimate.se[[1, 3]]).all()
    assert np.isnan(estimate.covariance()[2:4]).all()
    with pytest.raises(InformalityError) as error:
        require_cases(estimate, ["men, urban", "men, rural", "women, urban", "women, rural"], "table 3")
    assert error.value.code == ExitCode.ESTIMATE
    assert "table 3: nobody in the sample belongs to 2 of the groups" in message(error)
    assert "men, rural; women, rural" in message(error)
    require_cases(shares(design, [0, 1, 0, 1, 1], 2), ["all"])  # nothing to say


def test_nobody_at_all() -> None:
    estimate = means(Design.from_columns(WEIGHT), np.full(5, np.nan))
    assert np.isnan(estimate.value).all()
    assert np.isnan(estimate.covariance()).all()
    assert np.isnan(interval(estimate)).all()


def test_no_interval_where_nothing_measures_the_error() -> None:
    """A share of 0 or 1, and a domain inside one PSU: no limits rather than false certainty."""
    design = Design.from_columns(np.full(6, 3.0), psu=[1, 1, 2, 2, 3, 3])
    all_of_them = shares(design, np.ones(6, dtype=int), 2)
    assert all_of_them.value.tolist() == [[0, 1]]
    assert all_of_them.se.tolist() == [[0, 0]]
    assert np.isnan(all_of_them.deff).all()
    for method in ("logit", "wilson", "beta"):
        assert np.isnan(interval(all_of_them, method)).all()
    one_psu = means(design, [1.0, 5.0, 0, 0, 0, 0], [0, 0, -1, -1, -1, -1])
    assert one_psu.df[0] == 0
    assert np.isnan(interval(one_psu, "t")).all()


def test_intervals_refuse_nonsense() -> None:
    estimate = means(Design.from_columns(WEIGHT), WEIGHT)
    with pytest.raises(ValueError, match="confidence must lie between 0 and 1, not 95"):
        interval(estimate, confidence=95)
    with pytest.raises(ValueError, match="method must be"):
        interval(estimate, "exact")  # type: ignore[arg-type]


def test_infinite_value() -> None:
    with pytest.raises(InformalityError, match="a value is infinite"):
        means(Design.from_columns(WEIGHT), [1, 2, np.inf, 4, 5])


def test_comparing_takes_one_design() -> None:
    one, other = Design.from_columns(WEIGHT), Design.from_columns(WEIGHT, psu=[1, 1, 2, 2, 3])
    with pytest.raises(InformalityError, match="not made from one sample design") as error:
        covariance(means(one, WEIGHT), means(other, WEIGHT))
    assert "one has 5 PSUs, the other 3" in message(error)


def test_codes_must_fit() -> None:
    design = Design.from_columns(WEIGHT)
    with pytest.raises(TypeError, match="cell must hold integer codes"):
        means(design, WEIGHT, [0.0, 1.0, 0.0, 1.0, 0.0], 2)
    with pytest.raises(ValueError, match="outcome has code 2, but there are only 2"):
        shares(design, [0, 1, 2, 0, 0], 2)
    with pytest.raises(ValueError, match="same number of rows"):
        means(design, [1.0, 2.0])
    with pytest.raises(ValueError, match="one numerator and one denominator"):
        ratios(design, np.ones((5, 2)), WEIGHT)
    one, two = (Moments.from_arrays(design.weight, design.psu, None, cells, WEIGHT) for cells in (1, 2))
    with pytest.raises(ValueError, match="cannot be added"):
        one.add(two)
