"""The grammar: what a cell means, what is refused, that deciding equals reading row by row, and the proof."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from informality.foundation import reading
from informality.foundation.errors import Problem
from informality.foundation.grammar import BLANK, MISSING, NO_RULE, REASON, StepSpec, Variable
from informality.foundation.proof import prove
from informality.foundation.rules import Step, compile_filter, compile_steps

SECTOR = Variable("sector", "category", ("government", "private", "household", *MISSING), "Sector", {"npish": "NPI"})
BOOKS = Variable("books", "category", ("yes", "no", *MISSING), "Books")
SIZE = Variable("size", "number", MISSING, "Size")
KNOWN = {v.name: v for v in (SECTOR, BOOKS, SIZE)}


def place(*loc: object) -> str:
    return "test.yml, " + ".".join(map(str, loc))


def step(
    rules: list[dict[str, Any]], match: str = "first", options: dict[str, float] | None = None
) -> tuple[Step | None, list[Problem]]:
    spec = StepSpec.model_validate(
        {"decides": "unit", "match": match, "outcomes": {"formal": "Formal", "informal": "Informal"}, "rules": rules}
    )
    steps, problems = compile_steps([spec], KNOWN, options=options, place=place)
    return (steps[0] if steps else None), problems


def frame(rows: list[tuple[str, str, float | str]]) -> pd.DataFrame:
    sizes = [np.nan if isinstance(r[2], str) else r[2] for r in rows]
    return pd.DataFrame(
        {
            "sector": pd.Categorical([r[0] for r in rows], categories=SECTOR.categories),
            "books": pd.Categorical([r[1] for r in rows], categories=BOOKS.categories),
            "size": sizes,
            "size" + REASON: pd.Categorical(
                [r[2] if isinstance(r[2], str) else None for r in rows], categories=MISSING
            ),
        }
    )


COMPLETE: list[dict[str, Any]] = [
    {"when": {"sector": "government"}, "then": "formal", "id": "a"},
    {"when": {"size": ">= cut", "books": ["yes", "unknown"]}, "then": "formal", "id": "b"},
    {"when": {"size": ["< 6", "unknown"]}, "then": "informal", "id": "c"},
    {"then": "informal", "id": "d", "assumed": True},
]


def test_first_match_wins_and_thresholds_are_sharp() -> None:
    made, problems = step(COMPLETE, options={"cut": 6})
    assert not problems
    assert made is not None
    rows = [
        ("government", "no", 1.0),
        ("private", "yes", 6.0),
        ("private", "yes", 5.999),
        ("private", "unknown", 100.0),
        ("private", "no", 6.0),
        ("household", "no", "unknown"),
        ("unknown", "yes", "not_asked"),
    ]
    assert [made.rules[i].id for i in made.decide(frame(rows))] == ["a", "b", "c", "b", "d", "c", "d"]
    outcome = made.outcome_of(made.decide(frame(rows)), "not_applicable")
    assert list(outcome) == ["formal", "formal", "informal", "formal", "informal", "informal", "informal"]


sector_values = st.sampled_from(SECTOR.categories)
book_values = st.sampled_from(BOOKS.categories)
size_values = st.one_of(st.sampled_from([1.0, 2.0, 4.0, 4.5, 5.0, 5.5, 6.0, 9.0]), st.sampled_from(MISSING))
size_cells = st.lists(
    st.sampled_from([">= 5", "< 5", "<= 4.5", "> 6", 5, "unknown", "not_asked", "not_applicable"]),
    min_size=1,
    max_size=3,
)
rules = st.fixed_dictionaries(
    {"then": st.sampled_from(["formal", "informal"])},
    optional={
        "when": st.fixed_dictionaries(
            {},
            optional={
                "sector": st.lists(sector_values, min_size=1, max_size=3, unique=True),
                "books": st.lists(book_values, min_size=1, max_size=3, unique=True),
                "size": size_cells,
            },
        )
    },
)


def plain(made: Step, row: dict[str, Any]) -> int:
    """The row-by-row reading: the first rule all of whose conditions allow the worker's values."""
    for index, rule in enumerate(made.rules):
        if all(condition.allows(row[name]) for name, condition in rule.when.items()):
            return index
    return NO_RULE


