"""The atoms of a variable: groups of values that no rule of a table tells apart.

They are what makes deciding fast (a row becomes a handful of small numbers) and proving exact (all kinds of
case can be enumerated).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from informality.foundation.grammar import BLANK, REASON, Codes, Condition, Variable, Word
from informality.foundation.tagged import letters_of, word

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Axis:
    """The atoms of one variable: groups of values that no condition tells apart.

    ``thresholds`` cut the number line into points and open intervals; ``lookup`` maps each piece
    (intervals and points in order, then the words, then "any other text") to its atom; ``examples``
    holds one value per atom, for messages.
    """

    variable: Variable
    thresholds: npt.NDArray[np.float64]
    words: tuple[str, ...]
    lookup: npt.NDArray[np.int64]
    examples: tuple[Word, ...]

    @property
    def size(self) -> int:
        return len(self.examples)

    @classmethod
    def build(cls, variable: Variable, conditions: Sequence[Condition]) -> Axis:
        """Cut ``variable`` into the atoms that ``conditions`` tell apart."""
        numeric = variable.kind != "category"
        cuts = {c.threshold for cond in conditions for c in cond.comparisons}
        cuts |= {float(v) for cond in conditions for v in cond.values if not isinstance(v, str)}
        thresholds = np.array(sorted(cuts) if numeric else [], dtype=float)
        pieces: list[Word] = list(number_line(thresholds)) if numeric else []
        if variable.kind == "code":
            words = (*sorted({v for c in conditions for v in c.values if isinstance(v, str)} - {BLANK}), BLANK)
        else:
            words = variable.categories
        pieces += words
        if variable.kind == "code":
            pieces.append("any other text")
        atoms: dict[tuple[bool, ...], int] = {}
        examples: list[Word] = []
        lookup = np.empty(len(pieces), dtype=np.int64)
        for i, piece in enumerate(pieces):
            signature = tuple(c.allows(piece) for c in conditions)
            if signature not in atoms:
                atoms[signature] = len(examples)
                examples.append(piece)
            lookup[i] = atoms[signature]
        return cls(variable, thresholds, tuple(words), lookup, tuple(examples))

    def atoms_allowed(self, condition: Condition | None) -> npt.NDArray[np.int64]:
        """Indices of the atoms a condition allows; all of them when there is no condition."""
        return np.array(
            [i for i, e in enumerate(self.examples) if condition is None or condition.allows(e)], dtype=np.int64
        )

    def codes(self, frame: pd.DataFrame) -> Codes:
        """The atom of every row, shape (rows,).

        Raises ``KeyError`` for an absent column and ``ValueError`` for a category the axis lacks; both
        are faults of the caller, since profiles and definitions are checked before data are read.
        """
        import pandas as pd

        column = frame[self.variable.name]
        if isinstance(column.dtype, pd.CategoricalDtype):
            return self._categorical(column)
        if pd.api.types.is_numeric_dtype(column.dtype):
            values: npt.NDArray[np.float64] = column.to_numpy(dtype=float, na_value=np.nan)
            position = np.searchsorted(self.thresholds, values)
            nearest = (
                self.thresholds[np.minimum(position, len(self.thresholds) - 1)] if len(self.thresholds) else np.inf
            )
            piece: Codes = 2 * position + (values == nearest)
            absent = np.isnan(values)
            if self.variable.kind == "number":
                reasons = frame[self.variable.name + REASON]
                return np.where(absent, self._categorical(reasons), self.lookup[np.where(absent, 0, piece)])
            piece[absent] = self._first_word + self.words.index(BLANK)
            letters = letters_of(values)  # a missing value with a letter is no blank
            for letter in np.unique(letters[letters > 0]) if letters is not None else ():
                piece[letters == letter] = self._piece_of_text(word(letter))
            return self.lookup[piece]
        names, values_index = np.unique(column.fillna("").to_numpy(dtype=str), return_inverse=True)
        pieces = np.array([self._piece_of_text(str(name)) for name in names], dtype=np.int64)
        return self.lookup[pieces[values_index]]

    @property
    def _first_word(self) -> int:
        return 2 * len(self.thresholds) + 1 if self.variable.kind != "category" else 0

    def atom_of(self, value: Word) -> int:
        """The atom that holds one value: a category, a code, a number or a reason for missing."""
        if isinstance(value, str):
            return int(self.lookup[self._piece_of_text(value)])
        position = int(np.searchsorted(self.thresholds, value))
        on_point = position < len(self.thresholds) and self.thresholds[position] == value
        return int(self.lookup[2 * position + on_point])

    def _piece_of_text(self, text: str) -> int:
        bare = text.strip() or BLANK
        if bare in self.words:
            return self._first_word + self.words.index(bare)
        return len(self.lookup) - 1

    def _categorical(self, column: pd.Series) -> Codes:
        codes = column.cat.codes.to_numpy()
        names = [str(c) for c in column.cat.categories]
        occurs = np.bincount(codes + 1, minlength=len(names) + 1)[1:] > 0
        stray = [c for c, here in zip(names, occurs, strict=True) if here and c not in self.words]
        if stray:
            raise ValueError(f"{self.variable.name}: categories {stray} are not in the schema")
        pieces = [self.words.index(c) if c in self.words else 0 for c in names] + [0]
        atoms: Codes = (
            self.lookup[self._first_word + np.array(pieces)][codes] if self.words else np.zeros(len(codes), int)
        )
        return atoms


def number_line(thresholds: npt.NDArray[np.float64]) -> Iterable[float]:
    """One value inside each interval and at each point that the thresholds cut, in order."""
    if not len(thresholds):
        yield 1.0
        return
    yield float(thresholds[0] - 1)
    for low, high in zip(thresholds, [*thresholds[1:], thresholds[-1] + 2], strict=True):
        yield float(low)
        yield float((low + high) / 2)
