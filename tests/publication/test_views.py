"""How rows of the results table become tables; the rows and the expected layouts are written by hand."""

from __future__ import annotations

import dataclasses
from typing import Any

import pandas as pd
import pytest

from informality.foundation.errors import ExitCode, InformalityError
from informality.publication.published import Publication, publication
from informality.publication.table import Labels, Table, to_html
from informality.publication.view_specs import ViewSpec, read_views
from informality.publication.views import further_views, lay_out, table_of_view
from informality.tabulation.columns import COLUMNS

LEGEND = pd.DataFrame(
    [
        ("good", "", "reliable", ""),
        ("caution", "c", "Use with caution", ""),
        ("suppressed", "x", "Not shown", ""),
        ("not_determinable", "n", "Not determinable", ""),
    ],
    columns=["grade", "symbol", "meaning", "rule"],
)
LABELS = Labels(
    variables={"sex": "Sex", "area": "Area", "leave": "Paid leave"},
    levels={"sex": {"female": "Women", "male": "Men"}, "area": {"rural": "Rural"}, "leave": {"yes": "Yes"}},
    universes={"employed": "Employed persons"},
)


def row(value: float | None, by: dict[str, str | None] | None = None, **more: Any) -> dict[str, Any]:
    made = dict.fromkeys(COLUMNS)
    made |= {
        "table": "t",
        "indicator": "i",
        "statistic": "share",
        "universe": "employed",
        "value": value,
        "unit": "share",
        "se": 0.01,
        "ci_low": None if value is None else value - 0.02,
        "ci_high": None if value is None else value + 0.02,
        "confidence": 0.95,
        "n": 100.0,
        "grade": "good",
        "status": "verified",
    }
    for i, (dim, level) in enumerate((by or {}).items(), 1):
        made |= {f"dim{i}": dim, f"level{i}": level}
    return made | more


def published(*rows: dict[str, Any]) -> Publication:
    return publication(pd.DataFrame(rows, columns=list(COLUMNS)), LABELS, LEGEND, "d", "Source: s.")


def view(*by: str, **more: Any) -> ViewSpec:
    return ViewSpec(title="T", table="t", by=list(by), **more)


def cells(table: Table | str) -> list[tuple[str, list[list[Any]]]]:
    assert isinstance(table, Table)
    return [(g.label, [[c.words or c.value for c in r] for r in g.rows]) for g in table.groups]


BY_SEX = (row(0.5), row(0.4, {"sex": "male"}), row(0.6, {"sex": "female"}))


def test_breakdowns_become_groups_in_the_order_of_the_view() -> None:
    made = table_of_view("x", view("", "sex"), published(*BY_SEX))
    assert cells(made) == [
        ("", [["All", 0.5, 0.48, 0.52, 100.0]]),
        ("Sex", [["Men", 0.4, 0.38, 0.42000000000000004, 100.0], ["Women", 0.6, 0.58, 0.62, 100.0]]),
    ]
    assert [c.spanner for c in made.columns] == [(), (), ("95% confidence interval",), ("95% confidence interval",), ()]
    assert made.notes == ("Per cent of employed persons.",)
    assert made.source == "Source: s."


def test_a_crossed_breakdown_is_grouped_by_its_first_variable_whatever_the_order_in_the_table() -> None:
    made = table_of_view("x", view("area sex"), published(*BY_SEX, row(0.7, {"sex": "male", "area": "rural"})))
    assert [(g, [r[:2] for r in rows]) for g, rows in cells(made)] == [("Rural", [["Men", 0.7]])]


def test_a_spread_variable_makes_one_block_of_columns_per_level() -> None:
    made = table_of_view("x", view("", column="sex"), published(*BY_SEX))
    assert [c.spanner[0] for c in made.columns[1::4]] == ["All", "Men", "Women"]
    assert cells(made)[0][1][0][1::4] == [0.5, 0.4, 0.6]


def test_naming_the_spread_levels_leaves_the_total_out() -> None:
    made = table_of_view("x", view("", column="sex", only={"sex": ["female"]}), published(*BY_SEX))
    assert [c.spanner[0] for c in made.columns[1::4]] == ["Women"]


def test_flags_stand_after_the_number_and_are_explained_below() -> None:
    made = table_of_view("x", view(""), published(row(0.5, grade="caution")))
    assert '50.0<sup class="flag">c</sup>' in to_html(made)
    assert "c: use with caution." in made.notes


def test_a_suppressed_cell_shows_its_symbol_even_when_a_value_was_left_in_the_row() -> None:
    made = table_of_view(
        "x", view("sex"), published(row(0.4242, {"sex": "male"}, grade="suppressed", n=None), BY_SEX[2])
    )
    assert cells(made)[0][1][0] == ["Men", "x", "x", "x", "x"]
    assert "42" not in to_html(made)
    assert "x: not shown." in made.notes


