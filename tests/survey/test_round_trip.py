"""What a reader gives back is what was written, in every format: labels in three scripts, missing codes, dates.

Authorities: one small survey, written here by pyreadstat, Arrow, Python's csv and hand-made bytes, and by R's haven for
the two formats that none of them writes (stored below, with the R code that made them; the same code is run again
where Rscript is installed). Expected values are the ones written.
"""

from __future__ import annotations

import base64
import csv
import gzip
import lzma
import shutil
import struct
import subprocess
import zipfile
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat
import pytest

from informality.foundation import tagged
from informality.survey.gather import joined, narrow
from informality.survey.rawfile import RawFile
from informality.survey.readers import describe, read_raw

LONG = "muy larga · ຍາວຫຼາຍ · طويل " * 30  # 810 characters
SURVEY = pd.DataFrame(
    {
        "idp": ["01", "02", "1", "", "   "],
        "trabaja": [1.0, 2.0, 98.0, 99.0, np.nan],
        "mitad": [2.5, 1.0, np.nan, 2.5, 1.0],
        "peso": [1234.5678901, 0.1, 1e-05, 3.0, 70000.0],
        "codigo": [111101.0, 5.0, 40000.0, 1.0, 2.0],
        "nota": ["ກຂຄ ແມ່ນ", "ñandú", "مرحبا", "", LONG],
        "dia": [date(2021, 3, 31), None, date(1950, 2, 3), date(2000, 2, 29), date(1960, 1, 1)],
    }
)
VARIABLE_LABELS = {"trabaja": "ທ່ານເຮັດວຽກບໍ່?", "mitad": "La mitad", "nota": "ملاحظة", "peso": "Factor de expansión"}
CODES = {1: "ແມ່ນ", 2: "otro", 3: "otro", 98: "لا أعرف", 99: "Rehúsa contestar"}
VALUE_LABELS = {"trabaja": CODES, "mitad": {2.5: "dos y medio"}}
DATES = ["2021-03-31", "blank", "1950-02-03", "2000-02-29", "1960-01-01"]


def check(raw: RawFile, *, labels: bool, missing: bool = False, text: Sequence[str] | None = None) -> None:
    """The survey came back: every value, every label, every code declared missing, in the file's order."""
    frame = raw.frame
    assert (raw.rows, len(frame)) == (5, 5)
    assert raw.columns == tuple(SURVEY)
    assert frame["idp"].fillna("blank").tolist() == ["01", "02", "1", "blank", "blank"]
    np.testing.assert_array_equal(frame["trabaja"], SURVEY["trabaja"])
    np.testing.assert_array_equal(frame["mitad"], SURVEY["mitad"])
    np.testing.assert_array_equal(frame["peso"], SURVEY["peso"])
    assert frame["codigo"].dtype == "int32" and frame["codigo"].tolist() == SURVEY["codigo"].tolist()
    assert frame["trabaja"].dtype == "float32" and frame["peso"].dtype == "float64"
    expected = text or ["ກຂຄ ແມ່ນ", "ñandú", "مرحبا", "blank", LONG]
    assert [t.rstrip() for t in frame["nota"].fillna("blank")] == [t.rstrip() for t in expected]
    assert frame["dia"].fillna("blank").tolist() == DATES
    assert "dia" in raw.dates
    assert raw.variable_labels == (VARIABLE_LABELS if labels else {})
    assert raw.value_labels == (VALUE_LABELS if labels else {})
    assert raw.user_missing == ({"trabaja": [(99, 100), (98, 98)]} if missing else {})
    assert describe(raw.path).rows == 5
    part = read_raw(raw.path, ["dia", "trabaja"])
    assert list(part.frame) == ["dia", "trabaja"]
    pd.testing.assert_frame_equal(part.frame, frame[["dia", "trabaja"]])


SPSS = {
    "column_labels": VARIABLE_LABELS,
    "variable_value_labels": VALUE_LABELS,
    "missing_ranges": {"trabaja": [98, {"lo": 99, "hi": 100}]},
}


@pytest.mark.parametrize("trusted", [True, False], ids=["here", "in a process of its own"])
@pytest.mark.parametrize(
    ("name", "how"), [("p.sav", {}), ("rows.sav", {"row_compress": True}), ("whole.zsav", {"compress": True})]
)
def test_spss(tmp_path: Path, name: str, how: dict[str, bool], trusted: bool) -> None:
    path = tmp_path / name
    pyreadstat.write_sav(SURVEY, path, **SPSS, **how)
    raw = read_raw(path, trusted=trusted)
    check(raw, labels=True, missing=True)
    assert raw.sources[0].encoding.source == "file" and raw.sources[0].encoding.name == "UTF-8"
    assert not raw.warnings


