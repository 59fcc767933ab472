"""The summary store: every published number with its words, in one SQLite file that anyone can open.

``figures`` is the table people look things up in: one row for each number, in words and in the unit it is printed in.
``results`` holds the same rows as the program keeps them. Beside them stand the definitions with their rules, options,
files and versions the numbers rest on, and what disclosure control has hidden. Nothing is computed here, and nothing
withheld is in it: that is decided before the results are stored.
"""

from __future__ import annotations

import dataclasses
import json
import math
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd

from informality.foundation import reading
from informality.foundation.language import say
from informality.foundation.provenance import write_atomically
from informality.foundation.rules import Step
from informality.publication.formats import column_format
from informality.publication.inputs import ReportInputs
from informality.publication.published import Publication, levels_of

ALL = "All"
SCALED = {"share": 100.0, "points": 100.0, "share of GDP": 100.0, "share of State revenue": 100.0}
"""Units that are kept as fractions and printed per hundred."""

FIGURES = (
    "id", "what", "of_whom", "breakdown", "group_name", "definition_title", "wave", "scenario_title", "year",
    "value", "low", "high", "range_low", "range_high",
    "standard_error", "unit_name", "confidence", "sample_n", "reliability", "flag", "printed", "note", "source",
    "table_title", "indicator", "statistic", "universe", "definition", "table_id", "by_variables", "levels", "standing",
)  # fmt: skip
"""Columns of ``figures``: words first, identifiers after."""


def figures(pub: Publication) -> pd.DataFrame:
    """(rows, :data:`FIGURES`) of the results table in words: values of shares per hundred, groups named.

    ``printed`` is the number as tables print it with its interval, empty where there is none; ``levels`` are the
    identifiers of the group as JSON, so that a program can find a row again, scenario and year among them. ``range_low`` and
    ``range_high``: the range of the assumptions of a scenario, beside the interval and never merged with it.
    """
    rows = pub.results
    words = pub.labels
    scale = rows["unit"].map(SCALED).fillna(1.0)
    whole = [levels_of(row) for row in rows.to_dict("records")]
    groups = [{v: x for v, x in g.items() if v not in ("scenario", "year")} for g in whole]
    made = pd.DataFrame(
        {
            "id": range(1, len(rows) + 1),
            "what": [words.indicator(str(x)) for x in rows["indicator"]],
            "of_whom": [words.universe(str(x)) if pd.notna(x) else "" for x in rows["universe"]],
            "breakdown": [", ".join(words.variable(v) for v in g) or say(ALL) for g in groups],
            "group_name": [
                ", ".join(words.level(v, x) if x else say(ALL) for v, x in g.items()) or say(ALL) for g in groups
            ],
            "definition_title": [words.level("definition", str(x)) if pd.notna(x) else "" for x in rows["definition"]],
            "wave": rows["wave"],
            "scenario_title": [words.level("scenario", str(x)) if pd.notna(x) else "" for x in rows["scenario"]],
            "year": rows["year"].astype("Int64"),
            "value": rows["value"] * scale,
            "low": rows["ci_low"] * scale,
            "high": rows["ci_high"] * scale,
            "range_low": rows["lo80"] * scale,
            "range_high": rows["hi80"] * scale,
            "standard_error": rows["se"] * scale,
            "unit_name": [words.unit(str(x)) for x in rows["unit"]],
            "confidence": rows["confidence"],
            "sample_n": rows["n"].astype("Int64"),
            "reliability": [pub.meanings.get(str(g), str(g)) for g in rows["grade"]],
            "flag": [pub.flags.get(str(g), "") for g in rows["grade"]],
            "printed": [_printed(row, pub) for row in rows.to_dict("records")],
            "note": rows["note"].fillna(""),
            "source": pub.source,
            "table_title": [words.table(str(x)) for x in rows["table"]],
            "by_variables": [",".join(g) for g in whole],
            "levels": [json.dumps(g, ensure_ascii=False) for g in whole],
            "table_id": rows["table"],
            "standing": rows["status"],
        }
    )
    kept = rows[["indicator", "statistic", "universe", "definition"]]
    return pd.concat([made, kept], axis=1)[list(FIGURES)]


