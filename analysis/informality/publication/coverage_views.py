"""Views of coverage rows: which rows make a table, and how they are arranged. Figures use the same arrangement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd
from pydantic import Field

from informality.foundation.language import say
from informality.foundation.library import LIBRARY
from informality.foundation.specfile import SpecModel, Words, load
from informality.publication.notes import quoted
from informality.publication.published import Publication

ALL = "all"
Named = Literal["scenario", "indicator", "year", "scheme", "payer", "branch", "level", "definition", "variable"]


class CoverageViewSpec(SpecModel):
    """One published table of coverage rows; see the head of ``coverage_views.yml``."""

    title: Words
    table: Words
    scenarios: Literal["all", "quo", "focus", "both", "changing"] = "all"
    years: Literal["first", "last", "ends", "path"] = "last"
    schemes: Literal["whole", "each", "both"] = "whole"
    payers: Literal["whole", "each"] = "whole"
    branches: Literal["whole", "each"] = "whole"
    indicators: list[Words] = Field(default_factory=list)
    definitions: Literal["headline", "all"] = "headline"
    by: list[Words] = Field(default_factory=list)
    group: Words = ""
    row: Named
    nonzero: Literal["yes", "no"] = "no"
    note: str = ""


class CoverageViewsSpec(SpecModel):
    """The whole of ``coverage_views.yml``."""

    indicators: dict[str, Words]
    payers: dict[str, Words]
    branches: dict[str, Words]
    stored: dict[str, Words]
    levels: dict[str, dict[str, Words]]
    parameters: dict[str, Words]
    amounts: dict[str, Words]
    tables: dict[str, CoverageViewSpec]


@dataclass(frozen=True, slots=True)
class Told:
    """What a coverage report is made from: the results, their words, and the facts beside them."""

    pub: Publication
    facts: Mapping[str, Any]
    words: CoverageViewsSpec
    scenarios: Mapping[str, str]
    schemes: Mapping[str, str]
    country: str = ""
    """Three letters (ISO 3166)."""

    @property
    def quo(self) -> str:
        return str(self.facts["quo"])

    @property
    def focus(self) -> str:
        return str(self.facts["focus"])

    @property
    def last(self) -> int:
        return int(self.facts["years"]["last"])

    def label(self, kind: str, row: Mapping[str, Any]) -> str:
        """The words of one thing a row is of."""
        value = row.get(kind)
        if kind == "scenario":
            return self.scenarios.get(str(value), str(value))
        if kind == "indicator":
            return self.words.indicators.get(str(value), str(value))
        if kind == "scheme":
            return say("All schemes") if value == ALL else self.schemes.get(str(value), str(value))
        if kind == "payer":
            return self.words.payers.get(str(value), str(value))
        if kind == "branch":
            return self.words.branches.get(str(value), str(value))
        if kind == "variable":
            return self.pub.labels.variable(str(row["dim1"]))
        if kind == "level":
            own = self.words.levels.get(str(row["dim1"]), {})
            return own.get(str(row["level1"])) or self.pub.labels.level(str(row["dim1"]), str(row["level1"]))
        if kind == "definition":
            return self.pub.labels.level("definition", str(value))
        return str(value)


def read_coverage_views() -> CoverageViewsSpec:
    """Words and tables of the coverage report; mistakes in the file raise :class:`InformalityError` with their "
    "lines."""
    return load(LIBRARY / "coverage_views.yml", CoverageViewsSpec).spec


def spoken_words(words: CoverageViewsSpec) -> CoverageViewsSpec:
    """The same words in the language being spoken; titles and notes of tables are said where they are printed."""
    flat = {
        name: {key: say(text) for key, text in getattr(words, name).items()}
        for name in ("indicators", "payers", "branches", "parameters", "amounts")
    }
    levels = {by: {level: say(text) for level, text in texts.items()} for by, texts in words.levels.items()}
    return words.model_copy(update={**flat, "levels": levels})


def spending(told: Told) -> frozenset[str]:
    """The scenarios that change the cost to the State budget in the last year."""
    rows = told.pub.results
    keep = (rows["table"] == "coverage_change") & (rows["indicator"] == "state_cost") & (rows["year"] == told.last)
    return frozenset(rows.loc[keep & (rows["value"].abs() > 0), "scenario"])


