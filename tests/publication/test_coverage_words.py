"""Sentences and numbers of the coverage report, on rows written here: expected texts by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, get_args

import numpy as np
import pandas as pd
import pytest

from informality.coverage.scheme import numbers
from informality.coverage.scheme_spec import Branch, Payer, SchemeSpec
from informality.foundation.language import Language, speaking
from informality.foundation.library import LIBRARY
from informality.foundation.specfile import load
from informality.publication.coverage_fact_tables import gates
from informality.publication.coverage_figures import key_height
from informality.publication.coverage_prose import left_out, named, words
from informality.publication.coverage_tables import table_of_coverage
from informality.publication.coverage_views import (
    CoverageViewSpec,
    Told,
    idle_words,
    read_coverage_views,
    spending,
    without_idle,
)
from informality.publication.formats import money_format, spanned
from informality.publication.published import Publication
from informality.publication.scheme_words import BRANCHES, CALLED, called, valued
from informality.publication.table import Labels, Table
from informality.tabulation.columns import COLUMNS, SCENARIO

THIN = "\u202f"


def row(value: float, unit: str, se: float, low: float, high: float, drawn: float = 0.0) -> dict[str, object]:
    return {
        "value": value, "unit": unit, "se": se, "ci_low": value - 2 * se, "ci_high": value + 2 * se,
        "lo80": low, "hi80": high, "se_parameters": drawn, "status": "assumption",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        # the draws differ by the noise of a sum only: it must not add digits, nor a range of one number
        (
            row(0.145, "share", 0.0025, 0.145, 0.145 + 1e-12, 1e-12),
            "14.5 per cent^a^ (sample 14.0 to 15.0; assumptions hardly move it)",
        ),
        (
            row(773_000, "persons", 22_700, 773_000, 773_000 + 1e-6, 1e-7),
            "773 thousand persons^a^ (sample 728 to 818; assumptions hardly move it)",
        ),
        (
            row(0.145, "share", 0.0025, 0.14, 0.15, 0.004),
            "14.5 per cent^a^ (sample 14.0 to 15.0; assumptions 14.0 to 15.0)",
        ),
        # 38 646 billion give or take 2 090: hundreds are all it supports
        (
            row(38_646e9, "LAK", 2_090e9, 27_465e9, 40_650e9, 4_000e9),
            f"LAK 38{THIN}600 billion^a^ (sample 34{THIN}500 to 42{THIN}800; assumptions 27{THIN}500 to 40{THIN}600)",
        ),
    ],
)  # fmt: skip
def test_a_number_has_the_digits_its_doubts_support(given: dict[str, object], expected: str) -> None:
    assert words(given, "LAK") == expected


def test_a_small_row_is_not_rounded_away_beside_large_ones() -> None:
    """25 billion stands beside 2 260: the smallest error, 0.5, keeps every digit of whole billions."""
    assert money_format("LAK", [150e9, 150e9, 0.5e9])(25.3e9) == "25"
    assert money_format("LAK", [3_500e9, 2_600e9])(127_909e9) == f"127{THIN}900"


def test_schemes_are_called_by_their_titles() -> None:
    told = SimpleNamespace(schemes={"lao": "The Lao scheme", "lao-voluntary": "Voluntary social security"})
    text = "from 2034 the floor of lao-voluntary would lie above its ceiling; lao-voluntary-x and lao"
    assert named(text, told) == (  # type: ignore[arg-type]
        "from 2034 the floor of voluntary social security would lie above its ceiling; lao-voluntary-x and the Lao scheme"
    )


def test_what_is_left_out_is_told_with_titles_and_marks() -> None:
    people = {"of": "earnings", "lacking": 1821, "workers": 8872, "answers": 5, "without": 0}
    facts = {
        "baseline": {"notes": ["Pensions in payment are left out."]},
        "people": [people, people | {"without": 3}, {"of": "means", "unknown": 0.314}],
        "held": [{"scheme": "lao-voluntary", "year": 2034, "at": at} for at in ("ceiling", "entry_cap")],
    }
    told = SimpleNamespace(schemes={"lao-voluntary": "Voluntary social security"}, facts=facts)
    counted = f"Earnings of 1{THIN}821 of 8{THIN}872 sampled workers are not known; each is stood for by 5 answers of similar "
    counted += "workers"
    assert left_out(told).splitlines() == [  # type: ignore[arg-type]
        "- Pensions in payment are left out.",
        f"- {counted}.",
        f"- {counted}; 3 without any similar worker cannot be taken to join.",
        "- Means are labour income per head of the household: poverty, fifths and household tests are indicative; 31 per cent of "
        "people live in households without any, whose means are not known.",
        "- Voluntary social security: from 2034 the floor would lie above the ceiling, and is held there.",
        "- Voluntary social security: from 2034 the floor would lie above the most that new members may declare, and is held "
        "there.",
    ]


def test_which_scenarios_change_the_cost_of_the_state() -> None:
    rows = pd.DataFrame(
        [
            ("state_cost", "a", 2035, 0.0), ("state_cost", "b", 2035, -3.0),
            ("state_cost", "c", 2034, 9.0), ("members", "d", 2035, 5.0),
        ],
        columns=["indicator", "scenario", "year", "value"],
    ).assign(table="coverage_change")  # fmt: skip
    told = SimpleNamespace(pub=SimpleNamespace(results=rows), last=2035)
    assert spending(told) == {"b"}  # type: ignore[arg-type]


def test_a_key_leaves_room_for_what_goes_on_in_a_second_line() -> None:
    assert key_height(["Nothing changes", "x " * 40]) == pytest.approx(0.24 + 0.24 + 0.16)


# -- scenarios that change nothing ---------------------------------------------------------------------

NAMES = {
    "quo": "Nothing changes",
    "same": "The same",
    "one": "One number moves",
    "doubt": "Only the doubt moves",
    "few": "Too few",
}


def told_of(table: str, rows: list[tuple[str, str, float, float, float]], level: str = "") -> Told:
    """Rows of (scenario, indicator or level, value, low and high of the assumptions) for persons in 2035; ``few`` is withheld."""
    frame = pd.DataFrame(rows, columns=["scenario", "of", "value", "lo80", "hi80"]).assign(
        table=table, year=2035, definition="d", scheme="all", payer="all", branch="all", unit="persons", se=1000.0, n=99,
        confidence=0.95, status="verified", indicator=level or "members",
    )  # fmt: skip
    frame["grade"] = np.where(frame["scenario"] == "few", "suppressed", "good")
    frame["ci_low"], frame["ci_high"] = frame["value"] - 2000, frame["value"] + 2000
    frame["indicator" if not level else "level1"] = frame["of"]
    frame["dim1"] = "quintile" if level else np.nan
    frame.loc[frame["grade"] == "suppressed", ["value", "ci_low", "ci_high", "lo80", "hi80"]] = np.nan
    results = frame.reindex(columns=[*COLUMNS, *SCENARIO])
    pub = Publication(results, Labels(), {"suppressed": "x"}, {"suppressed": "Not shown."}, "d", "")
    facts: dict[str, Any] = {
        "quo": "quo", "focus": "one", "years": {"first": 2024, "last": 2035}, "draws": 9, "currency": "LAK",
    }  # fmt: skip
    return Told(pub, facts, read_coverage_views(), NAMES, {})


def shown(table: Table | str) -> dict[str, list[str]]:
    assert isinstance(table, Table)
    return {group.label: [str(row[0].value) for row in group.rows] for group in table.groups}


def test_a_scenario_that_changes_nothing_is_named_below_the_table() -> None:
    view = CoverageViewSpec(
        title="T", table="coverage", indicators=["members", "active"], group="indicator", row="scenario"
    )  # fmt: skip
    noise = 1e-7  # of a sum
    rows = [
        *((s, "members", 365_000.0 + noise * (s == "same"), 1.0, 2.0) for s in ("quo", "same", "few")),
        ("one", "members", 365_001.0, 1.0, 2.0), ("doubt", "members", 365_000.0, 1.0, 2.5),
        *((s, "active", 0.0, 0.0, 0.0) for s in ("quo", "same", "doubt", "few")), ("one", "active", 5.0, 5.0, 5.0),
    ]  # fmt: skip
    told = told_of("coverage", rows)
    members, active = told.words.indicators["members"], told.words.indicators["active"]
    table = table_of_coverage("t", view, told)
    assert shown(table) == {
        members: ["Nothing changes", "One number moves", "Only the doubt moves", "Too few"],
        active: ["Nothing changes", "One number moves", "Too few"],
    }
    assert isinstance(table, Table) and table.notes[:2] == (
        f"Under “{members}” the same as “Nothing changes”, and left out: The same.",
        f"Under “{active}” the same as “Nothing changes”, and left out: The same; Only the doubt moves.",
    )
    assert shown(table_of_coverage("t", view, told, whole=True)) == {
        members: [*NAMES.values()],
        active: [*NAMES.values()],
    }


def test_of_changes_those_are_left_out_that_are_nought_with_all_their_doubt() -> None:
    view = CoverageViewSpec(
        title="T", table="coverage_change", scenarios="changing", indicators=["members"], row="scenario"
    )
    rows = [("same", "members", 0.0, 0.0, 0.0), ("doubt", "members", 0.0, -1.0, 0.0), ("one", "members", 7.0, 7.0, 7.0)]
    rows.append(("few", "members", 0.0, 0.0, 0.0))  # withheld: nobody may be told that it is nought
    told = told_of("coverage_change", rows)
    told.pub.results[["ci_low", "ci_high"]] = np.nan
    found, idle = without_idle(view, told)
    assert (list(found["scenario"]), idle) == (["one", "doubt", "few"], {(): ["same"]})
    assert idle_words(idle, told) == ["The same as “Nothing changes”, and left out: The same."]
    told = told_of("coverage_change", rows[:1])
    told.pub.results[["ci_low", "ci_high"]] = np.nan
    nothing = table_of_coverage("t", view, told)
    assert nothing == "No scenario of this study changes anything here."


def test_a_scenario_with_rows_of_its_own_is_left_out_as_a_whole_or_not_at_all() -> None:
    view = CoverageViewSpec(
        title="T", table="coverage_by", indicators=["state_support"], by=["quintile"], group="scenario", row="level",
        nonzero="yes",
    )  # fmt: skip
    levels = ("q1", "q2")
    rows = [(s, q, float(s == "one" and q == "q2"), 0.0, 0.0) for s in ("quo", "same", "one", "few") for q in levels]
    told = told_of("coverage_by", rows, "state_support")
    table = table_of_coverage("t", view, told)
    assert shown(table) == {
        "One number moves": ["Poorest fifth", "Second fifth"],
        "Too few": ["Poorest fifth", "Second fifth"],
    }
    assert isinstance(table, Table)
    assert table.notes[0] == "The same as “Nothing changes”, and left out: The same."
    without = told_of("coverage_by", [row for row in rows if row[0] in ("one", "few")], "state_support")
    table = table_of_coverage("t", view, without)  # the results have no rows of those who get nothing
    assert isinstance(table, Table)
    assert table.notes[0] == "The same as “Nothing changes”, and left out: The same; Only the doubt moves."


# -- rules of schemes ----------------------------------------------------------------------------------


def test_rules_of_schemes_are_told_with_the_marks_of_the_language() -> None:
    rules: list[tuple[dict[str, Any], str, str]] = [
        (
            {"rule": "contribution", "of": "self", "value": 0.09, "parts": {"pension": 0.05, "short_term": 0.015}},
            "Contribution of the member",
            "9 % (pension 5, short-term 1.5)",
        ),
        (
            {"rule": "limit", "of": "floor", "value": 1_200_000.0, "year": 2026},
            "Floor of monthly earnings, 2026",
            f"1{THIN}200{THIN}000",
        ),
        (
            {"rule": "old_age", "of": "accrual", "value": 0.02, "unit": "share of pay"},
            "Pension earned by a year paid",
            "0.02 share of pay",
        ),
        (
            {"rule": "benefit", "of": "Sickness", "value": 0.6, "days": 10.0, "months": 3, "window": 12},
            "Benefit: sickness",
            "60 % of the base for 10 days, after 3 of 12 months",
        ),
        ({"rule": "pension_age", "of": "female", "value": 55.0}, "Pension age, women", "55"),
    ]  # fmt: skip
    assert [(called(rule), valued(rule)) for rule, *_ in rules] == [(name, value) for _, name, value in rules]
    with speaking(Language("xx", "Test", ",", ".", {"Contribution of the member": "Cuota"})):
        assert (called(rules[0][0]), valued(rules[0][0])) == ("Cuota", "9 % (pension 5, short-term 1,5)")
        assert valued(rules[1][0]) == "1.200.000"


def test_every_rule_that_a_scheme_may_have_has_a_name() -> None:
    assert set(get_args(Branch)) == set(BRANCHES)
    assert {f"contribution.{payer}" for payer in get_args(Payer)} <= set(CALLED)
    for path in (LIBRARY / "schemes").glob("*.yml"):
        benefits = load(path, SchemeSpec).spec.benefits
        named = [] if benefits.old_age is None else [f"old_age.{name}" for name, _ in numbers(benefits.old_age)]
        assert set(named) <= set(CALLED), path.name


def test_texts_that_differ_in_numbers_only_are_told_once() -> None:
    texts = [
        "open: 1,105 persons of 3",
        "open: 50 persons of 3",
        "gap 2.9e-16",
        "other",
        "gap 0.0e+00",
        "open: 131 persons of 3",
    ]
    assert spanned(texts) == ["open: 50 to 1,105 persons of 3", "gap 0.0e+00 to 2.9e-16", "other"]


def test_checks_name_scenarios_and_schemes_in_words_and_each_comparison_once() -> None:
    found = [
        {"number": n, "title": "T", "evidence": e, "scenario": s, "passed": s != "c"}
        for n, e in ((6, ["members, each: differs by 1e-16"]), (2, ["lao-voluntary: 3 rates"]))
        for s in ("a", "b", "c")
    ]
    found.append({"number": 6, "title": "T", "evidence": ["state_cost, each: same"], "scenario": "a", "passed": True})
    found += [{"number": 7, "title": "T", "evidence": ["last"], "scenario": s, "passed": True} for s in ("a", "b")]
    told = SimpleNamespace(
        facts={"gates": found}, scenarios={"a": "Ay", "b": "Be", "c": "See"}, schemes={"lao-voluntary": "The scheme"},
        words=SimpleNamespace(indicators={"members": "Members", "state_cost": "Cost"}),
    )  # fmt: skip
    rows = [[cell.value for cell in row] for group in gates(told).groups for row in group.rows]  # type: ignore[arg-type]
    assert rows == [
        ["The scheme: 3 rates", "All scenarios", "No"],
        ["Members, each: differs by 1e-16", "All scenarios", "No"],
        ["Cost, each: same", "Ay", "Yes"],
        ["Last", "All but: See", "Yes"],
    ]
