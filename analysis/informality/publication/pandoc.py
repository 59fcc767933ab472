"""Pandoc on a resolved document; what its filter reports, or any warning, stops it with file and line."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.foundation.language import say
from informality.foundation.library import LIBRARY
from informality.publication.document import Document, stop_at

TEMPLATES = LIBRARY / "templates"

COMPLAINTS = {
    "alt": ("a figure has no alternative text", "say in `fig-alt` what the figure shows, for those who cannot see it"),
    "reference": ("this reference points to nothing", "give the table, figure or section this identifier"),
    "twice": ("this identifier is given twice", "rename one of the two"),
    "caption": ("a numbered block has no caption", "end the block with one paragraph: its caption"),
    "raw": (
        "this HTML has no place in a PDF or Word file",
        'write it in Markdown, or inside `::: {.content-visible when-format="html"}`',
    ),
}
FURNITURE = {
    "figure": "Figure¦caption", "table": "Table", "section": "Section", "contents": "Contents", "skip": "Skip to the text",
    "note": "Note", "warning": "Warning", "tip": "Tip", "important": "Important", "caution": "Caution",
    "review-place": "Paragraph or table", "review-comment": "Comment", "review-proposal": "Proposed wording or figure",
    "review-who": "Who", "review-agreed": "Agreed", "review-sheet": "Comment sheet",
    "review-title": "Comments on “{title}” (paragraphs {first} to {last})",
    "review-copy": "Review copy. Every paragraph, table and figure has a number in brackets, every line one in the "
    "margin; each chapter ends with a sheet for comments.",
}  # fmt: skip
"""What filter and templates say themselves; a document in another language brings its own ``words``."""
EPOCH = "315532800"
"""Seconds from 1970 to 1980, the earliest date a zip file can bear: the date of files that must not differ by date."""


def pandoc(
    document: Document, to: str, options: Sequence[str], *, text: str = "", meta: Mapping[str, Any], folder: Path
) -> bytes:
    """What pandoc makes of a document (or of ``text`` in its place), run in ``folder``; its output as it is.

    Raises :class:`InformalityError` (``ExitCode.RENDER``) with every complaint of filter and writer.
    """
    words = {name: say(text) for name, text in FURNITURE.items()}  # English: files are written outside any language
    front = (
        "---\n" + json.dumps({"lang": "en", "words": words, **document.meta, **meta}, ensure_ascii=False) + "\n---\n\n"
    )
    command = [
        program(),
        "--from=markdown",
        f"--to={to}",
        "--standalone",
        "--wrap=none",
        f"--lua-filter={TEMPLATES / 'report.lua'}",
        *options,
    ]
    done = subprocess.run(
        command,
        input=(front + (text or document.text)).encode("utf-8"),
        capture_output=True,
        check=False,
        cwd=folder,
        env={"SOURCE_DATE_EPOCH": EPOCH, **os.environ},
    )
    problems = []
    for message in filter(str.strip, done.stderr.decode("utf-8", "replace").splitlines()):
        if message.startswith("[report]\t"):
            _, kind, token = message.split("\t", 2)
            what, fix = COMPLAINTS[kind]
            problems.append(Problem(document.place(token), what, f"`{token}`", fix))
        else:
            problems.append(Problem(document.name, "pandoc complains", message))
    if done.returncode and not problems:
        problems.append(Problem(document.name, "pandoc stopped", f"exit {done.returncode}"))
    stop_at(problems)
    return done.stdout


@cache
def program() -> str:
    """Where pandoc is: the one that was installed with us, before any other on the machine, which may write otherwise."""
    import pypandoc

    ours = Path(pypandoc.__file__).parent / "files"
    for name in ("pandoc", "pandoc.exe"):
        if (ours / name).is_file():
            return str(ours / name)
    try:
        return str(pypandoc.get_pandoc_path())
    except OSError:
        problem = Problem("pandoc", "the program that makes the page is not installed", fix="install pypandoc-binary")
        raise InformalityError(problem, ExitCode.RENDER) from None
