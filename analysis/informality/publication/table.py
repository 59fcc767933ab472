"""The table object: one neutral description of a published table, and its views.

A :class:`Table` says what every cell holds (a number with its format, a flag, or words that stand in
place of a number) and nothing about markup. The views are semantic HTML inside a Quarto table block,
aligned Markdown, aligned text for a screen, and CSV with raw numbers. Every text is treated as hostile:
labels come from survey files and show as written, never as markup, shortcode or spreadsheet formula.
"""

from __future__ import annotations

import csv
import html
import io
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Literal

import pandas as pd

from informality.foundation.language import english_mark, say
from informality.publication.formats import NumberFormat
from informality.publication.plain import Block, Head, folded, grid, padded, width_of

NOTHING = "\u2013"
"""Stands where there is no figure to print, so that no cell is ever blank."""


@dataclass(frozen=True, slots=True)
class Labels:
    """Words for the identifiers of the results table; an identifier without words stands for itself."""

    variables: Mapping[str, str] = field(default_factory=dict)
    levels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    indicators: Mapping[str, str] = field(default_factory=dict)
    tables: Mapping[str, str] = field(default_factory=dict)
    universes: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)

    def variable(self, name: str) -> str:
        return say(self.variables[name]) if name in self.variables else name

    def level(self, variable: str, level: str) -> str:
        known = self.levels.get(variable, {})
        return say(known[level]) if level in known else level

    def indicator(self, name: str) -> str:
        return say(self.indicators[name]) if name in self.indicators else name

    def table(self, name: str) -> str:
        return say(self.tables[name]) if name in self.tables else name

    def universe(self, name: str) -> str:
        return say(self.universes[name]) if name in self.universes else name

    def unit(self, name: str) -> str:
        return say(self.units.get(name, name))


@dataclass(frozen=True, slots=True)
class Column:
    """One column. ``spanner`` is the path of headings above the label; without ``format`` it holds text."""

    key: str
    label: str
    format: NumberFormat | None = None
    spanner: tuple[str, ...] = ()
    align: Literal["left", "right"] = "left"


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in one place: a value with a flag after it, or words instead of a value.

    ``format``: that of a number whose unit is not its column's.
    """

    value: float | str | None = None
    flag: str = ""
    words: str = ""
    format: NumberFormat | None = None


@dataclass(frozen=True, slots=True)
class RowGroup:
    """Rows under one heading (empty for none). The first cell of a row is its label."""

    label: str
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table ready to be shown. ``notes`` and ``source`` are plain text and stand below it."""

    id: str
    title: str
    columns: tuple[Column, ...]
    groups: tuple[RowGroup, ...]
    notes: tuple[str, ...] = ()
    source: str = ""


def table_of_frame(
    id: str, title: str, frame: pd.DataFrame, columns: Sequence[Column], group: str = "", notes: Sequence[str] = ()
) -> Table:
    """A table showing ``frame`` as it is: one row each, under a heading per run of equal ``group`` values."""
    values = zip(*(frame[c.key] for c in columns), strict=True)
    rows = [tuple(Cell(_plain(v, c.format)) for v, c in zip(row, columns, strict=True)) for row in values]
    headings = frame[group].astype(str) if group else [""] * len(rows)
    runs = groupby(zip(headings, rows, strict=True), key=lambda pair: pair[0])
    groups = tuple(RowGroup(heading, tuple(row for _, row in run)) for heading, run in runs)
    return Table(id, title, tuple(columns), groups, tuple(notes))


def _plain(value: Any, number: NumberFormat | None) -> float | str | None:
    if pd.isna(value):
        return None
    return float(value) if number else str(value)


# -- text that stays text ------------------------------------------------------------------------------


def one_line(text: object) -> str:
    """The text with line breaks, tabs and control characters made single spaces."""
    printable = "".join(" " if unicodedata.category(c) == "Cc" else c for c in str(text))
    return re.sub(" +", " ", printable).strip()


