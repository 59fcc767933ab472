"""The indicators of the Resolution of 2023 and of the reference list: all there, or left out with the reason.

Authority: the lists of the reference pages (definitions 2.4; the page on the Resolution, section 5); weighted sums over
Ecuador's file worked here by hand.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from informality.classification.classify import classify
from informality.classification.definition import Definition, read_definition
from informality.classification.spec import Value
from informality.foundation.library import LIBRARY, find
from informality.inference.sampling.design import Design
from informality.steps import read_harmonised
from informality.survey.harmonise import Harmonised
from informality.survey.profile import read_profile
from informality.tabulation.plan import Plan, PlanSpec, read_plan
from informality.tabulation.reliability import read_standard
from informality.tabulation.rows import Settings
from informality.tabulation.tabulate import tabulate
from informality.tabulation.views import outcome_variables, outcomes_of_all, view

PLANS = ("indicators", "indicators-21icls")
PARAGRAPHS = {
    "128": "abcd",
    "130(a)": ("i", "ii", "iii", "iv", "v"),
    "130(b)": ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix"),
    "133": "abcd",
    "135": "abc",
}
"""Those with parts; 132, 134, 136 and 137 have none. 126, 127, 129 and 131 say how, not what."""


@pytest.fixture(scope="module")
def survey(shared: Path) -> Harmonised:
    raw = shared / "data" / "ecu_enemdu_2021q1" / "enemdu_persona_2021_01-03.sav"
    return read_harmonised(read_profile(find("surveys", "ecu-enemdu")), "2021q1", raw, "13")


def definition(name: str, survey: Harmonised, **options: Value) -> Definition:
    return read_definition(find("definitions", name), survey.schema, options=options)


def plan(name: str, survey: Harmonised, *definitions: Definition) -> Plan:
    variables = dict(survey.schema.grammar)
    for one in definitions:
        variables |= outcome_variables(one)
    return read_plan(find("tables", name), variables)


def tables(survey: Harmonised, one: Definition, name: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Workers and results."""
    frame = survey.frame
    workers = pd.concat([frame, classify(frame, one, survey.asked)], axis=1)
    design = Design.from_columns(frame["weight"], frame["stratum"], frame["psu"])
    settings = Settings("s", "ecu-enemdu", "2021q1", "verified", "logit", 0.95, read_standard("ilostat-cv"))
    seen = view(workers, one, survey.schema, survey.asked)
    return workers, tabulate(plan(name, survey, one), [seen], one.id, design, settings)


def specs() -> list[PlanSpec]:
    from informality.foundation.specfile import load

    return [load(LIBRARY / "tables" / f"{name}.yml", PlanSpec).spec for name in PLANS]


def named() -> str:
    """Every note and every reason for leaving out, in one text."""
    notes = [i.note or "" for spec in specs() for i in spec.indicators.values()]
    return "; ".join([*notes, *(f"{k}: {v}" for spec in specs() for k, v in spec.left_out.items())])


def test_every_indicator_of_both_lists_is_there_or_left_out_with_a_reason() -> None:
    text = named()
    for number in range(1, 26):
        assert re.search(rf"I{number:02d}\b", text) or _within_a_range(f"I{number:02d}", text), number
    for paragraph, parts in PARAGRAPHS.items():
        for part in parts:
            assert f"{paragraph}({part})" in text or _within_parts(paragraph, part, tuple(parts), text), (
                paragraph,
                part,
            )
    for paragraph in ("132", "134", "136", "137", "Table 3"):
        assert paragraph in text


def _within_a_range(code: str, text: str) -> bool:
    """``I06 to I09`` and ``I06 to I08`` hold I07."""
    return any(first <= code <= last for first, last in re.findall(r"(I\d\d) to (I\d\d)", text))


def _within_parts(paragraph: str, part: str, parts: tuple[str, ...], text: str) -> bool:
    """``133(a)-(b)`` holds (b); ``130(a)(iv)-(v)`` holds (v)."""
    for first, last in re.findall(rf"{re.escape(paragraph)}\((\w+)\)-\((\w+)\)", text):
        if parts.index(first) <= parts.index(part) <= parts.index(last):
            return True
    return False


def test_every_indicator_is_shown_in_some_table() -> None:
    for spec in specs():
        shown = {name for table in spec.tables.values() for name in table.indicators}
        assert shown == set(spec.indicators)
        assert all(i.note for i in spec.indicators.values())


