"""Disclosure control of rows that no plan made, but that are sums over persons all the same: flows, movers, bounds, areas.

Definitions held against each other make a table of their outcomes, whose margins are published as rates; the rules that
move workers add up to a flow. Both are small tables of their own, and are protected in themselves: as many rows are hidden as it
takes until no hidden number is told by the margins, and none below the fewest cases by a sum. Bounds and estimates for
areas are about groups that the tables show, too; where a group is hidden there, it is hidden here.

Not covered: coefficients, effects and parts of gaps are no sums over persons, and rest on all cases of their model; the
policy's fewest cases hold for them, nothing else. Options set otherwise and assumed rules are shares among everybody.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

Bools = npt.NDArray[np.bool_]

ABOUT_GROUPS = frozenset({"point", "lower", "upper", "interval_low", "interval_high", "direct", "model"})
"""Statistics of rows about a group that the tables show, too."""


def of_definitions(results: pd.DataFrame, secret: Bools, fewest: int) -> Iterator[int]:
    """The rows to hide besides ``secret`` ones, (rows,), so that flows and movers do not tell those.

    ``results`` has the numbers as they were before anything was hidden.
    """
    key = ["wave", "definition", "indicator", "dim1", "dim2"]
    flows = results[results["table"] == "flows"]
    movers = results[results["table"] == "movers"]
    shaken = set()
    for block, rows in flows.groupby(key, dropna=False, sort=False):
        hidden = _flow(rows, secret[rows.index], fewest)
        yield from rows.index[hidden & ~secret[rows.index]]
        if hidden.any():
            shaken.add((*block[:3], block[3], block[4]))
    for block, rows in movers.groupby(
        ["wave", "definition", "indicator", "dim1", "level1", "dim2", "dim3"], dropna=False
    ):
        pair = (*block[:3], *(str(name).removesuffix(".rule") for name in block[5:]))
        if pair in shaken:  # they add up to flows that are hidden
            yield from rows.index[~secret[rows.index] & rows["value"].notna()]
        else:
            yield from _parts(rows, secret[rows.index], fewest)


def _flow(rows: pd.DataFrame, secret: Bools, fewest: int) -> Bools:
    """Which rows of one table of flows are hidden: those of secret pairs, and as many others as it takes."""
    pairs = rows[["level1", "level2"]].astype(str)
    cells = pairs.drop_duplicates().reset_index(drop=True)
    of = pairs.merge(cells.reset_index(), how="left")["index"].to_numpy()
    n = np.zeros(len(cells))
    n[of] = rows["n"].to_numpy(dtype=float, na_value=np.nan)
    few = np.zeros(len(cells), dtype=bool)
    few[of[secret]] = True
    n = np.where(few, np.nan_to_num(n, nan=1.0), n)
    gone = few.copy()
    # a margin of one pair is that pair: the policy shows it as a rate, and hiding others would not help
    lines = [(cells[side] == level).to_numpy() for side in ("level1", "level2") for level in cells[side].unique()]
    lines = [line for line in lines if line.sum() > 1]
    while few.any() and lines:
        left = ~gone & (n > 0)
        told = [c for c in np.flatnonzero(few) if _told(np.stack(lines)[:, gone], np.flatnonzero(gone) == c)]
        short = [line for line in lines if (line & few).any() and n[line & gone].sum() < fewest]
        concerned = [*short, *(line for line in lines if line[told].any())]
        near = np.logical_or.reduce([np.zeros(len(cells), dtype=bool), *concerned]) & left
        if not (told or short) or not left.any():
            break
        choice = near if near.any() else left
        gone[np.flatnonzero(choice)[np.argmin(n[choice])]] = True
    return np.asarray(gone[of])


def _told(known: Bools, cell: Bools) -> bool:
    """Whether sums over the hidden cells, (lines, hidden), determine one of them."""
    sums = known.astype(float)
    rank = np.linalg.matrix_rank
    return bool(rank(np.vstack([sums, cell.astype(float)])) == rank(sums))


def _parts(rows: pd.DataFrame, secret: Bools, fewest: int) -> Iterator[int]:
    """Rows of movers to hide so that those hidden are together no fewer than ``fewest``: the smallest first."""
    whole = rows["level2"].isna().to_numpy()
    n = rows["n"].to_numpy(dtype=float, na_value=np.nan)
    total = n[whole].max(initial=0.0)
    gone = secret & ~whole
    while gone.any() and total - n[~gone & ~whole].sum() < fewest:
        left = np.flatnonzero(~gone & ~whole & (n > 0))
        if not len(left):
            break
        smallest = left[np.argmin(n[left])]
        gone[smallest] = True
        yield rows.index[smallest]


Group = tuple[str, str, frozenset[tuple[str, str]]]
"""A wave, a universe, and the levels of the variables that single out a group of it."""


def of_groups(results: pd.DataFrame, groups: Mapping[int, Group], hidden: Collection[Group]) -> Iterator[int]:
    """Rows about groups that are ``hidden`` in the tables; ``groups``: of each row."""
    about = results["statistic"].isin(ABOUT_GROUPS) & results["value"].notna()
    yield from (int(row) for row in results.index[about] if groups[row][2] and groups[row] in hidden)
