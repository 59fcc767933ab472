"""Do official figures and our own tables hang together? Rates, compositions, units and totals, as quality findings."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from informality.foundation.compositions import Series, check_series
from informality.foundation.errors import Problem
from informality.foundation.schema import Schema
from informality.survey.profile import BenchmarkSpec, Profile
from informality.survey.quality import Finding, Quality, of_problem, read_quality_rules
from informality.tabulation import benchmarks

DIMS = ("dim1", "level1", "dim2", "level2", "dim3", "level3")


def check_official(quality: Quality, profile: Profile, wave: str, table: pd.DataFrame) -> None:
    """Add what the official figures say: reproduced or not, in which unit, and whether they fit each other.

    ``table``: from :func:`informality.tabulation.benchmarks.compare`.
    """
    quality.add([_failure(problem, table) for problem in benchmarks.failures(table, profile)], len(table))
    for row in table[table["verdict"] == benchmarks.NOT_COMPARABLE].itertuples():
        where = profile.file.place("benchmarks", row.id)
        quality.add(
            Finding(
                "official",
                "not_comparable",
                "note",
                where,
                f"{row.title} is not compared",
                str(row.note),
                "use the definition it belongs to, if it is to be shown",
            ),
            0,
        )
    quality.add([of_problem(p, "official", "not_explained") for p in benchmarks.unexplained(profile, wave)])
    of_wave = {n: b for n, b in profile.spec.benchmarks.items() if b.waves is None or wave in b.waves}
    quality.add(_lacking(profile, of_wave))
    found = [
        replace(problem, place=series.place)
        for series in series_of_benchmarks(profile, of_wave)
        for problem in check_series([series])
    ]
    quality.add([of_problem(p, "official", "rates_or_composition") for p in found])


def _failure(problem: Problem, table: pd.DataFrame) -> Finding:
    """A figure that is not reproduced; when ours is a known number of times the official one, that is said."""
    row = next(
        r
        for r in table.itertuples()
        if problem.what in (f"{r.title} is not reproduced", f"{r.title} cannot be computed")
    )
    finding = of_problem(problem, "official", "not_reproduced")
    ratio = row.ours / row.official if row.official else np.nan
    for known in read_quality_rules().amounts.ratios:
        for times, words in ((known.value, f"{known.value:g} times"), (1 / known.value, f"1/{known.value:g} of")):
            if abs(ratio / times - 1) < 0.02:
                said = f"{finding.found}; ours is {words} the official figure, as {known.means}"
                return replace(finding, found=said, fix="see which unit the official figure is in")
    return finding


def _lacking(profile: Profile, of_wave: Mapping[str, BenchmarkSpec]) -> Iterator[Finding]:
    where = profile.file.place("benchmarks")
    if not of_wave:
        yield Finding(
            "official",
            "none",
            "note",
            where,
            "no official figure stands beside ours",
            profile.spec.no_benchmarks or "",
            "add one as a benchmark, so that a mistake in reading the file is seen",
        )
    elif not any(b.statistic == "total" for b in of_wave.values()):
        yield Finding(
            "official",
            "no_total",
            "note",
            where,
            "no official number of persons stands beside ours",
            f"{len(of_wave)} benchmarks, none of them a total",
            "a total checks the weights; shares do not",
        )


def series_of_benchmarks(profile: Profile, of_wave: Mapping[str, BenchmarkSpec]) -> list[Series]:
    """Official shares that belong together: a rate of all with those of groups, or the parts of a whole."""
    shares = {n: b for n, b in of_wave.items() if b.statistic == "share" and isinstance(b.of, dict)}
    made = []
    for name, one in shares.items():
        groups: dict[str, dict[str, float]] = {}
        parts: dict[str, dict[str, float]] = {}
        for other in shares.values():
            assert isinstance(one.of, dict) and isinstance(other.of, dict)
            if other.definition == one.definition and other.of == one.of:
                more = _one_more(other.among, one.among)
                if more:
                    groups.setdefault(more[0], {})[more[1]] = other.value
            if other.definition == one.definition and other.among == one.among and len(other.of) == len(one.of) == 1:
                (variable, level), (mine, _) = next(iter(other.of.items())), next(iter(one.of.items()))
                if variable == mine and isinstance(level, str):
                    parts.setdefault(variable, {})[level] = other.value
        where = profile.file.place("benchmarks", name)
        for variable, values in groups.items():
            every = _every(profile, variable, values)
            made.append(Series(one.title, where, "rates", values, one.value, 1.0, every))
        for variable, values in parts.items():
            first = next(
                n for n, b in shares.items() if b.of == {variable: next(iter(values))} and b.among == one.among
            )
            if first == name and len(values) > 1:
                made.append(
                    Series(one.title, where, "composition", values, None, 1.0, _every(profile, variable, values))
                )
    return made


def _one_more(longer: Mapping[str, object], shorter: Mapping[str, object]) -> tuple[str, str] | None:
    """The one condition that ``longer`` has besides those of ``shorter``, if it names one level."""
    more = {n: v for n, v in longer.items() if n not in shorter}
    if len(more) != 1 or any(longer.get(n) != v for n, v in shorter.items()):
        return None
    name, level = next(iter(more.items()))
    return (name, level) if isinstance(level, str) else None


def _every(profile: Profile, variable: str, levels: Collection[str]) -> bool:
    """Whether the levels are all there are: the categories of a variable, or those of a flag of the agency."""
    if variable in profile.schema.variables:
        return set(levels) == set(profile.schema[variable].categories)
    flag = profile.spec.flags.get(variable)
    return flag is not None and set(levels) == set(flag.map.values())


def check_results(results: pd.DataFrame, compositions: Mapping[str, str], schema: Schema) -> list[Finding]:
    """Whether our own tables hang together: rates of all among those of their groups, parts that add up to the whole.

    ``compositions``: the indicators that are compositions, and the variable each is of. Breakdowns with a number that
    is withheld, or in which persons of no known group are missing, are left out: they cannot tell.
    """
    shares = results[(results["statistic"] == "share") & (results["unit"] == "share")]
    shares = shares[~shares["indicator"].isna()]
    series: list[Series] = []
    keys = ["table", "indicator", "definition", "universe", *(["wave"] if "wave" in shares else [])]
    for key, cells in shares.groupby(keys, sort=False, dropna=False):
        table, indicator = str(key[0]), str(key[1])
        if indicator in compositions:
            series += _compositions(cells[cells["dim1"] == compositions[indicator]], indicator, table)
        else:
            series += _breakdowns(cells, indicator, table, schema)
    return [of_problem(p, "tables", "rates_or_composition") for p in check_series(series)]


def _compositions(cells: pd.DataFrame, indicator: str, table: str) -> Iterator[Series]:
    for _, parts in cells.groupby(list(DIMS[2:]), sort=False, dropna=False):
        if parts["value"].notna().all():
            values = dict(zip(parts["level1"].astype(str), parts["value"].astype(float), strict=True))
            yield Series(indicator.replace("_", " "), f"table {table}", "composition", values, None, 1.0)


def _breakdowns(cells: pd.DataFrame, indicator: str, table: str, schema: Schema) -> Iterator[Series]:
    of_all = cells[cells["dim1"].isna()]
    if len(of_all) != 1 or of_all[["value", "n"]].isna().any(axis=None):
        return
    total, n = float(of_all["value"].iloc[0]), int(of_all["n"].iloc[0])
    one = cells[cells["dim1"].notna() & cells["dim2"].isna()]
    for variable, parts in one.groupby("dim1", sort=False):
        known = parts["value"].notna().all() and int(parts["n"].sum()) == n
        if known:
            values = dict(zip(parts["level1"].astype(str), parts["value"].astype(float), strict=True))
            title = schema[str(variable)].spec.title.lower() if variable in schema.variables else str(variable)
            words = f"{indicator.replace('_', ' ')} by {title}"
            yield Series(words, f"table {table}", "rates", values, total, 1.0)
