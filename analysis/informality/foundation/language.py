"""The language of what is published: every fixed text goes through :func:`say`.

English stands where it is used, in the code, in the files of the library and in the sources of the reports, and is its own
identifier: a text that is rewritten loses its translation instead of keeping a wrong one. ``library/languages/en.yml``
lists every English text; the catalogue of another language gives each a translation, read by a native reader
(``checked``) or not yet (``draft``). What has no translation stays English, and is counted.

The language belongs to the document being made: :func:`speaking` sets it for a block of code and nothing longer.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache, reduce
from pathlib import Path
from typing import Literal

from pydantic import Field

from informality.foundation.errors import ExitCode, InformalityError, Problem, did_you_mean
from informality.foundation.library import LIBRARY, find
from informality.foundation.quantities import Status
from informality.foundation.specfile import SpecFile, SpecModel, Words, load

ENGLISH = "en"
PLACE = re.compile(r"\{(\w+)\}")
WORDS = re.compile(r"[a-z]{2}\S*\s.*[a-z]{2}", re.DOTALL)
"""Two words of Latin letters."""
MEANT = "¦"
"""Leads in, in an English text, which of its meanings is meant (``Figure¦caption``); never printed."""
NAMED = re.compile(r"\{\{<.*?>\}\}|@(?:fig|tbl|sec)-[\w-]*\w")
"""What a paragraph of a report takes from elsewhere: numbers, files, references."""


class EnglishSpec(SpecModel):
    """``library/languages/en.yml``: every text that a catalogue may translate, by where it comes from."""

    language: Words
    name: Words
    texts: dict[str, list[str]]


class NumbersSpec(SpecModel):
    """How numbers are written: the mark before decimals and the one between thousands."""

    decimal: Literal[",", "."]
    group: Literal["\u202f", "\u00a0", ".", ","]
    source: Words
    status: Status


class CatalogueSpec(SpecModel):
    """The catalogue of another language.

    ``checked`` and ``draft`` translate texts of ``en.yml``, ``prose`` whole paragraphs of reports (none of them checked).
    """

    language: Words
    name: Words
    sources: list[Words] = Field(min_length=1)
    numbers: NumbersSpec
    checked: dict[str, str] = Field(default_factory=dict)
    draft: dict[str, str] = Field(default_factory=dict)
    prose: dict[str, str] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Language:
    """A language: its marks in numbers, its texts by the English ones, and which of them no native reader has seen."""

    code: str = ENGLISH
    name: str = "English"
    decimal: str = "."
    group: str = "\u202f"
    texts: Mapping[str, str] = field(default_factory=dict)
    prose: Mapping[str, str] = field(default_factory=dict)
    unread: frozenset[str] = frozenset()


_ENGLISH = Language()


@dataclass(slots=True)
class Voice:
    """What is being said in a language, and how many texts of it are English still or not checked."""

    language: Language
    translated: set[str] = field(default_factory=set)
    english: set[str] = field(default_factory=set)
    made: set[str] = field(default_factory=set)
    """Texts as they were said, so that nobody takes them for English ones."""

    @property
    def unread(self) -> int:
        """Texts said in a translation that no native reader has seen."""
        return len(self.translated & (self.language.unread | self.language.prose.keys()))

    def said(self, text: str, texts: Mapping[str, str]) -> str | None:
        """The translation, None where there is none; counted either way."""
        found = texts.get(text)
        if found is not None:
            self.translated.add(text)
        elif text not in self.made and re.search("[a-z]{2}", text):
            self.english.add(text)
        return found


_VOICE: ContextVar[Voice | None] = ContextVar("voice", default=None)


@contextmanager
def speaking(language: Language) -> Iterator[Voice]:
    """Say everything in this language until the block ends; the voice counts what could not be."""
    voice = Voice(language)
    before = _VOICE.set(None if language.code == ENGLISH else voice)
    try:
        yield voice
    finally:
        _VOICE.reset(before)


def say(text: str, /, **parts: object) -> str:
    """A fixed text in the language being spoken, with the parts its ``{places}`` name."""
    voice = _VOICE.get()
    plain = text.partition(MEANT)[0]
    if voice is None:
        return plain.format(**parts) if parts else plain
    said = voice.said(text, voice.language.texts) or plain
    said = said.format(**parts) if parts else said
    voice.made.add(said)
    return said


def listed(words: Sequence[str]) -> str:
    """``a and b``."""
    return reduce(lambda first, second: say("{first} and {second}", first=first, second=second), words) if words else ""


def say_prose(text: str) -> str | None:
    """A paragraph of a report in the language being spoken; None where it stays English."""
    voice = _VOICE.get()
    if voice is None:
        return text
    return voice.said(text, voice.language.texts if text in voice.language.texts else voice.language.prose)


def counted() -> tuple[int, int]:
    """Of the texts said so far: translations no native reader has seen, and texts still in English."""
    voice = _VOICE.get()
    return (0, 0) if voice is None else (voice.unread, len(voice.english))


def spoken() -> Language:
    """The language being spoken."""
    voice = _VOICE.get()
    return _ENGLISH if voice is None else voice.language


def still_english(text: str) -> bool:
    """Whether a text printed in another language is English, as far as can be told: it was said and has no translation or,
    in a language of another script, two of its words are of Latin letters and none of that script."""
    voice = _VOICE.get()
    if voice is None:
        return False
    script = _script(voice.language.name[:1])
    return text in voice.english or (
        script != _script("a") and bool(WORDS.search(text)) and not any(_script(c) == script for c in text)
    )


def _script(letter: str) -> str:
    return unicodedata.name(letter, "").partition(" ")[0]


def english_mark(text: str) -> str:
    """The attribute of HTML that marks a text that is still English; empty for any other, and in an English document."""
    return f' lang="{ENGLISH}"' if still_english(text) else ""


# -- catalogues ----------------------------------------------------------------------------------------


@cache
def english() -> SpecFile[EnglishSpec]:
    """The English texts."""
    return load(LIBRARY / "languages" / "en.yml", EnglishSpec)


def language_of(name: str, *folders: Path) -> Language:
    """The language of that code: the project's own catalogue, or else that of the library.

    Raises :class:`InformalityError` (``ExitCode.SPEC``) where there is none, or with every mistake of its file.
    """
    if name == ENGLISH:
        return _ENGLISH
    file = load(find("languages", name, *folders), CatalogueSpec)
    if problems := _problems(file):
        raise InformalityError(problems, ExitCode.SPEC)
    spec = file.spec
    return Language(
        spec.language,
        spec.name,
        spec.numbers.decimal,
        spec.numbers.group,
        {**spec.draft, **spec.checked},
        spec.prose,
        frozenset(spec.draft),
    )


def _problems(file: SpecFile[CatalogueSpec]) -> list[Problem]:
    """What is wrong with a catalogue: texts nobody says, texts twice, other places than in the English text."""
    known = {text for texts in english().spec.texts.values() for text in texts}
    problems = []
    if file.spec.language != file.path.stem:
        fix = f"name the file {file.spec.language}.yml, or write `language: {file.path.stem}`"
        problems.append(Problem(file.place("language"), "the file has the name of another language", fix=fix))
    for part, texts in (("checked", file.spec.checked), ("draft", file.spec.draft), ("prose", file.spec.prose)):
        for text, said in texts.items():
            place = file.place(part, text)
            if part != "prose" and text not in known:
                what = "this text is not one that is published"
                problems.append(Problem(place, what, f"`{text}`", did_you_mean(text, known)))
            elif part == "draft" and text in file.spec.checked:
                problems.append(Problem(place, "this text stands under `checked`, too", f"`{text}`", "keep one"))
            if not said.strip():
                problems.append(Problem(place, "the translation is empty", f"`{text}`", "write it, or drop the line"))
            else:
                problems += _other_places(place, text, said, NAMED if part == "prose" else PLACE)
    return problems


def _other_places(place: str, text: str, said: str, pattern: re.Pattern[str]) -> Sequence[Problem]:
    asked, given = set(pattern.findall(text)), set(pattern.findall(said))
    if asked == given:
        return ()
    found = "; ".join(
        f"{words} {', '.join(sorted(names))}"
        for words, names in (("missing:", asked - given), ("too many:", given - asked))
        if names
    )
    return [Problem(place, "the translation has other places than the English text", found, f"English: `{text}`")]
