"""Plain text in columns: how wide words are on a screen, where they may be folded, and a grid drawn with them.

Vowel and tone marks above or below a Lao consonant take no room of their own, and no line may begin with one.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

GAP = "  "
RULE = "─"
NARROWEST = 12
"""Columns that are left to the labels of the rows, however narrow the screen."""


def width_of(text: str) -> int:
    """Columns a terminal needs."""
    return sum(_columns(c) for c in text)


def _columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def padded(text: str, width: int, align: str = "left") -> str:
    """Text filled up with spaces to a width."""
    gap = " " * (width - width_of(text))
    return gap + text if align == "right" else text + gap


def folded(text: str, width: int) -> list[str]:
    """Lines of at most this width, broken between words, and within those that are longer."""
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        joined = f"{line} {word}" if line else word
        if width_of(joined) <= width:
            line = joined
            continue
        if line:
            lines.append(line)
        *full, line = _pieces(word, width)
        lines += full
    return [*lines, line]


def _pieces(word: str, width: int) -> Iterator[str]:
    piece = ""
    for character in word:
        if piece and width_of(piece + character) > width:
            yield piece
            piece = ""
        piece += character
    yield piece


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a column, the words that stand above it and its neighbours, and its side."""

    label: str
    above: str = ""
    align: Literal["left", "right"] = "left"


@dataclass(frozen=True, slots=True)
class Block:
    """Rows of cells under one heading (empty for none)."""

    heading: str
    rows: Sequence[Sequence[str]]

    @property
    def indent(self) -> int:
        """How far in the labels of its rows stand."""
        return 2 if self.heading else 0


def grid(heads: Sequence[Head], blocks: Sequence[Block], width: int) -> str:
    """Columns drawn side by side.

    Where they would be wider than ``width``, the heads are folded, and then the labels of the rows.
    """
    runs = [(above, [i for i, _ in run]) for above, run in groupby(enumerate(heads), key=lambda pair: pair[1].above)]
    for needed in (width_of, _longest):
        widths = [
            max([needed(head.label), *(width_of(row[i]) + b.indent * (i == 0) for b in blocks for row in b.rows)])
            for i, head in enumerate(heads)
        ]
        for above, columns in runs:
            widths[columns[0]] += max(0, needed(above) - _span(widths, columns))
        if _span(widths, range(len(widths))) <= width:
            break
    room = width - _span(widths, range(1, len(widths))) - len(GAP) if len(widths) > 1 else width
    widths[0] = min(widths[0], max(room, NARROWEST))

    lines = []
    if any(above for above, _ in runs):
        stacks = [folded(above, _span(widths, columns)) for above, columns in runs]
        spans = [_span(widths, columns) for _, columns in runs]
        lines += _side_by_side(stacks, spans, ["centre"] * len(runs))
    aligns = [head.align for head in heads]
    labels = [folded(head.label, w) for head, w in zip(heads, widths, strict=True)]
    lines += _side_by_side(labels, widths, aligns)
    lines.append(RULE * _span(widths, range(len(widths))))
    for block in blocks:
        lines += folded(block.heading, width) if block.heading else []
        for row in block.rows:
            first = [" " * block.indent + line for line in folded(row[0], widths[0] - block.indent)]
            lines += _side_by_side([first, *([cell] for cell in row[1:])], widths, aligns)
    return "\n".join(line.rstrip() for line in lines)


def _side_by_side(stacks: Sequence[Sequence[str]], widths: Sequence[int], aligns: Iterable[str]) -> list[str]:
    """Stacks of lines beside each other, all ending in the same line."""
    height = max(map(len, stacks))
    columns = []
    for stack, width, align in zip(stacks, widths, aligns, strict=True):
        full = [""] * (height - len(stack)) + list(stack)
        if align == "centre":
            full = [" " * ((width - width_of(line)) // 2) + line for line in full]
        columns.append([padded(line, width, align) for line in full])
    return [GAP.join(parts) for parts in zip(*columns, strict=True)]


def _span(widths: Sequence[int], columns: Sequence[int]) -> int:
    """Width of some neighbouring columns with the gaps between them."""
    return sum(widths[i] for i in columns) + len(GAP) * (len(columns) - 1)


def _longest(text: str) -> int:
    return max(map(width_of, text.split(" ")))
