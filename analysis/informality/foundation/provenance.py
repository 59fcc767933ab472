"""What made a result, and how a result reaches the disk.

A file is written beside its place and moved there when whole, so a run that fails, is stopped or
is killed leaves the earlier file as it was. The other functions say which data, code and versions
a result came from; the manifest of a run is written with them.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import secrets
import subprocess
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, is_dataclass
from datetime import date
from importlib import metadata
from pathlib import Path
from typing import Any

from informality.foundation.errors import ExitCode, InformalityError, Problem

PACKAGE = Path(__file__).resolve().parents[1]

LIBRARIES = (
    "informality",
    "matplotlib",
    "numpy",
    "pandas",
    "pyarrow",
    "pydantic",
    "pyreadstat",
    "ruamel.yaml",
    "scikit-learn",
    "scipy",
    "seaborn",
    "statsmodels",
)


@dataclass(frozen=True, slots=True)
class GitState:
    """The commit checked out, and whether files differ from it."""

    commit: str
    dirty: bool


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let ``write`` fill a new file beside ``path``, then move it into place.

    ``write`` is given a path that does not exist yet, in the same folder and with the same suffix.
    Missing folders are made. After any failure ``path`` is as it was and the new file is gone; a
    killed process can leave the new file behind (hidden, its name starts with a dot), never half
    of ``path``. Raises :class:`InformalityError` (``OUTPUT``) when the system refuses to write.
    """
    new = path.with_name(f".{path.stem}.{secrets.token_hex(4)}{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(new)
        os.replace(new, path)
    except OSError as error:
        raise InformalityError(
            Problem(
                place=str(path),
                what="this file could not be written",
                found=str(error),
                fix="check that the folder may be written to, that the disk has room, "
                "and that no other program has the file open",
            ),
            ExitCode.OUTPUT,
        ) from error
    finally:
        with suppress(OSError):
            new.unlink(missing_ok=True)


def write_json(path: Path, content: object) -> None:
    """Write ``content`` as JSON, keys sorted, so that equal contents give equal files.

    Takes dataclasses, paths, dates and numpy numbers besides what JSON knows. Raises
    ``ValueError`` for NaN and infinity, which JSON does not have.
    """
    text = json.dumps(content, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False, default=_plain)
    write_atomically(path, lambda new: new.write_text(text + "\n", encoding="utf-8", newline="\n"))


def _plain(value: Any) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, Path):
        return value.as_posix()
    if isinstance(value, date):  # a datetime is a date
        return value.isoformat()
    if hasattr(value, "item"):  # a numpy scalar, without importing numpy
        return value.item()
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal. Raises ``OSError`` if it cannot be read."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def package_fingerprint(root: Path = PACKAGE) -> str:
    """SHA-256 over the names and contents of every program and library file under ``root``.

    Two runs with equal fingerprints ran the same rules, whatever the version number says. Hidden
    and compiled files do not count.
    """
    digest = hashlib.sha256()
    names = {path.relative_to(root): path for path in root.rglob("*") if path.is_file()}
    for name, path in sorted(names.items()):
        if path.suffix != ".pyc" and not any(part.startswith(".") for part in name.parts):
            digest.update(f"{name.as_posix()}\0{sha256(path)}\n".encode())
    return digest.hexdigest()


def versions() -> dict[str, str]:
    """Versions of Python and of the installed libraries that touch the numbers."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        with suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


def git_state(root: Path = PACKAGE) -> GitState | None:
    """Commit of the checkout that holds ``root``, and whether anything under ``root`` changed.

    None without git, without a checkout or before the first commit: provenance is worth having,
    never worth failing for.
    """
    command = ["git", "--no-optional-locks", "-C", str(root)]
    command += ["status", "--porcelain=v2", "--branch", "--", "."]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    lines = answer.stdout.splitlines()
    commit = next((line.split()[-1] for line in lines if line.startswith("# branch.oid ")), "")
    if not commit or commit == "(initial)":
        return None
    return GitState(commit=commit, dirty=any(not line.startswith("#") for line in lines))
