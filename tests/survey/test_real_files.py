"""Every survey file in the shared folder opens as its PROVENANCE.md says: rows, columns, labels, and a figure computed there.

Authority: the PROVENANCE.md and key.csv beside each file (rows, columns, sums of weights, rates), recorded by other
programs; where a folder holds the same table in two formats, each is held against the other.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from informality.foundation.errors import InformalityError
from informality.foundation.schema import read_schema
from informality.survey.joining import read_wave
from informality.survey.profile import read_profile
from informality.survey.rawfile import RawFile
from informality.survey.readers import describe, read_raw

BRAZIL = "bra_pnadc_2017q4_sample/layout.csv"
FILES: dict[str, tuple[int, int, str, str | None, str]] = {
    # rows, columns, package, encoding where it matters, who said so
    "ecu_enemdu_2021q1/enemdu_persona_2021_01-03.sav": (88_829, 146, "SPSS", "UTF-8", "file"),
    "cri_enaho_2020/cri20n1.zip": (25_530, 733, "Stata", "windows-1252", "letters"),
    "cri_enaho_2020/cri_enaho_2020_labour.dta": (25_530, 110, "Stata", "UTF-8", "file"),
    "pry_ephc_2019q2_q4/Paraguay_T22019.SAV": (11_896, 148, "SPSS", "windows-1252", "file"),
    "pry_ephc_2019q2_q4/Paraguay_T42019.SAV": (18_233, 148, "SPSS", "windows-1252", "file"),
    "arg_eph_2024q1/base_2024_T1.rds": (46_050, 177, "R", "UTF-8", "file"),
    "arg_eph_2024q1/base_2024_T1.parquet": (46_050, 177, "Parquet", "UTF-8", "file"),
    "arg_eph_2015q1/indiv_a15t1.tsv.gz": (60_145, 173, "text", None, "nothing"),
    "chl_ene_2020efm/ene.rda": (87_842, 6, "R", "UTF-8", "file"),
    "chl_ene_2020efm/ene_2020_efm.parquet": (87_842, 6, "Parquet", "UTF-8", "file"),
    "mex_etoe_2020_04/COE2T0420.DBF": (23_893, 72, "dBase", None, "file"),
    "mex_etoe_2020_04/HOGT0420.DBF": (14_294, 33, "dBase", None, "file"),
    "bra_pnadc_2017q4_sample/exampledata.txt": (1_379, 217, "fixed width", None, "nothing"),
    "ury_ech_2018_sample/toy_ech_2018.rda": (1_294, 581, "R", "UTF-8", "file"),
    "ury_ech_2018_sample/toy_ech_2018.csv": (1_294, 581, "text", None, "nothing"),  # no column with accents is read
    "zaf_qlfs_2017q2_q3/QLFS-2017-02_F1.zip": (69_913, 160, "Stata", "windows-1252", "letters"),
    "zaf_qlfs_2017q2_q3/QLFS-2017-03_F1.dta": (69_259, 160, "Stata", "windows-1252", "letters"),
    "idn_sakernas_2020_jambi/SAKERNAS2020.rda": (16_368, 132, "R", None, "file"),
    "idn_sakernas_2020_jambi/sakernas_2020_jambi.parquet": (16_368, 132, "Parquet", None, "file"),
    "ilostat_lao/ilostat_lao.csv": (178, 10, "text", None, "nothing"),
    "ilostat_informality/EMP_TEM2_SEX_EC4_IFL_NB_A.csv": (6_375, 25, "text", None, "file"),  # a byte order mark
}


def of(shared: Path, name: str, columns: list[str] | None = None, **how: Any) -> RawFile:
    if "bra_" in name:
        how["layout"] = shared / "data" / BRAZIL
    return read_raw(shared / "data" / name, columns, **how)


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_described_as_it_was_recorded(shared: Path, name: str) -> None:
    rows, columns, package, encoding, source = FILES[name]
    raw = of(shared, name, [])
    assert (raw.rows, len(raw.columns)) == (rows, columns)
    (read,) = raw.sources
    assert (read.kind, read.rows, read.columns, read.encoding.source) == (package, rows, columns, source)
    assert encoding in (None, read.encoding.name)
    # a warning where the file does not say how its accents are written, and for nothing else
    assert [w.what for w in raw.warnings] == (
        ["the file does not say how its text is encoded; it was read as windows-1252"] if source == "letters" else []
    )


def test_every_data_file_is_in_the_list(shared: Path) -> None:
    """No file of the folder is left out but dictionaries, keys and estimates."""
    left_out = (".md", ".xls")
    found = {str(p.relative_to(shared / "data")) for p in (shared / "data").glob("*/*") if p.suffix not in left_out}
    assert {n for n in found if not n.endswith(("key.csv", "reference_estimates.csv", "layout.csv"))} == set(FILES)


def alike(one: pd.DataFrame, other: pd.DataFrame) -> None:
    """The same values column by column; text that one format holds as numbers compares as text."""
    for name in one.columns:
        left, right = one[name], other[name]
        if pd.api.types.is_numeric_dtype(left.dtype) and pd.api.types.is_numeric_dtype(right.dtype):
            np.testing.assert_array_equal(left.to_numpy(float), right.to_numpy(float), err_msg=name)
        else:
            assert left.isna().equals(right.isna()), name
            assert left.dropna().astype(str).tolist() == right.dropna().astype(str).tolist(), name


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("arg_eph_2024q1/base_2024_T1.rds", "arg_eph_2024q1/base_2024_T1.parquet"),
        ("chl_ene_2020efm/ene.rda", "chl_ene_2020efm/ene_2020_efm.parquet"),
        ("idn_sakernas_2020_jambi/SAKERNAS2020.rda", "idn_sakernas_2020_jambi/sakernas_2020_jambi.parquet"),
    ],
)
def test_r_files_hold_what_their_conversions_hold(shared: Path, one: str, other: str) -> None:
    """All values of all columns; the conversions were made by other programs."""
    left, right = of(shared, one), of(shared, other)
    assert left.columns == right.columns
    alike(left.frame, right.frame)


def test_uruguay_in_two_formats(shared: Path) -> None:
    left = of(shared, "ury_ech_2018_sample/toy_ech_2018.rda")
    right = of(shared, "ury_ech_2018_sample/toy_ech_2018.csv")
    assert left.columns == right.columns
    same_kind = [n for n in left.columns if left.frame[n].dtype.kind == right.frame[n].dtype.kind]
    assert len(same_kind) > 550  # codes such as 0110 are text in the csv, too; text of digits alone is a number there
    alike(left.frame[same_kind], right.frame)
    assert left.value_labels["e26"] == {1: "Hombre", 2: "Mujer"}
    assert len(left.variable_labels) > 570


def test_costa_rica_as_found_and_cut_down(shared: Path) -> None:
    small = of(shared, "cri_enaho_2020/cri_enaho_2020_labour.dta")
    whole = of(shared, "cri_enaho_2020/cri20n1.zip", list(small.columns), encoding="windows-1252")
    assert not whole.warnings
    alike(whole.frame, small.frame)
    for name in small.columns:
        assert whole.variable_labels.get(name) == small.variable_labels.get(name)
        assert whole.value_labels.get(name) == small.value_labels.get(name)
    assert round(whole.frame["factor"].astype(float).sum()) == 5_111_405
    assert whole.frame["diseno_muestra"].nunique() == 26 and whole.frame["upm"].nunique() == 1_111


def test_paraguay(shared: Path) -> None:
    for name, education, weights, psus in (("T2", "AÑOEST", 7_061_032, 329), ("T4", "añoest", 7_110_095, 501)):
        raw = of(shared, f"pry_ephc_2019q2_q4/Paraguay_{name}2019.SAV", ["FEX", "UPM", "B12"])
        assert next(c for c in raw.columns if c.casefold() == "añoest") == education
        assert round(raw.frame["FEX"].astype(float).sum()) == weights
        assert raw.frame["UPM"].nunique() == psus
        assert "Trabajador" in " ".join(raw.value_labels["B12"].values())


@pytest.mark.parametrize(
    ("name", "rate"), [("arg_eph_2024q1/base_2024_T1.rds", 35.65), ("arg_eph_2015q1/indiv_a15t1.tsv.gz", 31.92)]
)
def test_argentina(shared: Path, name: str, rate: float) -> None:
    """Employees without pension deduction: PROVENANCE.md."""
    frame = of(shared, name, ["PONDERA", "CAT_OCUP", "PP07H", "ESTADO"]).frame.astype(float)
    employees = frame[(frame["ESTADO"] == 1) & (frame["CAT_OCUP"] == 3) & frame["PP07H"].isin([1, 2])]
    weight = employees["PONDERA"]
    assert 100 * weight[employees["PP07H"] == 2].sum() / weight.sum() == pytest.approx(rate, abs=0.005)


def test_south_africa(shared: Path) -> None:
    """Employed and unemployed aged 15 to 64 in the third quarter, and the change since the second: PROVENANCE.md."""
    columns = ["Weight", "Status", "Q14AGE", "STRATUM", "UQNO", "Infempl"]
    totals = []
    for name in ("zaf_qlfs_2017q2_q3/QLFS-2017-02_F1.zip", "zaf_qlfs_2017q2_q3/QLFS-2017-03_F1.dta"):
        raw = of(shared, name, columns, encoding="windows-1252")
        frame = raw.frame
        adult = frame["Q14AGE"].between(15, 64)
        weight = frame["Weight"].astype(float)
        totals.append([weight[adult & (frame["Status"] == status)].sum() for status in (1, 2)])
        assert frame["STRATUM"].nunique() == 248
        assert raw.value_labels["Status"][1] == "Employed"
    assert frame["UQNO"].str[:8].nunique() == 3_244
    assert [round(t) for t in totals[1]] == [16_191_670, 6_210_326]
    assert [round(after - before) for before, after in zip(*totals, strict=True)] == [91_962, 33_452]


def test_brazil(shared: Path) -> None:
    raw = of(shared, "bra_pnadc_2017q4_sample/exampledata.txt", ["V1028", "UPA", "Estrato", "UF", "V2009", "VD4016"])
    frame = raw.frame
    assert round(frame["V1028"].sum()) == 507_334
    assert frame["UPA"].nunique() == 1_313 and frame["UF"].nunique() == 27
    assert frame["UPA"].iloc[0] == "110000016" and frame["Estrato"].iloc[0] == "1110011"
    assert raw.variable_labels["Estrato"] == "Estrato"


MEXICO = """\
    file: COE2T0420.DBF
    rows: 23893
    sha256: 7dbc3fd0bebda196a82c1a30c7d7b7fdb3e7b8539bd2cc2ca9d41face207e48c
    join:
      - file: HOGT0420.DBF
        rows: 14294
        sha256: a4471a8440789b4e0a32a2de7f266dfa219a88a926d323290de1f9368d623bdf
        by: [CD_A, ENT, CON, V_SEL, N_HOG, H_MUD]
        take: [EST_D]
        relation: many_to_one
