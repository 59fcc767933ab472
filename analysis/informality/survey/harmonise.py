"""From raw columns to the harmonised schema, with an account of every row and every value.

Nothing is dropped or recoded in silence: rows set aside are counted with their reason, and the
``mapping`` table counts, for each variable, every raw code and what it became, so that each variable adds up to
the rows of the file. Everything that is wrong with the data is collected and raised at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from informality.foundation.errors import ExitCode, Problem, did_you_mean, raise_errors
from informality.foundation.reading import words
from informality.foundation.rules import (
    MISSING,
    NOT_APPLICABLE,
    NOT_ASKED,
    REASON,
    UNKNOWN,
    Variable,
    compile_filter,
)
from informality.foundation.schema import Schema, SchemaVariable
from informality.survey.profile import Code, FormSpec, NumberSpec, Profile
from informality.survey.readers import RawFile

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
BLANK_LABEL = "blank"


@dataclass(frozen=True, slots=True)
class Harmonised:
    """The harmonised frame and the account of how it came about.

    ``frame``: one row per person kept; categories as in ``schema``; a number ``x`` has its reason for missing in
    ``x.missing``. ``mapping``: variable, column, code, code_label, category, n. ``accounting``: stage, what, rows.
    ``warnings``: what a reader should know although it stops nothing.
    """

    frame: pd.DataFrame
    schema: Schema
    asked: frozenset[str]
    mapping: pd.DataFrame
    accounting: pd.DataFrame
    warnings: tuple[Problem, ...]
    flags: pd.DataFrame


@dataclass(slots=True)
class _Log:
    """What is collected while the variables are made."""

    mapping: list[tuple[str, str, str, str, str, int]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    outside: dict[str, int] = field(default_factory=dict)


def absent_columns(profile: Profile, present: Sequence[str]) -> list[Problem]:
    """A problem for each column the profile names and the file lacks."""
    have = set(present)
    return [
        Problem(
            place,
            f"the column `{name}` is not in the file",
            f"{len(present)} columns, none of this name",
            did_you_mean(name, present),
        )
        for name, place in profile.columns().items()
        if name not in have
    ]


def harmonise(profile: Profile, raw: RawFile, basis: str) -> Harmonised:
    """Read raw columns as the profile says.

    ``basis`` (``"13"`` or ``"19"``) chooses which employment concept ``employed`` and ``labour_force`` follow.
    Raises :class:`InformalityError` (``ExitCode.DATA``) with every problem of the data.
    """
    log = _Log()
    kept, accounting = _set_aside(profile, raw, log)
    frame = raw.frame if kept.all() else raw.frame.loc[kept].reset_index(drop=True)
    out: dict[str, pd.Series] = _keys_and_design(profile, frame, log)
    for name, variable in profile.schema.variables.items():
        if variable.spec.role == "basis":
            out[name] = out[f"{name}_{basis}"]
        elif variable.spec.role is None:
            made = pd.DataFrame(out, copy=False)
            out |= _make(profile, variable, frame, made, raw, log)
    flags = _flags(profile, frame, log)
    _tell_outside(profile, log)
    raise_errors(log.problems, ExitCode.DATA)
    harmonised = pd.DataFrame(out, copy=False)
    asked = profile.measured | {
        name
        for name, variable in profile.schema.variables.items()
        if variable.derived is not None or variable.spec.role == "basis"
        if not harmonised[name].isin([NOT_ASKED, NOT_APPLICABLE]).all()
    }
    adult = int((harmonised["age_group"] != NOT_APPLICABLE).sum())
    accounting += [
        ("kept", "persons in the analysis file", len(harmonised)),
        ("universe", "of these, aged 15 and over (or age not known)", adult),
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
    )


def _tell_outside(profile: Profile, log: _Log) -> None:
    """One warning for all answers outside the universe of their variable; the mapping counts them one by one."""
    outside = {name: n for name, n in log.outside.items() if n}
    if outside:
        log.problems.append(
            Problem(
                profile.file.place("variables"),
                f"{len(outside)} variables have answers from persons outside their universe",
                ", ".join(f"{name} {n:,}" for name, n in outside.items()),
                "these answers are kept out as not applicable; usual for children at work, otherwise look at the routing",
                severity="warning",
                count=max(outside.values()),
            )
        )


def _set_aside(profile: Profile, raw: RawFile, log: _Log) -> tuple[Bools, list[tuple[str, str, int]]]:
    kept = np.ones(len(raw.frame), dtype=bool)
    accounting = [("file", "rows in the file", len(raw.frame))]
    for i, rows in enumerate(profile.spec.set_aside):
        grammar = {column: Variable(column, "code") for column in rows.when}
        compiled, found = compile_filter(
            rows.when, grammar, place=profile.file.place, loc=("set_aside", i, "when")
        )
        log.problems += found
        aside = compiled.mask(raw.frame) & kept
        kept &= ~aside
        accounting.append(("set aside", rows.why, -int(aside.sum())))
    return kept, accounting


def _rows(wrong: Bools) -> str:
    """``12 rows (the first is row 31)``: rows are counted from 1, as a spreadsheet would."""
    count = int(wrong.sum())
    return f"{count:,} {'row' if count == 1 else 'rows'} (the first is row {int(np.argmax(wrong)) + 1:,})"


def _keys_and_design(profile: Profile, frame: pd.DataFrame, log: _Log) -> dict[str, pd.Series]:
    spec, place = profile.spec, profile.file.place
    n = len(frame)
    if spec.keys.person == "row":
        person = pd.Series(np.arange(1, n + 1)).astype(str)
    else:
        person = _joined(frame, spec.keys.person)
        twice = person.duplicated(keep=False).to_numpy()
        if twice.any():
            key = ", ".join(spec.keys.person)
            log.problems.append(
                Problem(
                    place("keys", "person"),
                    f"the person key ({key}) is not unique",
                    f"{_rows(twice)} share a key with another, for example {person[twice].iloc[0]}",
                    "add the column that tells them apart, or remove the duplicate rows from the file",
                    count=int(twice.sum()),
                )
            )
    household = (
        _joined(frame, spec.keys.household) if spec.keys.household else pd.Series([None] * n, dtype="str")
    )
    weight = pd.to_numeric(frame[spec.design.weight], errors="coerce").astype(float)
    values = weight.to_numpy()
    for what, wrong in {
        "is blank or not a number": ~np.isfinite(values),
        "is zero": values == 0,
        "is negative": values < 0,
    }.items():
        if wrong.any():
            log.problems.append(
                Problem(
                    place("design", "weight"),
                    f"the weight `{spec.design.weight}` {what}",
                    _rows(wrong),
                    "mend the file, or set these rows aside with `set_aside` and a reason",
                    count=int(wrong.sum()),
                )
            )
    stratum = pd.Series(["all"] * n) if spec.design.stratum == "none" else _joined(frame, spec.design.stratum)
    psu = person if spec.design.psu == "none" else _joined(frame, spec.design.psu)
    for name, column in (("stratum", stratum), ("psu", psu)):
        blank = column.isna().to_numpy()
        if blank.any():
            log.problems.append(
                Problem(
                    place("design", name),
                    f"the {name} is blank",
                    _rows(blank),
                    "mend the file, or set these rows aside with `set_aside` and a reason",
                    count=int(blank.sum()),
                )
            )
    psu_code, psus = pd.factorize(psu)
    pair, _ = pd.factorize(psu_code.astype(np.int64) * (len(frame) + 1) + pd.factorize(stratum)[0])
    first_pair = np.full(len(psus), -1, dtype=np.int64)
    first_pair[psu_code[::-1]] = pair[::-1]
    split = (psu_code >= 0) & (pair != first_pair[psu_code])
    if split.any():
        names = list(dict.fromkeys(psu[split]))
        example = stratum[(psu == names[0]).to_numpy()].unique()[:2]
        log.problems.append(
            Problem(
                place("design", "psu"),
                "a PSU lies in two strata",
                f"{len(names):,} of {len(psus):,} PSUs, for example {names[0]} in strata {example[0]} and {example[1]}",
                "if PSU numbers repeat between strata, write `psu: [stratum column, psu column]`; otherwise mend the file",
                count=len(names),
            )
        )
    period = _joined(frame, [spec.keys.period]) if spec.keys.period else pd.Series([None] * n, dtype="str")
    return {
        "person_id": person,
        "household_id": household,
        "stratum": stratum,
        "psu": psu,
        "weight": weight,
        "period": period,
    }


def _joined(frame: pd.DataFrame, columns: str | list[str]) -> pd.Series:
    """Columns as one text key, parts joined by a hyphen; missing where any part is."""
    names = [columns] if isinstance(columns, str) else columns
    parts = []
    for name in names:
        column = frame[name]
        if pd.api.types.is_float_dtype(column.dtype) and (column.dropna() % 1 == 0).all():
            column = column.astype("Int64")
        parts.append(column.astype("string"))
    joined = parts[0]
    for part in parts[1:]:
        joined = joined + "-" + part
    return joined.astype("str").where(joined.notna().to_numpy())


def _make(
    profile: Profile,
    variable: SchemaVariable,
    frame: pd.DataFrame,
    made: pd.DataFrame,
    raw: RawFile,
    log: _Log,
) -> dict[str, pd.Series]:
    """One harmonised variable (and the reason for missing, for a number)."""
    name, categories = variable.name, list(variable.grammar.categories)
    inside = variable.universe.mask(made)
    if variable.derived is not None:
        outcome = variable.derived.outcome_of(variable.derived.decide(made), NOT_APPLICABLE)
        return {name: pd.Series(outcome)}
    form = profile.spec.variables[name]
    if form == "not_asked":
        code = np.where(inside, categories.index(NOT_ASKED), categories.index(NOT_APPLICABLE))
        log.mapping.append((name, "", "", "the survey has no such question", NOT_ASKED, int(inside.sum())))
        log.mapping.append((name, "", "", "outside the universe", NOT_APPLICABLE, int((~inside).sum())))
        if variable.spec.kind == "number":
            return _number_columns(name, np.full(len(made), np.nan), code, inside)
        return {name: _categorical(code, categories)}
    assert isinstance(form, FormSpec)
    asked = inside & profile.asked_of[name].mask(made) if name in profile.asked_of else inside
    blank_code = np.where(
        asked,
        categories.index(UNKNOWN),
        np.where(inside, categories.index(NOT_ASKED), categories.index(NOT_APPLICABLE)),
    )
    if form.number is not None:
        return _number(profile, variable, form, frame, inside, blank_code, raw, log)
    if form.rules is not None:
        return _by_rules(profile, variable, frame, inside, log)
    return _by_map(profile, variable, form, frame, inside, blank_code, raw, log)


def _categorical(codes: npt.NDArray[np.integer], categories: list[str]) -> pd.Series:
    return pd.Series(
        pd.Categorical.from_codes(
            codes.astype(np.int8 if len(categories) < 128 else np.int16), categories=categories
        )
    )


def _number_columns(
    name: str, values: npt.NDArray[np.float64], reason: Ints, inside: Bools
) -> dict[str, pd.Series]:
    reason = np.where(np.isnan(values), reason, -1)
    return {name: pd.Series(values), name + REASON: _categorical(reason, list(MISSING))}


def _key(value: Any) -> Code:
    """A raw value as a code: 1.0 is 1, text is stripped."""
    if isinstance(value, str):
        return value.strip()
    number = float(value)
    return int(number) if number.is_integer() else number


def _code_of(value: object, form: FormSpec) -> Code:
    key = _key(value)
    if form.take is None:
        return key
    digits = str(key).zfill(form.take.width)[: form.take.first]
    return int(digits) if digits.isdigit() else digits


def _by_map(
    profile: Profile,
    variable: SchemaVariable,
    form: FormSpec,
    frame: pd.DataFrame,
    inside: Bools,
    blank_code: Ints,
    raw: RawFile,
    log: _Log,
) -> dict[str, pd.Series]:
    name, column = variable.name, form.column or ""
    categories = list(variable.grammar.categories)
    mapping = form.map if form.map is not None else profile.code_lists[form.codes or ""]
    position, values = pd.factorize(frame[column])
    keys = [_code_of(v, form) for v in values]
    targets = [mapping.get(k, mapping.get(_key(v))) for k, v in zip(keys, values, strict=True)]
    labels = _labels(raw, column)
    counts = np.bincount(position[position >= 0], minlength=len(values))
    uncovered = [
        (k, v, int(n)) for k, v, t, n in zip(keys, values, targets, counts, strict=True) if t is None
    ]
    for key, value, n in uncovered[:20]:
        label = labels.get(_key(value))
        workers = int(((position == list(values).index(value)) & inside).sum())
        log.problems.append(
            Problem(
                profile.file.place("variables", name, "map" if form.map is not None else "codes"),
                f"`{name}` does not say what code {key} of {column} means",
                f"{_key(value)} in {n:,} rows ({f'labelled “{label}”' if label else 'no label'}), "
                f"of which {workers:,} in the universe of the variable",
                f"add `{key}: …` to the map ({', '.join(variable.categories[:6])} or one of {', '.join(MISSING)})",
                count=n,
            )
        )
    if len(uncovered) > 20:
        log.problems.append(
            Problem(
                profile.file.place("variables", name),
                f"{len(uncovered) - 20} more codes of {column} are not covered",
            )
        )
    unlabelled = [
        str(k)
        for k, v, t in zip(keys, values, targets, strict=True)
        if t and t not in MISSING and labels and _key(v) not in labels and form.take is None
    ]
    if unlabelled:
        log.problems.append(
            Problem(
                profile.file.place("variables", name),
                f"codes of {column} have no label in the file, but the profile maps them",
                ", ".join(unlabelled[:10]),
                "make sure of their meaning in the questionnaire",
                severity="warning",
            )
        )
    target_code = np.array(
        [categories.index(t) if t is not None else categories.index(UNKNOWN) for t in targets] + [0],
        dtype=np.int64,
    )
    if form.blank is not None:
        blank_code = np.full(len(frame), categories.index(form.blank), dtype=np.int64)
    code = np.where(position < 0, blank_code, target_code[position])
    shown = [(str(k), labels.get(_key(v), "")) for k, v in zip(keys, values, strict=True)]
    return {name: _settle(profile, variable, column, position, shown, code, inside, log)}


def _by_rules(
    profile: Profile, variable: SchemaVariable, frame: pd.DataFrame, inside: Bools, log: _Log
) -> dict[str, pd.Series]:
    step = profile.rules[variable.name]
    rule = step.decide(frame)
    code = step.outcome_of(rule, NOT_APPLICABLE).codes.astype(np.int64)
    shown = [
        (r.id, r.why or "; ".join(f"{n} is {words(c)}" for n, c in r.when.items()) or "all other cases")
        for r in step.rules
    ]
    columns = ", ".join(a.variable.name for a in step.axes)
    return {
        variable.name: _settle(profile, variable, columns, rule.astype(np.int64), shown, code, inside, log)
    }


def _settle(
    profile: Profile,
    variable: SchemaVariable,
    column: str,
    position: Ints,
    shown: list[tuple[str, str]],
    code: Ints,
    inside: Bools,
    log: _Log,
) -> pd.Series:
    """Hold the codes against the universe, and write the mapping log."""
    categories = list(variable.grammar.categories)
    not_applicable = categories.index(NOT_APPLICABLE)
    stray = ~inside & (code != not_applicable) & (code < len(categories) - len(MISSING))
    log.outside[variable.name] = int(stray.sum())
    code = np.where(inside, code, not_applicable)
    pair = (position + 1) * len(categories) + code
    counts = np.bincount(pair, minlength=(len(shown) + 1) * len(categories)).reshape(-1, len(categories))
    for row, target in zip(*np.nonzero(counts), strict=True):
        raw_code, label = ("", BLANK_LABEL) if row == 0 else shown[row - 1]
        log.mapping.append(
            (variable.name, column, raw_code, label, categories[target], int(counts[row, target]))
        )
    return _categorical(code, categories)


def _labels(raw: RawFile, column: str) -> dict[Code, str]:
    return {_key(code): label for code, label in raw.value_labels.get(column, {}).items()}


def _number(
    profile: Profile,
    variable: SchemaVariable,
    form: FormSpec,
    frame: pd.DataFrame,
    inside: Bools,
    blank_code: Ints,
    raw: RawFile,
    log: _Log,
) -> dict[str, pd.Series]:
    name = variable.name
    values = np.full(len(frame), np.nan)
    reason = blank_code.copy()
    source = np.full(len(frame), -1, dtype=np.int64)
    shown: list[tuple[str, str, str]] = []
    current: FormSpec | None = form
    while current is not None:
        assert current.number is not None and current.column is not None
        open_rows = np.isnan(values) & (source < 0)
        got, why, settled = _numbers_of(profile, name, current.column, current.number, frame, open_rows, log)
        values = np.where(open_rows & settled, got, values)
        reason = np.where(open_rows & settled & (why >= 0), why, reason)
        source = np.where(open_rows & settled, len(shown), source)
        shown.append((current.column, "number", f"from {current.column}"))
        current = current.otherwise
    log.outside[name] = int((~inside & ~np.isnan(values)).sum())
    values = np.where(inside, values, np.nan)
    reason = np.where(inside, reason, MISSING.index(NOT_APPLICABLE))
    for i, (column, code, label) in enumerate(shown):
        here = source == i
        log.mapping.append((name, column, code, label, "value", int((here & ~np.isnan(values)).sum())))
        for m, word in enumerate(MISSING):
            n = int((here & np.isnan(values) & (reason == m)).sum())
            if n:
                log.mapping.append((name, column, "code for missing", label, word, n))
    for m, word in enumerate(MISSING):
        n = int(((source < 0) & (reason == m)).sum())
        if n:
            log.mapping.append((name, form.column or "", "", BLANK_LABEL, word, n))
    return _number_columns(name, values, reason, inside)


def _numbers_of(
    profile: Profile,
    name: str,
    column: str,
    spec: NumberSpec,
    frame: pd.DataFrame,
    open_rows: Bools,
    log: _Log,
) -> tuple[npt.NDArray[np.float64], Ints, Bools]:
    """Values, reasons for missing (-1 where there is a value) and the rows this column settles."""
    raw_values = frame[column]
    values = pd.to_numeric(raw_values, errors="coerce").to_numpy(dtype=float)
    place = profile.file.place("variables", name)
    words_in_numbers = np.isnan(values) & raw_values.notna().to_numpy()
    if words_in_numbers.any():
        log.problems.append(
            Problem(
                place,
                f"`{column}` holds text where `{name}` wants numbers",
                f"{_rows(words_in_numbers)}, for example {raw_values[words_in_numbers].iloc[0]!r}",
                "correct the file or choose another column",
                count=int(words_in_numbers.sum()),
            )
        )
    settled = ~np.isnan(values)
    reason = np.full(len(values), -1, dtype=np.int64)
    for word in MISSING:
        codes = [float(c) for c in getattr(spec, word)]
        hit = np.isin(values, codes)
        reason[hit] = MISSING.index(word)
    out = np.where(reason >= 0, np.nan, values)
    if spec.values is not None:
        uncovered = settled & (reason < 0) & ~np.isin(values, [float(k) for k in spec.values]) & open_rows
        if uncovered.any():
            codes_text = ", ".join(f"{c:g}" for c in np.unique(values[uncovered])[:10])
            log.problems.append(
                Problem(
                    place,
                    f"`{name}` does not say what some codes of {column} mean",
                    f"{codes_text} in {_rows(uncovered)}",
                    "add them to `values`",
                    count=int(uncovered.sum()),
                )
            )
        for code, value in spec.values.items():
            hit = (values == float(code)) & (reason < 0)
            if isinstance(value, str):
                reason[hit] = MISSING.index(value)
                out[hit] = np.nan
            else:
                out[hit] = value
    low = spec.min if spec.min is not None else -np.inf
    high = spec.max if spec.max is not None else np.inf
    beyond = open_rows & ~np.isnan(out) & ((out < low) | (out > high))
    if beyond.any():
        worst = ", ".join(f"{v:g}" for v in np.unique(out[beyond])[:5])
        log.problems.append(
            Problem(
                place,
                f"`{name}` lies outside the range the profile allows ({low:g} to {high:g})",
                f"{worst} in {_rows(beyond)}",
                "declare the code as unknown, or widen the range",
                count=int(beyond.sum()),
            )
        )
    return out, reason, settled


def _flags(profile: Profile, frame: pd.DataFrame, log: _Log) -> pd.DataFrame:
    """The agency's own variables, one column each; blank is not applicable."""
    flags = {}
    for name, variable in profile.flag_variables.items():
        flag = profile.spec.flags[name]
        categories = list(variable.categories)
        position, values = pd.factorize(frame[flag.column])
        targets = [flag.map.get(_key(v)) for v in values]
        for value, target in zip(values, targets, strict=True):
            if target is None:
                log.problems.append(
                    Problem(
                        profile.file.place("flags", name, "map"),
                        f"the map does not cover code {_key(value)} of {flag.column}",
                    )
                )
        table = np.array(
            [categories.index(t) if t else 0 for t in targets] + [categories.index(NOT_APPLICABLE)],
            dtype=np.int64,
        )
        flags[name] = _categorical(table[position], categories)
    return pd.DataFrame(flags, index=frame.index)
