"""Reliability standards: each threshold from both sides, worked out by hand, and no cell without a grade.

Authority: the code of the R packages calidad (INE Chile: its own standard and ECLAC's) and surveytable (CDC), read; the bands of
Statistics Canada as quoted; the reference page of survey statistics, 5.5; Clopper and Pearson's limits for 15 of 30 (0.3130 to
0.6870) and for none of 30 (0 to 0.1157), as printed in textbooks; arithmetic in the comments. The hole is the one the
reference page on style, A7, found in the R package calidad.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from informality.foundation.errors import InformalityError
from informality.foundation.library import LIBRARY
from informality.tabulation.precision import MEASURES, measured
from informality.tabulation.reliability import Standard, read_standard

LIMITS = {"limit_a": 2500.0, "limit_b": 6000.0}
NAMES = sorted(p.stem for p in (LIBRARY / "reliability").glob("*.yml"))


def standard(name: str) -> Standard:
    return read_standard(name, limits=LIMITS if name == "eurostat-lfs" else None)


def row(unit: str, value: float, se: float, n: float, **more: Any) -> dict[str, Any]:
    """A row of the results table; the interval is value -+ 1.96 se unless it is given."""
    cv = se / abs(value) if se > 0 and value != 0 else np.nan
    low, high = value - 1.96 * se, value + 1.96 * se
    made = {"unit": unit, "value": value, "se": se, "ci_low": low, "ci_high": high, "n": n, "cv": cv}
    return {**made, "deff": 1.0, "df": 100.0, "n_weighted": 1e6, "cases": np.nan, **more}


def share(p: float, se: float, n: float = 5000, **more: Any) -> dict[str, Any]:
    return row("share", p, se, n, **{"cases": round(p * n), **more})


def mean(cv: float, n: float = 500, **more: Any) -> dict[str, Any]:
    return row("hours", 40.0, 40 * cv, n, **more)


def count(cv: float, n: float = 500, **more: Any) -> dict[str, Any]:
    return row("persons", 1000.0, 1000 * cv, n, **{"cases": n, **more})


def effect(n: float = 500, **more: Any) -> dict[str, Any]:
    return row("points", 0.01, 0.5, n, **{"cv": 0.0, "deff": np.nan, **more})


CASES: dict[str, list[tuple[dict[str, Any], str]]] = {
    "ilostat-cv": [
        (count(0.1, 4), "suppressed"), (count(0.1, 5), "unreliable"), (count(0.1, 15), "good"),
        (count(0.165), "good"), (count(0.166), "caution"), (count(0.333), "caution"), (count(0.334), "unreliable"),
        (share(0.8, 0.05, ci_low=0.5, ci_high=0.8), "unreliable"),  # 30 points wide
        (share(0.8, 0.05, ci_low=0.5, ci_high=0.799), "good"),
        (effect(14), "unreliable"), (effect(15), "good"),
    ],
    "statcan-cv": [
        (mean(0.1, 4), "suppressed"), (mean(0.1, 29), "unreliable"), (mean(0.1, 30), "good"),
        (mean(0.165), "good"), (mean(0.166), "caution"), (mean(0.333), "caution"), (mean(0.334), "suppressed"),
        (share(0.0, 0.0), "caution"), (effect(29), "unreliable"), (effect(30), "good"),
    ],
    "ine-chile": [
        (mean(0.1, 4), "suppressed"), (mean(0.1, 59), "unreliable"), (mean(0.1, 60), "good"),
        (mean(0.1, df=8), "unreliable"), (mean(0.1, df=9), "good"), (mean(0.1, df=np.nan), "caution"),
        (mean(0.15), "good"), (mean(0.151), "caution"), (mean(0.30), "caution"), (mean(0.301), "unreliable"),
        (count(0.301), "unreliable"),
        # 0.2^(2/3) = exp(2/3 ln 0.2) = exp(-1.07296) = 0.34200; over 9: 0.03800
        (share(0.2, 0.0379), "good"), (share(0.2, 0.0381), "caution"),
        (share(0.8, 0.0379), "good"), (share(0.8, 0.0381), "caution"),
        # 0.5^(2/3) = 0.62996; over 9: 0.069996
        (share(0.5, 0.0699), "good"), (share(0.5, 0.0701), "caution"), (share(1.0, 0.0), "caution"),
        (effect(59), "unreliable"), (effect(60), "good"),
    ],
    "eclac-2020": [
        (mean(0.1, 4), "suppressed"), (mean(0.1, 99), "suppressed"), (mean(0.1, 140), "good"),
        (mean(0.1, 280, deff=2.0), "good"), (mean(0.1, 280, deff=2.01), "suppressed"),  # 139.3 effective
        (mean(0.199), "good"), (mean(0.2), "suppressed"),
        (mean(0.1, df=8), "caution"), (mean(0.1, df=9), "good"), (mean(0.1, deff=np.nan), "caution"),
        (count(0.1, 200, cases=49), "suppressed"), (count(0.1, 200, cases=50), "good"),
        (share(0.1, 0.0253, cases=500), "caution"),  # 0.09 / 0.0253^2 = 140.6 effective cases; a coefficient of 25 per cent
        (share(0.1, 0.0254, cases=500), "suppressed"),  # 139.5
        (share(0.1, 0.0199), "good"), (share(0.1, 0.0201), "caution"),
        # -log 0.01 = 4.60517; 0.175 x 0.01 x 4.60517 = 0.0080590; 0.0099 / 0.0081^2 = 150.9 effective cases
        (share(0.01, 0.0080), "caution"), (share(0.01, 0.0081), "suppressed"),
        (share(0.99, 0.0080), "good"), (share(0.99, 0.0081), "suppressed"),  # as its complement
        (share(0.9, 0.0230), "good"),  # of a share near one, -log p would have suppressed it
        (share(0.0, 0.0, cases=60), "caution"), (effect(99), "suppressed"), (effect(100), "good"),
    ],
    "eclac-2023": [
        (mean(0.1, 4), "suppressed"), (mean(0.1, 29), "unreliable"), (mean(0.1, 60), "good"),
        (mean(0.1, 120, deff=2.0), "good"), (mean(0.1, 120, deff=2.01), "unreliable"),  # 59.7 effective
        (mean(0.1, df=8), "unreliable"), (mean(0.1, df=9), "good"), (mean(0.1, df=np.nan), "caution"),
        (mean(0.2), "good"), (mean(0.201), "caution"), (mean(0.3), "caution"), (mean(0.301), "unreliable"),
        (mean(0.1, deff=0.99), "unreliable"), (mean(0.1, deff=1.0), "good"), (mean(0.1, deff=np.nan), "caution"),
        (count(0.1, 100, cases=29), "unreliable"), (count(0.1, 100, cases=30), "caution"),
        (count(0.1, 100, cases=49), "caution"), (count(0.1, 100, cases=50), "good"),
        # -log 0.5 = 0.693147; 0.175 x 0.5 x 0.693147 = 0.060650; 0.25 / 0.0607^2 = 67.9 effective cases
        (share(0.5, 0.0606, cases=2500), "good"), (share(0.5, 0.0607, cases=2500), "unreliable"),
        (share(0.5, 0.065, cases=2500), "unreliable"),  # 59.2 effective cases
        # -log 0.02 = 3.912023; 0.175 x 0.02 x 3.912023 = 0.0136921; a coefficient of variation of 68 per cent says nothing
        (share(0.02, 0.0136), "good"), (share(0.02, 0.0137), "unreliable"),
        (share(0.98, 0.0136), "good"), (share(0.98, 0.0137), "unreliable"),
        (share(0.02, 0.0136, cases=49), "caution"), (share(0.02, 0.0136, deff=0.99), "unreliable"),
        (effect(29), "unreliable"), (effect(30), "good"), (effect(df=8), "unreliable"),
    ],
    "nchs": [
        (share(0.5, 0.01, 29, cases=15), "suppressed"),
        (share(0.5, 0.05, cases=2500), "good"),  # 100 effective: 0.398 to 0.602
        (share(0.5, 0.0913, cases=2500), "suppressed"),  # 29.99 effective cases
        (share(0.5, 0.09, cases=2500), "suppressed"),  # 30.9 effective: wider than 30 points
        # 2 of 100 is 0.0024 to 0.0704 by Clopper and Pearson: 6.8 points, 340 per cent of the share
        (share(0.02, 0.014, 100, df=99.0, cases=2), "suppressed"),
        # none of 30: 11.57 points, and nothing to divide by
        (share(0.0, 0.0, 30, cases=0), "caution"), (share(0.0, 0.0, 29, cases=0), "suppressed"),
        # 10 of 1,000 is 0.0048 to 0.0183: 1.35 points, narrow enough whatever the share
        (share(0.01, np.sqrt(0.01 * 0.99 / 1000), 1000, df=999.0, cases=10), "good"),
        (share(0.5, 0.02, df=7.0), "caution"), (share(0.5, 0.02, df=8.0), "good"),
        (count(0.1, 9), "suppressed"), (count(0.1, 10), "good"),
        (count(0.40), "good"), (count(0.41), "suppressed"),  # 2 x 1.96 x 0.41 = 1.607
        (mean(0.299), "good"), (mean(0.30), "unreliable"), (mean(0.1, 29), "suppressed"), (effect(29), "suppressed"),
    ],
    "eurostat-lfs": [
        (mean(0.1, 4), "suppressed"), (mean(0.1, n_weighted=2499), "suppressed"), (mean(0.1, n_weighted=2500), "caution"),
        (mean(0.1, n_weighted=5999), "caution"), (mean(0.1, n_weighted=6000), "good"),
        (effect(n_weighted=np.nan), "caution"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_each_threshold_from_both_sides(name: str) -> None:
    rows = pd.DataFrame([row for row, _ in CASES[name]])
    grades, reasons = standard(name).graded(rows)
    assert grades == [expected for _, expected in CASES[name]], list(zip(grades, reasons, CASES[name], strict=True))
    used = {rule.why for rule in standard(name).step.rules}
    assert all(why and "{" not in why for why in used), "each reason quotes its limits in numbers"


@pytest.mark.parametrize("name", NAMES)
def test_no_cell_is_without_a_grade_and_none_below_five_cases_is_shown(name: str) -> None:
    """The hole of calidad is a mean with degrees of freedom enough and too large a coefficient of variation."""
    grid = itertools.product([4.0, 50.0, 5000.0], [0.01, 0.25, 0.9, np.nan], [3.0, 30.0, np.nan], [0.9, 3.0, np.nan])
    rows = [kind(cv, n, df=df, deff=deff) for n, cv, df, deff in grid for kind in (mean, count)]
    rows += [share(p, se, n) for p in (0.0, 0.03, 0.5, 1.0) for se in (0.0, 0.01, 0.2) for n in (4, 40, 4000)]
    frame = pd.DataFrame(rows)
    grades, reasons = standard(name).graded(frame)
    assert set(grades) <= {"good", "caution", "unreliable", "suppressed"} and all(reasons)
    few = (frame["n"] < 5).to_numpy()
    assert few.any() and set(np.array(grades)[few]) == {"suppressed"}
    hole = standard(name).graded(pd.DataFrame([mean(0.5, 500, df=30.0)]))[0]
    assert hole != ["good"] or name == "eurostat-lfs", "limits a and b know no error"


def test_every_limit_has_a_source_and_a_standing_and_is_used() -> None:
    for name in NAMES:
        spec = standard(name).spec
        used = " ".join(str(cell) for rule in spec.rules for cell in rule.when.values())
        for limit in spec.limits:
            assert limit in used, f"{name}: no rule tests {limit}"
        assert len(standard(name).thresholds) == len(spec.limits) + len(spec.allowed_error) >= 3
        assert set(standard(name).thresholds["status"]) <= {"verified", "recall", "assumption"}


def test_a_limit_is_set_by_the_study_and_what_a_country_must_set_is_asked_for() -> None:
    own = read_standard("ilostat-cv", limits={"few": 30})
    assert own.graded(pd.DataFrame([count(0.1, 29), count(0.1, 30)]))[0] == ["unreliable", "good"]
    assert own.legend()["rule"][1] == "fewer than 30 sampled cases"
    few = own.thresholds.set_index("limit").loc["few"]
    assert (few["value"], few["status"]) == ("30 persons", "assumption")
    with pytest.raises(InformalityError) as failure:
        read_standard("eurostat-lfs", limits={"limit_x": 1})
    assert [(p.what, p.fix) for p in failure.value.problems] == [
        ("the standard has no limit `limit_x`", "did you mean `limit_b`?"),
        ("the standard leaves `limit_a` to each country", "set it in the study: `reliability_limits: {limit_a: …}`"),
        ("the standard leaves `limit_b` to each country", "set it in the study: `reliability_limits: {limit_b: …}`"),
    ]


def test_a_standard_with_a_hole_is_refused(tmp_path: Path) -> None:
    """The branch that calidad lacks, taken out of ECLAC's table."""
    text = (LIBRARY / "reliability" / "eclac-2023.yml").read_text(encoding="utf-8")
    kept = [line for line in text.splitlines() if 'then: good, why: "enough cases' not in line]
    assert len(kept) == len(text.splitlines()) - 1
    (tmp_path / "holed.yml").write_text("\n".join(kept), encoding="utf-8")
    with pytest.raises(InformalityError, match="cv"):
        read_standard("holed", tmp_path)


