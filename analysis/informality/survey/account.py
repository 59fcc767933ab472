"""The account of a survey being harmonised: what became of each value, and what is wrong with the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from informality.foundation.atoms import Axis
from informality.foundation.codes import Code
from informality.foundation.errors import Problem
from informality.foundation.grammar import BLANK
from informality.foundation.tagged import is_tag, letters_of, word

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


@dataclass(slots=True)
class Log:
    """What is collected while the variables are made.

    ``row`` is the row in the file (from 1) of each row kept; ``absent`` are variables the file holds no value of.
    """

    row: Ints
    mapping: list[tuple[str, str, str, str, str, int]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    outside: dict[str, Ints] = field(default_factory=dict)
    """Rows kept (from 0) with an answer although they lie outside the universe of a variable."""
    absent: frozenset[str] = frozenset()

    def rows(self, wrong: Bools) -> str:
        """``12 rows (the first is row 31)``: rows of the file, counted from 1."""
        count = int(wrong.sum())
        return f"{count:,} {'row' if count == 1 else 'rows'} (the first is row {self.row[np.argmax(wrong)]:,})"


def as_code(value: Any) -> Code:
    """A raw value as a code: 1.0 is 1, text is stripped."""
    if isinstance(value, str):
        return value.strip()
    number = float(value)
    return int(number) if number.is_integer() else number


def codes_of(column: pd.Series) -> tuple[Ints, list[Code]]:
    """The codes of a raw column in order, and the number of each row's code; -1 for a blank.

    A missing value with a letter is a code of its own, ``.a``, and comes after the others.
    """
    position, values = pd.factorize(column, sort=True)
    codes = [as_code(value) for value in values]
    position = position.astype(np.int64)
    letters = letters_of(column.to_numpy()) if column.dtype == np.float64 else None
    for letter in np.unique(letters[letters > 0]) if letters is not None else ():
        position[letters == letter] = len(codes)
        codes.append(word(letter))
    return position, codes


def written(code: Code) -> str:
    """A code as it has to be written in a profile: text in quotation marks, since 01 is the number 1; ``.a`` without."""
    return f'"{code}"' if isinstance(code, str) and not is_tag(code) else str(code)


def wrong_kind(axes: Sequence[Axis], frame: pd.DataFrame, place: str) -> list[Problem]:
    """Columns that hold text where numbers are tested, or numbers where text is: no row would ever fit."""
    problems = []
    for axis in axes:
        name = axis.variable.name
        column = frame[name].dropna()
        is_text = not pd.api.types.is_numeric_dtype(column.dtype)
        words = [w for w in axis.words if w != BLANK and not is_tag(w)]
        if len(column) and (len(axis.thresholds) if is_text else words):
            holds, tested = ("text", "numbers are") if is_text else ("numbers", "text is")
            problems.append(
                Problem(
                    place,
                    f"the column `{name}` holds {holds}, but {tested} tested here",
                    f"for example {written(as_code(column.iloc[0]))}",
                    f"write the codes {'in' if is_text else 'without'} quotation marks",
                )
            )
    return problems
