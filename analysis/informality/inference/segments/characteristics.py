"""What is known of each case, the words for it, and the distinct patterns of it.

Learning by machine sees a person as a pattern of characteristics. Persons alike are one pattern with the sum of their
weights, as in :mod:`~informality.inference.models.patterns`; here patterns are always made, and are numbered by what
they hold, so that neither the order of the rows nor a row split in two changes what is learned.

Nothing is missing in silence: a category has a level for it (`unknown` is a level like any other), an order names the
levels that stand apart from it, and a number says what its missing values are called.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from informality.foundation.errors import ExitCode, InformalityError, Problem, did_you_mean, raise_errors
from informality.inference.models import covariates
from informality.inference.models.model_data import domain_rows
from informality.inference.sampling.design import Design
from informality.inference.sampling.moments import FloatArray, IntArray

Kind = Literal["category", "ordered", "number"]
Position = Literal["before", "head", "after"]


@dataclass(frozen=True, slots=True, eq=False)
class Characteristic:
    """A column, and how a reader is told of it.

    ``title`` and ``labels`` (level to text) are what tables print, by default the name and the level. ``phrases`` are
    the words a name is made of, and ``position`` where they stand: `rural` before, `own-account workers` as the
    head, `in agriculture` after it; each must also read well after "mostly". A level without a phrase is never part
    of a name. ``ordered``: ``order`` lists
    the levels from low to high, ``apart`` those outside the order (`unknown`). ``number``: ``missing`` is what
    a missing value is called; without it none may be missing. The phrases of a number are those of `low` and `high`.
    """

    name: str
    kind: Kind = "category"
    title: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    phrases: Mapping[str, str] = field(default_factory=dict)
    position: Position = "after"
    order: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()
    missing: str = ""

    @property
    def printed(self) -> str:
        """The title, or the name."""
        return self.title or self.name

    def label(self, level: str) -> str:
        """What tables print for a level."""
        return self.labels.get(level, level)


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """A characteristic read: codes (n,) into ``levels``, -1 for rows outside; or numbers (n,), NaN where missing."""

    what: Characteristic
    values: NDArray[Any]
    levels: tuple[str, ...] = ()

    @property
    def codes(self) -> tuple[IntArray, tuple[str, ...]]:
        """Codes (n,) and levels; of a number: 0 known, 1 missing."""
        if self.what.kind != "number":
            return self.values, self.levels
        return np.isnan(self.values).astype(np.intp), ("", self.what.missing)


@dataclass(frozen=True, slots=True, eq=False)
class Cases:
    """The N cases of a domain, and the m distinct patterns of their characteristics.

    ``rows``: (N,) file rows. ``pattern``: (N,) the pattern of each. ``first``: (m,) a file row that shows each.
    """

    columns: tuple[Column, ...]
    rows: IntArray
    pattern: IntArray
    first: IntArray
    n_file: int

    def __len__(self) -> int:
        return len(self.first)

    def sums(self, values: FloatArray) -> FloatArray:
        """Sums by pattern (m,) of values (N,) of the cases."""
        return np.asarray(np.bincount(self.pattern, values, minlength=len(self.first)), dtype=np.float64)

    def in_file(self, values: NDArray[Any], outside: Any) -> NDArray[Any]:
        """Values (N,) of the cases at their rows of the file (n,); ``outside`` elsewhere."""
        out = np.full(self.n_file, outside, dtype=values.dtype)
        out[self.rows] = values
        return out


def read_cases(
    design: Design, frame: pd.DataFrame, characteristics: Sequence[Characteristic], domain: ArrayLike | None, place: str
) -> Cases:
    """The cases of a domain, all problems told at once.

    ``frame``: (n,) the rows of the design; ``domain``: (n,) True for the cases. Raises :class:`InformalityError`:
    SPEC for names and words, DATA for values that are missing or of the wrong kind, ESTIMATE for an empty domain,
    one PSU, and a characteristic that is the same for every case.
    """
    raise_errors(_declared_wrongly(frame, characteristics, place), ExitCode.SPEC)
    rows = domain_rows(design, frame, domain, place)
    columns: list[Column] = []
    problems: list[Problem] = []
    for what in characteristics:
        try:
            columns.append(_read(what, frame[what.name], rows, place))
        except InformalityError as error:
            problems += error.problems
    raise_errors(problems, ExitCode.DATA)
    raise_errors(
        [
            Problem(place, f"`{c.what.name}` is the same for every case, so it tells nobody apart",
                    f"all {len(rows):,} cases have {_shown(c, rows)}", "leave it out, or widen the domain")
            for c in columns
            if (c.values[rows] == c.values[rows[0]]).all() or np.isnan(c.values[rows].astype(np.float64)).all()
        ],
        ExitCode.ESTIMATE,
    )  # fmt: skip
    pattern, first = distinct([_ranked(column, rows) for column in columns])
    return Cases(tuple(columns), rows, pattern, rows[first], len(frame))


def distinct(codes: Sequence[IntArray]) -> tuple[IntArray, IntArray]:
    """The pattern (N,) of each row of codes, each (N,) and from 0, and the first row (m,) of each pattern.

    Patterns are numbered in the order of the first code, then the second, and so on.
    """
    key, size = np.zeros(len(codes[0]), dtype=np.int64), 1
    for code in codes:
        span = int(code.max(initial=0)) + 1
        if size > (1 << 62) // span:
            used, key = np.unique(key, return_inverse=True)
            size = len(used)
        key, size = key * span + code, size * span
    _, first, pattern = np.unique(key, return_index=True, return_inverse=True)
    return pattern, first


def _declared_wrongly(frame: pd.DataFrame, characteristics: Sequence[Characteristic], place: str) -> list[Problem]:
    if not characteristics:
        return [Problem(place, "no characteristic is named", fix="name the columns that describe the cases")]
    problems: list[Problem] = []
    seen: set[str] = set()
    for what in characteristics:
        if what.kind not in get_args(Kind) or what.position not in get_args(Position):
            problems.append(
                Problem(place, f"`{what.name}` is declared as {what.kind!r}, {what.position!r}",
                        fix=f"kinds are {', '.join(get_args(Kind))}; positions {', '.join(get_args(Position))}")
            )  # fmt: skip
        if what.name in seen:
            problems.append(Problem(place, f"`{what.name}` is named twice", fix="name it once"))
        seen.add(what.name)
        if what.name not in frame.columns:
            fix = did_you_mean(what.name, [str(c) for c in frame.columns])
            problems.append(Problem(place, f"`{what.name}` is not a variable of the data", fix=fix))
        if what.kind == "ordered" and not what.order:
            problems.append(
                Problem(place, f"the order of `{what.name}` is not said", fix="list its levels from low to high")
            )
        twice = [level for level in what.apart if level in what.order]
        if twice:
            problems.append(
                Problem(place, f"`{what.name}` has a level both in its order and apart from it", ", ".join(twice),
                        "list it once")
            )  # fmt: skip
    return problems


def _read(what: Characteristic, column: pd.Series, rows: IntArray, place: str) -> Column:
    variable = covariates.read_variable(what.name, column, what.kind != "number", place)
    missing = int(covariates.missing(variable, rows, place).sum())
    if what.kind == "number":
        if variable.levels is not None:
            raise InformalityError(
                Problem(place, f"`{what.name}` is declared as a number but holds words",
                        ", ".join(variable.labels[:6]), "declare it as a category, or as ordered"), ExitCode.DATA
            )  # fmt: skip
        if missing and not what.missing:
            raise InformalityError(
                Problem(place, f"`{what.name}` is missing in some rows of the domain", f"{missing:,} of {len(rows):,} rows",
                        'say what a missing value is called, missing="not known", or narrow the domain',
                        count=missing), ExitCode.DATA
            )  # fmt: skip
        return Column(what, variable.values.astype(np.float64))
    if missing:
        raise InformalityError(
            Problem(place, f"`{what.name}` is missing in some rows of the domain", f"{missing:,} of {len(rows):,} rows",
                    "give such rows a category of their own", count=missing), ExitCode.DATA
        )  # fmt: skip
    used, _ = covariates.used_levels(variable, rows, None, place)
    values, levels = used.values.astype(np.intp), used.labels
    if what.kind == "ordered":
        stray = [level for level in levels if level not in (*what.order, *what.apart)]
        if stray:
            raise InformalityError(
                Problem(place, f"`{what.name}` has levels that its order does not place", ", ".join(stray[:12]),
                        "add them to its order, or to the levels that stand apart"), ExitCode.DATA
            )  # fmt: skip
        listed = [level for level in (*what.order, *what.apart) if level in levels]
        rank = np.array([listed.index(level) for level in levels] + [-1])
        values, levels = rank[values], tuple(listed)
    return Column(what, values, levels)


def _shown(column: Column, rows: IntArray) -> str:
    first = column.values[rows[0]]
    if column.what.kind == "number":
        return column.what.missing if np.isnan(first) else f"{first:g}"
    return column.what.label(column.levels[int(first)])


def _ranked(column: Column, rows: IntArray) -> IntArray:
    """Codes (N,) of the cases in the order of their values, a missing number last."""
    values = column.values[rows]
    return np.unique(values, return_inverse=True)[1] if column.what.kind == "number" else values