def test_a_suppressed_cell_keeps_its_n_where_the_table_keeps_it() -> None:
    made = table_of_view("x", view("sex"), published(row(None, {"sex": "male"}, grade="suppressed", n=7.0), BY_SEX[2]))
    assert cells(made)[0][1][0][4] == 7.0


NOT_ASKED = {"grade": "not_determinable", "note": "the survey did not ask: Paid leave", "n": None}


def test_what_is_not_determinable_is_said_in_words_with_the_missing_question() -> None:
    made = table_of_view("x", view("sex"), published(BY_SEX[1], row(None, {"sex": "female"}, **NOT_ASKED)))
    assert cells(made)[0][1][1][1] == "not determinable"
    assert "Not determinable: the survey did not ask: Paid leave." in made.notes


def test_a_whole_breakdown_that_is_not_determinable_fills_every_spread_column() -> None:
    rows = (row(0.5, {"leave": "yes", "sex": "male"}), row(None, {"area": None, "sex": None}, **NOT_ASKED))
    made = table_of_view("x", view("leave", "area", row="variable", column="sex"), published(*rows))
    assert [r[:2] for r in cells(made)[0][1]] == [["Paid leave: Yes", 0.5], ["Area", "not determinable"]]


def test_whole_breakdowns_that_are_not_determinable_are_named_after_their_variable() -> None:
    rows = (BY_SEX[0], row(None, {"sex": None}, **NOT_ASKED), row(None, {"area": None}, **NOT_ASKED))
    made = table_of_view("x", view("", "sex", "area"), published(*rows))
    assert [r[0] for _, rows in cells(made) for r in rows] == ["All", "Sex", "Area"]


def test_a_table_without_a_publishable_row_is_a_sentence() -> None:
    assert table_of_view("x", view(""), published(row(None, **NOT_ASKED))) == (
        "Cannot be worked out from this survey: the survey did not ask: Paid leave."
    )
    assert "too few persons" in str(table_of_view("x", view(""), published(row(None, grade="suppressed"))))
    assert "Not available" in str(table_of_view("x", view("age_group"), published(*BY_SEX)))


def test_only_the_headline_definition_unless_all_are_asked_for() -> None:
    pub = published(row(0.5, definition="d"), row(0.6, definition="other"))
    assert len(lay_out(view(""), pub)) == 1
    assert list(lay_out(view("", row="definition", definitions="all"), pub)["row"]) == ["d", "other"]


def test_the_weakest_standing_travels_to_the_page() -> None:
    made = table_of_view("x", view("", "sex"), published(BY_SEX[0], row(0.4, {"sex": "male"}, status="assumption")))
    assert "Rests in part on an assumption; the methods annex names it." in made.notes


def test_mixed_units_are_refused() -> None:
    with pytest.raises(InformalityError, match="different units") as failure:
        table_of_view("x", view("", "sex"), published(BY_SEX[0], row(5.0, {"sex": "male"}, unit="persons")))
    assert failure.value.code is ExitCode.SPEC


def test_a_results_table_without_its_columns_is_refused() -> None:
    with pytest.raises(InformalityError, match="n_weighted"):
        publication(pd.DataFrame([BY_SEX[0]]).drop(columns="n_weighted"), LABELS, LEGEND, "d", "")


def test_tables_the_report_does_not_name_get_a_plain_view() -> None:
    rows = (
        row(0.3, {"kind": "a"}, table="own"),
        row(0.2, {"kind": "a", "sex": "male"}, table="own"),
        row(9.0, table="own", statistic="total", unit="persons"),
    )
    found = further_views(read_views().spec, published(*rows))
    assert {id: view.by for id, view in found.items()} == {"own-share": ["kind", "sex kind"], "own-total": [""]}


def test_the_views_file_is_sound() -> None:
    spec = read_views().spec
    plain = [v for v in (*spec.tables.values(), *spec.figures.values()) if not v.statistics]
    assert {v.table for v in plain} <= set(spec.prose)  # what the prose may name


def test_two_levels_with_the_same_words_stay_apart() -> None:
    labels = dataclasses.replace(LABELS, levels={"region": {"r1": "Vientiane", "r2": "Vientiane"}})
    rows = pd.DataFrame([row(0.1, {"region": "r1"}), row(0.2, {"region": "r2"})], columns=list(COLUMNS))
    made = table_of_view("x", view("region"), publication(rows, labels, LEGEND, "d", ""))
    assert [r[:2] for r in cells(made)[0][1]] == [["Vientiane (r1)", 0.1], ["Vientiane (r2)", 0.2]]


def test_two_results_in_one_cell_are_refused() -> None:
    with pytest.raises(InformalityError, match="same cell"):
        table_of_view("x", view(""), published(row(0.1, statistic="share"), row(0.2, statistic="ratio")))
