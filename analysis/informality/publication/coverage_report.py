"""What is published of scenarios: their words, every table and every figure, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from informality.foundation.language import say
from informality.publication import coverage_fact_tables, coverage_figures, coverage_rule_figures, coverage_tables
from informality.publication.coverage_figures import Drawn
from informality.publication.coverage_views import CoverageViewSpec, Told, read_coverage_views, spoken_words
from informality.publication.inputs import ReportInputs
from informality.publication.published import Publication
from informality.publication.table import Table
from informality.publication.tile_map import tile_figure


def told_of(inputs: ReportInputs, facts: Mapping[str, Any], whole: Publication) -> Told:
    """The rows and facts with the words they are told in. ``whole``: all results of these inputs, as they may be printed."""
    study = inputs.study
    survey = f"{study['survey_title']}, {study['wave_title']}, {study['agency']}"
    origin = say("Source: {survey}; scenarios of {baseline}.", survey=survey, baseline=say(facts["baseline"]["title"]))
    pub = replace(whole, source=f"{origin} {inputs.made_up_notice}".strip())
    scenarios = {s["id"]: say(s["title"]) for s in facts["scenarios"]}
    scenarios.setdefault(str(facts["quo"]), say("Nothing changes"))
    schemes = {r["scheme"]: say(r["title"]) for r in facts["schemes"]}
    return Told(pub, facts, spoken_words(read_coverage_views()), scenarios, schemes, str(study.get("country_code", "")))


def coverage_tables_of(told: Told, *, whole: bool) -> dict[str, tuple[str, Table | str]]:
    """Every table of scenarios with its title, by name; a sentence where there is none. ``whole``: with the rows of scenarios
    that change nothing in a table, which a report names in a line below it.
    """
    made: dict[str, tuple[str, Table | str]] = {
        id: (say(view.title), coverage_tables.table_of_coverage(id, view, told, whole=whole))
        for id, view in told.words.tables.items()
    }
    return made | {
        "schemes": (say("The schemes as they are"), coverage_fact_tables.schemes(told)),
        "take-home": (say("A newly insured employee"), coverage_fact_tables.take_home(told)),
        "vesting": (say("Who can still earn a pension"), coverage_fact_tables.vesting(told)),
        "economy": (say("Prices, wages and product"), coverage_fact_tables.economy(told)),
        "variance": (say("Where the doubt comes from"), coverage_fact_tables.variance(told)),
        "register": (say("Every number the scenarios rest on"), coverage_fact_tables.register(told)),
        "gates": (say("Checks that every scenario passed"), coverage_fact_tables.gates(told)),
    }


def coverage_figures_of(told: Told) -> dict[str, tuple[str, Callable[[], Drawn | str]]]:
    """Every figure of scenarios with its title, by name: what draws it, or says why there is none."""
    last, words = told.last, told.words.tables
    focus = told.scenarios[told.focus]

    def rows(view: CoverageViewSpec, title: str) -> tuple[str, Callable[[], Drawn | str]]:
        return title, lambda: coverage_figures.rows_figure(view, told, title)

    def fan(table: str, indicator: str, scenarios: list[str], title: str) -> tuple[str, Callable[[], Drawn | str]]:
        return title, lambda: coverage_figures.fan_figure(told, table, indicator, scenarios, title)

    def tornado(indicator: str, title: str) -> tuple[str, Callable[[], Drawn | str]]:
        return title, lambda: coverage_figures.tornado_figure(told, indicator, title)

    stairs = words["changes"].model_copy(update={"indicators": ["members"], "group": ""})
    dearest = coverage_tables.dearest(told)
    paths = [told.quo, *coverage_tables.costing(told, [told.focus, *([dearest] if dearest else [])])]
    first, shown = told.facts["years"]["first"], told.facts["years"]["shown"]
    span = f"{last}" if first == told.facts["years"]["last"] else say("{first} to {last}", first=first, last=last)
    money = say("Cost to the State budget, per cent of the gross domestic product, {span}", span=span)
    return {
        "stairs": rows(stairs, say("Members that each scenario adds, {year}", year=last)),
        "steps": rows(words["steps"], say("From the right to join to a month paid, {year}", year=last)),
        "fan-members": fan(
            "coverage",
            "members",
            list(dict.fromkeys([told.quo, told.focus])),
            say("Registered members, {span}", span=span),
        ),
        "fan-cost": fan("coverage_share", "state_cost_gdp", list(dict.fromkeys(paths)), money),
        "map": (
            say("Registered members per employed person, region by region, {year}", year=last),
            lambda: tile_figure(words["regions"], told),
        ),
        "regions": rows(words["regions"], say("Registered members per employed person by region, {year}", year=last)),
        "quintiles": rows(words["quintiles"], say("Registered members by fifth of people, {year}", year=last)),
        "tornado-members": tornado(
            "members", say("What moves the members added most: {scenario}, {year}", scenario=focus, year=last)
        ),
        "tornado-liability": tornado(
            "liability.0.03",
            say("What moves the pension rights added most: {scenario}, {year}", scenario=focus, year=last),
        ),
        "schedule": (
            say("Contributions by earnings, all payers together") + f", {shown}",
            lambda: coverage_rule_figures.schedule_figure(told),
        ),
        "vesting": (
            say("Months that must be paid for a pension, by age of joining") + f", {shown}",
            lambda: coverage_rule_figures.vesting_figure(told),
        ),
        "take-home": (
            say("What becoming insured does to take-home pay and labour cost") + f", {shown}",
            lambda: coverage_rule_figures.take_home_figure(told),
        ),
    }
