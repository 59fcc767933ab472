"""Raw files come in as they were delivered, and a file that is broken says so in four parts.

Authorities: the files of the first half are written here by pyreadstat, Arrow and Python's csv, so
the expected values are the ones written. Rows, columns, bytes and sha256 of the real files are those
of the PROVENANCE.md beside them, and were recorded by another program.
"""

from __future__ import annotations

import csv
import gzip
import os
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat
import pytest
from pandas.api.types import is_string_dtype

from informality.foundation.errors import ExitCode, InformalityError
from informality.foundation.provenance import sha256
from informality.survey import readstat
from informality.survey.readers import READERS, describe, read_raw

SURVEY = pd.DataFrame(
    {
        "id": ["a1", "b2", "", "   ", " x"],
        "trabajo": [1.0, 2.0, 98.0, 99.0, np.nan],
        "año": [2021.0, 2021.0, -1.0, 2022.5, 5.0],
        "code": ["01", "1", "99", "", "02"],
        "note": ["ກຂຄ" * 30, "ñ", "مرحبا", "", ""],
    }
)
LABELS = {
    "column_labels": {"trabajo": " ທ່ານເຮັດວຽກບໍ່? ", "año": "Año de nacimiento", "note": "ملاحظة"},
    "variable_value_labels": {
        "trabajo": {1: " ແມ່ນ ", 2: "لا", 98: "No sabe", 2.5: "a half"},
        "code": {"01": "uno ", "02": "dós"},
    },
    "missing_ranges": {"trabajo": [{"lo": 98, "hi": 99}, 5], "año": [{"lo": float("-inf"), "hi": -1}], "code": ["99"]},
}
COMPRESSIONS = {"plain.sav": {}, "rows.sav": {"row_compress": True}, "whole.zsav": {"compress": True}}


