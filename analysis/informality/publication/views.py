"""Views: which rows of the results table make a published table or figure, and how they are laid out.

``library/views.yml`` names them. A view takes the rows of one results table whose breakdown is
one of ``by`` and arranges them in groups, rows and columns; tables and figures share that arrangement,
so they cannot disagree. A view without a publishable row is not empty: it says what is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

import pandas as pd

from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.foundation.language import say
from informality.publication.formats import COUNT, column_format
from informality.publication.notes import distinct, interval_words, notes_of, why_missing
from informality.publication.published import Publication, levels_of
from informality.publication.table import NOTHING, Cell, Column, Labels, RowGroup, Table
from informality.publication.view_specs import ModelViewSpec, Shown, ViewSpec, ViewsSpec
from informality.tabulation.columns import COLUMNS

ALL = "All"
"""Heading of the row or column that is not broken down."""


# -- laying out ----------------------------------------------------------------------------------------


def lay_out(view: ViewSpec, pub: Publication) -> pd.DataFrame:
    """The rows of a view with their place: columns ``group``, ``row``, ``column`` (printed words), ``row_level``
    and ``column_level`` (identifiers), then the results columns. In printing order; may be empty. A row that
    holds for a whole breakdown (not determinable, no level) has ``column_level`` missing when it is spread.
    """
    rows = _selected(view, pub)
    arranged = {view.row, view.column, "indicator" if view.row == "variable" else ""}  # there the variable says it
    outer = [k for k in ("indicator", "definition", "universe") if k not in arranged and len(rows[k].unique()) > 1]
    if "indicator" in outer and rows.groupby("indicator")["universe"].nunique().max() == 1:
        outer = [k for k in outer if k != "universe"]  # the indicator's title says of whom
    placed: list[dict[str, Any]] = []
    for _, part in rows.groupby(outer, sort=False, dropna=False) if outer else [((), rows)]:
        records = part.to_dict("records")
        for breakdown in view.by:
            placed += _placed(view, breakdown.split(), records, outer, pub.labels)
    laid = pd.DataFrame(placed, columns=["group", "row", "column", "row_level", "column_level", *COLUMNS])
    namesakes = laid.groupby(["group", "row"])["row_level"].transform("nunique") > 1
    laid["row"] = laid["row"].mask(namesakes, laid["row"] + " (" + laid["row_level"].astype(str) + ")")
    return laid


def _selected(view: ViewSpec, pub: Publication) -> pd.DataFrame:
    rows = pub.results
    keep = rows["table"] == view.table
    if view.indicators:
        keep &= rows["indicator"].isin(view.indicators)
    if view.statistics:
        keep &= rows["statistic"].isin(view.statistics)
    if view.statistic:
        keep &= rows["statistic"] == view.statistic
    if view.definitions == "headline":
        keep &= rows["definition"].isna() | (rows["definition"] == pub.headline)
    for i in (1, 2, 3):
        for variable, levels in view.only.items():
            level = rows[f"level{i}"]
            keep &= (rows[f"dim{i}"] != variable) | level.isna() | level.isin(levels)
    return rows[keep]


def _placed(
    view: ViewSpec, dims: list[str], rows: list[dict[str, Any]], outer: list[str], labels: Labels
) -> list[dict[str, Any]]:
    by_level = view.column not in ("", "indicator", "definition", "universe", "statistic")
    wanted = [{*dims, view.column}] if by_level else [{*dims}]
    if by_level and view.column not in view.only:  # the rows not spread make the column "All"
        wanted.append({*dims})
    crossed = "" not in view.by and any(" " in breakdown for breakdown in view.by)
    out = []
    for row in rows:
        levels = levels_of(row)
        if {*levels} not in wanted:
            continue
        inner = dims[-1] if dims and view.row in ("level", "variable") else ""
        heading = [_words(k, row[k], labels) for k in outer]
        heading += [labels.level(d, levels[d]) if levels[d] else labels.variable(d) for d in dims if d != inner]
        if not heading and inner and crossed:
            heading = [say(ALL)]
        elif not heading and inner and view.row == "level":
            heading = [labels.variable(inner)]
        if view.row in ("level", "variable"):
            level = levels.get(inner, "")
            words = labels.level(inner, level) if level else labels.variable(inner) if inner else say(ALL)
            label = f"{labels.variable(inner)}: {words}" if view.row == "variable" and level else words
        else:
            level, label = row[view.row], _words(view.row, row[view.row], labels)
        column: str | None = ""
        column_label = ""
        if by_level and "" in levels.values():
            column = None
        elif by_level:
            column = levels.get(view.column, "")
            column_label = labels.level(view.column, column) if column else say(ALL)
        elif view.column:
            column, column_label = row[view.column], _words(view.column, row[view.column], labels)
        out.append(
            {
                "group": ", ".join(heading),
                "row": label,
                "column": column_label,
                "row_level": level,
                "column_level": column,
                **row,
            }
        )
    return out


def _words(key: str, value: Any, labels: Labels) -> str:
    if key == "indicator":
        return labels.indicator(value)
    if key == "universe":
        words = labels.universe(value)
        return words[:1].upper() + words[1:]
    return labels.level(key, str(value))


def further_views(views: ViewsSpec, pub: Publication) -> dict[str, ViewSpec]:
    """Plain views of the results tables that ``views.yml`` does not name, so that a study's own are shown too."""
    parts = (views.tables, views.models, views.gaps, views.segments, views.readings, views.robustness)
    named = {view.table for part in parts for view in part.values()}
    rows = pub.results[~pub.results["table"].isin(named | {*_models(pub)})]
    rows = rows[rows["statistic"].isin(get_args(Shown))]  # gaps and segments have tables of their own
    found = {}
    for (table, statistic), part in rows.groupby(["table", "statistic"], sort=False):
        breakdowns = list(dict.fromkeys(tuple(levels_of(row)) for row in part.to_dict("records")))
        shared = {dims[0] for dims in breakdowns if dims} if all(breakdowns) else set()
        if len(shared) == 1:  # a composition: its parts are the rows
            breakdowns = [(*dims[1:], dims[0]) for dims in breakdowns]
        title = pub.labels.table(table)
        found[f"{table}-{statistic}".replace("_", "-")] = ViewSpec(
            title=say("{title} (persons)", title=title) if statistic == "total" else title,
            table=table,
            statistic=statistic,
            by=[" ".join(dims) for dims in breakdowns],
            definitions="all",
        )
    return found


