"""The eight gates of the reference page, 3.8: each passes on the sample, and each bites when what it guards is broken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from informality.classification.definition import Definition
from informality.coverage import gates
from informality.coverage.baseline import Baseline
from informality.coverage.country import read_country
from informality.coverage.outcome import Outcome
from informality.coverage.scenario import status_quo
from informality.coverage.simulate import Study, simulate, study_of
from informality.foundation.errors import ExitCode, InformalityError
from informality.foundation.schema import Schema
from informality.inference.sampling.design import Design

from .conftest import LAO, number

Made = Callable[..., tuple[Study, Outcome]]


@pytest.fixture
def made(
    sample: pd.DataFrame, sample_design: Design, schema: Schema, definition: Definition, lao_of: Callable[..., Baseline]
) -> Made:
    def run(**changes: object) -> tuple[Study, Outcome]:
        study = study_of(sample, sample_design, schema, definitions=[definition])
        return study, simulate(study, scenario=status_quo(lao_of(**changes)))

    return run


def test_all_eight_pass(made: Made) -> None:
    study, outcome = made()
    found = gates.all_gates(study, outcome)
    assert [g.number for g in found] == list(range(1, 9))
    assert all(g.passed for g in found), [g for g in found if not g.passed]
    gates.require(found, "sample")
    assert (gates.table(found)["evidence"].str.len() > 0).all()


def test_1_members_off_the_record(made: Made) -> None:
    _, outcome = made()
    theta = outcome.theta.moved("alpha:lao-voluntary:0", 0.05)
    gate = gates.members_on_record(replace_theta(outcome, theta))
    assert not gate.passed
    assert "15,000 on record" in gate.evidence[1]


def replace_theta(outcome: Outcome, theta: object) -> Outcome:
    return Outcome(outcome.ground, outcome.scenario, theta, outcome.parameters, None)  # type: ignore[arg-type]


def test_2_a_ratio_outside_its_band(made: Made) -> None:
    """15,000 voluntary members of 135,000 are 11.1 %."""
    band = {"title": "Voluntary of all", "numerator": ["members:lao-voluntary"], "denominator": ["members"]}
    _, good = made(identities=[{**band, "low": 0.11, "high": 0.112}])
    assert gates.identities(good).passed
    _, bad = made(identities=[{**band, "low": 0.07, "high": 0.08}])
    assert not gates.identities(bad).passed
    assert "0.1111" in gates.identities(bad).evidence[0]


def test_3_a_payer_left_out(made: Made) -> None:
    _, outcome = made()
    parts = [p for year in outcome.path for p in year.parts]
    assert gates.payers_add_up(parts).passed
    assert not gates.payers_add_up(parts, columns=("employee", "self", "state")).passed


def test_4_an_empty_difference_that_changes_something(made: Made) -> None:
    _, outcome = made()
    assert gates.nothing_from_nothing(outcome).passed
    other = replace_theta(outcome, outcome.theta.moved("alpha:lao-voluntary:0", 1e-12))
    gate = gates.nothing_from_nothing(outcome, empty=other)
    assert not gate.passed
    assert not gate.evidence[0].startswith("an empty scenario: 0 of")


def test_5_support_that_drives_members_away(made: Made) -> None:
    _, outcome = made()
    assert gates.monotone(outcome).passed
    _, perverse = made(takeup={**LAO["takeup"], "beta_subsidy": number(-8.0)})
    assert not gates.monotone(perverse).passed


def test_6_rows_that_count_twice(made: Made) -> None:
    study, outcome = made()
    assert gates.split_rows(study, outcome.scenario).passed
    heavier = replace(
        study,
        design=Design.from_columns(
            study.design.weight * 1.001, study.design.units.stratum[study.design.psu], study.design.psu
        ),
        grounds={},
        thetas={},
        movable={},
    )
    other = simulate(heavier, scenario=outcome.scenario)
    assert not gates.same_outcome(outcome, other, ["employed"], "weights times 1.001").passed


def test_7_compositions_and_mixed_units(made: Made) -> None:
    """The real case of the reference page, 1.5: SDG file of the Lao PDR, 2017 and 2015."""
    _, outcome = made()
    published = {
        "informal share 2017": {"total": 66.5, "male": 19.97, "female": 46.53},
        "informal sector 2017": {"total": 82.66, "male": 42.66, "female": 40.00},
    }
    gate = gates.units(outcome, published)
    assert not gate.passed
    assert sum("a composition, not rates" in line for line in gate.evidence) == 2
    mixed = gates.units(outcome, {"census 2015": {"total": 80.8, "male": 0.754, "female": 0.866}})
    assert not mixed.passed
    assert "units are mixed" in mixed.evidence[-1]
    assert gates.units(outcome, {"rates": {"total": 90.49, "male": 89.47, "female": 91.60}}).passed


def test_8_a_wrong_life_table() -> None:
    lao = read_country("lao")
    assert gates.life_tables(lao).passed
    other = replace(lao, life={"male": lao.life["female"], "female": lao.life["female"]})
    gate = gates.life_tables(other)
    assert not gate.passed
    assert "male: 72.31 years, published 67.68" in gate.evidence[0]


def test_failures_are_one_error_that_names_them(made: Made) -> None:
    _, outcome = made(
        identities=[
            {"title": "Impossible", "numerator": ["members"], "denominator": ["employed"], "low": 0.9, "high": 1.0}
        ]
    )
    with pytest.raises(InformalityError) as failure:
        gates.require([gates.identities(outcome)], "sample")
    assert failure.value.code == ExitCode.BENCHMARK
    assert "validation gate 2 failed: known ratios hold" in failure.value.problems[0].what
    assert np.isfinite(outcome.members(2025).value[0])