@pytest.fixture(params=COMPRESSIONS)
def sav(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The survey as an SPSS file, in each of the three ways SPSS packs one."""
    path = tmp_path / request.param
    pyreadstat.write_sav(SURVEY, path, **LABELS, **COMPRESSIONS[request.param])
    return path


def refusal(path: Path, columns: Sequence[str] | None = None, **options: Any) -> InformalityError:
    """The refusal of a file, after which the folder holds what it held."""
    before = sorted(path.parent.iterdir()) if path.parent.is_dir() else []
    with pytest.raises(InformalityError) as refused:
        read_raw(path, columns, **options)
    assert (sorted(path.parent.iterdir()) if path.parent.is_dir() else []) == before
    return refused.value


def refused(path: Path, what: str, found: str, fix: str, **options: Any) -> None:
    """The file is refused for one reason, told with its place, what, evidence and fix."""
    error = refusal(path, **options)
    assert error.code == ExitCode.DATA_FILE
    (problem,) = error.problems
    assert problem.place == str(path)
    assert what in problem.what
    assert found in problem.found
    assert fix in problem.fix


# Files that are as they should be


def test_an_spss_file_comes_back_as_it_was_written(sav: Path) -> None:
    raw = read_raw(sav)
    assert raw.columns == ("id", "trabajo", "año", "code", "note")
    assert (raw.rows, raw.bytes, raw.path) == (5, sav.stat().st_size, sav)
    # codes declared as missing are still there, the one without an answer is not
    assert raw.frame["trabajo"].tolist()[:4] == [1, 2, 98, 99]
    assert np.isnan(raw.frame["trabajo"].iloc[4])
    assert raw.frame["año"].tolist() == [2021, 2021, -1, 2022.5, 5]
    assert raw.frame["note"].tolist()[:3] == ["ກຂຄ" * 30, "ñ", "مرحبا"]
    assert raw.variable_labels == {"trabajo": "ທ່ານເຮັດວຽກບໍ່?", "año": "Año de nacimiento", "note": "ملاحظة"}
    assert raw.value_labels == {
        "trabajo": {1: "ແມ່ນ", 2: "لا", 98: "No sabe", 2.5: "a half"},
        "code": {"01": "uno", "02": "dós"},
    }
    assert {str(code) for code in raw.value_labels["trabajo"]} == {"1", "2", "98", "2.5"}
    assert raw.user_missing == {"trabajo": [(98, 99), (5, 5)], "año": [(float("-inf"), -1)], "code": [("99", "99")]}


def test_blank_text_is_missing_and_nothing_else_is(sav: Path) -> None:
    frame = read_raw(sav, ["id", "code"]).frame
    assert frame["id"].isna().tolist() == [False, False, True, True, False]
    assert frame["id"].iloc[4] == " x"
    assert frame["code"].fillna("blank").tolist() == ["01", "1", "99", "blank", "02"]
    assert all(is_string_dtype(frame[name]) for name in frame)


def test_only_the_columns_asked_for_are_read_in_the_order_asked(sav: Path) -> None:
    raw = read_raw(sav, ["note", "id", "note"])
    assert list(raw.frame) == ["note", "id"]
    assert len(raw.columns) == 5
    assert set(raw.value_labels) == {"trabajo", "code"}


def test_a_description_has_everything_but_the_data(sav: Path) -> None:
    whole, described = read_raw(sav), describe(sav)
    assert described.frame.shape == (0, 0)
    for name in ("path", "columns", "rows", "sha256", "bytes", "variable_labels", "value_labels"):
        assert getattr(described, name) == getattr(whole, name)
    assert described.user_missing == whole.user_missing


def test_spss_dates_become_their_text(tmp_path: Path) -> None:
    path = tmp_path / "dates.sav"
    days = pd.DataFrame({"day": [date(1582, 10, 15), date(2021, 1, 1), None]})
    pyreadstat.write_sav(days, path)
    raw = read_raw(path)
    assert raw.dates == ("day",)
    assert raw.frame["day"].fillna("blank").tolist() == ["1582-10-15", "2021-01-01", "blank"]


def test_rows_are_counted_when_an_spss_file_does_not_say_how_many(sav: Path) -> None:
    content = bytearray(sav.read_bytes())
    content[80:84] = (-1).to_bytes(4, "little", signed=True)  # the number of cases in the header
    sav.write_bytes(content)
    assert describe(sav).rows == 5
    assert describe(sav).frame.shape == (0, 0)
    assert len(read_raw(sav, ["id"]).frame) == 5


def test_an_ending_in_capitals_is_the_same_ending(sav: Path) -> None:
    assert read_raw(sav.rename(sav.with_suffix(sav.suffix.upper()))).rows == 5


CSV_TEXT = """id,isco,age,weight,big,said,flag,none
1,0110,25,1.5,12345678901234567,Sí,TRUE,
2,6111,NA,2,12345678901234568,"a ""b"", c",FALSE,
3,, 40 ,1e-05,1,"two
lines",,
4,9,., .25,2,"NA",TRUE,
5,10,-3,-0.5,3,NA,TRUE,
6,11,0,3.,4,,TRUE,
"""


def check_csv(path: Path, **options: Any) -> None:
    raw = read_raw(path, **options)
    frame = raw.frame
    assert raw.columns == ("id", "isco", "age", "weight", "big", "said", "flag", "none")
    assert (raw.rows, len(frame)) == (6, 6)
    assert frame["id"].dtype == "int8"
    assert frame["isco"].fillna("blank").tolist() == ["0110", "6111", "blank", "9", "10", "11"]
    np.testing.assert_array_equal(frame["age"], [25, np.nan, 40, np.nan, -3, 0])
    np.testing.assert_array_equal(frame["weight"], [1.5, 2, 1e-05, 0.25, -0.5, 3])
    assert frame["big"].tolist()[:2] == ["12345678901234567", "12345678901234568"]
    said = ["Sí", 'a "b", c', "two\nlines", "NA", "blank", "blank"]  # a quoted NA is an answer
    assert frame["said"].fillna("blank").tolist() == said
    assert frame["flag"].fillna("blank").tolist() == ["TRUE", "FALSE", "blank", "TRUE", "TRUE", "TRUE"]
    assert frame["none"].dtype == "float64"
    assert frame["none"].isna().all()


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [("utf-8", None), ("utf-8-sig", None), ("windows-1252", "windows-1252"), ("utf-16", "utf-16")],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_csv_file_keeps_its_codes_and_gets_its_numbers(
    tmp_path: Path, encoding: str, declared: str | None, newline: str
) -> None:
    path = tmp_path / "survey.csv"
    head, rest = CSV_TEXT.split("two\nlines")
    path.write_bytes(newline.join((head + "two@lines" + rest).split("\n")).replace("@", "\n").encode(encoding))
    check_csv(path, encoding=declared)
    assert describe(path, encoding=declared).rows == 6


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_a_csv_file_may_be_separated_by_another_mark(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "survey.csv"
    path.write_text(f"a{delimiter}b\n1{delimiter}x,y\n2{delimiter}\n", encoding="utf-8")
    frame = read_raw(path, delimiter=delimiter).frame
    assert frame["a"].tolist() == [1, 2]
    assert frame["b"].iloc[0] == "x,y"


def test_a_csv_file_of_one_column_is_a_table_too(tmp_path: Path) -> None:
    path = tmp_path / "survey.csv"
    path.write_text("a\n1\n2", encoding="utf-8")
    assert read_raw(path).frame["a"].tolist() == [1, 2]


def test_encoding_of_columns_not_asked_for_is_no_hindrance(tmp_path: Path) -> None:
    path = tmp_path / "survey.csv"
    path.write_bytes("a,b\n1,ñ\n2,é\n".encode("windows-1252"))
    assert read_raw(path, ["a"]).frame["a"].tolist() == [1, 2]


def test_a_parquet_file_gives_numbers_and_text(tmp_path: Path) -> None:
    path = tmp_path / "survey.parquet"
    table = pa.table(
        {
            "whole": pa.array([1, 2, 3]),
            "holes": pa.array([1, None, 3]),
            "single": pa.array([0.5, None, 2], pa.float32()),
            "money": pa.array([1, 2, None]).cast(pa.decimal128(24, 2)),
            "yes": pa.array([True, False, None]),
            "text": pa.array(["ກ", " ", None]),
            "category": pa.array(["a", "", "b"]).dictionary_encode(),
            "a.b": pa.array([7, 8, 9]),
            "nothing": pa.nulls(3),
        }
    )
    pq.write_table(table, path)
    raw = read_raw(path, [*reversed(table.column_names)])
    frame = raw.frame
    assert raw.columns == tuple(table.column_names)
    assert list(frame) == [*reversed(table.column_names)]
    assert frame["whole"].dtype == "int8"
    for name, kind, values in [
        ("holes", "float32", [1, np.nan, 3]),
        ("single", "float64", [0.5, np.nan, 2]),
        ("money", "float32", [1, 2, np.nan]),
        ("yes", "float32", [1, 0, np.nan]),
        ("nothing", "float64", [np.nan] * 3),
    ]:
        assert frame[name].dtype == kind
        np.testing.assert_array_equal(frame[name], values)
    assert frame["text"].isna().tolist() == [False, True, True]
    assert frame["category"].fillna("blank").tolist() == ["a", "blank", "b"]
    assert frame["a.b"].tolist() == [7, 8, 9]
    assert describe(path).rows == 3


def test_a_parquet_file_written_with_an_index_keeps_it_as_a_column(tmp_path: Path) -> None:
    path = tmp_path / "survey.parquet"
    pd.DataFrame({"a": [1, 2]}, index=pd.Index(["x", "y"], name="key")).to_parquet(path)
    raw = read_raw(path)
    assert raw.columns == ("a", "key")
    assert raw.frame["key"].tolist() == ["x", "y"]


# Files that are not


def test_all_absent_columns_are_named_at_once(sav: Path) -> None:
    error = refusal(sav, ["TRABAJO", "id", "trabaho", "xyzzy"])
    assert error.code == ExitCode.DATA
    assert [problem.what for problem in error.problems] == [
        "there is no column `TRABAJO`",
        "there is no column `trabaho`",
        "there is no column `xyzzy`",
    ]
    capitals, near, far = error.problems
    assert capitals.place == str(sav)
    assert capitals.found == "5 columns, none with exactly this name"
    assert capitals.fix == "did you mean `trabajo`? capitals count"
    assert near.fix == "did you mean `trabajo`?"
    assert far.fix == "use one of id, trabajo, año, code, note"


def test_a_missing_file_says_where_it_was_looked_for(tmp_path: Path) -> None:
    (tmp_path / "Enemdu_2021q1.SAV").touch()
    (tmp_path / "README.md").touch()
    fix = "data_raw/README.md says where"
    refused(tmp_path / "enemdu_2021q2.sav", "is not there", f"looked in {tmp_path}, which holds Enemdu_2021q1.SAV", fix)
    refused(tmp_path / "other.csv", "is not there", "no file of a similar name", fix)
    refused(tmp_path / "no" / "a.sav", "is not there", f"there is no folder {tmp_path / 'no'}", fix)


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    folder = tmp_path / "survey.sav"
    folder.mkdir()
    refused(folder, "is a folder", "it holds nothing", "name the data file")
    (folder / "inner.sav").touch()
    refused(folder, "is a folder", "it holds inner.sav", "name the data file")


@contextmanager
def without_privilege() -> Iterator[None]:
    """Run as an ordinary user, whom file permissions bind."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions")
