"""Numbers as printed: per cent, sensible units, and no digit the sampling error cannot support.

A printed number ends at about a tenth of its standard error: for an error of 15 000 persons the last
printed digit stands for thousands. Within a table column the middle error decides, so that the digits
line up. Shares never show more than one decimal of a per cent.
"""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from informality.foundation.language import say, spoken

MINUS = "\u2212"
WITHHELD = ("suppressed", "not_determinable")
"""Grades under which no value may be printed."""


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """How one column of numbers is printed. ``decimals`` below zero rounds to tens, hundreds, thousands."""

    heading: str
    scale: float = 1.0
    decimals: int = 0

    def __call__(self, value: float) -> str:
        rounded = round(float(value) * self.scale, self.decimals)
        text = marked(f"{abs(rounded):,.{max(self.decimals, 0)}f}")
        return MINUS + text if rounded < 0 else text


@dataclass(frozen=True, slots=True)
class ProbabilityFormat(NumberFormat):
    """A p value: three decimals, and no pretence of exactness below a thousandth."""

    def __call__(self, value: float) -> str:
        return "<" + marked("0.001") if value < 0.0005 else marked(f"{value:.3f}")

    def sentence(self, value: float) -> str:
        """``= 0.012`` or ``< 0.001``, for running text."""
        return "< " + marked("0.001") if value < 0.0005 else "= " + marked(f"{value:.3f}")


PROBABILITY = ProbabilityFormat("p")
COUNT = NumberFormat("Sample\u00a0n")


def marked(number: str) -> str:
    """A number as Python writes it, ``3,512.7``, with the marks of the language being spoken: ``3 512,7``."""
    language = spoken()
    return number.translate(str.maketrans(",.", language.group + language.decimal))


def plain_number(value: float) -> str:
    """A number with as many decimals as it has: 95, or 97.5."""
    return marked(f"{value:g}")


def grouped(text: str) -> str:
    """A sentence with its thousands grouped as in the tables: 8,718 as 8 718."""
    return re.sub(r"(?<=\d),(?=\d{3}(?!\d))", spoken().group, text)


_NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?(?:e[+-]?\d+)?")


def without_numbers(text: str) -> str:
    """The same for texts that differ in their numbers only."""
    return _NUMBER.sub("\0", text)


def spanned(texts: Iterable[str]) -> list[str]:
    """Texts that differ in their numbers only told once, with the least and the largest of each number.

    ``3 persons in 2 places`` and ``5 persons in 2 places`` are ``3 to 5 persons in 2 places``.
    """
    alike: dict[str, list[list[str]]] = {}
    for text in texts:
        alike.setdefault(without_numbers(text), []).append(_NUMBER.findall(text))
    told = []
    for frame, found in alike.items():
        parts = iter(frame.split("\0"))
        text = next(parts)
        for numbers, after in zip(zip(*found, strict=True), parts, strict=True):
            low, high = (pick(numbers, key=lambda n: float(n.replace(",", ""))) for pick in (min, max))
            text += (low if low == high else say("{low} to {high}", low=low, high=high)) + after
        told.append(text)
    return told


def supported_decimals(errors: Sequence[float] | pd.Series, scale: float = 1.0) -> int | None:
    """Decimals the median standard error supports (below zero: tens, hundreds ...); ``None`` without errors."""
    known = [float(e) * scale for e in errors if pd.notna(e) and e > 0]
    return -math.floor(math.log10(statistics.median(known) / 10)) if known else None


def column_format(unit: str, errors: Sequence[float] | pd.Series, unit_words: str) -> NumberFormat:
    """The format of a table column holding estimates of one ``unit`` with these standard errors."""
    if unit == "share":
        decimals = supported_decimals(errors, 100)
        return NumberFormat(say("Per cent"), 100, 1 if decimals is None else min(max(decimals, 0), 1))
    if unit == "points":
        decimals = supported_decimals(errors, 100)
        return NumberFormat(say("Percentage points"), 100, 1 if decimals is None else min(max(decimals, 0), 1))
    if unit == "share of GDP":
        decimals = supported_decimals(errors, 100)
        return NumberFormat(say("Per cent of GDP"), 100, 2 if decimals is None else min(max(decimals, 1), 3))
    if unit == "share of State revenue":
        decimals = supported_decimals(errors, 100)
        return NumberFormat(say("Per cent of State revenue"), 100, 2 if decimals is None else min(max(decimals, 1), 2))
    if re.fullmatch("[A-Z]{3}", unit):
        return money_format(unit, errors)
    decimals = supported_decimals(errors)
    if unit.endswith("ratio"):
        return NumberFormat(say("Ratio"), 1, 2 if decimals is None else min(max(decimals, 1), 2))
    if unit in ("coefficient", "log points"):
        return NumberFormat(say("Value"), 1, 3 if decimals is None else min(max(decimals, 1), 3))
    if unit == "persons":
        if decimals is not None and decimals <= -2:
            return NumberFormat(say("Thousand persons"), 1e-3, 1 if decimals == -2 else 0)
        return NumberFormat(say("Persons"), 1, 0 if decimals is None else min(decimals, 0))
    return NumberFormat(unit_words[:1].upper() + unit_words[1:], 1, 1 if decimals is None else min(max(decimals, 0), 1))


def money_format(currency: str, errors: Sequence[float] | pd.Series) -> NumberFormat:
    """Totals of money in a currency (ISO 4217): in millions or billions, by the size of their errors."""
    known = [float(e) for e in errors if pd.notna(e) and e > 0]
    large = not known or statistics.median(known) >= 1e8
    scale = 1e-9 if large else 1e-6
    heading = say("{currency} billion", currency=currency) if large else say("{currency} million", currency=currency)
    decimals, fewest = supported_decimals(known, scale), supported_decimals(known and [min(known)], scale)
    if decimals is None or fewest is None:
        return NumberFormat(heading, scale, 1)
    # Tens and hundreds are rounded away only where even the smallest error is as large.
    return NumberFormat(heading, scale, min(decimals, 2) if decimals >= 0 else min(max(fewest, decimals), 0))


def prose_format(unit: str, error: float, unit_words: str) -> NumberFormat:
    """The format of one number in running text: persons in full, rounded to what its own error supports."""
    if unit != "persons":
        return column_format(unit, [error], unit_words)
    decimals = supported_decimals([error])
    return NumberFormat(say("Persons"), 1, 0 if decimals is None else min(decimals, 0))
