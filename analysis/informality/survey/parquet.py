"""Parquet files, through Arrow."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from informality.survey.encodings import Encoding
from informality.survey.gather import LARGEST_CODE, Numbers, TextColumn, frame_of, joined, narrow
from informality.survey.rawfile import Ask, RawFile

UTF8 = Encoding("UTF-8", "file")


def read_parquet(ask: Ask) -> RawFile:
    """Read a Parquet file. Categories become their text, dates theirs (``2021-03-31``), true and false 1 and 0.

    Whole numbers of sixteen digits and more are identifiers and become text: beside blanks they would be rounded.
    """
    if not ask.head.startswith(b"PAR1"):
        ask.refuse_kind()
    parts: dict[str, list[Numbers]] = {}
    texts: dict[str, TextColumn] = {}
    done = 0
    try:
        with pq.ParquetFile(ask.path, page_checksum_verification=True) as file:
            schema = file.schema_arrow
            columns, rows = schema.names, file.metadata.num_rows
            wanted = ask.choose(columns)
            dates = tuple(
                n
                for n in wanted
                if pa.types.is_date(schema.field(n).type) or pa.types.is_timestamp(schema.field(n).type)
            )
            nested = [n for n in wanted if pa.types.is_nested(schema.field(n).type)]
            if nested:
                fix = "unfold them into columns of their own before saving the file"
                ask.refuse("has cells that hold several values", ", ".join(f"`{n}`" for n in nested), fix)
            large = _identifiers(file, wanted, schema)
            for batch in file.iter_batches(ask.batch(len(wanted)), columns=wanted) if wanted else ():
                for name in wanted:
                    plain = _number_or_text(batch.column(batch.schema.get_field_index(name)), name in large)
                    if pa.types.is_floating(plain.type) or pa.types.is_integer(plain.type):
                        parts.setdefault(name, []).append(narrow(plain.to_numpy(zero_copy_only=False)))
                    else:
                        texts.setdefault(name, TextColumn()).add(plain)
                done += batch.num_rows
                ask.read_so_far(done, rows)
    except (pa.ArrowException, OSError, UnicodeError) as error:
        ask.refuse_damaged(error)
    data: dict[str, Numbers | pd.Series] = {name: joined(parts.pop(name)) for name in list(parts)}
    data |= {name: column.finish(ask, name, UTF8) for name, column in texts.items()}
    frame = frame_of({name: data[name] for name in wanted if name in data})
    return ask.answer(frame, columns, rows, "Parquet", UTF8, dates=dates)


def _identifiers(file: pq.ParquetFile, wanted: list[str], schema: pa.Schema) -> set[str]:
    """Columns with whole numbers too long for a float, by the statistics of the file or else by looking."""
    found = set()
    for name in wanted:
        kind = schema.field(name).type
        if kind not in (pa.int64(), pa.uint64()):
            continue
        for batch in file.iter_batches(columns=[name]):
            ends = pc.min_max(batch.column(0)).as_py()
            if ends["max"] is not None and max(-ends["min"], ends["max"]) >= LARGEST_CODE:
                found.add(name)
                break
    return found


def _number_or_text(cells: pa.Array, identifier: bool) -> pa.Array:
    kind = cells.type
    if pa.types.is_dictionary(kind):
        return _number_or_text(cells.cast(kind.value_type), identifier)
    if pa.types.is_boolean(kind):
        return cells.cast(pa.int8())
    if identifier or pa.types.is_date(kind):
        return cells.cast(pa.string())
    if pa.types.is_timestamp(kind):
        return _moments(cells)
    if pa.types.is_decimal(kind) or pa.types.is_floating(kind) or pa.types.is_null(kind):
        return cells.cast(pa.float64())
    return cells if pa.types.is_integer(kind) else cells.cast(pa.string())


def _moments(cells: pa.Array) -> pa.Array:
    """Date-times as text: local ones as they stand, those of a time zone in UTC with a ``Z``."""
    utc = cells.type.tz is not None
    plain = cells.cast(pa.timestamp("us", "UTC" if utc else None), safe=False)
    text = pc.strftime(plain, format="%Y-%m-%dT%H:%M:%S")
    text = pc.replace_substring_regex(text, r"\.000000$", "")
    text = text if not utc else pc.binary_join_element_wise(text, "Z", "")
    return pc.if_else(pc.ends_with(text, "T00:00:00"), pc.utf8_slice_codeunits(text, 0, 10), text)