@settings(max_examples=150, deadline=None)
@given(
    st.lists(rules, min_size=1, max_size=6),
    st.lists(st.tuples(sector_values, book_values, size_values), min_size=1, max_size=20),
)
def test_vectorised_equals_plain_reading(written: list[dict[str, Any]], rows: list[tuple[str, str, Any]]) -> None:
    made, problems = step(written)
    assert not problems
    assert made is not None
    expected = [plain(made, dict(zip(("sector", "books", "size"), r, strict=True))) for r in rows]
    assert made.decide(frame(rows)).tolist() == expected


@settings(max_examples=100, deadline=None)
@given(st.lists(rules, min_size=1, max_size=5))
def test_the_proof_agrees_with_trying_every_case(written: list[dict[str, Any]]) -> None:
    """All categories and numbers on both sides of, between and on every threshold: what the proof says is true of them."""
    made, problems = step(written)
    assert not problems
    assert made is not None
    cases = [
        dict(zip(("sector", "books", "size"), case, strict=True))
        for case in product(SECTOR.categories, BOOKS.categories, [1.0, 4.0, 4.5, 4.75, 5.0, 5.5, 6.0, 7.0, *MISSING])
    ]
    fired = [plain(made, case) for case in cases]
    found = prove([made], "test.yml")
    assert any("has a gap" in p.what for p in found) == (NO_RULE in fired)
    dead = {p.what.split("`")[1] for p in found if "can never fire" in p.what}
    assert dead == {r.id for i, r in enumerate(made.rules) if i not in fired}


def test_a_gap_is_shown_with_a_case() -> None:
    made, _ = step(COMPLETE[:3], options={"cut": 6})
    assert made is not None
    (problem,) = prove([made], "unit.yml")
    assert problem.place == "unit.yml"
    assert "step `unit` has a gap" in problem.what
    assert "size: " in problem.found
    assert "books: " in problem.found


def test_only_one_refuses_an_overlap() -> None:
    made, _ = step(
        [
            {"when": {"sector": ["government", "private"]}, "then": "formal", "id": "x"},
            {"when": {"sector": ["private", "household", *MISSING]}, "then": "informal", "id": "y"},
        ],
        match="only_one",
    )
    assert made is not None
    (problem,) = prove([made], "unit.yml")
    assert problem.what == "rules `x` and `y` of step `unit` fit the same case"
    assert problem.found == "for example sector: private"


def test_a_later_step_knows_what_the_earlier_can_decide() -> None:
    """Outcome `informal` never comes with sector government, so a rule for that pair is dead."""
    first = StepSpec.model_validate(
        {
            "decides": "unit",
            "outcomes": {"formal": "F", "informal": "I"},
            "rules": [{"when": {"sector": "government"}, "then": "formal"}, {"then": "informal"}],
        }
    )
    second = StepSpec.model_validate(
        {
            "decides": "job",
            "outcomes": {"formal": "F", "informal": "I"},
            "rules": [
                {"when": {"unit": "informal", "sector": "government"}, "then": "formal", "id": "never"},
                {"when": {"unit": "formal"}, "then": "formal"},
                {"when": {"unit": "informal"}, "then": "informal"},
            ],
        }
    )
    steps, problems = compile_steps([first, second], KNOWN, place=place)
    assert not problems
    (problem,) = prove(steps, "two.yml")
    assert problem.what == "rule `never` of step `job` can never fire"
    assert problem.found == "no case can ever fit it"


def test_all_mistakes_of_writing_at_once() -> None:
    _, problems = step(
        [
            {"when": {"sektor": "private"}, "then": "formal"},
            {"when": {"sector": "privat"}, "then": "formal"},
            {"when": {"sector": ">= 6"}, "then": "formal"},
            {"when": {"size": ">= many"}, "then": "formal"},
            {"when": {"books": "yes"}, "then": "formall"},
        ]
    )
    texts = [(p.place, p.what, p.fix) for p in problems]
    assert texts == [
        (
            "test.yml, steps.0.rules.0.when.sektor",
            "`sektor` is not a variable that can be tested here",
            "did you mean `sector`?",
        ),
        ("test.yml, steps.0.rules.1.when.sector", "`privat` is not a value of `sector`", "did you mean `private`?"),
        (
            "test.yml, steps.0.rules.2.when.sector",
            "`sector` has categories and cannot be compared with a number",
            "list categories: government, private, household, unknown, not_asked, not_applicable",
        ),
        ("test.yml, steps.0.rules.3.when.size", "`many` is neither a number nor a named option", "write a number"),
        ("test.yml, steps.0.rules.4.then", "`formall` is not an outcome of `unit`", "did you mean `formal`?"),
    ]


