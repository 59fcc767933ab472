"""How levers are told: amounts with the range in which they are drawn, conditions in the labels of the schema, indices."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from informality.foundation.language import say
from informality.publication.formats import marked
from informality.publication.notes import lower_first, quoted
from informality.publication.table import Labels

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Words:
    """What levers are told in: titles of schemes, names of branches, labels of variables, the currency of amounts."""

    schemes: Mapping[str, str]
    branches: Mapping[str, str]
    labels: Labels
    currency: str


def _ends(number: Record, scale: float = 1.0) -> tuple[str, str, str] | str:
    """A number and the range in which it is drawn; the number alone where it has none."""
    value, low, high = (number.get(k) for k in ("value", "low", "high"))
    assert value is not None
    if low is None or high is None or low == high:
        return figure(value * scale)
    return figure(value * scale), figure(low * scale), figure(high * scale)


def spread(number: Record) -> str:
    """``120``, or with its range ``48 (40 to 50)``."""
    ends = _ends(number)
    return ends if isinstance(ends, str) else say("{value} ({low} to {high})", value=ends[0], low=ends[1], high=ends[2])


def percent(number: Record) -> str:
    """``45 per cent (25 to 60)``."""
    ends = _ends(number, 100)
    if isinstance(ends, str):
        return say("{number} per cent", number=ends)
    return say("{value} per cent ({low} to {high})", value=ends[0], low=ends[1], high=ends[2])


def figure(value: float) -> str:
    return marked(f"{value:,.10g}")


def money(number: Record, words: Words) -> str:
    return f"{words.currency} {spread(number)}"


def odds(number: Record) -> str:
    """A shift of log-odds as what it multiplies the odds by."""
    return spread({k: float(f"{math.exp(x):.2g}") for k, x in number.items() if k in ("value", "low", "high")})


def condition_words(when: Mapping[str, Any], labels: Labels) -> str:
    """``“Size of the unit”: 5 to 9 persons or 10 to 49 persons; “Sex”: Women``."""
    return "; ".join(f"{quoted(labels.variable(name))}: {_cells(name, cell, labels)}" for name, cell in when.items())


def _cells(name: str, cell: Any, labels: Labels) -> str:
    said = [_cell(name, one, labels) for one in (cell if isinstance(cell, list) else [cell])]
    text = said[0]
    for other in said[1:]:
        text = say("{first} or {second}", first=text, second=other)
    return text


def _cell(name: str, cell: Any, labels: Labels) -> str:
    symbol, _, limit = str(cell).partition(" ")
    if symbol not in (">=", "<=", ">", "<"):
        return labels.level(name, str(cell)).replace("_", " ")
    number = figure(float(limit)) if limit.replace(".", "").isdigit() else lower_first(labels.variable(limit))
    if symbol == ">=":
        return say("at least {number}", number=number)
    if symbol == "<=":
        return say("at most {number}", number=number)
    return say("more than {number}", number=number) if symbol == ">" else say("less than {number}", number=number)


def only_for(when: Mapping[str, Any], words: Words) -> str:
    return say("Only for {whom}.", whom=condition_words(when, words.labels)) if when else ""


def following(sets: Record) -> str:
    """What an amount does after its first year."""
    index, late = sets.get("index"), int(sets.get("lag_years") or 0)
    if index == "cpi":
        text = say("Afterwards it rises with prices.")
    elif index == "wages":
        text = say("Afterwards it rises with wages.")
    elif index == "minimum_wage":
        text = say("Afterwards it rises with the minimum wage.")
    else:
        return say("Afterwards it stays as it is.")
    if not late:
        return text
    return text + " " + (say("It follows one year late.") if late == 1 else say("It follows {n} years late.", n=late))


def in_place_of(text: str, now: str | None) -> str:
    """A setting and what holds if nothing changes."""
    return f"{text}." if now is None else say("{what}, in place of {now}.", what=text, now=now)