def _printed(row: Mapping[str, Any], pub: Publication) -> str:
    """``86.4 (85.3 to 87.4) per cent``, with no digit its error does not support; empty without a value."""
    if pd.isna(row["value"]):
        return ""
    unit = pub.labels.unit(str(row["unit"]))
    doubts = [e for e in (row["se"], row["se_parameters"]) if pd.notna(e)]
    form = column_format(str(row["unit"]), [math.hypot(*doubts)] if doubts else [], unit)
    flag = pub.flags.get(str(row["grade"]), "")
    limits = {"low": form(row["ci_low"]), "high": form(row["ci_high"])} if pd.notna(row["ci_low"]) else {}
    interval = " " + say("({low} to {high})", **limits) if limits else ""
    heading = form.heading if form.heading[:3].isupper() else form.heading[:1].lower() + form.heading[1:]
    text = f"{form(row['value'])}{f' {flag}' if flag else ''}{interval} {heading}"
    if pd.isna(row["lo80"]) or not row["hi80"] > row["lo80"]:
        return text
    return f"{text}; {say('assumptions {low} to {high}', low=form(row['lo80']), high=form(row['hi80']))}"


def write_store(inputs: ReportInputs, pub: Publication, hidden: pd.DataFrame, path: Path, status_quo: str = "") -> None:
    """Write ``summary.sqlite``. The same inputs give the same bytes; what stood there stays until the file is whole.

    ``hidden``: the log of disclosure control (``tabulation.disclosure``); ``status_quo``: the scenario in which nothing changes.
    """
    write_atomically(path, lambda new: _fill(inputs, pub, hidden, new, status_quo))


def _fill(inputs: ReportInputs, pub: Publication, hidden: pd.DataFrame, path: Path, status_quo: str) -> None:
    with closing(sqlite3.connect(path)) as store:
        store.executescript("PRAGMA journal_mode = OFF; PRAGMA encoding = 'UTF-8'; PRAGMA page_size = 4096;")
        lines = figures(pub)
        _table(store, "figures", lines, key="id")
        _table(store, "results", pub.results.assign(id=lines["id"]), key="id")
        definitions = [
            (d.id, d.title, d.summary, d.status, "; ".join(d.sources), _tables(d.steps)) for d in inputs.definitions
        ]
        columns = ["id", "title", "summary", "standing", "sources", "decision_tables"]
        _table(store, "definitions", pd.DataFrame(definitions, columns=columns))
        rules = [d.rule_counts.assign(definition=d.id) for d in inputs.definitions]
        if rules:
            _table(store, "rules", pd.concat(rules, ignore_index=True))
        options = [(d.id, *dataclasses.astuple(option)) for d in inputs.definitions for option in d.options]
        columns = ["definition", "option", "title", "value", "usual_value", "source"]
        _table(store, "options", pd.DataFrame(options, columns=columns))
        facts = [*inputs.study.items(), *inputs.design.items(), *inputs.provenance.items()]
        said = [(k, v if isinstance(v, str) else json.dumps(v, ensure_ascii=False, default=str)) for k, v in facts]
        _table(store, "provenance", pd.DataFrame(said, columns=["fact", "value"]))
        _table(store, "grades", inputs.reliability)
        _table(store, "official_figures", inputs.benchmarks)
        _table(store, "quality", inputs.quality)
        _table(store, "hidden", hidden)
        _table(store, "words", _words(lines, pub, status_quo))
        store.executescript(VIEWS)
        store.commit()
        store.execute("VACUUM")


def _tables(steps: Sequence[Step]) -> str:
    """The decision tables as Markdown."""
    return "\n".join(f"**{step.title}**\n\n{reading.markdown(step)}" for step in steps)


