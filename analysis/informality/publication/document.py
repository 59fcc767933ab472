"""Reading a report: a Quarto document with ``engine: markdown``, every shortcode resolved.

It honours the subset of Quarto the reports use: ``_quarto.yml`` and front matter, ``include``, ``var``,
``meta`` and ``pagebreak``. A shortcode or code cell it cannot honour stops it, with file and line, so that
nothing half-resolved is published. Every line keeps the place where it was written, for later complaints.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from informality.foundation.errors import ExitCode, InformalityError, Problem, did_you_mean
from informality.foundation.specfile import read_yaml

SHORTCODES = ("include", "var", "meta", "pagebreak")
PAGEBREAK = '\n```{=html}\n<div style="break-after: page"></div>\n```\n'
NOT_METADATA = ("project", "format", "engine")
"""Keys of Quarto's files that steer Quarto and say nothing to the page."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the resolved document and where it was written."""

    text: str
    place: str


@dataclass(frozen=True, slots=True)
class Document:
    """A document with every shortcode resolved: its folder, its metadata and its lines."""

    folder: Path
    meta: Mapping[str, Any]
    lines: Sequence[Line]

    @property
    def text(self) -> str:
        return "\n".join(line.text for line in self.lines)

    @property
    def name(self) -> str:
        """The file name of the document."""
        return self.lines[0].place.split(",")[0] if self.lines else "report"

    def place(self, token: str) -> str:
        """Where ``token`` stands first, as file and line."""
        return next((line.place for line in self.lines if token in line.text), self.name)


@dataclass(slots=True)
class _Reading:
    """What resolving a document needs, and the problems met on the way."""

    folder: Path
    variables: Mapping[str, Any]
    meta: Mapping[str, Any]
    problems: list[Problem] = field(default_factory=list)


def read_document(source: Path) -> Document:
    """The document at ``source``, with ``_quarto.yml`` and ``_variables.yml`` of its folder.

    Raises :class:`InformalityError` (``ExitCode.RENDER``) with every problem found.
    """
    folder = source.parent
    meta, body = _front_matter(source)
    meta = {**_yaml(folder / "_quarto.yml"), **meta}
    reading = _Reading(folder, _yaml(folder / "_variables.yml"), meta)
    lines = _resolved(source, body, reading, ())
    stop_at(reading.problems)
    return Document(folder, {k: v for k, v in meta.items() if k not in NOT_METADATA}, visible(lines, meta))


def stop_at(problems: Sequence[Problem]) -> None:
    """Raise when there is any problem."""
    if problems:
        raise InformalityError(problems, ExitCode.RENDER)


