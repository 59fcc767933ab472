"""Records of one length, cut into columns: what fixed-width text and dBase files have in common."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from informality.survey.gather import Kind

Block = npt.NDArray[np.uint8] | npt.NDArray[np.uint32]
"""Records as a matrix, one row each: of bytes, or of characters where a character may take several bytes."""


@dataclass(frozen=True, slots=True)
class Field:
    """Where a column stands in each record (``start`` counts from 0), and what it holds."""

    name: str
    start: int
    width: int
    kind: Kind
    decimals: int = 0
    label: str = ""

    @property
    def end(self) -> int:
        return self.start + self.width


def blocks(file: BinaryIO, length: int, count: int, size: int) -> Iterator[npt.NDArray[np.uint8]]:
    """``count`` records of ``length`` bytes, at most ``size`` at a time; what is missing at the end is not made up."""
    left = count
    while left:
        held = file.read(min(size, left) * length)
        here = len(held) // length
        if not here:
            return
        yield np.frombuffer(held, dtype=np.uint8, count=here * length).reshape(here, length)
        left -= here


def characters(lines: Sequence[str]) -> npt.NDArray[np.uint32]:
    """Lines of equally many characters as a matrix of characters."""
    return np.frombuffer("".join(lines).encode("utf-32-le"), dtype="<u4").reshape(len(lines), -1)


def cells(block: Block, field: Field) -> pa.Array:
    """One column of a block, its cells as bytes of the file or, cut by characters, of UTF-8."""
    cut = np.ascontiguousarray(block[:, field.start : field.end])
    if cut.dtype == np.uint8:
        return pa.FixedSizeBinaryArray.from_buffers(pa.binary(field.width), len(cut), [None, pa.py_buffer(cut)])
    return pa.array(cut.view(f"<U{field.width}").ravel().tolist(), pa.string())
