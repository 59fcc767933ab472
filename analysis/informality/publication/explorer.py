"""The explorer: one HTML file with every published figure inside, for people who look figures up.

It needs no network and no server, opens from a memory stick, and shows reliability, definition and rule counts behind each
number. The page itself is ``library/templates/explorer.{html,css,js}``; this module packs the figures for it: only what
is published, in printed units, with three digits more than are printed.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from informality.foundation.language import say, spoken
from informality.foundation.library import LIBRARY
from informality.foundation.provenance import write_atomically
from informality.publication.figures import LOOKS
from informality.publication.formats import money_format, supported_decimals
from informality.publication.inputs import ReportInputs
from informality.publication.lettering import lao_faces
from informality.publication.lookup import LOOKED_UP
from informality.publication.notes import upper_first
from informality.publication.published import Publication, levels_of
from informality.publication.store import SCALED
from informality.publication.table import Labels, html_text, one_line
from informality.publication.tile_map import tiles_of
from informality.tabulation.columns import RANGES, SCENARIO

TEMPLATES = LIBRARY / "templates"
LARGEST = {"share": 1, "points": 1, "persons": 0}
"""Most decimals a unit is printed with; others get what their error supports, at most two."""
MORE = 3
OF_A_SCENARIO = [c for c in SCENARIO if c not in RANGES]

WORDS = {
    "indicator": "Figure", "universe": "Among", "breakdown": "By", "wave": "Wave", "year": "Year", "definition": "Definition",
    "scenario": "Scenario", "find": "Find in the table", "reliability": "Reliability", "all_cells": "All, with marks",
    "only_reliable": "Only reliable or to be used with caution", "all_waves": "All waves", "all_years": "All years",
    "all_scenarios": "All scenarios", "survey": "The survey itself", "none": "All together",
    "everybody": "All", "view": "How to show it", "dots": "Dots", "bars": "Bars", "trend": "Trend", "tiles": "Map",
    "table": "Table", "csv": "Download CSV", "png": "Download picture", "link": "Copy link",
    "sentence": "Copy as a sentence", "copied": "Copied.", "copy_by_hand": "Copy this:", "group": "Group",
    "estimate": "Estimate", "lower": "Lower", "upper": "Upper", "n": "Sample n", "to": "to", "among": "among",
    "interval": "confidence interval", "range": "Assumptions", "range_from": "Assumptions: from",
    "range_to": "Assumptions: to",
    "range_note": "Thin line: error of the sample. Wide pale line: range of the assumptions (80% of the draws).",
    "standing": "Weakest source among what it rests on",
    "why": "Where does this number come from?", "close": "Close", "rule": "Rule",
    "outcome": "Outcome", "reason": "Because", "share": "Share", "assumed": "assumed",
    "nothing": "Nothing to show", "nothing_hint": "No figure fits. Choose another breakdown, or clear the search.",
    "first_listed": "The first {n} of {all} rows are listed; the CSV file has all.", "list_all": "List all",
    "nothing_to_draw": "No figure here can be shown.", "first_drawn": "The first {n} are drawn; the table has all.",
    "chart_same": "The table beside it has the same numbers.", "no_picture": "Choose dots, bars, trend or map first.",
}  # fmt: skip
"""What the page says."""


def write_explorer(inputs: ReportInputs, pub: Publication, path: Path) -> None:
    """Write ``explorer.html``. The same inputs give the same bytes; what stood there stays until the file is whole."""
    page = _page(inputs, packed(inputs, pub))
    write_atomically(path, lambda new: new.write_text(page, encoding="utf-8", newline="\n"))


def packed(inputs: ReportInputs, pub: Publication) -> dict[str, Any]:
    """What the page reads: rows as columns, texts once each and as numbers, then what stands behind the numbers."""
    rows = pub.results[pub.results["statistic"].isin(LOOKED_UP) & ~pub.results["unit"].str.endswith("ratio")]
    dims = [f"{kind}{d}" for d in (1, 2, 3) for kind in ("dim", "level")]
    key = ["indicator", "statistic", "universe", "definition", "wave", *dims, *OF_A_SCENARIO]
    rows = rows.drop_duplicates(key).reset_index(drop=True)
    words, records = pub.labels, rows.to_dict("records")
    chosen_elsewhere = ("scenario", "year")
    groups = [{v: x for v, x in levels_of(row).items() if v not in chosen_elsewhere} for row in records]
    unit, scale = _units(rows, words)
    breakdown = [
        (" × ".join(words.variable(v) for v in group) or say(WORDS["none"]))
        + (f" ({say('Difference').lower()})" if row["statistic"] == "difference" else "")
        for group, row in zip(groups, records, strict=True)
    ]
    decimals = _decimals(rows, breakdown, scale)

    def printed(column: str) -> list[float | None]:
        numbers = rows[column].to_numpy(dtype=float) * scale
        return [
            None if np.isnan(x) else _plain(round(float(x), int(d) + MORE))
            for x, d in zip(numbers, decimals, strict=True)
        ]

    level = [[f"{x}\t{words.level(v, x) if x else say(WORDS['everybody'])}" for v, x in g.items()] for g in groups]
    columns: dict[str, Any] = {
        "indicator": _coded([words.indicator(r["indicator"]) for r in records], [r["indicator"] for r in records]),
        "universe": _coded([words.universe(r["universe"]) if pd.notna(r["universe"]) else "" for r in records]),
        "breakdown": _coded(breakdown),
        "wave": _coded([str(r["wave"] if pd.isna(r["year"]) else int(r["year"])) for r in records]),
        "definition": _coded(
            [words.level("definition", r["definition"]) if pd.notna(r["definition"]) else "" for r in records],
            [r["definition"] if pd.notna(r["definition"]) else "" for r in records],
        ),
        "indicator_id": _coded([r["indicator"] for r in records]),
        "definition_id": _coded([r["definition"] if pd.notna(r["definition"]) else "" for r in records]),
        "scenario": _coded(
            [words.level("scenario", r["scenario"]) if pd.notna(r["scenario"]) else "" for r in records],
            [r["scenario"] if pd.notna(r["scenario"]) else "" for r in records],
        ),
        "standing": _coded([r["status"] if pd.notna(r["status"]) else "" for r in records]),
        "unit": _coded(unit),
        "grade": _coded([r["grade"] for r in records]),
        "note": _coded([r["note"] if pd.notna(r["note"]) else "" for r in records]),
        **{f"level{k + 1}": _coded([one[k] if k < len(one) else "" for one in level]) for k in range(3)},
        "value": printed("value"),
        "low": printed("ci_low"),
        "high": printed("ci_high"),
        "n": [None if pd.isna(x) else int(x) for x in rows["n"]],
        "decimals": [int(d) for d in decimals],
    }
    if rows["lo80"].notna().any():
        columns |= {"least": printed("lo80"), "most": printed("hi80")}
    country = str(inputs.study.get("country_code", ""))
    headline = [d for d in dict.fromkeys(columns["definition"]["ids"]) if d == pub.headline]
    return {
        "words": {name: say(words) for name, words in WORDS.items()},
        "marks": {"decimal": spoken().decimal, "group": spoken().group},
        "rows": len(rows),
        "columns": columns,
        "confidence": float(rows["confidence"].dropna().iloc[0]) if rows["confidence"].notna().any() else 0.95,
        "headline": columns["definition"]["ids"].index(headline[0]) if headline else 0,
        "grades": {g: {"symbol": s, "meaning": pub.meanings.get(g, g)} for g, s in pub.flags.items()},
        "definitions": {d.id: _definition(d) for d in inputs.definitions},
        "colours": {name: colour for name, (colour, _) in LOOKS.items() if name},
        "tiles": {level: [at.column, at.row, at.short] for level, at in tiles_of(country).items()},
        "breaks": [f"{pair.earlier}|{pair.later}" for pair in inputs.pairs if pair.broken],
        "source": one_line(pub.source),
    }


def _plain(x: float) -> float:
    """A whole number without its ``.0``, which costs two letters fifty thousand times."""
    return int(x) if x == int(x) else x


def _units(rows: pd.DataFrame, words: Labels) -> tuple[list[str], np.ndarray]:
    """(rows,) the unit a value is shown in, and what it is multiplied by for that; totals of money by indicator."""
    scale = rows["unit"].map(SCALED).fillna(1.0).to_numpy(dtype=float, copy=True)
    unit = np.array([words.unit(u) for u in rows["unit"]], dtype=object)
    money = rows["unit"].str.fullmatch("[A-Z]{3}") & rows["scenario"].notna()
    for (_, currency), part in rows[money].groupby(["indicator", "unit"]):
        form = money_format(str(currency), part["se"])
        unit[part.index], scale[part.index] = form.heading, form.scale
    return list(unit), scale


def _decimals(rows: pd.DataFrame, breakdown: list[str], scale: np.ndarray) -> np.ndarray:
    """(rows,) decimals that the middle error of an indicator's breakdown supports, within what its unit is printed with."""
    errors = np.hypot(rows["se"], rows["se_parameters"].fillna(0)) * scale
    key = [rows["indicator"], pd.Series(breakdown), rows["universe"].fillna(""), rows["unit"]]
    supported = errors.groupby(key).transform(lambda e: supported_decimals(e) if e.gt(0).any() else np.nan)
    most = rows["unit"].map(LARGEST).fillna(2)
    least = np.where(rows["unit"] == "persons", -9, 0)
    return np.asarray(np.clip(supported.fillna(most), least, most), dtype=int)


