"""The outcomes that missing answers leave open equal all completions tried one by one, by a program that shares nothing.

The brute force below completes the answers of one worker at a time in the order of the schema, derives what is derived
anew, and reads the rules row by row (``decide_one``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from informality.classification.classify import NOT_DETERMINABLE, classify, column
from informality.classification.definition import Definition, decide_one
from informality.classification.reach import reachable
from informality.foundation.grammar import MISSING, NOT_APPLICABLE, NOT_ASKED, REASON, UNKNOWN
from informality.foundation.library import LIBRARY
from informality.foundation.reading import trace
from informality.foundation.schema import Schema

Read = Callable[..., Definition]
DEFINITIONS = sorted(path.stem for path in (LIBRARY / "definitions").glob("*.yml"))
SIZES = (1.0, 4.0, 5.0, 6.0, 9.0, 10.0, 11.0, 30.0, 31.0, 99.0, 100.0, 200.0)
"""On and around every threshold a shipped definition has."""
EVERYTHING = (UNKNOWN, NOT_ASKED)
MOST_COMPLETIONS = 400


def names_behind(definition: Definition) -> list[str]:
    """Every variable the definition reads, those they are derived from, and those their universes test."""
    schema, known, waiting = definition.schema, set(), list(definition.variables())
    while waiting:
        name = waiting.pop()
        if name not in known and name not in ("employed_13", "employed_19"):
            known.add(name)
            step = schema[name].derived
            waiting += schema[name].universe.when
            waiting += [a.variable.name for a in step.axes] if step and name != "worker" else []
    return [n for n in schema.variables if n in known]


def derived(schema: Schema, name: str, worker: Mapping[str, Any]) -> str | None:
    step = schema[name].derived
    if step is None or name == "worker":
        return None
    return trace(step, worker)[-1].then


def substantive(schema: Schema, name: str) -> tuple[Any, ...]:
    return SIZES if schema[name].spec.kind == "number" else schema[name].categories


def completions(
    definition: Definition, names: list[str], worker: Mapping[str, Any], completed: tuple[str, ...]
) -> Iterator[dict[str, Any]]:
    """Every way the answers of one worker could be complete."""
    schema, fixed = definition.schema, set(definition.applies_to.when)

    def rest(i: int, so_far: dict[str, Any], moved: frozenset[str]) -> Iterator[dict[str, Any]]:
        if i == len(names):
            yield so_far
            return
        name = names[i]
        universe = schema[name].universe.when
        over = [n for n in universe if n in moved]
        value = worker[name]
        if name in fixed:
            yield from rest(i + 1, {**so_far, name: value}, moved)
            return
        again = derived(schema, name, so_far)
        if again is not None:
            step = schema[name].derived
            assert step is not None
            open_base = any(a.variable.name in moved for a in step.axes)
            yield from rest(i + 1, {**so_far, name: again}, moved | {name} if open_base else moved)
            return
        may_be_put = value == NOT_APPLICABLE and all(
            n in moved or test.allows(worker[n]) for n, test in universe.items()
        )
        if value in completed or (over and may_be_put):
            put = all(universe[n].allows(so_far[n]) for n in over)
            for answer in substantive(schema, name) if put else (NOT_APPLICABLE,):
                yield from rest(i + 1, {**so_far, name: answer}, moved | {name})
            return
        yield from rest(i + 1, {**so_far, name: value}, moved)

    return rest(0, {}, frozenset())


def brute_force(
    definition: Definition, names: list[str], worker: Mapping[str, Any], decides: str, completed: tuple[str, ...]
) -> set[str] | None:
    """The outcomes of a step over all completions; None where they are too many to be tried."""
    found = set()
    for tried, complete in enumerate(completions(definition, names, worker, completed)):
        if tried > MOST_COMPLETIONS:
            return None
        found.add(decide_one(definition, complete)[decides][0])
    return found


def as_frame(schema: Schema, names: list[str], rows: list[dict[str, Any]]) -> pd.DataFrame:
    frame: dict[str, Any] = {}
    for name in names:
        values = [row[name] for row in rows]
        if schema[name].spec.kind == "number":
            frame[name] = pd.Series([np.nan if isinstance(v, str) else v for v in values], dtype=float)
            frame[name + REASON] = pd.Categorical([v if isinstance(v, str) else None for v in values], MISSING)
        else:
            frame[name] = pd.Categorical(values, categories=schema[name].grammar.categories)
    return pd.DataFrame(frame)


@st.composite
def workers(draw: st.DrawFn, definition: Definition, names: list[str]) -> dict[str, Any]:
    """A worker with at most three answers missing, and a few that do not apply; what is derived is derived."""
    schema = definition.schema
    free = [n for n in names if n != "worker" and schema[n].derived is None]
    missing = draw(st.lists(st.sampled_from(free), max_size=3, unique=True)) if free else []
    outside = draw(st.lists(st.sampled_from(free), max_size=2, unique=True)) if free else []
    worker: dict[str, Any] = {"worker": "yes"}
    for name in names:
        again = derived(schema, name, worker)
        test = definition.applies_to.when.get(name)
        if name == "worker":
            continue
        if test is not None and again is None:
            worker[name] = draw(st.sampled_from([v for v in substantive(schema, name) if test.allows(v)]))
            continue
        if again is not None:
            worker[name] = again
        elif name in missing:
            worker[name] = draw(st.sampled_from(EVERYTHING))
        elif name in outside:
            worker[name] = NOT_APPLICABLE
        else:
            worker[name] = draw(st.sampled_from(substantive(schema, name)))
    return worker


@pytest.mark.parametrize("name", DEFINITIONS)
def test_equals_every_completion_tried_one_by_one(name: str, schema: Schema, read: Read) -> None:
    definition = read(name)
    names = names_behind(definition)
    compared = several = 0

    @settings(max_examples=8, suppress_health_check=list(HealthCheck))
    @given(st.lists(workers(definition, names), min_size=1, max_size=4))
    def each(rows: list[dict[str, Any]]) -> None:
        nonlocal compared, several
        frame = as_frame(schema, names, rows)
        applies = definition.applies_to.mask(frame)
        for step in definition.steps:
            for completed in (EVERYTHING, (UNKNOWN,), (NOT_ASKED,)):
                fast = reachable(frame, definition, step.decides, schema.grammar, completed)
                for row, possible, inside in zip(rows, fast, applies, strict=True):
                    slow = brute_force(definition, names, row, step.decides, completed) if inside else set()
                    if slow is not None:
                        outcomes = [o for o, p in zip(step.outcomes, possible, strict=True) if p]
                        assert set(outcomes) == slow, (step.decides, completed, row)
                        compared += 1
                        several += len(slow) > 1

    each()
    assert compared > 30
    assert several, "no worker had more than one outcome: nothing was tested"


@pytest.mark.parametrize("name", DEFINITIONS)
def test_with_nothing_completed_it_is_the_classification(name: str, schema: Schema, read: Read) -> None:
    """And where the questions were not asked, exactly the workers are open that classifying leaves open."""
    definition = read(name)
    names = names_behind(definition)
    rng = np.random.default_rng(5)
    rows = []
    for _ in range(400):
        worker: dict[str, Any] = {"worker": "yes"}
        for n in names[0:]:
            if n != "worker":
                again = derived(schema, n, worker)
                words = [*substantive(schema, n), *MISSING]
                worker[n] = again if again is not None else words[rng.integers(len(words))]
        rows.append(worker)
    frame = as_frame(schema, names, rows)
    for asked in (set(schema.grammar), {"worker", "status"}):
        known = classify(frame, definition, asked)
        for step in definition.steps:
            outcome = known[column(definition.id, step.decides)].astype(str)
            possible = reachable(frame, definition, step.decides, asked, ())
            applies = (outcome != NOT_APPLICABLE).to_numpy()
            assert (possible.any(axis=1) == applies).all()
            left_open = (outcome == NOT_DETERMINABLE) & known[column(definition.id, step.decides, rule=True)].isna()
            assert ((possible.sum(axis=1) > 1) == left_open).all()
            for i in np.flatnonzero(applies & ~left_open):
                assert list(step.outcomes)[possible[i].argmax()] == outcome[i]


def test_what_was_never_asked_leaves_everything_open(schema: Schema, read: Read) -> None:
    """Indonesia asks status alone: under the ILO's rule an employee may be anything in any unit."""
    definition = read("ilo-17icls")
    names = names_behind(definition)
    worker = {n: NOT_ASKED for n in names} | {"worker": "yes", "status": "employee"}
    frame = as_frame(schema, names, [worker, {**worker, "status": "contributing_family"}])
    for completed in (EVERYTHING, (NOT_ASKED,), (UNKNOWN,)):
        job = reachable(frame, definition, "job", {"status"}, completed)
        assert job.tolist() == [[True, True], [False, True]]  # family workers are informal in any unit
        unit = reachable(frame, definition, "unit", {"status"}, completed)
        assert unit.all()


