"""A table as questions decides what the table decides, and holds each rule once.

Authority: the rules held one by one against the case (``foundation.reading.trace``), which the questions share nothing with.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from informality.classification.definition import read_definition
from informality.classification.settings import every_choice
from informality.foundation.grammar import RuleSpec, StepSpec, Variable, Word
from informality.foundation.library import LIBRARY
from informality.foundation.questions import Asks, Ends, Lists, Node, Tests, questions, rules_of
from informality.foundation.rules import Step, compile_steps
from informality.foundation.schema import read_schema

DEFINITIONS = sorted((LIBRARY / "definitions").glob("*.yml"))
CHOICES = {"dc_protection_rule": "require_social_insurance", "cfw_arrangement_exists": "yes"}
CASES = 300


def hold(tests: Tests, case: Mapping[str, Word]) -> bool:
    return all(condition.allows(case[variable.name]) for variable, condition in tests)


def walk(node: Node, case: Mapping[str, Word]) -> str | None:
    """The rule that somebody who answers the questions comes to."""
    if isinstance(node, Ends):
        return node.rule.id if hold(node.tests, case) else None
    if isinstance(node, Asks):
        fitting = [below for answer, below in node.answers if answer.allows(case[node.variable.name])]
        assert len(fitting) <= 1, "two answers to one question"
        return walk(fitting[0], case) if fitting else None
    assert isinstance(node, Lists)
    found = [walk(below, case) for tests, below in node.cases if hold(tests, case)]
    reached = [rule for rule in found if rule is not None]
    assert node.in_order or len(reached) <= 1
    return reached[0] if reached else None


def plain(step: Step, case: Mapping[str, Word]) -> str | None:
    return next((r.id for r in step.rules if all(c.allows(case[n]) for n, c in r.when.items())), None)


@pytest.mark.parametrize("path", DEFINITIONS, ids=lambda p: p.stem)
def test_the_questions_lead_to_the_rule_that_decides(path) -> None:  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(7)
    usual = CHOICES if path.stem == "ilo-21icls" else {}
    definition = read_definition(path, read_schema(), options=usual)
    settings = list(every_choice(definition.spec, definition.options))
    for chosen in [settings[i] for i in rng.permutation(len(settings))[:3]]:
        for step in definition.with_options(chosen).steps:
            tree = questions(step)
            assert sorted(r.id for r in rules_of(tree)) == sorted(r.id for r in step.rules)
            for _ in range(CASES):
                case = {a.variable.name: a.examples[rng.integers(a.size)] for a in step.axes}
                assert walk(tree, case) == plain(step, case), (step.decides, case)


def test_neighbours_that_share_a_test_stand_under_it_and_their_order_is_kept() -> None:
    known = {n: Variable(n, "category", ("a", "b", "c")) for n in ("x", "y")}
    rules = [
        RuleSpec(when={"x": "a", "y": "b"}, then="one", id="1"),
        RuleSpec(when={"x": "a"}, then="two", id="2"),
        RuleSpec(when={"y": "c"}, then="one", id="3"),
        RuleSpec(then="two", id="4"),
    ]
    spec = StepSpec(decides="z", outcomes={"one": "One", "two": "Two"}, rules=rules)
    (step,), problems = compile_steps([spec], known, place=lambda *loc: "test")
    assert not problems
    tree = questions(step)
    assert isinstance(tree, Lists) and tree.in_order and len(tree.cases) == 3
    assert [v.name for v, _ in tree.cases[0][0]] == ["x"]
    for x in "abc":
        for y in "abc":
            assert walk(tree, {"x": x, "y": y}) == plain(step, {"x": x, "y": y})
