"""Tables of coverage: each number with its sampling error and, in columns of its own, the range of what nobody "
"has measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from informality.foundation.language import say
from informality.foundation.quantities import weakest
from informality.publication.coverage_views import CoverageViewSpec, Told, selected
from informality.publication.formats import (
    COUNT,
    NumberFormat,
    column_format,
    grouped,
    marked,
    money_format,
    plain_number,
    supported_decimals,
)
from informality.publication.notes import STANDING_WORDS, interval_words, lower_first, undetermined, why_missing
from informality.publication.table import Cell, Column, RowGroup, Table

RANGE = "Range of assumptions"
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


def table_of_coverage(id: str, view: CoverageViewSpec, told: Told) -> Table | str:
    """The published table, or a sentence saying why there is none."""
    rows = selected(view, told)
    if rows.empty and view.nonzero == "yes":
        return say("No scenario of this study has any.")
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
    notes = ([say(view.note)] if view.note else []) + notes_of_coverage(rows, told)
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
    rows = told.pub.results
    keep = (rows["table"] == "coverage_change") & (rows["indicator"] == "state_cost") & (rows["year"] == told.last)
    moved = set(rows.loc[keep & (rows["value"].abs() > 0), "scenario"])
    return [s for s in scenarios if s in moved]


# -- tables of facts -----------------------------------------------------------------------------------

STATUS_WORDS = {
    "verified": "read in a source",
    "derived": "worked out",
    "recall": "from memory",
    "assumption": "assumed",
}


def plain(
    id: str, title: str, rows: Sequence[Sequence[Any]], columns: Sequence[Column], notes: Sequence[str] = ()
) -> Table:
    """A table of rows whose first element is the heading they stand under."""
    groups: dict[str, list[tuple[Cell, ...]]] = {}
    for heading, *cells in rows:
        made = tuple(c if isinstance(c, Cell) else Cell(None if c is None or c != c else c) for c in cells)
        groups.setdefault(str(heading), []).append(made)
    built = tuple(RowGroup(heading, tuple(cells)) for heading, cells in groups.items())
    return Table(id, title, tuple(columns), built, tuple(notes))


def schemes(told: Told) -> Table:
    """The rules of each scheme with the standing of each number."""
    rows = [
        (told.schemes[r["scheme"]], r["what"], grouped(r["value"]), say(STATUS_WORDS[r["status"]]))
        for r in told.facts["schemes"]
    ]
    columns = [Column("what", say("Rule")), Column("value", say("Value")), Column("status", say("Standing"))]
    year, currency = told.facts["years"]["shown"], told.facts["currency"]
    note = say(
        "Amounts in {currency} a month. Read on 1 July {year}. Sources stand in the register of assumptions.",
        currency=currency,
        year=year,
    )
    return plain("schemes", say("The schemes as they are, {year}", year=year), rows, columns, [note])


LARGE = 20_000
"""A month's pay from which money is told in thousands or millions."""


def take_home(told: Told) -> Table | str:
    """Pay and labour cost before and after insurance, by wage."""
    found = told.facts["take_home"]
    if not found:
        return say("No scheme of this study has employees.")
    thousands = max(r["wage"] for r in found) >= LARGE
    money = NumberFormat("", 1e-3 if thousands else 1, 0)
    share = NumberFormat("", 100, 1)
    rows = []
    for r in found:
        cells = [Cell(r[k]) for k in ("wage", "base", "employee", "employer", "net_low", "net_high")]
        rise, least = r["cost"] / r["wage"] - 1, r["employee"] / r["wage"]
        rows.append((told.schemes[r["scheme"]], *cells, Cell(least), Cell(rise), Cell(r["at_risk"])))
    columns = [
        Column("wage", say("Wage"), money, align="right"),
        Column("base", say("Pays on"), money, align="right"),
        Column("employee", say("Employee"), money, (say("Contribution"),), "right"),
        Column("employer", say("Employer"), money, (say("Contribution"),), "right"),
        Column("net_low", say("If all is shifted"), money, (say("Take-home pay"),), "right"),
        Column("net_high", say("If nothing is"), money, (say("Take-home pay"),), "right"),
        Column("least", say("Employee’s part, % of wage"), share, align="right"),
        Column("rise", say("Labour cost, % more"), share, align="right"),
        Column("risk", say("Jobs at risk, %"), share, align="right"),
    ]
    currency = told.facts["currency"]
    notes = [
        say(
            (
                "{unit} a month, {year}. Employers may lower pay by part of their own contribution; where pay "
                "would fall below the minimum wage it cannot. Labour cost is shown with half of it shifted. Jobs "
                "at risk: the response found in Colombia to labour cost, a sensitivity that no other number of "
                "this report contains. Rests on assumptions."
            ),
            unit=say("Thousand {currency}", currency=currency) if thousands else currency,
            year=told.facts["years"]["shown"],
        )
    ]
    return plain("take-home", say("A newly insured employee: pay and labour cost by wage"), rows, columns, notes)


