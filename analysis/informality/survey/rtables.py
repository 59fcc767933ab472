"""Data frames of R (.rds, .rda, .RData), with haven's labels, declared missing values and letters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa

from informality.foundation.errors import did_you_mean
from informality.foundation.tagged import Letters, tagged, word
from informality.survey.dates import R_DAYS, R_SECONDS, written_out
from informality.survey.encodings import Encoding
from informality.survey.gather import Numbers, TextColumn, frame_of, narrow
from informality.survey.rawfile import EXAMPLES, Ask, Code, RawFile
from informality.survey.robjects import (
    BROKEN,
    INTEGER,
    LIST,
    LOGICAL,
    NA_INTEGER,
    REAL,
    STRING,
    NotRError,
    Unmarked,
    Value,
    read_objects,
)
from informality.survey.signatures import R_STARTS

UTF8 = Encoding("UTF-8", "file")
CHANGED = "save the data frame again with saveRDS(as.data.frame(x), file), or as .csv"


def read_r(ask: Ask) -> RawFile:
    """Read a data frame of R. Factors become their text, dates theirs (``2021-03-31``), TRUE and FALSE 1 and 0.

    An .rda file with several data frames needs the profile to say which (``member``). Values labelled by haven keep
    their codes, labels, declared missing values and letters. Date-times are in UTC, with a ``Z``. The file is held in
    memory whole while it is read: R writes the names of the columns after them.
    """
    if not ask.head.startswith(R_STARTS):
        ask.refuse_kind()
    ask.check_encoding_name()
    try:
        saved = read_objects(ask.path)
        encoding = ask.settle(saved.unmarked, saved.native) if saved.unmarked else Encoding("UTF-8", "file")
        table = _chosen(ask, saved.objects)
        table = _in_utf8(table, encoding.name) if saved.unmarked else table
        columns = texts_of(table, "names")
        parts = table.data if isinstance(table.data, list) else []
        lengths = {0 if part.data is None else len(part.data) for part in parts if "dim" not in part.attributes}
    except NotRError as failure:
        ask.refuse("is no data frame that can be read here", str(failure), CHANGED)
    except BROKEN as failure:
        ask.refuse_damaged(str(failure) or type(failure).__name__)
    if len(columns) != len(parts) or len(lengths) > 1:
        ask.refuse_damaged(f"{len(columns):,} names of columns, {len(parts):,} columns of {len(lengths):,} lengths")
    wanted = ask.choose(columns)
    rows = lengths.pop() if lengths else 0
    of = dict(zip(columns, parts, strict=True))
    plain = (LOGICAL, INTEGER, REAL, STRING)
    strange = [f"`{name}`" for name in wanted if of[name].kind not in plain or "dim" in of[name].attributes]
    if strange:
        ask.refuse("has columns that are no plain vectors", ", ".join(strange[:EXAMPLES]), CHANGED)
    for name in wanted:
        levels = of[name].attributes.get("levels")
        if levels is not None and isinstance(of[name].data, np.ndarray):
            beyond = int(np.max(of[name].data, initial=0)) - len(levels.data or ())
            if beyond > 0 or _least(of[name]) < 1:
                ask.refuse_damaged(f"the factor `{name}` refers to levels that it does not have")
    texts = {n: _text_column(of[n]) for n in wanted if of[n].kind == STRING or "levels" in of[n].attributes}
    data: dict[str, Numbers | pd.Series] = {name: column.finish(ask, name, UTF8) for name, column in texts.items()}
    dates = []
    for name in wanted:
        if name not in texts:
            data[name], is_date = _numbers(of[name])
            dates += [name] * is_date
        ask.read_so_far(rows, rows)
    return ask.answer(
        frame_of({name: data[name] for name in wanted}),
        columns,
        rows,
        "R",
        encoding,
        dates=tuple(dates),
        variable_labels={n: text for n, part in of.items() if (text := " ".join(texts_of(part, "label")).strip())},
        value_labels={n: codes for n, part in of.items() if (codes := _labels(part))},
        user_missing={n: spans for n, part in of.items() if (spans := _user_missing(part))},
    )


def _chosen(ask: Ask, objects: dict[str, Value]) -> Value:
    """The data frame of the file, or the one that the profile names."""
    tables = {
        name: value
        for name, value in objects.items()
        if value.kind == LIST and "data.frame" in texts_of(value, "class")
    }
    wanted = ask.how.member
    if wanted is not None:
        if wanted not in tables:
            found = f"it holds {', '.join(tables) or 'none'}"
            ask.refuse(f"holds no data frame `{wanted}`", found, did_you_mean(wanted, tables))
        return tables[wanted]
    if len(tables) != 1:
        held = ", ".join(list(objects)[:EXAMPLES])
        if not tables:
            ask.refuse("holds no data frame", f"it holds {held or 'another kind of object'}", CHANGED)
        fix = f"say in the profile which one is meant, for example `member: {next(iter(tables))}`"
        ask.refuse(f"holds {len(tables):,} data frames", ", ".join(list(tables)[:EXAMPLES]), fix)
    return next(iter(tables.values()))


def texts_of(value: Value, name: str) -> list[str]:
    """A text attribute; empty when the value has none of this name."""
    found = value.attributes.get(name)
    if found is None or found.kind != STRING or not isinstance(found.data, list):
        return []
    return ["" if text is None else text.decode("utf-8", "replace") for text in found.data]


def _in_utf8(value: Value, encoding: str) -> Value:
    """A value whose unmarked texts are UTF-8 like all others."""
    data = value.data
    if isinstance(data, list) and value.kind == STRING:
        data = [t.decode(encoding).encode() if isinstance(t, Unmarked) else t for t in data]
    elif isinstance(data, list) and value.kind == LIST:
        data = [_in_utf8(item, encoding) for item in data]
    return Value(value.kind, data, {name: _in_utf8(item, encoding) for name, item in value.attributes.items()})


def _least(part: Value) -> int:
    """The lowest level that a factor refers to."""
    places = np.asarray(part.data, dtype=np.float64)
    return int(np.min(places[places != NA_INTEGER], initial=1))


def _text_column(part: Value) -> TextColumn:
    """Text, or the levels of a factor at its places."""
    column = TextColumn()
    levels = part.attributes.get("levels")
    if part.kind == STRING or levels is None:
        column.add(pa.array(part.data, pa.binary()))
    else:
        places = np.asarray(part.data, dtype=np.int64)
        blank = places == NA_INTEGER
        indices = pa.array(np.where(blank, 1, places) - 1, pa.int32(), mask=blank)
        column.add(pa.DictionaryArray.from_arrays(indices, pa.array(levels.data, pa.binary())))
    return column


def _numbers(part: Value) -> tuple[Numbers | pd.Series, bool]:
    """The numbers of a column, or the text of its dates, and whether it is one of dates."""
    kinds = texts_of(part, "class")
    if part.kind == REAL and "integer64" in kinds:
        whole = np.asarray(part.data).view(np.int64)
        blank = whole == np.iinfo(np.int64).min
        return narrow(np.where(blank, np.nan, whole) if blank.any() else whole), False
    values = np.asarray(part.data, dtype=np.float64)
    if part.kind in (LOGICAL, INTEGER):
        values = np.where(np.asarray(part.data) == NA_INTEGER, np.nan, values)
    else:
        values = np.where(np.isnan(values), tagged(_letters(values)), values)
    clock = R_DAYS if "Date" in kinds else R_SECONDS if "POSIXct" in kinds else None
    text = written_out(values, clock, utc=clock is R_SECONDS) if clock else None
    return (narrow(values), False) if text is None else (text, True)


def _letters(values: np.ndarray) -> Letters:
    """The letters that haven hides in the fifth byte of an NA; 0 for all others."""
    bits = np.ascontiguousarray(values).view(np.uint64)
    na = np.isnan(values) & ((bits & np.uint64(0xFFFF_FFFF)) == np.uint64(1954))  # R's NA ends in 1954
    return np.where(na, (bits >> np.uint64(32)) & np.uint64(0xFF), 0).astype(np.uint8)


def _codes(part: Value) -> Sequence[Code]:
    """Codes as people write them: 1, not 1.0; a missing value with a letter as ``.a``."""
    if part.kind == STRING and isinstance(part.data, list):
        return [(t or b"").decode("utf-8", "replace").strip() for t in part.data]
    values = np.asarray(part.data, dtype=np.float64)
    letters = _letters(values) if part.kind == REAL else np.zeros(len(values), np.uint8)
    return [
        word(letter) if letter else int(value) if value.is_integer() else value
        for value, letter in zip(values.tolist(), letters.tolist(), strict=True)
    ]


def _labels(part: Value) -> dict[Code, str]:
    labels = part.attributes.get("labels")
    if labels is None or labels.kind not in (LOGICAL, INTEGER, REAL, STRING) or "levels" in part.attributes:
        return {}
    return {c: text.strip() for c, text in zip(_codes(labels), texts_of(labels, "names"), strict=False) if c == c}


def _user_missing(part: Value) -> list[tuple[Code, Code]]:
    """What haven keeps of SPSS's declarations: single values and one range."""
    found: list[tuple[Code, Code]] = []
    if (span := part.attributes.get("na_range")) is not None and len(ends := _codes(span)) == 2:
        found.append((ends[0], ends[1]))
    if (single := part.attributes.get("na_values")) is not None:
        found += [(code, code) for code in _codes(single)]
    return found
