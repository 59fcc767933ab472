"""What the answers of a column mean: value labels read as categories of a variable, and as limits of a band."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from informality.foundation.codes import Code
from informality.foundation.grammar import NOT_APPLICABLE, UNKNOWN
from informality.survey.suggesting.facts import ColumnFacts
from informality.survey.suggesting.words import NO_FIT, EntrySpec, Fit, covers, fit, read_words, tokens, values_of
from informality.survey.unfinished import TODO

CLEAR = 0.9  # the second-best category stays below this part of the best, or a person has to decide
CERTAIN = 0.25  # the part of a label that words for missing cover at least, as in “edad ignorada”
_NUMBER = re.compile(r"\d+(?:[.,]\d{3})*")
MORE = {"mas", "more", "over", "plus", "ou plus", "mais", "acima", "superieur"}
LESS = {"menos", "less", "fewer", "under", "moins", "menor"}
ALONE = {"solo", "sola", "alone", "seul", "sozinho", "ninguno", "ninguna"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What one code is taken for: a category, ``TODO``, or None where nothing is known of it."""

    category: str | None
    fit: Fit = NO_FIT


@functools.lru_cache(maxsize=50_000)
def missing_of(label: str) -> Answer:
    """``unknown`` or ``not_applicable``, if a label says that it is none."""
    found = [(fit(label, words), name) for name, words in read_words().missing.items()]
    best, name = max(found, key=lambda item: item[0].share)
    return Answer(name, best) if best.share >= CERTAIN else Answer(None)


def answer_of(label: str, entry: EntrySpec) -> Answer:
    """The category that a value label names: the phrase that covers most of it, if none other is near."""
    ranked = sorted(
        ((fit(label, words), name) for name, words in values_of(entry).items()), key=lambda item: -item[0].share
    )
    missing = missing_of(label)
    if not ranked or ranked[0][0].share == 0.0:
        return missing
    best, name = ranked[0]
    if missing.category is not None and missing.fit.share > best.share:  # the words of the variable itself go first
        return missing
    if len(ranked) > 1 and ranked[1][0].share >= CLEAR * best.share:
        return Answer(TODO, best)
    return Answer(name, best)


def answers(facts: ColumnFacts, entry: EntrySpec) -> dict[Code, Answer]:
    """What every code that occurs is taken for, and those that are only labelled."""
    everything = {code: facts.labels.get(code, "") for code in (*facts.codes, *facts.labels)}
    return {code: answer_of(label, entry) for code, label in sorted(everything.items(), key=_in_order)}


def _in_order(item: tuple[Code, str]) -> tuple[bool, float, str]:
    code = item[0]
    return isinstance(code, str), 0.0 if isinstance(code, str) else float(code), str(code)


def band_of(label: str) -> tuple[float, float] | None:
    """The least and the most a label such as ``11 a 20 personas`` or ``more than 500`` stands for; None if it has no number."""
    numbers = [float(re.sub(r"[.,]", "", n)) for n in _NUMBER.findall(label)]
    words = set(tokens(label))
    if not numbers:
        return (1.0, 1.0) if words & ALONE else None
    if len(numbers) >= 2:
        low, high = numbers[0], numbers[1]
        return low, high - 1 if words & LESS else high
    (number,) = numbers
    if words & LESS:
        return 1.0, number - 1
    if words & MORE or "+" in label or "more" in label:
        after = bool(re.search(r"\d\D*(y m[aá]s|o m[aá]s|or more|and more|and over|et plus|ou mais|e mais|\+)", label))
        return (number if after else number + 1), float("inf")
    return number, number


def count_of(label: str, entry: EntrySpec) -> float | None:
    """The number a label such as ``más de uno`` stands for."""
    best, value = 0.0, None
    for words in entry.counts.values():
        for phrase, number in words.items():
            share = covers(phrase, label)
            if share > best:
                best, value = share, number
    return value


def slug(label: str) -> str:
    """A label as the name of a category: letters and digits joined by underscores."""
    plain = unicodedata.normalize("NFKD", label.lower())
    bare = "".join(c for c in plain if not "̀" <= c <= "ͯ")
    kept = "".join(c if c.isalnum() or unicodedata.category(c).startswith("M") else " " for c in bare)
    return "_".join(kept.split())[:40].strip("_") or "none"


def distinct_slugs(labels: Mapping[Code, str]) -> dict[Code, str]:
    """A name for every code, numbered where two labels give the same."""
    out: dict[Code, str] = {}
    for code, label in labels.items():
        name, n = slug(label), 2
        if name[0].isdigit() or name in (UNKNOWN, NOT_APPLICABLE):
            name = f"group_{name}"
        while name in out.values():
            name, n = f"{slug(label)}_{n}", n + 1
        out[code] = name
    return out
