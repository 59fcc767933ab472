"""What a raw data file holds, and what every reader is asked and can refuse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import pandas as pd

from informality.foundation.errors import ExitCode, InformalityError, Problem, did_you_mean
from informality.foundation.provenance import sha256
from informality.survey.encodings import ContradictedError, Encoding, UndecidedError, known_name, settle
from informality.survey.signatures import looks_like

Code = int | float | str
Choice = Sequence[str] | Callable[[Sequence[str]], Sequence[str]] | None
"""Columns wanted: their names, a function of the columns that the file has, or None for all."""
Progress = Callable[[str, int, int | None], object]
"""Called with the name of the file, the rows read so far, and the rows it has where that is known."""

CELLS = 2_000_000  # how many cells a reader holds before they are made small: about 100 MB
EXAMPLES = 5  # how many of anything a message shows
OBTAIN = "data_raw/README.md says where the file is obtained and where it is looked for"
OBTAIN_AGAIN = "obtain the file again; data_raw/README.md says where, and how many bytes it has"


@dataclass(frozen=True, slots=True)
class RawFile:
    """One data file as delivered, or several joined by their keys.

    ``frame``: the columns asked for, in that order, each in the smallest kind of number that holds all its values
    exactly; text is str, blank is missing, and so is a value with a letter (Stata's ``.a``), which keeps its letter
    (:mod:`informality.foundation.tagged`). ``columns`` (all, in file order) and ``rows`` describe the file, whatever
    was asked for. ``variable_labels``: column -> label. ``value_labels``: column -> code -> label, whole codes as
    int, values with a letter as ``.a``. ``user_missing``: column -> (lowest, highest) of each range declared
    missing, a single code as (code, code). ``dates``: columns that the file calls dates, which are text here
    (``2021-03-31``). A column without any is not in these four. ``account``: further lines of the accounting of
    rows. ``warnings``: what a reader should know although it stops nothing. ``sources``: how each file was read.
    """

    path: Path
    frame: pd.DataFrame
    columns: tuple[str, ...]
    rows: int
    sha256: str
    bytes: int
    variable_labels: dict[str, str] = field(default_factory=dict)
    value_labels: dict[str, dict[Code, str]] = field(default_factory=dict)
    user_missing: dict[str, list[tuple[Code, Code]]] = field(default_factory=dict)
    dates: tuple[str, ...] = ()
    account: tuple[tuple[str, str, int], ...] = ()
    warnings: tuple[Problem, ...] = ()
    sources: tuple[Source, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """How one file was read, for the record."""

    file: str
    kind: str
    rows: int
    columns: int
    encoding: Encoding


@dataclass(frozen=True, slots=True)
class How:
    """What a profile says of the way a file is written; None where the file says it itself."""

    encoding: str | None = None
    delimiter: str | None = None
    decimal: str = "."
    member: str | None = None
    layout: Path | None = None


@dataclass(slots=True)
class Ask:
    """What a reader is asked for.

    ``path`` is the file to open and ``head`` its first bytes; ``delivered`` is the file as the user knows it, which
    is another one for what was packed, and ``place`` names it in messages. ``trusted`` bytes are known by their
    hash. ``warnings`` and ``account`` are filled while reading.
    """

    path: Path
    head: bytes
    columns: Choice
    how: How
    delivered: Path
    place: str
    trusted: bool = False
    progress: Progress = lambda name, done, total: None
    warnings: list[Problem] = field(default_factory=list)
    account: list[tuple[str, str, int]] = field(default_factory=list)

    @property
    def encoding(self) -> str | None:
        return self.how.encoding

    def choose(self, present: Sequence[str]) -> list[str]:
        """The columns to read, out of those present."""
        twice = [name for name, times in Counter(present).items() if times > 1]
        if twice:
            found = ", ".join(f"`{name}`" for name in twice)
            self.refuse("has columns of the same name", found, "give each column a name of its own")
        if self.columns is None:
            return list(present)
        asked = self.columns(present) if callable(self.columns) else self.columns
        wanted, known = list(dict.fromkeys(asked)), set(present)
        absent = [self._absent(name, present) for name in wanted if name not in known]
        if absent:
            raise InformalityError(absent, ExitCode.DATA)
        return wanted

    def _absent(self, name: str, present: Sequence[str]) -> Problem:
        same = next((other for other in present if other.casefold() == name.casefold()), None)
        fix = f"did you mean `{same}`? capitals count" if same else did_you_mean(name, present)
        found = f"{len(present):,} columns, none with exactly this name"
        return Problem(self.place, f"there is no column `{name}`", found, fix)

    def batch(self, columns: int) -> int:
        """How many rows of so many columns are read at once."""
        return max(CELLS // max(columns, 1), 1000)

    def read_so_far(self, rows: int, total: int | None) -> None:
        """Tell how far the reading has come."""
        self.progress(self.delivered.name, rows, total)

    def settle(self, texts: Collection[bytes], file: str | None = None) -> Encoding:
        """The encoding of all text of the file that was read; ``file`` is what it says itself."""
        try:
            return settle(texts, profile=self.encoding, file=file)
        except LookupError:
            self.refuse_encoding("no encoding has this name")
        except ContradictedError as evidence:
            self.refuse_encoding(evidence)
        except UndecidedError as evidence:
            fix = "look which reading is right and declare it as `encoding`; if none is, ask the agency which it uses"
            self.refuse("has text whose encoding cannot be told", str(evidence), fix)

    def warn(self, what: str, found: str, fix: str, count: int | None = None) -> None:
        """Keep something that a reader of the results should know."""
        self.warnings.append(Problem(self.place, what, found, fix, severity="warning", count=count))

    def answer(
        self, frame: pd.DataFrame, columns: Sequence[str], rows: int, kind: str, encoding: Encoding, **labels: Any
    ) -> RawFile:
        """The file as read."""
        if not rows:
            self.refuse("has no rows", f"{len(columns):,} columns and nothing below them", OBTAIN_AGAIN)
        if encoding.warning:
            fix = f"make sure that this is right, and declare `encoding: {encoding.name.lower()}` to settle it"
            self.warn(encoding.warning, encoding.evidence, fix)
        source = Source(Path(self.place).name, kind, rows, len(columns), encoding)
        return RawFile(
            self.delivered,
            frame,
            tuple(columns),
            rows,
            sha256(self.delivered),
            self.delivered.stat().st_size,
            account=tuple(self.account),
            warnings=tuple(self.warnings),
            sources=(source,),
            **labels,
        )

    def refuse(self, what: str, found: str, fix: str) -> NoReturn:
        """Stop because of the file itself."""
        refuse(self.place, what, found, fix)

    def refuse_kind(self) -> NoReturn:
        """Stop because the file is not what its name says."""
        what, found = f"is not what `{self.path.suffix}` promises", f"it looks like {looks_like(self.head)}"
        self.refuse(what, found, "unpack it, convert it, or give it the ending that belongs to it")

    def refuse_damaged(self, evidence: object) -> NoReturn:
        """Stop because the file cannot be read to its end."""
        found = f"{self.path.stat().st_size:,} bytes; {evidence}"
        self.refuse("is cut short or damaged", found, OBTAIN_AGAIN)

    def refuse_encoding(self, evidence: object) -> NoReturn:
        """Stop because bytes are not text in the encoding that the profile declares."""
        if self.encoding is None:
            self.refuse_damaged(evidence)
        fix = "declare the `encoding` it was written in, often utf-8, windows-1252 or utf-16"
        self.refuse(f"is not text in the encoding `{self.encoding}`", str(evidence), fix)

    def check_encoding_name(self) -> None:
        """Refuse a declared encoding that does not exist, before anything is read."""
        if self.encoding is not None:
            try:
                known_name(self.encoding)
            except LookupError:
                self.refuse_encoding("no encoding has this name")


def refuse(place: str | Path, what: str, found: str, fix: str) -> NoReturn:
    """Stop because of the file itself."""
    raise InformalityError(Problem(str(place), f"the file {what}", found, fix), ExitCode.DATA_FILE)
