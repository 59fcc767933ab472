"""Files of a common layout: the same names everywhere, although no survey has all the questions.

For such a file a profile says ``absent: not_asked``: a column that is not there, or that holds no value at all, is
a question the survey did not ask, which is not the same as an answer that is not known. Names are found whatever their
capitals, since the same extract has ``PERWT`` in one format and ``perwt`` in another.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from informality.foundation.errors import Problem
from informality.survey.profile import FormSpec, Profile
from informality.survey.rawfile import RawFile

TOLD = 12  # names that a message lists


def names_in_file(wanted: Iterable[str], present: Sequence[str]) -> dict[str, str]:
    """Name in the profile → name in the file, for the columns that are there; capitals count where both are."""
    folded: dict[str, list[str]] = {}
    for name in present:
        folded.setdefault(name.casefold(), []).append(name)
    found = {}
    for name in wanted:
        alike = folded.get(name.casefold(), [])
        if name in alike or len(alike) == 1:
            found[name] = name if name in alike else alike[0]
    return found


def as_named(raw: RawFile, found: Mapping[str, str], wanted: Iterable[str]) -> RawFile:
    """The file with the names of the profile, and a blank column for each that is not there."""
    mine = {there: name for name, there in found.items()}

    def renamed(values: dict[str, Any]) -> dict[str, Any]:
        return {mine.get(name, name): value for name, value in values.items()}

    blank = np.full(raw.rows, np.nan, dtype=np.float32)
    missing = {name: blank for name in wanted if name not in found}
    frame = raw.frame.rename(columns=mine)
    return replace(
        raw,
        frame=pd.concat([frame, pd.DataFrame(missing, index=frame.index)], axis=1) if missing else frame,
        variable_labels=renamed(raw.variable_labels),
        value_labels=renamed(raw.value_labels),
        user_missing=renamed(raw.user_missing),
        dates=tuple(mine.get(name, name) for name in raw.dates),
    )


def without_values(profile: Profile, frame: pd.DataFrame) -> frozenset[str]:
    """Variables none of whose columns holds a value; none where the profile does not say ``absent: not_asked``."""
    if profile.spec.absent is None:
        return frozenset()
    empty = {name for name in frame.columns if frame[name].isna().all()}
    return frozenset(
        name
        for name, form in profile.spec.variables.items()
        if isinstance(form, FormSpec) and set(columns_of(form)) <= empty
    )


def columns_of(form: FormSpec) -> list[str]:
    """The raw columns a variable is made of, in the order in which they are looked at."""
    found = [form.column] if form.column else [name for rule in form.rules or [] for name in rule.when]
    return list(dict.fromkeys([*found, *(columns_of(form.otherwise) if form.otherwise else [])]))


def tell(profile: Profile, absent: Collection[str]) -> list[Problem]:
    """One warning for all questions that a file of a common layout lacks."""
    if not absent:
        return []
    names = [name for name in profile.spec.variables if name in absent]
    more = f" and {len(names) - TOLD} more" if len(names) > TOLD else ""
    return [
        Problem(
            profile.file.place("absent"),
            f"{len(names)} {'variable has' if len(names) == 1 else 'variables have'} no value in this file and "
            f"{'counts' if len(names) == 1 else 'count'} as not asked",
            ", ".join(names[:TOLD]) + more,
            "make sure that the survey lacks these questions, and that the file was not cut short",
            severity="warning",
            count=len(names),
        )
    ]