def test_spss_labels_as_long_as_the_format_allows(tmp_path: Path) -> None:
    path = tmp_path / "long.sav"
    label, value = "ñ" * 127, "ຍ" * 40  # 254 and 120 bytes
    frame = pd.DataFrame(
        {"a": [1.0], "un_nombre_de_columna_muy_largo_que_ocupa_sesenta_y_cuatro_bytes": ["x" * 20_000]}
    )
    pyreadstat.write_sav(frame, path, column_labels=[label, "b"], variable_value_labels={"a": {1: value}})
    raw = read_raw(path)
    assert (raw.variable_labels["a"], raw.value_labels["a"][1]) == (label, value)
    assert raw.frame.iloc[0, 1] == "x" * 20_000


@pytest.mark.parametrize("version", [15, 14, 13])
def test_stata(tmp_path: Path, version: int) -> None:
    path = tmp_path / "p.dta"
    pyreadstat.write_dta(
        SURVEY, path, version=version, column_labels=VARIABLE_LABELS,
        variable_value_labels={"trabaja": CODES, "mitad": {}}, variable_format={"dia": "%td"},
    )  # fmt: skip
    raw = read_raw(path)
    raw.value_labels["mitad"] = {2.5: "dos y medio"}  # Stata labels whole numbers only
    check(raw, labels=True)


def test_stata_as_pandas_writes_it(tmp_path: Path) -> None:
    path = tmp_path / "pandas.dta"
    frame = SURVEY[["trabaja", "codigo"]].assign(
        cuando=pd.to_datetime(
            ["2021-03-31 08:30:00", None, "1950-02-03", "2000-02-29 23:59:59.250", "1960-01-01"], format="ISO8601"
        )
    )
    frame.to_stata(
        path, write_index=False, version=114, convert_dates={"cuando": "tc"}, value_labels={"trabaja": {1: "sí"}}
    )
    raw = read_raw(path)
    cuando = ["2021-03-31T08:30:00", "blank", "1950-02-03", "2000-02-29T23:59:59.250", "1960-01-01"]
    assert raw.frame["cuando"].fillna("blank").tolist() == cuando
    assert raw.value_labels == {"trabaja": {1: "sí"}}
    assert raw.sources[0].encoding.name == "windows-1252"


def letters(raw: RawFile, name: str) -> str:
    found = tagged.letters_of(raw.frame[name].to_numpy())
    return "" if found is None else "".join(chr(c) if c else "-" for c in found)


def test_stata_letters_for_missing_values_stay_apart(tmp_path: Path) -> None:
    path = tmp_path / "letters.dta"
    frame = pd.DataFrame({"a": [1.0, np.nan, "a", "z", 3.0], "b": [1.0, 2.0, 3.0, 4.0, np.nan]})
    labels = {"a": {1: "sí", "a": "rehúsa", "z": "otro"}}
    pyreadstat.write_dta(frame, path, missing_user_values={"a": ["a", "z"]}, variable_value_labels=labels)
    for trusted in (True, False):
        raw = read_raw(path, trusted=trusted)
        assert letters(raw, "a") == "--az-" and letters(raw, "b") == ""
        np.testing.assert_array_equal(raw.frame["a"], [1, np.nan, np.nan, np.nan, 3])
        assert raw.value_labels == {"a": {1: "sí", ".a": "rehúsa", ".z": "otro"}}


def test_portable(tmp_path: Path) -> None:
    path = tmp_path / "p.por"
    frame = SURVEY.assign(nota=["abc", "n", "", "", "x y"]).rename(columns=str.upper)
    pyreadstat.write_por(frame, path, column_labels={"TRABAJA": "Trabaja"}, variable_format={"DIA": "DATE11"})
    raw = read_raw(path)
    assert raw.columns == tuple(name.upper() for name in SURVEY)
    np.testing.assert_array_equal(raw.frame["TRABAJA"], SURVEY["trabaja"])
    np.testing.assert_allclose(raw.frame["PESO"], SURVEY["peso"], rtol=1e-12)  # written in base 30
    assert raw.frame["NOTA"].fillna("blank").tolist() == ["abc", "n", "blank", "blank", "x y"]
    assert raw.frame["DIA"].fillna("blank").tolist() == DATES
    assert raw.variable_labels == {"TRABAJA": "Trabaja"}
    assert describe(path).rows == 5  # the file does not say


