"""The table object and the printing of numbers; every expected text was written by hand."""

from __future__ import annotations

import csv
import io

import pandas as pd
import pytest

from informality.publication.formats import NumberFormat, column_format, prose_format
from informality.publication.table import (
    Cell,
    Column,
    RowGroup,
    Table,
    html_text,
    markdown_text,
    table_of_frame,
    to_csv,
    to_html,
    to_markdown,
    to_quarto,
)

PERCENT = NumberFormat("Per cent", 100, 1)
COUNTS = NumberFormat("Sample n")
INTERVAL = "95% confidence interval"
TABLE = Table(
    id="rate",
    title="Informal employment",
    columns=(
        Column("label", ""),
        Column("value", "Per cent", PERCENT, align="right"),
        Column("low", "Low", PERCENT, (INTERVAL,), "right"),
        Column("high", "High", PERCENT, (INTERVAL,), "right"),
        Column("n", "Sample n", COUNTS, align="right"),
    ),
    groups=(
        RowGroup("", ((Cell("All"), Cell(0.8644), Cell(0.8561), Cell(0.8723), Cell(17400.0)),)),
        RowGroup(
            "Sex",
            (
                (Cell("Men"), Cell(0.5, "c"), Cell(0.4), Cell(0.6), Cell(40.0)),
                (Cell("Women"), Cell(words="x"), Cell(words="x"), Cell(words="x"), Cell()),
            ),
        ),
    ),
    notes=("c: use with caution.",),
    source="Source: a survey.",
)


def test_html_as_written_by_hand() -> None:
    assert to_html(TABLE) == (
        '<div class="table-scroll" role="region" tabindex="0" aria-label="Informal employment">\n'
        "<table>\n"
        "<thead>\n"
        '<tr><td rowspan="2"></td><th scope="col" class="right" rowspan="2">Per cent</th>'
        '<th scope="colgroup" class="spanner" colspan="2">95% confidence interval</th>'
        '<th scope="col" class="right" rowspan="2">Sample n</th></tr>\n'
        '<tr><th scope="col" class="right">Low</th><th scope="col" class="right">High</th></tr>\n'
        "</thead>\n"
        "<tbody>\n"
        '<tr><th scope="row" class="left">All</th><td class="right">86.4</td><td class="right">85.6</td>'
        '<td class="right">87.2</td><td class="right">17\u202f400</td></tr>\n'
        "</tbody>\n"
        "<tbody>\n"
        '<tr class="group"><th scope="rowgroup" colspan="5"><span>Sex</span></th></tr>\n'
        '<tr><th scope="row" class="left">Men</th><td class="right">50.0<sup class="flag">c</sup></td>'
        '<td class="right">40.0</td><td class="right">60.0</td><td class="right">40</td></tr>\n'
        '<tr><th scope="row" class="left">Women</th><td class="right words">x</td><td class="right words">x</td>'
        '<td class="right words">x</td><td class="right">–</td></tr>\n'
        "</tbody>\n"
        "</table>\n"
        "</div>"
    )


def test_quarto_block_has_notes_below_and_the_caption_last() -> None:
    lines = to_quarto(TABLE).split("\n")
    assert lines[:2] == [":::: {#tbl-rate}", "```{=html}"]
    assert lines[-9:] == [
        "::: {.note-below}",
        "c: use with caution.",
        "",
        "Source: a survey.",
        ":::",
        "",
        "Informal employment",
        "::::",
        "",
    ]


def test_markdown_keeps_flags_beside_their_number_and_columns_in_line() -> None:
    assert to_markdown(TABLE) == (
        "Informal employment\n\n"
        "|       | Per cent | 95% confidence interval, Low | 95% confidence interval, High | Sample n |\n"
        "| ----- | -------: | ---------------------------: | ----------------------------: | -------: |\n"
        "| All   |     86.4 |                         85.6 |                          87.2 |   17\u202f400 |\n"
        "| Sex   |          |                              |                               |          |\n"
        "| Men   |   50.0 c |                         40.0 |                          60.0 |       40 |\n"
        "| Women |        x |                            x |                             x |        – |\n\n"
        "c: use with caution.\n\nSource: a survey.\n"
    )


def test_csv_holds_raw_numbers_and_flags_apart() -> None:
    rows = list(csv.reader(io.StringIO(to_csv(TABLE))))
    assert rows[0][:4] == ["group", "", "Per cent", "Per cent, flag"]
    assert rows[2][:4] == ["Sex", "Men", "0.5", "c"]
    assert rows[3][:4] == ["Sex", "Women", "", "x"]