def _coded(texts: list[str], ids: list[str] | None = None) -> dict[str, Any]:
    """Texts once each, and their numbers; with ``ids`` the identifiers tell apart what is called the same."""
    keys = list(zip(ids or texts, texts, strict=True))
    known = {key: k for k, key in enumerate(dict.fromkeys(keys))}
    out: dict[str, Any] = {"names": [one_line(t) if "\t" not in t else _level(t) for _, t in known]}
    out["codes"] = [known[key] for key in keys]
    return out | ({"ids": [i for i, _ in known]} if ids else {})


def _level(text: str) -> str:
    id, _, label = text.partition("\t")
    return f"{id}\t{one_line(label)}"


def _definition(note: Any) -> dict[str, Any]:
    counts = note.rule_counts
    rules = [
        [
            one_line(r["step_title"]), r["rule"], one_line(r["outcome"]),
            one_line("; ".join(filter(None, (r["why"], r["note"])))), bool(r["assumed"]),
            None if pd.isna(r["n"]) else int(r["n"]), None if pd.isna(r["share"]) else round(float(r["share"]), 5),
        ]
        for r in counts.to_dict("records")
        if pd.isna(r["n"]) or r["n"] > 0
    ]  # fmt: skip
    return {
        "title": one_line(note.title),
        "summary": one_line(note.summary),
        "sources": [one_line(s) for s in note.sources],
        "rules": rules,
    }


