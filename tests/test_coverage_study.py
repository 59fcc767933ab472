"""A study with scenarios, all the way: rows of the one results table, what lies beside them, the report, what fails the run.

Authority: the coverage model itself asked directly (proved in ``coverage/``), the Lao record of members, pandas' own sums, and
messages written out by hand.
"""

from __future__ import annotations

import html
import json
import re
import shutil
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pypdf import PdfReader

from informality import drafting
from informality.coverage import gates
from informality.coverage.simulate import simulate, study_of
from informality.foundation.errors import ExitCode, InformalityError
from informality.foundation.language import english
from informality.pipeline import covering
from informality.pipeline.running import run_study
from informality.publication.coverage_views import read_coverage_views
from informality.steps import sample_design
from informality.study import Workspace, read_study
from informality.tabulation.columns import COLUMNS, RANGES, SCENARIO

REPOSITORY = Path(__file__).parents[1]
STUDY = """\
id: try
title: A try
survey: lao-demo
wave: "2022"
basis: "19"
definitions: [ilo-17icls, lao-lfs2017]
headline: ilo-17icls
tables: [core]
coverage:
  baseline: lao
  scenarios: [lao-l0, lao-l3, lao-l4, lao-l1]
  draws: 24
  seed: 5
  focus: lao-l4
reports: [coverage, brief]
formats: [html, pdf, review]
"""
WHOLE = {"scheme": "all", "branch": "all", "payer": "all"}


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace in which the study was run once. Not to be written to."""
    root = tmp_path_factory.mktemp("coverage-study")
    (root / "analysis" / "studies").mkdir(parents=True)
    (root / "reports").mkdir()
    (root / "analysis" / "studies" / "try.yml").write_text(STUDY, encoding="utf-8")
    for name in ("coverage", "brief"):
        shutil.copy(REPOSITORY / "reports" / f"{name}.qmd", root / "reports")
    run_study("try", Workspace(root))
    return root


@pytest.fixture(scope="session")
def everything(root: Path) -> pd.DataFrame:
    return pd.read_parquet(root / "data_clean/try/results.parquet")


@pytest.fixture(scope="session")
def results(everything: pd.DataFrame) -> pd.DataFrame:
    """The rows of scenarios."""
    return everything[everything["scenario"].notna()].reset_index(drop=True)


@pytest.fixture(scope="session")
def facts(root: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((root / "data_clean/try/coverage.json").read_text(encoding="utf-8"))
    return found


def number(results: pd.DataFrame, table: str, indicator: str, scenario: str, year: int, **more: str) -> pd.Series:
    keep = (results["table"] == table) & (results["indicator"] == indicator) & (results["scenario"] == scenario)
    keep &= (results["year"] == year) & results["dim1"].isna() & (results["definition"] == "ilo-17icls")
    for column, value in {**WHOLE, **more}.items():
        keep &= results[column] == value
    (row,) = [row for _, row in results[keep].iterrows()]
    return row


def test_rows_are_those_of_the_model_asked_directly(root: Path, results: pd.DataFrame) -> None:
    assert list(results) == [*COLUMNS, *SCENARIO]
    study = read_study(root / "analysis/studies/try.yml", Workspace(root))
    workers = pd.read_parquet(root / "data_clean/try/workers.parquet")
    annex = json.loads((root / "data_clean/try/annex.json").read_text(encoding="utf-8"))
    ready = study_of(
        workers, sample_design(study, workers), study.schema,
        definitions=study.definitions, asked=annex["asked"], status=study.profile.spec.status,
    )  # fmt: skip
    quo, match = (simulate(ready, scenario=s, draws=24, seed=5) for s in (study.scenarios[0], study.scenarios[2]))
    for indicator in ("members", "contributions", "state_cost", "liability.0.03"):
        figure = match.figure(indicator, 2035)
        row = number(results, "coverage", indicator, "lao-l4", 2035)
        low, high = figure.range(0.8)
        assert row["value"] == pytest.approx(figure.value[0], rel=1e-12)
        assert row["se"] == pytest.approx(figure.se[0], rel=1e-9)
        assert (row["lo80"], row["hi80"]) == pytest.approx((low[0], high[0]), rel=1e-12)
        change = figure - quo.figure(indicator, 2035)
        row = number(results, "coverage_change", indicator, "lao-l4", 2035)
        assert row["value"] == pytest.approx(change.value[0], rel=1e-9)
        assert row["se"] == pytest.approx(change.estimate.se[0], rel=1e-9)
        assert row["se_parameters"] == pytest.approx(change.draws.std(ddof=1), rel=1e-9)


def test_what_was_estimated_from_the_survey_stands_in_the_same_table(everything: pd.DataFrame) -> None:
    own = everything[everything["scenario"].isna()]
    assert own[list(SCENARIO)].isna().all(axis=None)
    assert "informal_employment" in set(own["indicator"])
    assert (
        not everything["table"]
        .isin(set(own["table"]) & set(everything.loc[everything["scenario"].notna(), "table"]))
        .any()
    )


def test_store_and_workbook_hold_the_scenarios(root: Path, results: pd.DataFrame) -> None:
    with closing(sqlite3.connect(root / "data_clean/try/summary.sqlite")) as store:
        what, group, printed, value = store.execute(
            "SELECT what, scenario_title || ', ' || year, printed, value FROM figures WHERE table_id = 'coverage_share' AND "
            """levels = '{"scenario": "lao-l4", "year": "2035"}' AND indicator = 'member_rate'"""
        ).fetchone()
    row = number(results, "coverage_share", "member_rate", "lao-l4", 2035)
    assert (what, group) == (
        "Registered members per employed person",
        "Low floor and a State match of 30 per cent, 2035",
    )
    assert value == pytest.approx(100 * row["value"])
    assert printed.startswith(f"{100 * row['value']:.1f} (")
    with zipfile.ZipFile(root / "reports/_output/try/tables.xlsx") as book:
        text = book.read("xl/sharedStrings.xml").decode()
    assert "What each scenario changes, 2035" in text and "Range of assumptions" in text


def test_a_row_is_known_by_what_it_is_of(results: pd.DataFrame) -> None:
    key = ["definition", "table", "indicator", "statistic", *(f"{p}{d}" for d in (1, 2, 3) for p in ("dim", "level"))]
    assert not results.duplicated([*key, *SCENARIO[:5]]).any()
    assert results[["scenario", "year", "status", "grade", "unit", "study", "survey", "wave"]].notna().all(axis=None)
    assert set(results["status"]) == {"assumption"}
    hidden = results["grade"].isin(["suppressed", "not_determinable"])
    assert results.loc[hidden, ["value", "se", "ci_low", "ci_high", *RANGES]].isna().all(axis=None)
    assert results.loc[~hidden, "value"].notna().all()
    assert set(results.loc[~hidden, "scenario"]) == {"lao-l0", "lao-l1", "lao-l3", "lao-l4"}


def test_parts_add_up(results: pd.DataFrame) -> None:
    paid = results[(results["table"] == "coverage") & (results["indicator"] == "contributions")]
    paid = paid[(paid["scenario"] == "lao-l4") & (paid["year"] == 2035)]
    inside = paid[(paid["scheme"] != "all") & (paid["branch"] != "all") & (paid["payer"] != "all")]
    assert inside["value"].sum() == pytest.approx(number(results, "coverage", "contributions", "lao-l4", 2035)["value"])
    by = results[(results["table"] == "coverage_by") & (results["scenario"] == "lao-l4") & (results["year"] == 2035)]
    whole = number(results, "coverage", "members", "lao-l4", 2035)["value"]
    for variable in ("sex", "region", "area"):
        rows = by[(by["indicator"] == "members") & (by["dim1"] == variable) & (by["scheme"] == "all")]
        assert rows["value"].sum() == pytest.approx(whole)


def test_shares_divide_what_stands_beside_them(results: pd.DataFrame) -> None:
    for year in (2024, 2035):
        members = number(results, "coverage", "members", "lao-l1", year)["value"]
        employed = number(results, "coverage_people", "employed", "lao-l1", year)["value"]
        assert number(results, "coverage_share", "member_rate", "lao-l1", year)["value"] == pytest.approx(
            members / employed
        )
    cost = number(results, "coverage", "state_cost", "lao-l4", 2025)["value"]
    share = number(results, "coverage_share", "state_cost_gdp", "lao-l4", 2025)
    assert share["value"] == pytest.approx(cost / 382_980.7e9)  # IMF, October 2025
    assert share["unit"] == "share of GDP"
    revenue = number(results, "coverage_share", "state_cost_revenue", "lao-l4", 2025)
    assert revenue["value"] == pytest.approx(cost / (382_980.7e9 * 0.16920))  # revenue 16.920 per cent of GDP, the same
    assert revenue["unit"] == "share of State revenue"


def test_those_who_may_join_are_counted_under_the_draws_too(results: pd.DataFrame) -> None:
    row = number(results, "coverage_people", "legal_voluntary", "lao-l0", 2024)
    assert row["lo80"] == row["hi80"] == pytest.approx(row["value"])
    steps = results[
        (results["table"] == "coverage_steps") & (results["scenario"] == "lao-l3") & (results["year"] == 2035)
    ]
    persons = steps.set_index("indicator")["value"]
    names = ["step_legal", "step_income", "step_burden", "step_joins", "step_pays"]
    assert persons[names].is_monotonic_decreasing
    assert (steps["lo80"] <= steps["hi80"]).all()


def test_a_nought_that_the_rules_make_is_not_hidden(results: pd.DataFrame) -> None:
    row = number(results, "coverage", "state_support", "lao-l1", 2035)
    assert (row["value"], row["grade"]) == (0.0, "good")
    assert row["note"] == "nobody has any of it in this scenario"


def test_what_lies_beside(root: Path, facts: dict[str, object]) -> None:
    draws = pd.read_parquet(root / "data_clean/try/coverage_draws.parquet")
    assert len(draws) == 24
    assert draws["takeup.beta_subsidy"].between(0.45, 1.40).all()
    one_in_each = np.sort(
        draws["claims.voluntary"].to_numpy()
    )  # uniform from 1 to 1.5: a Latin hypercube has one in each slice
    assert (np.floor((one_in_each - 1) / 0.5 * 24) == np.arange(24)).all()
    entrants = pd.read_csv(root / "data_clean/try/coverage_entrants.csv")
    assert list(entrants.columns[:4]) == ["scenario", "year", "scheme", "sex"]
    assert {(g["number"], g["passed"]) for g in facts["gates"]} == {(i, True) for i in range(1, 9)}  # type: ignore[attr-defined]
    assert {g["title"] for g in facts["gates"]} <= {t for texts in english().spec.texts.values() for t in texts}  # type: ignore[attr-defined]
    assert {g["scenario"] for g in facts["gates"]} == {"lao-l0", "lao-l1", "lao-l3", "lao-l4"}  # type: ignore[attr-defined]
    names = {(r["part"], r["name"]) for r in facts["register"]}  # type: ignore[attr-defined]
    assert {("lao", "takeup.beta_subsidy"), ("lao-voluntary", "floor"), ("lao-l3.1", "paid")} <= names


def test_lessons_are_those_of_the_reference_page(facts: dict[str, object]) -> None:
    """1.2: ceiling 5.0 times the minimum wage in 2017 and 1.8 in 2025; prices 2.3031; 1.95 and 10.36 million. 2.3: 42 %."""
    lessons: dict[str, object] = facts["lessons"]  # type: ignore[assignment]
    (ceiling, *_) = lessons["ceilings"]  # type: ignore[misc]
    assert (ceiling["ratio_then"], ceiling["ratio_now"]) == (5.0, 1.8)
    assert ceiling["prices"] == pytest.approx(2.3031, abs=5e-4)
    assert ceiling["worth"] == pytest.approx(1.95e6, rel=3e-3)
    assert ceiling["restored"] == pytest.approx(10.36e6, rel=1e-3)
    take_up: dict[str, float] = lessons["take_up"]  # type: ignore[assignment]
    assert take_up["reach"] == pytest.approx(0.42, abs=0.005)
    least = {r["year"]: r["least"] for r in lessons["least"]}  # type: ignore[attr-defined]
    assert least == {2024: pytest.approx(108_000), 2026: pytest.approx(225_000)}


def test_the_path_of_the_economy_is_told_with_its_sources(facts: dict[str, Any]) -> None:
    """IMF, World Economic Outlook, October 2025, read off the reference page; no source after 2030."""
    told = facts["economy"]
    year = {row["year"]: row for row in told["rows"]}
    assert year[2025]["gdp"] == pytest.approx(382_980.7e9) and year[2025]["growth"] == pytest.approx(0.03487)
    assert year[2030]["prices"] == pytest.approx(0.09922) and year[2030]["revenue"] == pytest.approx(0.16209)
    assert year[2035]["growth"] == 0.025 and year[2026]["minimum_wage"] == 2_500_000
    assert told["known"] == 2030 and told["sources"] == ["IMF World Economic Outlook, October 2025"]
    assert facts["mortality"]["period"] == "2025-2030"
    assert facts["pensions"] == {"real_wage": 0.02, "discount": 0.03, "mandatory": 0.85, "voluntary": 0.6}


def test_the_page_shows_both_doubts_and_where_the_numbers_come_from(root: Path, results: pd.DataFrame) -> None:
    page = html.unescape((root / "reports/_output/try/coverage.html").read_text(encoding="utf-8"))
    text = re.sub(r"<[^>]+>", " ", page)
    for party in ("Page for workers", "Page for employers", "Page for the social security organisation"):
        assert party in text
    assert "Page for the ministry of finance" in text
    assert page.count("Range of assumptions") > 15 and page.count("95% confidence interval") > 15
    row = number(results, "coverage_change", "members", "lao-l4", 2035)
    assert f"{row['value'] / 1000:.1f}" in text
    assert page.count("MADE-UP DATA") > 20
    images = re.findall(r"<img[^>]*>", page)
    assert len(images) == 11  # the figures that `reports/coverage.qmd` names; of regions the map or the rows
    assert all(len(re.search(r'alt="([^"]*)"', image)[1]) > 60 for image in images)  # type: ignore[index]


@pytest.mark.parametrize("name", ["coverage", "brief"])
def test_no_document_with_scenarios_has_a_fault_at_a_desk_or_on_a_phone(
    name: str, open_page: Callable[..., Any], root: Path
) -> None:
    assert open_page(root / f"reports/_output/try/{name}.html").faults() == {}


def test_the_brief_of_a_study_with_scenarios_has_two_sheets(root: Path) -> None:
    sheets = [page.extract_text() for page in PdfReader(root / "reports/_output/try/brief.pdf").pages]
    assert ["What extending coverage would do" in sheet for sheet in sheets] == [False, True]


def test_every_scenario_is_shown_in_a_table_or_named_below_it(root: Path, facts: dict[str, Any]) -> None:
    """Read off the page, table by table; and the workbook names each in the table itself."""
    page = html.unescape((root / "reports/_output/try/coverage.html").read_text(encoding="utf-8"))
    titles = {s["id"]: s["title"] for s in facts["scenarios"]}
    quo = titles.pop(facts["quo"])
    views = {id: v for id, v in read_coverage_views().tables.items() if v.scenarios in ("all", "changing")}
    blocks = dict(re.findall(r'<figure id="tbl-([\w-]+)"(.*?)</figure>', page, flags=re.DOTALL))
    named = 0
    for id in views.keys() & blocks.keys():
        rows, below = blocks[id].split("</table>")
        cells = [re.sub("<[^>]+>", "", cell) for cell in re.findall("<th.*?</th>", rows, flags=re.DOTALL)]
        lines = [line for line in below.split("left out: ")[1:]]
        for title in titles.values():
            assert title in cells or any(title in line.split("</p>")[0] for line in lines), f"{title} in {id}"
        named += len(lines)
    assert named > 3 and {"changes", "compared", "budget", "formal", "support"} <= blocks.keys()
    with zipfile.ZipFile(root / "reports/_output/try/tables.xlsx") as book:
        text = book.read("xl/sharedStrings.xml").decode()
    assert "left out:" not in text and all(title in text for title in (quo, *titles.values()))


def test_nothing_changed_is_not_run_again(root: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(root, tmp_path / "copy"))
    steps: list[str] = []
    run_study("try", Workspace(copy), tell=steps.append)
    assert steps == []
    study = copy / "analysis/studies/try.yml"
    study.write_text(study.read_text(encoding="utf-8").replace("title: A try", "title: Another"), encoding="utf-8")
    run_study("try", Workspace(copy), tell=steps.append)
    assert steps == [
        "drawing and rendering",
        "writing store, workbook and explorer",
        "writing files for other programs",
    ]


def test_a_gate_that_fails_stops_the_run(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = Path(shutil.copytree(root, tmp_path / "copy"))
    study = copy / "analysis/studies/try.yml"
    text = (
        study.read_text(encoding="utf-8")
        .replace("[lao-l0, lao-l3, lao-l4, lao-l1]", "[lao-l0]")
        .replace("lao-l4", "lao-l0")
    )
    study.write_text(text, encoding="utf-8")
    fault = gates.Gate(7, "Rates are rates, and units are not mixed", False, ("a rate of 1.2",))
    monkeypatch.setattr(gates, "units", lambda outcome: fault)
    before = (copy / "data_clean/try/results.parquet").read_bytes()
    with pytest.raises(InformalityError) as failure:
        run_study("try", Workspace(copy))
    assert failure.value.code == ExitCode.BENCHMARK
    (problem,) = failure.value.problems
    assert problem.what == "validation gate 7 failed: rates are rates, and units are not mixed"
    assert problem.found == "a rate of 1.2"
    assert (copy / "data_clean/try/results.parquet").read_bytes() == before


@pytest.mark.parametrize(
    ("old", "new", "what", "fix"),
    [
        ("baseline: lao", "baseline: loa", "there is no baseline of this name", "did you mean `lao`?"),
        ("lao-l1]", "lao-l15]", "there is no scenario of this name", "did you mean `lao-l"),
        ("lao-l1]", "lao-l0]", "`lao-l0` is named twice", "keep one of them"),
        (
            "lao-l1]",
            "mex-match]",
            "`mex-match` is a scenario of another baseline",
            "a study compares scenarios of one baseline",
        ),
        ("focus: lao-l4", "focus: lao-l9", "`lao-l9` is not among the scenarios", "did you mean `lao-l4`?"),
        ("lao-l3, ", "", "this study does not run `lao-l3`", "add `lao-l3` to the scenarios of the study"),
        ("draws: 24", "draw: 24", "the key `draw` is not known here", "did you mean `draws`?"),
    ],
)
def test_mistakes_in_the_key(tmp_path: Path, old: str, new: str, what: str, fix: str) -> None:
    assert STUDY.count(old) == 1
    path = tmp_path / "try.yml"
    path.write_text(STUDY.replace(old, new), encoding="utf-8")
    with pytest.raises(InformalityError) as failure:
        read_study(path, Workspace(tmp_path))
    told = [p for p in failure.value.problems if what in p.what]
    assert told, failure.value.problems
    assert fix in told[0].fix
    assert ".yml, line" in told[0].place
    assert failure.value.code == ExitCode.SPEC


def test_members_from_an_office(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An office's own file takes the place of the record: so many voluntary members there are in the survey's year."""
    copy = Path(shutil.copytree(root, tmp_path / "copy"))
    (copy / "data_raw" / "members.csv").write_text("scheme,members\nlao-voluntary,30000\n", encoding="utf-8")
    text = STUDY.replace("focus:", "members: {file: members.csv, source: the office}\n  focus:")
    text = text.replace("[lao-l0, lao-l3, lao-l4, lao-l1]", "[lao-l0]").replace("lao-l4", "lao-l0")
    (copy / "analysis/studies/try.yml").write_text(text, encoding="utf-8")
    study = read_study(copy / "analysis/studies/try.yml", Workspace(copy))
    (scenario,) = study.scenarios
    records = {tuple(e.schemes): e.members for e in scenario.baseline.spec.administrative}
    assert records == {("lao-government", "lao-enterprise"): 327_169, ("lao-voluntary",): 30_000}


