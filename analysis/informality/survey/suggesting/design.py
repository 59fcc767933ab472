"""How the sample was drawn and what tells persons apart, guessed from names, labels and the way the columns behave."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from informality.survey.suggesting.candidates import NEAR, Candidate
from informality.survey.suggesting.facts import ColumnFacts, FileFacts
from informality.survey.suggesting.words import fit, named, read_words

KEYS = 12  # how many columns are tried as parts of a key


@dataclass(frozen=True, slots=True)
class Design:
    """What was found for each part: candidates (the best first), whether PSUs are nested, and the keys.

    ``person`` is empty when no combination of key columns tells all rows apart; ``repeated`` is then how many rows share
    their key with another under the finest one.
    """

    weight: list[Candidate]
    stratum: list[Candidate]
    psu: list[Candidate]
    period: list[Candidate]
    nested: str = ""
    crossed: bool = False
    person: list[str] = field(default_factory=list)
    household: list[str] = field(default_factory=list)
    key_note: str = ""


def guess(facts: FileFacts) -> Design:
    """The design and the keys of a file."""
    weight, stratum = _rank(facts, "weight"), _rank(facts, "stratum")
    psu, period = _rank(facts, "psu"), _rank(facts, "period")
    nested, crossed = _nesting(facts, stratum, psu)
    person, household, note = _keys(facts)
    return Design(weight, stratum, psu, period, nested, crossed, person, household, note)


def _rank(facts: FileFacts, part: str) -> list[Candidate]:
    found = [_weigh(column, part) for column in facts.columns.values() if column.kind != "blank"]
    good = [candidate for candidate in found if candidate.score >= NEAR]
    return sorted(good, key=lambda c: -round(c.score, 6))


def _weigh(facts: ColumnFacts, part: str) -> Candidate:
    entry = read_words().design[part]
    name, label = named(facts.name, entry.names), fit(facts.label, entry.labels)
    text = max(90 * name, 40 + 60 * label.share if label.share else 0.0)
    if not text:
        return Candidate(facts, 0.0, "")
    said = [f"name `{facts.name}`"] if name else []
    said += [f"label “{facts.label}”"] if label.share else []
    good, behaviour = _behaves(facts, part)
    return Candidate(facts, text if good else text * 0.4, f"{' and '.join(said)}; {behaviour}")


def _behaves(facts: ColumnFacts, part: str) -> tuple[bool, str]:
    """Whether a column behaves as this part of a design must."""
    if part == "weight":
        positive = facts.kind == "number" and facts.low > 0 and not facts.blank
        shape = (
            ""
            if facts.kind != "number"
            else f"{facts.low:g} to {facts.high:g}, {'whole numbers' if facts.whole else 'not whole'}, "
        )
        return positive and facts.distinct > 1, f"{shape}{facts.distinct:,} different, {facts.blank:,} blank"
    most = {"stratum": 0.1, "psu": 0.5, "period": 0.0}[part] * facts.rows
    good = not facts.blank and 2 <= facts.distinct <= (24 if part == "period" else most)
    return good, f"{facts.distinct:,} different, {facts.blank:,} blank"


def _nesting(facts: FileFacts, stratum: list[Candidate], psu: list[Candidate]) -> tuple[str, bool]:
    """Whether every PSU lies in one stratum, in words, and whether PSU numbers repeat between strata."""
    if not stratum or not psu or stratum[0].facts.name == psu[0].facts.name:
        return "", False
    names = [stratum[0].facts.name, psu[0].facts.name]
    pairs = facts.read(names).drop_duplicates()
    strata = pairs.groupby(names[1], dropna=False)[names[0]].nunique(dropna=False)
    spread = int((strata > 1).sum())
    per = pairs.groupby(names[0], dropna=False)[names[1]].nunique(dropna=False)
    lonely = int((per == 1).sum())
    alone = (
        f"; {lonely} of {len(per)} strata have a single PSU"
        if lonely
        else f"; each of {len(per)} strata has two PSUs or more"
    )
    if spread:
        return (
            f"{spread:,} of {len(strata):,} values of {names[1]} lie in several values of {names[0]}, so both make a PSU{alone}",
            True,
        )
    return f"every value of {names[1]} lies in one value of {names[0]}{alone}", False


def _keys(facts: FileFacts) -> tuple[list[str], list[str], str]:
    """Columns that tell every row apart, those of them that name the household, and what was tried."""
    spec = read_words().design
    tried: dict[str, bool] = {}
    for column in facts.columns.values():
        if column.blank or column.distinct < 2:
            continue
        scores = {
            part: max(named(column.name, spec[part].names), fit(column.label, spec[part].labels).share)
            for part in ("household", "person")
        }
        if max(scores.values()) >= 0.45:
            tried[column.name] = scores["person"] > scores["household"]
    names = sorted(tried, key=lambda name: -facts.columns[name].distinct)[:KEYS]
    if not names:
        return [], [], "no column looks like the number of a household or a person"
    frame = facts.read(names)
    codes = {name: pd.factorize(frame[name])[0].astype(np.int64) for name in names}
    chosen: list[str] = []
    group, count = np.zeros(len(frame), dtype=np.int64), 1
    while count < len(frame):
        steps = {name: pd.factorize(group * (len(frame) + 1) + codes[name])[0] for name in names if name not in chosen}
        sizes = {name: int(step.max()) + 1 for name, step in steps.items()}
        if not sizes or max(sizes.values()) == count:
            break
        best = max(sizes, key=lambda name: (sizes[name], -names.index(name)))
        chosen.append(best)
        group, count = steps[best].astype(np.int64), sizes[best]
    order = [name for name in facts.columns if name in chosen]
    if count < len(frame):
        shared = int((np.bincount(group)[group] > 1).sum())
        return (
            [],
            [],
            f"{', '.join(order)} together leave {shared:,} of {len(frame):,} rows that share their key with another",
        )
    needed = _without_spare(order, codes, len(frame))
    household = [name for name in needed if not tried[name]]
    return (
        needed,
        household if len(household) < len(needed) else [],
        f"{', '.join(needed)} together differ on every row",
    )


def _without_spare(names: list[str], codes: dict[str, np.ndarray], rows: int) -> list[str]:
    """The columns without those that the others do not need."""
    kept = list(names)
    for name in reversed(names):
        rest = [n for n in kept if n != name]
        group = np.zeros(rows, dtype=np.int64)
        for other in rest:
            group = pd.factorize(group * (rows + 1) + codes[other])[0].astype(np.int64)
        if rest and int(group.max()) + 1 == rows:
            kept = rest
    return kept
