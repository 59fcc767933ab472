"""Sentences and numbers of the coverage report, on rows written here: expected texts by hand."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from informality.publication.coverage_figures import key_height
from informality.publication.coverage_prose import named, words
from informality.publication.coverage_views import spending
from informality.publication.formats import money_format

THIN = "\u202f"


def row(value: float, unit: str, se: float, low: float, high: float, drawn: float = 0.0) -> dict[str, object]:
    return {
        "value": value, "unit": unit, "se": se, "ci_low": value - 2 * se, "ci_high": value + 2 * se,
        "lo80": low, "hi80": high, "se_parameters": drawn, "status": "assumption",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        # the draws differ by the noise of a sum only: it must not add digits, nor a range of one number
        (
            row(0.145, "share", 0.0025, 0.145, 0.145 + 1e-12, 1e-12),
            "14.5 per cent^a^ (sample 14.0 to 15.0; assumptions hardly move it)",
        ),
        (
            row(773_000, "persons", 22_700, 773_000, 773_000 + 1e-6, 1e-7),
            "773 thousand persons^a^ (sample 728 to 818; assumptions hardly move it)",
        ),
        (
            row(0.145, "share", 0.0025, 0.14, 0.15, 0.004),
            "14.5 per cent^a^ (sample 14.0 to 15.0; assumptions 14.0 to 15.0)",
        ),
        # 38 646 billion give or take 2 090: hundreds are all it supports
        (
            row(38_646e9, "LAK", 2_090e9, 27_465e9, 40_650e9, 4_000e9),
            f"LAK 38{THIN}600 billion^a^ (sample 34{THIN}500 to 42{THIN}800; assumptions 27{THIN}500 to 40{THIN}600)",
        ),
    ],
)  # fmt: skip
def test_a_number_has_the_digits_its_doubts_support(given: dict[str, object], expected: str) -> None:
    assert words(given, "LAK") == expected


def test_a_small_row_is_not_rounded_away_beside_large_ones() -> None:
    """25 billion stands beside 2 260: the smallest error, 0.5, keeps every digit of whole billions."""
    assert money_format("LAK", [150e9, 150e9, 0.5e9])(25.3e9) == "25"
    assert money_format("LAK", [3_500e9, 2_600e9])(127_909e9) == f"127{THIN}900"


def test_schemes_are_called_by_their_titles() -> None:
    told = SimpleNamespace(schemes={"lao": "The Lao scheme", "lao-voluntary": "Voluntary social security"})
    text = "from 2034 the floor of lao-voluntary would lie above its ceiling; lao-voluntary-x and lao"
    assert named(text, told) == (  # type: ignore[arg-type]
        "from 2034 the floor of voluntary social security would lie above its ceiling; lao-voluntary-x and the Lao scheme"
    )


def test_which_scenarios_change_the_cost_of_the_state() -> None:
    rows = pd.DataFrame(
        [
            ("state_cost", "a", 2035, 0.0), ("state_cost", "b", 2035, -3.0),
            ("state_cost", "c", 2034, 9.0), ("members", "d", 2035, 5.0),
        ],
        columns=["indicator", "scenario", "year", "value"],
    ).assign(table="coverage_change")  # fmt: skip
    told = SimpleNamespace(pub=SimpleNamespace(results=rows), last=2035)
    assert spending(told) == {"b"}  # type: ignore[arg-type]


def test_a_key_leaves_room_for_what_goes_on_in_a_second_line() -> None:
    assert key_height(["Nothing changes", "x " * 40]) == pytest.approx(0.24 + 0.24 + 0.16)
