"""What is left to do in a profile: places that say ``TODO``, and suggestions nobody has confirmed yet.

``informality new`` writes ``TODO`` where only a person can decide, and marks every suggestion with a comment that begins
with ``CONFIRM``. A profile with a ``TODO`` is refused; one with ``CONFIRM`` works, and ``informality check`` counts the marks.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from informality.foundation.errors import Problem
from informality.foundation.grammar import MISSING
from informality.foundation.schema import Schema
from informality.foundation.specfile import Loc, SpecFile, read_yaml

TODO = "TODO"
MARK = "CONFIRM"
_COMMENT = re.compile(r"\s#\s?(.*)$")
_MARK = re.compile(rf"# {MARK}\b")


def todos(path: Path, schema: Schema) -> list[Problem]:
    """A problem for each value ``TODO`` of a profile, with the comment beside it as its evidence."""
    data, lines, _ = read_yaml(path)
    file: SpecFile[Any] = SpecFile(None, path, lines)
    text = path.read_text(encoding="utf-8-sig").splitlines()
    found = []
    for loc in _open(data, ()):
        comment = _COMMENT.search(text[lines[loc] - 1]) if loc in lines else None
        name = ".".join(str(part) for part in loc)
        evidence = comment.group(1).strip() if comment else ""
        found.append(Problem(file.place(*loc), f"`{name}` is still to be decided", evidence, _fix(loc, schema)))
    return found


def marks(path: Path) -> list[int]:
    """The lines (from 1) on which a suggestion is still marked ``CONFIRM``."""
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    return [i for i, line in enumerate(lines, 1) if _MARK.search(line)]


def _open(value: Any, loc: Loc) -> list[Loc]:
    """Where ``TODO`` stands in plain YAML values, in the order of the file."""
    if value == TODO:
        return [loc]
    if isinstance(value, dict):
        return [found for key, item in value.items() for found in _open(item, (*loc, key))]
    if isinstance(value, list):
        return [found for i, item in enumerate(value) for found in _open(item, (*loc, i))]
    return []


def _fix(loc: Loc, schema: Schema) -> str:
    """What can be written there."""
    if loc[0] == "variables" and len(loc) > 1 and (variable := schema.variables.get(str(loc[1]))) is not None:
        if len(loc) == 2:
            form = "number" if variable.spec.kind == "number" else "map"
            return (
                f"name the column (`from`) with its `{form}`, or write `not_asked` if the survey has no such question"
            )
        if variable.spec.kind == "category" and variable.categories:
            return f"write one of {', '.join((*variable.categories, *MISSING))}"
        if variable.spec.kind == "number":
            return f"write a number or one of {', '.join(MISSING)}"
    if loc[0] == "design":
        rest = "" if loc[-1] == "weight" else ", or `none` if the file has none"
        return f"name the column{rest}"
    return "write it in place of TODO"
