"""The SQL of every definition gives what the classifier gives: outcome, deciding rule and whether assumed, on every row.

Authority: DuckDB, and SQLite for one of each, which share nothing with our evaluation of a table. Tried on the kinds of case of
``cases.py`` under several choices of the options and with questions left out, with random second jobs; on the
made-up Lao survey; and on Ecuador's file.
"""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType

import duckdb
import numpy as np
import pandas as pd
import pytest

from informality.classification.classify import classify
from informality.classification.definition import Definition
from informality.classification.person import SUFFIX, person_steps
from informality.classification.second_job import HAS_SECOND, inputs_of
from informality.classification.sql import to_sql
from informality.foundation.grammar import MISSING, REASON
from informality.foundation.library import LIBRARY, find
from informality.foundation.schema import Schema
from informality.steps import read_harmonised
from informality.survey.profile import read_profile

Read = Callable[..., Definition]
DEFINITIONS = sorted(path.stem for path in (LIBRARY / "definitions").glob("*.yml"))
ROWS = 1500


def none(frame: pd.DataFrame) -> pd.DataFrame:
    """The same frame with None for whatever is missing, and words as plain text."""
    return frame.astype(object).where(frame.notna(), None)


def by_duckdb(query: str, workers: pd.DataFrame) -> pd.DataFrame:
    with duckdb.connect(config={"threads": 1}) as database:
        database.register("workers", workers)
        return database.execute(query).df()


def by_sqlite(query: str, workers: pd.DataFrame) -> pd.DataFrame:
    database = sqlite3.connect(":memory:")
    none(workers).to_sql("workers", database, index=False)
    done = database.execute(query)
    found = pd.DataFrame(done.fetchall(), columns=[c[0] for c in done.description])
    database.close()
    return found


def same(
    workers: pd.DataFrame,
    definition: Definition,
    asked: Iterable[str],
    engine: Callable[[str, pd.DataFrame], pd.DataFrame] = by_duckdb,
) -> int:
    """Hold the query against the classifier; the number of rows with an outcome that is not determinable."""
    known = frozenset(asked)
    ours = none(classify(workers, definition, known)).set_axis(workers["person_id"])
    found = engine(to_sql(definition, known), workers).set_index("person_id").loc[ours.index]
    steps = {s.decides: s for s in (*definition.steps, *person_steps())}
    assumed = {c: f"{c.removesuffix('.rule')}.assumed" for c in ours if c.endswith(".rule")}
    assert set(found) == set(ours) | set(assumed.values())
    for column in ours:
        assert none(found[[column]])[column].tolist() == ours[column].tolist(), column
    for rule, flag in assumed.items():
        step = steps[rule.removeprefix(f"{definition.id}.").removesuffix(".rule").removesuffix(SUFFIX)]
        by_rule = {r.id: int(r.assumed) for r in step.rules}
        said = none(found[[flag]])[flag].tolist()
        assert said == [None if r is None else by_rule[r] for r in ours[rule]], flag
    return int(sum((ours[c] == "not_determinable").any() for c in ours))


def with_second_jobs(frame: pd.DataFrame, definition: Definition, rng: np.random.Generator) -> pd.DataFrame:
    """Random answers about the second job, and identifiers."""
    schema, n = definition.schema, len(frame)
    added: dict[str, object] = {"person_id": [f"p{i}" for i in range(n)]}
    wanted = [HAS_SECOND]
    for name in inputs_of(schema, definition.variables()):
        second = name + SUFFIX
        of_second = second in schema.variables and schema[second].derived is None
        wanted += [second] if of_second else [] if name in frame else [name]
    for name in wanted:
        if schema[name].spec.kind == "number":
            numbers = rng.choice([1, 4, 5, 6, 10, np.inf, np.nan], size=n)
            added[name] = numbers
            added[name + REASON] = pd.Categorical(np.where(np.isnan(numbers), rng.choice(MISSING, n), None), MISSING)
        elif name != "worker":
            words = schema[name].grammar.categories
            added[name] = pd.Categorical(rng.choice(words, size=n), categories=words)
    return pd.concat([frame, pd.DataFrame(added, index=frame.index)], axis=1)


