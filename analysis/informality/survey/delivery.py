"""What a profile says of the files a wave was delivered in, and of how several are joined."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from informality.foundation.specfile import SpecModel, Words


class FileSpec(SpecModel):
    """One delivered file: its name and, where it does not say so itself, how it is written.

    ``encoding`` overrides what the file declares; ``delimiter`` (``tab``, or the character) and ``decimal`` are the
    marks of a table of text; ``member`` says which file of a zip, or which data frame of an .rda, is meant;
    ``layout`` is the table of columns of a fixed-width file, which lies beside it. ``rows`` and ``sha256`` are
    checked, and only ``sha256`` notices a byte that changed.
    """

    file: Words
    rows: int | None = None
    sha256: Words | None = None
    encoding: Words | None = None
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    decimal: Literal[".", ","] = "."
    member: Words | None = None
    layout: Words | None = None

    @field_validator("delimiter", mode="before")
    @classmethod
    def _tab(cls, mark: Any) -> Any:
        return "\t" if mark == "tab" else mark

    @field_validator("sha256")
    @classmethod
    def _is_hash(cls, text: str | None) -> str | None:
        if text is not None and not re.fullmatch(r"[0-9a-f]{64}", text):
            raise ValueError("a sha256 is 64 digits and letters from a to f")
        return text

    def how(self, folder: Path) -> dict[str, Any]:
        """The options of :func:`informality.survey.readers.read_raw`, the layout looked for in ``folder``."""
        return {
            "encoding": self.encoding,
            "delimiter": self.delimiter,
            "decimal": self.decimal,
            "member": self.member,
            "layout": folder / self.layout if self.layout else None,
        }

    @property
    def companions(self) -> list[str]:
        """Names of further files that reading this one takes."""
        return [self.layout] if self.layout else []


class JoinSpec(FileSpec):
    """A further file whose columns are added to those of the wave's file, row by row, by their keys.

    ``by``: the key columns, or a mapping from their names in the wave's file to those in this one. ``take``: the
    columns that are added, or a mapping from the name the profile uses to the name in this file; each must be new.
    ``relation``: ``many_to_one`` when several rows of the wave's file share one of this file (persons of a
    household), ``one_to_one`` when none do; in either, a key stands once in this file. ``unmatched``: what becomes of rows
    without a partner here, ``refuse`` or ``blank``. Nothing else is joined, and no row is added or lost.
    """

    by: list[Words] | dict[Words, Words] = Field(min_length=1)
    take: list[Words] | dict[Words, Words] = Field(min_length=1)
    relation: Literal["one_to_one", "many_to_one"]
    unmatched: Literal["refuse", "blank"] = "refuse"

    @model_validator(mode="after")
    def _takes_no_key(self) -> JoinSpec:
        keys = [name for name in self.taken if name in self.keys]
        if keys:
            raise ValueError(f"`take` names key columns, which are there already: {', '.join(keys)}")
        return self

    @property
    def keys(self) -> dict[str, str]:
        """Key columns: name in the wave's file → name in this one."""
        return self.by if isinstance(self.by, dict) else {name: name for name in self.by}

    @property
    def taken(self) -> dict[str, str]:
        """Added columns: name the profile uses → name in this file."""
        return self.take if isinstance(self.take, dict) else {name: name for name in self.take}


class WaveSpec(FileSpec):
    """The files of one wave of the series: one row a person in ``file``, further columns from ``join``.

    ``covers``: whom it speaks of, where that is not the whole country, for the middle of a sentence.
    ``excerpt``: that the file is only a part of the survey, and which; then no figure stands for the country, and this
    text stands beside every figure.
    """

    title: Words
    covers: Words | None = None
    made_by: Words | None = None
    excerpt: Words | None = None
    source: Words
    licence: Words
    join: list[JoinSpec] = Field(default_factory=list)

    @property
    def files(self) -> list[FileSpec]:
        """All data files of the wave, its own first."""
        return [self, *self.join]

    @property
    def beside(self) -> list[str]:
        """Names of the files that lie beside the wave's own: layouts and joined files."""
        names = [*self.companions, *(name for join in self.join for name in (join.file, *join.companions))]
        return list(dict.fromkeys(names))
