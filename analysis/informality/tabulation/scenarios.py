"""Rows of coverage scenarios, graded like all others and with nothing in them that may not be shown or be worked out."""

from __future__ import annotations

import numpy as np
import pandas as pd

from informality.tabulation.columns import RANGES
from informality.tabulation.disclosure import ALSO, FEW, SUPPRESSED, hide
from informality.tabulation.recovery import Sets
from informality.tabulation.rows import Settings, complete, grade

ALL = "all"

NOBODY = "nobody has any of it in this scenario"
"""Note of a 0 that the rules make, not the sample."""


def graded_scenarios(rows: pd.DataFrame, settings: Settings, fewest_cases: int) -> pd.DataFrame:
    """Rows of scenarios, with their table and definition, as rows of the results table.

    ``fewest_cases``: sampled persons from which on a number is no secret (``PolicySpec.fewest_cases``).

    The grade is of the sampling error alone: what nobody has measured is shown by its range and by the status. A change
    may well be 0, so the cases alone decide. A 0 for the whole country of which the rules give nobody any is known.
    """
    out = rows.assign(study=settings.study, survey=settings.survey, wave=settings.wave, p=np.nan)
    change = out["statistic"] == "difference"
    cv = out["cv"].copy()
    out["cv"] = cv.mask(change, 0.0)
    known = (out["n"] == 0) & (out["value"] == 0) & out["dim1"].isna()
    cases = out["n"].copy()
    grade(out, settings)
    out["cv"] = out["cv"].mask(change)
    out.loc[known, ["value", "grade", "note"]] = 0.0, "good", NOBODY
    out.loc[known, "n"] = cases[known].astype("Int64")
    out.loc[known, "n_weighted"] = 0.0
    for row in np.flatnonzero(out["value"].notna() & cases.between(1, fewest_cases - 1)):
        hide(out, out.index[row], FEW)  # the standard would show them
    for row in np.flatnonzero(also_hidden(out, cases, fewest_cases)):
        hide(out, out.index[row], ALSO)
    hidden = out["grade"].isin([SUPPRESSED, "not_determinable"])
    out.loc[hidden, list(RANGES)] = np.nan
    return complete(out)


def hidden_scenarios(results: pd.DataFrame) -> pd.DataFrame:
    """What disclosure control took from a finished results table, and why; empty without scenarios."""
    if "scenario" not in results:
        return pd.DataFrame()
    rows = results[results["scenario"].notna() & results["note"].isin([FEW, ALSO])]
    named = ["wave", "definition", "table", "indicator", "scenario", "year", "scheme", "dim1", "level1"]
    return rows[named].assign(why=rows["note"])


def also_hidden(rows: pd.DataFrame, cases: pd.Series, fewest_cases: int) -> np.ndarray:
    """(rows,) True for shown rows from which one that rests on too few persons could be worked out.

    Totals by group add up to totals of everybody, over schemes and over groups; a hidden cell that is a sum or difference
    of shown ones (:mod:`~informality.tabulation.recovery`) takes another with it, the one of fewest cases. What is hidden
    for that in one scenario or year is hidden in all, because scenarios that do not touch a group have the same numbers.
    """
    cell = (rows["statistic"] == "total") & (rows["payer"] == ALL) & (rows["branch"] == ALL) & rows["dim2"].isna()
    shown = rows["value"].notna()
    secret = cell & rows["dim1"].notna() & (rows["grade"] == SUPPRESSED) & cases.between(1, fewest_cases - 1)
    out = np.zeros(len(rows), dtype=bool)
    if not secret.any():
        return out
    facts = rows.assign(cases=cases.astype(float), shown=shown, secret=secret, at=np.arange(len(rows)))[cell]
    for (definition, indicator, variable), part in facts.groupby(["definition", "indicator", "dim1"], dropna=False):
        if pd.isna(variable) or not part["secret"].any():
            continue
        whole = facts[facts["dim1"].isna() & (facts["indicator"] == indicator) & (facts["definition"] == definition)]
        chosen: set[tuple[str, str]] = set()
        for (scenario, year), cells in part.groupby(["scenario", "year"]):
            if cells["secret"].any():
                margins = whole[(whole["scenario"] == scenario) & (whole["year"] == year) & whole["shown"]]
                chosen |= _complements(cells, set(margins["scheme"]))
        cells = zip(part["scheme"], part["level1"], part["shown"], strict=True)
        out[part["at"].to_numpy()] = [bool(is_shown) and (s, level) in chosen for s, level, is_shown in cells]
    return out


def _complements(cells: pd.DataFrame, margins: set[str]) -> set[tuple[str, str]]:
    """(scheme, level) of the cells that have to go, for one indicator, scenario and year.

    ``margins``: schemes, :data:`ALL` among them, whose total over all groups is shown.
    """
    schemes = sorted(set(cells["scheme"]) - {ALL}) or [ALL]
    levels = list(dict.fromkeys(cells["level1"]))
    sets = Sets(len(schemes) * len(levels))

    def number(scheme: str, level: str | None) -> int:
        mask = np.zeros((len(schemes), len(levels)), dtype=bool)
        rows = slice(None) if scheme == ALL else schemes.index(scheme)
        mask[rows, slice(None) if level is None else levels.index(level)] = True
        return sets.add(mask.ravel())

    named = list(zip(cells["scheme"], cells["level1"], strict=True))
    numbers = [number(*name) for name in named]
    of_margins = {number(scheme, None) for scheme in margins if scheme in (*schemes, ALL)}
    relations = sets.relations()
    size = dict(zip(numbers, cells["cases"], strict=True))
    shown = {n for n, is_shown in zip(numbers, cells["shown"], strict=True) if is_shown} | of_margins
    secret = {n for n, is_secret in zip(numbers, cells["secret"], strict=True) if is_secret} - shown
    gone: set[int] = set()
    while True:
        recovered = relations.recovered(np.array(sorted(shown)), np.array(sorted(secret)))
        if not recovered:
            break
        used = next(iter(recovered.values()))
        inside = [int(n) for n in used if int(n) not in of_margins]
        if not inside:  # the groups are all one: nothing but the total tells it
            return set(named)
        out = min(inside, key=lambda n: (size[n] == 0, size[n], n))
        shown.discard(out)
        gone.add(out)
    for back in sorted(gone, key=lambda n: -size[n]):  # what a later choice has made needless is shown again
        if not relations.recovered(np.array(sorted(shown | {back})), np.array(sorted(secret))):
            shown.add(back)
            gone.discard(back)
    return {name for name, n in zip(named, numbers, strict=True) if n in gone}
