"""The summary store: every number as in the results table, nothing withheld, and questions answered or refused honestly."""

from __future__ import annotations

import dataclasses
import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pytest

from informality.foundation.errors import InformalityError
from informality.publication.inputs import ReportInputs
from informality.publication.lookup import look_up, understand, vocabulary, words_of
from informality.publication.published import Publication
from informality.publication.store import figures, write_store
from informality.querying import ask, run_sql
from informality.study import Workspace

HIDDEN = pd.DataFrame({"table": ["t"], "why": ["too few persons"]})


@pytest.fixture(scope="module")
def store(inputs: ReportInputs, pub: Publication, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("store") / "summary.sqlite"
    write_store(inputs, pub, HIDDEN, path)
    return path


@pytest.fixture(scope="module")
def workspace(inputs: ReportInputs, store: Path, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A project whose study ``mock`` has been run."""
    root = tmp_path_factory.mktemp("project")
    studies = root / "analysis" / "studies"
    studies.mkdir(parents=True)
    text = (Path(__file__).resolve().parents[2] / "analysis" / "studies" / "lao-demo.yml").read_text(encoding="utf-8")
    for name in ("mock", "never-run"):
        (studies / f"{name}.yml").write_text(text.replace("id: lao-demo", f"id: {name}"), encoding="utf-8")
    (root / "data_clean" / "mock").mkdir(parents=True)
    shutil.copy(store, root / "data_clean" / "mock" / "summary.sqlite")
    return Workspace(root)


def read(store: Path, sql: str) -> pd.DataFrame:
    with closing(sqlite3.connect(store)) as file:
        return pd.read_sql_query(sql, file)


def test_every_number_of_the_results_table_is_there_and_no_other(store: Path, pub: Publication) -> None:
    kept = read(store, "SELECT * FROM results ORDER BY id")
    assert len(kept) == len(pub.results)
    for column in ("value", "se", "ci_low", "ci_high", "n", "cv"):
        ours = pub.results[column].astype(float).to_numpy()
        assert pd.Series(ours).equals(kept[column].astype(float)), column
    shown = read(store, "SELECT * FROM figures ORDER BY id")
    scale = pub.results["unit"].map({"share": 100.0, "points": 100.0}).fillna(1.0)
    assert (shown["value"] - pub.results["value"] * scale).abs().max() < 1e-9
    assert shown["value"].isna().equals(pub.results["value"].isna())


def test_what_is_withheld_is_nowhere_in_the_file(store: Path, mock: ModuleType, pub: Publication) -> None:
    withheld = read(
        store, "SELECT * FROM figures JOIN results USING (id) WHERE grade IN ('suppressed', 'not_determinable')"
    )
    assert len(withheld)
    assert (withheld["printed"] == "").all()
    with closing(sqlite3.connect(store)) as file:
        names = [r[0] for r in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        everything = [
            v for n in names if not n.startswith("search") for r in file.execute(f'SELECT * FROM "{n}"') for v in r
        ]
    assert not any(isinstance(v, float) and abs(v - mock.HIDDEN) < 1e-9 for v in everything)
    assert not any(isinstance(v, float) and abs(v - 100 * mock.HIDDEN) < 1e-9 for v in everything)


def test_the_same_inputs_give_the_same_bytes(
    inputs: ReportInputs, pub: Publication, store: Path, tmp_path: Path
) -> None:
    write_store(inputs, pub, HIDDEN, tmp_path / "again.sqlite")
    assert (tmp_path / "again.sqlite").read_bytes() == store.read_bytes()


def test_numbers_are_numbers_and_a_missing_one_is_missing(store: Path) -> None:
    kinds = read(store, "SELECT DISTINCT typeof(value) AS v, typeof(sample_n) AS n FROM figures")
    assert set(kinds["v"]) <= {"real", "null"}
    assert set(kinds["n"]) <= {"integer", "null"}


def test_friendly_views_read_as_they_are_named(store: Path) -> None:
    main = read(store, 'SELECT * FROM "Main figures"')
    assert list(main.columns)[:3] == ["Figure", "Among", "Estimate"]
    assert len(main)
    assert len(read(store, 'SELECT * FROM "Not determinable"'))
    assert len(read(store, "SELECT * FROM search WHERE search MATCH 'informal AND women'"))


# -- questions in words --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def known(store: Path) -> Any:
    shown = read(store, "SELECT * FROM figures ORDER BY id")
    with closing(sqlite3.connect(store)) as file:
        return shown, words_of(file.execute("SELECT kind, name, level, words FROM words").fetchall())


@pytest.mark.parametrize(
    ("question", "where", "by"),
    [
        ("informal share, women, rural", {"sex": ["female"], "area": ["rural"]}, []),
        ("Informality of WOMEN in towns", {"sex": ["female"], "area": ["urban"]}, []),
        ("informal employment rate by region", {}, ["region"]),
        ("informalidad, mujeres", {"sex": ["female"]}, []),
        ("ນອກລະບົບ ແມ່ຍິງ", {"sex": ["female"]}, []),
        ("informality by sex and area", {}, ["sex", "area"]),
    ],
)
def test_plain_words_are_understood(known: Any, question: str, where: Any, by: Any) -> None:
    shown, words = known
    wanted = understand(question, vocabulary(shown, words))
    assert wanted.indicators[:1] == ["informal_employment"]
    assert (wanted.where, wanted.by, wanted.unknown) == (where, by, {})


def test_an_answer_is_the_row_of_the_results_table(known: Any, pub: Publication) -> None:
    shown, words = known
    wanted = understand("informal share, women", vocabulary(shown, words))
    found = look_up(shown, wanted, pub.headline, words)
    rows = pub.results
    ours = rows[
        (rows["indicator"] == "informal_employment") & (rows["dim1"] == "sex") & (rows["level1"] == "female")
        & rows["dim2"].isna() & (rows["definition"] == pub.headline) & (rows["statistic"] == "share")
    ]  # fmt: skip
    assert len(found.rows)
    assert set(found.rows["value"]) <= set(100 * ours["value"])


def test_a_word_that_means_nothing_is_named_and_the_question_not_answered(known: Any, pub: Publication) -> None:
    shown, words = known
    wanted = understand("informal share womn", vocabulary(shown, words))
    assert wanted.unknown["womn"][0] in ("women", "woman")
    found = look_up(shown, wanted, pub.headline, words)
    assert found.rows.empty
    assert any("not understood: womn" in line for line in found.understood)


def test_a_group_that_no_table_shows_is_answered_with_what_comes_near(known: Any, pub: Publication) -> None:
    shown, words = known
    wanted = understand("informal share of women by region and education", vocabulary(shown, words))
    found = look_up(shown, wanted, pub.headline, words)
    assert found.rows.empty
    assert found.near


# -- filters and SQL -----------------------------------------------------------------------------------


def test_filters_and_words_give_the_same_answer(workspace: Workspace) -> None:
    words = ask("mock", workspace, "informality women")
    filters = ask("mock", workspace, of="informal_employment", where=["sex=female"])
    pd.testing.assert_frame_equal(words.rows, filters.rows)
    assert words.source == "Source: mock"


def test_wrong_filters_are_all_told_at_once(workspace: Workspace) -> None:
    with pytest.raises(InformalityError) as failure:
        ask("mock", workspace, of="informal_emploiment", by=["sexx"], where=["sex=womn", "nothing=1"], wave="1999")
    problems = failure.value.problems
    assert [p.place for p in problems] == ["--of", "--by", "--where", "--where", "--wave"]
    assert "informal_employment" in problems[0].fix


def test_a_study_that_has_not_been_run_says_so(workspace: Workspace) -> None:
    with pytest.raises(InformalityError, match="has not been run") as failure:
        ask("never-run", workspace, "informality")
    assert failure.value.problems[0].fix == "informality run never-run"


def test_a_file_that_is_no_store_says_so(workspace: Workspace) -> None:
    path = workspace.clean("never-run")
    path.mkdir(parents=True)
    (path / "summary.sqlite").write_bytes(b"not a database, only some text")
    with pytest.raises(InformalityError, match="not a summary store"):
        ask("never-run", workspace, "informality")
    shutil.rmtree(path)


def test_sql_reads(workspace: Workspace) -> None:
    reply = run_sql("mock", workspace, "SELECT count(*) AS n FROM figures WHERE value IS NOT NULL")
    assert reply.rows["n"][0] > 0
    assert len(run_sql("mock", workspace, "SELECT what FROM search WHERE search MATCH 'women'").rows)


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TABLE figures",
        "INSERT INTO figures (id) VALUES (0)",
        "UPDATE figures SET value = 0",
        "ATTACH 'other.sqlite' AS other",
        "PRAGMA query_only = 0",
        "PRAGMA writable_schema = 1",
        "VACUUM INTO 'copy.sqlite'",
        "CREATE TEMP TABLE t (x)",
        "SELECT load_extension('x')",
        "SELECT readfile('/etc/passwd')",
        "SELECT writefile('x', 'y')",
        "SELECT 1; DROP TABLE figures",
        "nonsense",
        "",
    ],
)
def test_sql_can_do_nothing_but_read(workspace: Workspace, sql: str) -> None:
    path = workspace.clean("mock") / "summary.sqlite"
    before = path.read_bytes()
    if sql:
        with pytest.raises(InformalityError, match="cannot be run"):
            run_sql("mock", workspace, sql)
    else:
        assert run_sql("mock", workspace, sql).rows.empty
    assert path.read_bytes() == before
    assert sorted(p.name for p in path.parent.iterdir()) == ["summary.sqlite"]


def test_figures_hold_text_as_it_is(pub: Publication, mock: ModuleType) -> None:
    named = figures(pub)
    assert any(mock.NASTY in text for text in named["group_name"])
    assert json.loads(named["levels"].iloc[-1]) is not None


# -- scenarios -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def foreseen(
    inputs: ReportInputs, pub: Publication, workspace: Workspace, tmp_path_factory: pytest.TempPathFactory
) -> Workspace:
    """A study ``foreseen`` that also holds three scenarios by two years, in persons and in money, and what each adds."""
    row = pub.results[(pub.results["statistic"] == "total") & (pub.results["unit"] == "persons")].head(1)
    made = []
    for scenario, more in (("now", 0.0), ("ceiling", 10.0), ("both", 50.0)):
        for year in (2024, 2035):
            for indicator, unit, size in (("members", "persons", 1e3), ("state_cost", "LAK", 1e9)):
                value, at = (100 + (more if year == 2035 else 0)) * size, 5 * size
                one = row.assign(
                    indicator=indicator, unit=unit, universe=None, grade="good", status="assumption", scenario=scenario,
                    year=year, scheme="all", branch="all", payer="all", value=value, se=at, ci_low=value - 2 * at,
                    ci_high=value + 2 * at, lo80=value - 3 * at, hi80=value + 3 * at, se_parameters=2 * at, dim1=None,
                    level1=None, dim2=None, level2=None, definition=pub.headline,
                )  # fmt: skip
                made += [one, one.assign(statistic="difference", value=value - 100 * size)]
    results = pd.concat([pub.results, *made], ignore_index=True).astype({"year": "Int64"})
    titles = {"now": "Nothing changes", "ceiling": "The ceiling by its rule", "both": "Ceiling and domestic workers"}
    labels = dataclasses.replace(pub.labels, levels={**pub.labels.levels, "scenario": titles})
    folder = workspace.root / "data_clean" / "foreseen"
    folder.mkdir()
    every = dataclasses.replace(pub, results=results, labels=labels)
    write_store(inputs, every, HIDDEN, folder / "summary.sqlite", "now")
    study = workspace.root / "analysis" / "studies"
    text = (study / "mock.yml").read_text(encoding="utf-8")
    (study / "foreseen.yml").write_text(text.replace("id: mock", "id: foreseen"), encoding="utf-8")
    return workspace


def test_scenarios_are_asked_for_by_the_words_of_their_titles(foreseen: Workspace) -> None:
    def answer(question: str) -> tuple[str, list[list[str]]]:
        reply = ask("foreseen", foreseen, question)
        return reply.title, reply.rows.astype(str).to_numpy().tolist()

    title, rows = answer("members status quo 2024")
    assert title.endswith("Nothing changes, 2024")
    assert [row[1] for row in rows] == ["100 (90 to 110) thousand persons; assumptions 85 to 115"]
    title, rows = answer("state cost ceiling")
    assert title.endswith(", 2035"), "no year is named: the last one, and it is said"
    assert [row[0] for row in rows] == ["The ceiling by its rule", "Ceiling and domestic workers"]
    assert [row[2] for row in rows] == [
        "110 (100 to 120) LAK billion; assumptions 95 to 125", "150 (140 to 160) LAK billion; assumptions 135 to 165",
    ]  # fmt: skip
    title, rows = answer("members domestic 2035")
    assert (title.split(", ")[-2:], len(rows)) == (["Ceiling and domestic workers", "2035"], 1)
    _, rows = answer("members gained domestic 2035")
    assert [row[1].split()[0] for row in rows] == ["50"]
    _, rows = answer("informal share women")
    assert rows, "what was estimated from the survey is found as before"


def test_a_view_shows_scenarios_with_both_their_doubts(foreseen: Workspace) -> None:
    shown = run_sql("foreseen", foreseen, 'SELECT * FROM "Scenarios" WHERE "Year" = 2035').rows
    assert len(shown) == 12
    first = shown.iloc[0]
    assert (first["Value"], first["Lower"], first["Assumptions: from"], first["Weakest source"]) == (
        100e3, 90e3, 85e3, "assumption",
    )  # fmt: skip
