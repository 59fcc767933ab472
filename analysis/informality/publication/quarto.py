"""Real Quarto, where it is on the machine and asked for: the same documents, rendered by the program itself.

Quarto gets a project of its own: every document with its numbers, tables and figures already in place, so that there is
no include left to find, and ``_quarto.yml`` with what its formats need to make no request to the network. Drawings are
files, since Quarto drops those that stand in the text; images are named without an ending, SVG and PNG lying side by side,
since Word wants PNG. What Quarto cannot do is left to the embedded renderer: PDF/UA and the review copy.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.publication.document import Document, read_document, stop_at
from informality.publication.pandoc import EPOCH
from informality.publication.printed import FONTS, Printed, prepared
from informality.publication.render import ENDINGS
from informality.publication.word import drawn_as_pictures, reference_document

TARGETS = {"html": "html", "pdf": "typst", "docx": "docx"}
"""What a format of a study is called by Quarto."""
OLDEST = (1, 4)
"""The first version that sets PDF by Typst and reads tables of HTML for every format."""
PROJECT = "_quarto"


@dataclass(frozen=True, slots=True)
class Quarto:
    """The program and its version."""

    program: str
    version: str

    @property
    def words(self) -> str:
        return f"Quarto {self.version}"


def find_quarto() -> Quarto:
    """Quarto as it is found on PATH; raises :class:`InformalityError` (``ExitCode.RENDER``) where it is not, or too old."""
    program = shutil.which("quarto")
    away = "leave `--engine quarto` out: the embedded renderer makes the same documents and needs nothing else"
    if program is None:
        problem = Problem(
            "quarto", "the program is not on this machine", "nothing of that name on PATH", f"install it, or {away}"
        )
        raise InformalityError(problem, ExitCode.RENDER)
    done = subprocess.run([program, "--version"], capture_output=True, check=False, text=True)
    version = done.stdout.strip()
    numbers = re.match(r"(\d+)\.(\d+)", version)
    if done.returncode or numbers is None:
        problem = Problem(
            program, "this program does not say its version", (done.stderr or version).strip()[:200], away
        )
        raise InformalityError(problem, ExitCode.RENDER)
    if (int(numbers[1]), int(numbers[2])) < OLDEST:
        problem = Problem(
            program,
            "this version of Quarto is too old",
            version,
            f"install {OLDEST[0]}.{OLDEST[1]} or later, or {away}",
        )
        raise InformalityError(problem, ExitCode.RENDER)
    return Quarto(program, version)


def check_formats(formats: Sequence[str]) -> None:
    """Raise :class:`InformalityError` (``ExitCode.RENDER``) for formats that Quarto cannot make."""
    fix = "leave it out of the `formats` of the study, or render with the embedded renderer"
    stop_at([Problem("formats", f"Quarto cannot make the format `{f}`", "", fix) for f in formats if f not in TARGETS])


def render_with(quarto: Quarto, sources: Sequence[Path], folder: Path, formats: Sequence[str]) -> list[Path]:
    """Have Quarto render the documents of a build folder to a file of each format in ``folder``; return the files.

    Raises :class:`InformalityError` (``ExitCode.RENDER``) with what is wrong in the documents, or what Quarto said.
    """
    check_formats(formats)
    project = folder / PROJECT
    write_project([read_document(source) for source in sources], project)
    names = list(dict.fromkeys(formats))
    for name in names:
        _run(quarto, project, TARGETS[name])
    made = []
    for source in sources:
        for name in names:
            path = project / (source.stem + ENDINGS[name])
            if not path.is_file():
                raise InformalityError(Problem(source.name, "Quarto left no file", path.name), ExitCode.RENDER)
            made.append(folder / path.name)
            os.replace(path, made[-1])
    return made


def command(quarto: Quarto, target: str) -> list[str]:
    """The command line that renders the project in the working folder to one format."""
    return [quarto.program, "render", ".", "--to", target, "--no-cache"]


def _run(quarto: Quarto, project: Path, target: str) -> None:
    done = subprocess.run(
        command(quarto, target),
        cwd=project,
        capture_output=True,
        check=False,
        env={"SOURCE_DATE_EPOCH": EPOCH, **os.environ},
    )
    said = re.sub(r"\x1b\[[0-9;]*m", "", (done.stderr + done.stdout).decode("utf-8", "replace"))
    complaints = [line.strip() for line in said.splitlines() if re.match(r"\s*(ERROR|WARN|error:)", line)]
    if done.returncode or complaints:
        found = complaints or said.strip().splitlines()[-3:] or [f"exit {done.returncode}"]
        what = "Quarto stopped" if done.returncode else "Quarto complains"
        raise InformalityError(
            [Problem(f"quarto, {target}", what, line) for line in dict.fromkeys(found)], ExitCode.RENDER
        )


# -- the project ---------------------------------------------------------------------------------------


def write_project(documents: Sequence[Document], project: Path) -> None:
    """Write the project that Quarto renders into the new folder ``project``."""
    project.mkdir()
    for document in documents:
        printed = prepared(document)
        for name, content in {**printed.images, **drawn_as_pictures(document, printed)}.items():
            path = project / _plain(document, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        text = _imaged(document, printed)
        line = str(document.meta.get("footer-line", ""))
        front = {key: value for key, value in document.meta.items() if key not in SHARED}
        (project / document.name).write_text(
            "---\n" + json.dumps({"engine": "markdown", **front}, ensure_ascii=False) + f"\n---\n\n{text}\n\n{line}\n",
            encoding="utf-8",
            newline="\n",
        )
    meta = documents[0].meta
    if notice := str(meta.get("made-up-notice", "")):
        (project / "_notice.html").write_text(_html(notice), encoding="utf-8", newline="\n")
        (project / "_notice.typ").write_text(_typst(notice), encoding="utf-8", newline="\n")
    shutil.copy(documents[0].folder / "report.css", project / "report.css")
    shutil.copytree(FONTS, project / "fonts", ignore=lambda _, names: [n for n in names if not n.endswith(".ttf")])
    (project / "reference.docx").write_bytes(reference_document(meta))
    (project / "_quarto.yml").write_text(
        json.dumps(settings([d.name for d in documents], meta), ensure_ascii=False, indent=1) + "\n",
        encoding="utf-8",
        newline="\n",
    )


SHARED = (
    "lang",
    "made-up",
    "made-up-notice",
    "footer-line",
    "words",
    "shown",
    "documents",
    "number-sections",
    "toc-depth",
)
"""Metadata that belongs to the project, or that nothing in a resolved document asks for."""


def settings(names: Sequence[str], meta: Mapping[str, Any]) -> dict[str, Any]:
    """``_quarto.yml``: with these settings Quarto's page asks the network for nothing."""
    notice = bool(meta.get("made-up-notice"))

    def before(ending: str) -> dict[str, str]:
        return {"include-before-body": f"_notice.{ending}"} if notice else {}

    return {
        "project": {"type": "default", "render": list(names)},
        "lang": meta.get("lang", "en"),
        "number-sections": True,
        "toc": True,
        "toc-depth": meta.get("toc-depth", 2),
        "fig-cap-location": "top",
        "tbl-cap-location": "top",
        "format": {
            "html": {
                "css": "report.css",
                "embed-resources": True,
                "html-math-method": "mathml",
                "theme": "default",
                "default-image-extension": "svg",
                **before("html"),
            },
            "typst": {
                "papersize": "a4",
                "mainfont": "Noto Sans",
                "font-paths": ["fonts"],
                "default-image-extension": "svg",
                **before("typ"),
            },
            "docx": {"reference-doc": "reference.docx", "default-image-extension": "png"},
        },
    }


