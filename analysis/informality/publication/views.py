"""Views: which rows of the results table make a published table or figure, and how they are laid out.

``library/tables/views.yml`` names them. A view takes the rows of one results table whose breakdown is
one of ``by`` and arranges them in groups, rows and columns; tables and figures share that arrangement,
so they cannot disagree. A view without a publishable row is not empty: it says what is missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from pydantic import Field

from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.foundation.specfile import SpecFile, SpecModel, Words, load
from informality.publication.formats import COUNT, WITHHELD, column_format
from informality.publication.table import NOTHING, Cell, Column, Labels, RowGroup, Table

VIEWS = Path(__file__).parents[1] / "library" / "tables" / "views.yml"

ALL = "All"
"""Heading of the row or column that is not broken down."""

MEASURES = ["value", "se", "ci_low", "ci_high", "cv", "deff"]

RESULT_COLUMNS = (
    "study survey wave definition table indicator statistic universe dim1 level1 dim2 level2 dim3 level3 "
    "value unit se ci_low ci_high confidence n n_weighted cv deff df grade status note"
).split()


class ViewSpec(SpecModel):
    """One published table. ``by`` lists breakdowns ("" is none, "area sex" is sex within area)."""

    title: Words
    table: Words
    by: list[str]
    row: Literal["level", "variable", "indicator", "definition", "universe"] = "level"
    column: str = ""
    indicators: list[str] = Field(default_factory=list)
    statistic: Literal["share", "total", "mean", "ratio"] | None = None
    definitions: Literal["headline", "all"] = "headline"
    only: dict[str, list[str]] = Field(default_factory=dict)
    note: str = ""


class FigureSpec(ViewSpec):
    """One published figure: the same selection, and how it is drawn."""

    kind: Literal["dots", "lines", "bars"]
    sort: bool = False
    reference: bool = False


class ContrastSpec(SpecModel):
    """Two groups whose rates a sentence compares."""

    table: Words
    by: Words
    levels: list[Words] = Field(min_length=2, max_length=2)


class ExtremesSpec(SpecModel):
    """A breakdown whose highest and lowest groups a sentence names."""

    table: Words
    by: Words


class ViewsSpec(SpecModel):
    """The whole of ``views.yml``."""

    tables: dict[str, ViewSpec]
    figures: dict[str, FigureSpec]
    prose: dict[str, list[Literal["definition", "universe", "indicator"]]]
    contrasts: dict[str, ContrastSpec]
    extremes: dict[str, ExtremesSpec]


def read_views(path: Path = VIEWS) -> SpecFile[ViewsSpec]:
    """The views the report uses; mistakes in the file raise :class:`InformalityError` with their lines."""
    return load(path, ViewsSpec)


@dataclass(frozen=True, slots=True)
class Publication:
    """What every published table and figure shares."""

    results: pd.DataFrame
    labels: Labels
    flags: Mapping[str, str]
    """Symbol after (or in place of) a number, by grade."""
    meanings: Mapping[str, str]
    headline: str
    source: str


def publication(
    results: pd.DataFrame, labels: Labels, reliability: pd.DataFrame, headline: str, source: str
) -> Publication:
    """Check the results table and drop every value a grade forbids to print.

    Suppression happens when the results table is stored; dropping the values again here means that no
    later mistake can print one. Raises :class:`InformalityError` when columns are missing.
    """
    absent = [c for c in RESULT_COLUMNS if c not in results.columns]
    if absent:
        raise InformalityError(
            Problem("results table", "columns are missing", ", ".join(absent), "run the estimation step again"),
            ExitCode.RENDER,
        )
    safe = results[RESULT_COLUMNS].reset_index(drop=True)
    safe[MEASURES] = safe[MEASURES].astype(float).mask(safe["grade"].isin(WITHHELD))
    by_grade = reliability.set_index("grade")
    flags = {str(g): str(s) for g, s in by_grade["symbol"].fillna("").items()}
    meanings = {str(g): str(m) for g, m in by_grade["meaning"].items()}
    return Publication(safe, labels, flags, meanings, headline, source)


# -- laying out ----------------------------------------------------------------------------------------


def lay_out(view: ViewSpec, pub: Publication) -> pd.DataFrame:
    """The rows of a view with their place: columns ``group``, ``row``, ``column`` (printed words), ``row_level``
    and ``column_level`` (identifiers), then the results columns. In printing order; may be empty. A row that
    holds for a whole breakdown (not determinable, no level) has ``column_level`` missing when it is spread.
    """
    rows = _selected(view, pub)
    arranged = {view.row, view.column, "indicator" if view.row == "variable" else ""}  # there the variable says it
    outer = [k for k in ("indicator", "definition", "universe") if k not in arranged and rows[k].nunique() > 1]
    if "indicator" in outer and rows.groupby("indicator")["universe"].nunique().max() == 1:
        outer = [k for k in outer if k != "universe"]  # the indicator's title says of whom
    placed: list[dict[str, Any]] = []
    for _, part in rows.groupby(outer, sort=False, dropna=False) if outer else [((), rows)]:
        for breakdown in view.by:
            placed += _placed(view, breakdown.split(), part.to_dict("records"), outer, pub.labels)
    return pd.DataFrame(placed, columns=["group", "row", "column", "row_level", "column_level", *RESULT_COLUMNS])


def _selected(view: ViewSpec, pub: Publication) -> pd.DataFrame:
    rows = pub.results
    keep = rows["table"] == view.table
    if view.indicators:
        keep &= rows["indicator"].isin(view.indicators)
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
    by_level = view.column not in ("", "indicator", "definition", "universe")
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
            heading = [ALL]
        elif not heading and inner and view.row == "level":
            heading = [labels.variable(inner)]
        if view.row in ("level", "variable"):
            level = levels.get(inner, "")
            words = labels.level(inner, level) if level else ALL
            named = [labels.variable(inner)] if view.row == "variable" else []
            label = ": ".join([*named, words] if level or not named else named)
        else:
            level, label = row[view.row], _words(view.row, row[view.row], labels)
        column: str | None = ""
        column_label = ""
        if by_level:
            column = (levels[view.column] or None) if view.column in levels else ""
            column_label = labels.level(view.column, column) if column else ALL
        elif view.column:
            column, column_label = row[view.column], _words(view.column, row[view.column], labels)
        out.append(
            {"group": ", ".join(heading), "row": label, "column": column_label,
             "row_level": level, "column_level": column, **row}
        )
    return out


def levels_of(row: Mapping[str, Any]) -> dict[str, str]:
    """``{variable: level}`` of one results row; the level is empty where the row stands for the whole breakdown."""
    pairs = [(row[f"dim{i}"], row[f"level{i}"]) for i in (1, 2, 3)]
    return {dim: "" if pd.isna(level) else str(level) for dim, level in pairs if pd.notna(dim)}


def _words(key: str, value: Any, labels: Labels) -> str:
    if key == "indicator":
        return labels.indicator(value)
    if key == "universe":
        words = labels.universe(value)
        return words[:1].upper() + words[1:]
    return labels.level("definition", str(value))


def further_views(views: ViewsSpec, pub: Publication) -> dict[str, ViewSpec]:
    """Plain views of the results tables that ``views.yml`` does not name, so that a study's own are shown too."""
    named = {view.table for view in views.tables.values()}
    rows = pub.results[~pub.results["table"].isin(named)]
    found = {}
    for (table, statistic), part in rows.groupby(["table", "statistic"], sort=False):
        breakdowns = list(dict.fromkeys(tuple(levels_of(row)) for row in part.to_dict("records")))
        shared = {dims[0] for dims in breakdowns if dims} if all(breakdowns) else set()
        if len(shared) == 1:  # a composition: its parts are the rows
            breakdowns = [(*dims[1:], dims[0]) for dims in breakdowns]
        title = pub.labels.table(table)
        found[f"{table}-{statistic}".replace("_", "-")] = ViewSpec(
            title=f"{title} (persons)" if statistic == "total" else title, table=table, statistic=statistic,
            by=[" ".join(dims) for dims in breakdowns], definitions="all",
        )
    return found


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
            Column(f"{i}.low", "Low", number, (*above, interval), "right"),
            Column(f"{i}.high", "High", number, (*above, interval), "right"),
            Column(f"{i}.n", COUNT.heading, COUNT, above, "right"),
        ]
    groups: dict[str, dict[str, dict[str, Any]]] = {}
    for row in laid.to_dict("records"):
        columns_of_row = [row["column"]] if pd.notna(row["column_level"]) else spread
        groups.setdefault(row["group"], {}).setdefault(row["row"], {}).update(dict.fromkeys(columns_of_row, row))
    built = tuple(
        RowGroup(heading, tuple(
            (Cell(label), *(cell for name in spread for cell in _measures(cells.get(name), pub)))
            for label, cells in rows.items()
        ))
        for heading, rows in groups.items()
    )
    notes = ([view.note] if view.note else []) + notes_of(laid, pub)
    return Table(id, view.title, tuple(columns), built, tuple(notes), pub.source)


