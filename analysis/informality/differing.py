"""Two runs side by side: which published numbers changed, by how much of their error, and what was changed between them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.study import Workspace
from informality.tabulation.columns import MAX_BY, RANGES, SCENARIO

if TYPE_CHECKING:
    import pandas as pd

    from informality.publication.table import Labels, Table

KEY = ("definition", "table", "indicator", "statistic", "universe", "wave", "unit")
OF_A_SCENARIO = [c for c in SCENARIO if c not in RANGES]
SAME = 1e-12
"""Relative difference up to which two numbers count as one: the last digits of another machine."""
SHOWN = 200


@dataclass(frozen=True, slots=True)
class Side:
    """One run as it lies on disk."""

    name: str
    manifest: Mapping[str, Any]
    results: pd.DataFrame


@dataclass(frozen=True, slots=True)
class Difference:
    """``rows``: every published row that is not the same in both, with what happened to it (``change``); ``numbers``: rows
    that both have; ``causes``: what was changed between the runs, a sentence each."""

    before: str
    after: str
    rows: pd.DataFrame
    numbers: int
    causes: tuple[str, ...]


def compare_runs(before: str, after: str, workspace: Workspace) -> Difference:
    """Compare two runs, each a study that has been run or a folder with its ``results.parquet`` and ``manifest.json``.

    ``rows`` has the key columns, ``before``, ``after``, ``difference``, ``in_errors`` (difference over the larger of the two
    standard errors: below 1 the sample alone moves it more) and ``change``: changed, new, gone, now withheld, no longer
    withheld. Largest in errors first. Raises :class:`InformalityError` for a run that is not there.
    """
    import numpy as np

    a, b = _side(before, workspace), _side(after, workspace)
    dims = [f"{kind}{d + 1}" for d in range(MAX_BY) for kind in ("dim", "level")]
    key = [*KEY, *dims, *OF_A_SCENARIO]
    sides = []
    for side in (a, b):
        rows = side.results.reindex(columns=[*key, "value", "se", "grade"])
        rows[key] = rows[key].astype("str").fillna("").replace({"nan": "", "<NA>": "", "None": ""})
        rows["copy"] = rows.groupby(key).cumcount()
        sides.append(rows)
    both = sides[0].merge(sides[1], on=[*key, "copy"], how="outer", suffixes=("_before", "_after"), indicator=True)
    old, new = both["value_before"], both["value_after"]
    both["difference"] = new - old
    error = both[["se_before", "se_after"]].max(axis=1)
    both["in_errors"] = (both["difference"].abs() / error).where(error > 0)
    moved = both["difference"].abs() > SAME * np.maximum(old.abs(), new.abs())
    kinds = [
        (both["_merge"] == "right_only", "new"),
        (both["_merge"] == "left_only", "gone"),
        (old.notna() & new.isna(), "now withheld"),
        (old.isna() & new.notna(), "no longer withheld"),
        (moved, "changed"),
    ]
    both["change"] = np.select([m.to_numpy(dtype=bool) for m, _ in kinds], [k for _, k in kinds], default="")
    rows = both[both["change"] != ""].rename(columns={"value_before": "before", "value_after": "after"})
    rows = rows.sort_values("in_errors", ascending=False, kind="stable", na_position="last")
    kept = [*key, "before", "after", "difference", "in_errors", "change"]
    return Difference(
        a.name, b.name, rows[kept].reset_index(drop=True), int((both["_merge"] == "both").sum()), _causes(a, b)
    )


def _side(name: str, workspace: Workspace) -> Side:
    import pandas as pd

    folder = Path(name) if Path(name).is_dir() else workspace.clean(name)
    missing = [n for n in ("results.parquet", "manifest.json") if not (folder / n).is_file()]
    if missing:
        raise InformalityError(
            Problem(
                name,
                "there is no run of this name",
                f"{folder} has no {' and no '.join(missing)}",
                "name a study that has been run, or a folder kept from an earlier run",
            ),
            ExitCode.DATA_FILE,
        )
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        return Side(name, manifest, pd.read_parquet(folder / "results.parquet"))
    except (ValueError, OSError) as failure:
        raise InformalityError(
            Problem(str(folder), "this run cannot be read", str(failure)[:200], "run the study again"),
            ExitCode.DATA_FILE,
        ) from None


def _causes(a: Side, b: Side) -> tuple[str, ...]:
    """What is not the same in two manifests: data, files of the study, settings, program, libraries."""
    found: list[str] = []

    def differ(what: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        for name in dict.fromkeys([*old, *new]):
            if old.get(name) != new.get(name):
                state = "was added" if name not in old else "was taken away" if name not in new else "is not the same"
                found.append(f"{what} {name} {state}")

    raw = [{w: e.get("sha256") for w, e in side.manifest.get("raw", {}).items()} for side in (a, b)]
    differ("data: the file of wave", *raw)
    differ("rules: the file", a.manifest.get("files", {}), b.manifest.get("files", {}))
    settings = [
        {k: v for k, v in s.manifest.get("settings", {}).items() if k not in ("id", "title", "subtitle")}
        for s in (a, b)
    ]
    for name in dict.fromkeys([*settings[0], *settings[1]]):
        if settings[0].get(name) != settings[1].get(name):
            found.append(f"setting: {name} was {settings[0].get(name)}, is {settings[1].get(name)}")
    if a.manifest.get("package") != b.manifest.get("package"):
        found.append("program: the code or library of informality is not the same")
    differ("libraries: the version of", a.manifest.get("versions", {}), b.manifest.get("versions", {}))
    return tuple(found)


def table_of_difference(found: Difference, labels: Labels, limit: int = SHOWN) -> Table:
    """What changed, for the screen and for the page: the ``limit`` rows that moved by most of their error first."""
    from informality.publication.formats import NumberFormat
    from informality.publication.table import Cell, Column, RowGroup, Table

    columns = (
        Column("what", "Figure"),
        Column("group", "Group"),
        Column("change", "Change"),
        Column("before", "Before", NumberFormat("Before", 1, 2), align="right"),
        Column("after", "After", NumberFormat("After", 1, 2), align="right"),
        Column("difference", "Difference", NumberFormat("Difference", 1, 2), align="right"),
        Column("in_errors", "In standard errors", NumberFormat("", 1, 1), align="right"),
    )
    lines = []
    for row in found.rows.head(limit).to_dict("records"):
        pairs = [(row[f"dim{d}"], row[f"level{d}"]) for d in range(1, MAX_BY + 1) if row[f"dim{d}"]]
        group = ", ".join(labels.level(v, x) if x else labels.variable(v) for v, x in pairs) or "All"
        scale = 100.0 if row["unit"] in ("share", "points") else 1.0
        numbers = [Cell(None if row[c] != row[c] else row[c] * scale) for c in ("before", "after", "difference")]
        errors = Cell(None if row["in_errors"] != row["in_errors"] else row["in_errors"])
        of = [row[c] for c in OF_A_SCENARIO if row[c] not in ("", "all")] or [row["wave"]]
        what = f"{labels.indicator(row['indicator'])} ({', '.join([row['statistic'], row['definition'], *of])})"
        lines.append((Cell(what), Cell(group), Cell(row["change"]), *numbers, errors))
    counts = found.rows["change"].value_counts()
    said = ", ".join(f"{n:,} {kind}" for kind, n in counts.items()) or "none"
    notes = [f"Of {found.numbers:,} rows that both runs have and those that only one has: {said}."]
    if len(found.rows) > limit:
        notes.append(f"The {limit} rows that moved by most of their standard error are shown.")
    because = "; ".join(found.causes) or "nothing that the runs record"
    notes.append(f"Not the same in the two runs: {because}.")
    title = f"What changed from {found.before} to {found.after}"
    made = Table("difference", title, columns, (RowGroup("", tuple(lines)),), tuple(notes))
    return made if lines else replace(made, groups=())


def page_of_difference(table: Table) -> str:
    """The same as one page for a workshop, which needs nothing from outside."""
    from informality.publication.pandoc import TEMPLATES
    from informality.publication.table import html_text, to_html

    style = (TEMPLATES / "report.css").read_text(encoding="utf-8")
    notes = "".join(f"<p>{html_text(note)}</p>" for note in table.notes)
    body = to_html(table) if table.groups else "<p>Every published number is the same in both runs.</p>"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html_text(table.title)}</title><style>{style}</style></head>"
        f'<body><main style="max-width: 70rem; margin: 2rem auto; padding: 0 1rem"><h1>{html_text(table.title)}</h1>'
        f"{notes}{body}</main></body></html>\n"
    )
