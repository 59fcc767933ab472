"""What a run makes appears when all of it is made, or not at all.

A run works in a hidden folder of its own, which goes when the run ends, however it ends. A process that is
killed cannot clean up, so the next run does: the folder of a living run is locked, that of a dead one is not.
"""

from __future__ import annotations

import errno
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.foundation.provenance import write_atomically

DAY = 24 * 60 * 60
FIX = "check that the folder may be written to, that the disk has room, and that no other program has the file open"


@contextmanager
def staged(parent: Path, name: str) -> Iterator[Path]:
    """A new hidden folder in ``parent`` (made if need be), gone afterwards with all that is still in it.

    Left-over folders of the same name are removed first. Raises :class:`InformalityError` (``OUTPUT``) where
    nothing can be written.
    """
    new_folders = [p for p in (parent, *parent.parents) if not p.exists()]
    with ExitStack() as held:
        try:
            parent.mkdir(parents=True, exist_ok=True)
            with _locked(parent, wait=True):  # so that no other run takes the new folder for a left-over
                for left_over in parent.glob(f".{name}-*"):
                    _clear(left_over)
                folder = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=parent))
                held.enter_context(_locked(folder))
        except OSError as failure:
            raise _refused(parent, failure) from None
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            for made in new_folders:
                with suppress(OSError):  # it holds results now
                    made.rmdir()


def put(made: Path, target: Path) -> None:
    """Move a file into place, or every file of a folder, which then holds nothing else.

    Each file is the old or the new one at any moment. Raises :class:`InformalityError` (``OUTPUT``).
    """
    if made.is_dir():
        files = [p.relative_to(made) for p in made.rglob("*") if p.is_file()]
        for file in files:
            put(made / file, target / file)
        for old in {p.relative_to(target) for p in target.rglob("*") if p.is_file()} - set(files):
            with suppress(OSError):
                (target / old).unlink()
        return
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(made, target)
    except OSError as failure:
        if failure.errno != errno.EXDEV:
            raise _refused(target, failure) from None
        write_atomically(target, lambda new: shutil.copyfile(made, new))  # the folders lie on two disks


def check_writable(folders: Iterable[Path]) -> None:
    """Raise :class:`InformalityError` (``OUTPUT``) for every folder that cannot be written; makes none."""
    problems = []
    for folder in folders:
        there = next(p for p in (folder, *folder.parents) if p.exists())
        if not there.is_dir():
            problems.append(
                Problem(str(folder), "results cannot be written here", f"{there} is a file", "move that file away")
            )
        elif not os.access(there, os.W_OK | os.X_OK):
            problems.append(
                Problem(str(folder), "results cannot be written here", f"{there} may not be written to", FIX)
            )
    if problems:
        raise InformalityError(problems, ExitCode.OUTPUT)


def _refused(place: Path, failure: OSError) -> InformalityError:
    return InformalityError(
        Problem(str(place), "this cannot be written", failure.strerror or str(failure), FIX), ExitCode.OUTPUT
    )


def _clear(folder: Path) -> None:
    """Remove a staging folder unless its run lives, or may live where locks cannot tell."""
    try:
        with _locked(folder) as locked:
            if locked or time.time() - folder.stat().st_mtime > DAY:
                shutil.rmtree(folder, ignore_errors=True)
    except OSError:
        return


@contextmanager
def _locked(folder: Path, *, wait: bool = False) -> Iterator[bool]:
    """Hold a folder until the block, or the process, ends; yields False where locks on folders are not known.

    Raises ``BlockingIOError`` when another holds it and ``wait`` is not set.
    """
    if sys.platform == "win32":
        yield False
        return
    import fcntl

    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise
        except OSError:  # some network drives have no locks
            yield False
            return
        yield True
    finally:
        os.close(handle)