def test_spanners_of_two_depths() -> None:
    columns = (
        Column("label", ""),
        Column("a", "Low", COUNTS, ("Men", "Interval")),
        Column("b", "High", COUNTS, ("Men", "Interval")),
        Column("c", "n", COUNTS, ("Men",)),
        Column("d", "n", COUNTS, ("Women",)),
    )
    html = to_html(Table("x", "x", columns, ()))
    head = html.split("<thead>\n")[1].split("\n</thead>")[0].split("\n")
    assert head[0].count("colgroup") == 2
    assert 'colspan="3">Men<' in head[0]
    assert 'colspan="1">Women<' in head[0]
    assert 'colspan="2">Interval<' in head[1]
    assert 'rowspan="2">n<' in head[1]
    assert head[2].count("<th") == 2
    assert head[0].startswith('<tr><td rowspan="3"></td>')


@pytest.mark.parametrize("text", ["<script>x</script>", "a & b", '"q"', "{{< var x >}}", "```", "a\nb\tc", "\\"])
def test_html_text_is_inert(text: str) -> None:
    escaped = html_text(text)
    assert not set(escaped) & set('<>"`{\n\t\\')


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("*x* _y_", "\\*x\\* \\_y\\_"),
        ("1. first", "1\\. first"),
        ("# head", "\\# head"),
        ("=1+1", "\\=1+1"),
        ("a | b", "a \\| b"),
        ("@tbl-x", "\\@tbl-x"),
        ("{{< var x >}}", "\\{\\{\\< var x \\>\\}\\}"),
        ("a -- b ... c", "a \\-- b \\.\\.. c"),
        ("two\n\n:::", "two :::"),
        ("::: {.x}", "\\::: \\{.x\\}"),
        ("15–24", "15–24"),
    ],
)
def test_markdown_text_is_inert(text: str, escaped: str) -> None:
    assert markdown_text(text) == escaped


def test_csv_text_is_no_formula() -> None:
    table = Table(
        "x", "x", (Column("label", ""),), (RowGroup("@g", ((Cell("=1+1"),), (Cell("-2"),), (Cell("plain"),))),)
    )
    rows = list(csv.reader(io.StringIO(to_csv(table))))
    assert rows[1:] == [["'@g", "'=1+1"], ["'@g", "'-2"], ["'@g", "plain"]]


def test_lao_marks_take_no_width_in_the_terminal() -> None:
    table = Table(
        "x",
        "x",
        (Column("label", ""), Column("n", "n", COUNTS, align="right")),
        (RowGroup("", ((Cell("ນ້ຳ"), Cell(1.0)), (Cell("ab"), Cell(22.0)))),),
    )
    lines = to_markdown(table).split("\n")
    assert lines[4] == "| ນ້ຳ  |   1 |"  # two letters and one mark above
    assert lines[5] == "| ab  |  22 |"


def test_table_of_frame_groups_runs_and_shows_blanks_as_a_dash() -> None:
    frame = pd.DataFrame({"g": ["a", "a", "b"], "t": ["x", None, "z"], "n": [1, 2, 3]})
    table = table_of_frame("x", "x", frame, [Column("t", "T"), Column("n", "N", COUNTS, align="right")], "g")
    assert [(g.label, len(g.rows)) for g in table.groups] == [("a", 2), ("b", 1)]
    assert '<th scope="row" class="left">–</th><td class="right">2</td>' in to_html(table)


# -- numbers: the last printed digit is about a tenth of the standard error ---------------------------


def test_shares_have_one_decimal_unless_the_error_is_huge() -> None:
    assert column_format("share", [0.01, 0.0005, 0.02], "")(0.86449) == "86.4"
    assert column_format("share", [0.2, 0.3], "")(0.86449) == "86"
    assert column_format("share", [], "")(0.5) == "50.0"


def test_totals_come_in_the_unit_their_error_supports() -> None:
    # an error of 15 000: a tenth is 1 500, so thousands; 3 000: hundreds, so thousands with a decimal; 40: ones
    assert column_format("persons", [15_000], "").heading == "Thousand persons"
    assert column_format("persons", [15_000], "")(2_477_499) == "2\u202f477"
    assert column_format("persons", [3_000], "")(2_477_460) == "2\u202f477.5"
    assert column_format("persons", [40], "")(2_477) == "2\u202f477"
    assert column_format("persons", [300], "")(2_477) == "2\u202f480"


def test_prose_gives_persons_in_full_and_rounded() -> None:
    assert prose_format("persons", 28_000, "")(2_140_128) == "2\u202f140\u202f000"
    assert prose_format("share", 0.004, "")(0.8644) == "86.4"


def test_negative_numbers_have_a_minus_sign_and_zero_has_none() -> None:
    assert NumberFormat("", 100, 1)(-0.11) == "\u221211.0"
    assert NumberFormat("", 100, 1)(-0.0001) == "0.0"
