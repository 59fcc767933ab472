"""From a question in plain words to rows of the summary store, and how it was understood.

Words are matched with the titles and labels of the study and with ``library/words.yml``, the longest phrase first. Nothing is
guessed in silence: what was understood is said, a word that means nothing is named with the nearest that do, and a
group that no table shows is answered with the groups that come nearest.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from typing import Any

import pandas as pd
from pydantic import Field

from informality.foundation.library import LIBRARY
from informality.foundation.quantities import Status
from informality.foundation.specfile import SpecModel, Words, load


class WordsSpec(SpecModel):
    """``library/words.yml``."""

    title: Words
    sources: list[Words] = Field(min_length=1)
    status: Status
    idle: list[str]
    levels: dict[str, dict[str, list[str]]]
    variables: dict[str, list[str]]
    statistics: dict[str, list[str]]
    indicators: dict[str, list[str]]
    status_quo: list[str]


LOOKED_UP = ("share", "total", "mean", "ratio", "quantile", "difference", "change")
"""Statistics that questions are answered with; the coefficients of models are in the store, but not here."""


FEW = 3
"""A word in the titles of so many scenarios still means them, and no others."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a phrase stands for: ``kind`` indicator, level, variable, statistic, definition or wave."""

    kind: str
    name: str
    level: str = ""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """``phrases``: what means something, in tokens; ``spelling``: a token as people write it."""

    phrases: Mapping[tuple[str, ...], Sequence[Meaning]]
    spelling: Mapping[str, str]

    def near(self, token: str) -> list[str]:
        """Up to three words that mean something and are written much like ``token``."""
        return list(dict.fromkeys(self.spelling[t] for t in get_close_matches(token, list(self.spelling), 4, 0.7)))[:3]


@dataclass(slots=True)
class Wanted:
    """A question as understood. ``where`` holds levels by variable, ``by`` variables of which all levels are wanted."""

    indicators: list[str] = field(default_factory=list)
    where: dict[str, list[str]] = field(default_factory=dict)
    by: list[str] = field(default_factory=list)
    statistic: str = ""
    definition: str = ""
    wave: str = ""
    unknown: dict[str, list[str]] = field(default_factory=dict)
    """Words that mean nothing here, each with the nearest that do."""


@dataclass(frozen=True, slots=True)
class Found:
    """Rows of ``figures`` that answer, or none and the groups that come ``near``; ``understood`` in words."""

    rows: pd.DataFrame
    understood: tuple[str, ...]
    near: tuple[str, ...]


# -- words ---------------------------------------------------------------------------------------------


def tokens(text: str) -> list[str]:
    """Words of a text for comparing: small letters, no accents, no plural s; letters of other scripts as they are."""
    return [_token(word) for word in _split(text)]


def _split(text: str) -> list[str]:
    return re.findall(r"[\w\u0E80-\u0EFF]+", text)


def _token(word: str) -> str:
    plain = unicodedata.normalize("NFKD", word.casefold())
    plain = "".join(c for c in plain if not (unicodedata.combining(c) and ord(c) < 0x0370))
    plain = unicodedata.normalize("NFC", plain)
    return plain[:-1] if len(plain) > 3 and plain.endswith("s") and not plain.endswith("ss") else plain


@cache
def _spec() -> WordsSpec:
    return load(LIBRARY / "words.yml", WordsSpec).spec


