"""The workbook: every published table on a sheet of its own, and one long sheet for pivoting.

Cells hold numbers, not pictures of numbers; flags stand in columns of their own. All text is written as text, so that
no label can run as a formula or open a link.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import xlsxwriter
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from informality.foundation.language import say
from informality.foundation.provenance import write_atomically
from informality.publication.formats import NumberFormat
from informality.publication.inputs import ReportInputs
from informality.publication.published import Publication
from informality.publication.store import figures
from informality.publication.table import NOTHING, Cell, Column, Table, one_line

INK, RULE, SHADE, LINK = "#1b2733", "#9aa7b3", "#eef2f5", "#1f5a8a"
CONTENTS = "Contents"
WIDEST = 60
NAMES = {
    "id": "No.", "what": "Figure", "of_whom": "Among", "breakdown": "By", "group_name": "Group",
    "definition_title": "Definition", "wave": "Wave", "value": "Value", "low": "Lower", "high": "Upper",
    "standard_error": "Standard error", "unit_name": "Unit", "sample_n": "Sample n", "flag": "Flag",
    "reliability": "Reliability", "note": "Note", "table_title": "Table", "standing": "Standing of the weakest input",
}  # fmt: skip
"""Columns of the long sheet."""
CHARTED = {"headline": "bar", "region": "bar", "age-sex": "line", "definitions": "bar"}
"""Tables with a native chart beside them, if they have a value with an interval."""


def write_workbook(
    inputs: ReportInputs, pub: Publication, tables: Mapping[str, tuple[str, Table | str]], path: Path
) -> None:
    """Write the workbook. The same inputs give the same bytes; what stood there stays until the file is whole."""
    write_atomically(path, lambda new: _Book(inputs, pub, new).fill(tables))


class _Book:
    """A workbook being written. Formats are shared: Excel allows only so many."""

    def __init__(self, inputs: ReportInputs, pub: Publication, path: Path) -> None:
        options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
        self.book: Workbook = xlsxwriter.Workbook(path, options)
        self.inputs, self.pub = inputs, pub
        study = inputs.study
        self.book.set_properties(
            {
                "title": one_line(study["title"]),
                "subject": one_line(f"{study['survey_title']}, {study['wave_title']}"),
                "author": one_line(study["agency"]),
                "created": dt.datetime(2000, 1, 1, tzinfo=dt.UTC),  # the same inputs give the same bytes
            }
        )
        self._formats: dict[tuple[tuple[str, Any], ...], Any] = {}
        self.listed: list[tuple[str, str, str]] = []

    def format(self, **properties: Any) -> Any:
        said = {"font_name": "Calibri", "font_size": 10, "font_color": INK, "valign": "top", **properties}
        key = tuple(sorted(said.items()))
        if key not in self._formats:
            self._formats[key] = self.book.add_format(said)
        return self._formats[key]

    def fill(self, tables: Mapping[str, tuple[str, Table | str]]) -> None:
        contents = self.book.add_worksheet(say(CONTENTS))
        missing = []
        for number, (id, (title, made)) in enumerate(tables.items(), start=1):
            if isinstance(made, str):
                missing.append((title, made))
                continue
            self._table(f"T{number}", id, made)
        self._frame(say("All figures"), say("All figures, one row each, for filtering and pivoting"), self._long())
        self._definitions()
        self._frame(say("Assumptions"), say("Options and assumptions of the definitions"), self._options())
        self._frame(
            say("Official figures"), say("Official figures, and whether they are reproduced"), self.inputs.benchmarks
        )
        self._frame(say("Quality"), say("Remarks on the quality of the data"), self.inputs.quality)
        self._frame(say("Reliability"), say("What the marks beside the numbers mean"), self.inputs.reliability)
        self._frame(say("Provenance"), say("What the numbers were made from"), self._provenance())
        self._contents(contents, missing)
        self.book.close()

    # -- sheets --------------------------------------------------------------------------------------------

    def _sheet(self, name: str, title: str) -> Worksheet:
        sheet: Worksheet = self.book.add_worksheet(name)
        sheet.hide_gridlines(2)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.write_string(0, 0, one_line(title), self.format(bold=True, font_size=13))
        sheet.write_url(
            1, 0, f"internal:'{say(CONTENTS)}'!A1", self.format(font_color=LINK, underline=1), say(CONTENTS)
        )
        self.listed.append((name, title, ""))
        return sheet

    def _contents(self, sheet: Worksheet, missing: Sequence[tuple[str, str]]) -> None:
        study = self.inputs.study
        sheet.hide_gridlines(2)
        sheet.set_column(0, 0, 16)
        sheet.set_column(1, 1, 88)
        sheet.set_row(0, 28)
        sheet.write_string(0, 0, one_line(study["title"]), self.format(bold=True, font_size=18))
        row = 1
        for text in (study.get("subtitle", ""), f"{study['survey_title']}, {study['wave_title']}. {study['agency']}."):
            if text:
                sheet.write_string(row, 0, one_line(text), self.format(font_size=11))
                row += 1
        if self.inputs.made_up_notice:
            warning = self.format(bold=True, font_color="#8a2b00", bg_color="#fff3e8", font_size=11, text_wrap=True)
            sheet.merge_range(row, 0, row, 1, one_line(self.inputs.made_up_notice), warning)
            sheet.set_row(row, 36)  # two lines, with room for marks above and below letters
            row += 1
        row += 1
        for col, head in enumerate((say("Sheet"), say("What it holds"))):
            sheet.write_string(row, col, head, self._head())
        link = self.format(font_color=LINK, underline=1)
        for name, title, _ in self.listed:
            row += 1
            sheet.write_url(row, 0, f"internal:'{name}'!A1", link, name)
            sheet.write_string(row, 1, one_line(title), self.format(text_wrap=True))
        if missing:
            row += 2
            sheet.write_string(row, 0, say("Not in this workbook"), self.format(bold=True, font_size=11))
            for title, why in missing:
                row += 1
                sheet.write_string(row, 0, "–", self.format())
                sheet.write_string(row, 1, one_line(f"{title}: {why}"), self.format(text_wrap=True))
        sheet.activate()
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)

    def _head(self, **more: Any) -> Any:
        return self.format(bold=True, bg_color=SHADE, bottom=1, bottom_color=RULE, text_wrap=True, **more)

    def _table(self, name: str, id: str, table: Table) -> None:
        sheet = self._sheet(name, table.title)
        places = _places(table)
        depth = max(len(c.spanner) for c in table.columns) + 1
        first = 3
        self._heads(sheet, table, places, first, depth)
        row = first + depth
        grouped = any(group.label for group in table.groups)
        for group in table.groups:
            for cells in group.rows:
                if grouped:
                    sheet.write_string(row, 0, one_line(group.label), self.format(text_wrap=True))
                for cell, column, (place, flag) in zip(cells, table.columns, places, strict=True):
                    self._cell(sheet, row, place + grouped, cell, column)
                    if flag is not None:
                        said = cell.flag or (cell.words if isinstance(cell.value, float) else "")
                        sheet.write_string(row, flag + grouped, one_line(said), self.format(font_color="#5a6772"))
                row += 1
        last = max(p if f is None else f for p, f in places) + grouped
        if row > first + depth:
            sheet.autofilter(first + depth - 1, 0, row - 1, last)
        sheet.freeze_panes(first + depth, 1 + grouped)
        sheet.repeat_rows(first, first + depth - 1)
        self._widths(sheet, table, places, grouped)
        notes = [*table.notes, table.source]
        for i, note in enumerate(n for n in notes if n):
            sheet.write_string(row + 1 + i, 0, one_line(note), self.format(font_size=9, font_color="#5a6772"))
        if id in CHARTED:
            self._chart(sheet, name, id, table, places, grouped, first + depth, row - 1, last)

    def _heads(
        self, sheet: Worksheet, table: Table, places: Sequence[tuple[int, int | None]], first: int, depth: int
    ) -> None:
        grouped = any(group.label for group in table.groups)
        last = max(p if f is None else f for p, f in places) + grouped
        for level in range(depth):
            for col in range(last + 1):
                sheet.write_blank(first + level, col, None, self._head())
        if grouped:
            sheet.write_string(first + depth - 1, 0, say("Group"), self._head())
        for column, (place, flag) in zip(table.columns, places, strict=True):
            align = {"align": column.align}
            sheet.write_string(first + depth - 1, place + grouped, one_line(column.label), self._head(**align))
            if flag is not None:
                sheet.write_string(first + depth - 1, flag + grouped, say("Flag"), self._head())
        for level in range(depth - 1):
            start = 0
            while start < len(table.columns):
                path = table.columns[start].spanner[: level + 1]
                end = start
                while end + 1 < len(table.columns) and table.columns[end + 1].spanner[: level + 1] == path:
                    end += 1
                if len(path) > level:
                    left = places[start][0] + grouped
                    place, flag = places[end]
                    right = (place if flag is None else flag) + grouped
                    head = self._head(align="center")
                    if right > left:
                        sheet.merge_range(first + level, left, first + level, right, one_line(path[level]), head)
                    else:
                        sheet.write_string(first + level, left, one_line(path[level]), head)
                start = end + 1

    def _cell(self, sheet: Worksheet, row: int, col: int, cell: Cell, column: Column) -> None:
        number = cell.format or column.format
        if cell.words or cell.value is None or cell.value == "":
            sheet.write_string(
                row, col, one_line(cell.words) or NOTHING, self.format(align=column.align, text_wrap=True)
            )
        elif number and isinstance(cell.value, int | float):
            sheet.write_number(row, col, _number(cell.value, number), self.format(num_format=_picture(number)))
        else:
            sheet.write_string(row, col, one_line(str(cell.value)), self.format(text_wrap=True, align=column.align))

    def _widths(self, sheet: Worksheet, table: Table, places: Sequence[tuple[int, int | None]], grouped: bool) -> None:
        if grouped:
            longest = max(len(group.label) for group in table.groups)
            sheet.set_column(0, 0, min(max(longest + 2, 11), 44))
        for i, (column, (place, flag)) in enumerate(zip(table.columns, places, strict=True)):
            texts = (
                [str(r[i].words or r[i].value or "") for g in table.groups for r in g.rows] if not column.format else []
            )
            longest = max([len(column.label), *(len(t) for t in texts)], default=8)
            sheet.set_column(place + grouped, place + grouped, min(max(longest + 2, 11), WIDEST if i else 44))
            if flag is not None:
                sheet.set_column(flag + grouped, flag + grouped, 6)

    def _chart(
        self,
        sheet: Worksheet,
        name: str,
        id: str,
        table: Table,
        places: Sequence[tuple[int, int | None]],
        grouped: bool,
        top: int,
        bottom: int,
        last: int,
    ) -> None:
        """A native chart of the first three blocks of value, lower and upper, with their intervals."""
        blocks = _blocks(table.columns)
        labels = [i for i, c in enumerate(table.columns) if c.format is None][:1]
        if not blocks or not labels or bottom < top:
            return
        kind = CHARTED[id]
        chart = self.book.add_chart({"type": kind})
        helper = last + 2
        colours = ("#c1571b", "#2a6f97", "#6b7a86")
        for b, (value, low, high) in enumerate(blocks[:3]):
            plus, minus = helper + 2 * b, helper + 2 * b + 1
            for row in range(top, bottom + 1):
                cells = [_value(table, row - top, i) for i in (value, low, high)]
                if all(isinstance(c, float) for c in cells):
                    form = table.columns[value].format
                    assert form is not None
                    sheet.write_number(row, plus, (cells[2] - cells[0]) * form.scale, self.format(font_color="#ffffff"))
                    sheet.write_number(
                        row, minus, (cells[0] - cells[1]) * form.scale, self.format(font_color="#ffffff")
                    )
            col = places[value][0] + grouped
            spanner = table.columns[value].spanner
            chart.add_series(
                {
                    "name": one_line(spanner[0])
                    if len(blocks) > 1 and spanner
                    else one_line(table.columns[value].label),
                    "categories": [name, top, places[labels[0]][0] + grouped, bottom, places[labels[0]][0] + grouped],
                    "values": [name, top, col, bottom, col],
                    "fill": {"color": colours[b]},
                    "line": {"color": colours[b]},
                    "x_error_bars" if kind == "bar" else "y_error_bars": {
                        "type": "custom",
                        "plus_values": f"='{name}'!{_range(top, bottom, plus)}",
                        "minus_values": f"='{name}'!{_range(top, bottom, minus)}",
                        "line": {"color": INK},
                    },
                }
            )
        chart.set_title({"name": one_line(table.title), "name_font": {"size": 11, "bold": False}})
        chart.set_legend({"none": True} if len(blocks) == 1 else {"position": "bottom"})
        grid = {"major_gridlines": {"visible": True, "line": {"color": "#dde3e8", "width": 0.5}}}
        if kind == "bar":
            chart.set_y_axis({"reverse": True})
            chart.set_x_axis(grid)
        else:
            chart.set_y_axis(grid)
        chart.set_size({"width": 620, "height": max(280, 60 + 24 * (bottom - top + 1))})
        sheet.insert_chart(3, helper, chart, {"description": one_line(table.title)})

    def _frame(self, name: str, title: str, frame: pd.DataFrame) -> None:
        sheet = self._sheet(name, title)
        columns = [str(c) for c in frame.columns]
        for col, head in enumerate(columns):
            sheet.write_string(3, col, one_line(say(head[:1].upper() + head[1:].replace("_", " "))), self._head())
        for col, column in enumerate(columns):
            texts = []
            for row, value in enumerate(frame[column].tolist(), start=4):
                if isinstance(value, bool) or (not isinstance(value, int | float) and not _missing(value)):
                    texts.append(one_line(value))
                    sheet.write_string(row, col, texts[-1], self.format(text_wrap=len(texts[-1]) > WIDEST))
                elif not _missing(value):
                    sheet.write_number(row, col, float(value), self.format(num_format=_general(float(value))))
            widest = max([len(column), *map(len, texts)], default=10)
            sheet.set_column(col, col, min(max(widest + 2, 9), WIDEST))
        if len(frame):
            sheet.autofilter(3, 0, 3 + len(frame), max(len(columns) - 1, 0))
        else:
            sheet.write_string(4, 0, say("None."), self.format())
        sheet.freeze_panes(4, 0)

    def _long(self) -> pd.DataFrame:
        return figures(self.pub)[list(NAMES)].rename(columns={name: say(words) for name, words in NAMES.items()})

    def _options(self) -> pd.DataFrame:
        rows = [(d.title, *dataclasses.astuple(option)) for d in self.inputs.definitions for option in d.options]
        return pd.DataFrame(rows, columns=["definition", "option", "title", "value", say("usual value"), "source"])

    def _definitions(self) -> None:
        parts = [d.rule_counts.assign(definition=d.title) for d in self.inputs.definitions if len(d.rule_counts)]
        rules = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["definition"])
        first = ["definition", *(c for c in rules.columns if c != "definition")]
        self._frame(
            say("Definitions"), say("Rules of the definitions, and how many workers each decided"), rules[first]
        )

    def _provenance(self) -> pd.DataFrame:
        said = [*self.inputs.study.items(), *self.inputs.design.items(), *self.inputs.provenance.items()]
        return pd.DataFrame([(k.replace("_", " "), one_line(_words(v))) for k, v in said], columns=["fact", "value"])


def _words(value: Any) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{k} {_words(v)}" for k, v in value.items())
    if isinstance(value, list | tuple):
        return "; ".join(map(_words, value))
    return str(value)


def _missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and value != value) or value is pd.NA


def _places(table: Table) -> list[tuple[int, int | None]]:
    """For each column of a table the sheet's column, and that of its flags if any cell has one."""
    flagged = {i for g in table.groups for row in g.rows for i, c in enumerate(row) if c.flag}
    places: list[tuple[int, int | None]] = []
    col = 0
    for i in range(len(table.columns)):
        places.append((col, col + 1 if i in flagged else None))
        col += 2 if i in flagged else 1
    return places


