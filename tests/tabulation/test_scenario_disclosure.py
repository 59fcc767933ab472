"""No total of a scenario that rests on too few persons can be worked out from others.

Authority: all that adding and subtracting shown numbers can reach, found by solving the linear system for it.
"""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from informality.tabulation.disclosure import ALSO, FEW
from informality.tabulation.reliability import read_standard
from informality.tabulation.rows import Settings
from informality.tabulation.scenarios import ALL, also_hidden, graded_scenarios, hidden_scenarios

FEWEST = 5
SCHEMES, LEVELS = ("a", "b"), ("north", "south", "west")


def made(cases: dict[tuple[str, str], int], years: tuple[int, ...] = (2024,)) -> tuple[pd.DataFrame, pd.Series]:
    """Members by scheme and region with all their sums; a cell of fewer than five cases is hidden."""
    rows = []
    for year, scheme, level in itertools.product(years, (*SCHEMES, ALL), (*LEVELS, None)):
        atoms = [c for (s, x), c in cases.items() if scheme in (s, ALL) and level in (x, None)]
        rows.append(
            {
                "definition": "d", "indicator": "members", "table": "coverage" if level is None else "coverage_by",
                "statistic": "total", "payer": ALL, "branch": ALL, "scheme": scheme, "scenario": "s", "year": year,
                "dim1": None if level is None else "region", "level1": level, "dim2": None, "cases": sum(atoms),
            }
        )  # fmt: skip
    frame = pd.DataFrame(rows)
    few = frame["cases"].between(1, FEWEST - 1)
    frame["grade"] = np.where(few, "suppressed", "good")
    frame["value"] = frame["cases"].astype(float).mask(few)
    return frame, frame.pop("cases")


def solvable(rows: pd.DataFrame, shown: pd.Series) -> set[int]:
    """Hidden rows that are sums and differences of shown ones."""
    vectors = np.array(
        [
            [
                float(row.scheme in (s, ALL) and (pd.isna(row.level1) or row.level1 == x))
                for s in SCHEMES
                for x in LEVELS
            ]
            for row in rows.itertuples()
        ]
    )
    reached = vectors[shown.to_numpy()]
    rank = np.linalg.matrix_rank(reached)
    return {i for i in np.flatnonzero(~shown) if np.linalg.matrix_rank([*reached, vectors[i]]) == rank}


BIG = dict.fromkeys(itertools.product(SCHEMES, LEVELS), 40)


@pytest.mark.parametrize(
    "few",
    [
        {("a", "north"): 2},
        {("a", "north"): 2, ("a", "south"): 3},
        {("a", "north"): 1, ("b", "west"): 4},
        {("a", "north"): 1, ("b", "north"): 1},
        {cell: 2 for cell in itertools.product(SCHEMES, LEVELS)},
    ],
)  # fmt: skip
def test_no_secret_can_be_solved_for(few: dict[tuple[str, str], int]) -> None:
    rows, cases = made({**BIG, **few})
    shown = rows["value"].notna()
    secret = set(np.flatnonzero(~shown))
    also = also_hidden(rows, cases, FEWEST)
    assert not (also & ~shown).any()
    assert not solvable(rows, shown & ~also) & secret
    assert rows.loc[also, "dim1"].notna().all(), "totals of everybody stay"


def test_one_small_cell_alone_would_be_given_away() -> None:
    """The test above can fail: without complements the cell is solved for."""
    rows, cases = made({**BIG, ("a", "north"): 2})
    shown = rows["value"].notna()
    assert solvable(rows, shown)
    assert also_hidden(rows, cases, FEWEST).sum() == 3  # a rectangle around it, of which it is one corner


def test_nothing_is_hidden_where_nothing_is_secret_and_all_years_alike_where_something_is() -> None:
    rows, cases = made(BIG, (2024, 2035))
    assert not also_hidden(rows, cases, FEWEST).any()
    rows.loc[0, ["value", "grade"]] = np.nan, "suppressed"
    cases.loc[0] = 0
    assert not also_hidden(rows, cases, FEWEST).any(), "that nobody is there is no secret"
    rows, cases = made({**BIG, ("a", "north"): 2}, (2024, 2035))
    later = rows["year"] == 2035
    rows.loc[later & rows["value"].isna(), ["value", "grade"]] = 9.0, "good"
    cases[later] = cases[later].replace(2, 9)
    also = also_hidden(rows, cases, FEWEST)
    found = [
        set(zip(rows["scheme"][also & year], rows["level1"][also & year], strict=True)) for year in (~later, later)
    ]
    assert found[0] == found[1] != set()


def test_what_was_hidden_is_logged() -> None:
    rows, _ = made(BIG)
    rows = rows.assign(wave="2022", note=None)
    rows.loc[1, "note"] = ALSO
    log = hidden_scenarios(rows)
    assert log[["scenario", "scheme", "level1", "why"]].to_numpy().tolist() == [["s", "a", "south", ALSO]]
    assert hidden_scenarios(rows.drop(columns="scenario")).empty


def test_too_few_persons_are_hidden_whatever_the_standard_shows() -> None:
    """A policy of 41 cases where the standard shows a cell from 5: nothing below 41 is shown."""
    rows, cases = made({**BIG, ("a", "north"): 3})
    rows = rows.assign(
        value=cases.astype(float), n=cases.astype("Int64"), n_weighted=1.0, unit="persons", universe=None, level2=None,
        dim3=None, level3=None, se=0.01, cv=0.001, ci_low=1.0, ci_high=9.0, confidence=0.95, deff=1.0,
        df=pd.array([100] * len(rows), "Int64"),
        status="assumption", median=1.0, lo80=1.0, hi80=2.0, se_parameters=1.0, se_imputation=0.0,
    ).drop(columns="grade")  # fmt: skip
    how = Settings("s", "v", "w", "verified", "logit", 0.95, read_standard("ilostat-cv"))
    out = graded_scenarios(rows, how, 41)
    assert out["value"].notna().sum() < len(out)
    shown = out[out["value"].notna()]
    assert (shown["n"] >= 41).all()
    assert set(out.loc[out["value"].isna() & (cases >= 5).to_numpy(), "note"]) <= {FEW, ALSO}
    assert FEW in set(out["note"])
