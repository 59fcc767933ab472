"""The coverage report: tables, figures and sentences of scenarios, written to a build folder and rendered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from informality.foundation.language import say, spoken
from informality.publication import annex, coverage_figures, coverage_prose, coverage_tables
from informality.publication.building import build
from informality.publication.coverage_figures import Drawn
from informality.publication.coverage_views import CoverageViewSpec, Told, read_coverage_views
from informality.publication.inputs import ReportInputs
from informality.publication.pandoc import TEMPLATES
from informality.publication.published import publication
from informality.publication.report import absent_block, as_json, project_of
from informality.publication.table import Table, html_text, markdown_text, quarto_block, to_quarto
from informality.publication.translated import in_language, name_in

KEPT = "_build_coverage"


def build_coverage_report(
    inputs: ReportInputs, facts: Mapping[str, Any], source: Path, out_dir: Path, formats: Sequence[str] = ("html",)
) -> list[Path]:
    """Write ``out_dir/_build_coverage`` and a file of each format, named like ``source``; return the files written.

    ``facts``: those of :func:`informality.coverage.facts.facts_of`. Raises :class:`InformalityError` with every problem.
    """

    def write(folder: Path) -> None:
        for name, content in _files(inputs, facts, source).items():
            path = folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(content, encoding="utf-8", newline="\n")

    return build(source, out_dir, KEPT, formats, write)


def told_of(inputs: ReportInputs, facts: Mapping[str, Any]) -> Told:
    """The rows and facts with the words they are told in."""
    study = inputs.study
    survey = f"{study['survey_title']}, {study['wave_title']}, {study['agency']}"
    origin = say("Source: {survey}; scenarios of {baseline}.", survey=survey, baseline=facts["baseline"]["title"])
    pub = publication(
        inputs.results,
        inputs.labels,
        inputs.reliability,
        str(study["headline"]),
        f"{origin} {inputs.made_up_notice}".strip(),
    )
    scenarios = {s["id"]: s["title"] for s in facts["scenarios"]}
    scenarios.setdefault(str(facts["quo"]), say("Nothing changes"))
    schemes = {r["scheme"]: r["title"] for r in facts["schemes"]}
    definitions = {note.id: note.title for note in inputs.definitions}
    return Told(pub, facts, read_coverage_views(), scenarios, schemes, definitions)


def _files(inputs: ReportInputs, facts: Mapping[str, Any], source: Path) -> dict[str, str]:
    told = told_of(inputs, facts)
    text = source.read_text(encoding="utf-8-sig")
    name = name_in(source.name, spoken().code)
    files = {name: in_language(text), "report.css": (TEMPLATES / "report.css").read_text(encoding="utf-8")}
    shown: dict[str, bool] = {}
    made = coverage_tables_of(told)
    for id, (title, table) in made.items():
        shown[f"tbl-{id}"] = not isinstance(table, str)
        files[f"_tables/{id}.md"] = (
            absent_block(f"tbl-{id}", title, table) if isinstance(table, str) else to_quarto(table)
        )
    for id, (title, drawn) in _figures(told).items():
        shown[f"fig-{id}"] = not isinstance(drawn, str)
        if isinstance(drawn, str):
            files[f"_figures/{id}.md"] = absent_block(f"fig-{id}", title, drawn)
            continue
        svg, alternative, notes = drawn
        files[f"_figures/{id}.svg"] = svg
        image = f'![](_figures/{id}.svg){{fig-alt="{html_text(alternative)}"}}'
        standing = say(coverage_tables.STANDING_OF_FIGURES)
        files[f"_figures/{id}.md"] = quarto_block(f"fig-{id}", [image, ""], [*notes, standing, told.pub.source], title)
    for name, part in coverage_prose.parts(told).items():
        files[f"_parts/{name}"] = part
    files["_parts/design.md"] = annex.design(inputs.design)
    files["_parts/reliability.md"] = annex.reliability(inputs.reliability, inputs.standard)
    files["_parts/provenance.md"] = annex.provenance(inputs.provenance)
    files["_parts/banner.html"] = annex.banner(inputs.made_up_notice)
    study = {key: markdown_text(value) for key, value in inputs.study.items()}
    headline = next((n.title for n in inputs.definitions if n.id == inputs.study["headline"]), "")
    files["_variables.yml"] = as_json(
        {"study": study, "headline_definition": markdown_text(headline), **coverage_prose.variables(told)}
    )
    files["_quarto.yml"] = as_json(project_of(inputs, source, shown))
    return files


def coverage_tables_of(told: Told) -> dict[str, tuple[str, Table | str]]:
    """Every table of scenarios with its title, by name; a sentence where there is none."""
    made: dict[str, tuple[str, Table | str]] = {
        id: (say(view.title), coverage_tables.table_of_coverage(id, view, told))
        for id, view in told.words.tables.items()
    }
    return made | {
        "schemes": (say("The schemes as they are"), coverage_tables.schemes(told)),
        "take-home": (say("A newly insured employee"), coverage_tables.take_home(told)),
        "vesting": (say("Who can still earn a pension"), coverage_tables.vesting(told)),
        "variance": (say("Where the doubt comes from"), coverage_tables.variance(told)),
        "register": (say("Every number the scenarios rest on"), coverage_tables.register(told)),
        "gates": (say("Checks that every scenario passed"), coverage_tables.gates(told)),
    }


def _figures(told: Told) -> dict[str, tuple[str, Drawn | str]]:
    last, words = told.last, told.words.tables
    focus = told.scenarios[told.focus]

    def rows(view: CoverageViewSpec, title: str) -> tuple[str, Drawn | str]:
        return title, coverage_figures.rows_figure(view, told, title)

    stairs = words["changes"].model_copy(update={"indicators": ["members"], "group": ""})
    steps = words["steps"]
    regions, fifths = words["regions"], words["quintiles"]
    dearest = coverage_tables.dearest(told)
    paths = [told.quo, *coverage_tables.costing(told, [told.focus, *([dearest] if dearest else [])])]
    first = told.facts["years"]["first"]
    span = f"{last}" if first == told.facts["years"]["last"] else say("{first} to {last}", first=first, last=last)
    money = say("Cost to the State budget, per cent of the gross domestic product, {span}", span=span)
    members = say("Registered members, {span}", span=span)
    lines = list(dict.fromkeys(paths))
    return {
        "stairs": rows(stairs, say("Members that each scenario adds, {year}", year=last)),
        "steps": rows(steps, say("From the right to join to a month paid, {year}", year=last)),
        "fan-members": (
            members,
            coverage_figures.fan_figure(
                told, "coverage", "members", list(dict.fromkeys([told.quo, told.focus])), members
            ),
        ),
        "fan-cost": (money, coverage_figures.fan_figure(told, "coverage_share", "state_cost_gdp", lines, money)),
        "regions": rows(regions, say("Registered members per employed person by region, {year}", year=last)),
        "quintiles": rows(fifths, say("Registered members by fifth of people, {year}", year=last)),
        "tornado-members": (
            t := say("What moves the members added most: {scenario}, {year}", scenario=focus, year=last),
            coverage_figures.tornado_figure(told, "members", t),
        ),
        "tornado-liability": (
            t := say("What moves the pension rights added most: {scenario}, {year}", scenario=focus, year=last),
            coverage_figures.tornado_figure(told, "liability.0.03", t),
        ),
        "schedule": (say("Contributions by earnings, all payers together"), coverage_figures.schedule_figure(told)),
        "vesting": (
            say("Months that must be paid for a pension, by age of joining"),
            coverage_figures.vesting_figure(told),
        ),
        "take-home": (
            say("What becoming insured does to take-home pay and labour cost"),
            coverage_figures.take_home_figure(told),
        ),
    }
