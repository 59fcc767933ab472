"""Do the numbers of a printed table belong to each other? Compositions taken for rates, and units that are mixed.

A rate of all is a weighted mean of the rates of the groups, so it lies between the smallest and the largest of
them. The shares of a composition add up to the whole instead. Files of official figures confuse the two, and hold
fractions beside per cents; nothing that reads one number at a time can see it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from informality.foundation.errors import Problem

Kind = Literal["rates", "composition"]
SLACK = 1.5
"""How far beyond the others a number may lie and still be taken for one of them in another unit."""


@dataclass(frozen=True, slots=True)
class Series:
    """Figures of the groups of one variable, and that of all where there is one.

    ``parts``: finite numbers by group, in units of ``whole`` (100 for per cent, 1 for shares). ``every``: whether
    the groups are all there are, without which their sum and range say nothing about the total.
    """

    title: str
    place: str
    kind: Kind
    parts: Mapping[str, float]
    total: float | None = None
    whole: float = 100.0
    every: bool = True


def check_series(series: Iterable[Series]) -> list[Problem]:
    """What is wrong with tables of rates or of compositions; empty when nothing is."""
    return [problem for one in series for problem in _check(one)]


def _check(series: Series) -> list[Problem]:
    values = list(series.parts.values())
    numbers = [*values, *([] if series.total is None else [series.total])]
    if len(numbers) < 2:
        return []
    if mixed := _mixed(series):
        return mixed
    if beyond := {n: v for n, v in _named(series).items() if v < 0 or v > series.whole + _rounding(numbers)}:
        found = ", ".join(f"{name} {value:g}" for name, value in beyond.items())
        what = f"{series.title}: no share can lie outside 0 to {series.whole:g}"
        return [Problem(series.place, what, found, "see whether these are counts, or in another unit")]
    if len(values) < 2:
        return []
    if series.kind == "composition":
        return _composition(series, values)
    return _rates(series, values) if series.every else []


def _rates(series: Series, values: list[float]) -> list[Problem]:
    rounding = _rounding([*values, *([] if series.total is None else [series.total])])
    added, slack = sum(values), rounding * (len(values) + 1)
    words = " + ".join(f"{v:g}" for v in values)
    inside = series.total is None or min(values) - 2 * rounding <= series.total <= max(values) + 2 * rounding
    if inside and (series.total is None or len(values) > 2) and abs(added - series.whole) <= slack:
        what = f"{series.title}: the groups add up to {series.whole:g}, as a composition does and rates do not"
        fix = "see in the source whether these are the shares of the groups among all"
        return [Problem(series.place, what, f"{words} = {added:.6g}", fix, severity="warning")]
    if series.total is None or inside:
        return []
    if abs(added - series.total) <= slack:
        return [
            Problem(
                series.place,
                f"{series.title}: the groups add up to the figure of all, so they are a composition and not rates",
                f"{words} = {added:.6g}, and {series.total:g} for all",
                "divide each by the share of its group among all, or obtain the rates",
            )
        ]
    return [
        Problem(
            series.place,
            f"{series.title}: the rate of all lies outside those of its groups",
            f"{_listed(series.parts)}; all {series.total:g}",
            "a rate of all is a weighted mean of the rates of its groups: the figures belong to different tables",
        )
    ]


def _composition(series: Series, values: list[float]) -> list[Problem]:
    whole = series.whole if series.total is None else series.total
    added = sum(values)
    over = added - whole
    if (over if not series.every else abs(over)) <= _rounding([*values, whole]) * (len(values) + 1):
        return []
    return [
        Problem(
            series.place,
            f"{series.title}: the parts do not add up to the whole, so they are no composition of it",
            f"{_listed(series.parts)}; sum {added:.6g} instead of {whole:g}",
            "see in the source whether these are rates, or whether a part is missing",
        )
    ]


def _mixed(series: Series) -> list[Problem]:
    """Fractions beside per cents: a number up to 1 that, times 100, stands among the others."""
    named = _named(series)
    large = {n: v for n, v in named.items() if v > 1}
    small = {n: v for n, v in named.items() if 0 < v <= 1}
    if not large or not small:
        return []
    low, high = min(large.values()) / SLACK, max(large.values()) * SLACK
    finer = min(_decimals(v) for v in large.values()) + 1  # 0.7 beside 9.4 is a small rate, 0.754 beside 80.8 is not
    fractions = {
        n: v for n, v in small.items() if low <= 100 * v <= high and 20 * v < low and _decimals(v) >= min(finer, 3)
    }
    if not fractions:
        return []
    return [
        Problem(
            series.place,
            f"{series.title}: some figures are fractions and the others per cents",
            f"{_listed(fractions)} beside {_listed(large)}",
            "bring all to one unit",
        )
    ]


def _named(series: Series) -> dict[str, float]:
    return {**series.parts, **({} if series.total is None else {"all": series.total})}


def _listed(values: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in values.items())


def _decimals(value: float) -> int:
    """Decimals a number is written with; what is computed has many."""
    text = repr(float(value))
    return 15 if "e" in text else len(text.partition(".")[2].rstrip("0"))


def _rounding(values: Iterable[float]) -> float:
    """Half a unit of the last decimal that the numbers are printed with, and never less than what floats can hold."""
    finite = [v for v in values if math.isfinite(v)]
    return max(0.5 * 10.0 ** -max(map(_decimals, finite)), 1e-9 * max(1.0, *map(abs, finite))) * (1 + 1e-9)
