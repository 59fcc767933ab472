"""What a figure draws, read back from its outlines' names and its words; expectations by hand."""

from __future__ import annotations

import re
from types import ModuleType

import pandas as pd
import pytest

from informality.foundation.errors import InformalityError
from informality.publication.figures import figure_of_view, wrapped
from informality.publication.plain import unbroken
from informality.publication.published import Publication, publication
from informality.publication.view_specs import FigureSpec


def published(mock: ModuleType, rows: pd.DataFrame) -> Publication:
    return publication(rows, mock.labels(), mock.inputs().reliability, "ilo-17icls", "Source: s.")


def spec(**more: object) -> FigureSpec:
    return FigureSpec.model_validate(
        {"title": "T", "table": "informal_employment", "by": ["sex"], "kind": "dots", **more}
    )


def texts(svg: str) -> list[str]:
    return [text.strip() for text in re.findall("<!--(.*?)-->", svg)]


@pytest.fixture(scope="module")
def rows(mock: ModuleType) -> pd.DataFrame:
    return mock.results()


def test_a_dot_plot_names_every_group_and_its_number(mock: ModuleType, rows: pd.DataFrame) -> None:
    drawn = figure_of_view("x", spec(), published(mock, rows))
    assert isinstance(drawn, tuple)
    svg, alternative, notes = drawn
    assert {"Men", "Women", "85.1", "87.9"} <= set(texts(svg))
    assert (
        alternative
        == "Dot plot with the 95% confidence interval. T. Men: 85.1 (84.0 to 86.2); Women: 87.9 (86.9 to 88.9)."
    )
    assert notes == ["Lines show the 95% confidence interval.", "Per cent of employed persons aged 15 and over."]


def test_sorting_puts_the_highest_first_and_what_is_withheld_last(mock: ModuleType, rows: pd.DataFrame) -> None:
    drawn = figure_of_view("x", spec(by=["industry"], sort=True), published(mock, rows))
    numbers = [float(n) for n in re.findall(r": (\d+\.\d)", drawn[1])]
    assert numbers == sorted(numbers, reverse=True)
    assert drawn[1].endswith("U International bodies: too few answers to show.")
    assert "too few answers to show" in texts(drawn[0])


def test_an_unreliable_value_is_hollow_and_said_to_be_so(mock: ModuleType, rows: pd.DataFrame) -> None:
    men = rows[(rows["dim1"] == "sex") & rows["dim2"].isna()]
    reliable, hollow = (
        figure_of_view("x", spec(), published(mock, men.assign(grade=g))) for g in ("good", "unreliable")
    )
    fills = [re.findall(r'<use [^>]*style="fill: (#\w+)', drawn[0]) for drawn in (reliable, hollow)]
    assert set(fills[0]) == {"#1d2329"}
    assert set(fills[1]) == {"#ffffff"}
    assert "u, hollow mark: not reliable: shown only for completeness." in hollow[2]


@pytest.mark.parametrize("kind", ["dots", "lines", "bars"])
def test_a_withheld_value_is_not_drawn(mock: ModuleType, rows: pd.DataFrame, kind: str) -> None:
    both = rows[(rows["dim1"] == "sex") & (rows["dim2"].isna() | (rows["dim2"] == "area"))]
    women = both["level1"] == "female"
    left_in = both.assign(grade=both["grade"].mask(women, "suppressed"))
    taken_out = left_in.assign(**{c: left_in[c].mask(women) for c in ("value", "se", "ci_low", "ci_high")})
    view = spec(kind=kind, by=["area"], column="sex")
    assert figure_of_view("x", view, published(mock, left_in)) == figure_of_view("x", view, published(mock, taken_out))


def test_groups_with_the_same_words_have_rows_of_their_own(mock: ModuleType, rows: pd.DataFrame) -> None:
    unknown = rows[(rows["table"] == "informal_employment") & rows["dim1"].isin(["sex", "area"]) & rows["dim2"].isna()]
    unknown = unknown.assign(level1="unknown").drop_duplicates("dim1")
    drawn = figure_of_view("x", spec(by=["sex", "area"]), published(mock, unknown))
    assert {"Sex: Not known", "Area: Not known"} <= set(texts(drawn[0]))


def test_only_shares_are_drawn(mock: ModuleType, rows: pd.DataFrame) -> None:
    with pytest.raises(InformalityError, match="a figure shows shares"):
        figure_of_view("x", spec(table="numbers", by=[""], indicators=["employed"]), published(mock, rows))


def test_a_broken_lao_word_keeps_marks_and_vowels_with_their_consonant() -> None:
    # five letters a line: the tone after the break goes back, the vowel before the break goes on
    assert wrapped(["ກກກກກ່ກກ"], 5) == ["ກກກກກ່\nກກ"]
    assert wrapped(["ກກກກເກກ"], 5) == ["ກກກກ\nເກກ"]


def test_lao_is_broken_between_syllables() -> None:
    # by hand, as a dictionary divides them; a consonant belongs to the syllable before it or begins the next
    for word in (
        "ຈັດ|ປະ|ເພດ|ຕາມ|ສະ|ຖາ|ນະ|ພາບ|ບໍ່|ໄດ້",
        "ການ|ອອກ|ແບບ|ຕົວ|ຢ່າງ",
        "ຜູ້|ຊ່ວຍ|ວຽກ|ໃນ|ຄອບ|ຄົວ",
        "ຊົ່ວ|ໂມງ|ປົກ|ກະ|ຕິ|ຕໍ່|ອາ|ທິດ",
        "ເຄື່ອງ|ມື|ຂອງ|ແຂວງ|ຫຼວງ|ພະ|ບາງ",
        "ໄຟລ໌|ຕ່າງໆ|ຂອງ|ໂປຣ|ແກຣມ",
        "(ສ່ວນ|ຮ້ອຍ),",
    ):
        assert unbroken(word.replace("|", "")) == word.split("|")


def test_lines_of_broken_lao_are_about_equally_wide() -> None:
    # ten syllables, 22 letters without marks: 16 and 6 if the first line were filled
    assert wrapped(["ຈັດປະເພດຕາມສະຖານະພາບບໍ່ໄດ້"], 16) == ["ຈັດປະເພດຕາມສະ\nຖານະພາບບໍ່ໄດ້"]
    assert wrapped(["ວຽກ ນອກລະບົບ"], 9) == ["ວຽກ\nນອກລະບົບ"]  # a word that fits on a line is not broken


def test_a_word_with_a_hyphen_is_broken_there_first() -> None:
    assert wrapped(["Post-secondary, not tertiary"], 12) == ["Post-\nsecondary,\nnot tertiary"]
