"""The made-up Lao survey, opened once, and a frame small enough to be worked out by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import informality as inf


@pytest.fixture(scope="session")
def opened() -> inf.Survey:
    return inf.open_survey("lao-demo")


@pytest.fixture(scope="session")
def lfs(opened: inf.Survey) -> inf.Survey:
    return inf.classify(opened, "ilo-17icls")


@pytest.fixture
def village_frame() -> pd.DataFrame:
    """Twelve persons: 2 strata x 2 villages x 3. Weights 1 in the first stratum, 2 in the second.

    North: village a: woman 10, man 20, man 30; b: woman 20, woman 30, man 40.
    South: village c: man 10, woman 10, woman 10; d: man 40, man 50, woman (no answer).
    """
    return pd.DataFrame(
        {
            "w": np.repeat([1.0, 2.0], 6),
            "stratum": np.repeat(["north", "south"], 6),
            "village": np.repeat(["a", "b", "c", "d"], 3),
            "sex": ["f", "m", "m", "f", "f", "m", "m", "f", "f", "m", "m", "f"],
            "pay": [10, 20, 30, 20, 30, 40, 10, 10, 10, 40, 50, np.nan],
            "covered": ["no", "no", "yes", "no", "no", "yes", "no", "no", "no", "yes", "yes", None],
        }
    )


@pytest.fixture
def villages(village_frame: pd.DataFrame) -> inf.Survey:
    return inf.from_frame(
        village_frame,
        weight="w",
        stratum="stratum",
        psu="village",
        title="Four villages",
        labels={"sex": {"m": "Men", "f": "Women"}},
        titles={"pay": "Pay", "covered": "Covered", "sex": "Sex"},
        units={"pay": "USD"},
    )
