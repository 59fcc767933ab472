"""A decision table as questions asked one after the other, each rule at the end of one path.

A table is flat: every rule names all it tests. People read it as questions: what is the institution, then what are the
books. The rules of a step are parted by the first variable that tells some of them apart whatever else holds, and so on
within each part; where no variable does, the rules stand in a list. Each rule appears once, and the path to it asks exactly
what the rule tests.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from informality.foundation.atoms import Axis
from informality.foundation.grammar import Condition, Variable
from informality.foundation.rules import Rule, Step

Tests = tuple[tuple[Variable, Condition], ...]


@dataclass(frozen=True, slots=True)
class Ends:
    """A rule decides, if what is left of its ``tests`` holds."""

    rule: Rule
    tests: Tests = ()


@dataclass(frozen=True, slots=True)
class Asks:
    """A question whose answers exclude each other, and what follows from each."""

    variable: Variable
    answers: tuple[tuple[Condition, Node], ...]


@dataclass(frozen=True, slots=True)
class Lists:
    """Cases held against the worker. ``in_order``: the first that fits counts; otherwise only one fits.

    A case is a rule, or (tests in common, what follows where they hold).
    """

    in_order: bool
    cases: tuple[tuple[Tests, Node], ...]


Node = Ends | Asks | Lists
_Left = tuple[Rule, Mapping[str, Condition]]
"""A rule and the tests of it that the path so far has not asked."""


def questions(step: Step) -> Node:
    """The rules of a step, in order, as questions."""
    return _asked([(rule, dict(rule.when)) for rule in step.rules], step)


def rules_of(node: Node) -> Iterator[Rule]:
    """Every rule below a node, in the order it is reached."""
    if isinstance(node, Ends):
        yield node.rule
        return
    for _, below in node.answers if isinstance(node, Asks) else node.cases:
        yield from rules_of(below)


def _asked(rules: Sequence[_Left], step: Step) -> Node:
    if len(rules) == 1:
        return Ends(rules[0][0], _tests(rules[0][1], step))
    for axis in step.axes:
        parts = _parts(rules, axis)
        if len(parts) > 1:
            return Asks(axis.variable, tuple(_answer(part, axis, step) for part in parts))
    return Lists(step.match == "first", tuple(_cases(rules, step)))


def _tests(when: Mapping[str, Condition], step: Step) -> Tests:
    return tuple((axis.variable, when[axis.variable.name]) for axis in step.axes if axis.variable.name in when)


def _atoms(left: _Left, axis: Axis) -> frozenset[int]:
    return frozenset(map(int, axis.atoms_allowed(left[1].get(axis.variable.name))))


def _parts(rules: Sequence[_Left], axis: Axis) -> list[list[_Left]]:
    """The rules parted so that no value of the variable is allowed by rules of two parts; in order."""
    parts: list[tuple[frozenset[int], list[int]]] = []
    for i, left in enumerate(rules):
        atoms, members = _atoms(left, axis), [i]
        apart = []
        for other, of in parts:
            if other & atoms:
                atoms, members = atoms | other, of + members
            else:
                apart.append((other, of))
        parts = [*apart, (atoms, members)]
    return [[rules[i] for i in sorted(of)] for _, of in sorted(parts, key=lambda part: min(part[1]))]


def _answer(part: Sequence[_Left], axis: Axis, step: Step) -> tuple[Condition, Node]:
    """What the rules of a part allow of the variable together, and what is left to ask of them."""
    name = axis.variable.name
    together = _union([left[1][name] for left in part], axis.variable)
    all_of_it = frozenset().union(*(_atoms(left, axis) for left in part))
    rest = [
        (rule, {n: c for n, c in when.items() if n != name or _atoms((rule, when), axis) != all_of_it})
        for rule, when in part
    ]
    return together, _asked(rest, step)


def _union(conditions: Sequence[Condition], variable: Variable) -> Condition:
    values = list(dict.fromkeys(v for c in conditions for v in c.values))
    order = list(variable.categories)
    values.sort(key=lambda v: order.index(str(v)) if str(v) in order else -1)
    return Condition(tuple(values), tuple(dict.fromkeys(c for one in conditions for c in one.comparisons)))


def _cases(rules: Sequence[_Left], step: Step) -> Iterator[tuple[Tests, Node]]:
    """Rules one by one; neighbours that share a test stand under it together if one of them always fits then."""
    i = 0
    while i < len(rules):
        rule, when = rules[i]
        for name, condition in when.items():
            run = i + 1
            while run < len(rules) and rules[run][1].get(name) == condition:
                run += 1
            group = [(r, {n: c for n, c in w.items() if n != name}) for r, w in rules[i:run]]
            if step.match == "first" and 1 < len(group) < len(rules) and not group[-1][1]:
                yield _tests({name: condition}, step), _asked(group, step)
                i = run
                break
        else:
            yield (), Ends(rule, _tests(when, step))
            i += 1
