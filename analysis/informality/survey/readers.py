"""Raw survey files as delivered: the columns asked for, with labels and missing codes.

Reading decides nothing that belongs to a survey profile: codes stay codes, codes declared as missing stay values,
letters for missing values stay letters. Only blank text becomes missing, whether it has no character or spaces
alone: SPSS and fixed width fill text up with spaces, so no file can be relied on to tell the two apart. To add a
format, write its reader and give it a line in ``READERS``.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from informality.survey.dbase import read_dbf
from informality.survey.delimited import read_delimited
from informality.survey.fixedwidth import read_fixed_width
from informality.survey.packed import unpacked
from informality.survey.parquet import read_parquet
from informality.survey.rawfile import (
    EXAMPLES,
    OBTAIN,
    OBTAIN_AGAIN,
    Ask,
    Choice,
    Code,
    How,
    Progress,
    RawFile,
    Source,
    refuse,
)
from informality.survey.rtables import read_r
from informality.survey.signatures import looks_like
from informality.survey.statistical import read_statistical

__all__ = ["PACKED", "READERS", "Code", "RawFile", "Source", "describe", "read_raw"]

READERS: dict[str, Callable[[Ask], RawFile]] = {
    ".sav": read_statistical,
    ".zsav": read_statistical,
    ".por": read_statistical,
    ".dta": read_statistical,
    ".sas7bdat": read_statistical,
    ".xpt": read_statistical,
    ".csv": read_delimited,
    ".tsv": read_delimited,
    ".txt": read_fixed_width,
    ".dat": read_fixed_width,
    ".dbf": read_dbf,
    ".parquet": read_parquet,
    ".rds": read_r,
    ".rda": read_r,
    ".rdata": read_r,
}
PACKED = (".zip", ".gz")


def read_raw(
    path: Path,
    columns: Choice = None,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    decimal: str = ".",
    member: str | None = None,
    layout: Path | None = None,
    trusted: bool = False,
    progress: Progress = lambda name, done, total: None,
) -> RawFile:
    """Read ``columns`` of a data file (None: all; or a function of the columns it has); no other is held in memory.

    ``encoding`` overrides what the file says of itself, and its letters. ``delimiter`` separates the cells of a table
    of text (by default a comma, a tab in a .tsv), ``decimal`` is its decimal mark, ``member`` says which file of an
    archive or which data frame of an .rda is meant, ``layout`` is the table that says where the columns of a
    fixed-width file stand. The bytes of a ``trusted`` file are known by their hash; others are read in a process of
    their own where the library that reads them can crash. In a table of text an unquoted NA, NULL or full stop is
    missing, and a column is text as soon as one cell is not a number or is a code such as ``0110``.

    Raises :class:`InformalityError`: ``DATA_FILE`` when the file is absent, cannot be read, or is
    not what its name says; ``DATA`` with a problem for each column that it lacks.
    """
    how = How(encoding, delimiter, decimal, member, layout)
    ask = Ask(path, _head(path), columns, how, path, str(path), trusted, progress)
    with unpacked(ask, tuple(READERS)) as inner:
        suffix = inner.path.suffix.lower()
        if suffix not in READERS:
            found = f"its name ends in `{suffix}` and it looks like {looks_like(inner.head)}"
            inner.refuse("is of a kind that is not read here", found, f"use one of {', '.join((*READERS, *PACKED))}")
        return READERS[suffix](inner)


def describe(path: Path, **how: Any) -> RawFile:
    """As :func:`read_raw` without the data: ``frame`` is empty, everything else is there."""
    return read_raw(path, (), **how)


def _head(path: Path) -> bytes:
    """The first bytes of a file that is there, may be read and is not empty."""
    try:
        with path.open("rb") as file:
            head = file.read(512)
    except FileNotFoundError:
        _refuse_missing(path)
    except IsADirectoryError:
        held = ", ".join(_names(path)[:EXAMPLES]) or "nothing"
        refuse(path, "is a folder", f"it holds {held}", "name the data file itself")
    except OSError as error:
        fix = "make sure that the path is right and that you may read the file"
        refuse(path, "cannot be opened", str(error.strerror), fix)
    if not head:
        refuse(path, "is empty", "0 bytes", OBTAIN_AGAIN)
    return head


def _refuse_missing(path: Path) -> NoReturn:
    folder = path.absolute().parent
    if not folder.is_dir():
        refuse(path, "is not there", f"there is no folder {folder}", OBTAIN)
    names = {name.casefold(): name for name in _names(folder)}
    near = difflib.get_close_matches(path.name.casefold(), names, n=EXAMPLES)
    held = ", ".join(names[name] for name in near) or "no file of a similar name"
    refuse(path, "is not there", f"looked in {folder}, which holds {held}", OBTAIN)


def _names(folder: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in folder.iterdir())
    except OSError:
        return []
