"""The source of a report in the language being spoken, and the line that says how far its translation goes.

Headings, titles of call-outs, list items and paragraphs are looked up one by one; what has no translation stays English and
is marked as such, so that a screen reader pronounces it right.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from informality.foundation.language import ENGLISH, NAMED, counted, say, say_prose, spoken
from informality.publication.table import html_text, markdown_text

_HEADING = re.compile(r"(#+ +)(.*?)( +\{[^}]*\})?")
_ITEM = re.compile(r"(\s*(?:[-*+]|\d+\.) +)(.*)")
_TITLE = re.compile(r'(:{3,}.*\btitle=")([^"]*)(".*)')
_FENCE = re.compile(r"\s*(`{3,}|~{3,})")


@dataclass(frozen=True, slots=True)
class Piece:
    """Lines of a source: ``before`` and ``after`` stay as they are, ``text`` is what a reader reads (empty for none)."""

    kind: str
    before: str
    text: str = ""
    after: str = ""


def pieces(source: str) -> Iterator[Piece]:
    """The source taken apart: kinds ``heading``, ``title``, ``item``, ``paragraph``, and ``mark`` for the rest."""
    lines = source.split("\n")
    fence, front, formula = "", lines[0].strip() == "---", False
    for n, line in enumerate(lines):
        opened = _FENCE.match(line)
        if front or fence or opened or not line.strip():
            front = front and not (n and line.strip() == "---")
            fence = (
                (fence or opened[1]) if opened and not (fence and line.strip() == fence) else "" if opened else fence
            )
            yield Piece("mark", line)
        elif formula or line.startswith("$$"):
            formula = formula != (line.startswith("$$"))
            yield Piece("mark", line)
        elif found := _HEADING.fullmatch(line):
            yield Piece("heading", found[1], found[2], found[3] or "")
        elif found := _TITLE.fullmatch(line):
            yield Piece("title", found[1], found[2], found[3])
        elif line.startswith(":::") or not re.search(
            r"[^\W\d_]{2}", NAMED.sub("", line)
        ):  # nothing but numbers and files
            yield Piece("mark", line)
        elif found := _ITEM.fullmatch(line):
            yield Piece("item", found[1], found[2])
        else:
            yield Piece("paragraph", "", line)


def in_language(source: str) -> str:
    """The source of a report with everything that has a translation translated."""
    if spoken().code == ENGLISH:
        return source
    return "\n".join(_translated(piece) for piece in pieces(source))


def _translated(piece: Piece) -> str:
    if piece.kind == "title":
        return piece.before + html_text(say(piece.text)) + piece.after
    said = say_prose(piece.text) if piece.text else ""
    if said is None and piece.kind == "paragraph":
        return f'::: {{lang="{ENGLISH}"}}\n\n{piece.text}\n\n:::'
    text = f'[{piece.text}]{{lang="{ENGLISH}"}}' if said is None else said
    return piece.before + text + piece.after


def name_in(name: str, code: str) -> str:
    """What a file is called in a language: ``country.html`` in English, ``country.es.html`` beside it; of a copy for
    review ``country.es-review.docx``."""
    if code == ENGLISH:
        return name
    return re.sub(r"((?:-review)?\.[^.]*)$", rf".{code}\1", name)


def language_line() -> str:
    """What documents say of their translation, as Markdown; to be asked when all else is said. Empty in English."""
    if spoken().code == ENGLISH:
        return ""
    unread, english = counted()
    return markdown_text(
        say(
            "Translation: of the texts of this study, no native reader has yet read {unread}, and {english} are still in "
            "English, as are sources, notes of models, names of groups found by machine, and what a survey or an example says "
            "in words of its own. Where a translation is doubtful, the English document holds. The numbers are the same in "
            "both.",
            unread=unread,
            english=english,
        )
    )
