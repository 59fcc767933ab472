"""The Lao set over the made-up Lao survey: it keeps what it expects, passes the gates, and shows the page's lessons."""

from __future__ import annotations

from pathlib import Path

import pytest

from informality import steps
from informality.coverage import gates
from informality.coverage.expectations import unmet
from informality.coverage.measures import Key
from informality.coverage.outcome import Outcome
from informality.coverage.simulate import Study, simulate, study_of
from informality.study import Workspace, read_study

REPOSITORY = Path(__file__).parents[2]
NAMES = [f"lao-l{i}" for i in range(12)]
V, E = "lao-voluntary", "lao-enterprise"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Study:
    study = read_study(REPOSITORY / "analysis" / "studies" / "lao-demo.yml")
    folder = tmp_path_factory.mktemp("demo")
    raw = steps.raw_file(study.profile, study.spec.wave, Workspace(folder), lambda message: None, folder)
    harmonised = steps.read_harmonised(study.profile, study.spec.wave, raw, study.spec.basis)
    workers = steps.classified(study, harmonised)
    design = steps.sample_design(study, workers)
    return study_of(
        workers,
        design,
        study.schema,
        definitions=study.definitions,
        asked=harmonised.asked,
        status=study.profile.spec.status,
    )


@pytest.fixture(scope="module")
def outcomes(demo: Study) -> dict[str, Outcome]:
    return {name: simulate(demo, scenario=name) for name in NAMES}


def at(outcome: Outcome, indicator: str, scheme: str = "all", year: int = 2035) -> float:
    return outcome.total(Key(indicator, scheme), year)


def test_what_each_expects_comes_out(outcomes: dict[str, Outcome]) -> None:
    others = {**outcomes, "baseline": outcomes["lao-l0"]}
    assert [p for o in outcomes.values() for p in unmet(o, others)] == []


@pytest.mark.parametrize("name", ["lao-l0", "lao-l11"])
def test_the_gates_hold(name: str, outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes[name]
    parts = [p for year in outcome.path for p in year.parts]
    found = [
        gates.members_on_record(outcome),
        gates.identities(outcome),
        gates.payers_add_up(parts),
        gates.nothing_from_nothing(outcome),
        gates.units(outcome),
        gates.life_tables(outcome.scenario.baseline.country),
    ]
    gates.require(found, name)


def test_the_survey_year_is_the_record(outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes["lao-l0"]
    assert outcome.total(Key("members", V), 2022) == pytest.approx(26_793, rel=1e-9)
    assert outcome.total(Key("members"), 2022) == pytest.approx(353_962, rel=1e-9)
    assert outcome.total(Key("formal_jobs"), 2022) == pytest.approx(333_753, abs=1)


def test_lessons_of_the_reference_page(outcomes: dict[str, Outcome]) -> None:
    """Price alone does not close the gap; enforcement and assistance reach more; only insured employees become formal."""
    quo = outcomes["lao-l0"]
    gain = {name: at(o, "members") - at(quo, "members") for name, o in outcomes.items()}
    assert gain["lao-l0"] == 0
    assert gain["lao-l1"] > 3 * gain["lao-l4"]  # enforcement in formal enterprises, against a subsidy of a third
    assert gain["lao-l5"] > gain["lao-l4"] > gain["lao-l3"] > 0
    assert gain["lao-l7"] == gain["lao-l8"] == gain["lao-l10"] == 0
    share = at(outcomes["lao-l4"], "members", V) / at(outcomes["lao-l4"], "legal_voluntary", V)
    assert share < 0.049  # the page: even a full subsidy gives 1.9 to 4.9 per cent of informal workers
    for name in ("lao-l3", "lao-l4", "lao-l5"):
        assert at(outcomes[name], "newly_insured") == 0
    assert at(outcomes["lao-l8"], "liability.0.03") > 1.1 * at(quo, "liability.0.03")
    pillar = at(outcomes["lao-l10"], "tax_pillar") / outcomes["lao-l10"].ground.baseline.country.macro.gdp[2035]  # type: ignore[union-attr]
    assert 0.002 < pillar < 0.006


def test_a_frozen_ceiling_meets_an_indexed_floor(outcomes: dict[str, Outcome]) -> None:
    """With prices as forecast the floor reaches the ceiling within the horizon: contributions become a flat amount."""
    last = next(p for p in outcomes["lao-l0"].path[-1].parts if p.part.scheme == E)
    assert last.rules.floor == last.rules.ceiling == 4_500_000
    assert last.rules.held == "ceiling"
