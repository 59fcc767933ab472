"""Which columns may hold a variable: ranked by name, label and answers, each with its evidence."""

from __future__ import annotations

from dataclasses import dataclass

from informality.foundation.schema import SchemaVariable
from informality.survey.suggesting.facts import ColumnFacts
from informality.survey.suggesting.reading import answers, band_of, missing_of
from informality.survey.suggesting.words import EntrySpec, fit, named, read_words, values_of
from informality.survey.unfinished import TODO

ENOUGH = 50.0  # a candidate of this score (of 100) is suggested
NEAR = 25.0  # one of this score is mentioned
MANY = 130  # a column with more labels than this is one of codes of a classification
ALIKE = 0.9  # of the best score another candidate has to have to stand beside it
FEW = 20  # more codes than this without a label are numbers, or codes of a classification
CLASSIFIED = ("industry", "occupation", "industry_31", "occupation_88")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A column for a variable: a score from 0 to 100 and what speaks for it, in words."""

    facts: ColumnFacts
    score: float
    why: str


def base_of(name: str) -> str:
    """The first-job variable whose words a variable of the second job shares."""
    return name.removesuffix("_2")


def entry_of(name: str) -> EntrySpec:
    """The words of a variable; those of another one where it says so. A variable without an entry has none."""
    spec = read_words()
    entry = spec.variables.get(base_of(name), EntrySpec())
    if entry.like is not None and entry.like in spec.variables:
        other = spec.variables[entry.like]
        return other.model_copy(update={"bands": entry.bands or other.bands})
    return entry


def rank(variable: SchemaVariable, columns: dict[str, ColumnFacts]) -> list[Candidate]:
    """Candidates for a variable, the best first; ties go to the column with more answers, then to the first in the file."""
    entry, second = entry_of(variable.name), variable.name.endswith("_2")
    found = [weigh(facts, variable, entry, second) for facts in columns.values() if facts.kind != "blank"]
    good = [candidate for candidate in found if candidate.score >= NEAR]
    ranked = sorted(good, key=lambda c: (-round(c.score, 6), -c.facts.answered))
    if entry.bands and ranked and is_banded(ranked[0].facts):
        # exact numbers go before bands; the bands then stand in where the number is blank
        exact = [c for c in ranked if not is_banded(c.facts) and c.score >= ALIKE * ranked[0].score]
        ranked = [*exact, *(c for c in ranked if c not in exact)]
    return ranked


def is_banded(facts: ColumnFacts) -> bool:
    """Whether labels, not the numbers themselves, say what a column of a few codes means."""
    said = [code for code, label in facts.labels.items() if missing_of(label).category is None]
    return len(said) >= 2 and facts.distinct <= 40


def by_behaviour(name: str, columns: dict[str, ColumnFacts]) -> list[str]:
    """Columns that behave as the age or the sex of persons would, for a file that does not say what its columns are."""
    said = []
    for facts in columns.values():
        shares = [n / max(facts.answered, 1) for n in facts.codes.values()]
        if (
            name == "age"
            and facts.numeric
            and facts.whole
            and facts.distinct >= 50
            and facts.low >= 0
            and facts.high <= 120
        ):
            said.append(f"{facts.name}: whole numbers {facts.low:g} to {facts.high:g}, {facts.blank:,} blank")
        if name == "sex" and not facts.blank and facts.distinct == 2 and min(shares) > 0.4:
            said.append(f"{facts.name}: {', '.join(f'{c} {n:,}' for c, n in facts.codes.items())}")
    return said[:5]


def weigh(facts: ColumnFacts, variable: SchemaVariable, entry: EntrySpec, second: bool) -> Candidate:
    """One column for one variable."""
    spec = read_words()
    text, why = _text(facts, entry)
    of_second = fit(facts.label, spec.second_job).share > 0
    if of_second != second:
        return Candidate(facts, 0.0, "")
    if text and (against := fit(facts.label, entry.against)).share:
        text, why = text * 0.5, f"{why}; but the label says “{against.phrase}”"
    elif text and not entry.mild and (elsewhere := fit(facts.label, spec.elsewhere)).share:
        text, why = text * 0.5, f"{why}; but the label says “{elsewhere.phrase}”"
    if variable.spec.kind == "number":
        return _number(facts, entry, text, why)
    if variable.spec.open:
        usable = facts.complete and 2 <= facts.distinct <= 100
        return Candidate(facts, text if usable else 0.0, f"{why}; {facts.distinct} different codes")
    return _category(facts, variable, entry, text, why)


def _text(facts: ColumnFacts, entry: EntrySpec) -> tuple[float, str]:
    """What name and label say for a column, 0 to 100."""
    name, label = named(facts.name, entry.names), fit(facts.label, entry.labels)
    scores, why = [], []
    if name:
        scores.append(90 * name)
        why.append(f"name `{facts.name}`")
    if label.share:
        scores.append(40 + 60 * label.share)
        why.append(f"label has “{label.phrase}” ({label.language}), {label.share:.0%} of it")
    if not scores:
        return 0.0, ""
    return min(max(scores) + 10 * (len(scores) - 1), 100.0), " and ".join(why)


def _number(facts: ColumnFacts, entry: EntrySpec, text: float, why: str) -> Candidate:
    if not facts.numeric or not text:
        return Candidate(facts, 0.0, "")
    low, high = entry.range or (float("-inf"), float("inf"))
    inside = low <= facts.quarters[0] and facts.quarters[1] <= high
    listed = {c: label for c, label in facts.labels.items() if missing_of(label).category is None}
    answered = sum(facts.codes.get(code, 0) for code in listed)
    few = len(listed) >= 2 and answered > 0.5 * facts.answered
    if few and entry.bands:
        read = sum(band_of(label) is not None for label in listed.values()) / len(listed)
        return Candidate(facts, text * (0.4 + 0.6 * read), f"{why}; {read:.0%} of the labels are bands")
    if few and entry.counts:
        return Candidate(facts, text, f"{why}; {len(listed)} labelled answers")
    if few or not inside:
        doubt = "its answers are labelled as categories" if few else f"half of it lies outside {low:g} to {high:g}"
        return Candidate(facts, text * 0.4, f"{why}; but {doubt}")
    return Candidate(facts, text, f"{why}; {facts.low:g} to {facts.high:g}, median {facts.quarters[1]:g}")


def _category(facts: ColumnFacts, variable: SchemaVariable, entry: EntrySpec, text: float, why: str) -> Candidate:
    words = values_of(entry)
    if mostly_numbers(facts) and facts.labels and base_of(variable.name) not in CLASSIFIED:
        told = {a.category for code, a in answers(facts, entry).items() if code in facts.labels} & {
            *variable.categories
        }
        few = text if told and len(variable.categories) == 2 else 0.3 * text
        return Candidate(facts, few, f"{why}; {len(told)} of its answers in words, the others are numbers")
    if not facts.labels or len(facts.labels) > MANY or _few_labels(facts):
        rest = "no value labels" if not facts.labels else f"{facts.distinct:,} codes of a classification"
        fits = facts.distinct > 1 and (facts.distinct <= FEW or base_of(variable.name) in CLASSIFIED)
        return Candidate(facts, text * (0.8 if fits else 0.3), f"{why}; {rest}") if text else _nothing(facts)
    read = answers(facts, entry)
    said = {
        code: a
        for code, a in read.items()
        if facts.labels.get(code) and missing_of(facts.labels[code]).category is None
    }
    if not said:
        return _nothing(facts)
    known = [a.category for a in said.values() if a.category in variable.categories]
    half = [a for a in said.values() if a.category == TODO]
    share = 100 * (len(known) + 0.7 * len(half)) / len(said)
    different = len(set(known))
    evidence = f"{len(known)} of {len(said)} labels are answers to it" if words else ""
    why = "; ".join(filter(None, (why, evidence)))
    if set(words) - {TODO} <= {"yes", "no"}:
        fits = share >= 50 and different >= 1
        return Candidate(facts, text * (0.5 + share / 200) if fits else text * 0.4, why)
    alone = 0.8 * share if different >= 3 or different == len(variable.categories) else 0.0
    both = 0.6 * text + 0.4 * share if text and (known or half) else 0.4 * text
    return Candidate(facts, max(both, alone), why)


def mostly_numbers(facts: ColumnFacts) -> bool:
    """Whether a column holds numbers, of which a few codes alone are labelled."""
    return facts.kind == "number" and sum(code not in facts.labels for code in facts.codes) > FEW


def _few_labels(facts: ColumnFacts) -> bool:
    """Whether only codes for missing are labelled, out of many codes."""
    return facts.distinct > 30 and len(facts.labels) < 0.2 * facts.distinct


def _nothing(facts: ColumnFacts) -> Candidate:
    return Candidate(facts, 0.0, "")
