"""Tables of models: a group of rows for each covariate, a block of columns for each statistic or outcome.

The rows are those of one model in the results table; nothing is worked out here. The levels that others are compared
with stand as such, the cases and whom the model leaves out stand in the notes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from informality.foundation.language import say
from informality.publication.formats import COUNT, PROBABILITY, NumberFormat, column_format, grouped
from informality.publication.notes import interval_words, lower_first, notes_of, undetermined, upper_first
from informality.publication.published import Publication
from informality.publication.table import NOTHING, Cell, Column, RowGroup, Table
from informality.publication.view_specs import ModelViewSpec

HEADINGS = {
    "coefficient": "Coefficient",
    "effect": "Effect",
    "adjusted": "All else alike",
    "explained": "Explained",
    "unexplained": "Not explained",
}
"""What a block of columns is called; a ratio is called by its unit (odds ratio)."""
READING = {
    "adjusted": "All else alike: the share the group would have if it were like everyone in the other covariates.",
    "effect": "Effect: the difference from the reference group, all else alike, on average over all cases.",
    "ratio": "{unit}: how many times those of the reference group, all else alike; 1 is no difference.",
    "coefficient": "Coefficient: difference from the reference group, all else alike, on the scale of the model.",
}


def model_rows(view: ModelViewSpec, pub: Publication) -> pd.DataFrame:
    """The rows of a model that a view shows, in the order of the results table."""
    rows = pub.results[pub.results["table"] == view.table]
    shown = rows["statistic"].isin(view.statistics) & rows["dim1"].notna()
    return rows[shown & (rows["dim1"].isin(view.only) if view.only else True)]


def table_of_model(id: str, view: ModelViewSpec, pub: Publication) -> Table | str:
    """The published table of a model, or a sentence saying why there is none."""
    rows = model_rows(view, pub)
    everything = pub.results[pub.results["table"] == view.table]
    if reason := undetermined(everything[everything["dim1"].isna()]):
        return say("Cannot be worked out from this survey: {reasons}.", reasons=reason)
    if rows["value"].isna().all():
        return say("Not available: this study has no such model.")
    blocks = _blocks(view, rows, pub)
    columns = [Column("label", "")]
    for i, (heading, part) in enumerate(blocks):
        unit = str(part["unit"].iloc[0])
        number = column_format(unit, part["se"], pub.labels.unit(unit))
        above = (heading,)
        columns += [
            Column(f"{i}.value", number.heading, number, above, "right"),
            Column(f"{i}.low", say("Low"), number, (*above, interval_words(rows)), "right"),
            Column(f"{i}.high", say("High"), number, (*above, interval_words(rows)), "right"),
        ]
        if part["p"].notna().any() and part["level2"].isna().all():  # several outcomes leave no room
            columns.append(Column(f"{i}.p", "p", PROBABILITY, above, "right"))
    columns.append(Column("n", say(COUNT.heading), COUNT, (), "right"))
    groups, found = [], [_by_level(part) for _, part in blocks]
    keys = [[c.key.partition(".")[2] for c in columns if c.key.startswith(f"{i}.")] for i in range(len(blocks))]
    for variable, part in rows.groupby("dim1", sort=False):
        lines = [
            (Cell(_label(variable, level, pub)), *_cells((variable, _known(level)), found, keys, pub), _n(line))
            for level, line in part.groupby("level1", sort=False, dropna=False)
        ]
        groups.append(RowGroup(_heading(str(variable), everything, pub), tuple(lines)))
    notes = [say(view.note)] if view.note else []
    for statistic in view.statistics:
        units = rows.loc[rows["statistic"] == statistic, "unit"]
        if statistic in READING and len(units):
            unit = str(units.iloc[0])
            notes.append(say(READING[statistic], unit=upper_first(say(unit))))
    notes += [*about(everything, pub), *notes_of(rows, pub)]
    return Table(id, say(view.title), tuple(columns), tuple(groups), tuple(notes), pub.source)


def _blocks(view: ModelViewSpec, rows: pd.DataFrame, pub: Publication) -> list[tuple[str, pd.DataFrame]]:
    """Heading and rows of each block of columns: by statistic, and by outcome where a model has several."""
    out = []
    for statistic in view.statistics:
        part = rows[rows["statistic"] == statistic]
        heading = say(HEADINGS[statistic]) if statistic in HEADINGS else ""
        if part.empty:
            continue
        if not heading:
            unit = pub.labels.unit(str(part["unit"].iloc[0]))
            heading = unit[:1].upper() + unit[1:]
        if part["level2"].isna().all():
            out.append((heading, part))
            continue
        for outcome, mine in part.groupby("level2", sort=False):
            words = pub.labels.level(str(mine["dim2"].iloc[0]), str(outcome))
            out.append((words if len(view.statistics) == 1 else f"{words}: {heading.lower()}", mine))
    return out


def _heading(variable: str, everything: pd.DataFrame, pub: Publication) -> str:
    """The covariate, and the test that it adds nothing."""
    words = pub.labels.variable(variable)
    test = everything[(everything["statistic"] == "joint_test") & (everything["dim1"] == variable)]
    if test.empty or pd.isna(test["p"].iloc[0]):
        return words
    return say(
        "{variable} (all levels together: p {p})", variable=words, p=PROBABILITY.sentence(float(test["p"].iloc[0]))
    )


def _label(variable: Any, level: Any, pub: Publication) -> str:
    return pub.labels.variable(str(variable)) if pd.isna(level) else pub.labels.level(str(variable), str(level))


def _by_level(rows: pd.DataFrame) -> dict[tuple[Any, Any], dict[str, Any]]:
    """The first row of each level of each covariate."""
    found: dict[tuple[Any, Any], dict[str, Any]] = {}
    for row in rows.to_dict("records"):
        found.setdefault((row["dim1"], _known(row["level1"])), row)
    return found


def _known(level: Any) -> Any:
    return None if pd.isna(level) else level


def _cells(
    of: tuple[Any, Any], found: list[dict[tuple[Any, Any], dict[str, Any]]], keys: list[list[str]], pub: Publication
) -> list[Cell]:
    return [cell for rows, fields in zip(found, keys, strict=True) for cell in measures(rows.get(of), fields, pub)]


def measures(
    row: Mapping[str, Any] | None, keys: list[str], pub: Publication, number: NumberFormat | None = None
) -> list[Cell]:
    """The cells of one number: value, limits and p, as far as ``keys`` asks for them. ``number``: the format of this row,
    where the rows of a column have different units."""
    empty = [Cell() for _ in keys[1:]]
    if row is None:
        return [Cell(), *empty]
    sign = pub.flags.get(row["grade"], "")
    if row["grade"] == "suppressed":
        return [Cell(words=sign or NOTHING) for _ in keys]
    if row["note"] == "reference":
        return [Cell(row["value"], words=say("reference")), *empty]
    fields = {"value": "value", "low": "ci_low", "high": "ci_high", "p": "p"}
    return [
        Cell(row[fields[k]], sign if k == "value" else "", format=None if k == "p" else number)
        if pd.notna(row[fields[k]])
        else Cell()
        for k in keys
    ]


def _n(lines: pd.DataFrame) -> Cell:
    n = lines["n"].dropna()
    return Cell(float(n.iloc[0])) if len(n) else Cell(words=NOTHING)


def about(everything: pd.DataFrame, pub: Publication) -> list[str]:
    """The cases, who is left out, and how well the model fits, as sentences."""
    by_statistic = {str(r["statistic"]): r for r in everything[everything["dim1"].isna()].to_dict("records")}
    notes = []
    if cases := by_statistic.get("cases"):
        standing = column_format("persons", [float(cases["value"]) / 1000], "")
        notes.append(
            say(
                "{n} sampled persons, standing for {persons} {unit}; {universe}.",
                n=COUNT(cases["n"]),
                persons=standing(cases["value"]),
                unit=lower_first(standing.heading),
                universe=lower_first(pub.labels.universe(str(cases["universe"]))),
            )
        )
        if pd.notna(cases["note"]):
            notes += [f"{text[:1].upper()}{text[1:]}." for text in grouped(str(cases["note"])).split("; ")]
    if area := by_statistic.get("auc"):
        number = NumberFormat("", 1, 2)
        notes.append(
            say(
                (
                    "Area under the ROC curve {value} ({low} to {high}): how often the model gives the higher "
                    "probability to the one of two persons who has the outcome; 0.5 is chance."
                ),
                value=number(area["value"]),
                low=number(area["ci_low"]),
                high=number(area["ci_high"]),
            )
        )
    if fit := by_statistic.get("goodness_of_fit"):
        notes.append(
            say(
                (
                    "Test that observed and predicted shares agree in ten groups of risk (Archer and Lemeshow): p "
                    "{p}; a small p says that the model does not describe these groups well."
                ),
                p=PROBABILITY.sentence(float(fit["p"])),
            )
        )
    if share := by_statistic.get("r_squared"):
        notes.append(
            say("The model explains {value} per cent of the variance.", value=NumberFormat("", 100, 0)(share["value"]))
        )
    return notes
