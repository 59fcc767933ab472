"""What a definition says, printed: as tables, Markdown, a flow chart, SQL, or its worked examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from informality.classification.definition import Definition, read_definition
from informality.classification.spec import DefinitionSpec, Value
from informality.foundation.errors import ExitCode, InformalityError, Problem, did_you_mean
from informality.foundation.library import LIBRARY, find
from informality.foundation.provenance import write_atomically
from informality.foundation.schema import read_schema
from informality.foundation.specfile import load
from informality.study import Workspace, read_study

Form = Literal["table", "md", "svg", "sql", "examples"]
OPTION = "--set"


@dataclass(frozen=True, slots=True)
class Chosen:
    """A definition under the options in force, and those that were taken from its worked examples for want of a choice."""

    definition: Definition
    supposed: tuple[str, ...]
    asked: frozenset[str] | None
    """What the study's survey asked; None where no study was named."""


def all_definitions(workspace: Workspace, width: int = 100) -> str:
    """Every definition there is, the project's own ones too, with whose it is and how well it is confirmed."""
    from informality.publication.definition_text import listing

    paths = {p.stem: p for folder in (LIBRARY / "definitions", workspace.folder("definitions")) for p in _files(folder)}
    rows = []
    for name, path in sorted(paths.items()):
        spec = load(path, DefinitionSpec).spec
        decides = ", ".join(step.title or step.decides for step in spec.steps if step.decides in MAIN)
        rows.append(
            (name, spec.title, spec.country or "", decides or spec.steps[-1].title or "", _first_sentence(spec))
        )
    return f"{listing(rows, width)}\n\ninformality definition NAME prints one of them.\n"


MAIN = ("unit", "sector", "job")
"""The steps by which definitions are told apart: what they decide of the unit and of the job."""


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.yml")) if folder.is_dir() else []


def _first_sentence(spec: DefinitionSpec) -> str:
    said = " ".join((spec.confirmed or "not said").split())
    for end in (". ", ": ", "; "):
        said = said.split(end)[0]
    return f"{said.rstrip('.')} ({spec.status})"


def choose(name: str, workspace: Workspace, settings: Sequence[str], study: str | None, strict: bool) -> Chosen:
    """A definition under ``option=value`` settings, over those of a study where one is named.

    What has no default and is not set is taken as in the worked examples, unless ``strict``. Raises
    :class:`InformalityError` (``USAGE``) for options and values that do not exist, all of them together.
    """
    path = find("definitions", name, workspace.folder("definitions"))
    spec = load(path, DefinitionSpec).spec
    given, problems = _given(spec, settings)
    schema, asked = read_schema(), None
    if study is not None:
        read = read_study(workspace.study_path(study), workspace)
        schema, asked = read.schema, _asked(read.spec.id, study, workspace)
        given = {**read.spec.options.get(spec.id, {}), **given}
    open_options = [n for n, option in spec.options.items() if option.value is None and n not in given]
    if strict:
        problems += [
            Problem(
                OPTION,
                f"`{n}` has no default: the standard leaves it to the country",
                " or ".join(f"{word} ({meaning})" for word, meaning in spec.options[n].choices.items()),
                f"add {OPTION} {n}={next(iter(spec.options[n].choices), '…')}",
            )
            for n in open_options
        ]
    if problems:
        raise InformalityError(problems, ExitCode.USAGE)
    supposed = {n: spec.worked_with[n] for n in open_options if n in spec.worked_with}
    return Chosen(read_definition(path, schema, options={**supposed, **given}), tuple(supposed), asked)


def _given(spec: DefinitionSpec, settings: Sequence[str]) -> tuple[dict[str, Value], list[Problem]]:
    """``option=value`` words as options, and a problem for each that is none."""
    given: dict[str, Value] = {}
    problems: list[Problem] = []
    for setting in settings:
        name, sign, word = (part.strip() for part in setting.partition("="))
        option = spec.options.get(name)
        if not sign or not word:
            problems.append(Problem(OPTION, "an option is set as option=value", f"`{setting}`"))
        elif option is None:
            fix = did_you_mean(name, spec.options) if spec.options else "it has no options"
            problems.append(Problem(OPTION, f"`{name}` is not an option of `{spec.id}`", fix=fix))
        else:
            value = word if option.choices else _number(word)
            if value is None or not option.takes(value):
                fix = did_you_mean(word, option.choices) if option.choices else f"write a number of {option.unit}"
                problems.append(Problem(OPTION, f"`{name}` does not take this value", f"`{word}`", fix))
            else:
                given[name] = value
    return given, problems


def _number(word: str) -> float | None:
    try:
        return float(word)
    except ValueError:
        return None


def _asked(id: str, name: str, workspace: Workspace) -> frozenset[str]:
    """What the survey of a study asked, as its last run recorded it."""
    import json

    try:
        annex = json.loads((workspace.clean(id) / "annex.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        problem = Problem("--study", "this study has not been run yet", f"`{name}`", f"informality run {name}")
        raise InformalityError(problem, ExitCode.DATA_FILE) from None
    return frozenset(annex["asked"])


def printed(chosen: Chosen, form: Form, width: int = 100) -> str:
    """A definition in one of its forms, ready to be shown or written."""
    definition = chosen.definition
    if form == "sql":
        from informality.classification.sql import to_sql

        return to_sql(definition, chosen.asked)
    if form == "svg":
        from informality.publication.flow_chart import chart_file

        return chart_file(definition.spec.title, definition.steps)
    from informality.publication import definition_text as text
    from informality.publication.annex import STANDING
    from informality.publication.definition_chapter import plain_chapter
    from informality.reporting import definition_note

    note = definition_note(definition)
    if form == "md":
        return plain_chapter(note, STANDING)
    if form == "examples":
        return f"{note.title}\n\n{text.examples(note, width)}\n"
    parts = [
        text.heading(note, STANDING, width),
        text.options(note, width) if note.options else "",
        text.rules(note, width),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def supposed_words(chosen: Chosen) -> str:
    """What to say of options that were not chosen; empty where all were."""
    options: Mapping[str, Value] = chosen.definition.options
    said = ", ".join(f"{n}={options[n]}" for n in chosen.supposed)
    return (
        f"Not chosen, so printed as in the worked examples: {said}. Choose with {OPTION} option=value." if said else ""
    )


def save(text: str, path: Path) -> None:
    """Write a printed definition to a file, whole or not at all."""
    write_atomically(path, lambda new: new.write_text(text, encoding="utf-8", newline="\n"))
