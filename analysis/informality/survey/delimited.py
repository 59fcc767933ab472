"""Tables of text with one row a line and a mark between the cells, through Arrow: .csv and .tsv.

All cells are read as text, and a column becomes numbers only when every cell is one: the codes of
occupations, industries and districts often begin with a zero.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv

from informality.survey.encodings import Encoding, known_name
from informality.survey.gather import TextColumn, frame_of
from informality.survey.rawfile import EXAMPLES, Ask, RawFile
from informality.survey.signatures import OTHER_BINARY, known_kind

MISSING = ["", "NA", "NULL", "."]  # as R, databases and SAS write it, without quotation marks
DELIMITERS = ";\t|,"
# not a byte for each ASCII character: turned into UTF-8 on the way
WIDE = ("UTF-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be")
BLOCK = 4 << 20
FIX_ENCODING = "declare the `encoding` it was written in, often utf-8, windows-1252 or utf-16"


def read_delimited(ask: Ask) -> RawFile:
    """Read a table of text whose first row names the columns.

    The cells are separated by commas in a .csv and by tabs in a .tsv, unless ``ask`` says otherwise.
    """
    ask.check_encoding_name()
    if known_kind(ask.head) not in (None, OTHER_BINARY if _wide(ask) else None):
        ask.refuse_kind()
    mark = ask.how.delimiter or ("\t" if ask.path.suffix.lower() == ".tsv" else ",")
    wide = _wide(ask)
    raw = _header(ask, mark, wide)
    encoding = _settle(ask, {name for name in raw if not name.isascii()}, wide)
    columns = [_name(ask, name, encoding) for name in raw]
    _check_delimiter(ask, mark, columns)
    wanted = ask.choose(columns)
    try:
        found, count = _columns(ask, mark, wide, columns, wanted)
    except pa.ArrowInvalid as error:
        if wide and ask.encoding:
            ask.refuse_encoding(_undecodable(ask, wide) or "its lines do not end where they should in it")
        _check_quotes(ask, mark)
        ask.refuse_damaged(error)
    except UnicodeError as error:
        ask.refuse_encoding(_undecodable(ask, wide or "utf-8") or error)
    names = {name for name in raw if not name.isascii()}
    odd = names | {value for column in found.values() for value in column.odd()}
    if odd:
        settled = _settle(ask, odd, wide)
        if names and settled.name != encoding.name:
            found_too = f"the names of the columns are {encoding.words}, but the cells are not"
            ask.refuse("has text in two encodings", found_too, FIX_ENCODING)
        encoding = settled
    data = {name: column.finish(ask, name, encoding) for name, column in found.items()}
    return ask.answer(frame_of(data), columns, count, "text", encoding)


def _header(ask: Ask, mark: str, wide: str | None) -> list[bytes]:
    """The cells of the first row, as bytes of the file (of UTF-8 for a file in two-byte characters)."""
    with ask.path.open(encoding=wide or "latin-1", newline="") as file:
        if not wide and ask.head.startswith(codecs.BOM_UTF8):
            file.read(3)
        try:
            cells = next((row for row in csv.reader(file, delimiter=mark) if row), [])
        except csv.Error as error:
            _check_quotes(ask, mark)
            ask.refuse_damaged(error)
        except UnicodeError as error:
            ask.refuse_encoding(_undecodable(ask, wide or "latin-1") or error)
    if not any(cells):
        ask.refuse_damaged("it has no line that names its columns")
    return [cell.encode("utf-8" if wide else "latin-1") for cell in cells]


def _wide(ask: Ask) -> str | None:
    """The encoding of a file whose characters take two bytes or four, declared or shown by its first bytes."""
    if ask.encoding is not None:
        name = known_name(ask.encoding)
        return codecs.lookup(name).name if name in WIDE else None
    return "utf-16" if ask.head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else None


def _settle(ask: Ask, texts: set[bytes], wide: str | None) -> Encoding:
    if wide is None:
        mark = ask.head.startswith(codecs.BOM_UTF8)
        return ask.settle(texts, "UTF-8" if mark else None)
    return Encoding("UTF-8", "profile" if ask.encoding else "file", f"turned from {wide.upper()}")


def _name(ask: Ask, name: bytes, encoding: Encoding) -> str:
    try:
        return name.decode(encoding.name)
    except UnicodeDecodeError:
        ask.refuse_encoding(_undecodable(ask, encoding.name) or name)


def _batches(
    ask: Ask, mark: str, wide: str | None, places: Sequence[int], ragged: list[Any]
) -> Iterator[pa.RecordBatch]:
    """The cells of some columns, by number, as bytes; the first row of the file, which names them, is one of the rows."""

    def skip(row: Any) -> str:
        ragged.append(row)
        return "skip"

    names = [f"f{place}" for place in places]
    with pacsv.open_csv(
        ask.path,
        # one thread, or Arrow does not know the number of a ragged row
        pacsv.ReadOptions(use_threads=False, autogenerate_column_names=True, encoding=wide or "utf8", block_size=BLOCK),
        pacsv.ParseOptions(delimiter=mark, newlines_in_values=True, invalid_row_handler=skip),
        pacsv.ConvertOptions(
            check_utf8=False,
            column_types=dict.fromkeys(names, pa.binary()),
            include_columns=names,
            null_values=MISSING,
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    ) as reader:
        yield from reader


def _columns(
    ask: Ask, mark: str, wide: str | None, columns: Sequence[str], wanted: Sequence[str]
) -> tuple[dict[str, TextColumn], int]:
    """The columns wanted, and the number of rows, of a file whose rows are all as wide as the first."""
    found = {name: TextColumn("either", decimal=ask.how.decimal) for name in wanted}
    ragged: list[Any] = []
    places = [columns.index(name) for name in wanted] or [0]  # one column, to count the rows
    rows = -1  # the first names the columns
    for batch in _batches(ask, mark, wide, places, ragged):
        cells = batch.slice(1) if rows < 0 else batch
        for column, values in zip(found.values(), cells.columns, strict=False):
            column.add(values)
        rows += batch.num_rows
        ask.read_so_far(rows, None)
    if _lines(ask) != rows + 1:
        _check_quotes(ask, mark)
    if ragged:
        _refuse_ragged(ask, mark, len(columns), ragged)
    return found, rows


def _refuse_ragged(ask: Ask, mark: str, width: int, ragged: Sequence[Any]) -> None:
    shown = ", ".join(f"row {row.number:,} has {row.actual_columns:,}" for row in ragged[:EXAMPLES])
    found = f"{len(ragged):,} of them; row 1 has {width:,} cells, {shown}"
    for other in DELIMITERS:
        if other != mark and all(str(row.text).count(other) == width - 1 for row in ragged):
            fix = "give all rows the same mark, or obtain the file again"
            ask.refuse("has rows separated by different marks", f"{found}; they hold `{_shown(other)}`", fix)
    fix = f"put quotation marks around text that holds `{_shown(mark)}`, or obtain the file again"
    ask.refuse("has rows with too many or too few cells", found, fix)


def _check_delimiter(ask: Ask, mark: str, columns: Sequence[str]) -> None:
    if columns[0].lower().startswith("sep=") and len(columns) <= 2:
        fix = "remove the first line, and declare the mark as the `delimiter`"
        ask.refuse("begins with a line for Excel instead of the names of its columns", f"`{columns[0]}`", fix)
    other = next((other for other in DELIMITERS if len(columns) == 1 and other in columns[0]), None)
    if other:
        found = f"split at `{_shown(mark)}` it has one column, and `{_shown(other)}` occurs in its name"
        ask.refuse("is separated by another mark", found, f"declare `{_shown(other)}` as the delimiter")


def _shown(mark: str) -> str:
    return "tab" if mark == "\t" else mark


def _lines(ask: Ask) -> int:
    block, lines = b"", 0
    with ask.path.open("rb") as file:
        while more := file.read(1 << 20):
            block, lines = more, lines + more.count(b"\n")
    return lines + (not block.endswith(b"\n"))


def _check_quotes(ask: Ask, mark: str) -> None:
    """Refuse a quotation mark that does not close: Arrow takes the rows after it for one cell."""
    begins = 1
    encoding = _wide(ask) or (known_name(ask.encoding) if ask.encoding else "utf-8-sig")
    with ask.path.open(encoding=encoding, errors="replace", newline="") as file:
        rows = csv.reader(file, delimiter=mark, strict=True)
        try:
            for _ in rows:
                begins = rows.line_num + 1
        except csv.Error as error:
            found = f"in the row that begins on line {begins:,} ({error})"
            fix = "close it, or write it twice where it belongs to the text"
            ask.refuse("has a quotation mark out of place", found, fix)


def _undecodable(ask: Ask, encoding: str) -> str:
    """Where the first byte is that does not belong to the encoding; empty when no line has one."""
    with ask.path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode(encoding)
            except UnicodeDecodeError as error:
                return f"line {number:,} holds the byte {line[error.start]:#04x}"
    return ""