# Scenario files


def test_a_new_scenario_is_one_that_holds_together(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    path = drafting.new_scenario("my-own", workspace)
    assert path == tmp_path / "analysis/scenarios/my-own.yml"
    found = drafting.check_scenario("my-own", workspace)
    assert (found.name, found.country, found.years) == ("my-own", "Lao PDR", "2024 to 2035")
    assert found.levers == (
        "Voluntary social security of the self-employed, from 2027: the State pays 30 per cent of what is due at the floor, in "
        "place of nothing. It pays 50 per cent for “Poor, near poor or neither”: Poor. It pays for at most 120 months in a life.",
    )
    assert [one.name for one in drafting.listed(workspace) if one.own] == ["my-own"]
    for name, what in (("my-own", "there is a scenario of this name already"), ("My Own", "small letters")):
        with pytest.raises(InformalityError, match=what):
            drafting.new_scenario(name, workspace)


@pytest.mark.parametrize(
    ("old", "new", "line", "what"),
    [
        ("type: subsidy", "type: subsidie", 24, "subsidie"),
        ("    base: floor", "    # base", 24, "base"),
        ("scheme: lao-voluntary", "scheme: lao-voluntar", 24, "`lao-voluntar` is not a scheme of this baseline"),
        ("poor: 0.50", "pooor: 0.50", 24, "`pooor` is not a group of this baseline"),
        ("baseline: lao ", "baseline: laos ", 0, "there is no baseline of this name"),
    ],
)
def test_a_mistake_has_its_line(tmp_path: Path, old: str, new: str, line: int, what: str) -> None:
    workspace = Workspace(tmp_path)
    path = drafting.new_scenario("wrong", workspace)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InformalityError) as failure:
        drafting.check_scenario(str(path), workspace)
    told = [p for p in failure.value.problems if what in p.what or what in p.found]
    assert told, failure.value.problems
    if line:
        found = re.search(r"line (\d+)", told[0].place)
        assert found and abs(int(found[1]) - line) <= 4
    assert failure.value.code == ExitCode.SPEC


def test_the_step_needs_its_key(root: Path) -> None:
    study = read_study(REPOSITORY / "analysis/studies/lao-demo.yml", Workspace(root))
    nothing: Callable[[str], None] = lambda text: None  # noqa: E731
    with pytest.raises(ValueError, match="has no coverage"):
        covering.cover(study, pd.DataFrame(), pd.DataFrame(), frozenset(), nothing)
