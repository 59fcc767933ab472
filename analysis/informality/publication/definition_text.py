"""A definition as plain text for a screen: the same parts as in the methods annex, folded at the width of the screen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from informality.publication.definition_chapter import because, how_matched, otherwise, outcome, tests
from informality.publication.inputs import DefinitionNote
from informality.publication.plain import folded, padded, width_of
from informality.publication.table import one_line

INDENT = 2


def heading(note: DefinitionNote, standing: Mapping[str, str], width: int) -> str:
    """Title, summary, how well it is confirmed, and sources."""
    confirmed = note.confirmed or "the file of the definition does not say."
    parts = [
        [note.title],
        _under(note.summary, width),
        _under(f"How well it is confirmed: {confirmed}", width),
        _under(f"Standing: {standing.get(note.status, note.status)}.", width),
        ["Sources:", *(line for source in note.sources for line in _under(source, width, "- "))],
    ]
    return "\n\n".join("\n".join(part) for part in parts)


def options(note: DefinitionNote, width: int) -> str:
    """What the standard leaves open, each option with the value in force, the usual one and the source."""
    lines = ["Options"]
    for option in note.options:
        lines += _under(f"{option.name}: {option.title}", width, " " * INDENT)
        usual = "" if option.default == option.value else f" (usual value: {option.default})"
        lines += _under(f"in force: {option.value}{usual}", width, " " * 3 * INDENT)
        lines += _under(f"source: {option.source}", width, " " * 3 * INDENT)
    return "\n".join(lines)


def rules(note: DefinitionNote, width: int) -> str:
    """Every step: each rule with what it decides, what it tests, and why."""
    return "\n\n".join("\n".join(_step(note, number, width)) for number in range(1, len(note.steps) + 1))


def _step(note: DefinitionNote, number: int, width: int) -> Iterator[str]:
    step = note.steps[number - 1]
    yield from _under(f"{number}. {step.title}. {how_matched(step)}", width)
    wide = max(width_of(rule.id) for rule in step.rules) + 2
    for rule in step.rules:
        yield from _under(f"→ {outcome(step, rule)}", width, " " * INDENT + padded(rule.id, wide))
        inside = " " * (INDENT + wide)
        for line in tests(step, rule) or [otherwise(step)]:
            yield from _under(line, width, inside + "  ")
        if because(rule):
            yield from _under(f"because {because(rule)}", width, inside + "  ")


def examples(note: DefinitionNote, width: int) -> str:
    """Worked examples: a worker's answers, what is decided and by which rule, and why."""
    lines = ["Worked examples"]
    for number, row in enumerate(note.examples.to_dict("records"), 1):
        lines += ["", *_under(str(row["example"]), width, f"{number:>3}. ")]
        for says in (row["answers"], f"→ {row['outcome']}", row["why"] and f"because {row['why']}"):
            lines += _under(str(says), width, " " * 5) if says else []
    return "\n".join(lines)


def listing(rows: Sequence[tuple[str, str, str, str, str]], width: int) -> str:
    """Definitions, each with its title, and below it what it decides and how well it is confirmed."""
    wide = max(width_of(name) for name, *_ in rows) + 2
    lines = []
    for name, title, country, decides, confirmed in rows:
        lines += _under(title, width, padded(name, wide))
        facts = "; ".join(filter(None, (country, f"decides {decides}", confirmed)))
        lines += _under(facts, width, " " * wide)
    return "\n".join(lines)


def _under(text: str, width: int, head: str = "") -> list[str]:
    """Folded text behind a head; later lines stand below the first."""
    inside = width_of(head)
    lines = folded(one_line(text), max(width - inside, 20))
    return [(head if i == 0 else " " * inside) + line for i, line in enumerate(lines)]
