"""Rates, compositions and units of printed tables.

Authority: the official SDG file of the Lao PDR, in which the informal series of 2017 by sex (19.97 and 46.53 beside 66.5;
42.66 and 40.00 beside 82.66) are compositions tagged as rates, and those of 2015 (0.754 and 0.866 beside 80.8) are in two
units; Uruguay's covered own-account workers by quintile (2.5 to 47.0), a composition beside a rate of 17.6. The rest is
arithmetic.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from informality.coverage.records import read_members
from informality.foundation.compositions import Kind, Series, check_series
from informality.foundation.errors import InformalityError, Problem
from informality.foundation.schema import read_schema


def check(
    kind: Kind, parts: list[float], total: float | None = None, whole: float = 100.0, every: bool = True
) -> list[Problem]:
    return check_series(
        [Series("Informal", "a file", kind, {f"group {i}": v for i, v in enumerate(parts)}, total, whole, every)]
    )


@pytest.mark.parametrize(
    ("parts", "total"), [([19.97, 46.53], 66.5), ([42.66, 40.0], 82.66), ([0.1997, 0.4653], 0.665)]
)
def test_the_lao_compositions_tagged_as_rates(parts: list[float], total: float) -> None:
    (problem,) = check("rates", parts, total, whole=100 if total > 1 else 1)
    assert "they are a composition and not rates" in problem.what
    assert f"{parts[0]:g} + {parts[1]:g} = {total:g}" in problem.found


def test_the_lao_rates_in_two_units() -> None:
    (problem,) = check("rates", [0.754, 0.866], 80.8)
    assert "some figures are fractions and the others per cents" in problem.what
    (problem,) = check("rates", [0.754, 86.6], 80.8)
    assert problem.found == "group 0 0.754 beside group 1 86.6, all 80.8"


def test_a_composition_by_quintile_beside_a_rate() -> None:
    (problem,) = check("rates", [2.5, 8.1, 15.9, 26.5, 47.0], 17.6)
    assert (problem.severity, "add up to 100" in problem.what) == ("warning", True)
    assert check("composition", [2.5, 8.1, 15.9, 26.5, 47.0]) == []


@pytest.mark.parametrize(
    ("parts", "total", "whole"),
    [
        ([75.4, 86.6], 80.8, 100),  # the census of 2015 in one unit
        ([0.073, 0.028], 0.058, 1),  # unemployment in Ecuador, urban and rural
        ([10.7, 7.8], 9.4, 100),
        ([0.7, 9.4], None, 100),  # a small rate is no fraction
        ([0.7, 9.4, 2.4], 4.1, 100),
        ([40.0, 60.0], 50.0, 100),  # two rates may add up to 100
        ([0.0, 30.0], 20.0, 100),
        ([33.3, 33.3], 33.3, 100),
    ],
)
def test_right_rates_are_let_alone(parts: list[float], total: float | None, whole: float) -> None:
    assert check("rates", parts, total, whole) == []


def test_a_total_outside_its_groups_belongs_to_another_table() -> None:
    (problem,) = check("rates", [20.0, 30.0], 35.0)
    assert "lies outside those of its groups" in problem.what
    assert check("rates", [20.0, 30.0], 35.0, every=False) == []  # other groups may lie higher
    assert check("rates", [20.1, 34.9], 35.0) == []  # 34.95 is printed as either


def test_rates_without_a_total_that_add_up_to_the_whole() -> None:
    assert [p.severity for p in check("rates", [45.1, 54.9])] == ["warning"]
    assert check("rates", [45.1, 54.2]) == []


def test_a_composition_adds_up() -> None:
    assert check("composition", [33.3, 33.3, 33.3]) == []  # rounding
    assert check("composition", [0.25, 0.75], whole=1) == []
    (problem,) = check("composition", [75.4, 86.6])
    assert "no composition" in problem.what
    assert "sum 162 instead of 100" in problem.found
    assert check("composition", [20.0, 30.0], every=False) == []
    assert len(check("composition", [60.0, 50.0], every=False)) == 1


def test_no_share_lies_beyond_the_whole() -> None:
    (problem,) = check("rates", [20.0, 130.0], 35.0)
    assert problem.found == "group 1 130"
    (problem,) = check("rates", [-2.0, 30.0], 20.0)
    assert problem.found == "group 0 -2"


def test_no_weighted_mean_of_any_rates_is_taken_for_a_composition() -> None:
    """A thousand tables made of rates and shares of groups: none is refused, and each composition of the same is."""
    rng = np.random.default_rng(7)
    for _ in range(1000):
        share = rng.dirichlet(np.full(3, 2.0))
        rate = rng.uniform(0.05, 0.95, 3)
        total = float(share @ rate)
        assert check("rates", list(map(float, rate)), total, 1) == []
        within = [float(x) for x in share * rate]
        assert check("rates", within, total, 1) != []
        assert check("composition", within, total, 1) == []


@pytest.mark.parametrize(
    ("numbers", "shares"), [((60.5, 39.5), True), ((0.25, 0.75), True), ((605, 395), False), ((60, 41), False)]
)
def test_an_office_that_writes_shares_for_numbers_of_members(
    tmp_path: Path, numbers: tuple[float, float], shares: bool
) -> None:
    path = tmp_path / "members.csv"
    path.write_text("scheme,members,sex\npension,{},male\npension,{},female\n".format(*numbers), encoding="utf-8")
    sex = {"sex": read_schema().grammar["sex"]}
    if not shares:
        assert [e.members for e in read_members(path, {"pension": 1}, sex, source="the office")] == list(numbers)
        return
    with pytest.raises(InformalityError) as failure:
        read_members(path, {"pension": 1}, sex, source="the office")
    (problem,) = failure.value.problems
    assert problem.what == "these are shares of a whole and not numbers of members"
