"""Cells gathered batch by batch: numbers as small as they can be held exactly, text as its distinct values.

What a reader keeps of each batch is close to what the finished column takes, so a file of any length is read in the
memory of its columns plus one batch. Whether a column of text is one of numbers, and in which encoding it is
written, is decided at its end, over its distinct values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from informality.foundation.tagged import letters_of
from informality.survey.encodings import Encoding
from informality.survey.rawfile import Ask

Numbers = npt.NDArray[np.generic]
Kind = Literal["text", "number", "either"]
Trim = Literal["no", "right", "both"]

# 0110 is no number, because 110 is another code; nor are sixteen digits, which a float would round
NUMBER = r"^-?((0|[1-9]\d{0,14})(\.\d*)?|\.\d+)([eE][+-]?\d+)?$"
DECLARED_NUMBER = r"^[+-]?(\d{1,15}(\.\d*)?|\.\d+)([eE][+-]?\d+)?$"
LARGEST_CODE = 10**15
SMALL = 32_767  # whole numbers up to here keep their small kind beside blanks


def narrow(values: Numbers) -> Numbers:
    """The same numbers in the smallest kind that holds each exactly; blank is NaN.

    Whole numbers without a blank become integers. With blanks they become float32 when they are codes (up to
    32,767); all others stay float64, as do fractions and values that carry a letter.
    """
    if values.dtype.kind in "iu":
        return _as_small_integers(values, int(values.min()), int(values.max())) if len(values) else values
    values = np.asarray(values, dtype=np.float64)
    blank = np.isnan(values)
    present = values[~blank] if blank.any() else values
    if not len(present) or not np.isfinite(present).all() or (present != np.floor(present)).any():
        return _own(values)
    low, high = float(present.min()), float(present.max())
    if max(-low, high) >= 2**53:
        return _own(values)
    if len(present) == len(values):
        return _as_small_integers(values, int(low), int(high))
    if max(-low, high) > SMALL or letters_of(values) is not None:
        return _own(values)
    with np.errstate(invalid="ignore"):  # a NaN of another make
        return values.astype(np.float32)


def _own(values: Numbers) -> Numbers:
    """The values in memory of their own: a view would keep the whole batch they came in alive."""
    return values if values.base is None else values.copy()


def _as_small_integers(values: Numbers, low: int, high: int) -> Numbers:
    kind = next(
        (k for k in (np.int8, np.int16, np.int32) if np.iinfo(k).min <= low and high <= np.iinfo(k).max), np.int64
    )
    return values.astype(kind)


def joined(parts: list[Numbers]) -> Numbers:
    """Batches of one column, each narrowed, as one column in the smallest kind that holds them all exactly."""
    kinds = {part.dtype for part in parts if len(part)} or {np.dtype(np.float64)}
    if all(kind.kind == "i" for kind in kinds):
        return np.concatenate(parts, dtype=np.result_type(*kinds))
    floats = {kind for kind in kinds if kind.kind == "f"}
    small = floats == {np.dtype(np.float32)} and all(kind.itemsize <= 2 for kind in kinds - floats)
    target = np.float32 if small else np.float64
    return narrow(np.concatenate([part.astype(target, copy=False) for part in parts]))


class TextColumn:
    """A column of text, whose cells are kept as distinct values (bytes) and where each stands."""

    def __init__(
        self,
        kind: Kind = "text",
        trim: Trim = "no",
        decimals: int = 0,
        decimal: str = ".",
        point_is_blank: bool = False,
    ) -> None:
        self.kind, self.trim, self.decimals, self.decimal = kind, trim, decimals, decimal
        self.point_is_blank = point_is_blank or kind == "number"  # how SAS writes a missing number
        self.parts: list[pa.DictionaryArray] = []

    def add(self, cells: pa.Array) -> None:
        """Add a batch of cells, binary or text in UTF-8."""
        if not pa.types.is_dictionary(cells.type):
            cells = cells.dictionary_encode()
        self.parts.append(
            pa.DictionaryArray.from_arrays(cells.indices.cast(pa.int32()), cells.dictionary.cast(pa.binary()))
        )

    def odd(self) -> Iterable[bytes]:
        """The distinct values that have a byte beyond ASCII."""
        for part in self.parts:
            yield from (value for value in part.dictionary.to_pylist() if not value.isascii())

    def finish(self, ask: Ask, name: str, encoding: Encoding) -> Numbers | pd.Series:
        """The column: numbers when it is one of numbers, else text; blank is missing."""
        if not self.parts:
            return np.empty(0)
        if all(len(part.dictionary) == 0 for part in self.parts):
            return np.full(sum(len(part) for part in self.parts), np.nan)
        whole = pa.chunked_array(self.parts).unify_dictionaries()
        self.parts = []
        places = pa.concat_arrays([chunk.indices for chunk in whole.chunks])
        text = _decoded(ask, name, whole.chunk(0).dictionary, encoding)
        bare = pc.utf8_trim_whitespace(text)
        blank = pc.equal(bare, "")
        if self.point_is_blank:
            blank = pc.or_(blank, pc.equal(bare, "."))
        bare = pc.if_else(blank, None, bare)
        if self.kind != "text" and (numbers := self._numbers(ask, name, bare, places)) is not None:
            return numbers
        text = {"no": text, "right": pc.utf8_rtrim_whitespace(text), "both": bare}[self.trim]
        values = pa.DictionaryArray.from_arrays(places, pc.if_else(blank, None, text)).cast(pa.string())
        return values.to_pandas()

    def _numbers(self, ask: Ask, name: str, bare: pa.Array, places: pa.Array) -> Numbers | None:
        """The values as numbers, or None when some are text."""
        if self.decimal != ".":
            point = pc.match_substring(bare, ".")
            bare = pc.if_else(point, bare, pc.replace_substring(bare, self.decimal, "."))
        fits = pc.match_substring_regex(bare, DECLARED_NUMBER if self.kind == "number" else NUMBER)
        if not pc.all(fits, min_count=0).as_py():
            if self.kind == "number" and (wrong := pc.filter(bare, pc.invert(fits))[0].as_py()) and not _long(wrong):
                at = pc.index(places, bare.index(wrong).as_py()).as_py()
                found = f"`{wrong}` in row {at + 1:,}"
                ask.refuse(
                    f"has text in the column of numbers `{name}`", found, "correct the layout, or obtain the file again"
                )
            return None
        values = bare.cast(pa.float64()).to_numpy(zero_copy_only=False)
        if self.decimals:
            implied = pc.invert(pc.match_substring(bare, ".")).fill_null(False).to_numpy(zero_copy_only=False)
            values = np.where(implied, values / 10**self.decimals, values)
        at = places.fill_null(len(values)).to_numpy(zero_copy_only=False)
        return narrow(np.append(values, np.nan)[at])


def _long(text: str) -> bool:
    """A number of sixteen digits and more: an identifier, which stays text."""
    return text.lstrip("+-").isdigit()


def _decoded(ask: Ask, name: str, values: pa.Array, encoding: Encoding) -> pa.Array:
    """Distinct values as text. A letter that the width of its column cut in half is left away, and counted."""
    if encoding.name in ("UTF-8", "ASCII") or all(value.isascii() for value in values.to_pylist()):
        try:
            return values.cast(pa.string())
        except pa.ArrowInvalid:
            pass
    text, cut = [], 0
    for value in values.to_pylist():
        try:
            text.append(value.decode(encoding.name))
        except UnicodeDecodeError as error:
            if encoding.name != "UTF-8" or "unexpected end" not in error.reason:
                ask.refuse(
                    f"has text in the column `{name}` that is not {encoding.name}",
                    f"{value[:40]!r}; it was taken for {encoding.words}",
                    "declare the `encoding` it was written in, often utf-8, windows-1252 or utf-16",
                )
            text.append(value[: error.start].decode(encoding.name))
            cut += 1
    if cut:
        what, fix = f"texts of `{name}` end in half a letter", "the width of the column cut it; it was left away"
        ask.warn(what, f"{cut:,} distinct {'text' if cut == 1 else 'texts'}", fix, cut)
    return pa.array(text, pa.string())


def frame_of(columns: Mapping[str, Numbers | pd.Series]) -> pd.DataFrame:
    """Columns of equal length as a frame, without copying them."""
    return pd.DataFrame(dict(columns), copy=False)
