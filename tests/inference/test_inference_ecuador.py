"""Ecuador's labour-force survey, first quarter of 2021: 88,829 persons, 150 strata, 3,836 PSUs.

Authority: reference_estimates.csv beside the file (R survey 4.x, strata, PSUs, domains by subset). The median
belongs to quantiles and the svyglm rows to models; neither is built yet, so they are left out here.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from informality.inference import Design, Estimate, interval, ratios, shares, totals

pyreadstat = pytest.importorskip("pyreadstat")

NOT_YET = ("median", "svyglm")
COLUMNS = ["fexp", "estrato", "upm", "empleo", "secemp", "condact", "p02", "area", "p42", "rama1"]


@pytest.fixture(scope="module")
def folder(shared: Path) -> Path:
    return shared / "data" / "ecu_enemdu_2021q1"


@pytest.fixture(scope="module")
def persons(folder: Path) -> pd.DataFrame:
    return pyreadstat.read_sav(folder / "enemdu_persona_2021_01-03.sav", usecols=COLUMNS)[0]


@pytest.fixture(scope="module")
def design(persons: pd.DataFrame) -> Design:
    return Design.from_columns(persons["fexp"], persons["estrato"], persons["upm"])


@pytest.fixture(scope="module")
def reference(folder: Path) -> pd.DataFrame:
    rows = pd.read_csv(folder / "reference_estimates.csv")
    return rows[~rows["estimate"].str.startswith(NOT_YET)]


def test_design(design: Design) -> None:
    # PROVENANCE.md: 150 strata, 3,836 PSUs, 3,686 degrees of freedom
    assert len(design.units.stratum_labels) == 150
    assert len(design.units.psu_labels) == 3836
    assert design.df == 3686


def test_every_reference_row(
    persons: pd.DataFrame, design: Design, reference: pd.DataFrame, agree: Callable[..., None]
) -> None:
    employed = (persons["empleo"] == 1).to_numpy()
    informal = employed & (persons["secemp"] == 2).to_numpy()

    def estimates(name: str, domain: str) -> tuple[Estimate, int]:
        """The estimate for a row of the reference, and the place of its number in it."""
        if name == "population total":
            return totals(design, np.ones(len(persons))), 0
        if name == "employed total":
            return totals(design, employed), 0
        if name == "informal-sector employed total":
            return totals(design, informal), 0
        if name == "unemployment rate (ratio)":
            unemployed = persons["condact"].isin([7, 8])
            return ratios(design, unemployed, persons["condact"].between(1, 8)), 0
        assert name == "informal-sector share of employment", name
        if domain == "all employed":
            return shares(design, np.where(employed, informal, -1), 2), 1
        column, code = domain.split("=")
        cells = persons[column].fillna(-1).astype(int)
        estimate = shares(design, np.where(employed, informal, -1), 2, cells)
        return estimate, int(code) * 2 + 1

    for row in reference.itertuples():
        estimate, place = estimates(row.estimate, row.domain)
        low, high = interval(estimate, "normal")
        for family, ours, theirs in [
            ("value", estimate.value, row.value),
            ("se", estimate.se, row.se),
            ("normal interval", low, row.ci_low),
            ("normal interval", high, row.ci_high),
            ("deff", estimate.deff, row.deff),
        ]:
            if family == "deff" and row.estimate == "unemployment rate (ratio)":
                continue  # not asked of R there
            agree(f"Ecuador {family}", ours.ravel()[place], theirs, where=(row.estimate, row.domain))
    assert len(reference) == 32