def inert(text: str) -> str:
    """The text as a cell of a CSV file: one that a spreadsheet would run is led in by an apostrophe."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t") else text


def html_text(text: object) -> str:
    """Escaped for HTML text and attributes; braces and backticks too, so that no shortcode or fence appears."""
    escaped = html.escape(one_line(text), quote=True)
    return escaped.replace("{", "&#123;").replace("`", "&#96;").replace("\\", "&#92;")


def markdown_text(text: object) -> str:
    """Escaped so that pandoc's Markdown shows the characters as they are, at a line's start too."""
    escaped = re.sub(r"([\\`*_{}\[\]<>|~^$@&!\"'])", r"\\\1", one_line(text))
    escaped = re.sub(r"-(?=-)|\.(?=\.)", r"\\\g<0>", escaped)
    escaped = re.sub(r"^(\w+)([.)])(?=\s|$)", r"\1\\\2", escaped)
    return re.sub(r"^(?=[#\-+:=%(])", r"\\", escaped)


# -- views ---------------------------------------------------------------------------------------------


def shown(cell: Cell, column: Column) -> str:
    """What a reader sees in a cell, without its flag."""
    if cell.words:
        return cell.words
    if cell.value is None or cell.value == "":
        return NOTHING
    number = cell.format or column.format
    if number and isinstance(cell.value, int | float):
        return number(cell.value)
    return str(cell.value)


def to_html(table: Table) -> str:
    """A semantic HTML table in a container that scrolls sideways, so that the page does not."""
    parts = [
        f'<div class="table-scroll" role="region" tabindex="0" aria-label="{html_text(table.title)}">',
        "<table>",
        "<thead>",
        *_head(table.columns),
        "</thead>",
    ]
    for group in table.groups:
        parts.append("<tbody>")
        if group.label:
            mark = english_mark(group.label)
            span = (
                f'<th scope="rowgroup" colspan="{len(table.columns)}"><span{mark}>{html_text(group.label)}</span></th>'
            )
            parts.append(f'<tr class="group">{span}</tr>')
        parts += [_row(row, table.columns) for row in group.rows]
        parts.append("</tbody>")
    return "\n".join([*parts, "</table>", "</div>"])


def _head(columns: Sequence[Column]) -> Iterable[str]:
    depth = max(len(c.spanner) for c in columns) + 1
    paths = [(*c.spanner, c.key) for c in columns]
    for level in range(depth):
        cells = []
        for i, column in enumerate(columns):
            if level == len(column.spanner):
                rows = f' rowspan="{depth - level}"' if depth - level > 1 else ""
                head = f'<th scope="col" class="{column.align}"{rows}>{html_text(column.label)}</th>'
                cells.append(head if column.label else f"<td{rows}></td>")
            elif level < len(column.spanner) and (i == 0 or paths[i - 1][: level + 1] != paths[i][: level + 1]):
                span = sum(path[: level + 1] == paths[i][: level + 1] for path in paths[i:])
                text = html_text(column.spanner[level])
                cells.append(f'<th scope="colgroup" class="spanner" colspan="{span}">{text}</th>')
        yield f"<tr>{''.join(cells)}</tr>"


def _row(row: Sequence[Cell], columns: Sequence[Column]) -> str:
    cells = []
    for i, (cell, column) in enumerate(zip(row, columns, strict=True)):
        tag, scope = ("th", ' scope="row"') if i == 0 else ("td", "")
        flag = f'<sup class="flag">{html_text(cell.flag)}</sup>' if cell.flag else ""
        words = " words" if cell.words else ""
        text = shown(cell, column)
        mark = english_mark(text)
        cells.append(f'<{tag}{scope} class="{column.align}{words}"{mark}>{html_text(text)}{flag}</{tag}>')
    return f"<tr>{''.join(cells)}</tr>"


def to_quarto(table: Table) -> str:
    """The table as a Quarto block: raw HTML, notes below, caption last; ``@tbl-<id>`` refers to it."""
    body = ["```{=html}", to_html(table), "```", ""]
    return quarto_block(f"tbl-{table.id}", body, table.notes, table.title, table.source)


def quarto_block(id: str, body: Sequence[str], notes: Sequence[str], caption: str, source: str = "") -> str:
    """A numbered Quarto block (table or figure), its notes in one paragraph and its source in another, caption last."""
    paragraphs = filter(None, (" ".join(map(marked_text, notes)), marked_text(source)))
    below = ["::: {.note-below}", "\n\n".join(paragraphs), ":::", ""] if notes or source else []
    return "\n".join([f":::: {{#{id}}}", *body, *below, markdown_text(caption), "::::", ""])


def marked_text(text: str) -> str:
    """As Markdown, marked where it is English in a document in another language."""
    mark = english_mark(text).strip()
    return f"[{markdown_text(text)}]{{{mark}}}" if mark else markdown_text(text)


def to_markdown(table: Table) -> str:
    """Aligned pipe table for the terminal and for Markdown, with notes and source below."""
    head = [markdown_text(", ".join(filter(None, (*c.spanner, c.label)))) for c in table.columns]
    lines: list[list[str]] = []
    for group in table.groups:
        if group.label:
            lines.append([markdown_text(group.label), *[""] * (len(head) - 1)])
        for row in group.rows:
            pairs = zip(row, table.columns, strict=True)
            lines.append([markdown_text(f"{shown(c, col)} {c.flag}".strip()) for c, col in pairs])
    widths = [max(3, *(width_of(line[i]) for line in [head, *lines])) for i in range(len(head))]
    rule = ["-" * w if c.align == "left" else "-" * (w - 1) + ":" for w, c in zip(widths, table.columns, strict=True)]
    drawn = [
        "| " + " | ".join(padded(t, w, c.align) for t, w, c in zip(line, widths, table.columns, strict=True)) + " |"
        for line in [head, rule, *lines]
    ]
    below = [markdown_text(n) for n in (*table.notes, table.source) if n]
    return "\n\n".join([markdown_text(table.title), "\n".join(drawn), *below]) + "\n"


def to_text(table: Table, width: int = 80) -> str:
    """Aligned columns for a screen of this width, with title, notes and source; labels show as they are."""
    heads = [Head(one_line(c.label), one_line(", ".join(c.spanner)), c.align) for c in table.columns]
    blocks = []
    for group in table.groups:
        rows = [
            [one_line(f"{shown(cell, column)} {cell.flag}") for cell, column in zip(row, table.columns, strict=True)]
            for row in group.rows
        ]
        blocks.append(Block(one_line(group.label), rows))
    above = folded(one_line(table.title), width) if table.title else []
    below = [folded(one_line(note), width) for note in (*table.notes, table.source) if note]
    parts = [above, [grid(heads, blocks, width)], [line for note in below for line in note]]
    return "\n\n".join("\n".join(part) for part in parts if part)


def to_csv(table: Table) -> str:
    """Raw numbers, flags in columns of their own; text that a spreadsheet would run is quoted with an apostrophe."""
    flagged = {i for g in table.groups for row in g.rows for i, c in enumerate(row) if c.flag or c.words}
    head = ["group"]
    for i, column in enumerate(table.columns):
        name = ", ".join(filter(None, (*column.spanner, column.label)))
        head += [name, f"{name}, flag"] if i in flagged else [name]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(map(_inert, head))
    for group in table.groups:
        for row in group.rows:
            line: list[object] = [_inert(group.label)]
            for i, cell in enumerate(row):
                value = _inert(cell.value) if isinstance(cell.value, str) else cell.value
                line += [value, _inert(cell.flag or cell.words)] if i in flagged else [value]
            writer.writerow(line)
    return out.getvalue()


def _inert(text: str) -> str:
    return inert(one_line(text))