def vocabulary(figures: pd.DataFrame, words: Mapping[str, Any]) -> Vocabulary:
    """Every phrase that means something among these figures. ``words``: the store's ``words`` table by kind."""
    spec = _spec()
    found: dict[tuple[str, ...], list[Meaning]] = {}
    spelling: dict[str, str] = {}

    def put(meaning: Meaning, *phrases: str) -> None:
        for phrase in phrases:
            key = tuple(tokens(phrase))
            if key and meaning not in found.setdefault(key, []):
                found[key].append(meaning)
            for word in _split(phrase):
                spelling.setdefault(_token(word), word.lower())

    levels = sorted({(v, x) for text in figures["levels"].unique() for v, x in json.loads(text).items() if x})
    for variable, level in levels:
        said = spec.levels.get(variable, {}).get(level, ())
        put(Meaning("level", variable, level), words["level"].get((variable, level), level), *said)
    for _, scenario in words["status_quo"]:
        put(Meaning("level", "scenario", scenario), *spec.status_quo)
    for variable in dict.fromkeys(v for v, _ in levels):
        put(Meaning("variable", variable), words["variable"].get(variable, variable), *spec.variables.get(variable, ()))
    for name in dict.fromkeys(_looked_up(figures)["indicator"]):
        put(Meaning("indicator", name), words["indicator"].get(name, name), name, *spec.indicators.get(name, ()))
    for name, phrases in spec.statistics.items():
        put(Meaning("statistic", name), *phrases)
    for name in dict.fromkeys(figures["definition"].dropna()):
        put(Meaning("definition", name), name, words["definition"].get(name, name))
    for wave in dict.fromkeys(figures["wave"].dropna()):
        put(Meaning("wave", wave), wave, *re.findall(r"(?:19|20)\d\d", wave))
    taken = set(found)
    for word, scenario in _telling({x: words["level"][v, x] for v, x in levels if v == "scenario"}):
        if (word,) not in taken:
            put(Meaning("level", "scenario", scenario), word)
    return Vocabulary(found, spelling)


def _telling(titles: Mapping[str, str]) -> list[tuple[str, str]]:
    """(word, scenario) for each word that stands in few titles of scenarios: "ceiling", "domestic"."""
    of: dict[str, set[str]] = {}
    for scenario, title in titles.items():
        for word in tokens(title):
            if len(word) > 3:
                of.setdefault(word, set()).add(scenario)
    return [(word, scenario) for word, s in of.items() if len(s) <= FEW for scenario in sorted(s)]


def understand(question: str, known: Vocabulary) -> Wanted:
    """Read a question from left to right, each time the longest phrase that means something.

    A word that names both a figure and a level ("informal") is the figure, unless other words name one.
    """
    idle = {t for word in _spec().idle for t in tokens(word)}
    said, wanted = tokens(question), Wanted()
    longest = max((len(k) for k in known.phrases), default=1)
    either: list[Sequence[Meaning]] = []
    vague: list[str] = []
    i = 0
    while i < len(said):
        sizes = range(min(longest, len(said) - i), 0, -1)
        size = next((n for n in sizes if tuple(said[i : i + n]) in known.phrases), 0)
        if size:
            meanings = known.phrases[tuple(said[i : i + size])]
            if {"indicator", "level"} <= {m.kind for m in meanings}:
                either.append(meanings)
            else:
                _take(wanted, meanings, after_by=i > 0 and said[i - 1] == "by")
        elif said[i] not in idle:
            vague.append(said[i])
        i += max(size, 1)
    titled = {t for k, v in known.phrases.items() if any(m.kind == "indicator" for m in v) for t in k}
    if not wanted.indicators:
        wanted.indicators = _by_overlap([w for w in vague if w in titled], known)
        vague = [w for w in vague if w not in titled]
    for meanings in either:
        chosen = "level" if wanted.indicators else "indicator"
        _take(wanted, [m for m in meanings if m.kind == chosen], after_by=False)
    wanted.unknown = {w: known.near(w) for w in vague}
    return wanted


def _take(wanted: Wanted, meanings: Sequence[Meaning], *, after_by: bool) -> None:
    """Note what a phrase stands for; after ``by`` a variable goes before a level of the same name."""
    kinds = ["indicator", "level", "variable", "statistic", "definition", "wave"]
    if after_by:
        kinds.insert(0, "variable")
    meant = min(meanings, key=lambda m: kinds.index(m.kind))
    if meant.kind == "indicator":
        wanted.indicators += [m.name for m in meanings if m.kind == "indicator" and m.name not in wanted.indicators]
    elif meant.kind == "level":
        wanted.where.setdefault(meant.name, []).extend(
            m.level for m in meanings if (m.kind, m.name) == ("level", meant.name)
        )
    elif meant.kind == "variable":
        wanted.by.append(meant.name)
    else:
        setattr(wanted, meant.kind, meant.name)