def _plain(document: Document, name: str) -> str:
    """Where an image stands in the project: drawings of one document must not fall on those of another."""
    name = name.replace(".svg.png", ".png")
    return f"{Path(document.name).stem}-{name}" if name.startswith("drawing-") else name


def _imaged(document: Document, printed: Printed) -> str:
    """The text with every drawing as an image of its own, and image names without their endings."""

    def block(found: re.Match[str]) -> str:
        out = []
        for piece in re.finditer(
            r'<div class="flow-step"><p>(.*?)</p></div>|<img src="([^"]*)" alt="([^"]*)">', found[1]
        ):
            if piece[2] is None:
                out.append(f"**{piece[1]}**")
            else:
                out.append(
                    f'![](<{_plain(document, piece[2])}>){{fig-alt="{piece[3]}" width="{printed.widths[piece[2]]}"}}'
                )
        return "\n\n".join(out)

    text = re.sub(r"```\{=html\}\n((?:(?!```).)*?<img src=\"drawing-.*?)\n```", block, printed.text, flags=re.DOTALL)
    return re.sub(r"(!\[[^\]]*\]\(<?[^)>\s]+?)\.(?:svg|png)(>?\))", r"\1\2", text)


def _html(notice: str) -> str:
    return f'<div class="made-up" role="note">{_unescaped(notice)}</div>\n'


def _typst(notice: str) -> str:
    quoted = _unescaped(notice).replace("\\", "\\\\").replace('"', '\\"')
    return f'#set page(header: align(center, text(size: 7.5pt, weight: "bold", "{quoted}")))\n'


def _unescaped(markdown: str) -> str:
    return re.sub(r"\\([^\w\s])", r"\1", markdown)
