"""Members on record from an office's own file: a CSV with scheme, members and any of sex, age_group, region."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from informality.coverage.baseline import MembersSpec
from informality.foundation.compositions import Series, check_series
from informality.foundation.errors import ExitCode, InformalityError, Problem, did_you_mean
from informality.foundation.grammar import Variable
from informality.foundation.quantities import Status


def read_members(
    path: Path,
    schemes: Mapping[str, object],
    variables: Mapping[str, Variable],
    *,
    source: str,
    status: Status = "verified",
) -> list[MembersSpec]:
    """Entries for ``administrative`` of a baseline, one for each line. Raises InformalityError (DATA) with all problems.

    Columns: ``scheme``, ``members``; every other column is a variable of the workers, its cells levels of it.
    """
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as failure:
        raise InformalityError(
            Problem(
                str(path),
                "this file of members cannot be read",
                str(failure).splitlines()[0],
                "save it as CSV in UTF-8",
            ),
            ExitCode.DATA_FILE,
        ) from None
    problems = [
        Problem(
            path.name,
            f"the column `{name}` is missing",
            ", ".join(table.columns),
            "name the columns scheme, members and what they are by",
        )
        for name in ("scheme", "members")
        if name not in table
    ]
    by = [c for c in table.columns if c not in ("scheme", "members")]
    problems += [
        Problem(path.name, f"`{c}` is not a variable of the workers", fix=did_you_mean(c, variables))
        for c in by
        if c not in variables
    ]
    if problems:
        raise InformalityError(problems, ExitCode.DATA)
    entries: list[MembersSpec] = []
    seen: dict[tuple[str, ...], int] = {}
    for i, row in enumerate(table.to_dict("records"), start=2):
        place = f"{path.name}, line {i}"
        if row["scheme"] not in schemes:
            problems.append(
                Problem(place, f"`{row['scheme']}` is not a scheme here", fix=did_you_mean(row["scheme"], schemes))
            )
        for c in by:
            if row[c] not in variables[c].categories:
                problems.append(
                    Problem(
                        place, f"`{row[c]}` is not a level of `{c}`", fix=did_you_mean(row[c], variables[c].categories)
                    )
                )
        try:
            members = float(row["members"].replace(",", "").replace(" ", ""))
        except ValueError:
            members = -1.0
        if members < 0:
            problems.append(
                Problem(
                    place,
                    "the number of members is not a number from 0 on",
                    f"`{row['members']}`",
                    "write it in digits",
                )
            )
        key = (row["scheme"], *(row[c] for c in by))
        if key in seen:
            problems.append(
                Problem(place, "the same group stands twice", f"first on line {seen[key]}", "add the lines up")
            )
        seen.setdefault(key, i)
        if members >= 0:
            entries.append(
                MembersSpec(
                    schemes=[row["scheme"]],
                    where={c: row[c] for c in by},
                    members=members,
                    source=source,
                    status=status,
                )
            )
    shares = {str(i): entry.members for i, entry in enumerate(entries)}
    halves = any(not value.is_integer() for value in shares.values())  # whole numbers may well be so few members
    for whole in (100.0, 1.0):
        if len(shares) > 1 and halves and not check_series([Series("", "", "composition", shares, whole=whole)]):
            found = f"{len(shares)} lines that add up to {sum(shares.values()):g}"
            fix = "write how many members each group has; shares of members say nothing about their number"
            problems.append(Problem(path.name, "these are shares of a whole and not numbers of members", found, fix))
    if problems:
        raise InformalityError(problems, ExitCode.DATA)
    return entries
