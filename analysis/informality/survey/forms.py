"""The four forms of a variable in a profile (map, number, rules, not asked), made into harmonised columns."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from informality.foundation import tagged
from informality.foundation.codes import Code
from informality.foundation.errors import Problem
from informality.foundation.grammar import MISSING, NOT_APPLICABLE, NOT_ASKED, REASON, UNKNOWN
from informality.foundation.reading import words
from informality.foundation.rules import Step
from informality.foundation.schema import SchemaVariable
from informality.survey.account import Bools, Ints, Log, as_code, codes_of, written, wrong_kind
from informality.survey.form_specs import FormSpec, NumberSpec
from informality.survey.profile import Profile
from informality.survey.readers import RawFile

BLANK_LABEL = "blank"


def make(
    profile: Profile, variable: SchemaVariable, frame: pd.DataFrame, made: pd.DataFrame, raw: RawFile, log: Log
) -> dict[str, pd.Series]:
    """One harmonised variable (and the reason for missing, for a number)."""
    name, categories = variable.name, list(variable.grammar.categories)
    inside = variable.universe.mask(made)
    if variable.derived is not None and name not in profile.spec.variables:
        outcome = variable.derived.outcome_of(variable.derived.decide(made), NOT_APPLICABLE)
        return {name: pd.Series(outcome)}
    form = "not_asked" if name in log.absent else profile.spec.variables[name]
    if form == "not_asked":
        code = np.where(inside, categories.index(NOT_ASKED), categories.index(NOT_APPLICABLE))
        if variable.spec.block not in profile.lacking:
            why = "the file holds no value of it" if name in log.absent else "the survey has no such question"
            log.mapping.append((name, "", "", why, NOT_ASKED, int(inside.sum())))
            log.mapping.append((name, "", "", "outside the universe", NOT_APPLICABLE, int((~inside).sum())))
        if variable.spec.kind == "number":
            return _number_columns(name, np.full(len(made), np.nan), code, inside)
        return {name: categorical(code, categories)}
    assert isinstance(form, FormSpec)
    asked = inside & profile.asked_of[name].mask(made) if name in profile.asked_of else inside
    if name in profile.where:
        frame, here = _only_where(profile, name, form.column or "", frame, log)
        asked = asked & here
    blank_code = np.where(
        asked,
        categories.index(UNKNOWN),
        np.where(inside, categories.index(NOT_ASKED), categories.index(NOT_APPLICABLE)),
    )
    if form.number is not None:
        return _number(profile, variable, form, frame, inside, blank_code, raw, log)
    if form.rules is not None:
        return _by_rules(profile, variable, frame, inside, raw, log)
    return _by_map(profile, variable, form, frame, inside, blank_code, raw, log)


def _only_where(profile: Profile, name: str, column: str, frame: pd.DataFrame, log: Log) -> tuple[pd.DataFrame, Bools]:
    """The column of a form, blank where its condition does not hold, and where it does."""
    condition = profile.where[name]
    log.problems += wrong_kind(condition.axes, frame, profile.file.place("variables", name, "where"))
    here = condition.mask(frame)
    return frame[column].where(here).to_frame(), here


def _blank_label(profile: Profile, name: str) -> str:
    """What the account calls rows without a code: blank, or with an answer to another question."""
    if name not in profile.where:
        return BLANK_LABEL
    return f"{BLANK_LABEL}, or not ({', '.join(f'{n} {words(c)}' for n, c in profile.where[name].when.items())})"


def categorical(codes: npt.NDArray[np.integer], categories: list[str]) -> pd.Series:
    return pd.Series(
        pd.Categorical.from_codes(codes.astype(np.int8 if len(categories) < 128 else np.int16), categories=categories)
    )


def _number_columns(name: str, values: npt.NDArray[np.float64], reason: Ints, inside: Bools) -> dict[str, pd.Series]:
    reason = np.where(np.isnan(values), reason, -1)
    return {name: pd.Series(values), name + REASON: categorical(reason, list(MISSING))}


def _by_map(
    profile: Profile,
    variable: SchemaVariable,
    form: FormSpec,
    frame: pd.DataFrame,
    inside: Bools,
    blank_code: Ints,
    raw: RawFile,
    log: Log,
) -> dict[str, pd.Series]:
    name, column = variable.name, form.column or ""
    categories = list(variable.grammar.categories)
    mapping = {**profile.code_lists.get(form.codes or "", {}), **(form.map or {})}
    position, wholes = codes_of(frame[column])
    # the whole code first: 9998 may be declared unknown although its first digit is a group
    keys = [whole if whole in mapping else _leading(whole, form) for whole in wholes]
    targets = [mapping.get(key) for key in keys]
    labels = _labels(raw, column)
    counts = np.bincount(position[position >= 0], minlength=len(wholes))
    uncovered = [i for i, target in enumerate(targets) if target is None]
    for i in uncovered[:20]:
        label, whole, key = labels.get(wholes[i]), written(wholes[i]), written(keys[i])
        members = int(((position == i) & inside).sum())
        log.problems.append(
            Problem(
                profile.file.place("variables", name, "map" if form.map is not None else "codes"),
                f"`{name}` does not say what code {key} of {column} means",
                f"{whole} ({f'labelled “{label}”' if label else 'no label'}) in {log.rows(position == i)}, "
                f"of which {members:,} in the universe of the variable",
                f"add `{key}: …` to the map ({', '.join(variable.categories[:6])} or one of {', '.join(MISSING)})",
                count=int(counts[i]),
            )
        )
    if len(uncovered) > 20:
        log.problems.append(
            Problem(
                profile.file.place("variables", name), f"{len(uncovered) - 20} more codes of {column} are not covered"
            )
        )
    answers = [i for i, target in enumerate(targets) if target is not None and target not in MISSING]
    unlabelled = [written(keys[i]) for i in answers if labels and wholes[i] not in labels and form.take is None]
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
    declared = [i for i in answers if _declared_missing(raw, column, wholes[i])]
    if declared:
        shown_codes = ", ".join(written(wholes[i]) for i in declared[:10])
        _tell_declared(profile, name, column, f"{shown_codes} in {log.rows(np.isin(position, declared))}", log)
    target_code = np.array(
        [categories.index(t) if t is not None else categories.index(UNKNOWN) for t in targets] + [0], dtype=np.int64
    )
    if form.blank is not None:
        blank_code = np.full(len(frame), categories.index(form.blank), dtype=np.int64)
    code = np.where(position < 0, blank_code, target_code[position])
    shown = [(str(key), labels.get(whole, "")) for key, whole in zip(keys, wholes, strict=True)]
    return {name: _settle(profile, variable, column, position, shown, code, inside, log)}


def _leading(code: Code, form: FormSpec) -> Code:
    """The part of a whole code that ``take`` asks for."""
    if form.take is None or (isinstance(code, str) and tagged.is_tag(code)):
        return code
    digits = str(code).zfill(form.take.width)[: form.take.first]
    return int(digits) if digits.isdigit() else digits


def _declared_missing(raw: RawFile, column: str, code: Code) -> bool:
    """Whether the file itself declares a code missing."""
    for low, high in raw.user_missing.get(column, []):
        if isinstance(code, str) or isinstance(low, str) or isinstance(high, str):
            if code == low:
                return True
        elif low <= code <= high:
            return True
    return False


def _tell_declared(profile: Profile, name: str, column: str, found: str, log: Log) -> None:
    log.problems.append(
        Problem(
            profile.file.place("variables", name),
            f"the file declares codes of {column} missing, but the profile reads them as answers",
            found,
            f"make them {UNKNOWN} or {NOT_APPLICABLE}, unless the questionnaire says that they are answers",
            severity="warning",
        )
    )


def _labels(raw: RawFile, column: str) -> dict[Code, str]:
    return {as_code(code): label for code, label in raw.value_labels.get(column, {}).items()}


def _by_rules(
    profile: Profile, variable: SchemaVariable, frame: pd.DataFrame, inside: Bools, raw: RawFile, log: Log
) -> dict[str, pd.Series]:
    step = profile.rules[variable.name]
    log.problems += _strange_codes(profile, step, frame, raw)
    log.problems += wrong_kind(step.axes, frame, profile.file.place("variables", variable.name, "rules"))
    rule = step.decide(frame)
    code = step.outcome_of(rule, NOT_APPLICABLE).codes.astype(np.int64)
    shown = [
        (r.id, r.why or "; ".join(f"{n} is {words(c)}" for n, c in r.when.items()) or "all other cases")
        for r in step.rules
    ]
    columns = ", ".join(a.variable.name for a in step.axes)
    return {variable.name: _settle(profile, variable, columns, rule.astype(np.int64), shown, code, inside, log)}


def _strange_codes(profile: Profile, step: Step, frame: pd.DataFrame, raw: RawFile) -> list[Problem]:
    """Codes that no rule names and the file does not label: a rule for "all other cases" would swallow them."""
    problems = []
    for axis in step.axes:
        column = axis.variable.name
        labels = _labels(raw, column)
        conditions = [rule.when[column] for rule in step.rules if column in rule.when]
        named = {as_code(value) for condition in conditions for value in condition.values}
        position, codes = codes_of(frame[column])
        counts = np.bincount(position[position >= 0], minlength=len(codes))
        # a number needs no labels; a missing value with a letter has to be named whatever the column is
        free = not labels or any(condition.comparisons for condition in conditions)
        for code, n in zip(codes, counts, strict=True):
            if isinstance(code, str) and tagged.is_tag(code) and code not in named:
                label = f"labelled “{labels[code]}”" if code in labels else "no label"
                problems.append(
                    Problem(
                        profile.file.place("variables", step.decides, "rules"),
                        f"no rule of `{step.decides}` names the missing value {code} of {column}",
                        f"{n:,} {'row' if n == 1 else 'rows'} ({label})",
                        f"name it in a rule, `{column}: {code}`: it is no blank",
                        count=int(n),
                    )
                )
            elif code not in labels and code not in named and not free:
                problems.append(
                    Problem(
                        profile.file.place("variables", step.decides, "rules"),
                        f"no rule of `{step.decides}` names code {code} of {column}, and the file does not label it",
                        f"{n:,} rows",
                        "name the code in a rule, or correct the file",
                        count=int(n),
                    )
                )
    return problems


def _settle(
    profile: Profile,
    variable: SchemaVariable,
    column: str,
    position: Ints,
    shown: list[tuple[str, str]],
    code: Ints,
    inside: Bools,
    log: Log,
) -> pd.Series:
    """Hold the codes against the universe, and write the mapping log."""
    categories = list(variable.grammar.categories)
    not_applicable = categories.index(NOT_APPLICABLE)
    stray = ~inside & (code != not_applicable) & (code < len(categories) - len(MISSING))
    log.outside[variable.name] = np.flatnonzero(stray)
    code = np.where(inside, code, not_applicable)
    pair = (position + 1) * len(categories) + code
    counts = np.bincount(pair, minlength=(len(shown) + 1) * len(categories)).reshape(-1, len(categories))
    for row, target in zip(*np.nonzero(counts), strict=True):
        raw_code, label = ("", _blank_label(profile, variable.name)) if row == 0 else shown[row - 1]
        log.mapping.append((variable.name, column, raw_code, label, categories[target], int(counts[row, target])))
    return categorical(code, categories)


def _number(
    profile: Profile,
    variable: SchemaVariable,
    form: FormSpec,
    frame: pd.DataFrame,
    inside: Bools,
    blank_code: Ints,
    raw: RawFile,
    log: Log,
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
        got, why, settled = _numbers_of(profile, name, current.column, current.number, frame, open_rows, raw, log)
        values = np.where(open_rows & settled, got, values)
        reason = np.where(open_rows & settled & (why >= 0), why, reason)
        source = np.where(open_rows & settled, len(shown), source)
        shown.append((current.column, "number", f"from {current.column}"))
        current = current.otherwise
    log.outside[name] = np.flatnonzero(~inside & ~np.isnan(values))
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
            log.mapping.append((name, form.column or "", "", _blank_label(profile, name), word, n))
    return _number_columns(name, values, reason, inside)


def _numbers_of(
    profile: Profile,
    name: str,
    column: str,
    spec: NumberSpec,
    frame: pd.DataFrame,
    open_rows: Bools,
    raw: RawFile,
    log: Log,
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
                f"{log.rows(words_in_numbers)}, for example {raw_values[words_in_numbers].iloc[0]!r}",
                "correct the file or choose another column",
                count=int(words_in_numbers.sum()),
            )
        )
    if spec.elsewhere:
        values = np.where(np.isin(values, spec.elsewhere), np.nan, values)
    settled = ~np.isnan(values)
    reason = np.full(len(values), -1, dtype=np.int64)
    for missing in MISSING:
        hit = np.isin(values, [code for code in getattr(spec, missing) if not isinstance(code, str)])
        reason[hit] = MISSING.index(missing)
    settled |= _lettered(profile, name, column, spec, raw_values, open_rows, reason, raw, log)
    out = np.where(reason >= 0, np.nan, values)
    if spec.values is not None:
        uncovered = ~np.isnan(values) & (reason < 0) & ~np.isin(values, list(spec.values)) & open_rows
        if uncovered.any():
            codes_text = ", ".join(f"{c:g}" for c in np.unique(values[uncovered])[:10])
            log.problems.append(
                Problem(
                    place,
                    f"`{name}` does not say what some codes of {column} mean",
                    f"{codes_text} in {log.rows(uncovered)}",
                    "add them to `values`",
                    count=int(uncovered.sum()),
                )
            )
        for code, value in spec.values.items():
            hit = (values == code) & (reason < 0)
            if isinstance(value, str):
                reason[hit] = MISSING.index(value)
                out[hit] = np.nan
            else:
                out[hit] = value
    as_values = np.unique(values[open_rows & ~np.isnan(out)])
    declared = [v for v in as_values if _declared_missing(raw, column, float(v))] if raw.user_missing else []
    if declared:
        hit = open_rows & np.isin(values, declared)
        _tell_declared(profile, name, column, f"{', '.join(f'{v:g}' for v in declared[:10])} in {log.rows(hit)}", log)
    low = spec.min if spec.min is not None else -np.inf
    high = spec.max if spec.max is not None else np.inf
    beyond = open_rows & ~np.isnan(out) & ((out < low) | (out > high))
    if beyond.any():
        worst = ", ".join(f"{v:g}" for v in np.unique(out[beyond])[:5])
        log.problems.append(
            Problem(
                place,
                f"`{name}` lies outside the range the profile allows ({low:g} to {high:g})",
                f"{worst} in {log.rows(beyond)}",
                "declare the code as unknown, or widen the range",
                count=int(beyond.sum()),
            )
        )
    return out, reason, settled


def _lettered(
    profile: Profile,
    name: str,
    column: str,
    spec: NumberSpec,
    values: pd.Series,
    open_rows: Bools,
    reason: Ints,
    raw: RawFile,
    log: Log,
) -> Bools:
    """Rows with a missing value that carries a letter, its reason filled in where the profile says what it means."""
    letters = tagged.letters_of(values.to_numpy()) if values.dtype == np.float64 else None
    if letters is None:
        return np.zeros(len(values), dtype=bool)
    reasons = {tag: missing for missing in MISSING for tag in getattr(spec, missing) if isinstance(tag, str)}
    labels = _labels(raw, column)
    for letter in np.unique(letters[letters > 0]):
        tag, hit = tagged.word(letter), letters == letter
        if tag in reasons:
            reason[hit] = MISSING.index(reasons[tag])
        elif (hit & open_rows).any():
            label = f"labelled “{labels[tag]}”" if tag in labels else "no label"
            log.problems.append(
                Problem(
                    profile.file.place("variables", name),
                    f"`{name}` does not say what the missing value {tag} of {column} means",
                    f"{tag} ({label}) in {log.rows(hit & open_rows)}",
                    f"add it to {', '.join(f'`{missing}`' for missing in MISSING)}",
                    count=int((hit & open_rows).sum()),
                )
            )
    found: Bools = letters > 0
    return found
