"""Who a row is, and where the sample design puts it: keys, weight, stratum and PSU, each checked."""

from __future__ import annotations

import numpy as np
import pandas as pd

from informality.foundation.errors import Problem
from informality.survey.account import Log
from informality.survey.profile import PartSpec, Profile


def keys_and_design(profile: Profile, frame: pd.DataFrame, log: Log) -> dict[str, pd.Series]:
    spec, place = profile.spec, profile.file.place
    n = len(frame)
    if spec.keys.person == "row":
        person = pd.Series(log.row).astype(str)
    else:
        person = _joined(frame, spec.keys.person)
        twice = person.duplicated(keep=False).to_numpy()
        if twice.any():
            key = ", ".join(spec.keys.person)
            log.problems.append(
                Problem(
                    place("keys", "person"),
                    f"the person key ({key}) is not unique",
                    f"{log.rows(twice)} share a key with another, for example {person[twice].iloc[0]}",
                    "add the column that tells them apart, or remove the duplicate rows from the file",
                    count=int(twice.sum()),
                )
            )
    household = _joined(frame, spec.keys.household) if spec.keys.household else pd.Series([None] * n, dtype="str")
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
                    log.rows(wrong),
                    "mend the file, or set these rows aside with `set_aside` and a reason",
                    count=int(wrong.sum()),
                )
            )
    stratum = pd.Series(["all"] * n) if spec.design.stratum == "none" else _unit(profile, "stratum", frame, log)
    psu = person if spec.design.psu == "none" else _unit(profile, "psu", frame, log)
    for name, column in (("stratum", stratum), ("psu", psu)):
        blank = column.isna().to_numpy()
        if blank.any():
            log.problems.append(
                Problem(
                    place("design", name),
                    f"the {name} is blank",
                    log.rows(blank),
                    "mend the file, or set these rows aside with `set_aside` and a reason",
                    count=int(blank.sum()),
                )
            )
    known = (psu.notna() & stratum.notna()).to_numpy()
    psu_code, psus = pd.factorize(psu[known])
    pair, _ = pd.factorize(psu_code.astype(np.int64) * (len(frame) + 1) + pd.factorize(stratum[known])[0])
    first_pair = np.full(len(psus), -1, dtype=np.int64)
    first_pair[psu_code[::-1]] = pair[::-1]
    split = np.zeros(n, dtype=bool)
    split[known] = pair != first_pair[psu_code]
    if split.any():
        names = list(dict.fromkeys(psu[split]))
        example = stratum[(psu == names[0]).to_numpy()].dropna().unique()[:2]
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


def _unit(profile: Profile, name: str, frame: pd.DataFrame, log: Log) -> pd.Series:
    """The stratum or PSU of each row: one column or several, or the leading characters of one."""
    said = getattr(profile.spec.design, name)
    if not isinstance(said, PartSpec):
        return _joined(frame, said)
    whole = _joined(frame, said.column).str.zfill(said.take.width)
    longer = (whole.str.len() > said.take.width).fillna(False).to_numpy(dtype=bool)
    if longer.any():
        log.problems.append(
            Problem(
                profile.file.place("design", name, "take"),
                f"`{said.column}` is longer than the {said.take.width} characters that the profile says",
                f"{log.rows(longer)}, for example {whole[longer].iloc[0]}",
                "correct `width`",
                count=int(longer.sum()),
            )
        )
    return whole.str[: said.take.first]


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
