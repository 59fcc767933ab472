"""What the prose may say: every number and every comparing sentence, formatted here and named for ``var``.

A number's name is the path of its results row, ``informal_employment.sex-female.area-rural``, and it has four
forms: ``text`` (number, unit and interval), ``value`` (number and unit), ``interval`` and ``n``. Where a
number may not be printed, each form says so in words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pandas as pd

from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.foundation.language import say
from informality.publication.formats import COUNT, plain_number, prose_format
from informality.publication.notes import lower_first
from informality.publication.published import Publication, levels_of
from informality.publication.table import Labels, markdown_text
from informality.publication.view_specs import ContrastSpec, ExtremesSpec, ViewsSpec

WITHHELD_WORDS = {
    "suppressed": "a number that rests on too few interviews to be shown",
    "not_determinable": "a number that cannot be worked out from this survey",
}
ABSENT = "not available in this survey"
FORMS = ("text", "value", "interval", "n")

NOT_A_GROUP = {"unknown", "not_asked", "not_applicable", "not_classified", "other_band", "X"}
"""Levels that no sentence ranks: they say what is not known, not who somebody is."""

Tree = dict[str, Any]


def prose_variables(views: ViewsSpec, pub: Publication, source: str) -> Tree:
    """The nested variables for ``_variables.yml``.

    ``source`` is the text of the report: a number it names that this survey does not have becomes words, so
    that one report serves every survey. A name that means nothing is left out and stops the renderer.
    """
    rows = pub.results
    rows = rows[rows["table"].isin(views.prose)]
    by_definition = [t for t, keys in views.prose.items() if "definition" in keys]
    headline = rows["definition"].isna() | (rows["definition"] == pub.headline)
    rows = rows[headline | rows["table"].isin(by_definition)]
    tree: Tree = {}
    for row in rows.to_dict("records"):
        path = name_of(row, views)
        if all(re.fullmatch(r"[\w-]*\w", part) for part in path):
            _put(tree, path, forms(row, pub.labels, pub.meanings, pub.flags))
    for path, words in _absent(views, pub, source, tree).items():
        _put(tree, path, dict.fromkeys(FORMS, words))
    tree["contrast"] = {name: contrast(spec, pub) for name, spec in views.contrasts.items()}
    tree["extremes"] = {name: extremes(spec, pub) for name, spec in views.extremes.items()}
    levels = rows["confidence"].dropna().unique()
    tree["confidence"] = (
        say("{number} per cent", number=plain_number(levels[0] * 100)) if len(levels) == 1 else "stated"
    )
    return tree


def name_of(row: Mapping[str, Any], views: ViewsSpec) -> tuple[str, ...]:
    """``("numbers", "employed", "sex-female")``: the name of a results row in the prose."""
    table = str(row["table"])
    keys = [str(row[k]) for k in views.prose[table] if row[k] != table]
    return (table, *keys, *(f"{dim}-{level}" for dim, level in levels_of(row).items()))


def _put(tree: Tree, path: tuple[str, ...], leaf: Tree) -> None:
    for key in path:
        tree = tree.setdefault(key, {})
    if "text" in tree:
        raise InformalityError(
            Problem(
                "results table",
                "two rows have the same name in the prose",
                ".".join(path),
                "give the table another key under `prose` in views.yml",
            ),
            ExitCode.RENDER,
        )
    tree.update(leaf)


def _absent(views: ViewsSpec, pub: Publication, source: str, tree: Tree) -> dict[tuple[str, ...], str]:
    """Names the report uses that are sound but have no row in this survey, and the words in their place.

    A sound name is made of a table, indicators, definitions or universes, and levels that the labels know.
    """
    keys = {*pub.labels.indicators, *pub.labels.universes, *pub.labels.levels.get("definition", ())}
    lacking = pub.results[pub.results["grade"] == "not_determinable"].to_dict("records")
    undetermined = {(row["table"], *sorted(levels_of(row))) for row in lacking}
    absent = {}
    for name in dict.fromkeys(re.findall(r"\{\{<\s*var\s+(\S+)\.(?:text|value|interval|n)\s*>\}\}", source)):
        path = tuple(name.split("."))
        pairs = [part.split("-", 1) for part in path[1:] if part not in keys]
        sound = all(len(pair) == 2 and pair[1] in pub.labels.levels.get(pair[0], ()) for pair in pairs)
        if path[0] in views.prose and sound and not _found(tree, path):
            dims = sorted(pair[0] for pair in pairs)
            absent[path] = say(WITHHELD_WORDS["not_determinable"] if (path[0], *dims) in undetermined else ABSENT)
    return absent


def _found(tree: Tree, path: tuple[str, ...]) -> bool:
    for key in (*path, "text"):
        if key not in tree:
            return False
        tree = tree[key] if isinstance(tree[key], dict) else {}
    return True


def forms(row: Mapping[str, Any], labels: Labels, meanings: Mapping[str, str], flags: Mapping[str, str]) -> Tree:
    """The four printed forms of one number."""
    n = COUNT(row["n"]) if pd.notna(row["n"]) else say("not shown")
    if pd.isna(row["value"]):
        words = say(WITHHELD_WORDS.get(row["grade"], ABSENT))
        return {"text": words, "value": words, "interval": words, "n": n}
    number = prose_format(row["unit"], row["se"], labels.unit(row["unit"]))
    unit = {"share": say("per cent"), "persons": say("people")}.get(
        row["unit"], markdown_text(labels.unit(row["unit"]))
    )
    value = f"{number(row['value'])} {unit}"
    interval = (
        say("{low} to {high}", low=number(row["ci_low"]), high=number(row["ci_high"]))
        if pd.notna(row["ci_low"])
        else say("no interval")
    )
    caution = "; " + markdown_text(lower_first(meanings[row["grade"]].rstrip("."))) if flags.get(row["grade"]) else ""
    return {"text": f"{value} ({interval}{caution})", "value": value, "interval": interval, "n": n}


# -- sentences that compare ----------------------------------------------------------------------------


def _by(pub: Publication, table: str, by: str) -> pd.DataFrame:
    rows = pub.results
    headline = rows["definition"].isna() | (rows["definition"] == pub.headline)
    mine = headline & (rows["table"] == table) & (rows["dim1"] == by) & rows["dim2"].isna()
    return rows[mine & rows["value"].notna()]


def contrast(spec: ContrastSpec, pub: Publication) -> str:
    """Whether two groups differ: their difference with its interval, and whether chance alone could bring it."""
    found = _by(pub, "differences", spec.by)
    level = "-".join(spec.levels)
    rows = found[(found["indicator"] == spec.indicator) & (found["level1"] == level)].to_dict("records")
    if not rows or pd.isna(rows[0]["p"]):
        return say("This survey cannot say whether the two groups differ.")
    row = rows[0]
    first, second = (markdown_text(pub.labels.level(spec.by, one)) for one in spec.levels)
    value, low, high = row["value"], row["ci_low"], row["ci_high"]
    if value < 0:
        first, second = second, first
        value, low, high = -value, -high, -low
    number = prose_format(row["unit"], row["se"], pub.labels.unit(row["unit"]))
    size = say("{value} percentage points ({low} to {high})", value=number(value), low=number(low), high=number(high))
    if row["p"] < 1 - row["confidence"]:
        return say(
            "The share is {size} higher for the group “{first}” than for “{second}”.",
            size=size,
            first=first,
            second=second,
        )
    return say(
        "The group “{first}” is ahead of “{second}” by {size}, which is no more than chance alone can bring.",
        first=first,
        second=second,
        size=size,
    )


def extremes(spec: ExtremesSpec, pub: Publication) -> str:
    """The groups with the highest and the lowest value among those with an interval and reliable enough to be named."""
    rows = _by(pub, spec.table, spec.by)
    rows = rows[rows["grade"].isin(["good", "caution"]) & ~rows["level1"].isin(NOT_A_GROUP)]
    rows = rows[rows["ci_low"].notna()].sort_values("value")
    if len(rows) < 3:
        return say("There are too few groups with a reliable figure to name the highest and the lowest.")
    named = []
    for row in (rows.iloc[-1], rows.iloc[0]):
        text = forms(row.to_dict(), pub.labels, pub.meanings, pub.flags)["text"]
        named.append(f"{markdown_text(pub.labels.level(spec.by, row['level1']))}, {text}")
    found = say("The highest share is found for {highest}; the lowest for {lowest}.", highest=named[0], lowest=named[1])
    return say("{sentence} Groups whose intervals overlap should not be ranked.", sentence=found)
