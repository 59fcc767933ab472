"""Several waves on one page: a table with a column for each, and sentences that say what changed.

The rows are those of the results table; a change is a row of its own, with the error that knows who was visited twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from informality.foundation.language import say
from informality.publication.formats import COUNT, PROBABILITY, column_format, prose_format
from informality.publication.notes import interval_words, notes_of, undetermined
from informality.publication.published import Publication, levels_of
from informality.publication.table import Cell, Column, RowGroup, Table, markdown_text
from informality.publication.view_specs import ChangeSpec, ReadingViewSpec, WaveViewSpec

ONE_WAVE = "This report is about one wave of the survey, so it cannot say what changed."
OWN, READING, CHANGE = "profile", "reading", "change"
ALL = "All"


@dataclass(frozen=True, slots=True)
class WaveNote:
    """A wave: its name in the results table, its title, and the middle of its months in years."""

    name: str
    title: str
    middle: float


@dataclass(frozen=True, slots=True)
class PairNote:
    """Two waves that are compared, ``name`` in the results table, and the break that lies between them, if any."""

    name: str
    earlier: str
    later: str
    broken: str = ""


@dataclass(frozen=True, slots=True)
class Series:
    """The results of every wave and of every change, and the waves in order of time."""

    pub: Publication
    waves: tuple[WaveNote, ...]
    pairs: tuple[PairNote, ...]

    @property
    def shown_pairs(self) -> list[PairNote]:
        """The changes a table has room for: to the last wave, from the one before and from the first."""
        return [pair for pair in self.pairs if pair.later == self.waves[-1].name]

    def rows(self, table: str, indicators: Sequence[str], by: str) -> pd.DataFrame:
        """The rows of waves and changes of one breakdown ("" for none), by the headline definition."""
        rows = self.pub.results
        names = [*(w.name for w in self.waves), *(p.name for p in self.pairs)]
        keep = (rows["table"] == table) & rows["wave"].isin(names)
        keep &= rows["definition"].isna() | (rows["definition"] == self.pub.headline)
        if indicators:
            keep &= rows["indicator"].isin(list(indicators))
        keep &= (rows["dim1"] == by if by else rows["dim1"].isna()) & rows["dim2"].isna()
        return rows[keep]


def table_of_waves(id: str, view: WaveViewSpec, series: Series | None) -> Table | str:
    """A column of values for each wave, with interval and cases, and one for each change, with its test."""
    if series is None:
        return say(ONE_WAVE)
    pub, found = series.pub, [(by, series.rows(view.table, view.indicators, by)) for by in view.by]
    rows = pd.concat([part for _, part in found], ignore_index=True)
    of_waves = rows[rows["statistic"] != CHANGE]
    if of_waves["value"].isna().all():
        return say("Cannot be worked out from these waves.")
    unit, changes = str(of_waves["unit"].iloc[0]), rows[rows["statistic"] == CHANGE]
    number = column_format(unit, of_waves["se"], pub.labels.unit(unit))
    gap_unit = "points" if unit == "share" else unit
    gap_number = column_format(gap_unit, changes["se"], pub.labels.unit(gap_unit))
    columns, places = [Column("label", "")], []
    for wave in series.waves:
        places.append(wave.name)
        above = (wave.title,)
        columns += [
            Column(f"{wave.name}.value", number.heading, number, above, "right"),
            Column(f"{wave.name}.low", say("Low"), number, (*above, interval_words(rows)), "right"),
            Column(f"{wave.name}.high", say("High"), number, (*above, interval_words(rows)), "right"),
            Column(f"{wave.name}.n", say(COUNT.heading), COUNT, above, "right"),
        ]
    for pair in series.shown_pairs:
        places.append(pair.name)
        above = (_change_heading(pair, series),)
        columns += [
            Column(f"{pair.name}.value", gap_number.heading, gap_number, above, "right"),
            Column(f"{pair.name}.low", say("Low"), gap_number, (*above, interval_words(rows)), "right"),
            Column(f"{pair.name}.high", say("High"), gap_number, (*above, interval_words(rows)), "right"),
            Column(f"{pair.name}.p", PROBABILITY.heading, PROBABILITY, above, "right"),
        ]
    groups: dict[str, dict[str, dict[str, Mapping[str, Any]]]] = {}
    several = len(rows["indicator"].unique()) > 1
    whole: dict[tuple[str, str, str], Mapping[str, Any]] = {}
    for by, part in found:
        for row in part.to_dict("records"):
            level = levels_of(row).get(by, "") if by else ""
            if by and not level:  # one row for the whole breakdown
                whole[(pub.labels.variable(by), row["indicator"], row["wave"])] = row
                continue
            words = pub.labels.level(by, level) if level else say(ALL)
            group, label = (pub.labels.variable(by) if by else "", words)
            if several:
                indicator = pub.labels.indicator(row["indicator"])
                group, label = (indicator, words) if len(view.by) > 1 or by else ("", indicator)
            groups.setdefault(group, {}).setdefault(label, {})[row["wave"]] = row
    for (heading, _, name), row in whole.items():
        for cells in groups.get(heading, {}).values():
            cells.setdefault(name, row)
    built = tuple(
        RowGroup(
            heading,
            tuple(
                (Cell(label), *(cell for place in places for cell in _cells(cells.get(place), pub)))
                for label, cells in lines.items()
            ),
        )
        for heading, lines in groups.items()
    )
    notes = [*([say(view.note)] if view.note else []), *notes_of(of_waves, pub), *_break_notes(series)]
    if reasons := undetermined(changes):
        notes.append(say("Changes not determinable: {reasons}.", reasons=reasons))
    return Table(id, say(view.title), tuple(columns), built, tuple(notes), pub.source)


def _change_heading(pair: PairNote, series: Series) -> str:
    titles = {wave.name: wave.title for wave in series.waves}
    broken = say(", across a break in series") if pair.broken else ""
    return say("Change since {wave}{broken}", wave=titles[pair.earlier], broken=broken)


def _break_notes(series: Series) -> list[str]:
    titles = {wave.name: wave.title for wave in series.waves}
    return [
        say(
            (
                "The series breaks between {earlier} and {later}: {reason}. What differs there is not only change "
                "among workers."
            ),
            earlier=titles[p.earlier],
            later=titles[p.later],
            reason=p.broken,
        )
        for p in series.pairs
        if p.broken
    ]


def _cells(row: Mapping[str, Any] | None, pub: Publication) -> tuple[Cell, Cell, Cell, Cell]:
    if row is None:
        return (Cell(), Cell(), Cell(), Cell())
    sign = pub.flags.get(row["grade"], "")
    last = row["p"] if row["statistic"] in (CHANGE, "difference") else row["n"]
    end = Cell(row["n"] if last is row["n"] else last) if pd.notna(last) else Cell()
    if row["grade"] == "suppressed":
        return (Cell(words=sign or "–"), Cell(), Cell(), end)
    if row["grade"] == "not_determinable" or pd.isna(row["value"]):
        return (Cell(words=say("not determinable")), Cell(), Cell(), end)
    low, high = (Cell(row[k]) if pd.notna(row[k]) else Cell() for k in ("ci_low", "ci_high"))
    return (Cell(row["value"], sign), low, high, end)


def sentence_of_change(spec: ChangeSpec, series: Series | None) -> str:
    """What changed from the wave before the last to the last, and whether that can be told from no change."""
    if series is None:
        return say(ONE_WAVE)
    pair = series.shown_pairs[0]
    rows = series.rows(spec.table, [spec.indicator], "")
    by_wave = {row["wave"]: row for row in rows.to_dict("records")}
    change = by_wave.get(pair.name)
    if change is None or pd.isna(change["value"]) or pd.isna(change["p"]):
        return say("Whether it changed cannot be told from these waves.")
    pub, titles = series.pub, {wave.name: markdown_text(wave.title) for wave in series.waves}
    unit = change["unit"]
    number = prose_format(unit, change["se"], pub.labels.unit(unit))
    words = {"points": say("percentage points"), "persons": say("people")}.get(unit, pub.labels.unit(unit))
    title = markdown_text(pub.labels.indicator(spec.indicator))
    from_to = ", ".join(
        say(
            "{value} per cent in {wave}" if by_wave[w]["unit"] == "share" else "{value} in {wave}",
            value=prose_format(by_wave[w]["unit"], by_wave[w]["se"], "")(by_wave[w]["value"]),
            wave=titles[w],
        )
        for w in (pair.earlier, pair.later)
        if w in by_wave and pd.notna(by_wave[w]["value"])
    )
    margin = say("{low} to {high} {unit}", low=number(change["ci_low"]), high=number(change["ci_high"]), unit=words)
    found = f"**{title}:** {from_to}."
    if pair.broken:
        return say(
            (
                "{sentence} The series breaks between the two ({reason}), so that the difference ({margin}) "
                "cannot be taken for a change."
            ),
            sentence=found,
            reason=markdown_text(pair.broken),
            margin=margin,
        )
    if change["p"] < 1 - change["confidence"]:
        return say(
            "{sentence} It rose by {size} {unit} (interval of the change: {margin})."
            if change["value"] > 0
            else "{sentence} It fell by {size} {unit} (interval of the change: {margin}).",
            sentence=found,
            size=number(abs(change["value"])),
            unit=words,
            margin=margin,
        )
    return say(
        "{sentence} The difference of {value} {unit} ({margin}) is not distinguishable from no change.",
        sentence=found,
        value=number(change["value"]),
        unit=words,
        margin=margin,
    )


def table_of_readings(id: str, view: ReadingViewSpec, pub: Publication) -> Table | str:
    """The rate under each reading of the questionnaire, and its difference from that of the report."""
    rows = pub.results[pub.results["table"] == view.table]
    if rows.empty:
        return say("The survey profile names no other reading of its questions.")
    share = rows[rows["statistic"] != "difference"]
    gaps = rows[rows["statistic"] == "difference"]
    unit = str(share["unit"].iloc[0])
    number = column_format(unit, share["se"], pub.labels.unit(unit))
    gap_number = column_format("points" if unit == "share" else unit, gaps["se"], "")
    words = interval_words(rows)
    columns = [
        Column("label", ""),
        Column("value", number.heading, number, (), "right"),
        Column("low", say("Low"), number, (words,), "right"),
        Column("high", say("High"), number, (words,), "right"),
        Column("n", say(COUNT.heading), COUNT, (), "right"),
        *(
            Column(f"gap.{key}", label, form, (say("Difference from the report"), *more), "right")
            for key, label, form, more in (
                ("value", gap_number.heading, gap_number, ()),
                ("low", say("Low"), gap_number, (words,)),
                ("high", say("High"), gap_number, (words,)),
                ("p", PROBABILITY.heading, PROBABILITY, ()),
            )
        ),
    ]
    groups = []
    several = len(share["definition"].unique()) > 1
    for (definition, indicator), part in share.groupby(["definition", "indicator"], sort=False):
        lines = []
        mine = gaps[(gaps["definition"] == definition) & (gaps["indicator"] == indicator)].to_dict("records")
        differences = {row["level1"]: row for row in mine}
        for row in part.to_dict("records"):
            label = pub.labels.level(READING, row["level1"])
            lines.append((Cell(label), *_cells(row, pub), *_cells(differences.get(row["level1"]), pub)))
        heading = pub.labels.indicator(indicator)
        if several:
            heading += f", {pub.labels.level('definition', definition)}"
        groups.append(RowGroup(heading, tuple(lines)))
    notes = [*([say(view.note)] if view.note else []), *notes_of(share, pub)]
    return Table(id, say(view.title), tuple(columns), tuple(groups), tuple(notes), pub.source)
