"""What a raw data file holds, and what every reader is asked and can refuse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import pandas as pd

from informality.foundation.errors import ExitCode, InformalityError, Problem, did_you_mean
from informality.foundation.provenance import sha256
from informality.survey.signatures import looks_like

Code = int | float | str

EXAMPLES = 5  # how many of anything a message shows
OBTAIN = "data_raw/README.md says where the file is obtained and where it is looked for"
OBTAIN_AGAIN = "obtain the file again; data_raw/README.md says where, and how many bytes it has"


@dataclass(frozen=True, slots=True)
class RawFile:
    """One data file as delivered.

    ``frame``: the columns asked for, in that order; numbers are float64 or int, text is str, blank
    is missing. ``columns`` (all, in file order) and ``rows`` describe the file, whatever was asked
    for. ``variable_labels``: column -> label. ``value_labels``: column -> code -> label, whole
    codes as int. ``user_missing``: column -> (lowest, highest) of each range declared missing, a
    single code as (code, code). A column without any is not in these three.
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


@dataclass(frozen=True, slots=True)
class Ask:
    """What a reader is asked for; ``head`` is the first bytes of the file."""

    path: Path
    head: bytes
    columns: Sequence[str] | None
    encoding: str | None
    delimiter: str

    def choose(self, present: Sequence[str]) -> list[str]:
        """The columns to read, out of those present."""
        twice = [name for name, times in Counter(present).items() if times > 1]
        if twice:
            found = ", ".join(f"`{name}`" for name in twice)
            self.refuse("has columns of the same name", found, "give each column a name of its own")
        if self.columns is None:
            return list(present)
        wanted, known = list(dict.fromkeys(self.columns)), set(present)
        absent = [self._absent(name, present) for name in wanted if name not in known]
        if absent:
            raise InformalityError(absent, ExitCode.DATA)
        return wanted

    def _absent(self, name: str, present: Sequence[str]) -> Problem:
        same = next((other for other in present if other.casefold() == name.casefold()), None)
        fix = f"did you mean `{same}`? capitals count" if same else did_you_mean(name, present)
        found = f"{len(present):,} columns, none with exactly this name"
        return Problem(str(self.path), f"there is no column `{name}`", found, fix)

    def answer(self, frame: pd.DataFrame, columns: Sequence[str], rows: int, **labels: Any) -> RawFile:
        """The file as read, its blank text made missing."""
        if not rows:
            found = f"{len(columns):,} columns and nothing below them"
            self.refuse("has no rows", found, OBTAIN_AGAIN)
        clean = frame.copy(deep=False)
        for name in frame.columns:
            if pd.api.types.is_string_dtype(frame[name]):
                clean[name] = frame[name].where(frame[name].str.strip() != "")
        size = self.path.stat().st_size
        return RawFile(self.path, clean, tuple(columns), rows, sha256(self.path), size, **labels)

    def refuse(self, what: str, found: str, fix: str) -> NoReturn:
        """Stop because of the file itself."""
        refuse(self.path, what, found, fix)

    def refuse_kind(self) -> NoReturn:
        """Stop because the file is not what its name says."""
        what, found = f"is not what `{self.path.suffix}` promises", f"it looks like {looks_like(self.head)}"
        self.refuse(what, found, "unpack it, convert it, or give it the ending that belongs to it")

    def refuse_damaged(self, evidence: object) -> NoReturn:
        """Stop because the file cannot be read to its end."""
        found = f"{self.path.stat().st_size:,} bytes; {evidence}"
        self.refuse("is cut short or damaged", found, OBTAIN_AGAIN)

    def refuse_encoding(self, evidence: object) -> NoReturn:
        """Stop because bytes are not text in the encoding declared or assumed."""
        what = f"is not text in the encoding `{self.encoding}`" if self.encoding else "has unreadable text"
        fix = "declare the `encoding` it was written in, often utf-8, windows-1252 or utf-16"
        self.refuse(what, str(evidence), fix)


def refuse(path: Path, what: str, found: str, fix: str) -> NoReturn:
    """Stop because of the file itself."""
    raise InformalityError(Problem(str(path), f"the file {what}", found, fix), ExitCode.DATA_FILE)
