"""Flows, movers and bounds tell nothing that is hidden.

Authority: arithmetic by hand; for flows an attack that shares nothing with the program: a hidden number is safe if and only
if some change of the hidden cells by +1, -1 and 0 leaves every margin as it is and moves it (margins of a table are totally
unimodular, so that such a change exists wherever any does).
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pandas as pd
import pytest

from informality.tabulation.columns import COLUMNS
from informality.tabulation.disclosure import FEW, PolicySpec, protect
from informality.tabulation.linked import of_definitions, of_groups

FEWEST = 5


def row(table: str, statistic: str, n: float, *pairs: tuple[str, str | None], **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = dict.fromkeys(COLUMNS)
    for d, (dim, level) in enumerate(pairs, start=1):
        made[f"dim{d}"], made[f"level{d}"] = dim, level
    given = {"wave": "w", "definition": "b", "indicator": "rate", "universe": "employed", "unit": "persons"}
    small = n < FEWEST
    numbers = {"value": np.nan if small else n, "n": np.nan if small else n, "grade": "suppressed" if small else "good"}
    return {**made, **given, "table": table, "statistic": statistic, **numbers, **more}


def flows(counts: dict[tuple[str, str], int]) -> pd.DataFrame:
    """Shares and totals of each pair of outcomes of two definitions."""
    pairs = [(("a.job", x), ("b.job", y), n) for (x, y), n in counts.items()]
    rows = [row("flows", s, n, x, y) for s in ("flow_share", "flow_total") for x, y, n in pairs]
    return pd.DataFrame(rows)


def secret(rows: pd.DataFrame) -> np.ndarray:
    return (rows["grade"] == "suppressed").to_numpy()


def told(counts: dict[tuple[str, str], int], hidden: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Small hidden pairs that the margins and the shown pairs determine."""
    cells = sorted(hidden)
    safe: set[tuple[str, str]] = set()
    for change in itertools.product((-1, 0, 1), repeat=len(cells)):
        moved = dict(zip(cells, change, strict=True))
        margins = [
            sum(v for c, v in moved.items() if c[side] == level)
            for side in (0, 1)
            for level in {c[side] for c in cells}
        ]
        if not any(margins):
            safe |= {c for c, v in moved.items() if v}
    lines = [[c for c in counts if c[side] == level] for side in (0, 1) for level in {c[side] for c in counts}]
    alone = {line[0] for line in lines if len(line) == 1}  # the rate of the margin is that pair, and is shown
    return {c for c in hidden if counts[c] < FEWEST} - safe - alone


@pytest.mark.parametrize("seed", range(12))
def test_no_small_flow_is_told_by_the_margins(seed: int) -> None:
    draw = np.random.default_rng(seed)
    shape = draw.integers(2, 4, 2)
    counts = {
        (f"x{i}", f"y{j}"): int(draw.choice([2, 4, 7, 30, 200])) for i in range(shape[0]) for j in range(shape[1])
    }
    rows = flows(counts)
    small = {c for c, n in counts.items() if n < FEWEST}
    more = list(of_definitions(rows, secret(rows), FEWEST))
    gone = rows[secret(rows)].index.union(more)
    hidden = {(rows.loc[i, "level1"], rows.loc[i, "level2"]) for i in gone}
    for pair in hidden:  # share and total of a pair go together
        both = rows[(rows["level1"] == pair[0]) & (rows["level2"] == pair[1])]
        assert set(both.index) <= set(gone)
    if small and len(hidden) < len(counts):
        assert not told(counts, hidden)
    if not small:
        assert not more


def test_the_attack_finds_what_is_not_protected() -> None:
    counts = {("x0", "y0"): 100, ("x0", "y1"): 3, ("x1", "y0"): 20, ("x1", "y1"): 60}
    assert told(counts, {("x0", "y1")}) == {("x0", "y1")}
    assert not told(counts, set(counts))
    rows = flows(counts)
    assert len(list(of_definitions(rows, secret(rows), FEWEST))) == 6, "a table of two by two hides as a whole"


def test_rules_that_move_workers_do_not_give_two_hidden_ones_away_together() -> None:
    """55 move; 28, 8, 7 and 8 are shown, so that the two hidden ones are 4 together. With the 7 they are 11."""
    parts = [28, 8, 7, 8, 2, 2]
    kinds = (("direction", "informal>other"), "a.job.rule", "b.job.rule")
    rows = [row("movers", "moved", 55, kinds[0], (kinds[1], None), (kinds[2], None))]
    rows += [row("movers", "moved", n, kinds[0], (kinds[1], f"r{i}"), (kinds[2], "s")) for i, n in enumerate(parts)]
    frame = pd.DataFrame(rows)
    assert [frame.loc[i, "n"] for i in of_definitions(frame, secret(frame), FEWEST)] == [7]
    assert not list(of_definitions(frame[:5], secret(frame[:5]), FEWEST))
    # where a flow is hidden, the rules that add up to it are, too
    both = pd.concat([flows({("x", "x"): 90, ("x", "y"): 3, ("y", "x"): 20, ("y", "y"): 50}), frame], ignore_index=True)
    more = set(of_definitions(both, secret(both), FEWEST))
    assert set(both.index[(both["table"] == "movers") & both["value"].notna()]) <= more


def test_bounds_of_a_group_that_is_hidden_elsewhere_are_hidden() -> None:
    rows = pd.DataFrame(
        [
            row("bounds", "lower", 50, ("unanswered", "either"), ("sex", "male")),
            row("bounds", "lower", 50, ("unanswered", "either"), ("sex", "female")),
            row("determinants", "effect", 50, ("sex", "male")),
        ]
    )
    male = ("w", "employed", frozenset({("sex", "male")}))
    groups = {0: male, 1: ("w", "employed", frozenset({("sex", "female")})), 2: male}
    assert list(of_groups(rows, groups, {male})) == [0]
    assert not list(of_groups(rows, groups, set()))


def test_the_policy_hides_what_a_laxer_standard_shows() -> None:
    rows = pd.DataFrame([row("determinants", "effect", n, ("sex", "male"), ("area", f"{n}")) for n in (9, 10, 400)])
    policy = PolicySpec(id="p", title="P", summary="s", sources=["s"], status="assumption", fewest_cases=10)
    made = protect(rows, [], {}, np.ones(3), policy)
    assert made.results["value"].isna().tolist() == [True, False, False]
    assert made.log["why"].tolist() == [FEW] and made.results["note"].tolist()[0] == FEW
