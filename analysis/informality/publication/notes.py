"""Sentences made from the rows themselves: what stands below a table or figure, and why one is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from informality.foundation.language import say
from informality.foundation.quantities import weakest
from informality.publication.formats import grouped, plain_number, spanned
from informality.publication.published import Publication

STANDING_WORDS = {
    "recall": "Rests in part on a rule or figure quoted from memory and not yet checked.",
    "assumption": "Rests in part on an assumption; the methods annex names it.",
}


def interval_words(rows: pd.DataFrame) -> str:
    """``95% confidence interval``, from the rows themselves."""
    levels = rows["confidence"].dropna().unique()
    return (
        say("{level}% confidence interval", level=plain_number(levels[0] * 100))
        if len(levels) == 1
        else say("Confidence interval")
    )


def why_missing(laid: pd.DataFrame) -> str:
    """Empty when some row can be published; else what is missing, in the words of the results table."""
    if laid["value"].notna().any():
        return ""
    if reasons := undetermined(laid):
        return say("Cannot be worked out from this survey: {reasons}.", reasons=reasons)
    if len(laid):
        return say("Not shown: too few persons were interviewed in every cell of this table.")
    return say(
        "Not available: this study holds no such result, because the survey lacks the question or the study left it out."
    )


def undetermined(laid: pd.DataFrame) -> str:
    """Why some rows cannot be determined, reasons of one kind told once; empty when all can."""
    return grouped("; ".join(spanned(distinct(laid.loc[laid["grade"] == "not_determinable", "note"]))))


def notes_of(
    laid: pd.DataFrame, pub: Publication, drawn: Mapping[str, str] | None = None, *, of_whom: bool = True
) -> list[str]:
    """Notes made from what occurs: universe, flags, reasons, and the standing of the weakest input.

    ``drawn`` says how a figure draws a grade, to be named beside its symbol; ``of_whom=False`` leaves the universe out.
    """
    notes = []
    universes = distinct(laid["universe"])
    if of_whom and len(universes) == 1 and (laid["unit"] == "share").all():
        notes.append(say("Per cent of {universe}.", universe=lower_first(pub.labels.universe(universes[0]))))
    grades = set(laid["grade"]) - {"not_determinable"}
    flagged = {grade: sign for grade, sign in pub.flags.items() if sign and grade in grades}
    signs = [
        f"{sign}{(drawn or {}).get(grade, '')}: {lower_first(pub.meanings[grade].rstrip('.'))}"
        for grade, sign in flagged.items()
    ]
    if signs:
        notes.append("; ".join(signs) + ".")
    if reasons := undetermined(laid):
        notes.append(say("Not determinable: {reasons}.", reasons=reasons))
    standing = weakest(*laid["status"].dropna().unique())
    if standing in STANDING_WORDS:
        notes.append(say(STANDING_WORDS[standing]))
    return notes


def lower_first(words: str) -> str:
    """Words for the middle of a sentence."""
    return words[:1].lower() + words[1:]


def upper_first(words: str) -> str:
    """Words for the start of a sentence."""
    return words[:1].upper() + words[1:]


def quoted(words: str) -> str:
    """Words as they stand elsewhere, in the quotation marks of the language being spoken."""
    return say("“{words}”", words=words)


def distinct(values: pd.Series | Sequence[Any]) -> list[str]:
    """The different non-missing texts, in order of appearance, without a full stop at the end."""
    return list(dict.fromkeys(str(v).rstrip(". ") for v in values if pd.notna(v) and str(v)))
