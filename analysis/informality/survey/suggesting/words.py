"""The words of ``library/recognition.yml``, and how well a text fits them."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pydantic import Field

from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.foundation.library import LIBRARY
from informality.foundation.quantities import Status
from informality.foundation.schema import read_schema
from informality.foundation.specfile import SpecModel, Words, load

LANGUAGES = ("en", "es", "fr", "pt", "lo")
STEM = 4  # letters from which a word fits every word that begins with it
ByLanguage = dict[str, list[Words]]


class EntrySpec(SpecModel):
    """How one variable is recognised."""

    names: list[Words] = Field(default_factory=list)
    labels: ByLanguage = Field(default_factory=dict)
    against: ByLanguage = Field(default_factory=dict, alias="not")
    values: dict[str, ByLanguage] = Field(default_factory=dict)
    like: Words | None = None
    origin: Words | None = Field(default=None, alias="from")
    range: list[float] | None = None
    bands: Words | None = None
    counts: dict[str, dict[str, float]] = Field(default_factory=dict)
    needed: bool = False
    mild: bool = False


class WordsSpec(SpecModel):
    title: Words
    sources: list[Words]
    status: Status
    stopwords: ByLanguage
    second_job: ByLanguage
    elsewhere: ByLanguage
    missing: dict[str, ByLanguage]
    design: dict[str, EntrySpec]
    flags: EntrySpec
    variables: dict[str, EntrySpec]
    yes_no: dict[str, ByLanguage]


@dataclass(frozen=True, slots=True)
class Fit:
    """How much of a text a phrase covers (0 to 1), with the phrase and its language."""

    share: float = 0.0
    phrase: str = ""
    language: str = ""


NO_FIT = Fit()


@functools.cache
def read_words() -> WordsSpec:
    """The shipped words, each entry checked against the schema."""
    file = load(LIBRARY / "recognition.yml", WordsSpec)
    measured, problems = set(read_schema().measured()), []
    for name, entry in file.spec.variables.items():
        if name not in measured:
            problems.append(Problem(file.place("variables", name), f"`{name}` is not a variable a survey fills"))
        elif entry.values:
            known = {*read_schema()[name].categories, "TODO"}
            problems += [
                Problem(file.place("variables", name, "values", c), f"`{c}` is not a category of `{name}`")
                for c in entry.values
                if c not in known
            ]
    if problems:
        raise InformalityError(problems, ExitCode.SPEC)
    return file.spec


def values_of(entry: EntrySpec) -> Mapping[str, ByLanguage]:
    """The words of an entry's answers."""
    if entry.like == "yes_no":
        return read_words().yes_no
    return entry.values


@functools.lru_cache(maxsize=50_000)
def tokens(text: str) -> tuple[str, ...]:
    """A text as words: lower case, without accents (signs of Lao and Arabic stay) or punctuation."""
    plain = unicodedata.normalize("NFKD", text.lower())
    bare = "".join(c for c in plain if not "̀" <= c <= "ͯ")
    return tuple("".join(c if c.isalnum() or unicodedata.category(c).startswith("M") else " " for c in bare).split())


@functools.cache
def _stopwords() -> frozenset[str]:
    return frozenset(word for words in read_words().stopwords.values() for text in words for word in tokens(text))


@functools.lru_cache(maxsize=50_000)
def content(text: str) -> tuple[str, ...]:
    """The words of a text that carry meaning; all of them if none does."""
    words = tokens(text)
    return tuple(w for w in words if w not in _stopwords()) or words


@functools.lru_cache(maxsize=20_000)
def _phrase(text: str) -> tuple[str, ...]:
    """The words a phrase needs: those that carry meaning, or all of them where only one does."""
    words = content(text)
    return words if len(words) > 1 else tokens(text)


def covers(phrase: str, text: str) -> float:
    """The share of a text's letters (small words apart) that a phrase covers; 0 unless every word of it is there."""
    words, small, covered = list(content(text)), set(tokens(text)), 0.0
    total = sum(map(len, words))
    for stem in _phrase(phrase):
        if not stem.isascii():
            if not any(stem in word for word in words):
                return 0.0
            covered += len(stem)
            continue
        # the closest word first: `empleador` is nearer to empleador than `empleado` is
        near = [w for w in words if w == stem or (len(stem) >= STEM and w.startswith(stem))]
        if near:
            words.remove(min(near, key=len))
            covered += len(stem)
        elif stem not in small:
            return 0.0
    return min(covered / total, 1.0) if total else 0.0


class Phrases:
    """Phrases by language, each under the beginning of its first word, and the fit of every text held against them."""

    def __init__(self, phrases: Mapping[str, Iterable[str]]) -> None:
        self.listed = phrases  # kept, so that its id stays its own
        self.begin: dict[str, list[tuple[str, str]]] = {}
        self.known: dict[str, Fit] = {}
        for language, texts in phrases.items():
            for text in texts:
                first = _phrase(text)[0] if _phrase(text) else ""
                self.begin.setdefault(first[:STEM] if first.isascii() else "", []).append((text, language))

    def fit(self, text: str) -> Fit:
        if text not in self.known:
            begin = dict.fromkeys(word[:STEM] for word in tokens(text))
            begin |= {} if text.isascii() else {"": None}
            found = (Fit(covers(p, text), p, language) for key in begin for p, language in self.begin.get(key, ()))
            best = max(found, key=lambda f: (f.share, f.phrase), default=NO_FIT)
            self.known[text] = best if best.share else NO_FIT
        return self.known[text]


_PHRASES: dict[int, Phrases] = {}


def fit(text: str, phrases: Mapping[str, Iterable[str]]) -> Fit:
    """The phrase of ``recognition.yml`` that covers most of a text."""
    if not text or not phrases:
        return NO_FIT
    if id(phrases) not in _PHRASES:
        _PHRASES[id(phrases)] = Phrases(phrases)
    return _PHRASES[id(phrases)].fit(text)


def named(name: str, names: Iterable[str]) -> float:
    """How well a column's name fits names in use: 1 for the same, less for one that contains it as a word."""
    bare = name.casefold()
    parts = [part for part in re.split(r"[^0-9a-zà-ÿ]+", bare) if part]
    best = 0.0
    for known in names:
        if bare == known:
            return 1.0
        if len(known) >= STEM and (known in parts or re.fullmatch(rf"{re.escape(known)}[0-9]{{0,2}}", bare)):
            best = max(best, 0.6)
    return best


def language_of(texts: Iterable[str]) -> tuple[str, int]:
    """The language whose small words are most frequent in some texts, and how many there are; empty when undecided."""
    counts = dict.fromkeys(LANGUAGES, 0)
    small = {
        language: {w for text in words for w in tokens(text)} for language, words in read_words().stopwords.items()
    }
    for text in texts:
        words = tokens(text)
        counts["lo"] += any("຀" <= c <= "໿" for c in text)
        for language in LANGUAGES[:4]:
            counts[language] += sum(word in small[language] for word in words)
    ranked = sorted(counts.items(), key=lambda item: -item[1])
    if ranked[0][1] == 0 or ranked[0][1] == ranked[1][1]:
        return "", 0
    return ranked[0]
