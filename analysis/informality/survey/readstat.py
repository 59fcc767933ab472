"""Files of SPSS, Stata and SAS through pyreadstat, batch by batch, with nothing decided and nothing lost.

Text leaves here as the bytes of the file (in latin-1, which gives each byte a character of its own): which encoding
they are in is decided by :mod:`informality.survey.encodings`. The C library underneath can crash on damaged bytes,
so this module also runs in a process of its own (``serve``); it imports neither pandas nor anything else of ours.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyreadstat

Found = tuple[dict[str, list[Any]], Any]
BYTES = "ISO-8859-1"
QUIET_NAN = 0x7FF8_0000_0000_0000  # as foundation.tagged, which this process need not import


class DamagedError(Exception):
    """The library could not read the file; the message is what it said."""


@dataclass(frozen=True, slots=True)
class About:
    """What a file says of itself. Text in ``columns``, ``labels``, ``value_labels`` is bytes in latin-1 if ``raw``.

    ``rows`` is None when the file does not say; ``encoding`` is what it declares; ``formats``: display formats;
    ``unlabelled``: columns of a Stata file whose value labels it names and does not hold.
    """

    columns: list[str]
    rows: int | None
    encoding: str | None
    raw: bool
    labels: dict[str, str] = field(default_factory=dict)
    value_labels: dict[str, list[tuple[float | str, str]]] = field(default_factory=dict)
    user_missing: dict[str, list[tuple[float | str, float | str]]] = field(default_factory=dict)
    formats: dict[str, str] = field(default_factory=dict)
    text: list[str] = field(default_factory=list)
    unlabelled: list[str] = field(default_factory=list)


def describe(path: str, kind: str) -> About:
    """Everything but the data. ``kind`` is sav, por, dta, sas7bdat or xpt; raises :class:`DamagedError`."""
    _, meta = _read(path, kind, metadataonly=True)
    types = meta.readstat_variable_types
    if not all(isinstance(name, str) and name for name in meta.column_names):
        raise DamagedError("a column has no name")
    return About(
        columns=list(meta.column_names),
        rows=meta.number_rows if meta.number_rows is not None and meta.number_rows >= 0 else None,
        encoding=_declared(path, kind),
        raw=kind != "por",
        labels={name: text for name, text in meta.column_names_to_labels.items() if text},
        value_labels={name: _labels(kind, table) for name, table in meta.variable_value_labels.items()},
        user_missing={name: [(r["lo"], r["hi"]) for r in ranges] for name, ranges in meta.missing_ranges.items()},
        formats={name: text for name, text in meta.original_variable_types.items() if text},
        text=[name for name in meta.column_names if types.get(name) == "string"],
        unlabelled=[n for n, t in meta.variable_to_label.items() if kind == "dta" and t not in meta.value_labels],
    )


def batches(path: str, kind: str, columns: Sequence[str], text: Sequence[str], size: int) -> Iterator[pa.RecordBatch]:
    """The columns in batches of ``size`` rows: float64 (a letter for a missing value as a NaN that carries it) or text."""
    start, strings = 0, set(text)
    while True:
        found, _ = _read(path, kind, usecols=list(columns), row_offset=start, row_limit=size)
        count = len(found[columns[0]])
        arrays = [
            pa.array(found[name], pa.string()) if name in strings else pa.array(_numbers(found[name]))
            for name in columns
        ]
        yield pa.RecordBatch.from_arrays(arrays, names=[str(i) for i in range(len(columns))])
        start += count
        if count < size:
            return


def _read(path: str, kind: str, **options: Any) -> Found:
    how: dict[str, Any] = {"disable_datetime_conversion": True, "output_format": "dict", "encoding": BYTES, **options}
    try:
        return READ[kind](path, how)
    except Exception as error:  # its own errors, and whatever broken bytes make of its Python
        raise DamagedError(str(error) or type(error).__name__) from None


def _plain(path: str, how: dict[str, Any], form: str) -> Found:
    """What pyreadstat offers for these formats leaves out the values declared missing; its entry point does not."""
    if form == "por":
        how = {name: value for name, value in how.items() if name != "encoding"}
    entry: Any = pyreadstat.pyreadstat.parser_entry_point  # type: ignore[attr-defined]
    found: Found = entry(path, parser_format=form, user_missing=True, **how)
    return found


READ: dict[str, Callable[[str, dict[str, Any]], Found]] = {
    "sav": lambda path, how: pyreadstat.read_sav(path, user_missing=True, **how),
    "dta": lambda path, how: pyreadstat.read_dta(path, user_missing=True, **how),
    "sas7bdat": lambda path, how: pyreadstat.read_sas7bdat(path, user_missing=True, **how),
    "por": lambda path, how: _plain(path, how, "por"),
    "xpt": lambda path, how: _plain(path, how, "xport"),
}


def _declared(path: str, kind: str) -> str | None:
    """The encoding that a file declares; UTF-8 is in the definition of a Stata file from version 14 on."""
    if kind == "dta":
        with Path(path).open("rb") as file:
            head = file.read(40)
        return (
            "UTF-8"
            if head.startswith((b"<stata_dta><header><release>118", b"<stata_dta><header><release>119"))
            else None
        )
    if kind in ("por", "xpt"):
        return None
    read = pyreadstat.read_sav if kind == "sav" else pyreadstat.read_sas7bdat
    try:
        return read(path, metadataonly=True, output_format="dict")[1].file_encoding or None
    except Exception:  # it declares one that its own labels are not in
        return "UTF-8" if kind == "sav" else None


def _labels(kind: str, table: dict[Any, str]) -> list[tuple[float | str, str]]:
    """Codes and labels; the code of a missing value with a letter as ``.a``."""
    letters = kind in ("dta", "sas7bdat", "xpt")
    return [(f".{code}" if letters and isinstance(code, str) else code, text or "") for code, text in table.items()]


def _numbers(values: list[Any]) -> npt.NDArray[np.float64]:
    try:
        return np.array(values, dtype=np.float64)
    except ValueError:  # letters among the numbers
        bits = np.fromiter(
            ((QUIET_NAN | ord(v) << 32) if isinstance(v, str) else 0 for v in values), np.uint64, len(values)
        )
        numbers = np.array([np.nan if isinstance(v, str) else v for v in values], dtype=np.float64)
        return np.where(bits > 0, bits.view(np.float64), numbers)


def serve() -> None:
    """Answer one request on the standard streams: what the file says, then, if asked, its columns.

    In: a line of JSON with path and kind, then one with columns, text and size. Out: a line of JSON, then Arrow's
    stream format. A file that cannot be read is a line of JSON too, or the last word on standard error.
    """
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever the library prints must not mix with the data
    sys.stdin.reconfigure(encoding="utf-8")  # type: ignore[union-attr]

    def say(content: dict[str, Any]) -> None:
        out.write(json.dumps(content).encode() + b"\n")
        out.flush()

    request = json.loads(sys.stdin.readline())
    try:
        say({"about": asdict(describe(request["path"], request["kind"]))})
        if not (line := sys.stdin.readline()):
            return
        more = json.loads(line)
        parts = batches(request["path"], request["kind"], more["columns"], more["text"], more["size"])
        first = next(parts)
        say({})
        with pa.ipc.new_stream(out, first.schema) as stream:
            stream.write_batch(first)
            for part in parts:
                stream.write_batch(part)
    except DamagedError as failure:
        try:
            say({"damaged": str(failure)})
        finally:
            print(f"damaged: {failure}", file=sys.stderr, flush=True)
            os._exit(3)
    except BrokenPipeError:  # nobody listens any more
        os._exit(0)