def further_models(views: ViewsSpec, pub: Publication) -> dict[str, ModelViewSpec]:
    """Plain views of the models that ``views.yml`` does not name."""
    named = {view.table for view in views.models.values()}
    found = {}
    for table in _models(pub):
        statistics = set(pub.results.loc[pub.results["table"] == table, "statistic"])
        shown = ["ratio" if "ratio" in statistics else "coefficient"]
        if table not in named:
            found[table.replace("_", "-")] = ModelViewSpec(title=pub.labels.table(table), table=table, statistics=shown)
    return found


def _models(pub: Publication) -> list[str]:
    """The tables of the results that hold a model."""
    return list(dict.fromkeys(pub.results.loc[pub.results["statistic"] == "coefficient", "table"]))


# -- the table of a view -------------------------------------------------------------------------------


def table_of_view(id: str, view: ViewSpec, pub: Publication) -> Table | str:
    """The published table, or a sentence saying why there is none.

    Estimates carry their flag, the interval stands under one heading, the unweighted n is always there.
    """
    laid = lay_out(view, pub)
    if reason := why_missing(laid):
        return reason
    unit = one_unit(id, laid)
    number = column_format(unit, laid["se"], pub.labels.unit(unit))
    interval = interval_words(laid)
    spread = list(dict.fromkeys(laid.loc[laid["column_level"].notna(), "column"])) or [""]
    columns = [Column("label", "")]
    for i, name in enumerate(spread):
        above = (name,) if name else ()
        columns += [
            Column(f"{i}.value", number.heading, number, above, "right"),
            Column(f"{i}.low", say("Low"), number, (*above, interval), "right"),
            Column(f"{i}.high", say("High"), number, (*above, interval), "right"),
            Column(f"{i}.n", say(COUNT.heading), COUNT, above, "right"),
        ]
    groups: dict[str, dict[str, dict[str, Any]]] = {}
    for row in laid.to_dict("records"):
        cells = groups.setdefault(row["group"], {}).setdefault(row["row"], {})
        if pd.isna(row["column_level"]):
            cells.update(dict.fromkeys(spread, row))
        elif row["column"] in cells:
            place = ", ".join(filter(None, (row["group"], row["row"], row["column"])))
            raise InformalityError(
                Problem(
                    f"views.yml, `{id}`",
                    "two results stand in the same cell",
                    place,
                    "choose `indicators` or one `statistic`",
                ),
                ExitCode.SPEC,
            )
        else:
            cells[row["column"]] = row
    built = tuple(
        RowGroup(
            heading,
            tuple(
                (Cell(label), *(cell for name in spread for cell in measures_of(cells.get(name), pub)))
                for label, cells in rows.items()
            ),
        )
        for heading, rows in groups.items()
    )
    notes = ([say(view.note)] if view.note else []) + notes_of(laid, pub)
    return Table(id, say(view.title), tuple(columns), built, tuple(notes), pub.source)


def measures_of(row: Mapping[str, Any] | None, pub: Publication) -> tuple[Cell, Cell, Cell, Cell]:
    if row is None:
        return (Cell(), Cell(), Cell(), Cell())
    sign = pub.flags.get(row["grade"], "")
    n = Cell(row["n"]) if pd.notna(row["n"]) else Cell()
    if row["grade"] == "suppressed":
        withheld = Cell(words=sign or NOTHING)
        return (withheld, withheld, withheld, n if pd.notna(row["n"]) else withheld)
    if row["grade"] == "not_determinable":
        return (Cell(words=say("not determinable")), Cell(), Cell(), n)
    low, high = (Cell(row[k]) if pd.notna(row[k]) else Cell() for k in ("ci_low", "ci_high"))
    return (Cell(row["value"], sign), low, high, n)


def one_unit(id: str, laid: pd.DataFrame) -> str:
    """The unit all rows of a view share; raises :class:`InformalityError` where the view mixes units."""
    units = distinct(laid["unit"])
    if len(units) != 1:
        raise InformalityError(
            Problem(
                f"views.yml, `{id}`",
                "the rows of this view have different units",
                ", ".join(units),
                "choose one `statistic`",
            ),
            ExitCode.SPEC,
        )
    return units[0]