def _number(value: float, form: NumberFormat) -> float:
    """The number in printed units, in full; only where the error supports not even units it is rounded."""
    scaled = float(value) * form.scale
    return round(scaled, form.decimals) if form.decimals < 0 else scaled


def _picture(form: NumberFormat) -> str:
    return "#,##0" + ("." + "0" * form.decimals if form.decimals > 0 else "")


def _general(value: float) -> str:
    return "#,##0" if value == int(value) else "#,##0.0###" if abs(value) >= 0.01 else "0.0000E+00"


def _blocks(columns: Sequence[Column]) -> list[tuple[int, int, int]]:
    """Places of each value that has its limits beside it."""
    at = {c.key: i for i, c in enumerate(columns)}
    starts = [key.removesuffix(".value") for key in at if key.endswith(".value")]
    return [
        (at[f"{s}.value"], at[f"{s}.low"], at[f"{s}.high"]) for s in starts if f"{s}.low" in at and f"{s}.high" in at
    ]


def _value(table: Table, row: int, column: int) -> Any:
    """The raw value in a row of the table, counted through its groups."""
    rows = [cells for group in table.groups for cells in group.rows]
    return rows[row][column].value


def _range(top: int, bottom: int, col: int) -> str:
    from xlsxwriter.utility import xl_rowcol_to_cell

    return f"{xl_rowcol_to_cell(top, col, True, True)}:{xl_rowcol_to_cell(bottom, col, True, True)}"