def selected(view: CoverageViewSpec, told: Told) -> pd.DataFrame:
    """The rows of a view in printing order, with ``heading`` and ``label``; may be empty."""
    rows, years = told.pub.results, told.facts["years"]
    keep = rows["table"] == view.table
    if view.indicators:
        keep &= rows["indicator"].isin(view.indicators)
    if view.definitions == "headline":
        keep &= rows["definition"] == told.pub.headline
    chosen = {
        "quo": [told.quo],
        "focus": [told.focus],
        "both": [told.quo, told.focus],
        "changing": [s for s in told.scenarios if s != told.quo],
        "all": list(told.scenarios),
    }[view.scenarios]
    keep &= rows["scenario"].isin(chosen)
    ends = [years["first"], years["last"]]
    wanted = {"first": ends[:1], "last": ends[1:], "ends": ends, "path": list(range(ends[0], ends[1] + 1))}[view.years]
    keep &= rows["year"].isin(wanted)
    for column, how in (("scheme", view.schemes), ("payer", view.payers), ("branch", view.branches)):
        whole = rows[column] == ALL
        keep &= {"whole": whole, "each": ~whole, "both": whole | ~whole}[how]
    keep &= rows["dim1"].isin(view.by) if view.by else rows["dim1"].isna()
    found = rows[keep].copy()
    if view.nonzero == "yes" and len(found):
        name = ["scenario", "indicator"]
        found = found[found.groupby(name)["value"].transform(lambda v: bool((v.fillna(1) != 0).any()))]
    orders: dict[str, list[Any]] = {
        "scenario": chosen,
        "indicator": view.indicators,
        "dim1": view.by,
        "scheme": [*told.schemes, ALL],
    }
    records = found.to_dict("records")
    kinds = view.group.split(" and ") if view.group else []
    found["heading"] = [", ".join(told.label(k, r) for k in kinds) for r in records]
    found["label"] = [told.label(view.row, r) for r in records]
    for kind in reversed([*("dim1" if k in ("variable", "level") else k for k in (*kinds, view.row))]):
        if order := orders.get(kind):
            place = {name: i for i, name in enumerate(order)}
            found = found.sort_values(kind, key=lambda s, place=place: s.map(place).fillna(99), kind="stable")
        elif kind == "year":
            found = found.sort_values("year", kind="stable")
    return found


NUMBERS = ("value", "ci_low", "ci_high", "lo80", "hi80")


def without_idle(view: CoverageViewSpec, told: Told) -> tuple[pd.DataFrame, dict[tuple[str, ...], list[str]]]:
    """The rows of a view without those of scenarios that change nothing in it; and those scenarios, by the headings they lack.

    A scenario changes nothing under a heading if all its numbers there are those of the status quo, or 0 where the rows are
    changes; or if neither has any there. A number that is not shown is never the same. Where scenarios are the headings, each
    counts as a whole.
    """
    rows = selected(view, told)
    if view.scenarios not in ("all", "changing"):
        return rows, {}
    own = view.group == "scenario"
    quo = selected(view.model_copy(update={"scenarios": "quo", "nonzero": "no"}), told)
    place = ["label", "unit"] if own else ["heading", "unit"]
    others = selected(view.model_copy(update={"nonzero": "no"}), told)
    others = others[others["scenario"] != told.quo]
    like = others.merge(quo[[*place, *NUMBERS]], on=place, how="left", suffixes=("", "_quo")).set_index(others.index)
    if view.scenarios == "changing":
        like[[f"{k}_quo" for k in NUMBERS]] = 0.0
    noise = 1e-9 * others.groupby("unit")["value"].transform(lambda v: v.abs().max())
    same = like["value"].notna()
    for k in NUMBERS:
        there, before = like[k], like[f"{k}_quo"]
        same &= ((there - before).abs() <= noise) | there.isna()
    parts = others.assign(same=same, heading="" if own else others["heading"])
    idle = parts.groupby(["heading", "scenario"], sort=False)["same"].all()
    whole = list(dict.fromkeys(parts["heading"]))
    empty = set(whole) - (
        {""} if own and len(quo) else set(quo["heading"])
    )  # headings under which the status quo has no rows
    left_out = {
        heading: [s for s in told.scenarios if s != told.quo and idle.get((heading, s), heading in empty)]
        for heading in whole
    }
    found: dict[tuple[str, ...], list[str]] = {}
    for names in {tuple(n): None for n in left_out.values() if n}:
        lacking = tuple(h for h, n in left_out.items() if tuple(n) == names)
        found[() if len(lacking) == len(whole) else lacking] = list(names)
    gone = {(h, s) for h, names in left_out.items() for s in names}
    keys = zip([""] * len(rows) if own else rows["heading"], rows["scenario"], strict=True)
    return rows[[key not in gone for key in keys]], found


def idle_words(found: Mapping[tuple[str, ...], list[str]], told: Told) -> list[str]:
    """Which scenarios are not shown because they change nothing, in a line for each set of headings."""
    out = []
    for headings, names in found.items():
        scenarios, quo = "; ".join(told.scenarios[n] for n in names), told.scenarios[told.quo]
        if not headings:
            out.append(say("The same as “{quo}”, and left out: {scenarios}.", quo=quo, scenarios=scenarios))
            continue
        under = ", ".join(map(quoted, headings))
        out.append(
            say(
                "Under {headings} the same as “{quo}”, and left out: {scenarios}.",
                headings=under,
                quo=quo,
                scenarios=scenarios,
            )
        )
    return out
