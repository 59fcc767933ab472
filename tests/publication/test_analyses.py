"""Tables and figures of models, gaps and segments, from rows written by hand; expected words and numbers by hand."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pandas as pd
import pytest

from informality.publication.effect_figures import figure_of_effects
from informality.publication.gap_tables import table_of_gap
from informality.publication.model_tables import table_of_model
from informality.publication.published import Publication, publication
from informality.publication.segment_tables import table_of_segments, words_of_segments
from informality.publication.table import Table, to_markdown
from informality.publication.view_specs import EffectFigureSpec, GapViewSpec, ModelViewSpec, SegmentViewSpec
from informality.tabulation.columns import COLUMNS


def published(mock: ModuleType, rows: list[dict[str, Any]]) -> Publication:
    base = {"confidence": 0.95, "grade": "good", "status": "verified", "universe": "employed", "n": 500.0, "table": "t"}
    frame = pd.DataFrame([{**base, **row} for row in rows]).reindex(columns=list(COLUMNS))
    return publication(frame, mock.labels(), mock.inputs().reliability, "ilo-17icls", "Source: s.")


def cells(table: Table | str) -> list[tuple[str, list[list[str]]]]:
    """Headings of groups, and the cells of their rows as printed."""
    assert isinstance(table, Table)
    lines = to_markdown(table).split("\n\n")[1].splitlines()[2:]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    out: list[tuple[str, list[list[str]]]] = []
    for row in rows:
        if len(row) > 1 and not any(row[1:]):
            out.append((row[0], []))
        elif not out:
            out.append(("", [row]))
        else:
            out[-1][1].append(row)
    return out


MODEL: list[dict[str, Any]] = [
    *(
        {"statistic": s, "unit": u, "dim1": "sex", "level1": "male", "value": v, "note": "reference", "n": 260.0}
        for s, u, v in (("ratio", "odds ratio", 1.0), ("effect", "points", 0.0))
    ),
    {"statistic": "ratio", "unit": "odds ratio", "dim1": "sex", "level1": "female", "value": 1.5, "se": 0.1, "ci_low": 1.31,
     "ci_high": 1.71, "p": 0.00001, "n": 240.0},
    {"statistic": "effect", "unit": "points", "dim1": "sex", "level1": "female", "value": 0.081, "se": 0.012,
     "ci_low": 0.057, "ci_high": 0.105, "p": 0.012, "n": 240.0, "grade": "unreliable"},
    {"statistic": "effect", "unit": "points", "dim1": "sex", "level1": "other", "grade": "suppressed", "n": None},
    {"statistic": "joint_test", "unit": "F", "dim1": "sex", "value": 9.0, "p": 0.0003},
    {"statistic": "cases", "unit": "persons", "value": 71234.0, "n": 500.0,
     "note": "12 of 1,512 sampled persons are left out, without a usable answer on: Education (12)"},
    {"statistic": "auc", "unit": "area", "value": 0.771, "se": 0.01, "ci_low": 0.751, "ci_high": 0.79},
    {"statistic": "goodness_of_fit", "unit": "F", "value": 1.1, "p": 0.21},
]  # fmt: skip


def test_a_model_prints_references_tests_and_who_is_left_out(mock: ModuleType) -> None:
    view = ModelViewSpec(title="M", table="t", statistics=["ratio", "effect"])
    table = table_of_model("m", view, published(mock, MODEL))
    ((heading, rows),) = cells(table)
    assert heading == "Sex (all levels together: p \\< 0.001)"
    assert rows[0] == ["Men", "reference", "–", "–", "–", "reference", "–", "–", "–", "260"]
    assert rows[1] == ["Women", "1.50", "1.31", "1.71", "\\<0.001", "8.1 u", "5.7", "10.5", "0.012", "240"]
    assert rows[2][5:] == [*["··"] * 4, "–"]  # the sign of the mock's legend for what is not shown
    assert isinstance(table, Table)
    assert [c.spanner[0] for c in table.columns[1::4][:2]] == ["Odds ratio", "Effect"]
    notes = " ".join(table.notes)
    assert "Odds ratio: how many times those of the reference group, all else alike; 1 is no difference." in notes
    assert "500 sampled persons, standing for 71\u202f234 persons; employed persons aged 15 and over." in notes
    assert "12 of 1\u202f512 sampled persons are left out, without a usable answer on: Education (12)." in notes
    assert "Area under the ROC curve 0.77 (0.75 to 0.79)" in notes
    assert "p = 0.210" in notes


def test_effects_are_drawn_with_their_reference_and_said_in_words(mock: ModuleType) -> None:
    view = EffectFigureSpec(title="E", table="t", statistics=["effect"])
    drawn = figure_of_effects("e", view, published(mock, MODEL))
    assert isinstance(drawn, tuple)
    svg, words, notes = drawn
    assert words == (
        "Dot plot with the 95% confidence interval. E. Sex: reference Men; Women: 8.1 (5.7 to 10.5); "
        "other: too few answers to show."
    )
    assert svg.startswith("<svg")
    assert notes[0].startswith("Lines show the 95% confidence interval. Each mark compares a group with the reference")


GAP: list[dict[str, Any]] = [
    {"statistic": "cases", "unit": "persons", "value": 10000.0},
    {"statistic": "observed", "unit": "share", "dim1": "sex", "level1": "female", "value": 0.8, "se": 0.01,
     "ci_low": 0.78, "ci_high": 0.82},
    {"statistic": "observed", "unit": "share", "dim1": "sex", "level1": "male", "value": 0.7, "se": 0.01,
     "ci_low": 0.68, "ci_high": 0.72},
    {"statistic": "gap", "unit": "points", "value": 0.1, "se": 0.014, "ci_low": 0.072, "ci_high": 0.128, "p": 0.0},
    {"statistic": "explained", "unit": "points", "value": 0.06, "se": 0.01, "ci_low": 0.04, "ci_high": 0.08, "p": 0.0},
    {"statistic": "explained", "unit": "points", "dim1": "education", "value": 0.06, "se": 0.01, "ci_low": 0.04,
     "ci_high": 0.08, "p": 0.0},
    {"statistic": "unexplained", "unit": "points", "value": 0.04, "se": 0.012, "ci_low": 0.016, "ci_high": 0.064, "p": 0.002},
    {"statistic": "unexplained", "unit": "points", "dim1": "education", "value": 0.01, "se": 0.012, "p": 0.4},
]  # fmt: skip


def test_a_gap_prints_what_is_observed_and_its_parts(mock: ModuleType) -> None:
    table = table_of_gap("g", GapViewSpec(title="G", table="t"), published(mock, GAP))
    observed, parts = cells(table)
    assert observed[1][0] == ["Women", "80.0", "78.0", "82.0", "–", "500"]
    assert observed[1][2] == ["Gap", "10.0", "7.2", "12.8", "\\<0.001", "500"]
    assert [row[0] for row in parts[1]] == [
        "Explained by the characteristics together",
        "of which education",
        "Not explained",
    ]
    assert parts[1][2][1:5] == ["4.0", "1.6", "6.4", "0.002"]
    assert isinstance(table, Table)
    assert any("not proof of unequal treatment" in note for note in table.notes)


def test_a_gap_that_cannot_be_taken_apart_says_why(mock: ModuleType) -> None:
    row = {"statistic": "gap", "unit": "points", "grade": "not_determinable", "note": "the survey did not ask: Job"}
    made = table_of_gap("g", GapViewSpec(title="G", table="t"), published(mock, [row]))
    assert made == "Cannot be worked out from this survey: the survey did not ask: Job."


SEGMENTS: list[dict[str, Any]] = [
    {"statistic": "share", "unit": "share", "dim1": "segment", "level1": "Rural *farmers*", "value": 0.6, "se": 0.01,
     "ci_low": 0.58, "ci_high": 0.62, "n": 300.0},
    {"statistic": "total", "unit": "persons", "dim1": "segment", "level1": "Rural *farmers*", "value": 60000.0, "se": 1000.0,
     "ci_low": 58000.0, "ci_high": 62000.0, "n": 300.0},
    *({"statistic": s, "unit": "share", "dim1": "segment", "level1": "Rural *farmers*", "dim2": "area", "level2": "rural",
       "value": v} for s, v in (("inside", 0.9), ("outside", 0.2))),
    {"statistic": "rule", "unit": "share", "dim1": "segment", "level1": "Rural *farmers*", "dim2": "rule",
     "level2": "Area: Rural", "value": 0.95},
    {"statistic": "accuracy", "unit": "share", "value": 0.93},
    {"statistic": "found_again", "unit": "share", "dim1": "segment", "level1": "Rural *farmers*", "value": 0.91},
    {"statistic": "agreement", "unit": "share", "value": 0.88},
]  # fmt: skip


def test_segments_print_their_size_and_what_sets_them_apart(mock: ModuleType) -> None:
    view = SegmentViewSpec(title="S", table="t")
    pub = published(mock, SEGMENTS)
    table = table_of_segments("s", view, pub)
    assert cells(table)[0][1] == [["Rural \\*farmers\\*", "60.0", "58.0", "62.0", "60.0", "58.0", "62.0", "300"]]
    assert isinstance(table, Table)
    assert any(
        "0.88 (1 is perfect); each group overlaps with its like in a redrawn sample by 91 per cent" in n
        for n in table.notes
    )
    words = words_of_segments(view, pub)
    assert words.startswith("**Rural \\*farmers\\*.** Area: Rural 90 per cent, others 20 per cent.")
    assert "puts 93 of 100 persons where they belong" in words
    assert "- Area: Rural → Rural \\*farmers\\*" in words


@pytest.mark.parametrize("make", [table_of_model, table_of_gap, table_of_segments])
def test_what_a_study_does_not_have_is_said(make: Any, mock: ModuleType) -> None:
    views = {
        table_of_model: ModelViewSpec(title="M", table="none", statistics=["effect"]),
        table_of_gap: GapViewSpec(title="G", table="none"),
        table_of_segments: SegmentViewSpec(title="S", table="none"),
    }
    assert make("x", views[make], published(mock, GAP)).startswith("Not available: this study has no such")