def test_a_share_and_its_complement_have_one_coefficient_of_variation_of_the_logarithm() -> None:
    """The rule of the US drug survey that ECLAC took over: -log(p) up to one half, -log(1 - p) above."""
    found = measured(pd.DataFrame([share(p, 0.02) for p in (0.1, 0.9, 0.5, 0.03, 0.97)]))["log_cv"]
    # 0.02 / (0.1 x 2.302585); 0.02 / (0.5 x 0.693147); 0.02 / (0.03 x 3.506558)
    np.testing.assert_allclose(found, [0.086859, 0.086859, 0.057708, 0.190120, 0.190120], atol=5e-7)


def test_the_measures_by_hand() -> None:
    rows = pd.DataFrame(
        [
            share(0.5, np.sqrt(0.25 / 30), 30, df=29.0),  # 15 of 30, drawn at random
            share(0.5, np.sqrt(0.25 / 60), 30, df=29.0),  # an error too small for 30 cases: capped
            share(0.0, 0.0, 30),
            mean(0.1, 200, deff=2.0),
            effect(),
            count(0.2, 50),
        ]
    )
    found = measured(rows)
    assert list(found) == ["figure", *MEASURES]
    assert found["figure"].tolist() == ["share", "share", "share", "other", "effect", "count"]
    # the limits have four printed digits, so their difference is known to one ten-thousandth
    np.testing.assert_allclose(found["exact_width"][:3], [0.6870 - 0.3130, 0.6870 - 0.3130, 0.1157], atol=1e-4)
    np.testing.assert_allclose(found["n_effective"], [30, 30, 30, 100, np.nan, 50])
    # se / (p |log p|) = 0.091287 / (0.5 x 0.693147) = 0.2634
    np.testing.assert_allclose(found["log_cv"], [0.2634, 0.18625, *[np.nan] * 4], atol=5e-5)
    # the width over the share; 2 x 1.96 x 4 hours over 40; 2 x 1.96 x 200 persons over 1,000
    np.testing.assert_allclose(found["relative_width"], [0.748, 0.748, np.nan, 0.392, np.nan, 0.784], atol=2e-4)
    # 0.091287 / (0.5^(2/3) / 9) = 0.091287 / 0.069996
    np.testing.assert_allclose(found["error_ratio"][0], 1.30419, atol=5e-5)