@pytest.mark.parametrize("name", DEFINITIONS)
def test_equals_the_classifier_on_every_kind_of_case(name: str, schema: Schema, read: Read, kinds: ModuleType) -> None:
    rng = np.random.default_rng(4)
    every = frozenset(schema.grammar)
    variants = list(itertools.islice(kinds.cases(read(name)), 3))
    undetermined = 0
    for turn, (definition, values, rows) in enumerate(variants * 2 if len(variants) == 1 else variants):
        rows = rows[rng.permutation(len(rows))[:ROWS]]
        workers = with_second_jobs(kinds.harmonised(values, rows, definition, schema), definition, rng)
        needed = sorted({n for needs in definition.needs.values() for need in needs for g in need.groups for n in g})
        left_out = (needed, [], [n for n in needed if rng.random() < 0.5])[turn]
        undetermined += same(workers, definition, every - set(left_out))
    assert undetermined  # with what it needs left out, there has to be something that cannot be told


@pytest.mark.parametrize("name", ["cri-ece", "ilo-17icls"])
def test_equals_the_classifier_in_sqlite(name: str, schema: Schema, read: Read, kinds: ModuleType) -> None:
    rng = np.random.default_rng(5)
    definition, values, rows = next(iter(kinds.cases(read(name))))
    rows = rows[rng.permutation(len(rows))[:300]]
    workers = with_second_jobs(kinds.harmonised(values, rows, definition, schema), definition, rng)
    assert same(workers, definition, set(schema.grammar) - {"social_security", "registered"}, by_sqlite)


def test_equals_the_classifier_on_the_made_up_survey(read: Read, tmp_path: Path) -> None:
    from informality.survey.synthetic import write_survey

    profile = read_profile(find("surveys", "lao-demo"))
    wave = next(iter(profile.spec.waves))
    spec = profile.spec.waves[wave]
    write_survey(LIBRARY / "synthetic" / f"{spec.made_by}.yml", tmp_path / spec.file, None)
    survey = read_harmonised(profile, wave, tmp_path / spec.file, "13")
    for name in ("ilo-17icls", "lao-lfs2017", "ilo-21icls"):
        same(survey.frame, read(name), survey.asked)


def test_equals_the_classifier_on_ecuador(read: Read, shared: Path) -> None:
    profile = read_profile(find("surveys", "ecu-enemdu"))
    wave = next(iter(profile.spec.waves))
    (path,) = (shared / "data").rglob(profile.spec.waves[wave].file)
    survey = read_harmonised(profile, wave, path, profile.spec.bases[0])
    for name in ("ilo-17icls", "ecu-sector"):
        same(survey.frame, read(name), survey.asked)


def test_a_query_says_what_it_rests_on(read: Read, schema: Schema) -> None:
    definition = read("cri-ece", dont_know="left_open")
    query = to_sql(definition, set(schema.grammar) - {"books"})
    assert query.startswith("-- Informal employment, Costa Rica")
    assert "-- Option dont_know: left_open (leaves the job open)" in query
    assert "-- The survey does not ask: Bookkeeping (books)." in query
    assert "-- Formal job: social security is deducted [INEC]\n" in query
    assert '"E4"' not in query and "THEN 'E4'" in query


def test_words_of_a_file_cannot_end_a_comment_or_a_literal(read: Read) -> None:
    from informality.classification.sql_words import comment, literal, name

    assert comment("one\n; DROP TABLE workers") == "-- one ; DROP TABLE workers\n"
    assert literal("d'accord") == "'d''accord'"
    assert name('a"b') == '"a""b"'
    assert name("group") == '"group"' and name("status_2") == "status_2"
