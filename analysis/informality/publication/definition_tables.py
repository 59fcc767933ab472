"""Tables on what rests on the definition: definitions compared, bounds for missing answers, options set otherwise.

The rows are those of :mod:`informality.tabulation.robustness`; nothing is worked out here. Where a number is not
determinable because somebody is left open, the range that holds it stands in its place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from informality.foundation.language import say
from informality.publication.formats import COUNT, PROBABILITY, NumberFormat, column_format
from informality.publication.notes import distinct, interval_words, lower_first, notes_of
from informality.publication.published import Publication
from informality.publication.table import Cell, Column, RowGroup, Table
from informality.publication.view_specs import DefinitionViewSpec
from informality.publication.views import measures_of

CLASSES = {"informal": "informal", "other": "not informal", "open": "not determinable", "outside": "not covered"}
NO_WAY = "no rule (not covered, or not asked)"
BEHIND = " ← "
Row = Mapping[str, Any]
Records = list[dict[str, Any]]


def definition_tables(id: str, view: DefinitionViewSpec, pub: Publication, most: int | None = None) -> list[Table]:
    """The published tables of one kind, none where the study has no such rows. ``most``: rows shown in each direction."""
    rows = pub.results[pub.results["table"] == view.table]
    if rows.empty:
        return []
    if view.kind == "movers":
        return _movers(id, view, rows, pub, most)
    make: dict[str, Callable[[str, DefinitionViewSpec, pd.DataFrame, Publication], list[Table]]] = {
        "gaps": _gaps, "flows": _flows, "bounds": _bounds, "groups": _groups, "assumed": _assumed, "options": _options,
    }  # fmt: skip
    return make[view.kind](id, view, rows, pub)


def anchored(*parts: str) -> str:
    """Parts as one identifier: letters, digits and hyphens."""
    return "-".join(re.sub(r"[^A-Za-z0-9]+", "-", part).strip("-") for part in parts)


def letter_of(pub: Publication, definition: str) -> str:
    """A, B, C ... in the order of the study: what a definition is called where several stand side by side."""
    known = list(pub.labels.levels.get("definition", {}))
    return chr(ord("A") + known.index(definition)) if definition in known else definition


def letters(pub: Publication, definitions: Iterable[str]) -> str:
    """``A: Informal employment, ILO harmonised rule. B: ...``, each once."""
    return " ".join(
        f"{letter_of(pub, d)}: {title_of(pub, d)}." for d in sorted(set(definitions), key=lambda d: letter_of(pub, d))
    )


def title_of(pub: Publication, definition: str) -> str:
    return pub.labels.level("definition", definition)


def _columns(i: int, heading: str, rows: pd.DataFrame, pub: Publication, keys: Sequence[str]) -> list[Column]:
    """A block of columns: ``value``, ``low``, ``high``, ``se``, ``p``, ``n`` as asked for."""
    unit = str(rows["unit"].iloc[0])
    number = column_format(unit, rows["se"], pub.labels.unit(unit))
    finer = NumberFormat(number.heading, number.scale, number.decimals + 1)
    interval, above = interval_words(rows), (heading,) if heading else ()
    made = {
        "value": Column(f"{i}.value", number.heading, number, above, "right"),
        "se": Column(f"{i}.se", say("Standard error"), finer, above, "right"),
        "low": Column(f"{i}.low", say("Low"), number, (*above, interval), "right"),
        "high": Column(f"{i}.high", say("High"), number, (*above, interval), "right"),
        "p": Column(f"{i}.p", "p", PROBABILITY, above, "right"),
        "n": Column(f"{i}.n", say(COUNT.heading), COUNT, above, "right"),
    }
    return [made[key] for key in keys]


def _cells(row: Row | None, keys: Sequence[str], pub: Publication) -> list[Cell]:
    """The cells of one number in the order of ``keys``."""
    if row is None:
        return [Cell() for _ in keys]
    value, low, high, n = measures_of(row, pub)
    extra = {k: Cell(row[k]) if pd.notna(row[k]) else Cell() for k in ("se", "p")}
    found = {"value": value, "low": low, "high": high, "n": n, **extra}
    return [found[key] for key in keys]


def _between(rows: Iterable[Row], number: NumberFormat) -> Cell | None:
    """``64.4 to 64.5``, where the rows hold the bounds of what is not determinable."""
    ends = {str(r["statistic"]).rpartition("_")[2]: r["value"] for r in rows if pd.notna(r["value"])}
    if not {"lower", "upper"} <= set(ends):
        return None
    words = say("{low} to {high}", low=number(ends["lower"]), high=number(ends["upper"]))
    return Cell(words=words.replace(" ", "\u00a0"))  # a range is never broken over two lines


def _one(rows: Records, **where: Any) -> dict[str, Any] | None:
    return next((r for r in rows if all(r[k] == v for k, v in where.items())), None)


def _notes(view: DefinitionViewSpec, rows: pd.DataFrame, pub: Publication, *more: str) -> tuple[str, ...]:
    return tuple(filter(None, [say(view.note), *more, *notes_of(rows, pub, of_whom=False)]))


# -- definitions compared ------------------------------------------------------------------------------


def _gaps(id: str, view: DefinitionViewSpec, rows: pd.DataFrame, pub: Publication) -> list[Table]:
    shares, gaps = rows[rows["unit"] == "share"], rows[rows["unit"] == "points"]
    if gaps["value"].isna().all() and shares.empty:
        return [_refused(id, view, gaps, pub)]
    rate, gap = ["value", "low", "high"], ["value", "low", "high", "p"]
    columns = [
        Column("label", ""),
        *_columns(0, say("Rate"), shares, pub, rate),
        *_columns(1, say("Compared with"), shares, pub, ["value"]),
        *_columns(2, say("Difference"), gaps, pub, gap),
        *_columns(3, "", gaps, pub, ["n"]),
    ]
    shown, points = columns[1].format, columns[5].format
    assert shown is not None
    assert points is not None
    groups = []
    for indicator, part in rows.groupby("indicator", sort=False):
        lines = []
        for (definition, other), mine in part[part["unit"] == "points"].groupby(["definition", "level1"], sort=False):
            records = part.to_dict("records")
            own = [r for r in records if r["unit"] == "share" and (r["definition"], r["level1"]) == (definition, other)]
            theirs = [
                r for r in records if r["unit"] == "share" and (r["definition"], r["level1"]) == (other, definition)
            ]
            difference = mine.to_dict("records")
            cells = [
                *_or_range(own, "rate", rate, shown, pub),
                *_or_range(theirs, "rate", ["value"], shown, pub),
                *_or_range(difference, "rate_difference", gap, points, pub),
                *_cells(_one(difference, statistic="rate_difference"), ["n"], pub),
            ]
            label = say(
                "{first} compared with {second}",
                first=letter_of(pub, str(definition)),
                second=letter_of(pub, str(other)),
            )
            lines.append((Cell(label), *cells))
        groups.append(RowGroup(pub.labels.indicator(str(indicator)), tuple(lines)))
    said = [
        f"{text[:1].upper()}{text[1:]}." for text in distinct(gaps.loc[gaps["grade"] != "not_determinable", "note"])
    ]
    key = letters(pub, gaps["definition"].to_list() + gaps["level1"].to_list())
    return [Table(id, say(view.title), tuple(columns), tuple(groups), _notes(view, rows, pub, key, *said), pub.source)]


def _refused(id: str, view: DefinitionViewSpec, gaps: pd.DataFrame, pub: Publication) -> Table:
    lines = [
        (
            Cell(
                say(
                    "{first}, compared with {second}",
                    first=title_of(pub, r["definition"]),
                    second=title_of(pub, r["level1"]),
                )
            ),
            Cell(words=str(r["note"])),
        )
        for r in gaps.to_dict("records")
    ]
    columns = (Column("label", ""), Column("why", say("Why they are not compared")))
    return Table(id, say(view.title), columns, (RowGroup("", tuple(lines)),), (), pub.source)


def _or_range(
    rows: Sequence[Row], statistic: str, keys: Sequence[str], number: NumberFormat, pub: Publication
) -> list[Cell]:
    """The cells of a number, or the range that holds it and no limits."""
    row = next((r for r in rows if r["statistic"] == statistic), None)
    between = _between(rows, number) if row is not None and row["grade"] == "not_determinable" else None
    return _cells(row, keys, pub) if between is None else [between, *(Cell() for _ in keys[1:])]


def _pairs(rows: pd.DataFrame) -> Iterable[tuple[str, str, str, pd.DataFrame]]:
    """Rate, and the two outcomes, of each pair of definitions with its rows."""
    for (indicator, first, second), part in rows.groupby(["indicator", "dim1", "dim2"], sort=False):
        yield str(indicator), str(first), str(second), part


def _flows(id: str, view: DefinitionViewSpec, rows: pd.DataFrame, pub: Publication) -> list[Table]:
    made = []
    keys = ["value", "low", "high"]
    for indicator, first, second, part in _pairs(rows):
        shares, totals = (part[part["statistic"] == s] for s in ("flow_share", "flow_total"))
        both = [v.rpartition(".")[0] for v in (first, second)]
        names = [letter_of(pub, d) for d in both]
        columns = [
            Column("label", say("Under {definition}", definition=names[1])),
            *_columns(0, say("Share of all"), shares, pub, keys),
            *_columns(1, say("Persons"), totals, pub, keys),
            *_columns(2, "", totals, pub, ["n"]),
        ]
        groups = []
        for before, mine in part.groupby("level1", sort=False):
            records = mine.to_dict("records")
            lines = []
            for after in dict.fromkeys(mine["level2"]):
                share, total = (_one(records, level2=after, statistic=s) for s in ("flow_share", "flow_total"))
                label = Cell(pub.labels.level(second, str(after)))
                lines.append((label, *_cells(share, keys, pub), *_cells(total, keys, pub), *_cells(total, ["n"], pub)))
            heading = say(
                "{outcome} under {definition}", outcome=pub.labels.level(first, str(before)), definition=names[0]
            )
            groups.append(RowGroup(heading, tuple(lines)))
        title = say(
            "{title}: {indicator}, {first} and {second}",
            title=say(view.title),
            indicator=lower_first(pub.labels.indicator(indicator)),
            first=names[0],
            second=names[1],
        )
        said = [f"{text[:1].upper()}{text[1:]}." for text in distinct(part["note"])]
        place = anchored(id, first, second)
        notes = _notes(view, part, pub, letters(pub, both), *said)
        made.append(Table(place, title, tuple(columns), tuple(groups), notes, pub.source))
    return made


def way_words(pub: Publication, variable: str, way: str) -> str:
    """``N2 own unit is informal ← S5b not registered``: the rules of a way with their reasons."""
    if way == "no_rule":
        return say(NO_WAY)
    said: list[str] = []
    for rule in way.split(BEHIND):
        why = pub.labels.level(variable, rule)
        said.append(rule if why == rule else f"{rule} {why}")
    return BEHIND.join(said)


def direction_words(direction: str, first: str, second: str) -> str:
    """``Informal under A, not informal under B``."""
    before, after = (say(CLASSES[word]) for word in direction.split(">"))
    words = say(
        "{before} under {first}, {after} under {second}", before=before, first=first, after=after, second=second
    )
    return words[:1].upper() + words[1:]


def _movers(
    id: str, view: DefinitionViewSpec, rows: pd.DataFrame, pub: Publication, most: int | None = None
) -> list[Table]:
    made = []
    for (indicator, first, second), part in rows.groupby(["indicator", "dim2", "dim3"], sort=False):
        both = [str(v).removesuffix(".rule").rpartition(".")[0] for v in (first, second)]
        names = [letter_of(pub, d) for d in both]
        columns = [
            Column("first", say("Rules of {definition}", definition=names[0])),
            Column("second", say("Rules of {definition}", definition=names[1])),
            *_columns(0, "", part, pub, ["value", "low", "high"]),
            *_columns(1, "", part, pub, ["n"]),
        ]
        keys = ["value", "low", "high", "n"]
        groups = []
        for direction, mine in part.groupby("level1", sort=False):
            records = mine.to_dict("records")
            ways = [r for r in records if pd.notna(r["level2"])]
            all_together = next(r for r in records if pd.isna(r["level2"]))
            lines = [(Cell(say("All together")), Cell(), *_cells(all_together, keys, pub))]
            for r in ways[:most]:
                words = [way_words(pub, str(v), str(w)) for v, w in ((first, r["level2"]), (second, r["level3"]))]
                lines.append((Cell(words[0]), Cell(words[1]), *_cells(r, keys, pub)))
            if most is not None and len(ways) > most:
                lines.append(
                    (Cell(say("{number} further pairs of rules", number=len(ways) - most)), *(Cell() for _ in range(5)))
                )
            groups.append(RowGroup(direction_words(str(direction), *names), tuple(lines)))
        title = say(
            "{title}: {indicator}, {first} and {second}",
            title=say(view.title),
            indicator=lower_first(pub.labels.indicator(str(indicator))),
            first=names[0],
            second=names[1],
        )
        place = anchored(id, str(first), str(second))
        notes = _notes(view, part, pub, letters(pub, both))
        made.append(Table(place, title, tuple(columns), tuple(groups), notes, pub.source))
    return made


# -- missing answers -----------------------------------------------------------------------------------


def _bound_columns(rows: pd.DataFrame, pub: Publication) -> tuple[Column, ...]:
    part = rows[rows["unit"] == "share"]
    low, high = _columns(3, "", part, pub, ["low", "high"])
    over = say("With the error of the sample, {interval}", interval=lower_first(interval_words(rows)))
    return (
        Column("label", ""),
        *_columns(0, say("As it is"), part, pub, ["value"]),
        *_columns(1, say("Lowest"), part, pub, ["value", "se"]),
        *_columns(2, say("Highest"), part, pub, ["value", "se"]),
        Column("3.low", say("Low"), low.format, (over,), "right"),
        Column("3.high", say("High"), high.format, (over,), "right"),
        *_columns(4, "", part, pub, ["n"]),
    )


def _bound_line(label: str, point: Row | None, records: Records, pub: Publication) -> tuple[Cell, ...]:
    found = {r["statistic"]: r for r in records}
    low, high, begin, end = (found.get(s) for s in ("lower", "upper", "interval_low", "interval_high"))
    return (
        Cell(label),
        *_cells(point, ["value"], pub),
        *_cells(low, ["value", "se"], pub),
        *_cells(high, ["value", "se"], pub),
        *_cells(begin, ["value"], pub),
        *_cells(end, ["value"], pub),
        *_cells(low, ["n"], pub),
    )


def _bounds(id: str, view: DefinitionViewSpec, rows: pd.DataFrame, pub: Publication) -> list[Table]:
    whole = rows[rows["dim2"].isna()]
    groups = []
    for (indicator, definition), part in whole.groupby(["indicator", "definition"], sort=False):
        records = part.to_dict("records")
        point = _one(records, statistic="point")
        lines = [
            _bound_line(pub.labels.level("unanswered", str(scope)), point, mine.to_dict("records"), pub)
            for scope, mine in part.groupby("level1", sort=False)
        ]
        groups.append(
            RowGroup(f"{pub.labels.indicator(str(indicator))}, {title_of(pub, str(definition))}", tuple(lines))
        )
    return [Table(id, say(view.title), _bound_columns(whole, pub), tuple(groups), _notes(view, whole, pub), pub.source)]


def _groups(id: str, view: DefinitionViewSpec, rows: pd.DataFrame, pub: Publication) -> list[Table]:
    mine = rows[(rows["definition"] == pub.headline) & rows["dim2"].notna()]
    if mine.empty:
        return []
    points = mine[mine["statistic"] == "point"].to_dict("records")
    groups = []
    for (indicator, scope), part in mine.groupby(["indicator", "level1"], sort=False):
        lines = []
        for (variable, level), one in part.groupby(["dim2", "level2"], sort=False):
            point = _one(points, indicator=indicator, dim2=variable, level2=level)
            lines.append(_bound_line(pub.labels.level(str(variable), str(level)), point, one.to_dict("records"), pub))
        heading = f"{pub.labels.indicator(str(indicator))}. {pub.labels.level('unanswered', str(scope))}"
        groups.append(RowGroup(heading, tuple(lines)))
    return [Table(id, say(view.title), _bound_columns(mine, pub), tuple(groups), _notes(view, mine, pub), pub.source)]


def _assumed(id: str, view: DefinitionViewSpec, rows: pd.DataFrame, pub: Publication) -> list[Table]:
    keys = ["value", "low", "high"]
    columns = [
        Column("label", ""),
        *_columns(0, say("By the rule itself"), rows, pub, keys),
        *_columns(1, say("Anywhere on the way"), rows, pub, keys),
        *_columns(2, "", rows, pub, ["n"]),
    ]
    groups = []
    for indicator, part in rows.groupby("indicator", sort=False):
        lines = []
        for definition, mine in part.groupby("definition", sort=False):
            records = mine.to_dict("records")
            direct, somewhere = (_one(records, level1=level) for level in ("direct", "on_the_way"))
            label = Cell(title_of(pub, str(definition)))
            lines.append(
                (label, *_cells(direct, keys, pub), *_cells(somewhere, keys, pub), *_cells(direct, ["n"], pub))
            )
        groups.append(RowGroup(pub.labels.indicator(str(indicator)), tuple(lines)))
    return [Table(id, say(view.title), tuple(columns), tuple(groups), _notes(view, rows, pub), pub.source)]


# -- options -------------------------------------------------------------------------------------------


def _options(id: str, view: DefinitionViewSpec, rows: pd.DataFrame, pub: Publication) -> list[Table]:
    made = []
    for (definition, indicator), part in rows.groupby(["definition", "indicator"], sort=False):
        made.append(_options_of(id, view, str(definition), str(indicator), part, pub))
    return made


def _options_of(
    id: str, view: DefinitionViewSpec, definition: str, indicator: str, part: pd.DataFrame, pub: Publication
) -> Table:
    rate, gap = ["value", "low", "high"], ["value", "low", "high", "p"]
    shares, gaps, totals = (
        part[part["unit"] == "share"],
        part[part["unit"] == "points"],
        part[part["unit"] == "persons"],
    )
    persons = totals if len(totals) else part.assign(unit="persons")
    columns = [
        Column("label", ""),
        *_columns(0, say("Rate"), shares, pub, rate),
        *_columns(1, say("Difference"), gaps, pub, gap),
        *_columns(2, say("Persons who move"), persons, pub, ["value", "n"]),
    ]
    shown = columns[1].format
    assert shown is not None
    groups = []
    for option, mine in part.groupby("level1", sort=False):
        lines = []
        for choice, one in mine.groupby("level2", sort=False):
            records = one.to_dict("records")
            who = _one(records, statistic="moved")
            nobody = [Cell(words=say("nobody")), Cell(0.0)]
            lines.append(
                (
                    Cell(pub.labels.level("choice", str(choice))),
                    *_or_range(records, "rate", rate, shown, pub),
                    *_cells(_one(records, statistic="rate_difference"), gap, pub),
                    *(_cells(who, ["value", "n"], pub) if who is not None else nobody),
                )
            )
        groups.append(RowGroup(pub.labels.level("option", str(option)), tuple(lines)))
    title = f"{say(view.title)}: {lower_first(pub.labels.indicator(indicator))}, {title_of(pub, definition)}"
    place = anchored(id, definition, indicator)
    return Table(place, title, tuple(columns), tuple(groups), _notes(view, part, pub), pub.source)
