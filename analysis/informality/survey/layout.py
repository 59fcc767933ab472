"""The layout of a fixed-width file: a small table, one line a column, that says where each stands."""

from __future__ import annotations

import csv
from pathlib import Path

from informality.foundation.errors import ExitCode, InformalityError, Problem, did_you_mean
from informality.survey.gather import Kind
from informality.survey.records import Field

HEADS = {
    "name": ("name", "variable", "column", "nombre"),
    "start": ("start", "begin", "position", "from", "inicio"),
    "width": ("width", "length", "size", "ancho"),
    "end": ("end", "stop", "to", "fin"),
    "decimals": ("decimals", "decimales"),
    "type": ("type", "tipo"),
    "label": ("label", "description", "descripcion", "descripción"),
}
TEXT = ("text", "char", "character", "string", "str", "alpha", "alphanumeric", "a", "$", "c")
NUMBER = ("number", "num", "numeric", "integer", "int", "float", "double", "real", "decimal", "n", "f")


def read_layout(path: Path) -> list[Field]:
    """The columns of a fixed-width file, in the order of the layout.

    The table has a head: ``name``, ``start`` (from 1) and ``width`` or ``end``; if wanted ``decimals`` (how many of
    the digits stand behind a point that is not written, as in SAS's ``w.d``), ``type`` (text or number; blank:
    numbers if every cell is one) and ``label``. Raises :class:`InformalityError` (``DATA_FILE``) with all mistakes.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        fix = "put the layout beside the data file, or correct `layout` in the profile"
        raise _refusal(path, [Problem(str(path), "the layout cannot be read", str(error.strerror), fix)]) from None
    except UnicodeDecodeError as error:
        found = f"byte {error.object[error.start]:#04x}"
        raise _refusal(
            path, [Problem(str(path), "the layout is not UTF-8 text", found, "save it again as UTF-8")]
        ) from None
    first = text.split("\n", 1)[0]
    rows = list(csv.reader(text.splitlines(), delimiter=max(",;\t", key=first.count)))
    heads, problems = _heads(path, rows[0] if rows else [])
    if problems:
        raise _refusal(path, problems)
    fields: list[Field] = []
    for number, row in enumerate(rows[1:], 2):
        if any(cell.strip() for cell in row):
            said = {head: row[i].strip() if i < len(row) else "" for head, i in heads.items()}
            field = _field(said, f"{path.name}, line {number}", problems)
            fields += [field] if field else []
    problems += _doubled(path, fields)
    if not fields and not problems:
        problems.append(
            Problem(path.name, "the layout has no column", f"{len(rows):,} lines", "write one line a column")
        )
    if problems:
        raise _refusal(path, problems)
    return fields


def _refusal(path: Path, problems: list[Problem]) -> InformalityError:
    return InformalityError(problems, ExitCode.DATA_FILE)


def _heads(path: Path, row: list[str]) -> tuple[dict[str, int], list[Problem]]:
    """Where each part of a column's line stands."""
    meaning = {word: head for head, words in HEADS.items() for word in words}
    heads: dict[str, int] = {}
    problems = []
    place = f"{path.name}, line 1"
    for i, cell in enumerate(row):
        head = meaning.get(cell.strip().lower())
        if head is None:
            problems.append(Problem(place, f"`{cell}` is no part of a layout", fix=did_you_mean(cell.lower(), HEADS)))
        elif head in heads:
            problems.append(
                Problem(place, f"the layout says `{head}` twice", f"`{row[heads[head]]}`, `{cell}`", "keep one")
            )
        else:
            heads[head] = i
    lacks = [head for head in ("name", "start") if head not in heads]
    lacks += [] if "width" in heads or "end" in heads else ["width"]
    if lacks:
        found = f"the first line is {', '.join(row) or 'blank'}"
        problems.append(
            Problem(place, f"the layout does not say {' or '.join(lacks)}", found, "name, start, width are needed")
        )
    return heads, problems


def _field(said: dict[str, str], place: str, problems: list[Problem]) -> Field | None:
    wrong: list[Problem] = []

    def whole(head: str, least: int) -> int:
        value = said.get(head, "")
        if not value.isdigit() or int(value) < least:
            fix = f"write a whole number from {least} on"
            wrong.append(Problem(place, f"the `{head}` of a column is not a position", f"`{value}`", fix))
            return least
        return int(value)

    start = whole("start", 1)
    end = whole("end", 1) if said.get("end") else None
    width = whole("width", 1) if said.get("width") or end is None else end - start + 1
    if end is not None and not wrong and (end < start or end - start + 1 != width):
        found = f"start {start}, end {end}, width {width}"
        wrong.append(
            Problem(place, "the end of a column does not fit its start and width", found, "correct one of them")
        )
    decimals = whole("decimals", 0) if said.get("decimals") else 0
    word = said.get("type", "").lower()
    kind: Kind = "text" if word in TEXT else "number" if word in NUMBER or (not word and decimals) else "either"
    if word and kind == "either":
        wrong.append(
            Problem(place, "the `type` of a column is not known", f"`{word}`", "write text or number, or nothing")
        )
    if kind == "text" and decimals:
        wrong.append(Problem(place, "a column of text has decimals", f"{decimals}", "make it a number, or remove them"))
    if not said["name"]:
        wrong.append(Problem(place, "a column has no name", fix="give it one"))
    problems += wrong
    return None if wrong else Field(said["name"], start - 1, width, kind, decimals, said.get("label", ""))


def _doubled(path: Path, fields: list[Field]) -> list[Problem]:
    names = [field.name for field in fields]
    twice = sorted({name for name in names if names.count(name) > 1})
    found = ", ".join(f"`{name}`" for name in twice)
    return (
        [Problem(path.name, "the layout names a column twice", found, "give each a name of its own")] if twice else []
    )
