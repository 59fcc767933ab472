"""Tables of what stands beside the results: rules of schemes, pay, pensions, doubt, the register and the checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from informality.foundation.language import say
from informality.publication.coverage_number_words import amount, number_words, unit_of_number
from informality.publication.coverage_prose import named
from informality.publication.coverage_views import Told
from informality.publication.formats import NumberFormat, grouped, spanned, without_numbers
from informality.publication.notes import upper_first
from informality.publication.scheme_words import called, valued
from informality.publication.table import Cell, Column, RowGroup, Table

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
        (told.schemes[r["scheme"]], called(r), valued(r), say(STATUS_WORDS[r["status"]])) for r in told.facts["schemes"]
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
    title = say("A newly insured employee: pay and labour cost by wage") + f", {told.facts['years']['shown']}"
    return plain("take-home", title, rows, columns, notes)


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
    worth = NumberFormat("", 1, 1)
    months = NumberFormat("", 1, 1)
    columns = [Column("age", say("Joins at"))]
    for sex in (say("Men"), say("Women")):
        columns += [
            Column(f"{sex}.needed", say("Months a year needed"), months, (sex,), "right"),
            Column(f"{sex}.expected", say("Worth at the usual density"), worth, (sex,), "right"),
            Column(f"{sex}.worth", say("Worth if always paid"), worth, (sex,), "right"),
        ]
    notes = [
        say(
            "Months a year needed: how many months of each year a person must pay until the pension age to "
            "earn a pension. Worth: value of the pension to be expected over that of the pension "
            "contributions paid; above 1 the fund pays more than it gets, 0: no pension is earned. No "
            "survivors’ pension and no lump sum is counted. A sign and a scale, not an actuarial valuation: "
            "the rate at which rights accrue is from memory."
        ),
        _valued_by(told),
    ]
    title = say("Who can still earn a pension, and what it is worth") + f", {told.facts['years']['shown']}"
    return plain("vesting", title, rows, columns, notes)


def _valued_by(told: Told) -> str:
    """What pensions are valued by: life table, interest, growth of wages, and the share of months paid."""
    facts, table = told.facts["pensions"], told.facts["mortality"]
    share = NumberFormat("", 100, 1)
    text = say(
        "Real interest of {interest} and real growth of wages of {wages} per cent a year, not drawn here. The usual density is "
        "{mandatory} per cent of months for those who must belong and {voluntary} for those who join freely, taken as paid "
        "evenly; whoever falls just short of the years by it has 0.",
        interest=share(facts["discount"]),
        wages=share(facts["real_wage"]),
        mandatory=NumberFormat("", 100, 0)(facts["mandatory"]),
        voluntary=NumberFormat("", 100, 0)(facts["voluntary"]),
    )
    if table is None:
        return text
    life = say("Life table of {period}: {source}.", period=table["period"], source=table["source"])
    return f"{text} {life}"


def _same(a: Mapping[str, Mapping[str, Any]], b: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether a rule of pensions is that of the status quo."""
    keys = ("density_needed", "worth", "worth_expected")
    return a.keys() == b.keys() and all(a[s][k] == b[s][k] for s in a for k in keys)


def economy(told: Told) -> Table | str:
    """The path of the economy that money and shares rest on, year by year."""
    facts, currency, years = told.facts["economy"], told.facts["currency"], told.facts["years"]
    if facts is None:
        return say("The files of this study give no path of prices, wages and product.")
    share = NumberFormat("", 100, 1)
    names = ("gdp", "growth", "prices", "wages", "revenue", "minimum_wage")
    rows = [("", str(r["year"]), *(Cell(r[n]) if r[n] is not None else Cell() for n in names)) for r in facts["rows"]]
    columns = [
        Column("year", say("Year")),
        Column(
            "gdp", say("{currency} billion", currency=currency), NumberFormat("", 1e-9, 0), (say("Product"),), "right"
        ),
        Column("growth", say("Real growth, %"), share, (say("Product"),), "right"),
        Column("prices", say("Prices, % more"), share, align="right"),
        Column("wages", say("Wages, % more"), share, align="right"),
        Column("revenue", say("State revenue, % of GDP"), share, align="right"),
        Column(
            "least", say("Minimum wage, {currency} a month", currency=currency), NumberFormat("", 1, 0), align="right"
        ),
    ]
    notes = [
        say(
            "Product, growth, prices and State revenue to {known}: {sources}. Wages rise with prices and with {share} per cent "
            "of the growth of product per person of working age, an assumption. The minimum wage is that of 1 July.",
            known=facts["known"],
            sources="; ".join(facts["sources"]),
            share=NumberFormat("", 100, 0)(facts["productivity"]),
        )
    ]
    if facts["known"] < years["last"]:
        notes.append(say("Later years are assumed, and not drawn."))
    return plain("economy", say("Prices, wages and product that money rests on"), rows, columns, notes)


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
    titles = {**told.schemes, told.facts["baseline"]["id"]: say(told.facts["baseline"]["title"])}
    rows = []
    for r in told.facts["register"]:
        part = str(r["part"])
        of, _, place = part.rpartition(".")
        heading = titles.get(part) or say(
            "Lever {lever} of: {scenario}",
            lever=int(place) + 1 if place.isdigit() else place,
            scenario=told.scenarios.get(of, part),
        )
        since = say("since {date}", date=r["from"]) if r["from"] else ""
        about = "; ".join(filter(None, (since, say(r["source"]), r["note"] and say(r["note"]))))
        ends = ("low", "high") if r["low"] != r["high"] else ()  # what policy chooses has no range
        rows.append(
            (
                heading,
                number_words(part, str(r["name"]), told),
                *(amount(r[k]) if k in ("value", *ends) else None for k in ("value", "low", "high")),
                unit_of_number(part, str(r["name"]), str(r["unit"]), told),
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
    """What was checked of every scenario, each thing compared once: with the least and the largest number found."""
    seen: dict[tuple[int, str, str], list[tuple[str, str]]] = {}
    for g in told.facts["gates"]:
        for line in g["evidence"]:
            text = _compared(line, told)
            seen.setdefault((g["number"], g["title"], without_numbers(text)), []).append((text, g["scenario"]))
    every = list(dict.fromkeys(g["scenario"] for g in told.facts["gates"]))
    failed = {(g["number"], g["scenario"]) for g in told.facts["gates"] if not g["passed"]}
    rows = []
    for (number, title, _), found in sorted(seen.items(), key=lambda item: item[0][0]):
        names = list(dict.fromkeys(scenario for _, scenario in found))
        (text,) = spanned(text for text, _ in found)
        others = [n for n in every if n not in names]
        few = names if len(names) <= len(others) else others
        where = ", ".join(told.scenarios[n] for n in few) or say("All scenarios")
        where = say("All but: {scenarios}", scenarios=where) if few is others and others else where
        passed = say("No") if any((number, n) in failed for n in names) else say("Yes")
        rows.append((f"{number}. {say(title)}", grouped(text), where, passed))
    columns = [
        Column("what", say("What was compared")),
        Column("where", say("Scenarios")),
        Column("passed", say("Passed")),
    ]
    return plain("gates", say("Checks that every scenario passed"), rows, columns)


def _compared(line: str, told: Told) -> str:
    """What a check compared, with the words of schemes and outcomes in place of their identifiers."""
    outcome, comma, rest = line.partition(", ")
    return upper_first(named(told.words.indicators.get(outcome, outcome) + comma + rest, told))
