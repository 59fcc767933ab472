"""Files of statistical packages, through pyreadstat: SPSS for now."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pyreadstat

from informality.survey.rawfile import Ask, Code, RawFile


def read_sav(ask: Ask) -> RawFile:
    """Read an SPSS file, compressed or not. Dates stay seconds since 14 October 1582, as SPSS counts."""
    if not ask.head.startswith((b"$FL2", b"$FL3")):
        ask.refuse_kind()
    _, about = _readstat(ask, metadataonly=True)
    columns, rows = about.column_names, about.number_rows
    wanted = ask.choose(columns)
    if rows is None:  # not every program writes the number of rows into the file
        rows = len(_readstat(ask, usecols=columns[:1])[0])
    frame = pd.DataFrame()
    if wanted:
        frame = _readstat(ask, usecols=wanted)[0][wanted]
        if len(frame) != rows:
            ask.refuse_damaged(f"it announces {rows:,} rows and holds {len(frame):,}")
    return ask.answer(
        frame,
        columns,
        rows,
        variable_labels={
            name: text.strip() for name, text in about.column_names_to_labels.items() if text and text.strip()
        },
        value_labels={
            name: {_code(code): text.strip() for code, text in table.items()}
            for name, table in about.variable_value_labels.items()
        },
        user_missing={
            name: [(_code(each["lo"]), _code(each["hi"])) for each in ranges]
            for name, ranges in about.missing_ranges.items()
        },
    )


def _readstat(ask: Ask, **options: Any) -> tuple[pd.DataFrame, Any]:
    try:
        return pyreadstat.read_sav(
            ask.path, encoding=ask.encoding, user_missing=True, disable_datetime_conversion=True, **options
        )
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError) as error:
        reason = str(error)
        if "byte sequence" in reason or "character set" in reason:
            ask.refuse_encoding(reason)
        ask.refuse_damaged(reason)


def _code(value: float | str) -> Code:
    """A code as people write it: 1, not 1.0."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
