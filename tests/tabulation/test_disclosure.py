"""Disclosure control: what is hidden cannot be worked out, and no more is hidden than that takes.

Authority: exact elimination in fractions (the span of published sets), written here; the attack on a table solves for every
person's weight from the published rows alone.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from informality.classification.classify import classify
from informality.classification.definition import Definition, read_definition
from informality.foundation.errors import InformalityError
from informality.foundation.grammar import MISSING, REASON
from informality.foundation.library import find
from informality.foundation.schema import Schema, read_schema
from informality.inference.sampling.design import Design
from informality.tabulation.disclosure import (
    ALSO,
    FEW,
    Decided,
    DominanceSpec,
    PolicySpec,
    Protected,
    protect,
    read_policy,
)
from informality.tabulation.plan import Plan, read_plan
from informality.tabulation.recovery import Sets
from informality.tabulation.reliability import read_standard
from informality.tabulation.rows import Settings
from informality.tabulation.tabulate import tabulate
from informality.tabulation.views import View, outcome_variables, view

POLICY = PolicySpec(id="p", title="P", summary="S", sources=["S"], status="recall", fewest_cases=5)
UNIVERSES = {"employed": {"title": "Employed", "where": {"employed": "yes"}}}
INDICATORS = {
    "rate": {"title": "Rate", "statistic": "share", "of": {"job": "informal"}, "among": "employed"},
    "jobs": {"title": "Jobs", "statistic": "total", "of": {"job": "informal"}, "among": "employed"},
    "people": {"title": "People", "statistic": "total", "of": {}, "among": "employed"},
    "kinds": {"title": "Kinds", "statistic": "composition", "of": "job", "among": "employed"},
    "hours": {"title": "Hours", "statistic": "mean", "of": "hours_usual", "among": "employed", "unit": "hours"},
    "pay": {"title": "Pay", "statistic": "mean", "of": "hours_usual", "among": "employed", "unit": "currency"},
}


def in_span(vectors: Sequence[Sequence[int]], target: Sequence[int]) -> bool:
    """Whether exact elimination reduces ``target`` to nothing."""
    basis: list[tuple[int, list[Fraction]]] = []

    def reduced(row: Sequence[int]) -> list[Fraction]:
        left = [Fraction(x) for x in row]
        for place, one in basis:
            if left[place]:
                times = left[place] / one[place]
                left = [a - times * b for a, b in zip(left, one, strict=True)]
        return left

    for vector in vectors:
        left = reduced(vector)
        if any(left):
            basis.append((next(i for i, x in enumerate(left) if x), left))
    return not any(reduced(target))


@given(npst.arrays(np.bool_, st.tuples(st.integers(2, 9), st.integers(1, 10))), st.integers(1, 8))
def test_what_can_be_worked_out_is_what_elimination_finds(masks: Any, hidden: int) -> None:
    sets = Sets(masks.shape[1])
    numbers = [sets.add(mask) for mask in masks]
    shown = sorted({n for n in numbers[:-hidden] if n >= 0})
    sought = sorted({n for n in numbers[-hidden:] if n >= 0})
    if not shown or not sought:
        return
    found = sets.relations().recovered(np.array(shown), np.array(sought))
    vectors = {n: mask.astype(int).tolist() for n, mask in zip(numbers, masks, strict=True)}
    assert set(found) == {n for n in sought if in_span([vectors[s] for s in shown], vectors[n])}
    for number, used in found.items():
        assert in_span([vectors[s] for s in used], vectors[number])


@pytest.fixture(scope="module")
def schema() -> Schema:
    return read_schema()


@pytest.fixture(scope="module")
def definition(schema: Schema) -> Definition:
    return read_definition(find("definitions", "ilo-17icls"), schema)


def workers(schema: Schema, definition: Definition, sizes: Sequence[Sequence[int]], informal: int = 2) -> pd.DataFrame:
    """Employees by occupation (rows of ``sizes``) and sex (columns); every ``informal``-th without protection.

    Weights differ from person to person, so no sum of them is right by chance.
    """
    cells = [(o, s) for o, row in enumerate(sizes) for s, count in enumerate(row) for _ in range(count)]
    n = len(cells)
    i = np.arange(n)
    occupations = [c for c in schema["occupation"].grammar.categories if c not in MISSING]
    protected = np.where(i % informal == 0, "no", "yes")
    text: dict[str, Any] = {
        "occupation": [occupations[o] for o, _ in cells],
        "sex": [("male", "female")[s] for _, s in cells],
        "worker": "yes",
        "employed": "yes",
        "status": "employee",
        "institution": "corporation",
        "social_security": protected,
        "annual_leave": protected,
        "sick_leave": protected,
    }
    text |= dict.fromkeys(("destination", "books", "registered", "place"), "not_applicable")
    frame = pd.DataFrame(
        {
            k: pd.Categorical([v] * n if isinstance(v, str) else v, categories=schema[k].grammar.categories)
            for k, v in text.items()
        }
    )
    for name in ("size_min", "size_max"):
        frame[name] = np.nan
        frame[name + REASON] = pd.Categorical(["not_applicable"] * n, categories=MISSING)
    frame["hours_usual"] = 20.0 + i % 7
    frame["hours_usual" + REASON] = pd.Categorical([None] * n, categories=MISSING)
    frame["weight"] = 1.0 + np.random.default_rng(7).random(n)
    frame["stratum"], frame["psu"] = "1", i.astype(str)
    return pd.concat([frame, classify(frame, definition, schema.grammar)], axis=1)


@pytest.fixture
def published(schema: Schema, definition: Definition, tmp_path: Path) -> Any:
    """A function from workers and tables to the table, its plan, its view, and the weights."""

    def make(people: pd.DataFrame, tables: dict[str, Any]) -> tuple[pd.DataFrame, list[Plan], dict[str, View], Any]:
        path = tmp_path / "plan.yml"
        path.write_text(json.dumps({"title": "T", "universes": UNIVERSES, "indicators": INDICATORS, "tables": tables}))
        plan = read_plan(path, {**schema.grammar, **outcome_variables(definition)})
        seen = view(people, definition, schema, frozenset(schema.grammar))
        design = Design.from_columns(people["weight"], people["stratum"], people["psu"])
        how = Settings("s", "v", "w", "verified", "logit", 0.95, read_standard("ilostat-cv"))
        rows = tabulate(plan, [seen], definition.id, design, how)
        return rows, [plan], {definition.id: seen}, people["weight"].to_numpy()

    return make


def tables(*indicators: str, by: Sequence[Sequence[str]] = ((), ("sex",), ("occupation",))) -> dict[str, Any]:
    return {"t": {"title": "T", "indicators": list(indicators), "by": [list(b) for b in by]}}


def solvable(rows: pd.DataFrame, people: pd.DataFrame) -> set[tuple[str, str, str]]:
    """Which hidden groups' weights the shown rows determine: (occupation, sex, job), "" for all of them.

    Written from the printed table alone: each shown row is one or two equations in the weights of the cells
    occupation x sex x job; a group is given away if every solution gives it the same weight.
    """
    job = people["ilo-17icls.job"].astype(str)
    cells = list(dict.fromkeys(zip(people["occupation"].astype(str), people["sex"].astype(str), job, strict=True)))

    def equation(occupation: str, sex: str, jobs: str) -> list[int]:
        wanted = (occupation, sex, jobs)
        return [int(all(w in ("", c) for w, c in zip(wanted, cell, strict=True))) for cell in cells]

    def group(row: Any) -> dict[str, str]:
        pairs = [(row[f"dim{d}"], row[f"level{d}"]) for d in (1, 2, 3)]
        return {dim: level for dim, level in pairs if pd.notna(dim)}

    known: list[list[int]] = []
    hidden: set[tuple[str, str, str]] = set()
    for _, row in rows.iterrows():
        at = group(row)
        base = (at.get("occupation", ""), at.get("sex", ""))
        part = "informal" if row["indicator"] in ("rate", "jobs") else at.get("job", "")
        told = {(*base, part)} | (set() if row["statistic"] == "total" else {(*base, "")})
        if row["grade"] == "suppressed":
            hidden |= told
        else:
            known += [equation(*one) for one in told]
    return {one for one in hidden if any(equation(*one)) and in_span(known, equation(*one))}


SIZES = [[30, 25], [20, 22], [3, 0], [9, 8], [40, 41]]
"""The third occupation has three persons, all men."""


def test_a_lone_hidden_cell_can_be_had_by_subtraction_until_it_is_protected(
    schema: Schema, definition: Definition, published: Any
) -> None:
    people = workers(schema, definition, SIZES)
    rows, plans, views, weight = published(people, tables("people", "jobs", "rate", "kinds"))
    assert (rows["grade"] == "suppressed").sum() > 0
    assert solvable(rows, people), "the attack finds nothing, so it proves nothing"
    made = protect(rows, plans, views, weight, POLICY)
    assert not {one for one in solvable(made.results, people) if one[0] == occupation(schema, 2)}
    also = made.results[(made.results["grade"] == "suppressed") & (rows["grade"] != "suppressed")]
    assert set(also["level1"]) | set(also["level2"].dropna()) >= {occupation(schema, 3)}, "the smallest other group"
    assert len(made.log) == len(also)
    assert also[["value", "se", "ci_low", "ci_high", "n", "n_weighted", "df"]].isna().all().all()
    assert also["note"].str.contains("cannot be worked out").all()


def occupation(schema: Schema, number: int) -> str:
    return [c for c in schema["occupation"].grammar.categories if c not in MISSING][number]


@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=2, max_size=5).filter(
        lambda s: min(sum(c) for c in zip(*s, strict=True)) > 0
    ),
    st.integers(2, 5),
    st.sampled_from(
        [("rate",), ("kinds",), ("people", "rate"), ("jobs", "kinds"), ("people", "jobs", "rate", "kinds")]
    ),
)
def test_no_small_cell_is_given_away(
    schema: Schema, definition: Definition, tmp_path_factory: Any, sizes: Any, informal: int, shown: Sequence[str]
) -> None:
    people = workers(schema, definition, sizes, informal)
    path = tmp_path_factory.mktemp("p") / "plan.yml"
    by = ((), ("sex",), ("occupation",), ("sex", "occupation"))
    spec = {"title": "T", "universes": UNIVERSES, "indicators": INDICATORS, "tables": tables(*shown, by=by)}
    path.write_text(json.dumps(spec))
    plan = read_plan(path, {**schema.grammar, **outcome_variables(definition)})
    seen = view(people, definition, schema, frozenset(schema.grammar))
    design = Design.from_columns(people["weight"], None, people["psu"])
    how = Settings("s", "v", "w", "verified", "logit", 0.95, read_standard("ilostat-cv"))
    rows = tabulate(plan, [seen], definition.id, design, how)
    made = protect(rows, [plan], {definition.id: seen}, people["weight"].to_numpy(), POLICY)
    counts = people.groupby(["occupation", "sex", "ilo-17icls.job"], observed=True).size()

    def size(one: tuple[str, str, str]) -> int:
        return sum(n for cell, n in counts.items() if all(w in ("", c) for w, c in zip(one, cell, strict=True)))

    few = {one for one in solvable(made.results, people) if 0 < size(one) < POLICY.fewest_cases}
    secret = few & secrets(rows)
    assert not secret
    same = made.results["grade"] == rows["grade"]
    pd.testing.assert_frame_equal(made.results[same], rows[same])


def secrets(rows: pd.DataFrame) -> set[tuple[str, str, str]]:
    """Groups that the rows suppressed by the standard are about."""
    out: set[tuple[str, str, str]] = set()
    for _, row in rows[rows["grade"] == "suppressed"].iterrows():
        at = {row[f"dim{d}"]: row[f"level{d}"] for d in (1, 2, 3) if pd.notna(row[f"dim{d}"])}
        base = (at.get("occupation", ""), at.get("sex", ""))
        part = "informal" if row["indicator"] in ("rate", "jobs") else at.get("job", "")
        out |= {(*base, part)} | (set() if row["statistic"] == "total" else {(*base, "")})
    return out


def rule(name: str, assumed: bool = False) -> Decided:
    return Decided("w", "ilo-17icls", "job", name, assumed)


def test_a_rule_that_decided_few_is_not_told_nor_another_by_which_it_could_be(
    schema: Schema, definition: Definition, published: Any
) -> None:
    """100 workers, every second informal. Rules: 3 and 47 informal, 20 and 30 formal. 50 less 47 is 3, so 47 goes, too."""
    people = workers(schema, definition, [[50, 50]])
    rows, plans, views, weight = published(people, tables("people", "kinds"))
    informal = np.flatnonzero(people["ilo-17icls.job"] == "informal")
    formal = np.flatnonzero(people["ilo-17icls.job"] != "informal")
    sets = {"J1": informal[:3], "J2": informal[3:], "J3": formal[:20], "J4": formal[20:]}
    masks = {rule(name): np.isin(np.arange(len(people)), at) for name, at in sets.items()}
    made = protect(rows, plans, views, weight, POLICY, None, masks)
    assert made.log[["table", "indicator", "level1", "why"]].to_numpy().tolist() == [
        ["rules", "job", "J1", FEW], ["rules", "job", "J2", ALSO],
    ]  # fmt: skip
    pd.testing.assert_frame_equal(made.results, rows)
    enough = {**masks, rule("J1"): masks[rule("J3")], rule("J5"): np.zeros(len(people), dtype=bool)}
    assert protect(rows, plans, views, weight, POLICY, None, enough).log.empty, (
        "that a rule decides nobody is no secret"
    )


def test_the_share_under_assumed_rules_goes_with_an_assumed_rule(
    schema: Schema, definition: Definition, published: Any
) -> None:
    people = workers(schema, definition, [[50, 50]])
    rows, plans, views, weight = published(people, tables("people"))
    share = rows.head(1).assign(
        table="assumed", statistic="assumed", indicator="informal_employment", value=0.03, n=100
    )
    rows = pd.concat([rows, share], ignore_index=True)
    few = np.arange(len(people)) < 3
    for assumed in (True, False):
        made = protect(rows, plans, views, weight, POLICY, None, {rule("J1", assumed): few, rule("J2"): ~few})
        assert pd.isna(made.results["value"].iloc[-1]) == assumed
        assert (made.log["level1"] == "J1").any()


def test_nothing_is_hidden_where_nothing_is_secret(schema: Schema, definition: Definition, published: Any) -> None:
    rows, plans, views, weight = published(workers(schema, definition, [[30, 25], [20, 22]]), tables("people", "kinds"))
    made = protect(rows, plans, views, weight, POLICY)
    pd.testing.assert_frame_equal(made.results, rows)
    assert made.log.empty


def test_means_are_protected_like_numbers(schema: Schema, definition: Definition, published: Any) -> None:
    """Mean hours times weight are sums, too: with only means shown, the hidden one can be had from the total."""
    rows, plans, views, weight = published(workers(schema, definition, SIZES), tables("hours"))
    made = protect(rows, plans, views, weight, POLICY)
    hidden = made.results[made.results["grade"] == "suppressed"]["level1"].tolist()
    assert hidden == [occupation(schema, 2), occupation(schema, 3)]


def test_money_that_one_person_dominates_is_hidden(schema: Schema, definition: Definition, published: Any) -> None:
    people = workers(schema, definition, [[30, 25], [20, 22], [15, 16]])
    people.loc[0, "hours_usual"] = 1e6  # one man of the first occupation earns more than all others together
    rows, plans, views, weight = published(people, tables("pay", by=[["occupation"]]))
    policy = POLICY.model_copy(update={"dominance": [DominanceSpec(persons=1, share=0.5)]})
    made = protect(rows, plans, views, weight, policy)
    assert made.results["grade"].tolist()[0] == "suppressed"
    assert "1 of the sampled persons make up more than 50%" in made.log["why"][0]
    assert protect(rows, plans, views, weight, POLICY).log.empty


def test_a_dominated_mean_cannot_be_had_from_the_total(schema: Schema, definition: Definition, published: Any) -> None:
    people = workers(schema, definition, [[30, 25], [20, 22], [15, 16]])
    people.loc[0, "hours_usual"] = 2000.0
    rows, plans, views, weight = published(people, tables("pay", by=[[], ["occupation"]]))
    policy = POLICY.model_copy(update={"dominance": [DominanceSpec(persons=1, share=0.5)]})
    made = protect(rows, plans, views, weight, policy)
    assert made.results["grade"].eq("suppressed").tolist() == [False, True, False, True]


def test_a_difference_does_not_tell_its_hidden_side(schema: Schema, definition: Definition, published: Any) -> None:
    """The fourth occupation is hidden for the sake of the third; less the fifth, which is shown, it would be told."""
    fourth, fifth = occupation(schema, 3), occupation(schema, 4)
    listed = tables("rate") | {
        "d": {
            "title": "D",
            "indicators": ["rate"],
            "compare": {"occupation": [fourth, fifth], "sex": ["female", "male"]},
        }
    }
    rows, plans, views, weight = published(workers(schema, definition, SIZES), listed)
    assert rows[rows["table"] == "d"]["value"].notna().all()
    made = protect(rows, plans, views, weight, POLICY)
    assert made.results[made.results["table"] == "d"]["value"].isna().tolist() == [True, False]


def test_numbers_of_persons_are_rounded_where_the_policy_says_so(
    schema: Schema, definition: Definition, published: Any
) -> None:
    rows, plans, views, weight = published(workers(schema, definition, [[30, 25], [20, 22]]), tables("people", "rate"))
    made = protect(rows, plans, views, weight, POLICY.model_copy(update={"round_persons_to": 10}))
    totals = made.results["statistic"] == "total"
    assert (made.results.loc[totals, "value"] % 10 == 0).all()
    assert (made.results["n_weighted"] % 10 == 0).all()
    assert (made.results.loc[totals, "value"] - rows.loc[totals, "value"]).abs().between(1e-9, 5).all()
    pd.testing.assert_series_equal(made.results.loc[~totals, "value"], rows.loc[~totals, "value"])


def test_the_policy_is_read_and_a_wrong_name_is_met_with_the_right_one() -> None:
    policy = read_policy("default")
    assert policy.fewest_cases == 5
    with pytest.raises(InformalityError, match="default"):
        read_policy("defalt")
    assert isinstance(Protected(pd.DataFrame(), pd.DataFrame()), Protected)
