"""Plain text in columns: how wide words are on a screen, where they may be folded, and a grid drawn with them.

Lao is written without spaces between words. A line of it may end where a syllable does, which its spelling shows; vowel and
tone marks above or below a consonant take no room of their own.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

GAP = "  "
STEPS = 20
"""Widths that are tried for lines of equal width."""
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


def folded(text: str, width: float, measure: Callable[[str], float] = width_of) -> list[str]:
    """Lines of at most this width, broken between words, and within those that are wider."""
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        joined = f"{line} {word}" if line else word
        if measure(joined) <= width:
            line = joined
            continue
        if line:
            lines.append(line)
        *full, line = _broken(word, width, measure)
        lines += full
    return [*lines, line]


def _broken(word: str, width: float, measure: Callable[[str], float]) -> list[str]:
    """A word in as few lines as it needs; one of syllables in lines about equally wide, so that none is left alone."""
    parts = re.split("(?<=-)", word)
    if any(measure(part) > width for part in parts):
        parts = unbroken(word)
    lines = _filled(parts, width, measure)
    if not _SYLLABLE.search(word):
        return lines
    even = measure(word) / len(lines)
    rooms = (even + (width - even) * step / STEPS for step in range(STEPS))
    return next((found for room in rooms if len(found := _filled(parts, room, measure)) == len(lines)), lines)


def _filled(parts: Sequence[str], width: float, measure: Callable[[str], float]) -> list[str]:
    lines = [""]
    for part in parts:
        if lines[-1] and measure(lines[-1] + part) > width:
            lines.append("")
        lines[-1] += part
    return lines


# -- where a word may be broken ------------------------------------------------------------------------

_CONSONANT = "[ກຂຄງຈສຊຍດຕຖທນບປຜຝພຟມຢຣລວຫອຮໜໝໞໟ]"
_ONSET = f"(?:ຫ[ກ-ຮ\u0ebc]|{_CONSONANT}[\u0ebcຣລວ]?)"
_TONE = "[\u0ec8-\u0ecb]?"
_AFTER = "\u0eb0-\u0ebd\u0ec8-\u0ece"
"""Vowels and marks that are written behind, above or below their consonant."""
_LAST = "[ກງຍດນມບວຣລສຟຊທຕພ]"
_END = f"(?:{_LAST}(?![{_AFTER}]|[ອວ]{_LAST}(?![{_AFTER}])))"
"""A consonant that ends a syllable, as it does not begin the next one."""
_SYLLABLE = re.compile(
    "(?:"
    + "|".join(
        (
            f"[ເແໂ]{_ONSET}[\u0eb1\u0eb4-\u0eb7\u0ebb]?{_TONE}(?:າະ?|ະ|ອ)?{_END}?",
            f"[ໃໄ]{_ONSET}{_TONE}",
            f"{_ONSET}\u0eb1{_TONE}(?:ວະ|{_END})",
            f"{_ONSET}\u0ebb{_TONE}(?:ວະ?|{_END})",
            f"{_ONSET}[\u0eb4-\u0eb9]{_TONE}{_END}?",
            f"{_ONSET}{_TONE}າ{_END}?",
            f"{_ONSET}{_TONE}[ະຳ]",
            f"{_ONSET}\u0ecd{_TONE}",
            f"{_ONSET}{_TONE}[ອວຽ]{_END}",
        )
    )
    + f")(?:{_CONSONANT}\u0ecc)?[ໆຯ]?(?![{_AFTER}])"
)
"""A Lao syllable, after Phissamay and others, Syllabification of Lao Script for Line Breaking (PAN Localization, 2004)."""
_OPENING, _CLOSING = "([“‘", ")]”’,.;:!?%…ໆຯ"


def unbroken(word: str) -> list[str]:
    """The parts of a word that stay whole where it is too wide for a line: Lao syllables, and of other scripts letters, each
    with its marks and the punctuation that belongs to it."""
    parts: list[str] = []
    at = 0
    while at < len(word):
        found = _SYLLABLE.match(word, at)
        part = found[0] if found else word[at]
        at += len(part)
        belongs = part in _CLOSING or unicodedata.category(part[0]).startswith("M") or re.match(f"[{_AFTER}]", part)
        if parts and (belongs or parts[-1][-1] in _OPENING):
            parts[-1] += part
        else:
            parts.append(part)
    return parts


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