def _yaml(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        return dict(
            json.loads(path.read_text(encoding="utf-8"))
        )  # what we wrote is JSON, and read a hundred times faster
    except ValueError:
        value, _, problems = read_yaml(path)
    stop_at(problems)
    return dict(value)


def front_matter(text: str, name: str) -> dict[str, Any]:
    """The metadata at the top of a document of this name; raises :class:`InformalityError` where it is wrong."""
    return _split(text, name)[0]


def _front_matter(source: Path) -> tuple[dict[str, Any], list[Line]]:
    """The metadata at the top of a document, and its other lines."""
    try:
        text = source.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InformalityError(Problem(str(source), "this report source does not exist"), ExitCode.RENDER) from None
    return _split(text, source.name)


def _split(text: str, name: str) -> tuple[dict[str, Any], list[Line]]:
    lines = [Line(line, f"{name}, line {n}") for n, line in enumerate(text.split("\n"), 1)]
    if not lines or lines[0].text.strip() != "---":
        return {}, lines
    end = next((i for i, line in enumerate(lines[1:], 1) if line.text.strip() == "---"), None)
    if end is None:
        raise InformalityError(Problem(lines[0].place, "the front matter has no closing ---"), ExitCode.RENDER)
    stop_at(
        [
            Problem(line.place, "a shortcode stands in the front matter", line.text.strip(), "write it in _quarto.yml")
            for line in lines[:end]
            if "{{<" in line.text
        ]
    )
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    written = "\n".join(line.text for line in lines[1:end])
    try:
        meta = YAML(typ="safe", pure=True).load(written) or {}
    except YAMLError as failure:
        raise InformalityError(
            Problem(f"{name}, line 1", "the front matter is not valid YAML", str(failure).splitlines()[0]),
            ExitCode.RENDER,
        ) from None
    return dict(meta), lines[end + 1 :]


_SHORTCODE = re.compile(r"\{\{<\s*(.*?)\s*>\}\}")
_FENCE = re.compile(r"^\s*(`{3,}|~{3,})")


def _resolved(source: Path, lines: Sequence[Line], reading: _Reading, stack: tuple[Path, ...]) -> list[Line]:
    """The lines with every shortcode replaced; fenced blocks are quoted text and stay as they are."""
    out: list[Line] = []
    fence = ""
    stack = (*stack, source.resolve())
    for line in lines:
        mark = _FENCE.match(line.text)
        if mark and not fence:
            fence = mark[1]
            if re.match(r"\{\w", line.text.strip().lstrip("`~ ")):
                problem = Problem(
                    line.place, "a report executes no code", line.text.strip(), "include a built table or figure"
                )
                reading.problems.append(problem)
        elif mark and line.text.strip().startswith(fence) and not line.text.strip().strip(fence[0]):
            fence = ""
        if fence or "{{<" not in line.text:
            out.append(line)
            continue
        words = _SHORTCODE.search(line.text)
        if words and words[1].split()[:1] == ["include"]:
            out += _included(words, line, source, reading, stack)
        else:
            pieces = _SHORTCODE.split(line.text)  # text, shortcode, text, ...
            if any("{{<" in text for text in pieces[::2]):
                problem = Problem(line.place, "a shortcode is not closed", line.text.strip(), "end it with `>}}`")
                reading.problems.append(problem)
            pieces[1::2] = [_inline(shortcode.split(), line, reading) for shortcode in pieces[1::2]]
            out += [Line(part, line.place) for part in "".join(pieces).split("\n")]
    return out


def visible(lines: Sequence[Line], meta: Mapping[str, Any]) -> list[Line]:
    """The lines without the blocks that ``when-meta`` or ``unless-meta`` hides; pandoc need not read what nobody sees.

    Everything else that depends on a condition is left to pandoc's filter: spans, formats, ``content-hidden``.
    """
    out: list[Line] = []
    fence, depth, hidden = "", 0, 0
    for line in lines:
        text = line.text.strip()
        mark = _FENCE.match(line.text)
        if mark and not fence:
            fence = mark[1]
        elif mark and text.startswith(fence) and not text.strip(fence[0]):
            fence = ""
        elif not fence and text.startswith(":::"):
            depth += 1 if text.strip(":").strip() else -1
            if not hidden and _hides(text, meta):
                hidden = depth
            elif hidden and depth < hidden:
                hidden = 0
                continue
        if not hidden:
            out.append(line)
    return out


_CONDITION = re.compile(r'^:{3,}\s*\{\.content-visible\s+(when|unless)-meta="([^"]*)"\}$')


def _hides(opening: str, meta: Mapping[str, Any]) -> bool:
    found = _CONDITION.match(opening)
    if found is None:
        return False
    value: Any = meta
    for key in found[2].split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return (value is True) != (found[1] == "when")


def _included(found: re.Match[str], line: Line, source: Path, reading: _Reading, stack: tuple[Path, ...]) -> list[Line]:
    words = found[1].split()
    problem: Problem | None = None
    if len(words) != 2 or found[0] != line.text.strip():
        problem = Problem(line.place, "an include stands alone on its line and names one file", line.text.strip())
    else:
        path = (reading.folder if words[1].startswith("/") else source.parent) / words[1].lstrip("/")
        if path.resolve() in stack:
            chain = " → ".join(p.name for p in (*stack, path.resolve()))
            problem = Problem(line.place, "files include each other in a circle", chain)
        elif not path.is_file():
            near = did_you_mean(path.name, [p.name for p in path.parent.glob("*")]) if path.parent.is_dir() else ""
            problem = Problem(line.place, f"the included file `{words[1]}` does not exist", fix=near)
        else:
            name = path.relative_to(reading.folder) if path.is_relative_to(reading.folder) else path.name
            text = path.read_text(encoding="utf-8-sig").split("\n")
            inner = [Line(t, f"{name}, line {n}") for n, t in enumerate(text, 1)]
            return _resolved(path, inner, reading, stack)
    reading.problems.append(problem)
    return []


def _inline(words: Sequence[str], line: Line, reading: _Reading) -> str:
    name = words[0] if words else ""
    if name == "pagebreak":
        return PAGEBREAK
    if name in ("var", "meta") and len(words) == 2:
        value: Any = reading.variables if name == "var" else reading.meta
        fix = ""
        for key in words[1].split("."):
            known = value if isinstance(value, Mapping) else {}
            if key not in known:
                value, fix = None, did_you_mean(key, known)
                break
            value = known[key]
        if value is not None and not isinstance(value, Mapping | list):
            return str(value)
        kind = "variable" if name == "var" else "metadata entry"
        reading.problems.append(Problem(line.place, f"there is no {kind} `{words[1]}`", fix=fix))
        return ""
    reading.problems.append(
        Problem(line.place, f"the shortcode `{' '.join(words)}` is not known here", fix=did_you_mean(name, SHORTCODES))
    )
    return ""
