"""Files for other programs: SDMX read back by pysdmx against the official schema, data packages by Frictionless.

Authority: the results table itself, row by row; the SDMX-JSON 2.0 schema inside pysdmx; the Table Schema of Frictionless Data;
the codes in ILOSTAT's own file (``EMP_TEM2_SEX_EC4_IFL_NB_A.csv``).
"""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

from informality.foundation.grammar import MISSING
from informality.foundation.schema import read_schema
from informality.publication.datapackage import read_columns
from informality.publication.exchanged import EXCHANGED, write_exchange
from informality.publication.inputs import ReportInputs, publication_of
from informality.publication.published import Publication
from informality.publication.sdmx import OWN, exchange, read_exchange
from informality.publication.store import figures


@pytest.fixture(scope="module")
def pub(inputs: ReportInputs) -> Publication:
    return publication_of(inputs)


@pytest.fixture(scope="module")
def folder(inputs: ReportInputs, pub: Publication, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the made-up inputs."""
    made = tmp_path_factory.mktemp("exchange")
    figures(pub).to_csv(made / "figures.csv", index=False, encoding="utf-8-sig", lineterminator="\r\n")
    (made / "hidden.csv").write_text(",".join(read_columns().files["hidden.csv"].columns) + "\n", encoding="utf-8")
    write_exchange(inputs, inputs.results, made / "clean", made, [made / "figures.csv"], [made / "hidden.csv"])
    return made


def test_pysdmx_reads_what_was_written_to_the_last_digit(folder: Path, pub: Publication, inputs: ReportInputs) -> None:
    io = pytest.importorskip("pysdmx.io")
    found = io.get_datasets(folder / EXCHANGED[0], folder / EXCHANGED[1], validate=True)
    assert len(found) == 1
    data, components = found[0].data, found[0].structure.components
    assert {c.id for c in components.dimensions} >= {"FREQ", "REF_AREA", "SEX", "ECO", "TIME_PERIOD"}
    assert [c.id for c in components.measures] == ["OBS_VALUE"]
    made = exchange(pub, inputs.study).data
    assert len(data) == len(made) > 20
    for name in ("OBS_VALUE", "STD_ERR", "CONF_LOW", "CONF_HIGH"):
        np.testing.assert_array_equal(data[name].to_numpy(dtype=float, na_value=np.nan), made[name].to_numpy())
    codes = {c.id: {code.id for code in c.enumeration} for c in components if c.local_codes}
    assert set(codes) >= {"SEX", "OBS_STATUS", "UNIT_MEASURE"}
    for name, known in codes.items():
        assert set(data[name].astype(str)) <= known, f"{name} has a code that its list lacks"


def test_each_row_is_a_row_of_the_results_table(pub: Publication, inputs: ReportInputs) -> None:
    """Read the code table backwards: every number stands under its own indicator, group and wave."""
    made = exchange(pub, inputs.study)
    back = {(r.dimension, r.code): (r.variable, r.level) for r in made.codes.itertuples()}
    spec = read_exchange()
    rows = pub.results[pub.results["statistic"].isin(spec.statistics) & pub.results["unit"].isin(list(spec.units))]

    def key(row: Any) -> tuple[Any, ...]:
        pairs = [(row[f"dim{d}"], row[f"level{d}"]) for d in (1, 2, 3)]
        group = frozenset((v, "" if pd.isna(x) else x) for v, x in pairs if pd.notna(v))
        named = (row["table"], row["definition"], row["indicator"], row["statistic"], row["universe"])
        return *named, row["unit"], row["wave"], group

    wanted: dict[tuple[Any, ...], float] = {key(row): row["value"] for _, row in rows.iterrows()}
    general = {
        "STRUCTURE",
        "STRUCTURE_ID",
        "ACTION",
        "FREQ",
        "REF_AREA",
        "SURVEY",
        "DEFINITION",
        "INDICATOR",
        "STATISTIC",
        "TABLE",
    }
    general |= {"UNIVERSE", "UNIT_MEASURE", "TIME_PERIOD", "OBS_VALUE", "OBS_STATUS", "RELIABILITY", "STANDING"}
    general |= {"COMMENT_OBS", "STD_ERR", "CONF_LOW", "CONF_HIGH", "CONF_LEVEL", "SAMPLE_N"}
    for _, row in made.data.iterrows():
        group = frozenset(back[c, row[c]] for c in made.data if c not in general and back[c, row[c]][0])
        unit = back["UNIT_MEASURE", row["UNIT_MEASURE"]][1]
        found = (
            row["TABLE"],
            row["DEFINITION"],
            row["INDICATOR"],
            row["STATISTIC"],
            row["UNIVERSE"],
            unit,
            row["TIME_PERIOD"],
            group,
        )
        times = 100 if unit == "share" else 1
        assert found in wanted
        assert row["OBS_VALUE"] == wanted[found] * times or (np.isnan(row["OBS_VALUE"]) and np.isnan(wanted[found]))
    assert len(made.data) == len(wanted)
    assert sum(made.left_out.values()) + len(made.data) == len(pub.results)


def test_what_is_not_shown_has_no_value_and_says_so(pub: Publication, inputs: ReportInputs) -> None:
    data = exchange(pub, inputs.study).data
    for grade, status in (("suppressed", "Q"), ("not_determinable", "L"), ("unreliable", "U"), ("good", "A")):
        rows = data[data["RELIABILITY"] == grade]
        assert len(rows) and set(rows["OBS_STATUS"]) == {status}, grade
        assert rows["OBS_VALUE"].isna().all() == (status in "QL")
    hidden = data[data["OBS_STATUS"] == "Q"]
    assert hidden[["STD_ERR", "CONF_LOW", "CONF_HIGH", "SAMPLE_N"]].isna().all(axis=None)


def test_codes_of_the_ilo_are_those_of_its_file_and_others_are_told(
    shared: Path, pub: Publication, inputs: ReportInputs
) -> None:
    spec, schema = read_exchange(), read_schema()
    table = pd.read_csv(shared / "data" / "ilostat_informality" / "EMP_TEM2_SEX_EC4_IFL_NB_A.csv", encoding="utf-8-sig")
    ours = {code for n in ("SEX", "IFL") for v in spec.dimensions[n].variables.values() for code in v.codes.values()}
    # the list of the ILO also has SEX_O, other, which the schema does not know
    assert ours | {"SEX_T", "IFL_NATURE_TOTAL"} == (set(table["sex"]) - {"SEX_O"}) | set(table["classif2"])
    for dimension in spec.dimensions.values():
        for variable, listed in dimension.variables.items():
            if variable in schema.variables:  # every level of the schema, and no other
                assert set(listed.codes) == set(schema[variable].categories), variable
            name = listed.list.removeprefix("ILO, ")  # a code of the ILO begins with its list, and SEX is one
            assert all(code.startswith(f"{name}_") for code in listed.codes.values()), variable
            assert len(set(listed.codes.values())) == len(listed.codes)
            assert not set(listed.codes) & set(MISSING)
    codes = exchange(pub, inputs.study).codes
    own = codes[codes["list"] == OWN]
    assert not own["dimension"].isin(["SEX", "REF_AREA", "FREQ", "UNIT_MEASURE", "OBS_STATUS"]).any()
    assert (codes.loc[codes["dimension"] == "SEX", "list"] == "ILO, SEX").any()
    totals = codes[(codes["words"] == "Total") & (codes["variable"] == "")].set_index("dimension")
    for name, dimension in spec.dimensions.items():  # of one list its own total; of several the generic code
        lists = {listed.list for listed in dimension.variables.values()}
        assert (totals.loc[name, "list"] in lists) == (len(lists) == 1), name
        if len(lists) == 1:
            assert totals.loc[name, "code"].startswith(totals.loc[name, "list"].removeprefix("ILO, ")), name
    assert totals.loc["AGE", "code"] == "AGE_10YRBANDS_TOTAL" and totals.loc["AGE", "status"] == "verified"
    assert totals.loc["ECO", "code"] == "_T" and totals.loc["ECO", "list"] == "SDMX, generic code"
    units = {"share": "PT", "persons": "PS", "hours": "HR", "years": "YR", "currency": "XDC"}
    assert {name: unit.code for name, unit in spec.units.items()} == units, "as IMF:CL_UNIT(1.5) has them"
    assert set(codes.loc[codes["dimension"] == "UNIT_MEASURE", "list"]) == {"IMF, CL_UNIT"}


def test_the_data_package_holds_for_its_files_and_notices_a_changed_one(folder: Path, tmp_path: Path) -> None:
    package = pytest.importorskip("frictionless").Package
    report = package(str(folder / "datapackage.json")).validate()
    assert report.valid, report.flatten(["type", "note"])
    read = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    assert [r["path"] for r in read["resources"]] == ["figures.csv", "exchange/sdmx.csv", "exchange/codes.csv"]
    beside = json.loads((folder / "clean/datapackage.json").read_text(encoding="utf-8"))
    assert [r["path"] for r in beside["resources"]] == ["hidden.csv"]
    words = pd.read_parquet(folder / "clean/figures.parquet")
    assert len(words) == len(pd.read_csv(folder / "figures.csv", encoding="utf-8-sig"))
    for resource in read["resources"]:
        target = tmp_path / resource["path"]
        target.parent.mkdir(exist_ok=True)
        target.write_bytes((folder / resource["path"]).read_bytes())
    (tmp_path / "datapackage.json").write_bytes((folder / "datapackage.json").read_bytes())
    text = (tmp_path / "figures.csv").read_text(encoding="utf-8-sig")
    (tmp_path / "figures.csv").write_text(text.replace("1,", "one,", 1), encoding="utf-8-sig")
    broken = package(str(tmp_path / "datapackage.json")).validate()
    assert {kind for (kind,) in broken.flatten(["type"])} >= {"type-error", "hash-count"}


def test_the_same_inputs_give_the_same_bytes(folder: Path, tmp_path: Path, mock: ModuleType) -> None:
    again = mock.inputs()
    beside = [[folder / "figures.csv"], [folder / "hidden.csv"]]
    write_exchange(again, again.results, tmp_path / "clean", tmp_path, *beside)
    for name in (*EXCHANGED, "datapackage.json", "clean/datapackage.json", "clean/figures.parquet"):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()


def test_a_wave_that_is_no_period_is_left_out_and_told(pub: Publication, inputs: ReportInputs) -> None:
    from dataclasses import replace

    odd = replace(pub, results=pub.results.assign(wave="spring"))
    made = exchange(odd, inputs.study)
    assert made.data.empty and made.left_out["the wave is no single period"] > 20
    spec = read_exchange()
    assert spec.time_of("2021q1") == ("Q", "2021-Q1") and spec.time_of("2020m08-jambi") == ("M", "2020-08")
    assert spec.time_of("2022") == ("A", "2022") and spec.time_of("2017q3-2017q2") == ("", "")


def test_a_number_that_stands_in_two_tables_is_written_once(pub: Publication, inputs: ReportInputs) -> None:
    from dataclasses import replace

    once = pub.results[pub.results["table"] == "headline"]
    twice = pd.concat([once, once.assign(table="regions")], ignore_index=True)
    made = exchange(replace(pub, results=twice), inputs.study)
    assert "TABLE" not in made.data and len(made.data) == len(once)
    assert made.left_out == {"numbers that stand in another table, too": len(once)}
    clash = twice.assign(value=np.arange(len(twice)))
    made = exchange(replace(pub, results=clash), inputs.study)
    assert set(made.data["TABLE"]) == {"headline", "regions"} and len(made.data) == len(twice)
