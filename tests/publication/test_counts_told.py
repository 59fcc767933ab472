"""Which counts of rules and codes a report is told. Expected values by hand."""

from __future__ import annotations

import pandas as pd

from informality.reporting import _counts, _without_few
from informality.tabulation.disclosure import ALSO, FEW


def test_hidden_rules_have_no_numbers_and_the_reason_whatever_they_are_called() -> None:
    """A rule may be called 1, and those that no rule decided have no name: the log as text says which is which."""
    counts = pd.DataFrame(
        {
            "step": ["job"] * 3,
            "rule": ["1", "2", ""],
            "assumed": False,
            "n": [30, 2, 5],
            "n_weighted": 9.5,
            "share": 0.1,
        }
    )
    about = {"definition": "d", "indicator": "job", "dim1": "rules"}
    hidden = pd.DataFrame(
        [
            {**about, "table": "rules", "level1": "2", "why": FEW},
            {**about, "table": "rules", "level1": "", "why": ALSO},
            {**about, "table": "rules", "level1": "1", "why": FEW, "definition": "another"},
            {**about, "table": "movers", "level1": "1", "why": FEW},
        ]
    )
    told = _counts(counts, "d", hidden)
    assert told["note"].tolist() == ["", FEW, ALSO]
    assert (
        told["n"].isna().tolist()
        == told["share"].isna().tolist()
        == told["n_weighted"].isna().tolist()
        == [False, True, True]
    )
    assert _counts(counts, "d", hidden.iloc[:0])["n"].tolist() == _counts(counts, "d", None)["n"].tolist() == [30, 2, 5]


def test_few_rows_of_a_code_are_not_told_nor_the_next_by_which_they_could_be() -> None:
    """3 of 100 with code 2: code 3 with 7 goes, too, and both under the variable that is read from the same column."""
    mapping = pd.DataFrame(
        [
            ("industry", "isic", "1", 90), ("industry", "isic", "2", 3), ("industry", "isic", "3", 7),
            ("sector", "isic", "1", 90), ("sector", "isic", "2", 3), ("sector", "isic", "3", 7),
            ("sex", "q1", "1", 60), ("sex", "q1", "2", 40), ("sex", "q1", "9", 0),
        ],
        columns=["variable", "column", "code", "n"],
    )  # fmt: skip
    told = _without_few(mapping, 5)
    assert told["n"].isna().tolist() == [False, True, True] * 2 + [False] * 3
    assert told["n"].dropna().tolist() == [90, 90, 60, 40, 0]
    assert _without_few(mapping.iloc[:0], 5).empty
