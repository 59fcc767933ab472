"""Second jobs and the person: the same rules over the answers about the second job (Resolution 59 to 61, 132)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from informality.classification.classify import classify
from informality.classification.definition import Definition
from informality.classification.explain import explain
from informality.classification.person import SUFFIX, person_steps
from informality.classification.second_job import of_job
from informality.foundation.grammar import MISSING, NOT_ASKED
from informality.foundation.proof import prove
from informality.foundation.schema import Schema

Read = Callable[..., Definition]


def people(schema: Schema, *rows: dict[str, object]) -> pd.DataFrame:
    """Working persons; what a row does not say was not asked."""
    frame = {}
    for name, variable in schema.variables.items():
        default = {"worker": "yes"}.get(name, NOT_ASKED)
        values = [row.get(name, default) for row in rows]
        if variable.spec.kind == "number":
            frame[name] = pd.Series([np.nan if isinstance(v, str) else v for v in values], dtype=float)
            frame[f"{name}.missing"] = pd.Categorical([v if isinstance(v, str) else None for v in values], MISSING)
        elif variable.spec.kind == "category":
            categories = [*variable.grammar.categories]
            frame[name] = pd.Categorical(values, categories=categories)
    return pd.DataFrame(frame)


def second(schema: Schema, **answers: object) -> dict[str, object]:
    """Answers about a second job."""
    return {"second_job": "yes", **{name + SUFFIX: value for name, value in answers.items()}}


INSURED = {"status": "employee", "institution": "corporation", "social_security": "yes"}
VENDOR = {"status": "own_account", "institution": "private", "registered": "no", "books": "none"}


def decided(frame: pd.DataFrame, rule: Definition, schema: Schema, asked: set[str] | None = None) -> pd.DataFrame:
    out = classify(frame, rule, set(schema.grammar) if asked is None else asked)
    names = ("job", "unit_2", "job_2", "any_informal")
    return pd.DataFrame({n: out[f"{rule.id}.{n}"].astype(str) for n in names if f"{rule.id}.{n}" in out})


@pytest.mark.parametrize("name", ["ilo-17icls", "ilo-21icls", "lao-lfs2017"])
def test_a_formal_main_job_and_an_informal_second_one(name: str, schema: Schema, read: Read) -> None:
    """R24: the person counts by the formal main job of 40 hours; the vending of 10 hours is counted apart."""
    frame = people(
        schema,
        {**INSURED, **second(schema, **VENDOR)},
        {**INSURED, "second_job": "no"},
        {**VENDOR, **second(schema, **INSURED)},
        {**INSURED, **second(schema, **INSURED)},
    )
    got = decided(frame, read(name), schema)
    assert got["job"].tolist() == ["formal", "formal", "informal", "formal"]
    assert got["job_2"].tolist() == ["informal", "not_applicable", "formal", "formal"]
    assert got["any_informal"].tolist() == ["yes", "no", "yes", "no"]
    assert got["unit_2"].tolist()[0] == "informal"


def test_what_is_not_known_of_the_second_job(schema: Schema, read: Read) -> None:
    frame = people(
        schema,
        {**INSURED, "second_job": NOT_ASKED},
        {**INSURED, "second_job": "unknown"},
        {**VENDOR, "second_job": NOT_ASKED},
        {**INSURED, **second(schema, status="employee", institution="private")},
        {"worker": "no", "second_job": "no"},
    )
    got = decided(frame, read("ilo-21icls"), schema)
    assert got["job_2"].tolist()[:3] == ["not_determinable"] * 3
    assert got["any_informal"].tolist()[:3] == ["not_determinable", "not_determinable", "yes"]
    # the default is the leave test, and nothing is known: informal, marked assumed
    assert got.iloc[3].tolist() == ["formal", "not_determinable", "informal", "yes"]
    assert set(got.iloc[4]) == {"not_applicable"}


def test_questions_that_were_put_about_the_main_job_only(schema: Schema, read: Read) -> None:
    """Ecuador asks registration and books of both jobs, social security of the main one: owners can be told."""
    frame = people(
        schema,
        {**INSURED, **second(schema, **VENDOR)},
        {**INSURED, **second(schema, status="employee", institution="private")},
    )
    asked = set(schema.grammar) - {"social_security_2", "annual_leave_2", "sick_leave_2"}
    got = decided(frame, read("ilo-17icls"), schema, asked)
    assert got["job"].tolist() == ["formal", "formal"]
    assert got["job_2"].tolist() == ["informal", "not_determinable"]
    assert got["any_informal"].tolist() == ["yes", "not_determinable"]


def test_derived_variables_are_those_of_the_second_job(schema: Schema, read: Read) -> None:
    """A main job in trade with a second one on a farm: outside agriculture Paraguay counts the first, not the second."""
    frame = people(
        schema,
        {
            "status": "employee", "industry": "G", "agriculture": "non_agriculture", "institution": "private",
            "pension_contribution": "yes", **second(schema, status="own_account", industry="A", registered="no"),
        },
        {
            "status": "employee", "industry": "G", "agriculture": "non_agriculture", "institution": "private",
            "pension_contribution": "yes", **second(schema, status="own_account", industry="G", registered="no"),
        },
    )  # fmt: skip
    got = decided(frame, read("pry-ephc"), schema)
    assert got["job_2"].tolist() == ["not_applicable", "informal"]
    assert got["any_informal"].tolist() == ["no", "yes"]


def test_a_definition_of_the_sector_says_nothing_of_jobs(schema: Schema, read: Read) -> None:
    frame = people(schema, {**VENDOR, **second(schema, **VENDOR)})
    assert list(classify(frame, read("ecu-sector"), schema.grammar)) == ["ecu-sector.sector", "ecu-sector.sector.rule"]


def test_a_frame_without_second_jobs_is_one_whose_survey_did_not_ask(schema: Schema, read: Read) -> None:
    frame = people(schema, INSURED).loc[:, lambda f: [c for c in f if "_2" not in c and c != "second_job"]]
    assert decided(frame, read("ilo-17icls"), schema)["any_informal"].tolist() == ["not_determinable"]


def test_a_worker_left_open_by_a_rule_is_explained_by_it(schema: Schema, read: Read) -> None:
    """Registration not known: the rule that leaves the sector open is shown, and what rests on it."""
    rule = read("ilo-21icls")
    frame = people(
        schema, {"status": "own_account", "institution": "private", "registered": "unknown", "second_job": "no"}
    )
    worker = pd.concat([frame, classify(frame, rule, set(schema.grammar))], axis=1).iloc[0]
    reasons = {r.step: r for r in explain(worker, rule, schema)}
    assert reasons["unit"].outcome == "not_determinable"
    assert reasons["unit"].tried[-1].rule == "S10a"
    assert reasons["job"].tried[-1].rule == "J1d"
    # where nothing was asked, no rule is to blame
    asked = set(schema.grammar) - {"registered", "books"}
    worker = pd.concat([frame, classify(frame, rule, asked)], axis=1).iloc[0]
    reasons = {r.step: r for r in explain(worker, rule, schema)}
    assert reasons["unit"].tried == ()
    assert "without registration or bookkeeping" in reasons["unit"].outcome_label


def test_the_steps_on_persons_are_sound() -> None:
    assert prove(person_steps(), "person.yml") == []
    assert all(rule.why for step in person_steps() for rule in step.rules)


def test_second_job_variables_are_twins(schema: Schema) -> None:
    """Same kind and categories as the variable of the main job, and asked of those with a second job."""
    twins = [n for n in schema.variables if n.endswith(SUFFIX)]
    assert len(twins) > 20
    for name in twins:
        first, other = schema[name.removesuffix(SUFFIX)], schema[name]
        assert (first.spec.kind, first.spec.unit) == (other.spec.kind, other.spec.unit)
        assert first.grammar.categories == other.grammar.categories
        assert other.spec.block == "second_job"
        assert of_job(schema, first.name)
        if other.derived is None:
            assert other.spec.universe["second_job"] == "yes"


def test_the_variables_of_the_person_stay(schema: Schema) -> None:
    assert not any(of_job(schema, n) for n in ("age", "sex", "area", "region", "education", "labour_force_19", "poor"))
    assert all(
        of_job(schema, n)
        for n in ("status", "authority", "industry_aggregate", "agriculture", "size_group", "registered")
    )
