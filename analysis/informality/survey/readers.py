"""Raw survey files as delivered: the columns asked for, with labels and missing codes.

Reading decides nothing that belongs to a survey profile: codes stay codes, codes declared as
missing stay values, SPSS dates stay the numbers they are in the file. Only blank text becomes
missing. To add a format, write its reader and give it a line in ``READERS``.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from informality.survey.delimited import read_csv
from informality.survey.parquet import read_parquet
from informality.survey.rawfile import EXAMPLES, OBTAIN, OBTAIN_AGAIN, Ask, Code, RawFile, refuse
from informality.survey.signatures import looks_like
from informality.survey.statistical import read_sav

__all__ = ["READERS", "Code", "RawFile", "describe", "read_raw"]

READERS: dict[str, Callable[[Ask], RawFile]] = {
    ".sav": read_sav,
    ".zsav": read_sav,
    ".csv": read_csv,
    ".parquet": read_parquet,
}


def read_raw(
    path: Path, columns: Sequence[str] | None = None, *, encoding: str | None = None, delimiter: str = ","
) -> RawFile:
    """Read ``columns`` of a data file (None: all); no other column is held in memory.

    ``encoding`` overrides what an SPSS file says of itself, and UTF-8 for a CSV. ``delimiter``
    separates the cells of a CSV. In a CSV an unquoted NA, NULL or full stop is missing, and a
    column is text as soon as one cell is not a number or is a code such as ``0110``.

    Raises :class:`InformalityError`: ``DATA_FILE`` when the file is absent, cannot be read, or is
    not what its name says; ``DATA`` with a problem for each column that it lacks.
    """
    ask = Ask(path, _head(path), columns, encoding, delimiter)
    suffix = path.suffix.lower()
    if suffix not in READERS:
        found = f"its name ends in `{suffix}` and it looks like {looks_like(ask.head)}"
        refuse(path, "is of a kind that is not read here", found, f"use one of {', '.join(READERS)}")
    return READERS[suffix](ask)


def describe(path: Path, *, encoding: str | None = None, delimiter: str = ",") -> RawFile:
    """As :func:`read_raw` without the data: ``frame`` is empty, everything else is there."""
    return read_raw(path, (), encoding=encoding, delimiter=delimiter)


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