def _words(lines: pd.DataFrame, pub: Publication, status_quo: str) -> pd.DataFrame:
    """kind, name, level, words: what every identifier in ``figures`` is called, and which scenario is the status quo."""
    words = pub.labels
    levels = {(v, x) for text in lines["levels"].unique() for v, x in json.loads(text).items()}
    rows = [("indicator", str(n), "", words.indicator(str(n))) for n in lines["indicator"].unique()]
    rows += [("variable", v, "", words.variable(v)) for v in sorted({v for v, _ in levels})]
    rows += [("level", v, x, words.level(v, x)) for v, x in sorted(levels) if x]
    rows += [
        ("definition", str(n), "", words.level("definition", str(n))) for n in lines["definition"].dropna().unique()
    ]
    if status_quo:
        rows.append(("status_quo", "scenario", status_quo, words.level("scenario", status_quo)))
    return pd.DataFrame(rows, columns=["kind", "name", "level", "words"])


VIEWS = """
CREATE VIRTUAL TABLE search USING fts5(what, of_whom, breakdown, group_name, definition_title, table_title, wave, scenario_title,
    content='figures', content_rowid='id', tokenize="unicode61 remove_diacritics 2");
INSERT INTO search(search) VALUES ('rebuild');
CREATE INDEX figures_by_indicator ON figures(indicator, by_variables);
CREATE VIEW "Main figures" AS
    SELECT what AS "Figure", of_whom AS "Among", printed AS "Estimate", sample_n AS "Sample n",
           reliability AS "Reliability", definition_title AS "Definition", wave AS "Wave", source AS "Source"
    FROM figures WHERE by_variables = '' AND value IS NOT NULL;
CREATE VIEW "All figures" AS
    SELECT what AS "Figure", of_whom AS "Among", breakdown AS "By", group_name AS "Group", value AS "Value",
           low AS "Lower", high AS "Upper", unit_name AS "Unit", sample_n AS "Sample n", flag AS "Flag",
           reliability AS "Reliability", definition_title AS "Definition", wave AS "Wave", note AS "Note"
    FROM figures WHERE year IS NULL;
CREATE VIEW "Scenarios" AS
    SELECT scenario_title AS "Scenario", year AS "Year", what AS "Figure", breakdown AS "By", group_name AS "Group",
           value AS "Value", low AS "Lower", high AS "Upper", range_low AS "Assumptions: from",
           range_high AS "Assumptions: to", unit_name AS "Unit", sample_n AS "Sample n", reliability AS "Reliability",
           standing AS "Weakest source", definition_title AS "Definition"
    FROM figures WHERE year IS NOT NULL;
CREATE VIEW "Not determinable" AS
    SELECT what AS "Figure", breakdown AS "By", definition_title AS "Definition",
           figures.note AS "What is missing"
    FROM figures JOIN results USING (id) WHERE grade = 'not_determinable';
"""


def _table(store: sqlite3.Connection, name: str, frame: pd.DataFrame, key: str = "") -> None:
    """One table of the store: numbers as numbers, everything else as text, nothing as NULL."""
    kinds = {c: _kind(frame[c]) for c in frame.columns}
    declared = ", ".join(f'"{c}" {kind}{" PRIMARY KEY" if c == key else ""}' for c, kind in kinds.items())
    store.execute(f'CREATE TABLE "{name}" ({declared or "nothing TEXT"})')
    if len(frame.columns):
        places = ", ".join("?" * len(frame.columns))
        store.executemany(f'INSERT INTO "{name}" VALUES ({places})', _values(frame, kinds))


def _kind(column: pd.Series) -> str:
    if pd.api.types.is_bool_dtype(column) or pd.api.types.is_integer_dtype(column):
        return "INTEGER"
    return "REAL" if pd.api.types.is_float_dtype(column) else "TEXT"


def _values(frame: pd.DataFrame, kinds: Mapping[str, str]) -> Iterable[tuple[Any, ...]]:
    convert = {"INTEGER": int, "REAL": float, "TEXT": str}
    columns = [
        [None if pd.isna(value) else convert[kind](value) for value in frame[name].tolist()]
        for name, kind in kinds.items()
    ]
    return zip(*columns, strict=True)
