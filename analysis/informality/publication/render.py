"""The embedded renderer: a Quarto document with ``engine: markdown`` to one self-contained HTML file.

It honours the subset of Quarto the reports use: ``_quarto.yml`` and front matter, ``include``, ``var``,
``meta`` and ``pagebreak``, cross references, call-outs and conditional content. A shortcode, reference,
image or code cell it cannot honour stops it, with file and line, so that nothing half-resolved is
published. The page asks the network for nothing: styles and images are inside, and its security policy
forbids the rest.
"""

from __future__ import annotations

import base64
import html
import json
import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from informality.foundation.errors import ExitCode, InformalityError, Problem, did_you_mean
from informality.foundation.library import LIBRARY
from informality.foundation.specfile import read_yaml

TEMPLATES = LIBRARY / "templates"

SHORTCODES = ("include", "var", "meta", "pagebreak")
PAGEBREAK = '\n```{=html}\n<div style="break-after: page"></div>\n```\n'
MIME = {".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}
NOT_METADATA = ("project", "format", "engine")
"""Keys of Quarto's files that steer Quarto and say nothing to the page."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the resolved document and where it was written."""

    text: str
    place: str


@dataclass(slots=True)
class _Reading:
    """What resolving a document needs, and the problems met on the way."""

    folder: Path
    variables: Mapping[str, Any]
    meta: Mapping[str, Any]
    problems: list[Problem] = field(default_factory=list)


def render(source: Path, output: Path) -> Path:
    """Render ``source`` to the HTML file ``output`` and return it.

    ``_quarto.yml`` and ``_variables.yml`` are read from the folder of ``source``. Raises
    :class:`InformalityError` (``ExitCode.RENDER``) with every problem found at the first stage that has
    one; then nothing is written. The same input gives the same bytes.
    """
    folder = source.parent
    meta, body = _front_matter(source)
    meta = {**_yaml(folder / "_quarto.yml"), **meta}
    reading = _Reading(folder, _yaml(folder / "_variables.yml"), meta)
    lines = _resolved(source, body, reading, ())
    _stop_at(reading.problems)
    page = _pandoc(lines, {k: v for k, v in meta.items() if k not in NOT_METADATA})
    page = _with_images(re.sub(r' id="toc-[^"]*"', "", page), folder, lines)  # the contents stand twice
    page = page.replace("/*styles*/", _styles(page), 1)
    _stop_at(_requests(page, lines))
    beside = output.with_name(output.name + ".part")
    beside.write_text(page, encoding="utf-8", newline="\n")
    os.replace(beside, output)
    return output


def _stop_at(problems: Sequence[Problem]) -> None:
    if problems:
        raise InformalityError(problems, ExitCode.RENDER)


# -- reading and resolving -----------------------------------------------------------------------------


def _yaml(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    value, _, problems = read_yaml(path)
    _stop_at(problems)
    return dict(value)


def _front_matter(source: Path) -> tuple[dict[str, Any], list[Line]]:
    """The metadata at the top of a document, and its other lines."""
    try:
        text = source.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InformalityError(Problem(str(source), "this report source does not exist"), ExitCode.RENDER) from None
    lines = [Line(line, f"{source.name}, line {n}") for n, line in enumerate(text.split("\n"), 1)]
    if not lines or lines[0].text.strip() != "---":
        return {}, lines
    end = next((i for i, line in enumerate(lines[1:], 1) if line.text.strip() == "---"), None)
    if end is None:
        raise InformalityError(Problem(lines[0].place, "the front matter has no closing ---"), ExitCode.RENDER)
    _stop_at(
        [
            Problem(line.place, "a shortcode stands in the front matter", line.text.strip(), "write it in _quarto.yml")
            for line in lines[:end]
            if "{{<" in line.text
        ]
    )
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        meta = YAML(typ="safe", pure=True).load("\n".join(line.text for line in lines[1:end])) or {}
    except YAMLError as failure:
        raise InformalityError(
            Problem(f"{source.name}, line 1", "the front matter is not valid YAML", str(failure).splitlines()[0]),
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


# -- pandoc --------------------------------------------------------------------------------------------

_COMPLAINTS = {
    "alt": ("a figure has no alternative text", "say in `fig-alt` what the figure shows, for those who cannot see it"),
    "reference": ("this reference points to nothing", "give the table, figure or section this identifier"),
    "twice": ("this identifier is given twice", "rename one of the two"),
    "caption": ("a numbered block has no caption", "end the block with one paragraph: its caption"),
}


def _pandoc(lines: Sequence[Line], meta: Mapping[str, Any]) -> str:
    """The page pandoc makes; what the filter reports, or any warning, stops it with file and line."""
    import pypandoc

    front = "---\n" + json.dumps({"lang": "en", **meta}, ensure_ascii=False) + "\n---\n\n"
    try:
        pandoc = pypandoc.get_pandoc_path()
    except OSError:
        problem = Problem("pandoc", "the program that makes the page is not installed", fix="install pypandoc-binary")
        raise InformalityError(problem, ExitCode.RENDER) from None
    command = [
        pandoc,
        "--from=markdown",
        "--to=html5",
        "--standalone",
        "--mathml",
        "--wrap=none",
        f"--template={TEMPLATES / 'report.html'}",
        f"--lua-filter={TEMPLATES / 'report.lua'}",
        "--toc",
        f"--toc-depth={meta.get('toc-depth', 2)}",
    ]
    text = front + "\n".join(line.text for line in lines)
    done = subprocess.run(command, input=text, capture_output=True, encoding="utf-8", check=False)
    document = lines[0].place.split(",")[0] if lines else "report"
    problems = []
    for message in filter(str.strip, done.stderr.splitlines()):
        if message.startswith("[report]\t"):
            _, kind, token = message.split("\t", 2)
            what, fix = _COMPLAINTS[kind]
            problems.append(Problem(_place(token, lines), what, f"`{token}`", fix))
        else:
            problems.append(Problem(document, "pandoc complains", message))
    if done.returncode and not problems:
        problems.append(Problem(document, "pandoc stopped", f"exit {done.returncode}"))
    _stop_at(problems)
    return done.stdout


def _place(token: str, lines: Sequence[Line]) -> str:
    """Where ``token`` stands first in the resolved document."""
    return next((line.place for line in lines if token in line.text), lines[0].place.split(",")[0])


# -- one file ------------------------------------------------------------------------------------------


def _with_images(page: str, folder: Path, lines: Sequence[Line]) -> str:
    problems: list[Problem] = []

    def embedded(found: re.Match[str]) -> str:
        path = folder / found[2]
        if found[2].startswith("data:"):
            return found[0]
        if path.suffix.lower() not in MIME or not path.is_file():
            fix = "use a file of the report folder: " + ", ".join(sorted(MIME))
            problems.append(Problem(_place(found[2], lines), f"the image `{found[2]}` is not there", fix=fix))
            return ""
        data = base64.b64encode(path.read_bytes()).decode("ascii")
        return f"{found[1]}data:{MIME[path.suffix.lower()]};base64,{data}"

    page = re.sub(r'(<img\b[^>]*?\bsrc=")([^"]*)', embedded, page)
    _stop_at(problems)
    return page


def _styles(page: str) -> str:
    """The style sheet, with what depends on the page: the notice on each printed sheet, and the Lao face.

    The face is inside when the page has Lao text, so that a machine without Lao fonts shows it.
    """
    css = [(TEMPLATES / "report.css").read_text(encoding="utf-8")]
    if notice := re.search(r'<div class="made-up" role="note">(.*?)</div>', page, re.DOTALL):
        words = re.sub(r'[\\"<\n]', lambda c: f"\\{ord(c[0]):x} ", html.unescape(notice[1]).strip())
        css.append(f'@page {{ @top-center {{ content: "{words}"; font: 600 8pt sans-serif; color: #4a3500; }} }}\n')
    if re.search("[\u0e80-\u0eff]", page):
        for style, weight in (("Regular", 400), ("Bold", 700)):
            data = base64.b64encode((LIBRARY / "fonts" / f"NotoSansLao-{style}.ttf").read_bytes()).decode("ascii")
            css.append(
                f'@font-face {{ font-family: "Noto Sans Lao"; font-weight: {weight}; unicode-range: U+0E80-0EFF; '
                f"src: url(data:font/ttf;base64,{data}); }}\n"
            )
    return "".join(css)


class _Requests(HTMLParser):
    """Collects whatever in a page would load something from outside it."""

    LOADING = ("script", "link", "iframe", "object", "embed", "base")
    SOURCES = ("src", "srcset", "poster", "data", "action", "formaction", "background")

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.in_style = tag == "style"
        if tag in self.LOADING:
            self.found.append(f"<{tag}")
        for name, value in attrs:
            if name in self.SOURCES and not (value or "").startswith("data:"):
                self.found.append(value or name)
            elif name == "style":
                self._style(value or "")

    def handle_data(self, data: str) -> None:
        if self.in_style:
            self._style(data)

    def handle_endtag(self, tag: str) -> None:
        self.in_style = False

    def _style(self, css: str) -> None:
        self.found += re.findall(r"url\(\s*[\"']?(?!data:)[^)]*\)|@import[^;]*", css)


def _requests(page: str, lines: Sequence[Line]) -> list[Problem]:
    parser = _Requests()
    parser.feed(page)
    what, fix = "this would be loaded from outside the page", "put the content into the report itself"
    return [Problem(_place(token, lines), what, f"`{token}`", fix) for token in parser.found]
