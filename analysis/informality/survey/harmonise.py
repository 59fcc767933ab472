"""From raw columns to the harmonised schema, with an account of every row and every value.

Nothing is dropped or recoded in silence: rows set aside are counted with their reason, and the
``mapping`` table counts, for each variable, every raw code and what it became, so that each variable adds up to
the rows kept. Everything that is wrong with the data is collected and raised at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from informality.foundation.errors import ExitCode, Problem, raise_errors
from informality.foundation.grammar import NOT_APPLICABLE, NOT_ASKED, REASON, UNKNOWN, Variable
from informality.foundation.rules import compile_filter
from informality.foundation.schema import Schema
from informality.survey.absent import tell, without_values
from informality.survey.account import Bools, Ints, Log, codes_of, written, wrong_kind
from informality.survey.forms import categorical, make
from informality.survey.keys import keys_and_design
from informality.survey.profile import Profile
from informality.survey.readers import RawFile, Source


@dataclass(frozen=True, slots=True)
class Harmonised:
    """The harmonised frame and the account of how it came about.

    ``frame``: one row per person kept; categories as in ``schema``; a number ``x`` has its reason for missing in
    ``x.missing``. ``mapping``: variable, column, code, code_label, category, n. ``accounting``: stage, what, rows.
    ``warnings``: what a reader should know although it stops nothing. ``sources``: how each file was read.
    ``outside``: by variable, the rows (from 0) that answered although they lie outside its universe; kept out as not applicable.
    """

    frame: pd.DataFrame
    schema: Schema
    asked: frozenset[str]
    mapping: pd.DataFrame
    accounting: pd.DataFrame
    warnings: tuple[Problem, ...]
    flags: pd.DataFrame
    sources: tuple[Source, ...] = ()
    outside: Mapping[str, Ints] = field(default_factory=dict)


def harmonise(profile: Profile, raw: RawFile, basis: str) -> Harmonised:
    """Read raw columns as the profile says.

    ``basis`` (``"13"`` or ``"19"``) chooses which employment concept ``employed`` and ``labour_force`` follow.
    Raises :class:`InformalityError` (``ExitCode.DATA``) with every problem of the data.
    """
    log = Log(np.arange(1, len(raw.frame) + 1), problems=list(raw.warnings))
    kept, accounting = _set_aside(profile, raw, log)
    frame = raw.frame if kept.all() else raw.frame.loc[kept].reset_index(drop=True)
    log.absent = without_values(profile, frame)
    log.problems += tell(profile, log.absent)
    out: dict[str, pd.Series] = keys_and_design(profile, frame, log)
    for name, variable in profile.schema.variables.items():
        if variable.spec.role == "basis":
            out[name] = out[f"{name}_{basis}"]
        elif variable.spec.role is None:
            made = pd.DataFrame(out, copy=False)
            out |= make(profile, variable, frame, made, raw, log)
    log.mapping += [
        (profile.schema.blocks[block], "", "", "the survey asks nothing of this kind", NOT_ASKED, len(frame))
        for block in profile.lacking
    ]
    flags = _flags(profile, frame, log)
    harmonised = pd.DataFrame(out, copy=False)
    log.problems += _basis_not_told(profile, harmonised, basis)
    raise_errors(log.problems, ExitCode.DATA)
    elsewhere = {name for name in profile.where if _never_asked(harmonised, name)}
    asked = (profile.measured - log.absent - elsewhere) | {
        name
        for name, variable in profile.schema.variables.items()
        if variable.derived is not None or variable.spec.role == "basis"
        if not _never_asked(harmonised, name)
    }
    working_age = profile.spec.working_age
    adult = int((harmonised["age"] >= working_age).sum() + harmonised["age" + REASON].isin([UNKNOWN, NOT_ASKED]).sum())
    accounting += [
        ("kept", "persons in the analysis file", len(harmonised)),
        ("universe", f"of these, aged {working_age} and over (or age not known)", adult),
        (
            "universe",
            "of these, working on either employment basis: their jobs are classified",
            int((harmonised["worker"] == "yes").sum()),
        ),
        (
            "universe",
            f"of these, employed on the basis of this study ({basis}th ICLS)",
            int((harmonised["employed"] == "yes").sum()),
        ),
    ]
    return Harmonised(
        harmonised,
        profile.schema,
        frozenset(asked),
        pd.DataFrame(log.mapping, columns=["variable", "column", "code", "code_label", "category", "n"]),
        pd.DataFrame(accounting, columns=["stage", "what", "rows"]),
        tuple(log.problems),
        flags,
        raw.sources,
        {name: rows for name, rows in log.outside.items() if len(rows)},
    )


def _set_aside(profile: Profile, raw: RawFile, log: Log) -> tuple[Bools, list[tuple[str, str, int]]]:
    kept = np.ones(len(raw.frame), dtype=bool)
    accounting = [("file", "rows in the file", len(raw.frame)), *raw.account]
    for i, rows in enumerate(profile.spec.set_aside):
        grammar = {column: Variable(column, "code") for column in rows.when}
        compiled, found = compile_filter(rows.when, grammar, place=profile.file.place, loc=("set_aside", i, "when"))
        log.problems += found + wrong_kind(compiled.axes, raw.frame, profile.file.place("set_aside", i, "when"))
        aside = compiled.mask(raw.frame) & kept
        kept &= ~aside
        accounting.append(("set aside", rows.why, -int(aside.sum())))
    if not kept.any():
        log.problems.append(
            Problem(profile.file.place("set_aside"), "every row of the file is set aside", fix="narrow the conditions")
        )
        raise_errors(log.problems, ExitCode.DATA)
    log.row = log.row[kept]
    return kept, accounting


def _basis_not_told(profile: Profile, made: pd.DataFrame, basis: str) -> list[Problem]:
    """A problem when nobody in the file has a labour force status on an employment concept that the profile offers."""
    if not _never_asked(made, f"labour_force_{basis}"):
        return []
    what = f"the profile offers the {basis}th ICLS basis, but the file cannot tell employment on it"
    found = f"nobody has a value of `labour_force_{basis}`"
    fix = "take this basis out of `bases`, or correct the variable"
    return [Problem(profile.file.place("bases"), what, found, fix)]


def _never_asked(harmonised: pd.DataFrame, name: str) -> bool:
    """Whether nobody was asked for a variable."""
    column = harmonised[name + REASON] if name + REASON in harmonised else harmonised[name]
    return bool(column.isin([NOT_ASKED, NOT_APPLICABLE]).all())


def _flags(profile: Profile, frame: pd.DataFrame, log: Log) -> pd.DataFrame:
    """The agency's own variables, one column each; blank is not applicable."""
    flags = {}
    for name, variable in profile.flag_variables.items():
        flag = profile.spec.flags[name]
        categories = list(variable.categories)
        position, codes = codes_of(frame[flag.column])
        targets = [flag.map.get(code) for code in codes]
        for i, (code, target) in enumerate(zip(codes, targets, strict=True)):
            if target is None:
                log.problems.append(
                    Problem(
                        profile.file.place("flags", name, "map"),
                        f"the map does not cover code {written(code)} of {flag.column}",
                        log.rows(position == i),
                        f"add `{written(code)}: …` to the map",
                    )
                )
        table = np.array(
            [categories.index(t) if t else 0 for t in targets] + [categories.index(NOT_APPLICABLE)], dtype=np.int64
        )
        flags[name] = categorical(table[position], categories)
    return pd.DataFrame(flags, index=frame.index)
