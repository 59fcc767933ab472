"""How results look: the same table as text on a screen and as HTML in a notebook, with digits the error supports."""

from __future__ import annotations

import shutil
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from informality.publication.formats import NumberFormat, column_format, supported_decimals
from informality.publication.plain import width_of
from informality.publication.table import RowGroup, Table, html_text, to_html, to_text

MOST_ROWS = 60
MOST_DECIMALS = 4
STYLE = """\
<style>
.informality {max-width: 100%; margin-bottom: 1em} .informality .table-scroll {overflow-x: auto}
.informality table {border-collapse: collapse; font-variant-numeric: tabular-nums; margin: .4em 0}
.informality th, .informality td {padding: .15em .6em; vertical-align: bottom; font-weight: normal}
.informality .left {text-align: left} .informality .right {text-align: right}
.informality th.spanner {text-align: center}
.informality thead {border-bottom: 1px solid} .informality th.spanner {border-bottom: 1px solid}
.informality tr.group th {text-align: left; font-weight: bold; padding-top: .5em}
.informality tr.group ~ tr th {padding-left: 1.6em}
.informality p {margin: .2em 0; font-size: 90%; max-width: 45em} .informality p.title {font-size: 100%; font-weight: bold}
</style>"""


class Shown(ABC):
    """What prints itself as a table."""

    __slots__ = ()

    @abstractmethod
    def table(self) -> Table:
        """The table that is shown, with all its columns."""

    @property
    def spare(self) -> tuple[str, ...]:
        """Keys of columns that a narrow screen does without, the first to go first."""
        return ()

    def to_text(self, width: int | None = None) -> str:
        """The table as aligned text, for a screen of so many columns (by default that of the terminal)."""
        width = width or shutil.get_terminal_size((80, 24)).columns
        table = _at_most(self.table(), MOST_ROWS)
        text = to_text(table, width)
        for key in self.spare:
            if max(map(width_of, text.splitlines())) <= width:
                break
            table = _without(table, key)
            text = to_text(table, width)
        return text

    def __str__(self) -> str:
        return self.to_text()

    def __repr__(self) -> str:
        return self.to_text()

    def _repr_html_(self) -> str:
        """The table for a notebook; every word of the survey shows as it is, whatever it holds."""
        table = _at_most(self.table(), MOST_ROWS)
        below = [f"<p>{html_text(note)}</p>" for note in (*table.notes, table.source) if note]
        title = f'<p class="title">{html_text(table.title)}</p>'
        return "\n".join([STYLE, '<div class="informality">', title, to_html(table), *below, "</div>"])


def _at_most(table: Table, rows: int) -> Table:
    """The first rows of a long table, and a note that there are more."""
    total = sum(len(group.rows) for group in table.groups)
    if total <= rows:
        return table
    left, groups = rows, []
    for group in table.groups:
        if left > 0:
            groups.append(RowGroup(group.label, group.rows[:left]))
        left -= len(group.rows)
    note = f"{total - rows:,} more rows are not shown; to_pandas() has them all."
    return replace(table, groups=tuple(groups), notes=(note, *table.notes))


def _without(table: Table, key: str) -> Table:
    """The table without one of its columns."""
    kept = [i for i, column in enumerate(table.columns) if column.key != key]
    groups = [RowGroup(g.label, tuple(tuple(row[i] for i in kept) for row in g.rows)) for g in table.groups]
    return replace(table, columns=tuple(table.columns[i] for i in kept), groups=tuple(groups))


def number_format(unit: str, errors: Sequence[float] | NDArray[np.float64]) -> NumberFormat:
    """How numbers of a unit with these standard errors are printed: to about a tenth of the middle error."""
    known = [float(e) for e in errors]
    if unit in ("share", "points"):
        made = column_format("share", known, "")
        return replace(made, heading="Percentage points") if unit == "points" else made
    if unit == "persons":
        return column_format(unit, known, unit)
    decimals = supported_decimals(known)
    heading = (unit or "value").replace("_", " ")
    return NumberFormat(heading[:1].upper() + heading[1:], 1, 2 if decimals is None else min(decimals, MOST_DECIMALS))


def finer(number: NumberFormat, heading: str) -> NumberFormat:
    """The same format with one digit more: for standard errors beside their estimates."""
    return replace(number, heading=heading, decimals=min(number.decimals + 1, MOST_DECIMALS + 1))


def p_words(p: float) -> str:
    """A p value as printed; nothing where there is none."""
    if np.isnan(p):
        return "–"
    return "<0.0001" if p < 0.0001 else f"{p:.4f}"
