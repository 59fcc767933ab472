"""National definitions against real files: the agency's own flag row by row, or the rate R computed from the raw codes.

Each file is read here by hand, code by code, so that what is tested is the definition and not a survey profile.
Authority: the flags in the files of South Africa; ``reference_estimates.csv`` (R ``survey``) of Paraguay, Costa Rica and
Indonesia, whose formulas over raw codes share nothing with ours; two rates of the reference page for Argentina.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyreadstat
import pytest

from informality.classification.classify import classify, column
from informality.classification.definition import Definition
from informality.foundation.grammar import MISSING, NOT_ASKED
from informality.foundation.schema import Schema

Read = Callable[..., Definition]


def workers(schema: Schema, definition: Definition, **answers: pd.Series) -> pd.DataFrame:
    """A harmonised frame of working persons from the answers given; everything else was not asked."""
    n = len(next(iter(answers.values())))
    given: dict[str, Any] = {"worker": pd.Series(["yes"] * n), **answers}
    frame = {}
    for name in definition.variables():
        values = given.get(name)
        if schema[name].spec.kind == "number":
            numbers = pd.Series([np.nan] * n) if values is None else values.reset_index(drop=True).astype(float)
            frame[name] = numbers
            why = NOT_ASKED if values is None else "unknown"
            frame[f"{name}.missing"] = pd.Categorical(np.where(numbers.isna(), why, None), MISSING)
        else:
            words = [NOT_ASKED] * n if values is None else list(values)
            frame[name] = pd.Categorical(words, categories=schema[name].grammar.categories)
            assert not frame[name].isna().any(), name
    return pd.DataFrame(frame)


def read_as(codes: pd.Series, words: Mapping[int, str], blank: str = "not_applicable") -> pd.Series:
    """Codes as words; a blank is outside the universe unless said otherwise."""
    return codes.map(words).where(codes.notna(), blank)


def outcomes(frame: pd.DataFrame, definition: Definition, schema: Schema) -> pd.DataFrame:
    out = classify(frame, definition, schema.grammar)
    return pd.DataFrame({s.decides: out[column(definition.id, s.decides)].astype(str) for s in definition.steps})


def reference(folder: Path, dataset: str, estimate: str, domain: str) -> float:
    table = pd.read_csv(folder / "reference_estimates.csv")
    row = table[(table["dataset"] == dataset) & (table["estimate"] == estimate) & (table["domain"] == domain)]
    assert len(row) == 1
    return float(row["value"].iloc[0])


# -- South Africa: three flags on every employed row of two quarters -----------------------------------

SIZE = {1: (0, 0), 2: (1, 1), 3: (2, 4), 4: (5, 9), 5: (10, 19), 6: (20, 49), 7: (50, np.inf)}
YES_NO = {1: "yes", 2: "no", 3: "unknown"}


@pytest.fixture(scope="module", params=["QLFS-2017-02_F1", "QLFS-2017-03_F1"])
def qlfs(request: pytest.FixtureRequest, shared: Path, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    folder = shared / "data" / "zaf_qlfs_2017q2_q3"
    path = folder / f"{request.param}.dta"
    if not path.is_file():
        unzipped = tmp_path_factory.mktemp("qlfs")
        zipfile.ZipFile(folder / f"{request.param}.zip").extractall(unzipped)
        (path,) = unzipped.rglob("*.dta")
    columns = [
        "Q45WRK4WHOM", "Indus", "Q410INCOMETAX", "Q416NRWORKERS", "Q413VAT", "Q414TAX", "Q46PENSION", "Q49MEDICAL",
        "Q411CONTRACTTYPE", "Sector2", "sector1", "Infempl", "Status", "Weight", "Q14AGE",
    ]  # fmt: skip
    frame, _ = pyreadstat.read_dta(str(path), usecols=columns)
    employed = frame[frame["Status"] == 1].reset_index(drop=True)
    return employed.assign(quarter=request.param)


def test_south_africa_has_its_flags_on_every_row(qlfs: pd.DataFrame, schema: Schema, read: Read) -> None:
    rule = read("zaf-qlfs-pre2025q3")
    both = qlfs["Q413VAT"].eq(2) & qlfs["Q414TAX"].eq(2)
    either = qlfs["Q413VAT"].eq(1) | qlfs["Q414TAX"].eq(1)
    registered = pd.Series(
        np.select([both, either, qlfs["Q413VAT"].notna()], ["no", "yes", "unknown"], "not_applicable")
    )
    frame = workers(
        schema,
        rule,
        status=read_as(qlfs["Q45WRK4WHOM"], {1: "employee", 2: "employer", 3: "own_account", 4: "contributing_family"}),
        industry=qlfs["Indus"].map({1: "A", 10: "T"}).fillna("C"),  # only these two are told apart
        income_tax=read_as(qlfs["Q410INCOMETAX"], {1: "employer", 2: "none", 3: "unknown"}),
        size_max=qlfs["Q416NRWORKERS"].map({code: high for code, (_, high) in SIZE.items()}),
        registered=registered,
        pension_contribution=read_as(qlfs["Q46PENSION"], YES_NO),
        health_contribution=read_as(qlfs["Q49MEDICAL"], YES_NO),
        contract=read_as(qlfs["Q411CONTRACTTYPE"], {1: "written", 2: "oral"}),
    )
    got = outcomes(frame, rule, schema)
    assert len(got) == {"QLFS-2017-02_F1": 18_451, "QLFS-2017-03_F1": 18_437}[qlfs["quarter"].iloc[0]]
    assert (got["unit"] == qlfs["Sector2"].map({1: "formal", 2: "informal", 4: "household"})).all()
    apart = qlfs["sector1"].map({1: "formal", 2: "informal", 3: "agriculture", 4: "household"})
    assert (got["sector_outside_agriculture"] == apart).all()
    assert (got["job"] == qlfs["Infempl"].map({1: "formal", 2: "informal", 8: "other"})).all()
    adults = qlfs["Q14AGE"].between(15, 64)
    rate = np.average(got["job"].eq("informal")[adults], weights=qlfs["Weight"][adults])
    assert round(100 * rate, 2) == {"QLFS-2017-02_F1": 29.18, "QLFS-2017-03_F1": 29.07}[qlfs["quarter"].iloc[0]]


# -- rates R computed over raw codes -------------------------------------------------------------------


@pytest.mark.parametrize(("file", "dataset"), [("Paraguay_T22019", "pry_2019q2"), ("Paraguay_T42019", "pry_2019q4")])
def test_paraguay(file: str, dataset: str, shared: Path, schema: Schema, read: Read) -> None:
    folder = shared / "data" / "pry_ephc_2019q2_q4"
    columns = ["B12", "B10", "B28", "B02REC", "PEAA", "FEX", "P02"]
    raw, _ = pyreadstat.read_sav(str(folder / f"{file}.SAV"), encoding="windows-1252", usecols=columns)
    raw = raw[(raw["PEAA"] == 1) & raw["P02"].ge(15) & raw["P02"].ne(999)].reset_index(drop=True)
    rule = read("pry-ephc")
    status = {
        1: "employee",
        2: "employee",
        3: "employer",
        4: "own_account",
        5: "contributing_family",
        6: "employee",
        9: "unknown",
    }
    institution = {1: "government", 6: "household", 7: "international", 8: "international"}
    frame = workers(
        schema,
        rule,
        status=read_as(raw["B12"], {**status, 7: "employee", 8: "own_account"}),
        institution=raw["B12"].map(institution).fillna("private"),
        agriculture=raw["B02REC"].map({1: "agriculture", 99: "unknown"}).fillna("non_agriculture"),
        pension_contribution=read_as(raw["B10"], {1: "yes", 6: "no", 9: "unknown"}),
        registered=read_as(raw["B28"], {1: "yes", 2: "unknown", 6: "no", 9: "unknown"}),
    )
    job = outcomes(frame, rule, schema)["job"]
    inside = job != "not_applicable"
    rate = np.average(job[inside].eq("informal"), weights=raw["FEX"][inside])
    official = reference(folder, dataset, "informal employment share, non-agricultural (INE rule)", "classified")
    assert rate == pytest.approx(official, rel=1e-12)
    assert round(100 * rate, 2) == {"pry_2019q2": 62.44, "pry_2019q4": 63.69}[dataset]


def test_costa_rica(shared: Path, schema: Schema, read: Read) -> None:
    folder = shared / "data" / "cri_enaho_2020"
    columns = ["condact3", "posiemppri", "e10a", "d11", "d12", "factor", "a4"]
    raw, _ = pyreadstat.read_dta(str(folder / "cri_enaho_2020_labour.dta"), usecols=columns)
    raw = raw[raw["condact3"] == 1].reset_index(drop=True)
    rule = read("cri-ece")
    status = {11: "employee", 12: "employee", 13: "contributing_family", 21: "employer", 22: "own_account"}
    frame = workers(
        schema,
        rule,
        status=read_as(raw["posiemppri"], status),
        social_security=read_as(raw["e10a"], {1: "yes", 2: "no", 9: "unknown"}),
        registered=read_as(raw["d11"], {1: "yes", 2: "local", 3: "no", 9: "unknown"}),
        books=read_as(raw["d12"], {1: "complete", 2: "none", 3: "none", 9: "unknown"}),
    )
    job = outcomes(frame, rule, schema)["job"]
    estimate = "informal employment share (INEC ECE rule applied to ENAHO)"
    rate = np.average(job.eq("informal"), weights=raw["factor"])
    assert rate == pytest.approx(reference(folder, "cri", estimate, "all"), rel=1e-12)
    women = raw["a4"] == 2
    rate = np.average(job[women].eq("informal"), weights=raw["factor"][women])
    assert rate == pytest.approx(reference(folder, "cri", "informal employment share", "a4=2"), rel=1e-12)


@pytest.mark.parametrize(
    ("folder", "file", "percent"),
    [("arg_eph_2024q1", "base_2024_T1.parquet", 35.65), ("arg_eph_2015q1", "indiv_a15t1.tsv.gz", 31.92)],
)
def test_argentina(folder: str, file: str, percent: float, shared: Path, schema: Schema, read: Read) -> None:
    path = shared / "data" / folder / file
    raw = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path, sep="\t", low_memory=False)
    raw.columns = raw.columns.str.upper()
    raw = raw.loc[raw["ESTADO"].eq(1) & raw["CAT_OCUP"].eq(3), ["PP07H", "PONDERA"]].reset_index(drop=True)
    rule = read("arg-eph-descuento")
    frame = workers(
        schema,
        rule,
        status=pd.Series(["employee"] * len(raw)),
        pension_contribution=read_as(raw["PP07H"], {0: "unknown", 1: "yes", 2: "no"}),
    )
    job = outcomes(frame, rule, schema)["job"]
    stated = job != "not_stated"  # two employees of 2015 gave no answer; the rate is among the others
    assert round(100 * np.average(job[stated].eq("informal"), weights=raw["PONDERA"][stated]), 2) == percent


def test_indonesia(shared: Path, schema: Schema, read: Read) -> None:
    folder = shared / "data" / "idn_sakernas_2020_jambi"
    raw = pd.read_parquet(folder / "sakernas_2020_jambi.parquet", columns=["R12A", "FINAL_WEIG", "K4"])
    raw = raw[raw["R12A"] > 0].reset_index(drop=True)
    rule = read("idn-sakernas")
    status = {
        1: "own_account",
        2: "own_account",
        3: "employer",
        4: "employee",
        5: "employee",
        6: "employee",
        7: "contributing_family",
    }
    frame = workers(
        schema,
        rule,
        status=read_as(raw["R12A"], status),
        contract_duration=raw["R12A"].map({4: "not_asked", 5: "casual", 6: "casual"}).fillna("not_applicable"),
    )
    job = outcomes(frame, rule, schema)["job"]
    for domain, inside in (
        ("employed", raw["K4"] > 0),
        ("employed, K4=1", raw["K4"] == 1),
        ("employed, K4=2", raw["K4"] == 2),
    ):
        rate = np.average(job[inside].eq("informal"), weights=raw["FINAL_WEIG"][inside])
        official = reference(folder, "idn_jambi_2020", "informal employment share (BPS status rule)", domain)
        assert rate == pytest.approx(official, rel=1e-12)


def test_the_ilo_rules_are_not_determinable_where_nothing_was_asked(shared: Path, schema: Schema, read: Read) -> None:
    """Indonesia asks status alone: no employee's job and no unit can be told, and nobody is informal by default."""
    folder = shared / "data" / "idn_sakernas_2020_jambi"
    raw = pd.read_parquet(folder / "sakernas_2020_jambi.parquet", columns=["R12A"])
    raw = raw[raw["R12A"].isin([1, 4])].reset_index(drop=True)
    status = read_as(raw["R12A"], {1: "own_account", 4: "employee"})
    for name in ("ilo-17icls", "ilo-21icls"):
        rule = read(name)
        out = classify(workers(schema, rule, status=status), rule, {"status"})
        assert (out[column(name, "job")] == "not_determinable").all()
        assert (out[column(name, "unit")] == "not_determinable").all()
