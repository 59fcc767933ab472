"""The median of Ecuador's reference figures, and what else is asked of real, heaped earnings.

Authority: reference_estimates.csv beside the file (R survey 4.x, svyquantile: Woodruff's interval, t quantile).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from informality.inference import Design
from informality.inference.estimates.derived import cells
from informality.inference.estimates.inequality import low_pay_shares
from informality.inference.estimates.quantiles import medians

pyreadstat = pytest.importorskip("pyreadstat")


@pytest.fixture(scope="module")
def persons(shared: Path) -> pd.DataFrame:
    file = shared / "data" / "ecu_enemdu_2021q1" / "enemdu_persona_2021_01-03.sav"
    return pyreadstat.read_sav(file, usecols=["fexp", "estrato", "upm", "empleo", "ingrl", "p02"])[0]


@pytest.fixture(scope="module")
def design(persons: pd.DataFrame) -> Design:
    return Design.from_columns(persons["fexp"], persons["estrato"], persons["upm"])


def test_median(persons: pd.DataFrame, design: Design, shared: Path) -> None:
    rows = pd.read_csv(shared / "data" / "ecu_enemdu_2021q1" / "reference_estimates.csv")
    row = rows[rows["estimate"] == "median ingrl (0<ingrl<999999)"].iloc[0]
    earning = (persons["empleo"] == 1) & persons["ingrl"].gt(0) & persons["ingrl"].lt(999999)
    # R's df counts all the employed of the domain it was given, with or without earnings: 3,686
    ours = medians(design, persons["ingrl"].where(earning), df=3686)
    assert ours.value[0] == row["value"]
    assert [ours.low[0], ours.high[0]] == [row["ci_low"], row["ci_high"]]
    assert ours.se[0] == pytest.approx(row["se"], rel=1e-9)
    # with the degrees of freedom of those who have earnings it hardly moves
    assert medians(design, persons["ingrl"].where(earning)).se[0] == pytest.approx(row["se"], rel=1e-4)


def test_earnings_by_sex(persons: pd.DataFrame, design: Design) -> None:
    """No reference: the parts fit together on real, heaped earnings."""
    earning = (persons["empleo"] == 1) & persons["ingrl"].gt(0) & persons["ingrl"].lt(999999)
    earnings, sex = persons["ingrl"].where(earning), persons["p02"].to_numpy(dtype=int) - 1
    by_sex = cells(medians(design, earnings, sex))
    gap = by_sex[1].log() - by_sex[0].log()
    # men and women of an area earn alike, which takes error off their gap
    assert 0 < gap.se[0] < np.hypot(*(by_sex.se / by_sex.value))
    low = low_pay_shares(design, earnings, sex)
    assert low.threshold == pytest.approx(2 / 3 * 350)
    together = low_pay_shares(design, earnings)
    assert together.value[0] == pytest.approx(np.average(low.value, weights=low.n_weighted), rel=1e-12)