def _page(inputs: ReportInputs, data: Mapping[str, Any]) -> str:
    script = (TEMPLATES / "explorer.js").read_text(encoding="utf-8").replace("</", "<\\/")
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    style = (TEMPLATES / "explorer.css").read_text(encoding="utf-8").replace("</", "<\\/") + lao_faces(text)
    study, notice = inputs.study, inputs.made_up_notice
    survey = f"{study['country']}. {study['survey_title']}, {study['wave_title']}. {upper_first(study['agency'])}."
    fingerprint = str(inputs.provenance.get("fingerprint", ""))
    parts = {
        "LANGUAGE": html_text(spoken().code),
        "SCRIPT_HASH": f"'sha256-{_hash(script)}'",
        "STYLE_HASH": f"'sha256-{_hash(style)}'",
        "TITLE": html_text(study["title"]),
        "SKIP": say("Skip to the figures"),
        "NOTICE": f'<aside class="made-up">{html_text(notice)}</aside>' if notice else "",
        "SURVEY": html_text(survey),
        "CHOOSE": say("Choose a table"),
        "FOOTER": html_text(
            say(
                (
                    "Every number is an estimate from a sample and stands with its 95% confidence interval. Nothing "
                    "leaves this computer. Fingerprint {fingerprint}."
                ),
                fingerprint=fingerprint,
            )
        ),
        "NOSCRIPT": say("This page needs JavaScript. The same figures are in the workbook and the CSV file beside it."),
        "DATA": base64.b64encode(gzip.compress(text.encode("utf-8"), 9, mtime=0)).decode("ascii"),
        "STYLE": style,
        "SCRIPT": script,
    }
    page = (TEMPLATES / "explorer.html").read_text(encoding="utf-8")
    for name, part in parts.items():
        page = page.replace(f"@@{name}@@", part)
    return page


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