"""


def test_mexico_persons_with_their_households(shared: Path, tmp_path: Path) -> None:
    """All persons have a household (PROVENANCE.md: 100 % matched, 69 strata, 4,594 PSUs)."""
    library = Path(__file__).parents[2] / "analysis" / "informality" / "library" / "surveys" / "ecu-enemdu.yml"
    text = library.read_text(encoding="utf-8")
    start, end = text.index("    file: "), text.index("    source: ")
    text = text[:start] + MEXICO + text[end:]
    head, _, tail = text.partition("design:\n")
    assert "\nvariables:\n" in tail
    text = (
        head.replace("  period: periodo\n", "")
        + "design:\n  weight: FAC_NP\n  stratum: EST_D\n  psu: UPM\n\nvariables:\n"
    )
    text += "".join(f"  {name}: not_asked\n" for name in read_schema().measured())
    path = tmp_path / "mex.yml"
    path.write_text(text, encoding="utf-8")
    profile = read_profile(path)
    raw = read_wave(profile, "2021q1", shared / "data/mex_etoe_2020_04/COE2T0420.DBF")
    assert raw.rows == 23_893
    assert raw.frame["EST_D"].nunique() == 69 and raw.frame["UPM"].nunique() == 4_594
    assert raw.frame["EST_D"].notna().all()
    assert [rows for _, _, rows in raw.account] == [14_294, 23_893, 0, 14_294 - matched(shared)]


def matched(shared: Path) -> int:
    """Households with a person, counted by another road: pandas' own merge."""
    keys = ["CD_A", "ENT", "CON", "V_SEL", "N_HOG", "H_MUD"]
    persons = of(shared, "mex_etoe_2020_04/COE2T0420.DBF", keys).frame
    households = of(shared, "mex_etoe_2020_04/HOGT0420.DBF", keys).frame
    both = households.merge(persons.drop_duplicates(), on=keys, how="inner", validate="one_to_one")
    return len(both)


def test_files_of_another_kind_say_so(shared: Path) -> None:
    for name in (
        "pry_ephc_2019q2_q4/Paraguay_Diccionario_EPHC_2019.xls",
        "bra_pnadc_2017q4_sample/dictionaryexample.xls",
    ):
        with pytest.raises(InformalityError, match="it looks like an old Excel or Word file"):
            describe(shared / "data" / name)