def vesting(told: Told) -> Table | str:
    """Density needed for a pension, and the worth of a pension for what is paid, by age of joining and sex."""
    ages = (25, 30, 35, 40, 45, 50)
    found = [r for r in told.facts["vesting"] if r["scenario"] in (told.quo, told.focus) and r["age"] in ages]
    if not found:
        return say("No scheme of this study pays a pension.")
    by: dict[tuple[str, str, int], dict[str, Any]] = {}
    for r in found:
        by.setdefault((r["scenario"], r["scheme"], r["age"]), {})[r["sex"]] = r
    rows = []
    for (scenario, scheme, age), sexes in by.items():
        if scenario != told.quo and _same(sexes, by.get((told.quo, scheme, age), {})):
            continue
        heading = f"{told.schemes[scheme]}: {told.scenarios[scenario]}"
        cells: list[Cell] = [Cell(str(age))]
        for sex in ("male", "female"):
            r = sexes.get(sex)
            needed = r["density_needed"] if r else None
            cells.append(Cell(words=say("impossible")) if needed is None or needed > 1 else Cell(12 * needed))
            cells.append(Cell(r["worth_expected"]) if r else Cell())
            cells.append(Cell(r["worth"]) if r else Cell())
        rows.append((heading, *cells))
    two = NumberFormat("", 1, 1)
    months = NumberFormat("", 1, 1)
    columns = [Column("age", say("Joins at"))]
    for sex in (say("Men"), say("Women")):
        columns += [
            Column(f"{sex}.needed", say("Months a year needed"), months, (sex,), "right"),
            Column(f"{sex}.expected", say("Worth at the usual density"), two, (sex,), "right"),
            Column(f"{sex}.worth", say("Worth if always paid"), two, (sex,), "right"),
        ]
    notes = [
        say(
            "Months a year needed: how many months of each year a person must pay until the pension age to "
            "earn a pension. Worth: value of the pension to be expected over that of the pension "
            "contributions paid; above 1 the fund pays more than it gets, 0: no pension is earned. No "
            "survivors’ pension and no lump sum is counted. A sign and a scale, not an actuarial valuation: "
            "the rate at which rights accrue is from memory."
        )
    ]
    return plain("vesting", say("Who can still earn a pension, and what it is worth"), rows, columns, notes)


def _same(a: Mapping[str, Mapping[str, Any]], b: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether a rule of pensions is that of the status quo."""
    keys = ("density_needed", "worth", "worth_expected")
    return a.keys() == b.keys() and all(a[s][k] == b[s][k] for s in a for k in keys)


def variance(told: Told) -> Table | str:
    """The variance of the last year by source."""
    found = told.facts["variance"]
    if not found:
        return say("Nothing varies in this study.")
    share = NumberFormat("", 100, 0)
    names = ("sampling", "parameters", "imputation")
    rows = [
        (told.scenarios[r["scenario"]], told.words.indicators[r["indicator"]], *(Cell(r[n]) for n in names))
        for r in found
    ]
    columns = [
        Column("indicator", ""),
        Column("sampling", say("The sample"), share, align="right"),
        Column("parameters", say("Numbers nobody has measured"), share, align="right"),
        Column("imputation", say("Earnings not stated"), share, align="right"),
    ]
    note = say(
        "Per cent of the variance of each number. Where the assumptions weigh most, a larger sample would not help."
    )
    return plain("variance", say("Where the doubt comes from, {year}", year=told.last), rows, columns, [note])


def register(told: Told) -> Table:
    """Every number the scenarios rest on."""
    number = NumberFormat("", 1, 0)

    def amount(value: float | None) -> str | None:
        if value is None:
            return None
        return number(value) if abs(value) >= 1000 else plain_number(value)

    titles = {**told.schemes, told.facts["baseline"]["id"]: told.facts["baseline"]["title"]}
    rows = []
    for r in told.facts["register"]:
        part = str(r["part"])
        heading = titles.get(part) or say(
            "Lever {lever} of: {scenario}",
            lever=part.rpartition(".")[2],
            scenario=told.scenarios.get(part.rpartition(".")[0], part),
        )
        name = str(r["name"]).replace("_", " ").replace(".", ", ")
        since = say("since {date}", date=r["from"]) if r["from"] else ""
        about = "; ".join(filter(None, (since, r["source"], r["note"])))
        rows.append(
            (
                heading,
                name,
                amount(r["value"]),
                amount(r["low"]),
                amount(r["high"]),
                r["unit"],
                say(STATUS_WORDS[r["status"]]),
                about,
            )
        )
    columns = [
        Column("name", say("Number")),
        Column("value", say("Value"), align="right"),
        Column("low", say("Low"), align="right"),
        Column("high", say("High"), align="right"),
        Column("unit", say("Unit")),
        Column("status", say("Standing")),
        Column("source", say("Source and remark")),
    ]
    return plain("register", say("Every number the scenarios rest on"), rows, columns)


def gates(told: Told) -> Table:
    """What was checked of every scenario: a line for each thing compared; lines that are the same for all stand "
    "once."""
    seen: dict[tuple[int, str, str], list[str]] = {}
    for g in told.facts["gates"]:
        for line in g["evidence"]:
            seen.setdefault((g["number"], g["title"], line), []).append(g["scenario"])
    total = len({g["scenario"] for g in told.facts["gates"]})
    passed = {(g["number"], g["scenario"]): g["passed"] for g in told.facts["gates"]}
    rows = [
        (
            f"{number}. {title}",
            grouped(line),
            "all" if len(names) == total else ", ".join(names),
            "yes" if all(passed[number, n] for n in names) else "no",
        )
        for (number, title, line), names in sorted(seen.items(), key=lambda item: item[0][0])
    ]
    columns = [
        Column("what", say("What was compared")),
        Column("where", say("Scenarios")),
        Column("passed", say("Passed")),
    ]
    return plain("gates", say("Checks that every scenario passed"), rows, columns)
