"""Scenarios over real workers of other countries: Ecuador and Costa Rica, with scheme files that are mostly assumptions.

Authority: sums over the classified workers made here with pandas, rates as published and written out by hand.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from informality import steps
from informality.coverage.baseline import read_baseline
from informality.coverage.gates import all_gates
from informality.coverage.people import grammar
from informality.coverage.policy import midyear
from informality.coverage.simulate import Study, simulate, study_of
from informality.study import Workspace, read_study

STUDIES = Path(__file__).parents[1] / "analysis" / "studies"
FOLDERS = {"ecuador-coverage": "ecu_enemdu_2021q1", "costa-rica-coverage": "cri_enaho_2020"}


@pytest.fixture(scope="module")
def ready(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Study]:
    """The classified workers of a study, read once."""
    kept: dict[str, Study] = {}  # read once, whoever asks first

    def of(name: str) -> Study:
        if name not in kept:
            study, folder = read_study(STUDIES / f"{name}.yml"), tmp_path_factory.mktemp(name)
            if not (shared / "data" / FOLDERS[name]).is_dir():
                pytest.skip(f"no survey files in {shared / 'data' / FOLDERS[name]}")
            place = Workspace(folder, data=shared / "data" / FOLDERS[name])
            raw = steps.raw_file(study.profile, study.spec.wave, place, lambda _: None, folder)
            survey = steps.read_harmonised(study.profile, study.spec.wave, raw, study.spec.basis)
            workers = steps.classified(study, survey)
            kept[name] = study_of(
                workers, steps.sample_design(study, workers), study.schema, definitions=study.definitions,
                asked=survey.asked, status=study.profile.spec.status,
            )  # fmt: skip
        return kept[name]

    return of


@pytest.mark.parametrize(
    ("name", "scheme", "totals"),
    [
        ("ecuador-coverage", "ecu-private", {"employee": 0.0945, "employer": 0.1115}),
        ("ecuador-coverage", "ecu-public", {"employee": 0.1145, "employer": 0.0915}),
        ("ecuador-coverage", "ecu-voluntary", {"self": 0.176}),
        ("costa-rica-coverage", "cri-employees", {"employee": 0.105, "employer": 0.265, "state": 0.0166}),
        ("costa-rica-coverage", "cri-independents", {"self": 0.2266}),
    ],
)
def test_rates_are_those_published(name: str, scheme: str, totals: dict[str, float]) -> None:
    study = read_study(STUDIES / f"{name}.yml")
    (baseline,) = {s.baseline.spec.id: s.baseline for s in study.scenarios[:1]}.values()
    rates = baseline.schemes[scheme].rates_at(midyear(baseline.spec.years.base))
    assert {p: pytest.approx(rates.total(p)) for p in rates.rates} == totals


def test_independents_of_costa_rica_pay_the_rate_of_their_category() -> None:
    """6.72, 9.65, 13.44, 15.67 and 18.78 per cent of their income: the published scale of April 2021."""
    study = read_study(STUDIES / "costa-rica-coverage.yml")
    scheme = read_baseline("cri", grammar(study.schema, None)).schemes["cri-independents"].spec
    assert scheme.subsidy is not None
    shares = scheme.subsidy.shares[0].shares
    pays = [0.2266 * (1 - shares[f"{n}_category"]) for n in ("first", "second", "third", "fourth")]
    assert [*pays, 0.2266 * (1 - shares["default"])] == pytest.approx(
        [0.0672, 0.0965, 0.1344, 0.1567, 0.1878], abs=5e-5
    )


def test_members_of_ecuador_are_those_of_the_survey(ready: Callable[[str], Study]) -> None:
    study = ready("ecuador-coverage")
    outcome = simulate(study, scenario="ecu-now")
    w = study.workers[study.workers["employed"] == "yes"]
    insured, public = w["social_security"] == "yes", w["institution"] == "government"
    own, tax_number = w["own_social_security"] == "yes", w["registered"] == "yes"
    alone = w["status"].isin(["own_account", "employer", "cooperative"])
    by_hand = {
        "ecu-public": w["weight"][insured & public].sum(),
        "ecu-private": w["weight"][insured & ~public].sum(),
        "ecu-independents": w["weight"][alone & own & tax_number].sum(),
    }
    for scheme, members in by_hand.items():
        assert outcome.members(2021, scheme=scheme).value[0] == pytest.approx(members)
    insured_farmers = (w["industry"] == "A") & (w["area"] == "rural")  # of another insurance
    joined = w["weight"][
        alone & own & ~tax_number & ~insured_farmers & (w["age"] >= 18) & (w["income_self"] != 0)
    ].sum()
    found = outcome.members(2021, scheme="ecu-voluntary").value[0]
    assert found == pytest.approx(joined, rel=0.1)  # take-up starts from this share, rounded
    everybody = outcome.members(2021).value[0]
    assert everybody == pytest.approx(
        sum(outcome.members(2021, scheme=s).value[0] for s in outcome.scenario.baseline.schemes)
    )


def test_the_state_pays_what_is_left_of_the_rate_in_costa_rica(ready: Callable[[str], Study]) -> None:
    """Contributions of insured independents by hand: 12 months, 85 per cent paid, declared income between floor and infinity."""
    study = ready("costa-rica-coverage")
    outcome = simulate(study, scenario="cri-now")
    w = study.workers[study.workers["employed"] == "yes"]
    assert outcome.members(2020, scheme="cri-employees").value[0] > w["weight"][w["social_security"] == "yes"].sum()
    part = next(p for p in outcome.path[0].parts if p.part.scheme == "cri-independents")
    people = outcome.ground.people
    rows, answer = part.part.rows, people.frame["income_self"].to_numpy(dtype=float)[people.person[part.part.rows]]
    told = ~np.isnan(answer) & (answer > 0)
    base = np.maximum(0.8 * answer[told], 220_964)
    tops, rates = [297_044, 639_149, 1_278_298, 1_917_447], np.array([0.0672, 0.0965, 0.1344, 0.1567, 0.1878])
    own = rates[np.searchsorted(tops, answer[told])] * base
    assert np.broadcast_to(part.due, (len(rows), 1))[told, 0] == pytest.approx(own, rel=1e-3)
    assert np.broadcast_to(part.subsidy, (len(rows), 1))[told, 0] == pytest.approx(0.2266 * base - own, rel=1e-3)
    support = outcome.figure("state_support", 2020, scheme="cri-independents").value[0]
    paid = [outcome.figure("contributions", 2020, payer=p).value[0] for p in ("employer", "employee", "self", "state")]
    assert support > 0
    assert sum(paid) == pytest.approx(outcome.figure("contributions", 2020).value[0], rel=1e-12)


@pytest.mark.parametrize(
    ("name", "scenario"), [("ecuador-coverage", "ecu-together"), ("costa-rica-coverage", "cri-one-rate")]
)
def test_gates_pass(ready: Callable[[str], Study], name: str, scenario: str) -> None:
    study = ready(name)
    gates = all_gates(study, simulate(study, scenario=scenario))
    assert [(g.number, g.passed) for g in gates] == [(i, True) for i in range(1, 9)], [g for g in gates if not g.passed]


def test_independents_who_must_join_are_not_insured_by_an_employer(ready: Callable[[str], Study]) -> None:
    outcome = simulate(ready("costa-rica-coverage"), scenario="cri-independents-insured")
    still = simulate(ready("costa-rica-coverage"), scenario="cri-now")
    assert outcome.members(2020).value[0] > still.members(2020).value[0]
    assert outcome.figure("newly_insured", 2020).value[0] == 0
    assert outcome.figure("members_voluntary", 2020).value[0] == 0


def test_means_need_households(ready: Callable[[str], Study]) -> None:
    from informality.coverage.people import people_of
    from informality.foundation.errors import InformalityError

    study = ready("ecuador-coverage")
    assert study.workers["household_id"].isna().all()
    welfare = read_baseline("cri", grammar(study.schema, None)).spec.capacity.welfare
    with pytest.raises(InformalityError, match="no households"):
        people_of(study.workers, study.design, study.schema, study.definition, welfare)
    assert isinstance(people_of(study.workers, study.design, study.schema).frame, pd.DataFrame)