# GNU PSPP 1.6.2: DATA LIST LIST /a b. VALUE LABELS a 1 'si' 9 'NS'. MISSING VALUES a (9). EXPORT OUTFILE='p.por'.
PORTABLE = (
    r"T>t<81poj4|NsC0{{SGA#AyRz?y<#tJB|VlJ@*%X=}PhIzFIw*SN-@c`x&j-aE~B#YraZj*~_G?Qm$AbS-}vd&4x-"
    r"N>c|D3{8K7g7yrDVV#4pO5{!8ixQ2d_dzx8U_7@VYb;VpYW&|&e`Brdw>@vT^FA>q&e8WxH&|Mv4oK<cZpD$-"
    r"A|HJ0K*!yT|*%cG+oS~Jk&RRuQ1?6eFn^DfsZ>9tPNhc3CcptA|59ZzrK_1F$boM9=Zlh#a*E<#*$L8$USx>n~iSe6n_|N~WfHLr+w7k*we>XS"
    r"Nva-e9(23)s$@kGmhGkPDsAVM*N&qEF=c}aJU#fmkN2?;9{G$=jQZXWq(wT{|eQ6&1sg&>"
)


def test_portable_values_declared_missing_stay_values(tmp_path: Path) -> None:
    path = tmp_path / "pspp.por"
    path.write_bytes(stored(PORTABLE))
    raw = read_raw(path)
    np.testing.assert_array_equal(raw.frame["A"], [1, 2, 9])
    assert raw.user_missing == {"A": [(9, 9)]}
    assert raw.value_labels == {"A": {1: "si", 9: "NS"}}


def test_transport(tmp_path: Path) -> None:
    path = tmp_path / "p.xpt"
    frame = SURVEY.assign(nota=["ກຂຄ", "ñandú", "مرحبا", "", "x"])
    pyreadstat.write_xport(frame, path, column_labels=VARIABLE_LABELS, variable_format={"dia": "DATE9"})
    raw = read_raw(path)
    np.testing.assert_array_equal(raw.frame["trabaja"], SURVEY["trabaja"])
    np.testing.assert_allclose(raw.frame["peso"], SURVEY["peso"], rtol=1e-15)  # IBM's floats
    assert raw.frame["nota"].fillna("blank").tolist() == ["ກຂຄ", "ñandú", "مرحبا", "blank", "x"]
    assert raw.frame["dia"].fillna("blank").tolist() == DATES
    assert raw.variable_labels == VARIABLE_LABELS
    assert raw.sources[0].encoding.source == "letters"  # a transport file does not say


def test_transport_letters_for_missing_values_stay_apart(tmp_path: Path) -> None:
    path = tmp_path / "letters.xpt"
    pyreadstat.write_xport(pd.DataFrame({"a": [1.0, np.nan, 7.0, 3.0]}), path, file_format_version=5)
    content = path.read_bytes()
    seven = bytes.fromhex("4170000000000000")  # 7 as an IBM float; SAS writes .A as the letter and zeros
    assert content.count(seven) == 1
    path.write_bytes(content.replace(seven, b"A" + bytes(7)))
    raw = read_raw(path)
    assert letters(raw, "a") == "--A-"