def _measures(row: Mapping[str, Any] | None, pub: Publication) -> tuple[Cell, Cell, Cell, Cell]:
    if row is None:
        return (Cell(), Cell(), Cell(), Cell())
    sign = pub.flags.get(row["grade"], "")
    n = Cell(row["n"]) if pd.notna(row["n"]) else Cell()
    if row["grade"] == "suppressed":
        withheld = Cell(words=sign or NOTHING)
        return (withheld, withheld, withheld, n if pd.notna(row["n"]) else withheld)
    if row["grade"] == "not_determinable":
        return (Cell(words="not determinable"), Cell(), Cell(), n)
    low, high = (Cell(row[k]) if pd.notna(row[k]) else Cell() for k in ("ci_low", "ci_high"))
    return (Cell(row["value"], sign), low, high, n)


def one_unit(id: str, laid: pd.DataFrame) -> str:
    """The unit all rows of a view share; raises :class:`InformalityError` where the view mixes units."""
    units = distinct(laid["unit"])
    if len(units) != 1:
        raise InformalityError(
            Problem(f"views.yml, `{id}`", "the rows of this view have different units", ", ".join(units),
                    "choose one `statistic`"),
            ExitCode.SPEC,
        )
    return units[0]


def interval_words(rows: pd.DataFrame) -> str:
    """``95% confidence interval``, from the rows themselves."""
    levels = rows["confidence"].dropna().unique()
    return f"{levels[0] * 100:g}% confidence interval" if len(levels) == 1 else "Confidence interval"


