"""Classes, ways of rules, assumptions on the way and options set otherwise, each by hand on a handful of workers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from informality.classification.classify import classify
from informality.classification.definition import Definition
from informality.classification.flows import assumed, classes, ways
from informality.classification.variants import variants
from informality.foundation.schema import Schema

Read = Callable[..., Definition]
COLUMNS = [
    "status_icse93",
    "inst",
    "destination",
    "bookkeeping",
    "registration",
    "place",
    "size",
    "ss",
    "annual_leave",
    "sick_leave",
]
VECTORS = [
    ["1", "gov", "sale", "", "", "", "", "yes", "", ""],  # formal: the employer pays
    ["1", "priv", "sale", "none", "no", "", "", "dk", "yes", "dk"],  # N1f, assumed: sick leave not known
    ["3", "priv", "sale", "none", "no", "", "", "", "", ""],  # not registered
    ["3", "priv", "sale", "none", "", "fixed", "", "", "", ""],  # registration not asked, size not known: S10a, assumed
]  # fmt: skip


@pytest.fixture
def frame(harmonised: Callable[[pd.DataFrame, Schema], pd.DataFrame], schema: Schema) -> pd.DataFrame:
    return harmonised(pd.DataFrame(VECTORS, columns=COLUMNS), schema)


def test_the_way_of_an_outcome(frame: pd.DataFrame, schema: Schema, read: Read) -> None:
    definition = read("ilo-17icls")
    workers = classify(frame, definition, schema.grammar)
    found = ways(workers, definition, "job")
    assert [found.names[c] for c in found.code] == [
        "N1a",  # an employee's job rests on no earlier step
        "N1f",
        "N3b ← U3 ← S5b",
        "N3b ← S10a ← S6b",
    ]
    component = ways(workers, definition, "component")
    assert component.names[component.code[2]].split(" ← ")[1:] == ["N3b", "U3", "S5b"]  # each rule once


def test_assumed_in_the_step_and_on_the_way(frame: pd.DataFrame, schema: Schema, read: Read) -> None:
    definition = read("ilo-17icls")
    workers = classify(frame, definition, schema.grammar)
    direct, somewhere = assumed(workers, definition, "job")
    assert direct.tolist() == [False, True, False, False]
    assert somewhere.tolist() == [False, True, False, True]
    assert assumed(workers, definition, "unit")[0].tolist() == [False, False, False, True]


def test_without_a_rule_there_is_no_way(frame: pd.DataFrame, read: Read) -> None:
    """Status alone was asked: nobody's job can be told, so no rule decided anybody."""
    definition = read("ilo-17icls")
    workers = classify(frame, definition, {"status"})
    found = ways(workers, definition, "job")
    assert found.code.tolist() == [-1, -1, -1, -1]
    direct, somewhere = assumed(workers, definition, "job")
    assert not direct.any() and not somewhere.any()
    assert classes(workers["ilo-17icls.job"], "informal").tolist() == [2, 2, 2, 2]


def test_classes() -> None:
    outcome = pd.Categorical(["informal", "formal", "not_determinable", "not_applicable", "other", None])
    assert classes(outcome, "informal").tolist() == [0, 1, 2, 3, 1, 3]


def test_every_other_value_of_every_option_once(frame: pd.DataFrame, schema: Schema, read: Read) -> None:
    found = variants(read("ilo-17icls"))
    assert [(v.option, v.value) for v in found] == [
        ("size_threshold", 5.0),
        ("size_threshold", 10.0),
        ("dk_registration", "proxies"),
        ("missing_ss_rule", "either_leave"),
        ("missing_ss_rule", "count_as_no"),
        ("leave_can_override_ss_no", "yes"),
        ("no_formal_job_in_informal_sector", "yes"),
    ]
    jobs = {
        v.value: classify(frame, v.definition, schema.grammar)["ilo-17icls.job"].astype(str).tolist() for v in found
    }
    assert jobs["either_leave"][1] == "formal"  # annual leave is enough
    assert jobs["count_as_no"][1] == "informal"
    changed = read("ilo-17icls", size_threshold=10.0)
    assert [v.value for v in variants(changed) if v.option == "size_threshold"] == [5.0, 6.0]  # the default is one, too
    assert variants(read("idn-sakernas")) == ()
    unset = [v.option for v in variants(read("ilo-21icls"))]
    assert unset.count("dc_protection_rule") == 1 and unset.count("missing_ss_rule") == 3
    assert np.all([v.definition.options[v.option] == v.value for v in found])
