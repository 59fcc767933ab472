"""The variables of a model, as columns of the whole file: numbers, or factors with the levels of the cases.

Words and categories are factors; numbers and truth values are numbers unless written ``C(x)``. The first level is the
reference; ``reference={"education": "none"}`` chooses another. Levels without a case are left out, and named.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from informality.foundation.errors import ExitCode, InformalityError, Problem, did_you_mean
from informality.inference.sampling.moments import IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Variable:
    """A column of the file: numbers (n,), or for a factor codes (n,) into ``levels``, -1 for no level."""

    name: str
    values: NDArray[Any]
    levels: tuple[Any, ...] | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """The levels as they are printed."""
        return tuple(label(level) for level in self.levels or ())

    def code(self, level: Any, place: str) -> int:
        """The code of a level given by value or label; an error with the nearest spelling otherwise."""
        for code, (mine, text) in enumerate(zip(self.levels or (), self.labels, strict=True)):
            if mine == level or text == str(level):
                return code
        raise InformalityError(
            Problem(
                place,
                f"`{self.name}` has no level `{label(level)}` among the cases",
                f"its levels are {', '.join(self.labels[:12])}",
                did_you_mean(label(level), self.labels),
            ),
            ExitCode.ESTIMATE,
        )

    def take(self, rows: IntArray, setting: Any = None) -> Any:
        """Values of these rows, or of the setting, as a formula sees them."""
        values = self.values[rows] if setting is None else np.broadcast_to(np.asarray(setting), len(rows))
        if self.levels is None:
            return values.astype(np.float64, copy=False)
        dtype = pd.CategoricalDtype(list(self.levels))
        return pd.Categorical.from_codes(values, dtype=dtype, validate=False)


def read_variable(name: str, column: pd.Series, as_factor: bool, place: str) -> Variable:
    """A column as numbers or as a factor; anything else is an error (DATA)."""
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return Variable(name, np.asarray(column.cat.codes), _plain(column.cat.categories))
    if pd.api.types.is_bool_dtype(dtype) or pd.api.types.is_numeric_dtype(dtype):
        plain = isinstance(dtype, np.dtype)
        values = column.to_numpy() if plain else column.to_numpy(dtype=np.float64, na_value=np.nan)
        if not as_factor:
            return Variable(name, values.view(np.uint8) if values.dtype == bool else values)
        column = pd.Series(values)
    elif not (pd.api.types.is_string_dtype(dtype) or pd.api.types.is_object_dtype(dtype)):
        raise InformalityError(
            Problem(place, f"`{name}` is neither numbers nor words", str(dtype),
                    "make a number or a category of it first"), ExitCode.DATA
        )  # fmt: skip
    else:
        column = column.astype("str").where(column.notna(), None)
    codes, levels = pd.factorize(column, sort=True)
    return Variable(name, codes, _plain(levels))


def _plain(levels: Any) -> tuple[Any, ...]:
    """Levels as Python values, whole numbers without a point."""
    values = np.asarray(levels).tolist()
    return tuple(int(v) if isinstance(v, float) and v.is_integer() else v for v in values)


def missing(variable: Variable, rows: IntArray, place: str) -> NDArray[np.bool_]:
    """Which of the rows have no value; an infinite one is an error (DATA)."""
    column = variable.values
    with np.errstate(all="ignore"):
        if variable.levels is None and (column.dtype.kind != "f" or np.isfinite(column.sum())):
            return np.zeros(len(rows), dtype=bool)
    values = column[rows]
    if variable.levels is not None:
        return np.asarray(values < 0)
    if np.isinf(values).any():
        raise InformalityError(
            Problem(place, f"`{variable.name}` is infinite in some rows", f"{int(np.isinf(values).sum()):,} rows",
                    "look for a division by zero or the logarithm of 0"), ExitCode.DATA
        )  # fmt: skip
    return np.asarray(np.isnan(values))


def used_levels(variable: Variable, rows: IntArray, reference: Any, place: str) -> tuple[Variable, list[str]]:
    """The factor with only the levels its cases have, the reference first, and the labels left out."""
    assert variable.levels is not None
    counts = np.bincount(variable.values[rows], minlength=len(variable.levels))
    order = np.flatnonzero(counts)
    kept = Variable(variable.name, variable.values, tuple(variable.levels[i] for i in order))
    if reference is not None:
        first = kept.code(reference, place)
        order = np.concatenate([order[[first]], np.delete(order, first)])
    code = np.full(len(variable.levels) + 1, -1, dtype=np.int32)
    code[order] = np.arange(len(order))
    empty = [text for text, count in zip(variable.labels, counts, strict=True) if count == 0]
    return Variable(variable.name, code[variable.values], tuple(variable.levels[i] for i in order)), empty


def label(value: Any) -> str:
    """A level as the survey prints it: SPSS stores the code 101 as 101.0."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
