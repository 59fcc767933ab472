"""Parquet files, through Arrow."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from informality.survey.rawfile import Ask, RawFile


def read_parquet(ask: Ask) -> RawFile:
    """Read a Parquet file. Categories become their text, true and false become 1 and 0."""
    if not ask.head.startswith(b"PAR1"):
        ask.refuse_kind()
    frame = pd.DataFrame()
    try:
        with pq.ParquetFile(ask.path) as file:
            columns, rows = file.schema_arrow.names, file.metadata.num_rows
            wanted = ask.choose(columns)
            if wanted:
                table = file.read(columns=wanted)
                plain = pa.table({name: _number_or_itself(table[name]) for name in wanted})
                frame = plain.to_pandas()
    except (pa.ArrowException, OSError, UnicodeError) as error:
        ask.refuse_damaged(error)
    return ask.answer(frame, columns, rows)


def _number_or_itself(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = cells.type
    if pa.types.is_dictionary(kind):
        return cells.cast(kind.value_type)
    if pa.types.is_boolean(kind):
        return cells.cast(pa.int64())
    if pa.types.is_decimal(kind) or pa.types.is_floating(kind) or pa.types.is_null(kind):
        return cells.cast(pa.float64())
    return cells