def test_the_plans_do_not_share_names_with_the_core_tables() -> None:
    """A study may use them together: labels are kept by name."""
    from informality.foundation.specfile import load

    core = load(LIBRARY / "tables" / "core.yml", PlanSpec).spec
    for spec in specs():
        assert not set(spec.tables) & set(core.tables)
        assert not set(spec.universes) & set(core.universes)
        assert not set(spec.indicators) & set(core.indicators)


@pytest.fixture(scope="module")
def seventeenth(survey: Harmonised) -> tuple[pd.DataFrame, pd.DataFrame]:
    return tables(survey, definition("ilo-17icls", survey), "indicators")


def test_what_ecuador_did_not_ask_is_named(seventeenth: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    _, rows = seventeenth
    open_rows = rows[rows["grade"] == "not_determinable"]
    notes = open_rows.groupby("indicator")["note"].first()
    for indicator, question in {
        "contractor_rate": "Status in employment (ICSE-18)",
        "status_18_in_informal": "Status in employment (ICSE-18)",
        "employees_with_sick_leave": "Paid sick leave",
        "employees_with_written_contract": "Contract",
        "agreement": "Contract",
        "number_of_protections": "Paid sick leave",
        "below_minimum": "Earns less than the minimum wage",
        "in_a_union": "Member of a union or workers' organisation",
        "under_an_agreement": "Covered by a collective agreement",
        "poor_workers": "Household below the national poverty line",
    }.items():
        assert notes[indicator] == f"the survey did not ask: {question}", indicator
        assert rows.loc[rows["indicator"] == indicator, "value"].isna().all()
    assert rows.loc[(rows["table"] == "exposure") & (rows["dim1"] == "poor"), "note"].tolist() == [
        "the survey did not ask: Household below the national poverty line"
    ]
    # asked of the second job: registration and books of the unit; not asked: social security, so employees are open
    assert "were not asked of" in notes["any_informal_job"]


def test_what_ecuador_asked_has_its_value(seventeenth: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    """Weighted sums by hand over the classified file."""
    workers, rows = seventeenth
    employed = (workers["employed"] == "yes").to_numpy()
    informal = (workers["ilo-17icls.job"] == "informal").to_numpy() & employed
    w = workers["weight"].to_numpy()

    def value(table: str, indicator: str, level: str | None = None) -> float:
        here = rows[(rows["table"] == table) & (rows["indicator"] == indicator)]
        here = here[here["level1"].isna() if level is None else here["level1"].eq(level) & here["dim2"].isna()]
        assert len(here) == 1, (table, indicator, level)
        return float(here["value"].iloc[0])

    assert value("extent", "informal_main_job_rate") == pytest.approx(w[informal].sum() / w[employed].sum(), rel=1e-12)
    assert value("extent", "informal_main_jobs") == pytest.approx(w[informal].sum(), rel=1e-12)
    farm = (workers["agriculture"] == "agriculture").to_numpy() & employed
    assert value("extent", "informal_rate_agriculture") == pytest.approx(
        w[farm & informal].sum() / w[farm].sum(), rel=1e-12
    )
    women = (workers["sex"] == "female").to_numpy()
    assert value("distribution", "informal_by_sex", "female") == pytest.approx(
        w[informal & women].sum() / w[informal].sum(), rel=1e-12
    )
    long = (workers["hours_usual"] >= 49).to_numpy() & employed
    assert value("conditions", "hour_bands", "49_plus") == pytest.approx(w[long].sum() / w[employed].sum(), rel=1e-12)
    short = workers["underemployed"].eq("yes").to_numpy() & employed
    assert value("conditions", "share_underemployed") == pytest.approx(w[short].sum() / w[employed].sum(), rel=1e-12)
    # INEC's own share of the labour force underemployed for lack of hours would be of all active; this is of the employed
    insured = workers["own_social_security"].eq("yes").to_numpy()
    helpers = workers["authority"].eq("contributing_family").to_numpy() & employed
    assert value("insurance", "family_workers_insured") == pytest.approx(
        w[helpers & insured].sum() / w[helpers].sum(), rel=1e-12
    )


def test_second_jobs_of_own_account_workers_are_determinable(seventeenth: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    workers, _ = seventeenth
    second = workers["ilo-17icls.job_2"].astype(str)
    status = workers["status_2"].astype(str)
    holds = (workers["second_job"] == "yes").to_numpy() & (workers["worker"] == "yes").to_numpy()
    assert holds.sum() == 2_273  # p50 = 2 among persons 15 and over
    assert (second[holds & status.eq("employee")] == "not_determinable").all()
    assert second[holds & status.eq("own_account")].isin(["formal", "informal"]).all()
    assert (second[holds & status.eq("contributing_family")] == "informal").all()
    assert (second[~holds] == "not_applicable").all()


def test_the_tables_of_the_resolution(survey: Harmonised) -> None:
    one = definition(
        "ilo-21icls",
        survey,
        dc_protection_rule="require_social_insurance",
        cfw_arrangement_exists="no",
        unit_not_known="informal",
    )
    workers, rows = tables(survey, one, "indicators-21icls")
    cells = rows[(rows["indicator"] == "table_3") & rows["dim2"].isna()].set_index("level1")["value"]
    assert cells.sum() == pytest.approx(1, rel=1e-12)
    employed = (workers["employed"] == "yes").to_numpy()
    w = workers["weight"].to_numpy()
    four = (workers["ilo-21icls.cell"] == "cell_4").to_numpy() & employed
    assert cells["cell_4"] == pytest.approx(w[four].sum() / w[employed].sum(), rel=1e-12)
    assert "cell_1" not in cells.index  # no dependent contractors without ICSE-18
    notes = rows[rows["grade"] == "not_determinable"].groupby("indicator")["note"].first()
    assert notes["partly_declared"] == "the survey did not ask: Social security is paid on"
    # ENEMDU counts own-use production as employment and cannot tell it apart
    assert notes["food_producers_ii"].startswith("the survey did not ask: Labour force status, 19th ICLS")


def test_answers_the_definition_wants_take_the_value_away(survey: Harmonised) -> None:
    """As the Resolution stands, unknown registration is left open, and the note says how many workers that is."""
    one = definition("ilo-21icls", survey, dc_protection_rule="require_social_insurance", cfw_arrangement_exists="no")
    workers, rows = tables(survey, one, "indicators")
    whole = rows[
        (rows["table"] == "extent") & (rows["indicator"] == "informal_main_job_rate") & rows["dim1"].isna()
    ].iloc[0]
    employed = (workers["employed"] == "yes").to_numpy()
    left = int(((workers["ilo-21icls.job"] == "not_determinable").to_numpy() & employed).sum())
    assert left > 0 and whole["grade"] == "not_determinable" and np.isnan(whole["value"])
    assert whole["note"] == f"the definition leaves {left:,} sampled persons in this group open, for want of an answer"


def test_definitions_that_decide_otherwise_share_a_plan(survey: Harmonised) -> None:
    """Only the Resolution knows "work other than employment": its tables are made for it alone, in either order."""
    old = definition("ilo-17icls", survey)
    choices: dict[str, Value] = {"dc_protection_rule": "require_social_insurance", "cfw_arrangement_exists": "no"}
    new = definition("ilo-21icls", survey, **choices)
    for order in ([old, new], [new, old]):
        merged = outcomes_of_all(order)
        assert {"formal", "informal", "not_employment", "not_determinable", "not_applicable"} == set(
            merged["job"].categories
        )
        assert merged["job"].label("not_employment") == "Work other than employment"
        read = read_plan(find("tables", "indicators-21icls"), {**survey.schema.grammar, **merged})
        indicator = read.spec.indicators["food_producers_i"]
        assert read.fits(indicator, {**survey.schema.grammar, **outcome_variables(new)})
        assert not read.fits(indicator, {**survey.schema.grammar, **outcome_variables(old)})
    frame = survey.frame
    workers = pd.concat([frame, *(classify(frame, d, survey.asked) for d in (old, new))], axis=1)
    design = Design.from_columns(frame["weight"], frame["stratum"], frame["psu"])
    settings = Settings("s", "ecu-enemdu", "2021q1", "verified", "logit", 0.95, read_standard("ilostat-cv"))
    seen = [view(workers, d, survey.schema, survey.asked) for d in (old, new)]
    rows = tabulate(read, seen, old.id, design, settings)
    made_for = rows.groupby("indicator")["definition"].unique()
    assert made_for["table_3"].tolist() == made_for["food_producers_i"].tolist() == ["ilo-21icls"]
    assert sorted(made_for["food_producers_ii"]) == ["ilo-17icls", "ilo-21icls"]  # rests on no outcome