R_CODE = """
library(haven)
d <- data.frame(id=c("01","02","1",NA,""), stringsAsFactors=FALSE)
d$status <- labelled_spss(c(1,2,98,99,NA), labels=c("ແມ່ນ"=1,"otro"=2,"No sabe"=98,"Rehúsa"=99),
                          na_values=98, na_range=c(99,100), label="ທ່ານເຮັດວຽກບໍ່?")
d$why <- labelled(c(1,tagged_na("a"),2,tagged_na("z"),NA), labels=c("uno"=1,"rehúsa"=tagged_na("a")))
d$half <- labelled(c(2.5,1,NA,2.5,1), labels=c("a half"=2.5))
d$note <- c("ກຂຄ","ñandú","مرحبا","","   ")
d$sex <- factor(c("mujer","hombre",NA,"mujer","hombre"), levels=c("hombre","mujer"))
d$day <- as.Date(c("2021-03-31",NA,"1950-02-03","2000-02-29","1960-01-01"))
d$at <- as.POSIXct(c("2021-03-31 08:30:00","2021-03-31 00:00:00",NA,"1999-12-31 23:59:59","1970-01-01 00:00:00"), tz="UTC")
d$yes <- c(TRUE,FALSE,NA,TRUE,TRUE)
d$seq <- 1:5
d$big <- c(2147483647L,-5L,NA,0L,1L)
attr(d$seq,"label") <- "número"
latin <- "ni\\xf1o"; Encoding(latin) <- "latin1"
d$latin <- c(latin,"x","y","z",latin)
attr(d,"spec") <- list(f=function(x) x+1, e=new.env(), q=quote(a+b), g=globalenv(), n=asNamespace("stats"), r=as.raw(1:3), c=1i)
"""
SAS_CODE = """
s <- d[,c("id","half","note","day","at")]; s$half <- as.numeric(s$half)
attr(s$note,"label") <- "Observación"
write_sas(s,"fix.sas7bdat")
"""
# save(d, file = "one.rda") and the above write_sas, by R 4.2.2 with haven 2.5.1
R_BYTES = (
    r"T>t<81poj4|NsC0{{Sfw2UKVg<Ze>RpfklJUb}0Y*Nam(57p9}vK1-"
    r"^1o+4Z^W|_8wMD=l_tR_ZBa&lia*KUBa~b~w8tu?j2?ro6A728gI>Y^Jp|Mp*QU2u~<-"
    r"W(V47s>wke@GeUHGNkj%C`_HtB!Zg&cLtX$OG#|2>JKvj*BdL3ZdmQhAwNHD5i56>)J#R{%b;byYofOD59Mj_7uYq28WR2rsJah_xzmhiVaszL"
    r"*Q{SV{DM3lx`u(&E<AZ$-YrXKqm;Ze{!Q*%zWC%Hi-|<vphgD;V;k<ve?o!o-"
    r")698(R#P_Va3tC5+9tsR=@XH1={db%s>6JPf~`X{(OVourl`t7#u(028yha$@TMgJWfm-m=#AYP`>ML~IwLvHDn8#dvd!7H!-"
    r"U~clX{}&ty+}8n@E{o2{n>OnEw+2G!a<61tr^FXw9>Ei-Ifz@%5%E@9<HRP$8#-"
    r"&U)Vd4r6I$_o?5Sbn19b~CEyEGTyZe2ZWEN1FL2tUS!B|Rv^bi5-$n$KhZT1}k#4^xc0H#z!H<t?dJ2(P>tw1B5QaFs$P2~*^2DbU8@kVLl-"
    r"b#yFhzxMjz~_a43ikhK%pKKFaE3=K1%RW-UL1-"
    r"seB4*>#eV)F=4WMd7etd`ssg4{fqvMMbq3H5LRrsk1bSGhgQm|WsMwmnDunowA#RokrQNaf>vu=veTpFsPK@Ows3QsQr8#NYME|84qxP^W8*Ry"
    r"wGEl`gQ>8PNoolPxeU{^hw~rw8@Ka4C;bpMev{}L;u>p?zJ3Q(!cY_6P1@hosIbe8m9&4ePOy$=lBMWo%Hdbt^Y`GQL0)DzaJm1N{=F<;O(YQ*"
    r"mCbgt?Z0zqRF4#^NQAH_ZMVT!#_-f4uvEO9<*bf14BydI_J-"
    r";K*C@Pg^wtcQ)23rX0De6ycb2055nSMpi{+UE1B!_;1R!Qt6_J4}2kGN)d@zd9!09#a%w9kR|#u(L3Rq+XEt*S0Kt?#X4YSd`m+++PP`DX"
)
SAS_BYTES = (
    r"T>t<81poj4|NsC0{{R4NR-Ho5@k=<=F7xYNq(CgTXeM6mw83-"
    r"z*UAhiL<cDiz0kd&lTkk*fdVQ05uZ1_ZOL3A+ubSYHD;*%oMVKx1kR08`?F=GvvRJ&nG0pDE#wiliM#b;Q<7okx^wT2Ua|c(<Q7esYZVVwh9v|"
    r"y@n+I)_DHx6#zFu>K>X={ULJp?V7HGJ0Rx6jz@*tIx01F_N`zx{sQKv0<WqPL#)^EB>h$B=6<H@}N%1fuLehNhfcX#mgN&h-"
    r"8R~I>K&?<#>I21|^2hr8syTzd@~{d4pp=x@x3qB+u%WqSg3!Dc>6G=RR$1YQfExh6P|ty?a?m+6t08GKBFGLypjwiWi?+>W(d@M5?=u}_QL6?~"
    r"7%IANi)zz|3SY^2A~Rk(iSr4!OTmb0^l@!5(wQj!HT<Y9mVMW1^tvKEMJp9QukCpK$0a*tjk23RTx(rL14=ZE_<l6ZulEEe`em!^_rjX7d=f3b"
    r"3#@%?lK4ND$Og6cLWNf5mO&-1?*Qm0^F!;n*ZjZGry;#hYiwS3F!IK}L@WLY#rp#&2@gVx{N%V}I*u1ZvTiH8e`amSltApHAt`3P0T^_qzyI-"
    r"BfSL"
)


def stored(text: str) -> bytes:
    return lzma.decompress(base64.b85decode(text))


