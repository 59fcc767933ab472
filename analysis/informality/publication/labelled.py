"""An anonymised file for Stata and SPSS: numbers with their labels, each kind of missing under its own code.

A label that is longer than the format holds ends with ``…``; the full texts are in the codebook of the workers.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from informality.foundation.grammar import REASON
from informality.foundation.provenance import write_atomically
from informality.tabulation.released import Anonymised, LabelledColumn

STATA_RELEASE = 14
"""The oldest release with Unicode; every later one reads its files."""
SPSS_CREATED_AT, SPSS_CREATED = 92, b"01 Jan 0000:00:00"
STATA_CREATED_AFTER, STATA_CREATED = b"<timestamp>\x11", b"01 Jan 2000 00:00"
"""Both formats hold the moment of writing, which would make every file different."""
LONGEST = {"dta": {"file": 80, "variable": 80, "value": 32_000}, "sav": {"file": 64, "variable": 255, "value": 120}}
"""The longest texts of each format: of Stata in characters (a value label in bytes), of SPSS in bytes of UTF-8."""


def write_labelled(made: Anonymised, title: str, path: Path) -> None:
    """Write ``path``, a ``.dta`` or a ``.sav`` file. The same inputs give the same bytes."""
    write_atomically(path, lambda new: (_write_stata if path.suffix == ".dta" else _write_spss)(made, title, new))


def what_was_done(made: Anonymised) -> dict[str, Any]:
    """The rule and its sources, k, the key variables, and how often each thing was done."""
    spec = made.spec
    said = {"rule": spec.title, "summary": spec.summary, "sources": spec.sources, "status": spec.status}
    names = {variable_name(c.name): c.name for c in made.columns}
    keys = [n for n in (*spec.places, *spec.keys) if n in made.frame]
    done = made.log.to_dict("records")
    return {
        **said,
        "fewest": spec.fewest.model_dump(),
        "keys": keys,
        "persons": len(made.frame),
        "columns": names,
        "done": done,
    }


def variable_name(name: str) -> str:
    """A name that both programs take: letters, digits and underscores, at most 32."""
    return "".join(c if c.isascii() and c.isalnum() else "_" for c in name)[:32]


def _write_stata(made: Anonymised, title: str, path: Path) -> None:
    import pyreadstat

    codes = {kind: code.stata for kind, code in made.spec.codes.items()}
    data: dict[str, Any] = {}
    labels: dict[str, Any] = {}
    missing: dict[str, Any] = {}
    for column, numbers, kinds in _coded(made):
        name = variable_name(column.name)
        occurring = [k for k in codes if (kinds == k).any()]
        values = numbers.astype(object)
        for kind in occurring:
            values[kinds == kind] = codes[kind]
        data[name] = values if occurring else numbers
        labels[name] = _labels(column.levels, "dta") | {
            codes[k]: _cut(made.missing[k], "dta", "value") for k in occurring
        }
        if occurring:
            missing[name] = [codes[k] for k in occurring]
    pyreadstat.write_dta(
        pd.DataFrame(data),
        path,
        file_label=_cut(title, "dta", "file"),
        column_labels=_titles(made, "dta"),
        variable_value_labels={n: words for n, words in labels.items() if words},
        missing_user_values=missing,
        version=STATA_RELEASE,
    )
    with path.open("r+b") as file:
        head = file.read(2000)
        file.seek(head.index(STATA_CREATED_AFTER) + len(STATA_CREATED_AFTER))
        file.write(STATA_CREATED)
        os.fsync(file.fileno())


def _write_spss(made: Anonymised, title: str, path: Path) -> None:
    import pyreadstat

    data: dict[str, Any] = {}
    labels: dict[str, Any] = {}
    ranges: dict[str, Any] = {}
    for column, numbers, kinds in _coded(made):
        name = variable_name(column.name)
        codes = {k: float(c.category if column.levels else c.number) for k, c in made.spec.codes.items()}
        occurring = [k for k in codes if (kinds == k).any()]
        for kind in occurring:
            numbers[kinds == kind] = codes[kind]
        data[name] = numbers
        labels[name] = _labels(column.levels, "sav") | {
            codes[k]: _cut(made.missing[k], "sav", "value") for k in occurring
        }
        if occurring:
            ranges[name] = [{"lo": min(codes.values()), "hi": max(codes.values())}]
    pyreadstat.write_sav(
        pd.DataFrame(data),
        path,
        file_label=_cut(title, "sav", "file"),
        column_labels=_titles(made, "sav"),
        row_compress=True,
        variable_value_labels={n: words for n, words in labels.items() if words},
        missing_ranges=ranges,
        variable_measure={variable_name(c.name): "nominal" if c.levels else "scale" for c in made.columns},
    )
    with path.open("r+b") as file:
        file.seek(SPSS_CREATED_AT)
        file.write(SPSS_CREATED)
        os.fsync(file.fileno())


def _coded(made: Anonymised) -> list[tuple[LabelledColumn, np.ndarray, np.ndarray]]:
    """Each column with its (n,) numbers, NaN where missing, and the kind of missing of each row, "" for none."""
    out = []
    for column in made.columns:
        values = made.frame[column.name]
        if not column.levels:
            numbers = values.to_numpy(dtype=float, copy=True)
            reasons = made.frame.get(column.name + REASON)
            kinds = (
                np.full(len(values), "", dtype=object)
                if reasons is None
                else reasons.astype("object").fillna("").to_numpy()
            )
            out.append((column, numbers, np.where(np.isnan(numbers), kinds, "")))
            continue
        words = values.astype("object").to_numpy()
        place = {level: float(i) for i, level in enumerate(column.levels, start=1)}
        numbers = values.astype("object").map(place).to_numpy(dtype=float, copy=True)
        unknown = set(words[np.isnan(numbers)]) - set(made.spec.codes)
        assert not unknown, f"{column.name}: no code for {unknown}"
        out.append((column, numbers, np.where(np.isnan(numbers), words, "")))
    return out


def _labels(levels: Mapping[str, str], kind: str) -> dict[float | str, str]:
    return {float(i): _cut(words, kind, "value") for i, words in enumerate(levels.values(), start=1)}


def _titles(made: Anonymised, kind: str) -> dict[str, str | None]:
    return {variable_name(c.name): _cut(c.title, kind, "variable") for c in made.columns}


def _cut(text: str, kind: str, what: str) -> str:
    """The text, or as much of its beginning as the format holds, with ``…`` behind it."""
    most = LONGEST[kind][what]
    if kind == "dta" and what != "value":
        return text if len(text) <= most else f"{text[: most - 1]}…"
    if len(text.encode()) <= most:
        return text
    return text.encode()[: most - len("…".encode())].decode(errors="ignore") + "…"
