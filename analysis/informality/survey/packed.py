"""One file out of an archive: .zip, and text packed with gzip (.tsv.gz), unpacked for the time of reading it."""

from __future__ import annotations

import gzip
import shutil
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Protocol

from informality.foundation.errors import did_you_mean
from informality.survey.rawfile import EXAMPLES, Ask

BLOCK = 4 << 20
LOCKED = 0x1
BROKEN = (OSError, EOFError, ValueError, IndexError, struct.error, zlib.error, zipfile.BadZipFile, RuntimeError)
"""What unpacking damaged bytes can end in; ``RuntimeError`` includes ways of packing that are not known."""


@contextmanager
def unpacked(ask: Ask, endings: Sequence[str]) -> Iterator[Ask]:
    """What to read instead of an archive: its file, in a folder that is gone afterwards; else ``ask`` itself.

    A zip of several files is refused with their names unless the profile says which (``member``).
    """
    suffix = ask.path.suffix.lower()
    if suffix not in (".zip", ".gz"):
        _refuse_member_of_no_archive(ask, suffix)
        yield ask
        return
    with tempfile.TemporaryDirectory(prefix="informality-") as folder:
        path = _from_zip(ask, Path(folder), endings) if suffix == ".zip" else _from_gzip(ask, Path(folder), endings)
        with path.open("rb") as file:
            head = file.read(512)
        if not head:
            ask.refuse("is empty", f"{path.name} in it has 0 bytes", "obtain the file again")
        place = f"{ask.place}, {path.name} in it" if suffix == ".zip" else ask.place
        yield replace(ask, path=path, head=head, place=place, how=replace(ask.how, member=None))


def _refuse_member_of_no_archive(ask: Ask, suffix: str) -> None:
    if ask.how.member is not None and suffix not in (".rda", ".rdata"):
        fix = "remove `member` from the profile, or name the archive"
        ask.refuse("is no archive, but the profile names a file in it", f"`member: {ask.how.member}`", fix)


def _from_zip(ask: Ask, folder: Path, endings: Sequence[str]) -> Path:
    if not ask.head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        ask.refuse_kind()
    try:
        with zipfile.ZipFile(ask.path) as archive:
            inside = _chosen(ask, archive, endings)
            path = folder / PurePosixPath(inside.filename.replace("\\", "/")).name
            with archive.open(inside) as source:
                _copy(ask, source, path, inside.file_size)
    except BROKEN as error:
        ask.refuse_damaged(error)
    return path


def _chosen(ask: Ask, archive: zipfile.ZipFile, endings: Sequence[str]) -> zipfile.ZipInfo:
    """The one file of an archive, or the one that the profile names."""
    files = {
        info.filename: info
        for info in archive.infolist()
        if info.filename
        and not info.filename.endswith("/")
        and not info.filename.startswith("__MACOSX/")
        and not info.filename.endswith(".DS_Store")
    }
    if "[Content_Types].xml" in files:
        fix = "save the sheet with the data as CSV (UTF-8) and name that file"
        ask.refuse(
            "is a workbook or document, not an archive of data", f"it holds {', '.join(list(files)[:EXAMPLES])}", fix
        )
    if not files:
        ask.refuse(
            "holds no file", f"{len(archive.infolist()):,} entries, none of them a file", "obtain the file again"
        )
    wanted = ask.how.member
    if wanted is not None:
        found = [name for name in files if wanted in (name, PurePosixPath(name.replace("\\", "/")).name)]
        if len(found) != 1:
            what = f"holds no file `{wanted}`" if not found else f"holds several files `{wanted}`"
            fix = did_you_mean(wanted, files) if not found else "write the folder in front of the name, as shown"
            ask.refuse(what, f"it holds {', '.join(found or list(files)[:EXAMPLES])}", fix)
    elif len(files) > 1:
        data = next((name for name in files if PurePosixPath(name).suffix.lower() in endings), next(iter(files)))
        more = f" and {len(files) - EXAMPLES:,} more" if len(files) > EXAMPLES else ""
        fix = f"say in the profile which one is meant, for example `member: {data}`"
        ask.refuse(f"holds {len(files):,} files", f"{', '.join(list(files)[:EXAMPLES])}{more}", fix)
    chosen = files[found[0]] if wanted is not None else next(iter(files.values()))
    if chosen.flag_bits & LOCKED:
        fix = "unpack it with the password from the agency, and name the unpacked file"
        ask.refuse("is locked with a password", f"{chosen.filename} in it", fix)
    return chosen


def _from_gzip(ask: Ask, folder: Path, endings: Sequence[str]) -> Path:
    if not ask.head.startswith(b"\x1f\x8b"):
        ask.refuse_kind()
    name = ask.path.name[: -len(".gz")]
    if Path(name).suffix.lower() not in endings:
        fix = "give it a name that says what is in it, such as survey.csv.gz"
        ask.refuse("does not say what is packed in it", f"without `.gz` its name is `{name}`", fix)
    try:
        with gzip.open(ask.path) as source:
            _copy(ask, source, folder / name, None)
    except BROKEN as error:
        ask.refuse_damaged(error)
    return folder / name


class _Source(Protocol):
    def read(self, count: int, /) -> bytes: ...


def _copy(ask: Ask, source: _Source, path: Path, announced: int | None) -> None:
    """Unpack, as long as the disk has room."""
    free = shutil.disk_usage(path.parent).free
    if announced is not None and announced > free:
        _refuse_space(ask, announced, free)
    done = 0
    with path.open("wb") as target:
        while block := source.read(BLOCK):
            done += len(block)
            if done > free - BLOCK:
                _refuse_space(ask, done, free)
            target.write(block)


def _refuse_space(ask: Ask, needed: int, free: int) -> None:
    found = f"{needed:,} bytes and more unpacked, {free:,} free in {tempfile.gettempdir()}"
    ask.refuse("does not fit on the disk when unpacked", found, "make room, or set TMPDIR to a folder that has it")