def _by_overlap(said: Sequence[str], known: Vocabulary) -> list[str]:
    """Indicators whose title shares most of the words said, the shortest title first."""
    score: dict[str, tuple[int, int]] = {}
    for key, meanings in known.phrases.items():
        common = len(set(key) & set(said))
        for m in meanings:
            if m.kind == "indicator" and common:
                score[m.name] = max(score.get(m.name, (0, -99)), (common, -len(key)))
    best = max(score.values(), default=None)
    return [name for name, value in score.items() if value == best]


# -- rows ----------------------------------------------------------------------------------------------


def _looked_up(figures: pd.DataFrame) -> pd.DataFrame:
    return figures[figures["statistic"].isin(LOOKED_UP) & ~figures["unit_name"].str.endswith("ratio")]


def look_up(figures: pd.DataFrame, wanted: Wanted, headline: str, words: Mapping[str, Any]) -> Found:
    """The rows a question asks for: of the headline definition unless it names another, each number once.

    A question with a word that means nothing is not answered: the answer would be to another question.
    """
    rows = _looked_up(figures)
    if wanted.indicators:
        rows = rows[rows["indicator"].isin(wanted.indicators)]
    elif len(rows):
        rows = rows[rows["indicator"] == rows["indicator"].iloc[0]]
    if wanted.statistic and (rows["statistic"] == wanted.statistic).any():
        rows = rows[rows["statistic"] == wanted.statistic]
    elif "year" in rows:  # what a scenario adds is another number than what it comes to, and has to be asked for
        rows = rows[(rows["statistic"] != "difference") | rows["year"].isna()]
    definition = wanted.definition or headline
    rows = rows[(rows["definition"] == definition) | rows["definition"].isna()]
    if wanted.wave:
        rows = rows[rows["wave"] == wanted.wave]
    groups = rows["levels"].map(json.loads)
    always = set.intersection(*map(set, groups)) if len(groups) else set()  # what a composition is composed of
    if "year" in always and "year" not in wanted.where and "year" not in wanted.by:
        wanted.where["year"] = [max(g["year"] for g in groups)]  # said with the answer, as what was understood
    asked = {*wanted.where, *wanted.by, *always}
    fits = [set(g) == asked and all(g[v] in x for v, x in wanted.where.items()) for g in groups]
    found = rows[fits] if not wanted.unknown else rows.head(0)
    found = found.drop_duplicates(["indicator", "statistic", "universe", "definition", "wave", "levels"])
    near: list[str] = []
    if found.empty:
        related = sorted({tuple(g) for g in groups}, key=lambda g: (len(asked ^ set(g)), len(g), g))
        near = [" × ".join(words["variable"].get(v, v) for v in g) or "all together" for g in related[:5]]
    return Found(found, _said(wanted, definition, words), tuple(near))


def _said(wanted: Wanted, definition: str, words: Mapping[str, Any]) -> tuple[str, ...]:
    """How a question was understood, a line each."""
    lines = [f"of: {words['indicator'].get(i, i)}" for i in wanted.indicators]
    lines += [
        f"{words['variable'].get(v, v)}: {', '.join(words['level'].get((v, x), x) for x in levels)}"
        for v, levels in wanted.where.items()
    ]
    lines += [f"by: {words['variable'].get(v, v)}" for v in wanted.by]
    lines.append(f"definition: {words['definition'].get(definition, definition)}")
    if wanted.wave:
        lines.append(f"wave: {wanted.wave}")
    for word, near in wanted.unknown.items():
        lines.append(f"not understood: {word}" + (f" (did you mean {' or '.join(near)}?)" if near else ""))
    return tuple(lines)


def words_of(rows: Iterable[tuple[str, str, str, str]]) -> dict[str, dict[Any, str]]:
    """The store's ``words`` table (kind, name, level, words) by kind; levels by (variable, level)."""
    out: dict[str, dict[Any, str]] = {k: {} for k in ("indicator", "variable", "level", "definition", "status_quo")}
    for kind, name, level, said in rows:
        out[kind][(name, level) if kind in ("level", "status_quo") else name] = said
    return out
