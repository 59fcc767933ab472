"""The best candidate of a variable as lines of a profile, every code with its label and count beside it."""

from __future__ import annotations

from dataclasses import dataclass

from informality.foundation.codes import Code
from informality.foundation.grammar import NOT_APPLICABLE
from informality.foundation.schema import SchemaVariable
from informality.survey.suggesting.candidates import (
    ENOUGH,
    FEW,
    MANY,
    Candidate,
    base_of,
    by_behaviour,
    entry_of,
    is_banded,
    mostly_numbers,
)
from informality.survey.suggesting.facts import ColumnFacts
from informality.survey.suggesting.lines import counted, key, number, remark, scalar
from informality.survey.suggesting.reading import (
    Answer,
    answer_of,
    answers,
    band_of,
    count_of,
    distinct_slugs,
    missing_of,
)
from informality.survey.suggesting.words import EntrySpec
from informality.survey.unfinished import MARK, TODO

SPLIT = 0.8  # the largest number is set apart from the others when the next one is below this part of it
TAKES = {"industry": ("isic4-division", 2), "occupation": ("isco08-major", 1)}


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What is written for a variable: ``not_asked``, ``TODO`` or a form, as lines that stand below ``variables:``."""

    name: str
    lines: list[str]
    column: str | None
    asked: bool


def suggest(
    variable: SchemaVariable, ranked: list[Candidate], chosen: dict[str, Candidate], columns: dict[str, ColumnFacts]
) -> Suggestion:
    """The suggestion for a variable; ``chosen`` holds the columns of those above it, ``columns`` all there are."""
    name, entry = variable.name, entry_of(variable.name)
    best = ranked[0] if ranked and ranked[0].score >= ENOUGH else None
    suffix = name.removeprefix(base_of(name))
    if best is None and entry.origin is not None and (origin := chosen.get(entry.origin + suffix)) is not None:
        return _borrowed(variable, entry, origin, entry.origin + suffix)
    nearest = [f"    # nearest: {_named(c)}" for c in ranked[:3]]
    if best is None and entry.needed and not suffix:
        behave = by_behaviour(name, columns)
        nearest += [f"    # as {name} would: {text}" for text in behave]
        return Suggestion(name, [f"  {name}: {TODO}  # no column is clearly it", *nearest], None, True)
    if best is None:
        return Suggestion(name, [f"  {name}: not_asked  # {MARK}: no column looks like it", *nearest], None, False)
    others = [_named(c) for c in ranked[1:3]]
    head = [f"  {name}:  # {MARK} {best.facts.name} ({best.score:.0f} of 100): {remark(best.why)}"]
    head += [f"    # else: {'; '.join(others)}"] if others else []
    question = [f"    question: {scalar(best.facts.label)}"] if best.facts.label else []
    if variable.spec.kind == "number":
        body = _number(variable, entry, ranked)
    elif variable.spec.open:
        body = _open(best.facts)
    elif _classification(best.facts, base_of(name)):
        body = _take(best.facts, base_of(name))
    else:
        body = _map(best.facts, entry)
    return Suggestion(name, [*head, *question, *body], best.facts.name, True)


def _named(candidate: Candidate) -> str:
    label = f" “{remark(candidate.facts.label)}”" if candidate.facts.label else ""
    return f"{candidate.facts.name}{label} ({candidate.score:.0f})"


def _map(facts: ColumnFacts, entry: EntrySpec) -> list[str]:
    """A map in which every code that occurs has its category or a TODO."""
    read = answers(facts, entry)
    lines = [f"    from: {scalar(facts.name)}", "    map:"]
    if mostly_numbers(facts):
        return _rules(facts, read)
    for code, answer in read.items():
        lines.append(_line(code, answer, facts))
    return lines


def _rules(facts: ColumnFacts, read: dict[Code, Answer]) -> list[str]:
    """Rules for a column of numbers of which a few are answers in words; what the others mean is one decision."""
    lines = ["    rules:"]
    for code, answer in read.items():
        if label := facts.labels.get(code):
            note = counted(code, label, facts.codes.get(code, 0))
            lines.append(
                f"      - {{when: {{{scalar(facts.name)}: {key(code)}}}, then: {answer.category or TODO}}}  # {note}"
            )
    rest = [code for code in facts.codes if code not in facts.labels]
    rows = sum(facts.codes[code] for code in rest)
    lines.append(f"      - {{when: {{{scalar(facts.name)}: blank}}, then: unknown}}  # {MARK}: {facts.blank:,}")
    low, high = min(map(float, rest)), max(map(float, rest))
    note = f"{len(rest)} codes without a label, {number(low)} to {number(high)}: {rows:,}"
    lines.append(f'      - {{when: {{{scalar(facts.name)}: ">= {number(low)}"}}, then: {TODO}}}  # {note}')
    return [*lines, f"      - {{then: unknown}}  # {MARK}: any other code"]


def _line(code: Code, answer: Answer, facts: ColumnFacts) -> str:
    rows = facts.codes.get(code, 0)
    return f"      {key(code)}: {answer.category or TODO}  # {counted(code, facts.labels.get(code, ''), rows)}"


def _borrowed(variable: SchemaVariable, entry: EntrySpec, origin: Candidate, source: str) -> Suggestion:
    """A variable read from the answers to another question, as far as some of them name it."""
    facts = origin.facts
    yes_no = set(variable.categories) == {"yes", "no"}
    read = {code: answer_of(facts.labels.get(code, ""), entry) for code in answers(facts, entry)}
    told = {a.category for a in read.values() if a.category in variable.categories}
    if (yes_no and "yes" not in told) or (not yes_no and len(told) < 2):
        line = f"  {variable.name}: not_asked  # {MARK}: no column looks like it, and {facts.name} does not tell it"
        return Suggestion(variable.name, [line], None, False)
    if yes_no:
        status = entry_of(source)
        for code, answer in read.items():
            kind = answer_of(facts.labels.get(code, ""), status).category
            if answer.category != "yes":
                no = {"employee": "no", "unknown": "unknown", "other": "no", None: TODO, TODO: TODO}
                read[code] = Answer(no.get(kind, NOT_APPLICABLE))
    elif variable.categories and "private" in variable.categories:
        status = entry_of(source)
        for code, answer in read.items():
            kind = answer_of(facts.labels.get(code, ""), status).category
            if answer.category in (None, TODO) and kind in ("employer", "own_account", "contributing_family"):
                read[code] = Answer("private")
    head = f"  {variable.name}:  # {MARK} {facts.name}: no question of its own; these answers to `{source}` tell it"
    lines = [head, f"    question: {scalar(facts.label)}"] if facts.label else [head]
    lines += [f"    from: {scalar(facts.name)}", "    map:", *(_line(c, a, facts) for c, a in read.items())]
    return Suggestion(variable.name, lines, facts.name, True)


def _open(facts: ColumnFacts) -> list[str]:
    """An open variable: every code a category of its own, named after its label."""
    texts = {
        code: facts.labels.get(code) or (code if isinstance(code, str) else f"Code {code}") for code in facts.codes
    }
    missing = {code: missing_of(text).category for code, text in texts.items()}
    names = distinct_slugs({code: text for code, text in texts.items() if missing[code] is None})
    lines = [f"    from: {scalar(facts.name)}", "    map:"]
    for code, rows in facts.codes.items():
        lines.append(f"      {key(code)}: {missing[code] or scalar(names[code])}  # {counted(code, texts[code], rows)}")
    return [*lines, "    labels:", *(f"      {scalar(names[code])}: {scalar(texts[code])}" for code in names)]


def _classification(facts: ColumnFacts, name: str) -> bool:
    """Whether a column holds long codes of a classification rather than groups with labels."""
    return name in TAKES and facts.distinct > MANY / 4 and len(facts.labels) < 0.2 * facts.distinct


def _take(facts: ColumnFacts, name: str) -> list[str]:
    codes, first = TAKES[name]
    width = max((len(str(code)) for code in facts.codes if code not in facts.labels), default=4)
    lines = [
        f"    from: {scalar(facts.name)}",
        f"    take: {{width: {width}, first: {first}}}  # {MARK}: {facts.distinct:,} different codes of up to {width} digits",
        f"    codes: {codes}  # {MARK}: the version of the classification is not in the file",
    ]
    named = {code: label for code, label in facts.labels.items() if code in facts.codes}
    if named:
        lines.append("    map:")
        lines += [
            f"      {key(c)}: {missing_of(x).category or TODO}  # {counted(c, x, facts.codes[c])}"
            for c, x in named.items()
        ]
    return lines


def _number(variable: SchemaVariable, entry: EntrySpec, ranked: list[Candidate]) -> list[str]:
    """A number: as it stands, or from bands and counts in words; a second column where the first is blank."""
    best = ranked[0].facts
    banded = [c.facts for c in ranked if c.score >= ENOUGH and entry.bands and is_banded(c.facts)]
    lines = [f"    from: {scalar(best.name)}"]
    if entry.counts and is_banded(best):
        return lines + _values(best, {code: count_of(label, entry) for code, label in best.labels.items()})
    if entry.bands and (is_banded(best) or best.distinct <= FEW):  # few codes without labels are bands nobody named
        return lines + _band_values(best, entry)
    lines += _plain(best, entry, variable)
    wider = next((facts for facts in banded if facts.answered > best.answered), None)
    if wider is not None:
        lines += [f"    else:  # {MARK} {wider.name} “{remark(wider.label)}”, where {best.name} is blank"]
        lines += [f"      from: {scalar(wider.name)}", *(f"  {line}" for line in _band_values(wider, entry))]
    return lines


def _band_values(facts: ColumnFacts, entry: EntrySpec) -> list[str]:
    limits = {code: band_of(label) for code, label in facts.labels.items()}
    side = 1 if entry.bands == "high" else 0
    return _values(facts, {code: band[side] if band else None for code, band in limits.items()})


def _values(facts: ColumnFacts, said: dict[Code, float | None]) -> list[str]:
    """``values`` for every code: what its label says, the code itself below the first label, a kind of missing, or TODO."""
    first = min((code for code in said if not isinstance(code, str)), default=0)
    lines = ["    number:", "      values:"]
    for code in sorted({*facts.codes, *said}, key=lambda c: (isinstance(c, str), c)):
        label = facts.labels.get(code, "")
        value, missing = said.get(code), missing_of(label).category
        if missing is not None and value is None:
            text = missing
        elif value is not None:
            text = number(value)
        else:
            text = number(float(code)) if not label and not isinstance(code, str) and code < first else TODO
        note = counted(code, label, facts.codes.get(code, 0)) + (
            "; the number itself" if not label and text != TODO else ""
        )
        lines.append(f"        {key(code)}: {text}  # {note}")
    return lines


def _rows_of(facts: ColumnFacts, value: float) -> int:
    """How many rows have a number, whether it is held as one or as text."""
    return sum(rows for code, rows in facts.codes.items() if float(code) == value) if facts.complete else 0


def _plain(facts: ColumnFacts, entry: EntrySpec, variable: SchemaVariable) -> list[str]:
    """A number that stands for itself, with the codes that mean missing and the range that is possible."""
    missing = {code: missing_of(label).category for code, label in facts.labels.items()}
    lines = ["    number:"]
    for reason in ("unknown", "not_applicable"):
        codes = [code for code, category in missing.items() if category == reason]
        shown = "; ".join(f"{key(c)} “{remark(facts.labels[c])}”: {facts.codes.get(c, 0):,}" for c in codes)
        lines += [f"      {reason}: [{', '.join(map(key, codes))}]  # {shown}"] if codes else []
    lines += [
        f"      # {key(c)} is labelled “{remark(facts.labels[c])}”: read as the number {key(c)}"
        for c, m in missing.items()
        if m is None
    ]
    largest = facts.high
    if (
        not any(c == largest for c in missing)
        and set(number(largest)) == {"9"}
        and largest > 90
        and facts.second < SPLIT * largest
    ):
        lines.append(
            f"      unknown: [{number(largest)}]  # {MARK}: no label, {_rows_of(facts, largest):,} rows, and the next "
            f"largest is {facts.second:g}"
        ) if not any(m == "unknown" for m in missing.values()) else None
    low, high = entry.range or (0, float("inf"))
    lines.append(f"      min: {number(low)}  # the file has {facts.low:g} to {facts.high:g}")
    lines += [f"      max: {number(high)}"] if high < 1e9 else []
    return lines
