"""A wave read from its files: the one with a row a person, and those whose columns are joined to it by their keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from informality.foundation.errors import ExitCode, InformalityError, Problem, did_you_mean
from informality.foundation.provenance import sha256
from informality.survey.absent import as_named, names_in_file
from informality.survey.account import as_code
from informality.survey.delivery import FileSpec, JoinSpec
from informality.survey.profile import Profile
from informality.survey.rawfile import EXAMPLES, Progress, RawFile
from informality.survey.readers import read_raw

Places = npt.NDArray[np.int64]
RELATION = {"one_to_one": "one to one", "many_to_one": "many to one"}


def read_wave(profile: Profile, wave: str, path: Path, progress: Progress = lambda name, done, total: None) -> RawFile:
    """The columns a profile names, from the file of a wave at ``path`` and the files beside it that it joins.

    Raises :class:`InformalityError` (``DATA_FILE`` for a file, ``DATA`` for columns, rows and keys) with the problems
    of all files.
    """
    spec = profile.spec.waves[wave]
    failures: list[InformalityError] = []
    taken = {name: number for number, join in enumerate(spec.join) for name in join.taken}
    keys = {key: profile.file.place("waves", wave, "join", i, "by") for i, j in enumerate(spec.join) for key in j.keys}
    wanted = {spec.columns.get(name, name): place for name, place in profile.columns().items()}

    fixed = {spec.columns.get(name, name): place for name, place in profile.columns(of_variables=False).items()}
    there: dict[str, str] = {}
    anything = profile.spec.absent is not None

    def of_base(present: Sequence[str]) -> list[str]:
        if anything:
            there.update(names_in_file((name for name in wanted if name not in taken), present))
        problems = absent_columns(fixed if anything else wanted, [*present, *there], taken)
        problems += absent_columns(keys, present)
        for name, number in taken.items():
            if name in present:
                place = profile.file.place("waves", wave, "join", number, "take")
                fix = f"write `take: {{another name: {spec.join[number].taken[name]}}}` and use that name"
                what = (
                    f"the column `{name}` is taken from {spec.join[number].file}, but {spec.file} has one of this name"
                )
                problems.append(Problem(place, what, fix=fix))
        if problems:
            raise InformalityError(problems, ExitCode.DATA)
        if anything:
            return [*dict.fromkeys([*there.values(), *keys])]
        return [*dict.fromkeys([*(c for c in wanted if c not in taken), *keys])]

    base = _read(spec, path, of_base, spec.made_by is not None, progress, failures)
    others = []
    for number, join in enumerate(spec.join):
        where = ("waves", wave, "join", number)
        named = {column: profile.file.place(*where, "by") for column in join.keys.values()}
        named |= {column: profile.file.place(*where, "take") for column in join.taken.values()}
        others.append(_read(join, path.parent / join.file, _all_of(named), False, progress, failures))
    if failures:
        problems = [problem for failure in failures for problem in failure.problems]
        raise InformalityError(problems, failures[0].code)
    joined, problems = base[0] if base else None, []
    if anything and joined is not None:
        joined = as_named(joined, there, (name for name in wanted if name not in taken))
    for number, (join, other) in enumerate(zip(spec.join, others, strict=True)):
        place = profile.file.place("waves", wave, "join", number, "by")
        assert joined is not None
        joined, found = _joined(joined, join, other[0], place)
        problems += found
    if problems or joined is None:
        raise InformalityError(problems, ExitCode.DATA)
    return _renamed(joined, spec.in_file)


def _renamed(file: RawFile, names: Mapping[str, str]) -> RawFile:
    """The file with the names that the profile uses for its columns; a name that becomes double is left away."""
    if not names:
        return file

    def under(held: Mapping[str, Any]) -> dict[str, Any]:
        fresh = {here: held[there] for there, here in names.items() if there in held}
        return {**{n: x for n, x in held.items() if n not in names}, **fresh}

    frame = file.frame.drop(columns=[n for n in names.values() if n in file.frame and n not in names])
    return replace(
        file,
        frame=frame.rename(columns=dict(names)),
        variable_labels=under(file.variable_labels),
        value_labels=under(file.value_labels),
        user_missing=under(file.user_missing),
        dates=tuple(names.get(name, name) for name in file.dates),
    )


def absent_columns(named: dict[str, str], present: Sequence[str], elsewhere: object = ()) -> list[Problem]:
    """A problem for each column that is named (with its place) and that a file lacks.

    ``elsewhere`` holds names that come from another file.
    """
    have = set(present)
    folded = {name.casefold(): name for name in present}

    def near(name: str) -> str:
        same = folded.get(name.casefold())
        return f"did you mean `{same}`? capitals count" if same else did_you_mean(name, present)

    return [
        Problem(
            place, f"the column `{name}` is not in the file", f"{len(present)} columns, none of this name", near(name)
        )
        for name, place in named.items()
        if name not in have and name not in elsewhere  # type: ignore[operator]
    ]


def _all_of(named: dict[str, str]) -> Callable[[Sequence[str]], list[str]]:
    """A choice of columns that are all there, or problems."""

    def choose(present: Sequence[str]) -> list[str]:
        if problems := absent_columns(named, present):
            raise InformalityError(problems, ExitCode.DATA)
        return list(named)

    return choose


def _read(
    spec: FileSpec,
    path: Path,
    choose: Callable[[Sequence[str]], Sequence[str]],
    ours: bool,
    progress: Progress,
    failures: list[InformalityError],
) -> list[RawFile]:
    """One file, its rows counted; or nothing, and the failure kept."""
    try:
        trusted = ours or (spec.sha256 is not None and path.is_file() and sha256(path) == spec.sha256)
        file = read_raw(path, choose, **spec.how(path.parent), trusted=trusted, progress=progress)
    except InformalityError as failure:
        failures.append(failure)
        return []
    if spec.rows is not None and file.rows != spec.rows:
        what, found = (
            "the file has another number of rows than the profile says",
            f"{file.rows:,} rows, the profile says {spec.rows:,}",
        )
        fix = "obtain the complete file, or correct `rows` in the profile"
        failures.append(InformalityError(Problem(path.name, what, found, fix), ExitCode.DATA))
    return [file]


def _joined(base: RawFile, spec: JoinSpec, other: RawFile, place: str) -> tuple[RawFile, list[Problem]]:
    """The base with the columns taken from the other, and what is wrong with the keys."""
    keys, name = ", ".join(spec.keys), other.path.name
    codes, problems = _codes(base, spec, other, place)
    if problems:
        return base, problems
    left, right = codes[: base.rows], codes[base.rows :]
    problems += _repeated(right, other.frame[list(spec.keys.values())], name, place)
    if spec.relation == "one_to_one":
        problems += _repeated(left, base.frame[list(spec.keys)], base.path.name, place)
    if problems:
        return base, problems
    row_of = np.full(codes.max(initial=-1) + 2, -1, dtype=np.int64)  # the last place for blank keys
    row_of[right[right >= 0]] = np.flatnonzero(right >= 0)
    row_of[-1] = -1
    rows = row_of[left]
    lonely = rows < 0
    without = int(lonely.sum())
    if without and spec.unmatched == "refuse":
        first = int(np.argmax(lonely))
        found = (
            f"{without:,} of {base.rows:,} rows, the first is row {first + 1:,} ({_key(base.frame, spec.keys, first)})"
        )
        fix = "obtain the file that belongs to it, or write `unmatched: blank` if such rows are meant to be"
        problem = Problem(
            place, f"rows of {base.path.name} have no partner in {name} by {keys}", found, fix, count=without
        )
        return base, [problem]
    columns = {new: old for new, old in spec.taken.items()}
    picked = other.frame[list(columns.values())].reindex(pd.Index(rows))
    frame = base.frame.copy(deep=False)
    for new, old in columns.items():
        frame[new] = picked[old].array
    unused = other.rows - len(np.unique(rows[~lonely]))
    blank = f", whose {', '.join(columns)} are blank" if without else ""
    account = (
        ("join", f"rows in {name}, joined {RELATION[spec.relation]} by {keys}", other.rows),
        ("join", f"rows of {base.path.name} with a partner there", base.rows - without),
        ("join", f"rows of {base.path.name} without a partner there{blank}", without),
        ("join", f"rows of {name} that are nobody's partner", unused),
    )
    return _with(base, other, columns, frame, account), []


def _with(
    base: RawFile,
    other: RawFile,
    columns: dict[str, str],
    frame: pd.DataFrame,
    account: tuple[tuple[str, str, int], ...],
) -> RawFile:
    """The base with everything that is known of the added columns."""

    def added(name: str) -> dict[str, Any]:
        of_other = getattr(other, name)
        return {**getattr(base, name), **{new: of_other[old] for new, old in columns.items() if old in of_other}}

    return replace(
        base,
        frame=frame,
        columns=(*base.columns, *columns),
        variable_labels=added("variable_labels"),
        value_labels=added("value_labels"),
        user_missing=added("user_missing"),
        dates=(*base.dates, *(new for new, old in columns.items() if old in other.dates)),
        account=(*base.account, *other.account, *account),
        warnings=(*base.warnings, *other.warnings),
        sources=(*base.sources, *other.sources),
    )


def _codes(base: RawFile, spec: JoinSpec, other: RawFile, place: str) -> tuple[Places, list[Problem]]:
    """A number for each key, the same in both files, base first; -1 where a part of the key is blank."""
    codes = np.zeros(base.rows + other.rows, dtype=np.int64)
    blank = np.zeros(len(codes), dtype=bool)
    problems = []
    for here, there in spec.keys.items():
        left, right = base.frame[here], other.frame[there]
        kinds = ["numbers" if pd.api.types.is_numeric_dtype(c.dtype) else "text" for c in (left, right)]
        if kinds[0] != kinds[1]:
            found = f"`{here}` is {kinds[0]} in {base.path.name}, `{there}` is {kinds[1]} in {other.path.name}"
            fix = "make both numbers or both text: a code such as 01 is text, and 1 is a number"
            problems.append(Problem(place, "a key cannot be compared between the files", found, fix))
            continue
        part, values = pd.factorize(pd.concat([left, right], ignore_index=True))
        blank |= part < 0
        codes = pd.factorize(codes * (len(values) + 1) + part)[0].astype(np.int64)
    codes[blank] = -1
    return codes, problems


def _repeated(codes: Places, keys: pd.DataFrame, name: str, place: str) -> list[Problem]:
    """Keys that stand more than once in a file where they must stand once."""
    times = np.bincount(codes[codes >= 0])
    twice = np.flatnonzero((codes >= 0) & (times[np.maximum(codes, 0)] > 1)) if len(times) else np.empty(0, int)
    if not len(twice):
        return []
    shown = []
    for code in list(dict.fromkeys(codes[twice]))[:2]:
        rows = [f"{row + 1:,}" for row in np.flatnonzero(codes == code)[:EXAMPLES]]
        shown.append(f"{_key(keys, keys.columns, int(np.argmax(codes == code)))} in rows {', '.join(rows)}")
    return [
        Problem(
            place,
            f"the key ({', '.join(keys.columns)}) is not unique in {name}",
            f"{len(twice):,} rows share a key with another: {'; '.join(shown)}",
            "add the column that tells them apart, or choose the relation that the files have",
            count=len(twice),
        )
    ]


def _key(frame: pd.DataFrame, columns: Sequence[str] | dict[str, str], row: int) -> str:
    """One key in words: ``ENT 09, CON 41026``."""
    values = [(name, frame[name].iloc[row]) for name in columns]
    return ", ".join(f"{name} {'blank' if pd.isna(value) else as_code(value)}" for name, value in values)
