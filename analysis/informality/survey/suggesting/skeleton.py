"""The unfinished profile as a whole: head, waves, keys, design, variables, flags, and room for official figures."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from informality.foundation.schema import Schema, read_schema
from informality.survey.suggesting.candidates import ENOUGH, Candidate, rank
from informality.survey.suggesting.design import Design, guess
from informality.survey.suggesting.facts import ColumnFacts, FileFacts
from informality.survey.suggesting.forms import Suggestion, suggest
from informality.survey.suggesting.lines import counted, key, remark, scalar
from informality.survey.suggesting.reading import answer_of, distinct_slugs
from informality.survey.suggesting.words import fit, language_of, read_words
from informality.survey.unfinished import MARK, TODO

SAME_SERIES = 0.7  # of their columns two files share to be taken for waves of one series
ONE_OF_TWO = (("industry_31", "industry"), ("occupation_88", "occupation"))
"""Versions of a classification: a file has one of them."""

HEAD = """\
# An unfinished survey profile, suggested from the file itself. Nothing here is decided until you have looked at it:
#   {todo}     only you can say; nothing runs before the last one is gone
#   {mark}  a suggestion, with what speaks for it; delete the mark when you have held it against the questionnaire
# The number beside a code is its rows in {file}. Then: informality check {id}
"""
BENCHMARKS = """\
# Official figures this file must reproduce: write one at least, or say why there is none.
# benchmarks:
#   unemployed:
#     title: Unemployed persons
#     statistic: total            # total, share, mean, or agreement with a flag
#     of: {labour_force: unemployed}
#     among: {}
#     value: 0
#     tolerance: 0.5
#     unit: persons
#     source: where it was published
#     status: verified            # read in the source
# no_benchmarks: why there is none
"""


def skeleton(files: Sequence[FileFacts], id: str) -> str:
    """The text of a profile for these files: the first is looked at, the others are further waves or joined to it.

    The same files give the same text. What cannot be told is ``TODO``; all else is marked, with its reasons.
    """
    schema = read_schema()
    first, others = files[0], files[1:]
    design = guess(first)
    parts = [
        HEAD.format(todo=TODO, mark=MARK, file=first.file.path.name, id=id),
        _identity(first, id),
        _waves(first, [f for f in others if _same_series(first, f)]),
        _joins(first, [f for f in others if not _same_series(first, f)]),
        _keys(design),
        _design(design),
        _variables(first, schema),
        _flags(first),
        BENCHMARKS,
    ]
    return "\n".join(part for part in parts if part)


def _identity(facts: FileFacts, id: str) -> str:
    texts = [t for c in facts.columns.values() for t in (c.label, *list(c.labels.values())[:30])]
    language, words = language_of(texts)
    said = (
        f"{language}  # {MARK}: {words:,} small words in the labels"
        if language
        else f"{TODO}  # the file has no labels that tell"
    )
    return (
        f"id: {scalar(id)}\ntitle: {TODO}\ncountry: {{code: {TODO}, name: {TODO}}}  # code: ISO 3166, three letters\n"
        f"agency: {TODO}\nlanguage: {said}\ncurrency: {TODO}  # ISO 4217, three letters\n"
        f"status: assumption  # verified when official figures are reproduced\n"
        f'bases: ["13"]  # {MARK}: "19" where the survey leaves out those who produce for their own use\n'
        f"basis_note: {TODO}  # which employment concept the survey follows\n"
    )


def _same_series(first: FileFacts, other: FileFacts) -> bool:
    mine, theirs = {n.casefold() for n in first.columns}, {n.casefold() for n in other.columns}
    return len(mine & theirs) >= SAME_SERIES * len(mine | theirs)


def _waves(first: FileFacts, others: Sequence[FileFacts]) -> str:
    lines, taken = ["waves:"], set[str]()
    for facts in (first, *others):
        year = re.search(r"(?:19|20)\d\d", facts.file.path.stem)
        name = scalar(year.group()) if year else f"wave{len(taken) + 1}"
        name = name if name not in taken else f"wave{len(taken) + 1}"
        taken.add(name)
        lines += [f"  {name}:  # {MARK}: the name of the wave, such as 2021q1", f"    title: {TODO}"]
        lines += _file(facts, "    ")
        lines += [f"    source: {TODO}  # who published it, where and when", f"    licence: {TODO}"]
        absent = [n for n in first.columns if n not in facts.columns]
        lines += [f"    # not in this file, or written otherwise: {remark(', '.join(absent))}"] if absent else []
        lines += [f"    # {remark(str(w.what))}: {remark(w.found)}" for w in facts.file.warnings]
    return "\n".join(lines) + "\n"


def _file(facts: FileFacts, indent: str) -> list[str]:
    """The lines that say which file it is and how it is written."""
    file = facts.file
    lines = [f"file: {scalar(file.path.name)}", f"rows: {file.rows}", f"sha256: {file.sha256}"]
    for option in ("encoding", "delimiter", "member", "layout"):
        if (value := facts.how.get(option)) is not None:
            said = "tab" if value == "\t" else value.name if isinstance(value, Path) else str(value)
            lines.append(f"{option}: {scalar(said)}")
    if facts.how.get("decimal", ".") != ".":
        lines.append(f"decimal: {scalar(facts.how['decimal'])}")
    return [indent + line for line in lines]


def _joins(first: FileFacts, others: Sequence[FileFacts]) -> str:
    """Files with other columns: how they would be joined, as comments, since only a person knows what is wanted of them."""
    lines: list[str] = []
    for facts in others:
        common = [n for n in first.columns if n in facts.columns]
        lines += [
            f"# {facts.file.path.name} has other columns ({facts.file.rows:,} rows). To add some of them, write below the wave:",
            "#     join:",
            *(f"#{line}" for line in ["       - " + _file(facts, "")[0], *_file(facts, "         ")[1:]]),
            f"#         by: [{', '.join(map(scalar, common))}]  # the columns both have; keep those that are keys",
            "#         take: []  # the columns wanted",
            "#         relation: many_to_one",
        ]
    return "\n".join(lines) + "\n" if lines else ""


def _keys(design: Design) -> str:
    lines = ["keys:"]
    if design.person:
        lines.append(f"  person: [{', '.join(map(scalar, design.person))}]  # {MARK}: {design.key_note}")
        if design.household:
            lines.append(f"  household: [{', '.join(map(scalar, design.household))}]  # {MARK}")
    else:
        lines.append(f"  person: row  # {MARK}: {design.key_note}; the row number stands in")
    period = _good(design.period)
    lines += [f"  period: {scalar(period.facts.name)}  # {MARK}: {remark(period.why)}"] if period else []
    return "\n".join(lines) + "\n"


def _good(ranked: list[Candidate]) -> Candidate | None:
    return ranked[0] if ranked and ranked[0].score >= ENOUGH else None


def _design(design: Design) -> str:
    lines = ["design:"]
    for part in ("weight", "stratum", "psu"):
        ranked: list[Candidate] = getattr(design, part)
        best = _good(ranked)
        others = [f"{c.facts.name} ({c.score:.0f})" for c in ranked[1 if best else 0 : 4]]
        rest = f"; else {', '.join(others)}" if others else ""
        if best is None:
            lines.append(f"  {part}: {TODO}  # no column is clearly it{rest}")
            continue
        name = scalar(best.facts.name)
        if part == "psu" and design.crossed:
            name = f"[{scalar(design.stratum[0].facts.name)}, {name}]"
        lines.append(f"  {part}: {name}  # {MARK} ({best.score:.0f} of 100): {remark(best.why)}{rest}")
    lines += [f"  # {design.nested}"] if design.nested else []
    lines.append(
        f"  lonely: fail  # {MARK}: strata with a single PSU stop the estimates; or certainty, adjust, average"
    )
    return "\n".join(lines) + "\n"


def _variables(facts: FileFacts, schema: Schema) -> str:
    """All measured variables; blocks of which nothing was found are declared not asked in one line."""
    chosen: dict[str, Candidate] = {}
    found: dict[str, Suggestion] = {}
    ranks = {name: rank(schema[name], facts.columns) for name in schema.measured()}
    for pair in ONE_OF_TWO:
        best = {name: ranks[name][0].score for name in pair if ranks[name]}
        if len(best) == 2 and min(best.values()) >= ENOUGH:
            ranks[min(pair, key=lambda name: (best[name], pair.index(name)))] = []
    for name, ranked in ranks.items():
        found[name] = suggest(schema[name], ranked, chosen, facts.columns)
        if found[name].column is not None:
            own = ranked[0] if ranked and ranked[0].facts.name == found[name].column else None
            chosen[name] = own or Candidate(facts.columns[str(found[name].column)], ENOUGH, "")
    lines = ["variables:"]
    for name, item in found.items():
        if item.asked or schema[name].spec.block is None:
            lines += item.lines
    lines += ["", f"# {MARK}: what the blocks hold beyond the variables above is not asked."]
    return "\n".join(lines) + f"\nblocks: {{{', '.join(f'{b}: not_asked' for b in schema.blocks)}}}\n"


def _flags(facts: FileFacts) -> str:
    """Variables the agency derived itself on informality, kept so that its figures can be reproduced row by row."""
    entry = read_words().flags
    lines: list[str] = []
    for column in facts.columns.values():
        label = fit(column.label, entry.labels)
        if not label.share or not 2 <= len(column.labels) <= 12:
            continue
        lines += [
            f"  {key_name(column)}:  # {MARK}: the label has “{label.phrase}”",
            f"    title: {scalar(column.label)}",
        ]
        lines += [f"    from: {scalar(column.name)}", "    map:"]
        names = distinct_slugs(column.labels)
        for code in sorted({*column.codes, *column.labels}, key=lambda c: (isinstance(c, str), c)):
            said = column.labels.get(code, "")
            category = answer_of(said, entry).category or names.get(code) or TODO
            lines.append(f"      {key(code)}: {scalar(category)}  # {counted(code, said, column.codes.get(code, 0))}")
    return "\n".join(["flags:", *lines]) + "\n" if lines else ""


def key_name(column: ColumnFacts) -> str:
    """The column's name as that of a flag."""
    return scalar(column.name.lower())