def why_missing(laid: pd.DataFrame) -> str:
    """Empty when some row can be published; else what is missing, in the words of the results table."""
    if laid["value"].notna().any():
        return ""
    if reasons := undetermined(laid):
        return f"Cannot be worked out from this survey: {reasons}."
    if len(laid):
        return "Not shown: too few persons were interviewed in every cell of this table."
    return "Not available: this study holds no such result, because the survey lacks the question or the study left it out."


def undetermined(laid: pd.DataFrame) -> str:
    """Why some rows cannot be determined; empty when all can."""
    return "; ".join(distinct(laid.loc[laid["grade"] == "not_determinable", "note"]))


def notes_of(laid: pd.DataFrame, pub: Publication, drawn: Mapping[str, str] | None = None) -> list[str]:
    """Notes made from what occurs: universe, flags, reasons, and the standing of the weakest input.

    ``drawn`` says how a figure draws a grade, to be named beside its symbol.
    """
    notes = []
    universes = distinct(laid["universe"])
    if len(universes) == 1 and (laid["unit"] == "share").all():
        notes.append(f"Per cent of {lower_first(pub.labels.universe(universes[0]))}.")
    grades = set(laid["grade"]) - {"not_determinable"}
    flagged = {grade: sign for grade, sign in pub.flags.items() if sign and grade in grades}
    signs = [f"{sign}{(drawn or {}).get(grade, '')}: {lower_first(pub.meanings[grade].rstrip('.'))}" for grade, sign in flagged.items()]
    if signs:
        notes.append("; ".join(signs) + ".")
    if reasons := undetermined(laid):
        notes.append(f"Not determinable: {reasons}.")
    standing = weakest(laid["status"])
    if standing in STANDING_WORDS:
        notes.append(STANDING_WORDS[standing])
    return notes


STANDING_WORDS = {
    "recall": "Rests in part on a rule or figure quoted from memory and not yet checked.",
    "assumption": "Rests in part on an assumption; the methods annex names it.",
}
STANDING = ("verified", "derived", "recall", "assumption")


def weakest(statuses: pd.Series) -> str:
    """The weakest status present, from ``verified`` down to ``assumption``."""
    present = [s for s in STANDING if s in set(statuses)]
    return present[-1] if present else ""


def lower_first(words: str) -> str:
    """Words for the middle of a sentence."""
    return words[:1].lower() + words[1:]


def distinct(values: pd.Series | Sequence[Any]) -> list[str]:
    """The different non-missing texts, in order of appearance, without a full stop at the end."""
    return list(dict.fromkeys(str(v).rstrip(". ") for v in values if pd.notna(v) and str(v)))