def test_rules_over_raw_columns_know_codes_blanks_and_comparisons() -> None:
    raw = {name: Variable(name, "code") for name in ("p01", "p02")}
    spec = StepSpec.model_validate(
        {
            "decides": "sex",
            "outcomes": {"male": "M", "female": "F", "unknown": "?"},
            "rules": [
                {"when": {"p01": 1}, "then": "male"},
                {"when": {"p01": [2, ">= 90"], "p02": "F"}, "then": "female"},
                {"when": {"p01": BLANK}, "then": "unknown"},
                {"then": "male"},
            ],
        }
    )
    (made,), problems = compile_steps([spec], raw, place=place)
    assert not problems
    assert not prove([made], "raw.yml")
    table = pd.DataFrame({"p01": [1, 2, 2, np.nan, 95, 5], "p02": ["F", "F", "", "F", " F ", None]})
    assert made.decide(table).tolist() == [0, 1, 3, 2, 1, 3]


def test_a_filter_is_a_conjunction_and_nothing_means_everyone() -> None:
    chosen, problems = compile_filter({"sector": ["private", "household"], "size": ">= 6"}, KNOWN, place=place)
    assert not problems
    rows = frame(
        [("private", "yes", 6.0), ("private", "yes", 5.0), ("government", "yes", 9.0), ("household", "no", "unknown")]
    )
    assert chosen.mask(rows).tolist() == [True, False, False, False]
    everyone, _ = compile_filter({}, KNOWN, place=place)
    assert everyone.mask(rows).all()


def test_a_category_outside_the_schema_is_our_fault_and_says_so() -> None:
    made, _ = step(COMPLETE, options={"cut": 6})
    assert made is not None
    rows = frame([("private", "yes", 6.0)])
    rows["sector"] = pd.Categorical(["martian"])
    with pytest.raises(ValueError, match="martian"):
        made.decide(rows)


def test_printed_traced_and_counted() -> None:
    made, _ = step(COMPLETE, options={"cut": 6})
    assert made is not None
    printed = reading.markdown(made)
    assert printed.splitlines()[0] == "| Rule | Sector | Size | Books | → unit | Why |"
    assert "| b |  | at least 6 | yes or unknown | Formal |  |" in printed
    assert "| d |  |  |  | Informal (assumed) |  |" in printed

    anyone, _ = step([{"when": {"books": ["no", *MISSING]}, "then": "formal"}, {"then": "informal"}])
    assert anyone is not None
    assert "| any but yes |" in reading.markdown(anyone)
    some, _ = step([{"when": {"sector": ["private", "household", *MISSING]}, "then": "formal"}, {"then": "informal"}])
    assert some is not None
    assert "| any but government |" in reading.markdown(some)
    blank, _ = step([{"when": {"books": [*MISSING]}, "then": "formal"}, {"then": "informal"}])
    assert blank is not None
    assert "| no answer |" in reading.markdown(blank)  # and not "any but yes or no"
    few, _ = step([{"when": {"size": [*MISSING]}, "then": "formal"}, {"then": "informal"}])
    assert few is not None
    assert "| no answer |" in reading.markdown(few)

    tried = reading.trace(made, {"sector": "private", "books": "no", "size": 7.0})
    assert [t.rule for t in tried] == ["a", "b", "c", "d"]
    assert tried[1].unmet == (("books", "no", "yes or unknown"),)
    assert tried[-1].unmet == ()

    rows = frame([("government", "no", 1.0), ("private", "yes", 6.0), ("private", "no", 6.0)])
    counts = reading.tally(made, made.decide(rows), np.array([1.0, 2.0, 5.0]))
    assert counts["n"].tolist() == [1, 1, 0, 1]
    assert counts["n_weighted"].tolist() == [1.0, 2.0, 0.0, 5.0]
    assert counts["share"].tolist() == [0.125, 0.25, 0.0, 0.625]
    assert counts["assumed"].tolist() == [False, False, False, True]
