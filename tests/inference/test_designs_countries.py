"""Chile, Costa Rica and Paraguay: real designs, with and without strata, with and without lonely ones.

Authority: reference_estimates.csv beside each file (R survey 4.x, ``nest=TRUE``, lonely rule ``adjust``, domains
by subset); the rules of informality applied are those of its PROVENANCE.md. That R measured a lonely PSU's total
from 0, survey 4.5 and we from the mean PSU total: Chile, with lonely strata, has its totals by the old formula here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from informality.inference import Design, Estimate, interval, ratios, shares, totals

Estimates = Callable[[str, str], tuple[Estimate, int]]


def check(rows: pd.DataFrame, estimates: Estimates, agree: Callable[..., None], country: str) -> None:
    """Every row of a reference: value, standard error, normal interval and design effect."""
    for row in rows.itertuples():
        estimate, place = estimates(row.estimate, row.domain)
        low, high = interval(estimate, "normal")
        where = (row.estimate, row.domain)
        # a group that is informal by definition has no error, but rounding
        for family, ours, theirs in [
            ("value", estimate.value, row.value),
            ("se", estimate.se, row.se),
            ("normal interval", low, row.ci_low),
            ("normal interval", high, row.ci_high),
        ]:
            agree(f"{country} {family}", ours.ravel()[place], theirs, 1e-14 * row.value, where=where)
        if not np.isnan(row.deff):
            agree(f"{country} deff", estimate.deff.ravel()[place], row.deff, where=where)


def test_chile(shared: Path, agree: Callable[..., None]) -> None:
    folder = shared / "data" / "chl_ene_2020efm"
    x = pd.read_parquet(folder / "ene_2020_efm.parquet")
    design = Design.from_columns(x["fact_cal"], x["estrato_unico"], x["conglomerado"], "adjust")
    employed, unemployed = x["cae_especifico"].between(1, 7), x["cae_especifico"].between(8, 9)

    lonely = np.flatnonzero(design.units.psus_per_stratum[design.units.stratum] == 1)
    assert len(lonely) > 0

    def from_zero(estimate: Estimate) -> Estimate:
        """The total as R 4.1 has it: a lonely PSU's total is its own deviation."""
        by_psu = estimate.influence.values[:, 0]
        centred = ((by_psu[lonely] - by_psu.mean()) ** 2).sum()
        variance = estimate.se**2 - centred + (by_psu[lonely] ** 2).sum()
        deff = estimate.deff * variance / estimate.se**2
        return dataclasses.replace(estimate, se=np.sqrt(variance), deff=deff)

    def estimates(name: str, domain: str) -> tuple[Estimate, int]:
        if name.endswith("total"):
            return from_zero(totals(design, employed if name.startswith("employed") else unemployed)), 0
        assert name == "unemployment rate (ratio)"
        if domain == "all":
            return ratios(design, unemployed, employed | unemployed), 0
        column, code = domain.split("=")
        return ratios(design, unemployed, employed | unemployed, x[column].astype(int)), int(code)

    rows = pd.read_csv(folder / "reference_estimates.csv")
    assert len(rows) == 21
    check(rows, estimates, agree, "Chile")


def test_costa_rica(shared: Path, agree: Callable[..., None]) -> None:
    folder = shared / "data" / "cri_enaho_2020"
    x = pd.read_stata(folder / "cri_enaho_2020_labour.dta", convert_categoricals=False)
    design = Design.from_columns(x["factor"], x["diseno_muestra"], x["upm"])
    assert (len(design.units.stratum_labels), len(design.units.stratum)) == (26, 1111)  # PROVENANCE.md
    employed = x["condact3"] == 1
    status = x["posiemppri"]
    informal = np.select(
        [status.isin([11, 12]), status == 13, status.isin([21, 22])],
        [x["e10a"] != 1, True, ~((x["d11"] == 1) | (x["d12"] == 1))],
        False,
    )
    outcome = np.where(employed, informal, -1)

    def estimates(name: str, domain: str) -> tuple[Estimate, int]:
        if name == "employed total":
            return totals(design, employed), 0
        assert name.startswith("informal employment share")
        if domain == "all":
            return shares(design, outcome, 2), 1
        column, code = domain.split("=")
        cells = x[column].fillna(-1).astype(int)
        return shares(design, outcome, 2, cells), int(code) * 2 + 1

    rows = pd.read_csv(folder / "reference_estimates.csv")
    assert len(rows) == 17
    check(rows, estimates, agree, "Costa Rica")


@pytest.mark.parametrize("quarter", [2, 4])
def test_paraguay(quarter: int, shared: Path, agree: Callable[..., None]) -> None:
    """PSUs without strata."""
    pyreadstat = pytest.importorskip("pyreadstat")
    folder = shared / "data" / "pry_ephc_2019q2_q4"
    columns = ["UPM", "FEX", "P02", "P06", "AREA", "PEAA", "B02REC", "B10", "B12", "B28"]
    file = folder / f"Paraguay_T{quarter}2019.SAV"
    x = pyreadstat.read_sav(file, encoding="windows-1252", usecols=columns)[0]
    design = Design.from_columns(x["FEX"], psu=x["UPM"])
    assert len(design.units.stratum) == {2: 329, 4: 501}[quarter]  # PROVENANCE.md
    adult = x["P02"] >= 15
    employed, unemployed = adult & (x["PEAA"] == 1), adult & (x["PEAA"] == 2)
    elsewhere = employed & (x["B02REC"] != 1)
    informal = np.select(
        [x["B12"].isin([1, 2, 6]), x["B12"].isin([3, 4]), x["B12"] == 5], [x["B10"] != 1, x["B28"] != 1, True], False
    )
    classified = np.where(elsewhere & x["B12"].between(1, 6), informal, -1)

    def estimates(name: str, domain: str) -> tuple[Estimate, int]:
        if name == "employed total":
            return totals(design, employed), 0
        if name == "unemployment rate (ratio)":
            return ratios(design, unemployed, employed | unemployed), 0
        if name == "informal share incl. unclassified in denominator":
            return shares(design, np.where(elsewhere, informal, -1), 2), 1
        assert name.startswith("informal employment share")
        if domain == "classified":
            return shares(design, classified, 2), 1
        column, code = domain.split("=")
        return shares(design, classified, 2, x[column].astype(int)), int(code) * 2 + 1

    rows = pd.read_csv(folder / "reference_estimates.csv")
    rows = rows[rows["dataset"] == f"pry_2019q{quarter}"]
    assert len(rows) == 8
    check(rows, estimates, agree, "Paraguay")
