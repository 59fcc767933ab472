"""The proof finds exactly what trying every case finds, and options that are choices put rules in and out of force."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from informality.foundation import proof, reading
from informality.foundation.grammar import Choice, StepSpec, Variable
from informality.foundation.proof import prove
from informality.foundation.rules import Step, compile_steps

VARIABLES = {name: Variable(name, "category", ("p", "q", "r"), name) for name in ("a", "b", "c", "d")}
OUTCOMES = ("x", "y")


def place(*loc: object) -> str:
    return "test.yml, " + ".".join(map(str, loc))


def compiled(*steps: dict[str, Any], choices: dict[str, Choice] | None = None) -> tuple[tuple[Step, ...], list[str]]:
    specs = [StepSpec.model_validate({"outcomes": {o: o for o in OUTCOMES}, **s}) for s in steps]
    made, problems = compile_steps(specs, VARIABLES, choices=choices, place=place)
    return made, [f"{p.what}; {p.fix}" for p in problems]


# -- against trying every case -------------------------------------------------------------------------


def by_trying(steps: tuple[Step, ...]) -> tuple[set[str], set[tuple[str, str]]]:
    """Steps with a gap, and rules that never fire, by holding all 81 cases against the rules one by one."""
    gaps: set[str] = set()
    idle = {(s.decides, r.id) for s in steps for r in s.rules}
    for values in itertools.product(*(v.categories for v in VARIABLES.values())):
        known = dict(zip(VARIABLES, values, strict=True))
        for step in steps:
            fired = next((r for r in step.rules if all(c.allows(known[n]) for n, c in r.when.items())), None)
            if fired is None:
                gaps.add(step.decides)
                break  # what comes after rests on this
            idle.discard((step.decides, fired.id))
            known[step.decides] = fired.then
    return gaps, idle


def rules(names: tuple[str, ...]) -> st.SearchStrategy[list[dict[str, Any]]]:
    cell = st.lists(st.sampled_from(["p", "q", "r"]), min_size=1, max_size=2, unique=True)
    outcome = st.lists(st.sampled_from(OUTCOMES), min_size=1, max_size=2, unique=True)
    when = st.dictionaries(st.sampled_from(names), cell, max_size=3).flatmap(
        lambda w: st.fixed_dictionaries({k: outcome if k.startswith("step") else st.just(v) for k, v in w.items()})
    )
    rule = st.fixed_dictionaries({"when": when, "then": st.sampled_from(OUTCOMES)})
    return st.lists(rule, min_size=1, max_size=5)


@given(st.tuples(rules(("a", "b")), rules(("b", "c", "step1")), rules(("a", "d", "step1", "step2"))))
def test_the_proof_finds_what_trying_every_case_finds(tables: tuple[list[dict[str, Any]], ...]) -> None:
    """Variables come, go and come back (`a`), and later steps test what earlier ones decided."""
    steps, problems = compiled(*({"decides": f"step{i}", "rules": t} for i, t in enumerate(tables, 1)))
    assert not problems
    gaps, idle = by_trying(steps)
    found = prove(steps, "test.yml")
    assert {p.what.split("`")[1] for p in found if "has a gap" in p.what} == gaps
    assert {(p.what.split("`")[3], p.what.split("`")[1]) for p in found if "can never fire" in p.what} == idle


def test_the_case_shown_is_a_gap() -> None:
    """Told apart: a is p (then one is x), q or r (then y), and b is p-or-q or r: six kinds, of which x takes two, q one."""
    steps, _ = compiled(
        {"decides": "one", "rules": [{"when": {"a": "p"}, "then": "x"}, {"then": "y"}]},
        {
            "decides": "two",
            "rules": [{"when": {"one": "x"}, "then": "x"}, {"when": {"a": "q", "b": ["p", "q"]}, "then": "y"}],
        },
    )
    (gap,) = prove(steps, "two.yml")
    assert gap.found == "for example one: y, a: q, b: r"
    assert gap.what == "step `two` has a gap: 3 of 6 kinds of case reach no rule"


def test_a_table_too_large_to_prove_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof, "LIMIT", 8)
    cells = [{"when": {n: v for n in ("a", "b")}, "then": "x"} for v in ("p", "q")]
    steps, _ = compiled({"decides": "one", "rules": [*cells, {"then": "y"}]})
    (problem,) = prove(steps, "large.yml")
    assert problem.what == "step `one` is too large to be proved"
    assert problem.found == "9 cases that its rules and the later ones tell apart"


# -- options that are choices --------------------------------------------------------------------------

RULE = {"strict": "insured only", "loose": "registered is enough"}


def chosen(word: str) -> dict[str, Choice]:
    return {"protection": Choice("What protects", RULE, word)}


TABLE = {
    "decides": "job",
    "rules": [
        {"when": {"a": "p", "protection": "loose"}, "then": "x", "id": "loose"},
        {"when": {"a": "p", "protection": "strict", "b": "p"}, "then": "x", "id": "strict"},
        {"when": {"a": "p", "protection": ["strict"], "b": ["q", "r"]}, "then": "y", "id": "not insured"},
        {"when": {"a": ["q", "r"], "protection": ["strict", "loose"]}, "then": "y", "id": "other"},
    ],
    "match": "only_one",
}


@pytest.mark.parametrize(
    ("word", "ids"), [("loose", ["loose", "other"]), ("strict", ["strict", "not insured", "other"])]
)
def test_the_rules_of_a_choice_are_in_force(word: str, ids: list[str]) -> None:
    (step,), problems = compiled(TABLE, choices=chosen(word))
    assert not problems
    assert [r.id for r in step.rules] == ids
    assert prove([step], "job.yml") == []
    assert [a.variable.name for a in step.axes] == (["a"] if word == "loose" else ["a", "b"])
    assert all("protection" in r.options and "protection" not in r.when for r in step.rules)


def test_rules_say_which_option_puts_them_in_force() -> None:
    (step,), _ = compiled(TABLE, choices=chosen("loose"))
    assert "(option protection)" in reading.markdown(step)
    assert "insured" not in reading.markdown(step)


def test_a_gap_under_one_choice_is_found_under_it_alone() -> None:
    short = {**TABLE, "rules": [r for r in TABLE["rules"] if r["id"] != "not insured"]}  # type: ignore[index, union-attr]
    (loose,), _ = compiled(short, choices=chosen("loose"))
    (strict,), _ = compiled(short, choices=chosen("strict"))
    assert prove([loose], "job.yml") == []
    (gap,) = prove([strict], "job.yml")
    assert gap.found == "for example a: p, b: q"


def test_mistakes_in_choices_are_told_even_where_they_are_not_in_force() -> None:
    wrong = {
        "decides": "job",
        "rules": [
            {"when": {"protection": "srict"}, "then": "x"},
            {"when": {"protection": "strict", "e": "p"}, "then": "x"},
            {"then": "y"},
        ],
    }
    _, problems = compiled(wrong, choices=chosen("loose"))
    assert problems == [
        "`srict` is not a choice of option `protection`; did you mean `strict`?",
        "`e` is not a variable that can be tested here; use one of a, b, c, d",
    ]