def test_a_question_that_hangs_on_an_open_answer_is_open_itself(schema: Schema, read: Read) -> None:
    """Own insurance was not put because the status is not known; as a family worker with all three papers the job is formal."""
    definition = read("ilo-21icls")
    names = names_behind(definition)
    worker = {n: NOT_APPLICABLE for n in names} | {
        "worker": "yes", "status": UNKNOWN, "status_18": NOT_ASKED, "institution": "private", "registered": "yes",
        "destination": "only_sale", "incorporated": "no", "books": "none", "job_registered": "yes",
        "social_security": "no", "has_formal_employee": "no", "domestic_worker": "no", "authority": UNKNOWN,
        "own_social_security": NOT_APPLICABLE,
    }  # fmt: skip
    family = {**worker, "status": "contributing_family", "authority": "contributing_family"}
    frame = as_frame(schema, names, [worker, family])
    possible = reachable(frame, definition, "job", schema.grammar, (UNKNOWN,))
    assert list(definition.step("job").outcomes)[:2] == ["formal", "informal"]
    assert possible[0, :2].tolist() == [True, True]
    assert possible[1, :2].tolist() == [False, True]  # where the status is known, "does not apply" stays what it is


def test_no_worker_at_all(schema: Schema, read: Read) -> None:
    definition = read("ilo-17icls")
    names = names_behind(definition)
    frame = as_frame(schema, names, [{n: NOT_ASKED for n in names} | {"worker": "no"}])
    assert not reachable(frame, definition, "job", schema.grammar, EVERYTHING).any()
    assert reachable(frame.iloc[:0], definition, "job", schema.grammar, EVERYTHING).shape == (0, 2)
