"""What the columns of a file hold: kinds, blanks, codes with counts, extremes; no judgement."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from informality.foundation.codes import Code
from informality.survey.account import as_code, codes_of
from informality.survey.rawfile import RawFile
from informality.survey.readers import describe, read_raw

CELLS = 20_000_000  # how many cells are held at once while a file is described; more columns are read in turns
KEPT = 2_000  # how many different codes of a column are kept with their counts
PROBABILITIES = (0.25, 0.5, 0.75)

Progress = Callable[[str, int, int | None], object]


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """One column as it stands in the file.

    ``codes``: code -> rows, in order of the codes; complete when ``distinct`` is not above :data:`KEPT`, else only the codes
    that have a label. ``numeric``: every cell is a number, whether the file holds it as one or as text. ``low``, ``high``
    and ``quarters`` (the three quartiles) are those of the numbers, NaN where there are none. ``whole``: every number is
    whole. ``second``: the largest number but one.
    """

    name: str
    kind: Literal["number", "text", "blank"]
    rows: int
    blank: int
    distinct: int
    label: str = ""
    labels: dict[Code, str] = field(default_factory=dict)
    codes: dict[Code, int] = field(default_factory=dict)
    low: float = np.nan
    high: float = np.nan
    second: float = np.nan
    quarters: tuple[float, ...] = ()
    whole: bool = False
    numeric: bool = False
    date: bool = False

    @property
    def answered(self) -> int:
        return self.rows - self.blank

    @property
    def complete(self) -> bool:
        """Whether every code is kept."""
        return self.distinct <= KEPT


@dataclass(frozen=True, slots=True)
class FileFacts:
    """A file and all its columns, in file order; ``file`` has no data."""

    file: RawFile
    columns: dict[str, ColumnFacts]
    how: dict[str, Any]

    def read(self, names: Sequence[str]) -> pd.DataFrame:
        """Some columns, all rows."""
        return read_raw(self.file.path, list(names), **self.how).frame


def look_at(path: Path, progress: Progress = lambda name, done, total: None, **how: Any) -> FileFacts:
    """Describe every column of a file, reading as many at once as :data:`CELLS` allow.

    ``how`` are the options of :func:`informality.survey.readers.read_raw`. Raises :class:`InformalityError`
    (``DATA_FILE``) for what cannot be read.
    """
    file = describe(path, **how)
    step = max(CELLS // max(file.rows, 1), 1)
    found: dict[str, ColumnFacts] = {}
    for start in range(0, len(file.columns), step):
        names = list(file.columns[start : start + step])
        frame = read_raw(path, names, progress=progress, **how).frame
        found |= {name: column_facts(frame[name], file) for name in names}
    return FileFacts(file, found, how)


def column_facts(column: pd.Series, file: RawFile) -> ColumnFacts:
    """One column, with what the file says of it."""
    name = str(column.name)
    blank = int(column.isna().sum())
    facts = ColumnFacts(
        name,
        "blank" if blank == len(column) else "number" if pd.api.types.is_numeric_dtype(column.dtype) else "text",
        len(column),
        blank,
        0,
        file.variable_labels.get(name, "").strip(),
        {as_code(code): label.strip() for code, label in file.value_labels.get(name, {}).items()},
        date=name in file.dates,
    )
    position, codes = codes_of(column)
    counts = np.bincount(position[position >= 0], minlength=len(codes))
    kept = range(len(codes)) if len(codes) <= KEPT else [i for i, code in enumerate(codes) if code in facts.labels]
    facts = replace(facts, distinct=len(codes), codes={codes[i]: int(counts[i]) for i in kept})
    if facts.kind == "blank" or facts.date:
        return facts
    values = pd.to_numeric(column.dropna(), errors="coerce").to_numpy(dtype=float)
    if not len(values) or np.isnan(values).any():
        return facts
    different = np.unique(values)
    return replace(
        facts,
        low=float(different[0]),
        high=float(different[-1]),
        second=float(different[-2]) if len(different) > 1 else np.nan,
        quarters=tuple(float(q) for q in np.quantile(values, PROBABILITIES)),
        whole=bool((different == np.floor(different)).all()),
        numeric=True,
    )
