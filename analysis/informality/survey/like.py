"""A profile that is like another one: ``like: gld`` takes over how a file is read, and the profile says the rest.

A *pattern* is a profile for a kind of file, not for one survey: it has a key ``pattern`` and lacks what only the user's
own file can tell (country, waves, bases of employment). It is used through a small profile of one's own. A profile of a
real survey may be taken over too, for another wave or a complete file of it.

What is taken over, entry by entry, so that an entry of one's own goes before it: ``keys``, ``design``, ``variables``,
``blocks``, ``flags``; as a whole, what the profile itself does not say. Never: ``id``, ``title``, the waves, and the
official figures, which belong to those waves. ``notes`` are added up. ``labour_force_13`` and ``labour_force_19`` are
taken over only for the ``bases`` that the profile offers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.foundation.library import find
from informality.foundation.specfile import Line, Loc, read_yaml

LIKE, PATTERN = "like", "pattern"
BY_ENTRY = ("keys", "design", "variables", "blocks", "flags")
OWN = ("id", "title", "waves", "benchmarks", "comparisons", "made_up", LIKE, PATTERN)
ADDED_UP = "notes"
BASES = ("13", "19")

Read = tuple[Any, Mapping[Loc, Line], list[Problem]]


def read_like(path: Path) -> Read:
    """The plain values of a profile with what it takes over, where each part stands, and keys given twice.

    Raises :class:`InformalityError` (``SPEC``) for a pattern, which cannot be used as it is, and for a profile that it
    is like and that does not exist.
    """
    data, lines, problems = read_yaml(path)
    if isinstance(data, dict) and PATTERN in data:
        what = f"`{path.stem}` is a pattern for {data[PATTERN]}, and names no file"
        fix = (
            f"write a small profile of your own with `like: {path.stem}`, the country and the wave; an example stands "
            "at the head of the pattern"
        )
        raise InformalityError(Problem(path.name, what, fix=fix), ExitCode.SPEC)
    return _taken_over(path, (data, lines, problems), (path,))


def files_of(path: Path) -> list[Path]:
    """The files a profile is made of: its own, and those it takes over from; only its own where one cannot be read."""
    found = [path]
    try:
        while isinstance(data := read_yaml(found[-1])[0], dict) and LIKE in data:
            other = find("surveys", str(data[LIKE]), path.parent)
            if other in found:
                break
            found.append(other)
    except InformalityError:
        pass
    return found


def _taken_over(path: Path, own: Read, seen: tuple[Path, ...]) -> Read:
    data, lines, problems = own
    if not isinstance(data, dict) or not isinstance(data.get(LIKE), str):
        return own
    place = f"{path.name}, line {lines[(LIKE,)]}"
    name = data[LIKE]
    try:
        other = find("surveys", name, path.parent)
    except InformalityError as failure:
        raise InformalityError(
            [replace(p, place=place, found=f"`like: {name}`") for p in failure.problems], failure.code
        ) from None
    if other in seen:
        what = "a profile cannot be like itself"
        names = " is like ".join(p.stem for p in (*seen, other))
        raise InformalityError(Problem(place, what, names, "take over from another profile"), ExitCode.SPEC)
    base, base_lines, base_problems = _taken_over(other, read_yaml(other), (*seen, other))
    if not isinstance(base, dict):
        return own
    elsewhere: dict[Loc, Line] = {
        loc: line if isinstance(line, tuple) else (other, line) for loc, line in base_lines.items()
    }
    return _merged(data, base, elsewhere), {**elsewhere, **lines}, [*problems, *base_problems]


def _merged(data: dict[str, Any], base: dict[str, Any], elsewhere: dict[Loc, Line]) -> Any:
    """The profile with what it takes over from ``base``; the lines of what is not taken over are dropped."""
    merged = dict(data)
    for key, value in base.items():
        mine = data.get(key)
        if key in OWN or (key == "no_benchmarks" and "benchmarks" in data):
            _drop(elsewhere, (key,))
        elif key in BY_ENTRY and isinstance(mine, dict) and isinstance(value, dict):
            for entry in mine:
                _drop(elsewhere, (key, entry))
            merged[key] = {**value, **mine}
        elif key == ADDED_UP and isinstance(mine, list) and isinstance(value, list):
            _drop(elsewhere, (key,))
            merged[key] = [*mine, *value]
        elif key in data:
            _drop(elsewhere, (key,))
        else:
            merged[key] = value
    variables, bases = merged.get("variables"), merged.get("bases")
    if isinstance(variables, dict) and isinstance(bases, list):
        own = data.get("variables")
        offered = {f"labour_force_{basis}" for basis in BASES if basis in bases}
        for name in (f"labour_force_{basis}" for basis in BASES):
            if name in variables and name not in offered and not (isinstance(own, dict) and name in own):
                variables[name] = "not_asked"
    return merged


def _drop(lines: dict[Loc, Line], loc: Loc) -> None:
    for known in [known for known in lines if known[: len(loc)] == loc]:
        del lines[known]
