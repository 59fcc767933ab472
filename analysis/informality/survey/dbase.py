"""dBase files (.dbf), as dBase III to Visual FoxPro and most statistical offices' programs write them.

Format: dBASE IV *Language Reference*, appendix on table file structure; Visual FoxPro *Table File Structure*. Read here
and not by a library because the one in common use has seen no release since 2016 and goes cell by cell.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from informality.survey.encodings import Encoding
from informality.survey.gather import Kind, Numbers, TextColumn, frame_of, joined, narrow
from informality.survey.rawfile import Ask, RawFile
from informality.survey.records import Field, blocks, cells
from informality.survey.signatures import is_dbase

# language driver (byte 29) -> encoding; 0 says nothing
ENCODINGS = {0x01: "cp437", 0x02: "cp850", 0x03: "windows-1252", 0x04: "mac-roman", 0x57: "windows-1252", 0x58: "windows-1252",
             0x08: "cp865", 0x64: "cp852", 0x65: "cp866", 0x66: "cp865", 0x78: "cp950", 0x7A: "cp936", 0x7B: "cp932",
             0x7D: "cp1255", 0x7E: "cp1256", 0xC8: "cp1250", 0xC9: "cp1251", 0xCA: "cp1254", 0xCB: "cp1253"}  # fmt: skip
TEXTUAL: dict[str, Kind] = {"C": "text", "N": "number", "F": "number", "D": "text", "L": "number"}
BINARY = {"I": "<i4", "+": "<i4", "B": "<f8", "O": "<f8"}
DELETED = ord("*")


def read_dbf(ask: Ask) -> RawFile:
    """Read a dBase file. Rows marked as deleted are left out and counted; dates are text, logical values 1 and 0."""
    if not is_dbase(ask.head):
        ask.refuse_kind()
    ask.check_encoding_name()
    count, head, length = struct.unpack_from("<IHH", ask.head, 4)
    fields, kinds = _fields(ask, head, length)
    held = (ask.path.stat().st_size - head) // length
    if held < count or held > count:
        ask.refuse_damaged(f"it announces {count:,} rows and holds {held:,}")
    encoding = ask.settle(
        {f.name.encode("latin-1") for f in fields if not f.name.isascii()}, ENCODINGS.get(ask.head[29])
    )
    fields = [_renamed(f, encoding) for f in fields]
    wanted = ask.choose([field.name for field in fields])
    chosen = {field.name: field for field in fields if field.name in set(wanted)}
    kind = {field.name: k for field, k in zip(fields, kinds, strict=True)}
    unread = [f"`{name}` ({kind[name]})" for name in wanted if kind[name] not in (*TEXTUAL, *BINARY)]
    if unread:
        fix = "save the file again with these columns as text or numbers"
        ask.refuse("has columns of a kind that is not read here", ", ".join(unread), fix)
    texts = {n: TextColumn(TEXTUAL[kind[n]], "right") for n in wanted if kind[n] in TEXTUAL}
    numbers: dict[str, list[Numbers]] = {n: [] for n in wanted if kind[n] in BINARY}
    rows = deleted = stars = 0
    for block in _blocks(ask, head, length, count, len(wanted)):
        kept = block[block[:, 0] != DELETED]
        for name, column in texts.items():
            column.add(_cells(kept, chosen[name], kind[name]))
            if column.kind == "number":  # a number that does not fit its column is a row of stars
                stars += int((kept[:, chosen[name].end - 1] == ord("*")).sum())
        for name, values in numbers.items():
            field = chosen[name]
            cut = np.ascontiguousarray(kept[:, field.start : field.end])
            values.append(narrow(cut.view(BINARY[kind[name]]).ravel()))
        rows, deleted = rows + len(kept), deleted + len(block) - len(kept)
        ask.read_so_far(rows + deleted, count)
    if stars:
        what, fix = (
            "numbers are too long for their column, so the file has stars for them",
            "they are blank here; ask the agency",
        )
        ask.warn(what, f"{stars:,} cells", fix, stars)
    if deleted:
        ask.account += [
            ("file", f"rows in {ask.delivered.name}, those marked as deleted included", rows + deleted),
            ("file", "of these, marked as deleted and left out", -deleted),
        ]
    odd = {value for column in texts.values() for value in column.odd()}
    if odd:
        encoding = ask.settle(odd, ENCODINGS.get(ask.head[29]))
    data: dict[str, Numbers | pd.Series] = {name: joined(parts) for name, parts in numbers.items()}
    data |= {name: column.finish(ask, name, encoding) for name, column in texts.items()}
    frame = frame_of({name: data[name] for name in wanted})
    dates = tuple(name for name in wanted if kind[name] == "D")
    return ask.answer(frame, [field.name for field in fields], rows, "dBase", encoding, dates=dates)


def _fields(ask: Ask, head: int, length: int) -> tuple[list[Field], list[str]]:
    """The columns and their kinds, as the head of the file says."""
    with ask.path.open("rb") as file:
        content = file.read(head)
    if len(content) < head:
        ask.refuse_damaged(f"its head takes {head:,} bytes")
    fields, kinds, start = [], [], 1  # the first byte of a record says whether it is deleted
    for at in range(32, head - 31, 32):
        if content[at : at + 1] == b"\r":
            break
        name = content[at : at + 11].split(b"\0")[0].decode("latin-1").strip()
        letter = chr(content[at + 11])
        width, decimals = content[at + 16], content[at + 17]
        if letter == "C":
            width += 256 * decimals  # how Clipper and FoxPro write text of more than 255 characters
        fields.append(Field(name, start, width, TEXTUAL.get(letter, "text")))
        kinds.append(letter)
        start += width
    if start != length or not fields or not all(f.name and f.width for f in fields):
        ask.refuse_damaged(f"its columns take {start:,} bytes a row, the head says {length:,}")
    return fields, kinds


def _renamed(field: Field, encoding: Encoding) -> Field:
    if field.name.isascii():
        return field
    name = field.name.encode("latin-1").decode(encoding.name)
    return Field(name, field.start, field.width, field.kind)


def _blocks(ask: Ask, head: int, length: int, count: int, columns: int) -> Iterator[npt.NDArray[np.uint8]]:
    with ask.path.open("rb") as file:
        file.seek(head)
        yield from blocks(file, length, count, ask.batch(columns))


def _cells(block: npt.NDArray[np.uint8], field: Field, kind: str) -> pa.Array:
    """The cells of one column, binary zeros taken for spaces; logical values as 1 and 0, dates with hyphens."""
    plain = block[:, field.start : field.end]
    encoded = cells(
        np.where(plain == 0, ord(" "), plain).astype(np.uint8), Field("", 0, field.width, "text")
    ).dictionary_encode()
    if kind == "C":
        return encoded
    values = [value.strip() for value in encoded.dictionary.to_pylist()]
    if kind == "L":
        values = [b"1" if v in b"TtYy" and v else b"0" if v in b"FfNn" and v else b"" for v in values]
    if kind == "D":
        values = [
            v[:4] + b"-" + v[4:6] + b"-" + v[6:] if len(v) == 8 and v.isdigit() and int(v) else b"" for v in values
        ]
    if kind in "NF":
        values = [b"" if v.startswith(b"*") else v for v in values]
    return pa.DictionaryArray.from_arrays(encoded.indices, pa.array(values, pa.binary()))
