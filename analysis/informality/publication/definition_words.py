"""What rests on the definition, in plain sentences with their tables, as Markdown parts of the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from informality.foundation.language import say
from informality.publication.definition_tables import definition_tables, direction_words, letter_of, letters, title_of
from informality.publication.formats import prose_format
from informality.publication.notes import lower_first
from informality.publication.prose import forms
from informality.publication.published import Publication
from informality.publication.table import markdown_text, to_quarto
from informality.publication.view_specs import ViewsSpec

MOST = 6
"""Pairs of rules printed in each direction; the results table has all."""
ABSENT = "This study holds no such comparison."
ONE = "This study uses one definition only, so there is nothing to compare."
Row = Mapping[str, Any]


def definition_parts(views: ViewsSpec, pub: Publication) -> dict[str, str]:
    """The included files of the chapter, by name: sentences first, then the tables they rest on."""

    def tables(*kinds: str) -> list[str]:
        shown = [(id, v) for id, v in views.robustness.items() if v.kind in kinds]
        return [to_quarto(table) for id, view in shown for table in definition_tables(id, view, pub, MOST)]

    said = {
        "definition-change.md": [compared_words(pub), *tables("gaps", "flows", "movers")],
        "definition-unanswered.md": [bound_words(pub), *tables("bounds", "groups", "assumed")],
        "definition-options.md": [option_words(pub), *tables("options")],
    }
    return {name: "\n".join(parts) + "\n" for name, parts in said.items()}


def _rows(pub: Publication, table: str) -> pd.DataFrame:
    return pub.results[pub.results["table"] == table]


def _text(row: Row | None, pub: Publication, form: str = "text") -> str:
    return "" if row is None else str(forms(row, pub.labels, pub.meanings, pub.flags)[form])


def _listed(sentences: Sequence[str], otherwise: str) -> str:
    return "\n".join(f"- {s}" for s in sentences) + "\n" if sentences else otherwise + "\n"


def _points(row: Row, pub: Publication) -> str:
    """``3.1 percentage points lower (2.8 to 3.4)``."""
    number = prose_format(row["unit"], row["se"], pub.labels.unit(row["unit"]))
    value, low, high = row["value"], row["ci_low"], row["ci_high"]
    higher = value > 0
    if not higher:
        value, low, high = -value, -high, -low
    limits = " " + say("({low} to {high})", low=number(low), high=number(high)) if pd.notna(low) else ""
    return (
        say("{value} percentage points higher{limits}", value=number(value), limits=limits)
        if higher
        else say("{value} percentage points lower{limits}", value=number(value), limits=limits)
    )


def compared_words(pub: Publication) -> str:
    """For each pair of definitions and each rate: both rates, what they differ by, and how many workers move."""
    rows = _rows(pub, "definition_gaps")
    if rows.empty:
        return say(ONE if len(pub.labels.levels.get("definition", ())) < 2 else ABSENT) + "\n"
    said = []
    for row in rows[rows["statistic"] == "rate_difference"].to_dict("records"):
        first, second = row["level1"], row["definition"]
        pair = rows[
            (rows["indicator"] == row["indicator"])
            & rows["definition"].isin([first, second])
            & rows["level1"].isin([first, second])
        ].to_dict("records")
        titles = [letter_of(pub, d) for d in (first, second)]
        words = [f"**{markdown_text(pub.labels.indicator(row['indicator']))}.**"]
        words.append(_undetermined_gap(row, pair, titles, pub) or _gap(row, pair, titles, pub))
        said.append(" ".join([*words, *_moving(row, titles, pub)]))
    named = rows["definition"].to_list() + rows["level1"].to_list()
    return f"{markdown_text(letters(pub, named))}\n\n{_listed(said, say(ONE))}"


def _gap(row: Row, pair: Sequence[Row], titles: Sequence[str], pub: Publication) -> str:
    rates = {r["definition"]: _text(r, pub, "value") for r in pair if r["statistic"] == "rate"}
    before, after = rates[row["level1"]], rates[row["definition"]]
    return say(
        "Under {first} the rate is {before}, under {second} {after}: {difference}.",
        first=titles[0],
        before=before,
        second=titles[1],
        after=after,
        difference=_points(row, pub),
    )


def _undetermined_gap(row: Row, pair: Sequence[Row], titles: Sequence[str], pub: Publication) -> str:
    """Why a difference cannot be determined, and what holds it; empty where it can."""
    if row["grade"] != "not_determinable":
        return ""
    words = say(
        "What {second} differs from {first} by cannot be determined: {reasons}.",
        second=titles[1],
        first=titles[0],
        reasons=markdown_text(str(row["note"])),
    )
    ends = {r["statistic"]: r for r in pair if r["unit"] == "points"}
    keys = ("difference_lower", "difference_upper")
    if not set(keys) <= set(ends):
        return words
    number = prose_format("points", max(ends[k]["se"] for k in keys), "")
    low, high = (number(ends[k]["value"]) for k in keys)
    return say(
        "{sentence} It lies between {low} and {high} percentage points, whatever is missing.",
        sentence=words,
        low=low,
        high=high,
    )


def _moving(row: Row, titles: Sequence[str], pub: Publication) -> list[str]:
    """How many workers move in each direction."""
    rows = _rows(pub, "movers")
    of_pair = (rows["indicator"] == row["indicator"]) & rows["level2"].isna()
    for dim, definition in (("dim2", row["level1"]), ("dim3", row["definition"])):
        of_pair &= rows[dim].fillna("").str.startswith(f"{definition}.")
    return [
        f"{_text(who, pub, 'value')}: {lower_first(direction_words(who['level1'], *titles))}."
        for who in rows[of_pair & rows["value"].notna()].to_dict("records")
    ]


def bound_words(pub: Publication) -> str:
    """For each rate and definition: how far it could move if the missing answers were known."""
    rows = _rows(pub, "bounds")
    rows = rows[rows["dim2"].isna()]
    said = []
    for (indicator, definition), part in rows.groupby(["indicator", "definition"], sort=False):
        records = part.to_dict("records")
        point = next((r for r in records if r["statistic"] == "point"), None)
        if point is None:
            continue
        name = markdown_text(f"{pub.labels.indicator(str(indicator))}, {title_of(pub, str(definition))}")
        if point["grade"] == "not_determinable":
            words = [
                say(
                    "**{name}.** The rate itself cannot be determined: {reasons}.",
                    name=name,
                    reasons=markdown_text(str(point["note"])),
                )
            ]
        else:
            words = [say("**{name}.** The rate is {number}.", name=name, number=_text(point, pub, "value"))]
        words.append(_range(say("If all who were asked had answered"), "unknown", records, pub))
        words.append(_range(say("If also what was never asked were known"), "either", records, pub))
        said.append(" ".join(filter(None, words)))
    return _listed(said, say(ABSENT))


def _range(lead: str, scope: str, records: Sequence[Row], pub: Publication) -> str:
    found = {r["statistic"]: r for r in records if r["level1"] == scope and pd.notna(r["value"])}
    if not {"lower", "upper", "interval_low", "interval_high"} <= set(found):
        return ""
    low, high = found["lower"], found["upper"]
    if low["value"] == high["value"]:
        return say("{lead}, it would be the same.", lead=lead)
    if (low["value"], high["value"]) == (0, 1):
        return say("{lead}, it could be anything: the survey lacks the questions this definition rests on.", lead=lead)
    number = prose_format("share", max(low["se"], high["se"]), "")
    ends, outer = (
        say("{low} to {high}", low=number(found[a]["value"]), high=number(found[b]["value"]))
        for a, b in (("lower", "upper"), ("interval_low", "interval_high"))
    )
    return say(
        "{lead}, it could be anywhere from {ends} per cent ({outer} with the error of the sample).",
        lead=lead,
        ends=ends,
        outer=outer,
    )


def option_words(pub: Publication) -> str:
    """For each definition and rate the option that changes most, and how many change nothing."""
    rows = _rows(pub, "options")
    said = []
    for (definition, indicator), part in rows.groupby(["definition", "indicator"], sort=False):
        name = markdown_text(f"{pub.labels.indicator(str(indicator))}, {title_of(pub, str(definition))}")
        gaps = part[part["statistic"] == "rate_difference"].set_index("level2")
        moved = set(part.loc[part["statistic"] == "moved", "level2"])
        still = [level for level in gaps.index if level not in moved]
        known = gaps[gaps["value"].notna() & gaps.index.isin(moved)]
        words = [_most(known, part, pub)] if len(known) else []
        unknown = len(moved - set(known.index))
        if unknown:
            words.append(
                say(
                    (
                        "For {number} of the {all} settings tried the difference cannot be determined, because somebody "
                        "is left open."
                    ),
                    number=unknown,
                    all=len(gaps),
                )
            )
        if len(still) == len(gaps):
            words.append(say("No setting moves anybody ({all} tried).", all=len(gaps)))
        elif still:
            words.append(
                say("1 of the {all} settings tried moves nobody.", all=len(gaps))
                if len(still) == 1
                else say("{number} of the {all} settings tried move nobody.", number=len(still), all=len(gaps))
            )
        said.append(f"**{name}.** {' '.join(words)}")
    return _listed(said, say("No definition of this study has an option that could be set otherwise."))


def _most(known: pd.DataFrame, part: pd.DataFrame, pub: Publication) -> str:
    """The setting that changes a rate most."""
    level = str(known["value"].abs().idxmax())
    row = known.loc[level].to_dict()
    option, choice = pub.labels.level("option", str(row["level1"])), pub.labels.level("choice", level)
    who = part[(part["statistic"] == "moved") & (part["level2"] == level)].to_dict("records")[0]
    return say(
        "Most depends on “{option}”: set to “{choice}”, the rate is {difference}; {persons} move.",
        option=markdown_text(option),
        choice=markdown_text(choice),
        difference=_points(row, pub),
        persons=_text(who, pub, "value"),
    )
