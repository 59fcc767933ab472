"""Tables of coverage: each number with its sampling error and, in columns of its own, the range of what nobody "
"has measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from informality.foundation.language import say
from informality.foundation.quantities import weakest
from informality.publication.coverage_views import CoverageViewSpec, Told, idle_words, selected, spending, without_idle
from informality.publication.formats import COUNT, NumberFormat, column_format, marked, money_format, supported_decimals
from informality.publication.notes import STANDING_WORDS, interval_words, lower_first, undetermined, why_missing
from informality.publication.table import Cell, Column, RowGroup, Table

RANGE = "Range of assumptions"
MONEY = "Money is that of the year named; the rise of prices is not taken out."
MARKS = {"verified": "", "derived": "", "recall": "r", "assumption": "a"}
"""Letter of the weakest number that a result rests on."""


def number_of(unit: str, rows: pd.DataFrame, currency: str) -> NumberFormat:
    """How numbers of a unit are printed: no finer than the sampling error and the range of assumptions together "
    "allow."""
    errors = list(np.hypot(rows["se"].fillna(0), rows["se_parameters"].fillna(0))) if len(rows) else []
    if unit == "persons":
        decimals = supported_decimals(errors)
        return NumberFormat(say("Thousand persons"), 1e-3, 1 if decimals is None or decimals > -3 else 0)
    return money_format(unit, errors) if unit == currency else column_format(unit, errors, unit)


def table_of_coverage(id: str, view: CoverageViewSpec, told: Told, *, whole: bool = False) -> Table | str:
    """The published table, or a sentence saying why there is none. Scenarios that change nothing in it are named below it;
    ``whole``: they have their rows, too.
    """
    rows, idle = (selected(view, told), {}) if whole else without_idle(view, told)
    if rows.empty and (view.nonzero == "yes" or idle):
        return (
            say("No scenario of this study changes anything here.")
            if idle
            else say("No scenario of this study has any.")
        )
    if reason := why_missing(rows):
        return reason
    currency = str(told.facts["currency"])
    units = list(dict.fromkeys(rows["unit"]))
    formats = {unit: number_of(unit, rows[rows["unit"] == unit], currency) for unit in units}
    one = formats[units[0]] if len(units) == 1 else None
    interval = interval_words(rows)
    columns = [
        Column("label", ""),
        Column("value", one.heading if one else say("Value"), one, align="right"),
        Column("low", say("Low"), one, (interval,), "right"),
        Column("high", say("High"), one, (interval,), "right"),
        Column("lo80", say("Low"), one, (say(RANGE),), "right"),
        Column("hi80", say("High"), one, (say(RANGE),), "right"),
        Column("n", say(COUNT.heading), COUNT, align="right"),
    ]
    groups = []
    for heading, part in rows.groupby("heading", sort=False):
        inside = list(dict.fromkeys(part["unit"]))
        unit = f" ({unit_words(formats[inside[0]])})" if not one and len(inside) == 1 else ""
        made = []
        for row in part.to_dict("records"):
            label = row["label"] + (f" ({unit_words(formats[row['unit']])})" if not one and len(inside) > 1 else "")
            made.append((Cell(label), *_cells(row, formats[row["unit"]] if not one else None, told)))
        groups.append(RowGroup(f"{heading}{unit}".strip(), tuple(made)))
    title = f"{say(view.title)}, {_years(view, told)}"
    notes = [*idle_words(idle, told), *([say(view.note)] if view.note else []), *notes_of_coverage(rows, told)]
    return Table(id, title, tuple(columns), tuple(groups), tuple(notes), told.pub.source)


def unit_words(number: NumberFormat) -> str:
    """The unit for the middle of a line: ``thousand persons``, but ``LAK billion``."""
    return number.heading if number.heading[:2].isupper() else lower_first(number.heading)


def _years(view: CoverageViewSpec, told: Told) -> str:
    first, last = told.facts["years"]["first"], told.facts["years"]["last"]
    if first == last:
        return f"{last}"
    return {
        "first": f"{first}",
        "last": f"{last}",
        "ends": say("{first} and {last}", first=first, last=last),
        "path": say("{first} to {last}", first=first, last=last),
    }[view.years]


def _cells(row: Mapping[str, Any], number: NumberFormat | None, told: Told) -> tuple[Cell, ...]:
    sign = told.pub.flags.get(row["grade"], "")
    if row["grade"] == "suppressed":
        return tuple(Cell(words=sign or "–") for _ in range(6))
    if row["grade"] == "not_determinable":
        return (Cell(words=say("not determinable")), *(Cell() for _ in range(5)))
    flag = ",".join(filter(None, (sign, MARKS[row["status"]])))
    numbers = [
        Cell(row[k], format=number) if pd.notna(row[k]) else Cell() for k in ("ci_low", "ci_high", "lo80", "hi80")
    ]
    n = Cell(row["n"]) if pd.notna(row["n"]) else Cell()
    return (Cell(row["value"], flag, format=number), *numbers, n)


def notes_of_coverage(rows: pd.DataFrame, told: Told) -> list[str]:
    """What the two kinds of doubt are, what the letters mean, and the standing of the weakest number used."""
    notes = [
        say(
            (
                "{interval}: the sample alone. {assumed}: the middle 80 per cent of {draws} draws of the numbers "
                "nobody has measured, with the sample as it is. The two are not added up."
            ),
            interval=interval_words(rows),
            assumed=say(RANGE),
            draws=marked(f"{told.facts['draws']:,}"),
        )
    ]
    if not told.facts["draws"] or rows["lo80"].isna().all():
        notes = [
            say(
                "{interval}: the sample alone. No range of assumptions was drawn for these numbers.",
                interval=interval_words(rows),
            )
        ]
    signs = [
        f"{sign}: {lower_first(told.pub.meanings[grade].rstrip('.'))}"
        for grade, sign in told.pub.flags.items()
        if sign and grade in set(rows["grade"])
    ]
    standing = weakest(*rows["status"].dropna().unique())
    if MARKS[standing]:
        signs.append(f"{MARKS[standing]}: {lower_first(say(STANDING_WORDS[standing]).split(';')[0].rstrip('.'))}")
    if signs:
        notes.append("; ".join(signs) + ".")
    if str(told.facts["currency"]) in set(rows["unit"]):
        notes.insert(0, say(MONEY))
    if reasons := undetermined(rows):
        notes.append(say("Not determinable: {reasons}.", reasons=reasons))
    return notes


STANDING_OF_FIGURES = "Rests in part on assumptions and on figures from memory: see the register."


def dearest(told: Told) -> str | None:
    """The scenario that changes the cost to the State budget most; None where none does."""
    rows = told.pub.results
    keep = (rows["table"] == "coverage_change") & (rows["indicator"] == "state_cost") & (rows["year"] == told.last)
    found = rows[keep & (rows["definition"] == told.pub.headline) & (rows["value"].abs() > 0)]
    return str(found.loc[found["value"].abs().idxmax(), "scenario"]) if len(found) else None


def costing(told: Told, scenarios: Sequence[str]) -> list[str]:
    """Those of some scenarios that change the cost to the State budget: another line would lie on the status quo's."""
    return [s for s in scenarios if s in spending(told)]
