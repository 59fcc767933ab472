"""Missing values that carry a letter, as ``.a`` to ``.z`` in Stata and ``.A`` to ``.Z`` and ``._`` in SAS.

A letter says why there is no number (refused, does not know, was not asked), so a profile must be able to tell
the letters apart. In memory such a value is a NaN with the letter in its spare bits, as R's haven keeps it: whatever
does not know of letters sees a blank, and no calculation can take it for a number. In words it is ``.a``, which is
how a profile writes it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import numpy.typing as npt
from pydantic import WrapValidator

Letters = npt.NDArray[np.uint8]

_QUIET = 0x7FF8_0000_0000_0000
_SHIFT = 32
_TAG = re.compile(r"\.[A-Za-z_]")
_KNOWN = np.zeros(256, dtype=bool)
_KNOWN[[ord(c) for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"]] = True


def tagged(letters: Letters) -> npt.NDArray[np.float64]:
    """NaNs that carry ``letters`` (codes of ASCII letters, shape (n,)); a plain NaN where the code is 0."""
    bits = (letters.astype(np.uint64) << np.uint64(_SHIFT)) | np.uint64(_QUIET)
    return bits.view(np.float64)


def letters_of(values: npt.NDArray[np.generic]) -> Letters | None:
    """The letter of each value, 0 for numbers and plain blanks, shape (n,); None when there is no letter at all.

    Only float64 can carry letters: columns that have one are never made smaller.
    """
    if values.dtype != np.float64 or not len(values):
        return None
    blank = np.flatnonzero(np.isnan(values))
    bits = np.ascontiguousarray(values[blank]).view(np.uint64)
    found = ((bits >> np.uint64(_SHIFT)) & np.uint64(0xFF)).astype(np.uint8)
    found[~_KNOWN[found]] = 0
    if not found.any():
        return None
    letters = np.zeros(len(values), dtype=np.uint8)
    letters[blank] = found
    return letters


def word(letter: int) -> str:
    """``.a`` for the letter a."""
    return f".{chr(letter)}"


def is_tag(text: str) -> bool:
    """Whether a code of a profile means a missing value with a letter."""
    return bool(_TAG.fullmatch(text))


def _number_or_tag(value: Any, number: Callable[[Any], float]) -> float | str:
    return value if isinstance(value, str) and is_tag(value) else number(value)


if TYPE_CHECKING:
    MissingCode = float | str
else:
    MissingCode = Annotated[float, WrapValidator(_number_or_tag)]
"""A code for a missing value as a profile writes it: ``99`` or ``.a``. What is neither fails as no number."""
