"""Tables of text with one row a line, through Arrow: CSV for now.

All cells are read as text, and a column becomes numbers only when every cell is one: the codes of
occupations, industries and districts often begin with a zero.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from informality.survey.rawfile import EXAMPLES, Ask, RawFile
from informality.survey.signatures import known_kind

MISSING = ["", "NA", "NULL", "."]  # as R, databases and SAS write it, without quotation marks
# 0110 is no number, because 110 is another code; nor are sixteen digits, which a float would round
NUMBER = r"^-?((0|[1-9]\d{0,14})(\.\d*)?|\.\d+)([eE][+-]?\d+)?$"
DELIMITERS = ";\t|,"


def read_csv(ask: Ask) -> RawFile:
    """Read a CSV file: UTF-8 and commas unless ``ask`` says otherwise, the first row names the columns."""
    if known_kind(ask.head):
        ask.refuse_kind()
    try:
        columns = _header(ask)
        _check_delimiter(ask, columns)
        wanted = ask.choose(columns)
        table = _text(ask, columns, wanted or columns[:1])  # one column, to count the rows
    except LookupError:
        ask.refuse_encoding("no encoding has this name")
    except UnicodeError as error:
        ask.refuse_encoding(_undecodable(ask) or error)
    except pa.ArrowInvalid as error:
        if "UTF8" in str(error):
            ask.refuse_encoding(_undecodable(ask) or error)
        _check_quotes(ask)
        ask.refuse_damaged(error)
    if not wanted:
        return ask.answer(pd.DataFrame(), columns, table.num_rows)
    typed = pa.table({name: _number_or_text(table[name]) for name in wanted})
    return ask.answer(typed.to_pandas(), columns, typed.num_rows)


def _options(ask: Ask, on_ragged_row: Callable[[Any], object]) -> dict[str, Any]:
    def skip(row: Any) -> str:
        on_ragged_row(row)
        return "skip"

    return {
        # one thread, or Arrow does not know the number of a ragged row
        "read_options": pacsv.ReadOptions(use_threads=False, encoding=ask.encoding or "utf8"),
        "parse_options": pacsv.ParseOptions(delimiter=ask.delimiter, newlines_in_values=True, invalid_row_handler=skip),
    }


def _header(ask: Ask) -> list[str]:
    with pacsv.open_csv(ask.path, **_options(ask, lambda row: None)) as reader:
        return list(reader.schema.names)


def _text(ask: Ask, columns: Sequence[str], wanted: Sequence[str]) -> pa.Table:
    """The columns wanted, all as text, of a file whose rows are all as wide as the first."""
    ragged: list[tuple[int, int]] = []
    convert = pacsv.ConvertOptions(
        include_columns=wanted,
        column_types=dict.fromkeys(wanted, pa.string()),
        null_values=MISSING,
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )
    options = _options(ask, lambda row: ragged.append((row.number, row.actual_columns)))
    table = pacsv.read_csv(ask.path, convert_options=convert, **options)
    if _lines(ask.path) != table.num_rows + 1:
        _check_quotes(ask)
    if ragged:
        shown = ", ".join(f"row {number:,} has {cells:,}" for number, cells in ragged[:EXAMPLES])
        found = f"{len(ragged):,} of them; row 1 has {len(columns):,} cells, {shown}"
        fix = f"put quotation marks around text that holds `{ask.delimiter}`, or obtain the file again"
        ask.refuse("has rows with too many or too few cells", found, fix)
    return table


def _number_or_text(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    bare = pc.utf8_trim_whitespace(cells)
    bare = pc.if_else(pc.equal(bare, ""), None, bare)
    if not pc.all(pc.match_substring_regex(bare, NUMBER), min_count=0).as_py():
        return cells
    whole = not pc.any(pc.match_substring_regex(bare, "[.eE]"), min_count=0).as_py()
    return bare.cast(pa.int64() if whole else pa.float64())


def _check_delimiter(ask: Ask, columns: Sequence[str]) -> None:
    other = next((mark for mark in DELIMITERS if len(columns) == 1 and mark in columns[0]), None)
    if other:
        mark = "tab" if other == "\t" else other
        found = f"split at `{ask.delimiter}` it has one column, and `{mark}` occurs in its name"
        ask.refuse("is separated by another mark", found, f"declare `{mark}` as the delimiter")


def _lines(path: Path) -> int:
    block, lines = b"", 0
    with path.open("rb") as file:
        while more := file.read(1 << 20):
            block, lines = more, lines + more.count(b"\n")
    return lines + (not block.endswith(b"\n"))


def _check_quotes(ask: Ask) -> None:
    """Refuse a quotation mark that does not close: Arrow takes the rows after it for one cell."""
    begins = 1
    with ask.path.open(encoding=ask.encoding or "utf-8-sig", errors="replace", newline="") as file:
        rows = csv.reader(file, delimiter=ask.delimiter, strict=True)
        try:
            for _ in rows:
                begins = rows.line_num + 1
        except csv.Error as error:
            found = f"in the row that begins on line {begins:,} ({error})"
            fix = "close it, or write it twice where it belongs to the text"
            ask.refuse("has a quotation mark out of place", found, fix)


def _undecodable(ask: Ask) -> str:
    """Where the first byte is that does not belong to the encoding; empty when no line has one."""
    with ask.path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode(ask.encoding or "utf-8")
            except UnicodeDecodeError as error:
                return f"line {number:,} holds the byte {line[error.start]:#04x}"
    return ""
