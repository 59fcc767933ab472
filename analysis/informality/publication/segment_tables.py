"""Tables of segments: how large each is, and in words what sets its members apart and how they are recognised."""

from __future__ import annotations

import pandas as pd

from informality.foundation.language import say
from informality.publication.formats import COUNT, NumberFormat, column_format
from informality.publication.notes import interval_words, notes_of, undetermined
from informality.publication.published import Publication
from informality.publication.table import Cell, Column, RowGroup, Table, markdown_text, marked_text
from informality.publication.view_specs import SegmentViewSpec

PERCENT = NumberFormat("Per cent", 100, 0)
_TOLD = 4  # characteristics told of each segment


def table_of_segments(id: str, view: SegmentViewSpec, pub: Publication) -> Table | str:
    """Segments with their share and the persons they stand for, or a sentence saying why there are none."""
    rows = pub.results[pub.results["table"] == view.table]
    if reason := undetermined(rows):
        return say("No groups can be shown: {reasons}.", reasons=reason)
    share, total = (rows[(rows["statistic"] == s) & rows["dim2"].isna()] for s in ("share", "total"))
    if share["value"].isna().all():
        return say("Not available: this study has no such groups.")
    columns = [Column("label", "")]
    for i, part in enumerate((share, total)):
        number = column_format(str(part["unit"].iloc[0]), part["se"], "")
        columns += [
            Column(f"{i}.value", number.heading, number, (), "right"),
            Column(f"{i}.low", say("Low"), number, (interval_words(part) + ("" if i == 0 else " "),), "right"),
            Column(f"{i}.high", say("High"), number, (interval_words(part) + ("" if i == 0 else " "),), "right"),
        ]
    columns.append(Column("n", say(COUNT.heading), COUNT, (), "right"))
    lines = []
    for a, b in zip(share.to_dict("records"), total.to_dict("records"), strict=True):
        numbers = [Cell(r[k]) if pd.notna(r[k]) else Cell() for r in (a, b) for k in ("value", "ci_low", "ci_high")]
        lines.append((Cell(str(a["level1"])), *numbers, Cell(float(a["n"])) if pd.notna(a["n"]) else Cell()))
    notes = [*([say(view.note)] if view.note else []), *_firmness(rows, pub), *notes_of(share, pub)]
    return Table(id, say(view.title), tuple(columns), (RowGroup("", tuple(lines)),), tuple(notes), pub.source)


def _firmness(rows: pd.DataFrame, pub: Publication) -> list[str]:
    number = NumberFormat("", 1, 2)
    notes = [
        say(
            "The groups are found by machine: people with like answers are put together, and the number of "
            "groups is the largest that is found again when the sample is drawn anew. The intervals take the "
            "groups as they are."
        )
    ]
    agreement = rows.loc[rows["statistic"] == "agreement"]
    again = rows.loc[rows["statistic"] == "found_again", "value"].dropna()
    if len(agreement) and len(again):
        notes.append(
            say(
                (
                    "Agreement between redrawn samples {number} (1 is perfect); each group overlaps with its like in "
                    "a redrawn sample by {share} per cent or more."
                ),
                number=number(agreement["value"].iloc[0]),
                share=PERCENT(again.min()),
            )
        )
        if pd.notna(agreement["note"].iloc[0]):
            text = str(agreement["note"].iloc[0])
            notes.append(f"{text[:1].upper()}{text[1:]}.")
    return notes


def words_of_segments(view: SegmentViewSpec, pub: Publication) -> str:
    """What sets each segment apart, and the rule by which its members can be recognised, as Markdown."""
    rows = pub.results[pub.results["table"] == view.table]
    inside, outside = (
        rows[rows["statistic"] == s].set_index(["level1", "dim2", "level2"]) for s in ("inside", "outside")
    )
    if inside.empty:
        return say("No groups can be described.") + "\n"
    gap = (inside["value"] - outside["value"]).dropna().sort_values(ascending=False)
    text = []
    for name in dict.fromkeys(rows.loc[rows["statistic"] == "share", "level1"].dropna()):
        told: dict[str, str] = {}
        for (_, variable, level), _difference in gap.loc[[name]].items() if name in gap.index else ():
            if variable in told or len(told) == _TOLD:
                continue
            mine, others = (PERCENT(part.loc[(name, variable, level), "value"]) for part in (inside, outside))
            label = f"{pub.labels.variable(variable)}: {pub.labels.level(variable, level)}"
            told[variable] = say(
                "{label} {mine} per cent, others {others} per cent",
                label=markdown_text(label),
                mine=mine,
                others=others,
            )
        text += [f"**{marked_text(name)}.** {'; '.join(told.values())}.", ""]
    rules = rows[rows["statistic"] == "rule"].to_dict("records")
    if rules:
        right = rows.loc[rows["statistic"] == "accuracy", "value"].iloc[0]
        text += [
            say(
                (
                    "Few questions are enough to tell the groups apart. This short rule puts {number} of 100 persons "
                    "where they belong:"
                ),
                number=PERCENT(right),
            ),
            "",
            *(f"- {marked_text(r['level2'])} → {marked_text(r['level1'])}" for r in rules),
            "",
        ]
    return "\n".join(text)
