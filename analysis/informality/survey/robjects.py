"""What R's ``saveRDS`` and ``save`` write, as plain values: vectors, lists and their attributes.

Format: *R Internals*, section 1.8 "Serialization Formats" (versions 2 and 3, binary), which is all that R writes unless
told otherwise. What no data frame is made of (functions, environments, pointers) is stepped over. Read here
and not by a library because the free one with a licence like ours takes 40 seconds for a file of 46,000 rows.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

NA_INTEGER = -(2**31)
PACKED: dict[bytes, Callable[[Path], Any]] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ": lzma.open}
DEEP = 200  # no data frame nests so far; a damaged file may seem to

NOTHING = frozenset(
    {0, 241, 242, 250, 251, 252, 253, 254}
)  # NULL and the environments and marks that stand for themselves
REFERENCE, NAMESPACE, PACKAGE, PERSISTENT, COMPACT = 255, 249, 248, 247, 238
SYMBOL, PAIRLIST, ENVIRONMENT, CHAR = 1, 2, 4, 9
CHAINED = frozenset({2, 3, 5, 6, 17})  # pairlists, functions, promises, calls and dots are written alike
BUILTIN = frozenset({7, 8})
LOGICAL, INTEGER, REAL, COMPLEX, STRING, LIST, EXPRESSION = 10, 13, 14, 15, 16, 19, 20
BYTECODE, POINTER, WEAK, RAW, S4 = 21, 22, 23, 24, 25
LATIN1, UTF8 = 0x4000, 0x8000  # the mark of a text that is not in the encoding of the session that saved it


class NotRError(Exception):
    """The content is not what R writes, or is of a kind that is not read; the message says which."""


@dataclass(frozen=True, slots=True)
class Value:
    """A vector, a list or nothing, with its attributes.

    ``data``: numbers for logical, integer and real vectors (NA as -2147483648 in the first two), a list of bytes or
    None for text, a list of values for a list, of names and values for a pairlist, None for everything else.
    """

    kind: int
    data: npt.NDArray[Any] | list[Any] | None = None
    attributes: Mapping[str, Value] = field(default_factory=dict)


class Unmarked(bytes):
    """Text beyond ASCII in the encoding of the session that saved it, whichever that was; all other text is UTF-8."""


@dataclass(frozen=True, slots=True)
class Saved:
    """What a file holds: its objects, its unmarked texts, and the encoding of the session that saved it, if it says."""

    objects: dict[str, Value]
    unmarked: frozenset[bytes]
    native: str | None


def read_objects(path: Path) -> Saved:
    """The objects of an .rda file by name, or of an .rds file under the empty name.

    Raises :class:`NotRError`, ``EOFError``, ``OSError``, ``ValueError`` and the errors of the packing libraries when
    the file is damaged or not R's.
    """
    with path.open("rb") as file:
        head = file.read(8)
    unpack = next((opener for start, opener in PACKED.items() if head.startswith(start)), None)
    with unpack(path) if unpack else path.open("rb") as file:
        stream = _Stream(io.BufferedReader(file, 1 << 20) if unpack else file)
        start = stream.take(2)
        whole = start == b"RD"
        if whole:
            if stream.take(3) not in (b"X2\n", b"X3\n"):
                raise NotRError("it was saved as text or by a very old R; save it again with save(..., version = 2)")
            start = stream.take(2)
        if start != b"X\n":
            raise NotRError("it was not saved in R's binary format; save it again with saveRDS(..., ascii = FALSE)")
        version, _, _ = stream.integers(3)
        if version not in (2, 3):
            raise NotRError(f"it is of version {version} of R's format, and 2 and 3 are read")
        native = stream.take(stream.integer()).decode("ascii", "replace") if version == 3 else None
        reader = _Reader(stream)
        value = reader.read(0)
        if stream.file.read(1):
            raise NotRError("there is more after its end")
    objects = dict(reader.pairs(value)) if whole else {"": value}
    return Saved(objects, frozenset(reader.unmarked), native)


class _Stream:
    def __init__(self, file: Any) -> None:
        self.file = file

    def take(self, count: int) -> bytes:
        if count < 0:
            raise NotRError("a length in it is negative")
        content: bytes = self.file.read(count)
        if len(content) != count:
            raise EOFError("it ends before its last value does")
        return content

    def integer(self) -> int:
        found: int = struct.unpack(">i", self.take(4))[0]
        return found

    def integers(self, count: int) -> tuple[int, ...]:
        return struct.unpack(f">{count}i", self.take(4 * count))

    def length(self) -> int:
        count = self.integer()
        if count == -1:  # a long vector: two halves
            high, low = self.integers(2)
            count = (high << 32) + (low & 0xFFFF_FFFF)
        return count

    def numbers(self, kind: str) -> npt.NDArray[Any]:
        count = self.length()
        plain = np.frombuffer(self.take(count * np.dtype(kind).itemsize), dtype=kind)
        return plain.astype(plain.dtype.newbyteorder("="))


class _Reader:
    """Values one after the other; ``known`` are symbols and environments that later ones refer to by number."""

    def __init__(self, stream: _Stream) -> None:
        self.stream = stream
        self.known: list[Value] = []
        self.unmarked: set[bytes] = set()

    def pairs(self, value: Value) -> list[tuple[str, Value]]:
        """The items of a pairlist with their tags."""
        if value.kind != PAIRLIST or not isinstance(value.data, list):
            raise NotRError("it holds no named objects")
        return value.data

    def read(self, depth: int, flags: int | None = None) -> Value:
        if depth > DEEP:
            raise NotRError("its values are nested deeper than any data frame")
        flags = self.stream.integer() if flags is None else flags
        kind, with_attributes, with_tag = flags & 0xFF, bool(flags & 0x200), bool(flags & 0x400)
        if kind in NOTHING:
            return Value(0)
        if kind == REFERENCE:
            place = flags >> 8 or self.stream.integer()
            if not 0 < place <= len(self.known):
                raise NotRError("it refers to a value that is not there")
            return self.known[place - 1]
        if kind == SYMBOL:
            return self._keep(self.read(depth + 1))
        if kind in (NAMESPACE, PACKAGE, PERSISTENT):
            self.stream.integer()
            for _ in range(self.stream.integer()):
                self.read(depth + 1)
            return self._keep(Value(0))
        if kind == ENVIRONMENT:
            self.stream.integer()
            self._keep(Value(0))
            for _ in range(4):
                self.read(depth + 1)
            return Value(0)
        if kind in CHAINED:
            return self._chain(with_attributes, with_tag, depth)
        if kind == COMPACT:
            return self._compact(depth)
        value = self._vector(kind, flags, depth)
        attributes = self._attributes(depth) if with_attributes else {}
        return Value(value.kind, value.data, attributes) if attributes else value

    def _keep(self, value: Value) -> Value:
        self.known.append(value)
        return value

    def _vector(self, kind: int, flags: int, depth: int) -> Value:
        if kind in (LOGICAL, INTEGER):
            return Value(kind, self.stream.numbers(">i4"))
        if kind == REAL:
            return Value(kind, self.stream.numbers(">f8"))
        if kind == STRING:
            return Value(STRING, self._texts(self.stream.length()))
        if kind == CHAR:
            return Value(STRING, [self._text(flags, self.stream.integer())])
        if kind in (LIST, EXPRESSION):
            return Value(LIST, [self.read(depth + 1) for _ in range(self.stream.length())])
        if kind in BUILTIN:
            self.stream.take(self.stream.integer())
        elif kind in (COMPLEX, RAW):
            self.stream.take(self.stream.length() * (16 if kind == COMPLEX else 1))
        elif kind in (POINTER, WEAK):
            self._keep(Value(0))
            for _ in range(2 if kind == POINTER else 0):
                self.read(depth + 1)
        elif kind == BYTECODE:
            raise NotRError("it holds compiled R functions")
        elif kind != S4:
            raise NotRError(f"it holds a value of an unknown kind ({kind})")
        return Value(0)

    def _texts(self, count: int) -> list[bytes | None]:
        """A vector of text; the same text is kept once."""
        read, unpack = self.stream.file.read, struct.Struct(">ii").unpack
        seen: dict[tuple[int, bytes], bytes] = {}
        out: list[bytes | None] = []
        for _ in range(count):
            head = read(8)
            if len(head) != 8:
                raise EOFError("it ends before its last value does")
            flags, size = unpack(head)
            if flags & 0xFF != CHAR:
                raise NotRError("a vector of text holds something else")
            if size == -1:
                out.append(None)
                continue
            key = (flags, self.stream.take(size))
            if key not in seen:
                seen[key] = self._marked(*key)
            out.append(seen[key])
        return out

    def _text(self, flags: int, size: int) -> bytes | None:
        return None if size == -1 else self._marked(flags, self.stream.take(size))

    def _marked(self, flags: int, text: bytes) -> bytes:
        if flags & UTF8 or text.isascii():
            return text
        if flags & LATIN1:  # on Windows R marks windows-1252 so, too
            return text.decode("cp1252", "replace").encode()
        self.unmarked.add(text)
        return Unmarked(text)

    def _chain(self, with_attributes: bool, with_tag: bool, depth: int) -> Value:
        """A chain of tagged values, one cell after the other."""
        found: list[tuple[str, Value]] = []
        while True:
            if with_attributes:
                self._attributes(depth)
            tag = self.read(depth + 1) if with_tag else Value(0)
            found.append((_name(tag), self.read(depth + 1)))
            flags = self.stream.integer()
            if flags & 0xFF not in CHAINED:
                self.read(depth + 1, flags)  # what ends it: nothing, or the second half of a pair
                return Value(PAIRLIST, found)
            with_attributes, with_tag = bool(flags & 0x200), bool(flags & 0x400)

    def _attributes(self, depth: int) -> dict[str, Value]:
        value = self.read(depth + 1)
        return dict(value.data) if value.kind == PAIRLIST and isinstance(value.data, list) else {}

    def _compact(self, depth: int) -> Value:
        """A vector in one of R's short forms: the state it is rebuilt from, then its attributes."""
        info, state = self.read(depth + 1), self.read(depth + 1)
        attributes = self._attributes(depth)
        name = _name(self.pairs(info)[0][1])
        if (
            name in ("compact_intseq", "compact_realseq")
            and isinstance(state.data, np.ndarray)
            and len(state.data) == 3
        ):
            count, first, step = state.data.tolist()
            numbers = first + step * np.arange(int(count))
            whole = name == "compact_intseq"
            return Value(INTEGER if whole else REAL, numbers.astype(np.int32) if whole else numbers, attributes)
        if name.startswith("wrap_") and isinstance(state.data, list):
            inner = state.data[0][1] if state.kind == PAIRLIST else state.data[0]
            return Value(inner.kind, inner.data, attributes or inner.attributes)
        if name == "deferred_string":
            return Value(STRING, _as_texts(self.pairs(state)[0][1]), attributes)
        raise NotRError(f"it holds a vector in a form that is not read (`{name}`)")


def _name(symbol: Value) -> str:
    """The text of a symbol."""
    text = symbol.data[0] if symbol.kind == STRING and isinstance(symbol.data, list) else None
    return text.decode("utf-8", "replace") if text else ""


def _as_texts(value: Value) -> list[bytes | None]:
    """Numbers as R writes them when it turns them into text."""
    if not isinstance(value.data, np.ndarray):
        raise NotRError("it holds text in a form that is not read")
    if value.kind in (INTEGER, LOGICAL):
        return [None if x == NA_INTEGER else str(x).encode() for x in value.data.tolist()]
    return [None if x != x else f"{x:.15g}".encode() for x in value.data.tolist()]


BROKEN = (EOFError, OSError, ValueError, struct.error, zlib.error, lzma.LZMAError, MemoryError, IndexError, TypeError)
"""What reading a damaged file can end in, beside :class:`NotRError`."""
