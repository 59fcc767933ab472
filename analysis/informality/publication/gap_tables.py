"""Tables of decompositions: what both groups have, the gap between them, and the parts it is made of."""

from __future__ import annotations

from typing import Any

import pandas as pd

from informality.foundation.language import say
from informality.publication.formats import COUNT, PROBABILITY, NumberFormat, column_format
from informality.publication.model_tables import about, measures
from informality.publication.notes import interval_words, lower_first, notes_of, undetermined
from informality.publication.published import Publication
from informality.publication.table import Cell, Column, RowGroup, Table
from informality.publication.view_specs import GapViewSpec

PARTS = {
    "observed": "As observed",
    "counterfactual": "If the characteristics were alike",
    "gap": "Gap",
    "explained": "Explained by the characteristics together",
    "unexplained": "Not explained",
    "endowments": "Characteristics",
    "coefficients": "What characteristics count for",
    "interaction": "Both together",
    "not fitted": "Not fitted by the model",
}
"""The words for each part, in the order of printing."""
READING = "What is explained is not thereby justified, and what is not explained is not proof of unequal treatment."
STATISTICS = {
    "mean": "Mean",
    "quantile 0.1": "Lowest tenth ends at",
    "quantile 0.5": "Median",
    "quantile 0.9": "Highest tenth begins at",
}


def table_of_gap(id: str, view: GapViewSpec, pub: Publication) -> Table | str:
    """The published table of a decomposition, or a sentence saying why there is none."""
    rows = pub.results[pub.results["table"] == view.table]
    if reason := undetermined(rows):
        return say("Cannot be worked out from this survey: {reasons}.", reasons=reason)
    parts = rows[rows["statistic"].isin(PARTS)]
    if parts["value"].isna().all():
        return say("Not available: this study has no such decomposition.")
    of = parts["level1"].where(parts["dim1"] == "statistic", parts["level2"].where(parts["dim2"] == "statistic"))
    blocks = [(str(name), part) for name, part in parts.groupby(of.fillna(""), sort=False)]
    ratio = (parts.loc[parts["statistic"] == "gap", "unit"] == "ratio").any()
    gap = column_format(str(parts.loc[parts["statistic"] == "gap", "unit"].iloc[0]), parts["se"], "")
    shown = gap if not ratio else NumberFormat(say("Ratio"), 1, 2)
    observed = parts[parts["statistic"] == "observed"]
    first = NumberFormat("", 1, 0 if observed["value"].abs().min() >= 100 else 2) if ratio else shown
    columns = [Column("label", "")]
    for i, (name, _) in enumerate(blocks):
        above = (say(STATISTICS.get(name, name)),) if name else ()
        heading = say("Value") if ratio else say("Per cent or points")
        columns += [
            Column(f"{i}.value", heading, None, above, "right"),
            Column(f"{i}.low", say("Low"), None, (*above, interval_words(parts)), "right"),
            Column(f"{i}.high", say("High"), None, (*above, interval_words(parts)), "right"),
            *([Column(f"{i}.p", "p", PROBABILITY, above, "right")] if len(blocks) == 1 else []),
        ]
    columns.append(Column("n", say(COUNT.heading), COUNT, (), "right"))
    groups: list[RowGroup] = []
    for heading, statistics in (
        (say("As observed"), ("observed", "counterfactual", "gap")),
        (say("Parts of the gap"), tuple(PARTS)[3:]),
    ):
        lines = []
        for key, label in _lines(parts[parts["statistic"].isin(statistics)], pub):
            cells: list[Cell] = []
            n: Any = None
            for _, part in blocks:
                row = next((r for r in part.to_dict("records") if _key(r) == key), None)
                number = first if key[0] in ("observed", "counterfactual") else shown
                cells += measures(row, ["value", "low", "high", *(["p"] if len(blocks) == 1 else [])], pub, number)
                n = row["n"] if row is not None and pd.notna(row["n"]) else n
            lines.append((Cell(label), *cells, Cell(float(n)) if n is not None else Cell()))
        if lines:
            groups.append(RowGroup(heading, tuple(lines)))
    notes = [say(view.note)] if view.note else []
    if ratio:
        notes.append(
            say(
                "The gap is the ratio of the two means, and the parts multiply to it; 1 is no difference. Means "
                "are geometric."
            )
        )
    else:
        notes.append(say("The gap and its parts are percentage points; the parts add up to the gap."))
    notes += [say(READING), *about(rows, pub), *notes_of(parts, pub)]
    return Table(id, say(view.title), tuple(columns), tuple(groups), tuple(notes), pub.source)


def _key(row: Any) -> tuple[str, str, str]:
    """What a line is: the part, and the group or covariate it is of."""
    own = row["dim1"] if pd.notna(row["dim1"]) and row["dim1"] != "statistic" else ""
    return str(row["statistic"]), str(own), str(row["level1"]) if own and pd.notna(row["level1"]) else ""


def _lines(parts: pd.DataFrame, pub: Publication) -> list[tuple[tuple[str, str, str], str]]:
    """Key and label of each line, in the order of printing; of what is not explained only the whole."""
    out: dict[tuple[str, str, str], str] = {}
    for statistic in PARTS:
        for row in parts[parts["statistic"] == statistic].to_dict("records"):
            key = _key(row)
            _, variable, level = key
            if not variable:
                out[key] = say(PARTS[statistic])
            elif statistic in ("observed", "counterfactual"):
                words = pub.labels.level(variable, level)
                out[key] = (
                    words if statistic == "observed" else say("{group}, if the characteristics were alike", group=words)
                )
            elif statistic not in ("unexplained", "coefficients", "interaction"):
                out[key] = "   " + say("of which {variable}", variable=lower_first(pub.labels.variable(variable)))
    return list(out.items())
