"""The 68 definition vectors (reference page, section 8), by the vectorised path and by the plain reading."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from informality.classification.classify import NOT_DETERMINABLE, classify, column
from informality.classification.definition import Definition, decide_one
from informality.foundation.grammar import REASON
from informality.foundation.schema import Schema

Harmonise = Callable[[pd.DataFrame, Schema], pd.DataFrame]
Read = Callable[..., Definition]


def test_17th_icls_columns(vectors: pd.DataFrame, schema: Schema, harmonised: Harmonise, read: Read) -> None:
    rule = read("ilo-17icls")
    out = classify(harmonised(vectors, schema), rule, schema.grammar)
    got = pd.DataFrame(
        {"id": vectors["id"], **{s: out[column(rule.id, s)].astype(str) for s in ("unit", "job", "component")}}
    )
    expected = vectors[["id", "sector_17", "job_17", "component_17"]].set_axis(got.columns, axis=1)
    pd.testing.assert_frame_equal(got, expected, check_dtype=False)


def test_lao_column(vectors: pd.DataFrame, schema: Schema, harmonised: Harmonise, read: Read) -> None:
    """The Lao column was made with size cut 5, which is the default of the definition."""
    rule = read("lao-lfs2017")
    out = classify(harmonised(vectors, schema), rule, schema.grammar)
    got = out[column(rule.id, "unit")].astype(str) + "/" + out[column(rule.id, "job")].astype(str)
    pd.testing.assert_series_equal(got, vectors["lao2017_ilo"], check_names=False, check_dtype=False)


def test_nothing_known_is_flagged(vectors: pd.DataFrame, schema: Schema, harmonised: Harmonise, read: Read) -> None:
    """E09 (social security and leave not asked) and X02 are informal by an assumed rule."""
    rule = read("ilo-17icls")
    out = classify(harmonised(vectors, schema), rule, schema.grammar)
    assumed = {r.id for r in rule.step("job").rules if r.assumed}
    deciding = out[column(rule.id, "job", rule=True)].astype(str)
    flagged = set(vectors["id"][deciding.isin(assumed)])
    assert {"E09", "X02"} <= flagged
    assert "E04" not in flagged  # social security "no" decides, nothing is assumed


def test_nodes_agree(vectors: pd.DataFrame, schema: Schema, harmonised: Harmonise, read: Read) -> None:
    """The deciding rule carries the name of the node in the ILO chart that the vectors give."""
    rule = read("ilo-17icls")
    out = classify(harmonised(vectors, schema), rule, schema.grammar)
    recognition = out[column(rule.id, "recognition", rule=True)].astype(str)
    unit = out[column(rule.id, "unit", rule=True)].astype(str)
    job = out[column(rule.id, "job", rule=True)].astype(str)
    node = unit.where(unit.str.startswith("S"), recognition)
    for vector, sector_node, job_node in zip(vectors["node_17"], node, job, strict=True):
        want_sector, want_job = vector.split(" / ")
        assert sector_node.startswith(want_sector.split()[0].rstrip("*")), (vector, sector_node)
        assert job_node.startswith(want_job.split()[0]), (vector, job_node)


@pytest.mark.parametrize("name", ["ilo-17icls", "lao-lfs2017"])
def test_vectorised_equals_plain_reading(
    name: str, vectors: pd.DataFrame, schema: Schema, harmonised: Harmonise, read: Read
) -> None:
    rule = read(name)
    frame = harmonised(vectors, schema)
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


def test_not_asked_at_all_is_not_determinable(
    vectors: pd.DataFrame, schema: Schema, harmonised: Harmonise, read: Read
) -> None:
    """A survey without the questions gives no answer, never informal by default; what does not rest on them stands."""
    rule = read("ilo-17icls")
    frame = harmonised(vectors, schema)
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


def test_outside_the_universe_is_not_applicable(
    vectors: pd.DataFrame, schema: Schema, harmonised: Harmonise, read: Read
) -> None:
    frame = harmonised(vectors, schema)
    frame["worker"] = pd.Categorical(["no"] * len(frame), categories=schema["worker"].grammar.categories)
    out = classify(frame, read("ilo-17icls"), schema.grammar)
    assert (out["ilo-17icls.job"] == "not_applicable").all()
    assert out["ilo-17icls.job.rule"].isna().all()