def test_a_file_that_may_not_be_read(tmp_path: Path, sav: Path) -> None:
    sav.chmod(0)
    with without_privilege(), pytest.raises(InformalityError) as refused:
        read_raw(sav)
    (problem,) = refused.value.problems
    assert refused.value.code == ExitCode.DATA_FILE
    assert (problem.what, problem.found) == ("the file cannot be opened", "Permission denied")
    assert "that you may read the file" in problem.fix


def test_a_path_through_a_file(sav: Path) -> None:
    with pytest.raises(InformalityError, match="cannot be opened"):
        read_raw(sav / "inner.sav")


@pytest.mark.parametrize("ending", READERS)
def test_an_empty_file(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"survey{ending}"
    path.touch()
    refused(path, "is empty", "0 bytes", "obtain the file again")


def test_an_ending_that_is_not_known(tmp_path: Path) -> None:
    path = tmp_path / "survey.xyz"
    path.write_text("a,b\n1,2\n")
    found = "its name ends in `.xyz` and it looks like text that begins with “a,b”"
    endings = ".sav, .zsav, .por, .dta, .sas7bdat, .xpt, .csv, .tsv, .txt, .dat, .dbf, .parquet, .rds, .rda, .rdata"
    refused(path, "is of a kind that is not read here", found, f"use one of {endings}, .zip, .gz")


def zipped(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("survey.sav", "x")


def written(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


FRAME = pd.DataFrame({"a": [1.0, 2.0]})
OTHER_KINDS: dict[str, tuple[Callable[[Path], object], str]] = {
    "zip": (zipped, "a zip archive"),
    "gzip": (lambda path: path.write_bytes(gzip.compress(b"a,b\n1,2\n")), "a gzip archive"),
    "stata": (lambda path: pyreadstat.write_dta(FRAME, path), "a Stata file"),
    "stata 8": (written(b"\x71\x02\x01\x00" + bytes(500)), "a Stata file"),
    "transport": (lambda path: pyreadstat.write_xport(FRAME, path), "a SAS transport file"),
    "sas": (written(bytes(12) + b"\xc2\xea\x81\x60\xb3\x14" + bytes(500)), "a SAS file"),
    "portable": (lambda path: pyreadstat.write_por(FRAME, path), "an SPSS portable file"),
    "locked": (written(b"\x1c\0\0\0\0\0\0\0ENCRYPTEDSAV\x15" + bytes(500)), "locked with a password"),
    "r": (written(b"RDX3\nX\n\0\0\0\3"), "an R data file"),
    "excel": (written(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500)), "an old Excel"),
    "pdf": (written(b"%PDF-1.7\n"), "a PDF document"),
    "login": (written(b"\r\n<!DOCTYPE html><html><title>Log in"), "a web page, as a site sends"),
    "lfs": (written(b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n"), "git-lfs"),
    "zeros": (written(bytes(4000)), "nothing but zeros"),
    "binary": (written(bytes(range(1, 200)) + bytes(9)), "a binary file of another kind"),
}
TEXT_KINDS: dict[str, tuple[Callable[[Path], object], str]] = {
    "text": (written("año,b\n1,2\n".encode()), "text that begins with “año,b”"),
    "spaces": (written(b"\n \n"), "text that begins with “”"),
    "windows": (written("año;b\n".encode("utf-16")), "text that begins with “año;b”"),
}


@pytest.mark.parametrize("kind", OTHER_KINDS)
@pytest.mark.parametrize("ending", [".sav", ".csv", ".parquet"])
def test_a_file_of_another_kind_is_recognised(tmp_path: Path, ending: str, kind: str) -> None:
    write, found = OTHER_KINDS[kind]
    path = tmp_path / "made"
    write(path)
    path = path.rename(tmp_path / f"survey{ending}")
    refused(path, f"is not what `{ending}` promises", found, "give it the ending that belongs to it")


@pytest.mark.parametrize("kind", TEXT_KINDS)
@pytest.mark.parametrize("ending", [".sav", ".zsav", ".parquet"])
def test_text_under_another_name_is_recognised(tmp_path: Path, ending: str, kind: str) -> None:
    write, found = TEXT_KINDS[kind]
    path = tmp_path / f"survey{ending}"
    write(path)
    refused(path, f"is not what `{ending}` promises", found, "convert it")


def test_formats_under_each_others_names(tmp_path: Path, sav: Path) -> None:
    table = tmp_path / "table.parquet"
    pq.write_table(pa.table({"a": [1]}), table)
    refused(table.rename(tmp_path / "t.sav"), "promises", "looks like a Parquet file", "convert it")
    refused(sav.rename(tmp_path / "t.csv"), "promises", "looks like an SPSS file", "convert it")


@pytest.mark.parametrize("kept", [4, 100, 175, 176, 300, 600, 0.5, 0.7, 0.9, -400, -40, -8, -1])
def test_an_spss_file_cut_short_is_refused(sav: Path, kept: float) -> None:
    content = sav.read_bytes()
    cut = content[: int(len(content) * kept) if isinstance(kept, float) else int(kept)]
    sav.write_bytes(cut)
    refused(sav, "is cut short or damaged", f"{len(cut):,} bytes; ", "obtain the file again")


def test_rows_that_a_reader_leaves_out_in_silence_are_missed(sav: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fewer_in_dict(*args: Any, **options: Any) -> Any:
        found, about = read_sav(*args, **options)
        return {name: values[:3] for name, values in found.items()}, about

    read_sav = pyreadstat.read_sav
    monkeypatch.setattr(readstat.pyreadstat, "read_sav", fewer_in_dict)
    refused(sav, "is cut short or damaged", "it announces 5 rows and holds 3", "obtain the file again", trusted=True)


def test_an_spss_file_in_another_encoding_than_declared(shared: Path) -> None:
    path = shared / "data/pry_ephc_2019q2_q4/Paraguay_T22019.SAV"
    fix = "declare the `encoding` it was written in"
    refused(path, "is not text in the encoding `utf-8`", "are no text in it", fix, encoding="utf-8")
    refused(path, "is not text in the encoding `klingon`", "no encoding has this name", fix, encoding="klingon")


def test_a_csv_file_in_another_encoding_than_declared(tmp_path: Path) -> None:
    path = tmp_path / "survey.csv"
    fix = "declare the `encoding` it was written in, often utf-8, windows-1252 or utf-16"
    path.write_bytes("a,b\n1,x\n2,ñ\n".encode("windows-1252"))
    refused(path, "in the encoding `utf-8`", r"the bytes b'\xf1' are no text in it", fix, encoding="utf-8")
    refused(path, "in the encoding `klingon`", "no encoding has this name", fix, encoding="klingon")
    path.write_bytes("año,b\n1,x\n".encode("windows-1252"))
    refused(path, "in the encoding `utf-8`", r"the bytes b'a\xf1o' are no text in it", fix, encoding="utf-8")
    path.write_bytes(b"a,b\n1,x\n2,\x81\n")  # a byte that windows-1252 leaves unused
    refused(path, "`windows-1252`", r"the bytes b'\x81' are no text in it", fix, encoding="windows-1252")
    path.write_bytes(b"a,b\n1,x\n")
    refused(
        path, "in the encoding `utf-16-le`", "its lines do not end where they should in it", fix, encoding="utf-16-le"
    )


def test_a_csv_file_with_ragged_rows(tmp_path: Path) -> None:
    path = tmp_path / "survey.csv"
    path.write_text("a,b\n1,2\n1,2,3\n\n4\n5,6\n")
    refused(
        path,
        "has rows with too many or too few cells",
        "2 of them; row 1 has 2 cells, row 3 has 3, row 4 has 1",
        "put quotation marks around text that holds `,`, or obtain the file again",
    )


def test_a_csv_file_cut_short(tmp_path: Path) -> None:
    path = tmp_path / "survey.csv"
    path.write_text("a,b,c\n1,2,3\n4,5")
    refused(path, "has rows with too many or too few cells", "row 3 has 2", "obtain the file again")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('a,b\n1,2\n3,"x\n5,6\n7,8\n', 3),  # to the end of the file
        ('a,b\n1,2\n3,"x\n5,6', 3),
        ('a,b\n1,"x\n5,6\n7,"8\n9,10\n', 2),  # to the next quotation mark
        ('a,b\n1,"x\n' + "5,6\n" * 400_000, 2),  # beyond what Arrow reads at once
    ],
    ids=["to the end", "no last newline", "to the next", "large"],
)
def test_a_quotation_mark_that_does_not_close_swallows_no_rows(tmp_path: Path, text: str, line: int) -> None:
    path = tmp_path / "survey.csv"
    path.write_text(text)
    found = f"in the row that begins on line {line} "
    refused(path, "has a quotation mark out of place", found, "close it, or write it twice")


def test_a_quotation_mark_within_text_is_text(tmp_path: Path) -> None:
    path = tmp_path / "survey.csv"
    path.write_text('a,b\n1,5" pipe\n2,x\n')
    assert read_raw(path).frame["b"].tolist() == ['5" pipe', "x"]


def test_columns_of_the_same_name(tmp_path: Path) -> None:
    path = tmp_path / "survey.csv"
    path.write_text("a,b,a,b,c\n1,2,3,4,5\n")
    refused(path, "has columns of the same name", "`a`, `b`", "a name of its own")
    path = tmp_path / "survey.parquet"
    pq.write_table(pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"]), path)
    refused(path, "has columns of the same name", "`a`", "a name of its own")


@pytest.mark.parametrize(("mark", "name"), [(";", ";"), ("\t", "tab"), ("|", "|")])
def test_a_csv_file_separated_by_another_mark_than_declared(tmp_path: Path, mark: str, name: str) -> None:
    path = tmp_path / "survey.csv"
    path.write_text(f"a{mark}b{mark}c\n1{mark}2,5{mark}3\n")
    refused(
        path,
        "is separated by another mark",
        f"split at `,` it has one column, and `{name}` occurs in its name",
        f"declare `{name}` as the delimiter",
    )
    path.write_text("a,b\n1,2\n")
    refused(path, "another mark", "split at `;`", "declare `,` as the delimiter", delimiter=";")


def test_a_csv_file_without_rows(tmp_path: Path) -> None:
    path = tmp_path / "survey.csv"
    path.write_text("a,b\n")
    refused(path, "has no rows", "2 columns and nothing below them", "obtain the file again")


@pytest.mark.parametrize("text", ["a,b", "\n\n"])
def test_a_csv_file_without_a_whole_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "survey.csv"
    path.write_text(text)
    refused(path, "is cut short or damaged", f"{len(text)} bytes; ", "obtain the file again")


def test_an_spss_file_without_rows(tmp_path: Path) -> None:
    path = tmp_path / "survey.sav"
    pyreadstat.write_sav(SURVEY.iloc[:0], path)
    refused(path, "has no rows", "5 columns and nothing below them", "obtain the file again")


@pytest.mark.parametrize("kept", [4, 12, 0.3, 0.6, -9, -5, -1])
def test_a_parquet_file_cut_short_is_refused(tmp_path: Path, kept: float) -> None:
    path = tmp_path / "survey.parquet"
    pq.write_table(pa.table({"a": list(range(500)), "b": ["x"] * 500}), path)
    content = path.read_bytes()
    cut = content[: int(len(content) * kept) if isinstance(kept, float) else int(kept)]
    path.write_bytes(cut)
    refused(path, "is cut short or damaged", f"{len(cut):,} bytes; ", "obtain the file again")


def test_a_parquet_file_damaged_within_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "survey.parquet"
    pq.write_table(pa.table({"a": list(range(5000))}), path)
    content = bytearray(path.read_bytes())
    content[4:200] = bytes(196)
    path.write_bytes(content)
    refused(path, "is cut short or damaged", "bytes; ", "obtain the file again")


# Real files


def test_ecuador_as_published(shared: Path) -> None:
    path = shared / "data/ecu_enemdu_2021q1/enemdu_persona_2021_01-03.sav"
    raw = read_raw(path, ["fexp", "secemp", "upm"])
    assert (raw.rows, len(raw.columns), raw.bytes) == (88_829, 146, 18_910_608)
    assert raw.sha256 == "b7c807f305c2225f86a8fac68eeffc89dcb11148c13706b99efcde80ff6c0ca0"
    assert raw.frame.shape == (88_829, 3)
    assert raw.frame.dtypes.astype(str).to_dict() == {"fexp": "float64", "secemp": "float32", "upm": "str"}
    # PROVENANCE.md: weights add to 17,735,720; 17,084 of 40,337 employed in the informal sector; 3,836 PSUs
    assert round(raw.frame["fexp"].sum()) == 17_735_720
    assert raw.frame["secemp"].notna().sum() == 40_337
    assert (raw.frame["secemp"] == 2).sum() == 17_084
    assert raw.frame["upm"].nunique() == 3_836
    assert raw.frame["upm"].iloc[0] == "010150000203"  # a code, its zero kept
    assert raw.value_labels["secemp"][3] == "Empleo Doméstico"


def test_ecuador_suggests_the_spelling_of_the_file(shared: Path) -> None:
    path = shared / "data/ecu_enemdu_2021q1/enemdu_persona_2021_01-03.sav"
    error = refusal(path, ["SECEMP", "p044f"])
    assert [problem.fix for problem in error.problems] == [
        "did you mean `secemp`? capitals count",
        "did you mean `p44f`?",
    ]


@pytest.mark.parametrize("share", [0.01, 0.5, 0.999])
def test_ecuador_cut_short_is_refused(shared: Path, tmp_path: Path, share: float) -> None:
    content = (shared / "data/ecu_enemdu_2021q1/enemdu_persona_2021_01-03.sav").read_bytes()
    path = tmp_path / "enemdu.sav"
    path.write_bytes(content[: int(len(content) * share)])
    refused(path, "is cut short or damaged", f"{path.stat().st_size:,} bytes; ", "obtain the file again")


def test_paraguay_in_its_own_encoding(shared: Path) -> None:
    raw = read_raw(shared / "data/pry_ephc_2019q2_q4/Paraguay_T42019.SAV", ["añoest", "FEX"])
    assert (raw.rows, len(raw.columns)) == (18_233, 148)
    assert raw.sha256 == "73ecd494a00ba92c29cef13b4bb740056eae09ae5d9f4772b91e8fc533087c20"
    assert round(raw.frame["FEX"].sum()) == 7_110_095
    assert raw.value_labels["añoest"][0] == "Sin Instrucción"


def test_uruguay_codes_keep_their_zeros(shared: Path) -> None:
    path = shared / "data/ury_ech_2018_sample/toy_ech_2018.csv"
    raw = read_raw(path, ["f72_2", "e27", "nomdpto"])
    assert (raw.rows, len(raw.columns), raw.bytes) == (1_294, 581, 3_110_362)
    with path.open(encoding="utf-8", newline="") as file:
        written = [row["f72_2"] for row in csv.DictReader(file)]
    assert any(code.startswith("0") for code in written)
    assert raw.frame["f72_2"].fillna("NA").tolist() == [code or "NA" for code in written]
    assert raw.frame["e27"].between(0, 120).all()


def test_the_readme_of_raw_files_gives_their_sizes_and_checksums(shared: Path) -> None:
    readme = Path(__file__).parents[2] / "data_raw" / "README.md"
    rows = re.findall(r"^\| (\S+) \| .* \| (\d+) \| (\w{64}) \|$", readme.read_text(encoding="utf-8"), flags=re.M)
    delivered = {path.name: path for path in (shared / "data").rglob("*")}
    assert len(rows) == 23
    for name, size, checksum in rows:
        assert (delivered[name].stat().st_size, sha256(delivered[name])) == (int(size), checksum), name


def test_a_full_stop_in_quotation_marks_is_an_answer(tmp_path: Path) -> None:
    path = tmp_path / "survey.csv"
    path.write_text('a,b\n1,"."\n.,x\n')
    frame = read_raw(path).frame
    assert frame["b"].tolist() == [".", "x"]
    np.testing.assert_array_equal(frame["a"], [1, np.nan])


def test_a_file_in_two_byte_characters_cut_short(tmp_path: Path) -> None:
    path = tmp_path / "survey.csv"
    content = "año,b\n1,x\n2,y\n".encode("utf-16")
    path.write_bytes(content[:-1])
    refused(path, "is cut short or damaged", "bytes; ", "obtain the file again")
    path.write_bytes(content[:9])
    refused(path, "is cut short or damaged", "bytes; ", "obtain the file again")


def test_names_of_encodings_may_be_spelt_in_any_way(tmp_path: Path) -> None:
    path = tmp_path / "survey.csv"
    path.write_bytes('a,b\n1,งาน\n2,"x\n3,y\n'.encode("cp874"))
    refused(path, "has a quotation mark out of place", "on line 3", "close it", encoding="windows-874")
    path.write_bytes("a,b\n1,งาน\n".encode("cp874"))
    assert read_raw(path, encoding="windows-874").frame["b"].tolist() == ["งาน"]
    path.write_bytes("a,b\n1,ñ\n".encode("utf-16-be"))
    assert read_raw(path, encoding="UTF_16BE").frame["b"].tolist() == ["ñ"]
