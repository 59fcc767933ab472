"""The golden scenario of eight rows (reference page on scenarios, 3.10), through the whole model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from informality.classification.definition import Definition
from informality.coverage.baseline import Baseline
from informality.coverage.levers import Enforcement, FloorRebase, Lever, Parametric, Subsidy
from informality.coverage.measures import Key
from informality.coverage.outcome import Outcome
from informality.coverage.scenario import Placed, Scenario
from informality.coverage.simulate import simulate
from informality.foundation.schema import Schema
from informality.inference.sampling.design import Design

from .conftest import number

MILLION = 1e6
Run = Callable[..., Outcome]


@pytest.fixture
def run(
    eight: pd.DataFrame,
    eight_design: Design,
    schema: Schema,
    definition: Definition,
    baseline_of: Callable[..., Baseline],
) -> Run:
    def made(*levers: Lever, **changes: Any) -> Outcome:
        placed = tuple(Placed(f"test.{i}", lever, f"lever {i}") for i, lever in enumerate(levers))
        ordered = tuple(sorted(placed, key=lambda p: not p.lever.mandates))
        scenario = Scenario(None, baseline_of(**changes), ordered)
        return simulate(eight, eight_design, scenario, schema=schema, definitions=[definition])

    return made


def row(outcome: Outcome, number: int, indicator: str, payer: str = "all") -> float:
    """What one of the eight rows adds to an indicator."""
    values, _ = outcome.rows(Key(indicator, payer=payer), 2025)
    return float((values * outcome.ground.people.weight)[number - 1])


def total(outcome: Outcome, indicator: str, payer: str = "all") -> float:
    return float(outcome.figure(indicator, 2025, payer=payer).value[0])


def test_the_baseline(run: Run) -> None:
    """The page counts those with p0 as no members yet: rows 5 to 7 are left out of its baseline totals."""
    outcome = run()
    assert total(outcome, "employed") == 10_300
    assert total(outcome, "informal_jobs") == 8_800
    assert pytest.approx(85.4369, abs=5e-5) == 100 * 8_800 / 10_300
    members = sum(row(outcome, i, "members") for i in (1, 2, 3, 4, 8))
    assert members == pytest.approx(1_800, abs=1e-9)
    assert 100 * members / 10_300 == pytest.approx(17.4757, abs=5e-5)
    monthly = {
        p: sum(row(outcome, i, "contributions", p) for i in (1, 2, 3, 4, 8)) / 12 / MILLION
        for p in ("employer", "employee", "self", "all")
    }
    assert monthly == pytest.approx({"employer": 315.0, "employee": 288.75, "self": 121.5, "all": 725.25}, abs=1e-9)
    assert 12 * monthly["all"] == pytest.approx(8_703.0, abs=1e-8)


def enforcement(target: float, **who: Any) -> Enforcement:
    return Enforcement.model_validate(
        {
            "type": "enforcement",
            "scheme": "lao-enterprise",
            "base": "uninsured",
            "who": who,
            "target": target,
            "from": "2025-01-01",
        }
    )


def test_s1_enforcement(run: Run) -> None:
    before, after = run(), run(enforcement(0.5, unit="formal"))
    assert row(after, 3, "members") == pytest.approx(400, abs=1e-9)
    assert row(after, 4, "members") == 0
    assert row(after, 3, "contributions", "employer") / 12 / MILLION == pytest.approx(60.0, abs=1e-9)
    assert row(after, 3, "contributions", "employee") / 12 / MILLION == pytest.approx(55.0, abs=1e-9)
    assert (total(after, "contributions") - total(before, "contributions")) / MILLION == pytest.approx(
        1_380.0, abs=1e-8
    )
    members = sum(row(after, i, "members") for i in (1, 2, 3, 4, 8))
    assert 100 * members / 10_300 == pytest.approx(21.3592, abs=5e-5)
    assert total(after, "newly_formal.ilo-17icls") == pytest.approx(400, abs=1e-9)


def test_s2_micro_firms(run: Run) -> None:
    after = run(enforcement(0.25, size_group="under_5"))
    assert row(after, 4, "members") == pytest.approx(300, abs=1e-9)
    assert row(after, 4, "contributions", "employer") / 12 / MILLION == pytest.approx(45.0, abs=1e-9)
    assert row(after, 4, "contributions", "employee") / 12 / MILLION == pytest.approx(41.25, abs=1e-9)
    assert row(after, 4, "contributions") / MILLION == pytest.approx(1_035.0, abs=1e-9)
    burden = row(after, 4, "contributions", "employee") / 12 / 300 / 1_800_000
    assert 100 * burden == pytest.approx(7.6389, abs=5e-5)


SUBSIDY = Subsidy.model_validate(
    {"type": "subsidy", "scheme": "lao-voluntary", "base": "floor", "share": {"default": 0.5}, "from": "2025-01-01"}
)
FLOOR = FloorRebase.model_validate(
    {
        "type": "floor_rebase",
        "scheme": "lao-voluntary",
        "base": "monthly_earnings",
        "value": 1_200_000,
        "from": "2025-01-01",
    }
)


def test_s3_half_of_the_contribution_at_the_floor(run: Run) -> None:
    after = run(SUBSIDY)
    made = next(p for p in after.path[0].parts if p.part.kind == "voluntary")
    assert not made.able["burden"][list(made.part.rows).index(4), 0]  # row 5: 11.25 per cent of income
    assert row(after, 5, "members") == 0
    assert row(after, 6, "members") == pytest.approx(102.5268648, abs=5e-8)
    assert row(after, 6, "members") / 1500 == pytest.approx(0.0683512432, abs=5e-11)
    assert row(after, 6, "active") == pytest.approx(61.5161189, abs=5e-8)
    assert row(after, 6, "state_support") == pytest.approx(83_046_760.45, abs=5e-3)
    assert row(after, 6, "contributions", "state") == pytest.approx(83_046_760.45, abs=5e-3)
    assert row(after, 6, "contributions", "self") == pytest.approx(149_484_168.81, abs=5e-3)
    assert row(after, 7, "members") == 0  # no income of her own
    assert total(after, "newly_formal.ilo-17icls") == 0


def test_s4_the_same_on_a_low_floor(run: Run) -> None:
    after = run(SUBSIDY, FLOOR)
    assert row(after, 5, "members") / 3000 == pytest.approx(0.0773122131, abs=5e-11)
    assert row(after, 5, "members") == pytest.approx(231.9366393, abs=5e-8)
    assert row(after, 5, "state_support") == pytest.approx(90_176_965.35, abs=5e-3)
    assert row(after, 5, "contributions", "self") == pytest.approx(90_176_965.35, abs=5e-3)
    assert row(after, 6, "members") / 1500 == pytest.approx(0.0581395806, abs=5e-11)
    assert row(after, 6, "members") == pytest.approx(87.2093709, abs=5e-8)
    assert row(after, 6, "state_support") == pytest.approx(33_907_003.39, abs=5e-3)
    assert row(after, 6, "contributions", "self") == pytest.approx(163_883_849.74, abs=5e-3)
    joiners = [row(after, i, "members") for i in (5, 6)]
    assert round(sum(joiners), 1) == 319.1
    assert pytest.approx(1.49, abs=5e-3) == (90_176_965.35 + 33_907_003.39) / 83_046_760.45
    assert total(after, "newly_formal.ilo-17icls") == 0


def test_the_order_of_rows_does_not_matter(
    run: Run, eight: pd.DataFrame, schema: Schema, definition: Definition, baseline_of: Callable[..., Baseline]
) -> None:
    order = np.array([7, 2, 5, 0, 3, 6, 1, 4])
    shuffled = eight.iloc[order].reset_index(drop=True)
    scenario = Scenario(None, baseline_of(), (Placed("test.0", SUBSIDY, "lever"),))
    again = simulate(
        shuffled, Design.from_columns(shuffled["weight"]), scenario, schema=schema, definitions=[definition]
    )
    for indicator in ("members", "contributions", "state_cost", "accrual.0.03"):
        assert total(again, indicator) == pytest.approx(total(run(SUBSIDY), indicator), rel=1e-14)


def test_the_right_of_row_one_by_hand(run: Run) -> None:
    """A woman of 34 insured on 3.0 million: one year earns 2 per cent of the base, paid from 55, all months paid."""
    from informality.coverage.country import read_country
    from informality.coverage.lifetable import monthly

    life = read_country("lao").life["female"]
    expected = (
        1000 * 0.02 * 3.0e6 * 12 * (1.02 / 1.03) ** 21 * monthly(life.annuity_due(55, 0.03)) * life.survival(34, 55)
    )
    assert row(run(), 1, "accrual.0.03") == pytest.approx(float(expected), rel=1e-12)


def test_short_term_benefits_of_row_one_by_hand(run: Run) -> None:
    """Maternity: 0.07 births, all qualify, 80 per cent of 3.0 million for 105 days of 30-day months; others likewise."""
    maternity = 0.07 * 0.8 * 3.0e6 * 105 / 30
    assert row(run(), 1, "benefit.maternity") == pytest.approx(1000 * maternity, rel=1e-12)
    assert row(run(), 2, "benefit.maternity") == 0
    others = 0.1 * 0.7 * 3.0e6 * 10 / 30 + 0.02 * 0.6 * 3.0e6 * 90 / 30
    assert row(run(), 1, "benefits") == pytest.approx(1000 * (maternity + others), rel=1e-12)


@pytest.mark.parametrize(("minimum", "first"), [(1.5e6, 1.0), (2.4e6, 2.4 / 1.8), (4.0e6, 4.0 / 1.8)])
def test_a_minimum_pension_by_hand(minimum: float, first: float, run: Run) -> None:
    """Row 1: a woman of 34 who has paid every month since 25 has 30 years at 55: 2 per cent x 30 x 3.0 million = 1.8 million a
    month. Row 2: a man with 35 years at 60 on the ceiling: 70 per cent of 4.5 million = 3.15 million. A minimum above that
    lifts the rights that end in it in proportion, and one below lifts nothing. Nobody contributes more for it.
    """
    spec = {
        "type": "parametric",
        "scheme": "lao-enterprise",
        "base": "members",
        "from": "2025-01-01",
        "minimum": minimum,
    }
    plain, outcome = run(), run(Parametric.model_validate(spec))
    for place, pension in ((1, 1.8e6), (2, 3.15e6)):
        ratio = row(outcome, place, "accrual.0.03") / row(plain, place, "accrual.0.03")
        assert ratio == pytest.approx(max(1.0, minimum / pension), rel=1e-12)
    assert row(outcome, 1, "accrual.0.03") == pytest.approx(first * row(plain, 1, "accrual.0.03"), rel=1e-12)
    assert row(outcome, 1, "contributions") == row(plain, 1, "contributions")


def test_a_minimum_pension_is_for_those_who_have_the_years(run: Run) -> None:
    """Row 8: a voluntary member of 52 cannot have 15 years at 60, so a minimum gives nothing; with 5 years asked it does:
    8 x 2 per cent x 4.5 million = 0.72 million for one who pays all months, and so 1.2 / 0.72 with a minimum of 1.2 million.
    """
    given = {"type": "parametric", "scheme": "lao-voluntary", "base": "members", "from": "2025-01-01", "minimum": 1.2e6}
    density = {k: {"paid": number(1), "stay": number(1)} for k in ("mandatory", "voluntary", "present")}
    assert row(run(Parametric.model_validate(given), density=density), 8, "accrual.0.03") == 0
    asked = [
        run(Parametric.model_validate({**g, "min_years": 5}), density=density)
        for g in (given, {**given, "minimum": 0.1})
    ]
    least, plain = (row(o, 8, "accrual.0.03") for o in asked)
    assert plain > 0
    assert least / plain == pytest.approx(1.2 / 0.72, rel=1e-12)