def check_r(raw: RawFile) -> None:
    frame = raw.frame
    assert frame["id"].fillna("blank").tolist() == ["01", "02", "1", "blank", "blank"]
    np.testing.assert_array_equal(frame["status"], [1, 2, 98, 99, np.nan])
    assert raw.value_labels["status"] == {1: "ແມ່ນ", 2: "otro", 98: "No sabe", 99: "Rehúsa"}
    assert raw.user_missing == {"status": [(99, 100), (98, 98)]}
    assert letters(raw, "why") == "-a-z-"
    np.testing.assert_array_equal(frame["why"], [1, np.nan, 2, np.nan, np.nan])
    assert raw.value_labels["why"] == {1: "uno", ".a": "rehúsa"}
    assert raw.value_labels["half"] == {2.5: "a half"}
    assert frame["note"].fillna("blank").tolist() == ["ກຂຄ", "ñandú", "مرحبا", "blank", "blank"]
    assert frame["sex"].fillna("blank").tolist() == ["mujer", "hombre", "blank", "mujer", "hombre"]
    assert frame["day"].fillna("blank").tolist() == DATES
    at = ["2021-03-31T08:30:00Z", "2021-03-31", "blank", "1999-12-31T23:59:59Z", "1970-01-01"]
    assert frame["at"].fillna("blank").tolist() == at
    np.testing.assert_array_equal(frame["yes"], [1, 0, np.nan, 1, 1])
    assert frame["seq"].tolist() == [1, 2, 3, 4, 5] and frame["seq"].dtype == "int8"
    np.testing.assert_array_equal(frame["big"], [2147483647, -5, np.nan, 0, 1])
    assert frame["latin"].tolist() == ["niño", "x", "y", "z", "niño"]
    assert raw.variable_labels == {"status": "ທ່ານເຮັດວຽກບໍ່?", "seq": "número"}
    assert raw.dates == ("day", "at")


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress, bytes], ids=["gzip", "xz", "plain"])
def test_r(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "one.rda"
    path.write_bytes(pack(stored(R_BYTES)))
    check_r(read_raw(path))
    assert list(read_raw(path, ["note", "id"]).frame) == ["note", "id"]


def check_sas(raw: RawFile) -> None:
    frame = raw.frame
    assert frame["id"].fillna("blank").tolist() == ["01", "02", "1", "blank", "blank"]
    np.testing.assert_array_equal(frame["half"], [2.5, 1, np.nan, 2.5, 1])
    assert frame["note"].fillna("blank").tolist() == ["ກຂຄ", "ñandú", "مرحبا", "blank", "blank"]
    assert frame["day"].fillna("blank").tolist() == DATES
    at = ["2021-03-31T08:30:00", "2021-03-31", "blank", "1999-12-31T23:59:59", "1970-01-01"]
    assert frame["at"].fillna("blank").tolist() == at
    assert raw.variable_labels == {"note": "Observación"}
    assert raw.dates == ("day", "at")


def test_sas(tmp_path: Path) -> None:
    path = tmp_path / "p.sas7bdat"
    path.write_bytes(stored(SAS_BYTES))
    check_sas(read_raw(path))
    assert describe(path).rows == 5


def test_sas_letters_for_missing_values_stay_apart(tmp_path: Path) -> None:
    path = tmp_path / "p.sas7bdat"
    content = stored(SAS_BYTES)
    missing = bytes(5) + b"\xd1\xf8\x7f"  # the complement of a full stop; for .B it is that of the letter
    assert content.count(missing) == 3  # the day of the second row, half and time of the third
    at = content.index(missing, content.index(missing) + 1)
    path.write_bytes(content[:at] + missing.replace(b"\xd1", bytes([0xFF ^ ord("B")])) + content[at + 8 :])
    assert letters(read_raw(path, ["half"]), "half") == "--B--"


@pytest.mark.skipif(shutil.which("Rscript") is None, reason="R is not installed")
def test_r_and_sas_as_r_writes_them_now(tmp_path: Path) -> None:
    code = R_CODE.replace("\\\\", "\\") + 'saveRDS(d,"new.rds"); save(d,file="new.rda",version=2)\n' + SAS_CODE
    (tmp_path / "make.R").write_text(code, encoding="utf-8")
    made = subprocess.run(
        ["Rscript", "--encoding=UTF-8", "make.R"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    if "no package called" in made.stderr:
        pytest.skip("R has no haven")
    assert made.returncode == 0, made.stderr
    check_r(read_raw(tmp_path / "new.rds"))
    check_r(read_raw(tmp_path / "new.rda"))
    check_sas(read_raw(tmp_path / "fix.sas7bdat"))


# Text


def as_text(delimiter: str = ",", columns: Sequence[str] = tuple(SURVEY), decimal: str = ".") -> str:
    lines = [delimiter.join(columns)]
    for row in SURVEY[list(columns)].itertuples(index=False):
        cells = [
            "" if pd.isna(v) else f"{v:.12g}".replace(".", decimal) if isinstance(v, float) else str(v) for v in row
        ]
        lines.append(delimiter.join(f'"{cell}"' if delimiter in cell else cell for cell in cells))
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(("name", "delimiter"), [("p.csv", ","), ("p.tsv", "\t")])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_tables_of_text(tmp_path: Path, name: str, delimiter: str, encoding: str) -> None:
    path = tmp_path / name
    path.write_bytes(as_text(delimiter).encode(encoding))
    raw = read_raw(path)
    assert raw.frame["dia"].fillna("blank").tolist() == DATES
    object.__setattr__(raw, "dates", ("dia",))  # a table of text does not say what a date is
    check(raw, labels=False)
    assert raw.sources[0].encoding.name == "UTF-8"


def test_a_table_with_decimal_commas(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text(as_text(";", decimal=","), encoding="utf-8")
    frame = read_raw(path, delimiter=";", decimal=",").frame
    np.testing.assert_array_equal(frame["peso"], SURVEY["peso"])
    np.testing.assert_array_equal(frame["mitad"], SURVEY["mitad"])
    assert pd.api.types.is_string_dtype(read_raw(path, delimiter=";").frame["peso"])


def test_parquet(tmp_path: Path) -> None:
    path = tmp_path / "p.parquet"
    pq.write_table(pa.Table.from_pandas(SURVEY, preserve_index=False), path)
    check(read_raw(path), labels=False)


def test_parquet_identifiers_are_not_rounded(tmp_path: Path) -> None:
    path = tmp_path / "p.parquet"
    moments = pd.to_datetime(["2021-03-31 08:30:00.5", "2021-03-31", None], format="ISO8601")
    pq.write_table(
        pa.table(
            {
                "long": pa.array([12345678901234567, None, 12345678901234568]),
                "local": pa.array(moments),
                "zoned": pa.array(moments).cast(pa.timestamp("us", "UTC")),
                "day": pa.array([date(2021, 3, 31), None, date(1800, 1, 1)]),
            }
        ),
        path,
    )
    raw = read_raw(path)
    assert raw.frame["long"].fillna("blank").tolist() == ["12345678901234567", "blank", "12345678901234568"]
    assert raw.frame["local"].fillna("blank").tolist() == ["2021-03-31T08:30:00.500000", "2021-03-31", "blank"]
    assert raw.frame["zoned"].fillna("blank").tolist() == [
        "2021-03-31T08:30:00.500000Z",
        "2021-03-31T00:00:00Z",
        "blank",
    ]
    assert raw.frame["day"].fillna("blank").tolist() == ["2021-03-31", "blank", "1800-01-01"]
    assert raw.dates == ("local", "zoned", "day")


DBF_FIELDS = [("idp", "C", 5, 0), ("trabaja", "N", 4, 0), ("mitad", "N", 6, 2), ("peso", "F", 20, 10), ("codigo", "N", 10, 0),
              ("nota", "C", 1500 % 256, 1500 // 256), ("dia", "D", 8, 0)]  # fmt: skip


def dbf(
    rows: list[list[bytes]], fields: Sequence[tuple[str, str, int, int]], driver: int = 0, deleted: Sequence[int] = ()
) -> bytes:
    """A dBase table, by the format's description; cells are filled up with spaces."""
    widths = [width + 256 * decimals if kind == "C" else width for _, kind, width, decimals in fields]
    head = struct.pack("<4BIHH", 3, 121, 3, 31, len(rows), 33 + 32 * len(fields), 1 + sum(widths)).ljust(29, b"\0")
    head += bytes([driver, 0, 0])
    for name, kind, width, decimals in fields:
        head += (
            name.encode("latin-1").ljust(11, b"\0") + kind.encode() + bytes(4) + bytes([width, decimals]) + bytes(14)
        )
    body = b"".join(
        (b"*" if i in deleted else b" ") + b"".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for i, row in enumerate(rows)
    )
    return head + b"\r" + body + b"\x1a"


def dbf_rows(encoding: str) -> list[list[bytes]]:
    table = list(csv.reader(as_text().splitlines()))[1:]
    return [
        [cell.replace("-", "").encode() if i == 6 else cell.encode(encoding) for i, cell in enumerate(row)]
        for row in table
    ]


def test_dbase(tmp_path: Path) -> None:
    path = tmp_path / "P.DBF"
    path.write_bytes(dbf(dbf_rows("utf-8"), DBF_FIELDS))
    raw = read_raw(path)
    check(raw, labels=False)
    assert raw.sources[0].encoding.source == "letters"


@pytest.mark.parametrize(
    ("encoding", "driver", "source", "warned"),
    [
        ("windows-1252", 3, "file", False),
        ("cp850", 2, "file", False),
        ("cp850", 0, "letters", True),  # says nothing
        ("cp850", 3, "letters", True),  # says windows-1252, as Windows writes for a table made in DOS
        ("windows-1252", 2, "letters", True),
        ("utf-8", 3, "letters", True),
    ],
)
def test_dbase_in_the_encodings_of_its_time(
    tmp_path: Path, encoding: str, driver: int, source: str, warned: bool
) -> None:
    path = tmp_path / "p.dbf"
    words = ["ocupación", "niñez", "sí", "Ámbito", "años"]
    path.write_bytes(
        dbf(
            [[w.encode(encoding), b"T"] for w in words],
            [("año".encode(encoding).decode("latin-1"), "C", 12, 0), ("l", "L", 1, 0)],
            driver,
        )
    )
    raw = read_raw(path)
    assert raw.columns == ("año", "l")
    assert raw.frame["año"].tolist() == words
    assert raw.frame["l"].tolist() == [1] * 5
    assert raw.sources[0].encoding.source == source
    assert bool(raw.warnings) == warned
    if warned:
        assert (
            raw.sources[0].encoding.name
            == {"windows-1252": "windows-1252", "cp850": "cp850", "utf-8": "UTF-8"}[encoding]
        )


def test_dbase_rows_marked_as_deleted_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "p.dbf"
    path.write_bytes(dbf([[b"1"], [b"2"], [b"****"], [b"4"]], [("n", "N", 4, 0)], deleted=[1]))
    raw = read_raw(path)
    np.testing.assert_array_equal(raw.frame["n"], [1, np.nan, 4])
    assert raw.rows == 3
    assert [rows for _, _, rows in raw.account] == [4, -1]
    (stars,) = raw.warnings
    assert (stars.what, stars.count) == ("numbers are too long for their column, so the file has stars for them", 1)


LAYOUT = """\
name,start,width,type,label
idp,1,3,text,Persona
trabaja,4,4,,
mitad,8,4,number,
peso,12,16,number,
codigo,28,8,,
nota,36,{nota},text,ملاحظة
dia,{dia},10,text,
"""


def fixed(width: int, pad: Callable[[str, int], bytes], newline: bytes = b"\n") -> bytes:
    lines = []
    for row in csv.reader(as_text().splitlines()[1:]):
        lines.append(b"".join(pad(cell, w) for cell, w in zip(row, [3, 4, 4, 16, 8, width, 10], strict=True)))
    return newline.join(lines) + newline


@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
@pytest.mark.parametrize("unit", ["bytes", "characters"])
def test_fixed_width(tmp_path: Path, unit: str, newline: bytes) -> None:
    """Positions count bytes where all lines have as many bytes, else characters where they have as many of those."""
    by_bytes = unit == "bytes"
    width = 1500 if by_bytes else 820
    path, layout = tmp_path / "p.txt", tmp_path / "layout.csv"
    pad = (lambda c, w: c.encode().ljust(w)) if by_bytes else (lambda c, w: c.ljust(w).encode())
    path.write_bytes(fixed(width, pad, newline))
    layout.write_text(LAYOUT.format(nota=width, dia=36 + width), encoding="utf-8")
    raw = read_raw(path, layout=layout)
    assert raw.variable_labels == {"idp": "Persona", "nota": "ملاحظة"}
    frame = raw.frame
    assert frame["idp"].fillna("blank").tolist() == ["01", "02", "1", "blank", "blank"]
    np.testing.assert_array_equal(frame["trabaja"], SURVEY["trabaja"])
    np.testing.assert_array_equal(frame["peso"], SURVEY["peso"])
    assert frame["nota"].fillna("blank").tolist() == ["ກຂຄ ແມ່ນ", "ñandú", "مرحبا", "blank", LONG.strip()]
    assert frame["dia"].fillna("blank").tolist() == DATES
    assert describe(path, layout=layout).rows == 5


def test_fixed_width_with_decimals_that_are_not_written(tmp_path: Path) -> None:
    """As SAS's informat w.d: a point in the cell wins over the layout."""
    path, layout = tmp_path / "p.dat", tmp_path / "layout.csv"
    path.write_bytes(b"  12345x\n -12.50y\n       z\n      .w\n0000007v")  # the last line lacks its end
    layout.write_text("variable;begin;end;decimals\nmoney;1;7;2\nmark;8;8;\n")
    raw = read_raw(path, layout=layout)
    np.testing.assert_array_equal(raw.frame["money"], [123.45, -12.5, np.nan, np.nan, 0.07])
    assert raw.frame["mark"].tolist() == list("xyzwv")


# Packed


def test_archives(tmp_path: Path) -> None:
    inner = tmp_path / "p.sav"
    pyreadstat.write_sav(SURVEY, inner, **SPSS)
    path = tmp_path / "one.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("folder/", "")
        archive.write(inner, "folder/Encuesta año.sav")
        archive.writestr("__MACOSX/._x", "x")
    raw = read_raw(path)
    check(raw, labels=True, missing=True)
    assert (raw.path, raw.bytes) == (path, path.stat().st_size)
    assert raw.sources[0].file == "one.zip, Encuesta año.sav in it"
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("leeme.pdf", "x")
    assert read_raw(path, member="Encuesta año.sav").rows == read_raw(path, member="folder/Encuesta año.sav").rows == 5
    packed = tmp_path / "p.tsv.gz"
    packed.write_bytes(gzip.compress(as_text("\t").encode()))
    assert read_raw(packed).frame["nota"].iloc[1] == "ñandú"


# As small as exact


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2, 127], "int8"), ([-128, 0], "int8"), ([128], "int16"), ([-32769], "int32"), ([2.0**40], "int64"),
        ([1, np.nan], "float32"), ([32767, np.nan], "float32"), ([32768, np.nan], "float64"), ([0.5], "float64"),
        ([0.1, np.nan], "float64"), ([2.0**53], "float64"), ([np.inf], "float64"), ([np.nan], "float64"), ([], "float64"),
    ],
)  # fmt: skip
def test_numbers_are_as_small_as_they_can_be_exactly(values: list[float], kind: str) -> None:
    given = np.array(values, dtype=float)
    small = narrow(given)
    assert small.dtype == kind
    np.testing.assert_array_equal(small.astype(float), given)


def test_batches_of_different_kinds_join_exactly() -> None:
    parts = [[1.0, 2.0], [np.nan, 3.0], [40_000.0], [0.5], []]
    for end in range(1, 6):
        given = [np.array(part) for part in parts[:end]]
        whole = joined([narrow(part) for part in given])
        np.testing.assert_array_equal(whole, np.concatenate(given))
    assert joined([narrow(np.array([1.0])), narrow(np.array([np.nan]))]).dtype == "float32"
    letters_kept = joined([narrow(np.array([1.0])), narrow(tagged.tagged(np.array([ord("a"), 0], np.uint8)))])
    assert tagged.letters_of(letters_kept).tolist() == [0, ord("a"), 0]


def test_files_read_in_many_batches_are_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches of three rows of a file of ten: each kind of number, text and letter crosses a seam."""
    frame = pd.DataFrame(
        {
            "a": [1.0, 2, 3, np.nan, 5, 6, 70_000, 8, 0.5, 10],
            "b": [*"xyz", "", "ñ", *"vwxyz"],
            "c": [float(i) for i in range(10)],
        }
    )
    monkeypatch.setattr("informality.survey.rawfile.Ask.batch", lambda self, columns: 3)
    pyreadstat.write_sav(frame, tmp_path / "p.sav", row_compress=True)
    frame.to_parquet(tmp_path / "p.parquet", index=False)
    (tmp_path / "p.dbf").write_bytes(
        dbf(
            [
                [b"" if np.isnan(a) else f"{a:g}".encode(), b.encode(), f"{c:g}".encode()]
                for a, b, c in frame.itertuples(index=False)
            ],
            [("a", "N", 8, 1), ("b", "C", 2, 0), ("c", "N", 2, 0)],
        )
    )
    said: list[tuple[str, int, int | None]] = []
    for name in ("p.sav", "p.parquet", "p.dbf"):
        said.clear()
        raw = read_raw(tmp_path / name, progress=lambda *step: said.append(step))
        np.testing.assert_array_equal(raw.frame["a"], frame["a"])
        assert raw.frame["b"].fillna("").tolist() == frame["b"].tolist()
        assert raw.frame["c"].dtype == "int8" and raw.frame["c"].tolist() == list(range(10))
        assert [step[1] for step in said][:4] == [3, 6, 9, 10]
        assert {step[0] for step in said} == {name} and {step[2] for step in said} == {10}


def test_values_that_only_a_letter_marks_are_blank_to_those_who_do_not_ask() -> None:
    values = tagged.tagged(np.array([0, ord("a"), ord("Z"), ord("_")], dtype=np.uint8))
    assert np.isnan(values).all()
    assert tagged.letters_of(values).tolist() == [0, ord("a"), ord("Z"), ord("_")]
    series = pd.DataFrame({"v": np.append(values, 1.0)})["v"]
    kept = series[[True, False, True, True, True]].reset_index(drop=True)  # as rows are set aside
    assert tagged.letters_of(kept.to_numpy()).tolist() == [0, ord("Z"), ord("_"), 0]
    assert tagged.letters_of(np.array([np.nan, 1.0])) is None
    assert tagged.letters_of(np.array([1, 2])) is None
    assert tagged.letters_of(-np.array([np.nan])) is None
