"""The 68 definition vectors (reference page, section 8), by the vectorised path and by the plain reading."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from informality.classification.classify import NOT_DETERMINABLE, classify, column
from informality.classification.definition import Definition, decide_one, read_definition
from informality.foundation.grammar import MISSING, NOT_ASKED, REASON
from informality.foundation.library import find
from informality.foundation.schema import Schema, read_schema

STATUS = {1: "employee", 2: "employer", 3: "own_account", 4: "cooperative", 5: "contributing_family", 6: "other"}
INSTITUTION = {
    "gov": "government",
    "corp": "corporation",
    "ngo": "npish",
    "intl": "international",
    "hh": "household",
    "priv": "private",
}
DESTINATION = {
    "sale": "only_sale",
    "mainsale": "mainly_sale",
    "mainown": "mainly_own",
    "onlyown": "only_own",
    "dk": "unknown",
}
BOOKS = {"full": "complete", "simple": "simplified", "records": "informal", "none": "none", "dk": "unknown"}
REGISTERED = {"yes": "yes", "process": "in_process", "no": "no", "local": "local", "dk": "unknown"}
PLACE = {"fixed": "fixed", "home": "own_home", "street": "street", "other": "other"}
ANSWER = {"yes": "yes", "no": "no", "dk": "unknown"}


@pytest.fixture(scope="module")
def schema() -> Schema:
    return read_schema()


@pytest.fixture(scope="module")
def vectors(shared: Path) -> pd.DataFrame:
    table = pd.read_csv(shared / "reference" / "definition_vectors.csv", dtype=str, keep_default_na=False)
    assert len(table) == 68
    return table


def workers(vectors: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """The vectors as a harmonised frame: omitted means not asked."""

    def words(name: str, translation: dict[str, str]) -> pd.Series:
        return vectors[name].map(lambda token: NOT_ASKED if token == "na" else translation[token])

    columns = {
        "worker": pd.Series(["yes"] * len(vectors)),
        "status": vectors["status_icse93"].map(lambda code: STATUS[int(code)]),
        "institution": words("inst", INSTITUTION),
        "destination": words("destination", DESTINATION),
        "books": words("bookkeeping", BOOKS),
        "registered": words("registration", REGISTERED),
        "place": words("place", PLACE),
        "social_security": words("ss", ANSWER),
        "annual_leave": words("annual_leave", ANSWER),
        "sick_leave": words("sick_leave", ANSWER),
    }
    frame = pd.DataFrame({n: pd.Categorical(c, categories=schema[n].grammar.categories) for n, c in columns.items()})
    size = pd.to_numeric(vectors["size"].replace("na", None))
    for name in ("size_min", "size_max"):
        frame[name] = size.astype(float)
        frame[name + REASON] = pd.Categorical(np.where(size.isna(), NOT_ASKED, None), categories=MISSING)
    return frame


def definition(name: str, schema: Schema) -> Definition:
    return read_definition(find("definitions", name), schema)


def test_17th_icls_columns(vectors: pd.DataFrame, schema: Schema) -> None:
    rule = definition("ilo-17icls", schema)
    out = classify(workers(vectors, schema), rule, schema.grammar)
    got = pd.DataFrame(
        {"id": vectors["id"], **{s: out[column(rule.id, s)].astype(str) for s in ("unit", "job", "component")}}
    )
    expected = vectors[["id", "sector_17", "job_17", "component_17"]].set_axis(got.columns, axis=1)
    pd.testing.assert_frame_equal(got, expected, check_dtype=False)


def test_lao_column(vectors: pd.DataFrame, schema: Schema) -> None:
    """The Lao column was made with size cut 5, which is the default of the definition."""
    rule = definition("lao-lfs2017", schema)
    out = classify(workers(vectors, schema), rule, schema.grammar)
    got = out[column(rule.id, "unit")].astype(str) + "/" + out[column(rule.id, "job")].astype(str)
    pd.testing.assert_series_equal(got, vectors["lao2017_ilo"], check_names=False, check_dtype=False)


def test_nothing_known_is_flagged(vectors: pd.DataFrame, schema: Schema) -> None:
    """E09 (social security and leave not asked) and X02 are informal by an assumed rule."""
    rule = definition("ilo-17icls", schema)
    out = classify(workers(vectors, schema), rule, schema.grammar)
    assumed = {r.id for r in rule.step("job").rules if r.assumed}
    deciding = out[column(rule.id, "job", rule=True)].astype(str)
    flagged = set(vectors["id"][deciding.isin(assumed)])
    assert {"E09", "X02"} <= flagged
    assert "E04" not in flagged  # social security "no" decides, nothing is assumed


def test_nodes_agree(vectors: pd.DataFrame, schema: Schema) -> None:
    """The deciding rule carries the name of the node in the ILO chart that the vectors give."""
    rule = definition("ilo-17icls", schema)
    out = classify(workers(vectors, schema), rule, schema.grammar)
    recognition = out[column(rule.id, "recognition", rule=True)].astype(str)
    unit = out[column(rule.id, "unit", rule=True)].astype(str)
    job = out[column(rule.id, "job", rule=True)].astype(str)
    node = unit.where(unit.str.startswith("S"), recognition)
    for vector, sector_node, job_node in zip(vectors["node_17"], node, job, strict=True):
        want_sector, want_job = vector.split(" / ")
        assert sector_node.startswith(want_sector.split()[0].rstrip("*")), (vector, sector_node)
        assert job_node.startswith(want_job.split()[0]), (vector, job_node)


@pytest.mark.parametrize("name", ["ilo-17icls", "lao-lfs2017"])
def test_vectorised_equals_plain_reading(name: str, vectors: pd.DataFrame, schema: Schema) -> None:
    rule = definition(name, schema)
    frame = workers(vectors, schema)
    out = classify(frame, rule, schema.grammar)
    for i in range(len(frame)):
        row = frame.iloc[i]
        known = {
            n: (row[n] if isinstance(row[n], str) else row[n + REASON] if pd.isna(row[n]) else float(row[n]))
            for n in rule.variables()
        }
        for step, (outcome, deciding) in decide_one(rule, known).items():
            assert out[column(rule.id, step)].iloc[i] == outcome
            assert out[column(rule.id, step, rule=True)].iloc[i] == deciding


def test_not_asked_at_all_is_not_determinable(vectors: pd.DataFrame, schema: Schema) -> None:
    """A survey without the questions gives no answer, never informal by default; what does not rest on them stands."""
    rule = definition("ilo-17icls", schema)
    frame = workers(vectors, schema)
    asked = set(schema.grammar) - {"social_security", "annual_leave"}
    job = classify(frame, rule, asked)[column(rule.id, "job")]
    employees = frame["status"].isin(["employee", "other"])
    assert (job[employees] == NOT_DETERMINABLE).all()
    assert (job[~employees] != NOT_DETERMINABLE).all()

    without_unit = classify(frame, rule, set(schema.grammar) - {"registered", "books", "place"})
    private = frame["institution"].isin(["private"])
    assert (without_unit[column(rule.id, "unit")][private] == NOT_DETERMINABLE).all()
    assert (without_unit[column(rule.id, "unit")][~private] != NOT_DETERMINABLE).all()
    job = without_unit[column(rule.id, "job")]
    helpers = frame["status"] == "contributing_family"
    assert (job[helpers] == "informal").all()  # informal whatever the unit
    own = frame["status"].eq("own_account") & private & frame["destination"].ne("only_own")
    assert (job[own] == NOT_DETERMINABLE).all()


def test_outside_the_universe_is_not_applicable(vectors: pd.DataFrame, schema: Schema) -> None:
    frame = workers(vectors, schema)
    frame["worker"] = pd.Categorical(["no"] * len(frame), categories=schema["worker"].grammar.categories)
    out = classify(frame, definition("ilo-17icls", schema), schema.grammar)
    assert (out["ilo-17icls.job"] == "not_applicable").all()
    assert out["ilo-17icls.job.rule"].isna().all()
