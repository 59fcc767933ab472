"""Raw files of every format through the real command line: the whole ones, and a corpus of broken ones.

Authority: the small survey of ``test_failures.py``, whose one official figure (180 employed persons) must come out of
every format; every message is written out by hand. A broken file ends with its place, what is wrong, the evidence and what
to do, with the documented exit code, and leaves no trace.
"""

from __future__ import annotations

import gzip
import importlib.util
import io
import lzma
import struct
import sys
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyreadstat
import pytest
from rich.console import Console
from rich.text import Text

from informality import screens

SPEC = importlib.util.spec_from_file_location("failures", Path(__file__).with_name("test_failures.py"))
assert SPEC is not None and SPEC.loader is not None
failures = importlib.util.module_from_spec(SPEC)
sys.modules[SPEC.name] = failures
SPEC.loader.exec_module(failures)
call, project, persons = failures.call, failures.project, failures.persons  # two fixtures and the survey
Project = Any

LAYOUT = "name,start,width\n" + "".join(f"{name},{1 + 5 * i},5\n" for i, name in enumerate(persons()))


def spss(data: pd.DataFrame, path: Path) -> None:
    pyreadstat.write_sav(data, path)


def spss_rows(data: pd.DataFrame, path: Path) -> None:
    pyreadstat.write_sav(data, path, row_compress=True)


def spss_packed(data: pd.DataFrame, path: Path) -> None:
    pyreadstat.write_sav(data, path, compress=True)


def stata(data: pd.DataFrame, path: Path) -> None:
    pyreadstat.write_dta(data, path)


def old_stata(data: pd.DataFrame, path: Path) -> None:
    data.to_stata(path, write_index=False, version=114)


def transport(data: pd.DataFrame, path: Path) -> None:
    pyreadstat.write_xport(data, path)


def text(data: pd.DataFrame, path: Path) -> None:
    data.to_csv(path, index=False, sep="\t" if ".tsv" in path.name else ",", compression=None)


def parquet(data: pd.DataFrame, path: Path) -> None:
    data.to_parquet(path, index=False)


def fixed(data: pd.DataFrame, path: Path) -> None:
    rows = ["".join(("" if pd.isna(v) else f"{v:g}").rjust(5) for v in row) for row in data.itertuples(index=False)]
    path.write_text("\n".join(rows) + "\n")
    (path.parent / "layout.csv").write_text(LAYOUT)


def dbase(data: pd.DataFrame, path: Path) -> None:
    fields = b"".join(
        name.encode().ljust(11, b"\0") + b"N" + bytes(4) + bytes([8, 1]) + bytes(14) for name in data.columns
    )
    head = struct.pack("<4BIHH", 3, 121, 3, 31, len(data), 33 + len(fields), 1 + 8 * len(data.columns)).ljust(32, b"\0")
    cells = [("" if pd.isna(v) else f"{v:g}").rjust(8) for row in data.itertuples(index=False) for v in row]
    width = len(data.columns)
    rows = [b" " + "".join(cells[i : i + width]).encode() for i in range(0, len(cells), width)]
    path.write_bytes(head + fields + b"\r" + b"".join(rows) + b"\x1a")


def r_vector(values: np.ndarray) -> bytes:
    return struct.pack(">ii", 14, len(values)) + values.astype(">f8").tobytes()


def r_text(values: list[str]) -> bytes:
    return struct.pack(">ii", 16, len(values)) + b"".join(r_char(v) for v in values)


def r_char(value: str) -> bytes:
    return struct.pack(">ii", 0x40009, len(value)) + value.encode()


def r_pair(name: str, value: bytes) -> bytes:
    return struct.pack(">ii", 0x402, 1) + r_char(name) + value


def r_frame(data: pd.DataFrame) -> bytes:
    """A data frame as R serialises one (R Internals, 1.8)."""
    columns = b"".join(r_vector(data[name].to_numpy(float)) for name in data.columns)
    attributes = r_pair("names", r_text(list(data.columns))) + r_pair("class", r_text(["data.frame"]))
    return struct.pack(">ii", 0x313, len(data.columns)) + columns + attributes + struct.pack(">i", 254)


R_HEAD = b"X\n" + struct.pack(">iii", 2, 0x40202, 0x20300)


def r_single(data: pd.DataFrame, path: Path) -> None:
    path.write_bytes(gzip.compress(R_HEAD + r_frame(data)))


def r_objects(*names: str) -> Callable[[pd.DataFrame, Path], None]:
    def write(data: pd.DataFrame, path: Path) -> None:
        content = b"".join(r_pair(name, r_frame(data)) for name in names) + struct.pack(">i", 254)
        path.write_bytes(gzip.compress(b"RDX2\n" + R_HEAD + content))

    return write


def zipped(name: str, write: Callable[[pd.DataFrame, Path], None], *more: str) -> Callable[[pd.DataFrame, Path], None]:
    def wrap(data: pd.DataFrame, path: Path) -> None:
        write(data, path.with_name(name))
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(path.with_name(name), name)
            for other in more:
                archive.writestr(other, "x")
        path.with_name(name).unlink()

    return wrap


def gzipped(write: Callable[[pd.DataFrame, Path], None]) -> Callable[[pd.DataFrame, Path], None]:
    def wrap(data: pd.DataFrame, path: Path) -> None:
        write(data, path)
        path.write_bytes(gzip.compress(path.read_bytes()))

    return wrap


Write = Callable[[pd.DataFrame, Path], None]
FORMATS: dict[str, tuple[Write, str]] = {
    "p.sav": (spss, ""),
    "rows.sav": (spss_rows, ""),
    "p.zsav": (spss_packed, ""),
    "p.dta": (stata, ""),
    "old.dta": (old_stata, ""),
    "p.xpt": (transport, ""),
    "p.csv": (text, ""),
    "p.tsv": (text, ""),
    "tab.txt": (lambda data, path: data.to_csv(path, index=False, sep="\t"), "delimiter: tab"),
    "p.parquet": (parquet, ""),
    "p.dat": (fixed, "layout: layout.csv"),
    "P.DBF": (dbase, ""),
    "p.rds": (r_single, ""),
    "p.rda": (r_objects("one"), ""),
    "two.RData": (r_objects("one", "other"), "member: other"),
    "one.zip": (zipped("in.dta", stata), ""),
    "several.zip": (zipped("in.csv", text, "leeme.pdf"), "member: in.csv"),
    "p.csv.gz": (gzipped(text), ""),
}


def use(project: Project, name: str, options: str = "") -> Path:
    """Let the profile name another file, with further lines."""
    lines = "".join(f"    {line}\n" for line in options.split("\n") if line)
    project.edit("profile", "    file: persons.sav\n", f"    file: {name}\n{lines}")
    project.path("data_raw/persons.sav").unlink()
    path: Path = project.path(f"data_raw/{name}")
    return path


@pytest.mark.parametrize("name", FORMATS)
def test_the_small_survey_is_the_same_from_every_format(project: Project, name: str) -> None:
    write, options = FORMATS[name]
    write(persons(), use(project, name, options))
    before = project.tree()
    said = project.call("check", "small-survey")
    assert said.code == 0, said.err
    assert " 180  reproduced" in said.out  # the official figure
    assert "24  rows in the file" in said.out
    assert project.tree() == before


# The corpus


@dataclass(frozen=True)
class Broken:
    """A file, how it is made and named in the profile, and what is said of it."""

    name: str
    make: Callable[[Path], object]
    what: str
    found: str = ""
    fix: str = ""
    options: str = ""
    code: int = 11
    place: str | None = None
    problems: int = 1


def bytes_of(write: Write, name: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        write(persons(), path)
        return path.read_bytes()


def cut(name: str, kept: float) -> Callable[[Path], None]:
    """A file of the format, of which only a part is there: a share, a number of bytes, or all but some."""

    def make(path: Path) -> None:
        write, _ = FORMATS[name]
        write(persons(), path)
        whole = path.read_bytes()
        path.write_bytes(whole[: int(len(whole) * kept) if isinstance(kept, float) else int(kept)])

    return make


def as_(name: str) -> Callable[[Path], None]:
    """A whole file of another format under this name."""
    return lambda path: path.write_bytes(bytes_of(FORMATS[name][0], name)) and None


def holds(content: str | bytes, encoding: str = "utf-8") -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))


def with_layout(layout: str, lines: str = "1234\n5678\n") -> Callable[[Path], None]:
    def make(path: Path) -> None:
        path.write_text(lines)
        path.with_name("layout.csv").write_text(layout)

    return make


def archive(*members: tuple[str, bytes], flags: int = 0, method: int | None = None) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        held = io.BytesIO()
        with zipfile.ZipFile(held, "w") as zip:
            for name, content in members:
                zip.writestr(name, content)
        content = bytearray(held.getvalue())
        for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            place = content.find(signature)
            if flags and place >= 0:
                content[place + at] |= flags
            if method is not None and place >= 0:
                content[place + at + 2] = method
        path.write_bytes(content)

    return make


def dbf_head(path: Path, at: int, value: bytes) -> None:
    dbase(persons(), path)
    content = bytearray(path.read_bytes())
    content[at : at + len(value)] = value
    path.write_bytes(content)


DAMAGED = "the file is cut short or damaged"
AGAIN = "obtain the file again; data_raw/README.md says where, and how many bytes it has"
SUFFIX = "the file is not what `{}` promises"
CONVERT = "unpack it, convert it, or give it the ending that belongs to it"
CSV = "idp,estrato,upm,fexp,edad,sexo,area,condact,cat,seguro\n"
ROW = "101,1,1,10,30,1,1,1,1,1\n"
XLSX = archive(("[Content_Types].xml", b"<x/>"), ("xl/workbook.xml", b"<x/>"))
HTML = holds("\n<!DOCTYPE html><html><title>Iniciar sesión</title></html>")
FIXED = "layout: layout.csv"
MARKS = "declare the `encoding` it was written in, often utf-8, windows-1252 or utf-16"

CORPUS: dict[str, Broken] = {
    # cut short
    **{
        f"{name} cut to {kept}": Broken(name, cut(name, kept), DAMAGED, " bytes; ", AGAIN, FORMATS[name][1])
        for name, shares in {
            "p.sav": (300, 0.5, -1),
            "rows.sav": (0.3, 0.8, -4),
            "p.zsav": (250, 0.6, -3),
            "p.dta": (40, 0.3, 0.7, -20),
            "old.dta": (110, 0.5, -8),
            "p.xpt": (100, 1000, -1),
            "p.parquet": (12, 0.5, -1),
            "P.DBF": (0.5, -30),
            "p.rds": (12, 0.5, -12),
            "p.rda": (0.9,),
        }.items()
        for kept in shares
    },
    "csv cut in a row": Broken(
        "p.csv", cut("p.csv", -10), "the file has rows with too many or too few cells", "row 25 has ",
        "put quotation marks around text that holds `,`, or obtain the file again",
    ),
    "fixed width cut in a line": Broken(
        "p.dat", cut("p.dat", -10), "the file has lines of different lengths",
        "line 1 has 50 characters; 1 have more or fewer: line 24 has 41",
        "fill them up with spaces, or obtain the file again", FIXED,
    ),
    "dBase head cut": Broken("p.dbf", cut("P.DBF", 40), SUFFIX.format(".dbf"), "a binary file of another kind", CONVERT),
    "zip cut": Broken("one.zip", cut("one.zip", 0.5), DAMAGED, "File is not a zip file", AGAIN),
    "gzip cut": Broken("p.csv.gz", cut("p.csv.gz", 0.5), DAMAGED, "before the end-of-stream marker", AGAIN),
    # something else under this name
    "web page as sav": Broken("p.sav", HTML, SUFFIX.format(".sav"), "a web page, as a site sends", CONVERT),
    "web page as csv": Broken("p.csv", HTML, SUFFIX.format(".csv"), "a web page, as a site sends", CONVERT),
    "web page as zip": Broken("p.zip", HTML, SUFFIX.format(".zip"), "a web page, as a site sends", CONVERT),
    "workbook as csv": Broken("p.csv", XLSX, SUFFIX.format(".csv"), "an Excel workbook or another office document", CONVERT),
    "old workbook as csv": Broken(
        "p.csv", holds(b"\xd0\xcf\x11\xe0" + bytes(99)), SUFFIX.format(".csv"), "an old Excel", CONVERT
    ),
    "workbook as zip": Broken(
        "p.zip", XLSX, "the file is a workbook or document, not an archive of data", "it holds [Content_Types].xml",
        "save the sheet with the data as CSV (UTF-8) and name that file",
    ),
    "workbook": Broken("p.xlsx", XLSX, "the file is of a kind that is not read here", "ends in `.xlsx`", "use one of .sav,"),
    "sav as dta": Broken("p.dta", as_("p.sav"), SUFFIX.format(".dta"), "it looks like an SPSS file", CONVERT),
    "dta as sav": Broken("p.sav", as_("p.dta"), SUFFIX.format(".sav"), "it looks like a Stata file", CONVERT),
    "old dta as csv": Broken("p.csv", as_("old.dta"), SUFFIX.format(".csv"), "it looks like a Stata file", CONVERT),
    "transport as sas7bdat": Broken("p.sas7bdat", as_("p.xpt"), SUFFIX.format(".sas7bdat"), "a SAS transport file", CONVERT),
    "cport as xpt": Broken(
        "p.xpt", holds(b"**COMPRESSED** **COMPRESSED** **COMPRESSED**" + bytes(99)), SUFFIX.format(".xpt"),
        "a file of SAS's PROC CPORT, which only SAS can open", CONVERT,
    ),
    "parquet as dbf": Broken("p.dbf", as_("p.parquet"), SUFFIX.format(".dbf"), "it looks like a Parquet file", CONVERT),
    "dbf as csv": Broken("p.csv", as_("P.DBF"), SUFFIX.format(".csv"), "it looks like a dBase file", CONVERT),
    "dbf as dat": Broken(
        "p.dat", lambda path: (as_("P.DBF")(path), path.with_name("layout.csv").write_text(LAYOUT)),
        SUFFIX.format(".dat"), "it looks like a dBase file", CONVERT, FIXED,
    ),
    "csv as por": Broken("p.por", as_("p.csv"), SUFFIX.format(".por"), "text that begins with “idp,estrato", CONVERT),
    "csv as rds": Broken("p.rds", as_("p.csv"), SUFFIX.format(".rds"), "text that begins with “idp,estrato", CONVERT),
    "csv as gz": Broken("p.csv.gz", as_("p.csv"), SUFFIX.format(".gz"), "text that begins with “idp,estrato", CONVERT),
    "zip as sav": Broken("p.sav", as_("one.zip"), SUFFIX.format(".sav"), "a zip archive", CONVERT),
    "gzip as csv": Broken("p.csv", as_("p.csv.gz"), SUFFIX.format(".csv"), "a gzip archive", CONVERT),
    "zeros": Broken("p.dta", holds(bytes(2000)), SUFFIX.format(".dta"), "nothing but zeros", CONVERT),
    "git-lfs pointer": Broken(
        "p.parquet", holds("version https://git-lfs.github.com/spec/v1\n"), SUFFIX.format(".parquet"),
        "a pointer that git-lfs left in place of the file", CONVERT,
    ),
    "locked SPSS file": Broken(
        "p.sav", holds(b"\x1c\0\0\0\0\0\0\0ENCRYPTEDSAV\x15" + bytes(500)), SUFFIX.format(".sav"),
        "an SPSS file locked with a password", CONVERT,
    ),
    # nothing in it
    **{f"empty {end}": Broken(f"p{end}", holds(b""), "the file is empty", "0 bytes", AGAIN) for end in (".dta", ".dbf", ".zip")},
    "head of a csv alone": Broken("p.csv", holds(CSV), "the file has no rows", "10 columns and nothing below them", AGAIN),
    "blank lines": Broken("p.csv", holds("\n\n\n"), DAMAGED, "it has no line that names its columns", AGAIN),
    "dbf without rows": Broken(
        "p.dbf", lambda path: dbase(persons().iloc[:0], path), "the file has no rows", "10 columns", AGAIN
    ),
    "parquet without rows": Broken(
        "p.parquet", lambda path: parquet(persons().iloc[:0], path), "the file has no rows", "10 columns", AGAIN
    ),
    # archives
    "zip of several": Broken(
        "p.zip", archive(("leeme.txt", b"x"), ("folder/datos.csv", b"x"), ("doc.pdf", b"x")), "the file holds 3 files",
        "leeme.txt, folder/datos.csv, doc.pdf", "say in the profile which one is meant, for example `member: leeme.txt`",
    ),
    "zip of none": Broken("p.zip", archive(("folder/", b"")), "the file holds no file", "1 entries, none of them", "obtain"),
    "zip without the member": Broken(
        "p.zip", archive(("datos.csv", b"x")), "the file holds no file `dato.csv`", "it holds datos.csv",
        "did you mean `datos.csv`?", "member: dato.csv",
    ),
    "member of no archive": Broken(
        "p.csv", as_("p.csv"), "the file is no archive, but the profile names a file in it", "`member: x.csv`",
        "remove `member` from the profile, or name the archive", "member: x.csv",
    ),
    "zip with a password": Broken(
        "p.zip", archive(("datos.csv", b"x" * 50), flags=1), "the file is locked with a password", "datos.csv in it",
        "unpack it with the password from the agency, and name the unpacked file",
    ),
    "zip packed in a way nobody reads": Broken(
        "p.zip", archive(("datos.csv", b"x" * 50), method=9), DAMAGED, "compression method is not supported", AGAIN
    ),
    "zip of another kind": Broken(
        "p.zip", archive(("datos.pdf", b"%PDF-1.4 x")), "the file is of a kind that is not read here", "ends in `.pdf`",
        "use one of .sav,", place="{path}, datos.pdf in it",
    ),
    "zip of an empty file": Broken(
        "p.zip", archive(("datos.csv", b"")), "the file is empty", "datos.csv in it has 0 bytes", "obtain the file again"
    ),
    "zip of a broken file": Broken(
        "p.zip", archive(("datos.sav", b"$FL2" + bytes(300))), DAMAGED, "304 bytes", AGAIN, place="{path}, datos.sav in it"
    ),
    "gzip of nobody knows what": Broken(
        "datos.gz", as_("p.csv.gz"), "the file does not say what is packed in it", "without `.gz` its name is `datos`",
        "give it a name that says what is in it, such as survey.csv.gz",
    ),
    # text
    "an encoding that does not exist": Broken(
        "p.csv", as_("p.csv"), "the file is not text in the encoding `utf-9`", "no encoding has this name", MARKS,
        "encoding: utf-9",
    ),
    "an encoding that it is not in": Broken(
        "p.csv", holds(CSV.replace("sexo", "séxo") + ROW, "windows-1252"), "the file is not text in the encoding `utf-8`",
        "are no text in it", MARKS, "encoding: utf-8",
    ),
    "an encoding that nobody can tell": Broken(
        "p.csv", holds(CSV.replace("sexo", "пол") + ROW, "windows-1251"), "the file has text whose encoding cannot be told",
        "“ïîë” in windows-1252, “´¯Ù” in cp850", "look which reading is right and declare it as `encoding`",
    ),
    "names and cells in two encodings": Broken(
        "p.csv",
        holds((CSV + ROW).replace("\n", ",séx\n").encode() + b"ni\xf1o" + ROW[3:].replace("\n", ",1\n").encode()),
        "the file has text whose encoding cannot be told", "in windows-1252", "look which reading is right",
    ),
    "another mark": Broken(
        "p.csv", holds(CSV.replace(",", ";") + ROW.replace(",", ";")), "the file is separated by another mark",
        "split at `,` it has one column, and `;` occurs in its name", "declare `;` as the delimiter",
    ),
    "a mark declared that it does not have": Broken(
        "p.csv", as_("p.csv"), "the file is separated by another mark", "split at `tab` it has one column",
        "declare `,` as the delimiter", "delimiter: tab",
    ),
    "different marks": Broken(
        "p.csv", holds(CSV + ROW.replace(",", ";") * 3), "the file has rows separated by different marks",
        "3 of them; row 1 has 10 cells, row 2 has 1, row 3 has 1, row 4 has 1; they hold `;`",
        "give all rows the same mark, or obtain the file again",
    ),
    "ragged rows": Broken(
        "p.csv", holds(CSV + ROW + ROW.replace("\n", ",7\n")), "the file has rows with too many or too few cells",
        "1 of them; row 1 has 10 cells, row 3 has 11", "put quotation marks around text that holds `,`",
    ),
    "a quotation mark that does not close": Broken(
        "p.csv", holds(CSV + ROW + '"102' + ROW[3:] * 3), "the file has a quotation mark out of place",
        "in the row that begins on line 3", "close it, or write it twice where it belongs to the text",
    ),
    "a line for Excel": Broken(
        "p.csv", holds("sep=;\n" + (CSV + ROW).replace(",", ";")),
        "the file begins with a line for Excel instead of the names of its columns", "`sep=;`",
        "remove the first line, and declare the mark as the `delimiter`",
    ),
    "columns of the same name": Broken(
        "p.csv", holds(CSV.replace("area", "sexo") + ROW), "the file has columns of the same name", "`sexo`",
        "give each column a name of its own",
    ),
    "a number with a letter in it": Broken(
        "p.csv", holds(CSV + ROW + ROW.replace("30", "3O").replace("101", "102")), "`edad` holds text where `age` wants numbers",
        "1 row (the first is row 2), for example '3O'", "correct the file or choose another column", code=12,
        place="{profile}:  age:", 
    ),
    "text that says neither": Broken(
        "p.txt", as_("p.csv"), "the file does not say where its columns begin", "its name ends in `.txt`",
        "declare the `layout` of a fixed-width file, or the `delimiter` between its cells",
    ),
    # fixed width
    "layout missing": Broken(
        "p.dat", as_("p.dat"), "the raw data file is missing", "in this folder: p.dat", "obtain layout.csv",
        FIXED, place="{folder}/layout.csv",
    ),
    "layout of a longer file": Broken(
        "p.dat", with_layout("name,start,width\na,1,2\nb,3,7\n"), "the file has shorter lines than its layout layout.csv",
        "4 characters a line, `b` ends at 9", "make sure that the layout belongs to this file", FIXED,
    ),
    "layout with a misspelt head": Broken(
        "p.dat", with_layout("name,start,width,decimls\na,1,2,2\n"), "`decimls` is no part of a layout", "",
        "did you mean `decimals`?", FIXED, place="layout.csv, line 1",
    ),
    "layout without a width": Broken(
        "p.dat", with_layout("name,start\na,1\n"), "the layout does not say width", "the first line is name, start",
        "name, start, width are needed", FIXED, place="layout.csv, line 1",
    ),
    "layout that counts from nought": Broken(
        "p.dat", with_layout("name,start,width\na,0,2\nb,x,2\n"), "the `start` of a column is not a position", "`0`",
        "write a whole number from 1 on", FIXED, place="layout.csv, line 2", problems=2,
    ),
    "layout that contradicts itself": Broken(
        "p.dat", with_layout("name,start,end,width\na,1,2,3\n"), "the end of a column does not fit its start and width",
        "start 1, end 2, width 3", "correct one of them", FIXED, place="layout.csv, line 2",
    ),
    "layout with an unknown type": Broken(
        "p.dat", with_layout("name,start,width,type\na,1,2,date\n"), "the `type` of a column is not known", "`date`",
        "write text or number, or nothing", FIXED, place="layout.csv, line 2",
    ),
    "layout with a name twice": Broken(
        "p.dat", with_layout("name,start,width\na,1,2\na,3,2\n"), "the layout names a column twice", "`a`",
        "give each a name of its own", FIXED, place="layout.csv",
    ),
    "layout with decimals of text": Broken(
        "p.dat", with_layout("name,start,width,type,decimals\na,1,2,text,2\n"), "a column of text has decimals", "2",
        "make it a number, or remove them", FIXED, place="layout.csv, line 2",
    ),
    "layout of nothing": Broken(
        "p.dat", with_layout("name,start,width\n"), "the layout has no column", "1 lines", "write one line a column",
        FIXED, place="layout.csv",
    ),
    "one endless line": Broken(
        "p.dat", with_layout("name,start,width\na,1,90\n", "1234" * 20), "the file has shorter lines than its layout layout.csv",
        "80 characters a line, `a` ends at 90", "make sure that the layout belongs to this file", FIXED,
    ),
    "text where the layout says number": Broken(
        "p.dat",
        with_layout(
            LAYOUT.replace("width", "width,type").replace(",5\n", ",5,number\n"),
            "  101" * 9 + "   1x\n" + "  102" * 10 + "\n",
        ),
        "the file has text in the column of numbers `seguro`", "`1x` in row 1", "correct the layout", FIXED,
    ),
    # dBase
    "dbf with fewer rows than it says": Broken(
        "p.dbf", lambda path: dbf_head(path, 4, struct.pack("<I", 30)), DAMAGED, "it announces 30 rows and holds 24", AGAIN
    ),
    "dbf with more rows than it says": Broken(
        "p.dbf", lambda path: dbf_head(path, 4, struct.pack("<I", 20)), DAMAGED, "it announces 20 rows and holds 24", AGAIN
    ),
    "dbf whose columns do not fit": Broken(
        "p.dbf", lambda path: dbf_head(path, 32 + 16, bytes([9])), DAMAGED,
        "its columns take 82 bytes a row, the head says 81", AGAIN,
    ),
    "dbf with a memo": Broken(
        "p.dbf", lambda path: dbf_head(path, 32 + 11, b"M"), "the file has columns of a kind that is not read here",
        "`idp` (M)", "save the file again with these columns as text or numbers",
    ),
    # R
    "rds saved as text": Broken(
        "p.rds", holds(gzip.compress(b"A\n3\n262146\n197888\n5\nUTF-8\n")), "the file is no data frame that can be read here",
        "it was not saved in R's binary format", "save the data frame again with saveRDS",
    ),
    "rds of a vector": Broken(
        "p.rds", holds(R_HEAD + r_vector(np.arange(3))), "the file holds no data frame", "it holds another kind of object",
        "save the data frame again",
    ),
    "rds of a later format": Broken(
        "p.rds", holds(b"X\n" + struct.pack(">iii", 4, 0, 0)), "the file is no data frame that can be read here",
        "it is of version 4 of R's format, and 2 and 3 are read", "save the data frame again",
    ),
    "rds of compiled functions": Broken(
        "p.rds", holds(R_HEAD + struct.pack(">i", 21)), "the file is no data frame that can be read here",
        "it holds compiled R functions", "save the data frame again",
    ),
    "rda of several data frames": Broken(
        "p.rda", lambda path: r_objects("one", "other")(persons(), path), "the file holds 2 data frames", "one, other",
        "say in the profile which one is meant, for example `member: one`",
    ),
    "rda without the data frame": Broken(
        "p.rda", lambda path: r_objects("one", "other")(persons(), path), "the file holds no data frame `on`",
        "it holds one, other", "did you mean `one`?", "member: on",
    ),
    "rds packed in a broken archive": Broken("p.rds", holds(lzma.compress(R_HEAD)[:-9] + bytes(9)), DAMAGED, " bytes; ", AGAIN),
    # columns
    "columns in capitals": Broken(
        "p.csv", holds(CSV.replace("sexo", "SEXO") + ROW), "the column `sexo` is not in the file", "10 columns",
        "did you mean `SEXO`? capitals count", code=12, place="{profile}:  sex",
    ),
    # the profile
    "a hash that is none": Broken(
        "p.csv", as_("p.csv"), "a sha256 is 64 digits and letters from a to f", "`abc`", "", "sha256: abc", 10,
        "{profile}:sha256",
    ),
    "a delimiter of two characters": Broken(
        "p.csv", as_("p.csv"), "`waves.w1.delimiter`", "`;;`", "", "delimiter: ;;", 10, "{profile}:delimiter",
    ),
    "a decimal mark that is none": Broken(
        "p.csv", as_("p.csv"), "`waves.w1.decimal` has a value that is not allowed", "`;`", "", 'decimal: ";"', 10,
        "{profile}:decimal",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CORPUS)
def test_a_broken_file_says_what_is_wrong_with_it(project: Project, name: str) -> None:
    case = CORPUS[name]
    path = use(project, case.name, case.options)
    case.make(path)
    place = (case.place or "{path}").format(path=path, folder=path.parent, profile="{profile}")
    if place.startswith("{profile}:"):
        place = project.at("profile", place.removeprefix("{profile}:"))
    said = project.refuses(case.code, "check small-survey", f"{place}: {case.what}", problems=case.problems)
    found = next((line for line in said.err.splitlines() if line.startswith("  found")), "")
    fix = next((line for line in said.err.splitlines() if line.startswith("  fix")), "")
    assert case.found in found
    assert case.fix in fix
    assert bool(found) == bool(case.found)


def test_the_corpus_is_large() -> None:
    assert len(CORPUS) >= 100
    assert {Path(case.name).suffix.lower() for case in CORPUS.values()} >= {
        ".sav", ".zsav", ".por", ".dta", ".xpt", ".csv", ".dbf", ".parquet", ".dat", ".zip", ".gz", ".rds", ".rda"
    }  # fmt: skip


# Several files of a wave


JOIN = """\
    join:
      - file: hogares.csv
        by: [estrato, upm]
        take: [area, techo]
        relation: many_to_one
"""


def households() -> pd.DataFrame:
    """One row for each of the six PSUs, with the area that the persons' file then lacks."""
    data = persons().drop_duplicates("upm")[["estrato", "upm", "area"]]
    return data.assign(techo=["x", "y", "", "x", "y", "z"], sobra=1.0)


@pytest.fixture
def two_files(project: Project) -> Project:
    project.edit("profile", "    file: persons.sav\n", f"    file: persons.sav\n{JOIN}")
    project.raw(persons().drop(columns="area"))
    text(households(), project.path("data_raw/hogares.csv"))
    return project


def test_files_joined_by_their_keys(two_files: Project) -> None:
    said = two_files.call("check", "small-survey")
    assert said.code == 0, said.err
    lines = [" ".join(line.split()) for line in said.out.splitlines()]
    start = lines.index("24 rows in the file")
    assert lines[start + 1 : start + 5] == [
        "6 rows in hogares.csv, joined many to one by estrato, upm",
        "24 rows of persons.sav with a partner there",
        "0 rows of persons.sav without a partner there",
        "0 rows of hogares.csv that are nobody's partner",
    ]


def test_a_run_rests_on_every_file_of_its_wave(two_files: Project) -> None:
    assert two_files.call("run", "small").code == 0
    workers = pd.read_parquet(two_files.path("data_clean/small/workers.parquet"))
    assert workers["area"].astype(str).tolist() == ["urban"] * 12 + ["rural"] * 12
    assert two_files.call("table", "small", "--of", "informal").code == 0
    assert "Nothing has changed" in two_files.call("run", "small").out
    data = households()
    data.loc[data["upm"] == 1, "area"] = 2
    text(data, two_files.path("data_raw/hogares.csv"))
    said = two_files.call("run", "small")
    assert said.code == 0 and "Nothing has changed" not in said.out
    workers = pd.read_parquet(two_files.path("data_clean/small/workers.parquet"))
    assert (workers["area"] == "rural").sum() == 16


def test_rows_without_a_partner(two_files: Project) -> None:
    text(households().iloc[1:], two_files.path("data_raw/hogares.csv"))
    place = two_files.at("profile", "        by:")
    two_files.refuses(
        12,
        "check small-survey",
        failures.says(
            place,
            "rows of persons.sav have no partner in hogares.csv by estrato, upm",
            "4 of 24 rows, the first is row 1 (estrato 1, upm 1)",
            "obtain the file that belongs to it, or write `unmatched: blank` if such rows are meant to be",
        ),
    )
    two_files.edit(
        "profile", "        relation: many_to_one\n", "        relation: many_to_one\n        unmatched: blank\n"
    )
    said = two_files.call("check", "small-survey")
    assert said.code == 0, said.err
    assert "4  rows of persons.sav without a partner there, whose area, techo are blank" in said.out


def test_a_key_that_is_not_unique(two_files: Project) -> None:
    text(pd.concat([households(), households().iloc[[2]]]), two_files.path("data_raw/hogares.csv"))
    place, fix = (
        two_files.at("profile", "        by:"),
        "add the column that tells them apart, or choose the relation that the files have",
    )
    two_files.refuses(
        12,
        "check small-survey",
        failures.says(
            place,
            "the key (estrato, upm) is not unique in hogares.csv",
            "2 rows share a key with another: estrato 2, upm 3 in rows 3, 7",
            fix,
        ),
    )
    text(households(), two_files.path("data_raw/hogares.csv"))
    two_files.edit("profile", "relation: many_to_one", "relation: one_to_one")
    two_files.refuses(
        12,
        "check small-survey",
        failures.says(
            place,
            "the key (estrato, upm) is not unique in persons.sav",
            "24 rows share a key with another: estrato 1, upm 1 in rows 1, 2, 3, 4; estrato 1, upm 2 in rows 5, 6, 7, 8",
            fix,
        ),
    )


def test_blank_keys_have_no_partner(two_files: Project) -> None:
    data = households()
    data.loc[data["upm"] == 6, "upm"] = np.nan
    text(pd.concat([data, data.iloc[[-1]]]), two_files.path("data_raw/hogares.csv"))  # two blank keys are not one key
    found = "4 of 24 rows, the first is row 21 (estrato 3, upm 6)"
    two_files.refuses(
        12,
        "check small-survey",
        f"rows of persons.sav have no partner in hogares.csv by estrato, upm\n  found  {found}",
    )


def test_keys_of_different_kinds(two_files: Project) -> None:
    text(households().assign(upm=[f"0{i}" for i in range(1, 7)]), two_files.path("data_raw/hogares.csv"))
    two_files.refuses(
        12,
        "check small-survey",
        failures.says(
            two_files.at("profile", "        by:"),
            "a key cannot be compared between the files",
            "`upm` is numbers in persons.sav, `upm` is text in hogares.csv",
            "make both numbers or both text: a code such as 01 is text, and 1 is a number",
        ),
    )


def test_columns_that_joined_files_lack_or_share_all_at_once(two_files: Project) -> None:
    two_files.raw(persons().rename(columns={"upm": "UPM"}))  # has the area itself, but not the key
    text(households().rename(columns={"techo": "techos"}), two_files.path("data_raw/hogares.csv"))
    take = two_files.at("profile", "        take:")
    absent = (
        "the column `upm` is not in the file",
        "10 columns, none of this name",
        "did you mean `UPM`? capitals count",
    )
    two_files.refuses(
        12,
        "check small-survey",
        failures.says(two_files.at("profile", "  psu:"), *absent),
        failures.says(two_files.at("profile", "        by:"), *absent),
        failures.says(
            take,
            "the column `area` is taken from hogares.csv, but persons.sav has one of this name",
            fix="write `take: {another name: area}` and use that name",
        ),
        failures.says(
            take, "the column `techo` is not in the file", "5 columns, none of this name", "did you mean `techos`?"
        ),
    )


def test_a_joined_file_is_missing_or_another(two_files: Project) -> None:
    path = two_files.path("data_raw/hogares.csv")
    two_files.edit("profile", "        by:", f"        sha256: {'ab' * 32}\n        rows: 7\n        by:")
    two_files.refuses(11, "check small-survey", f"{path}: this is not the file the profile was written for")
    two_files.refuses(11, "run small", f"{path}: this is not the file the profile was written for")
    two_files.edit("profile", f"        sha256: {'ab' * 32}\n", "")
    found, fix = "6 rows, the profile says 7", "obtain the complete file, or correct `rows` in the profile"
    what = "the file has another number of rows than the profile says"
    two_files.refuses(12, "check small-survey", failures.says("hogares.csv", what, found, fix))
    path.unlink()
    two_files.refuses(
        11, "check small-survey", f"{path}: the raw data file is missing\n  found  in this folder: persons.sav"
    )


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("by: [estrato, upm]", "by: []", "`waves.w1.join.0.by`"),
        ("        relation: many_to_one\n", "", "`relation` is missing in `waves.w1.join.0`"),
        ("many_to_one", "many_to_many", "`waves.w1.join.0.relation` has a value that is not allowed"),
        ("take: [area, techo]", "take: [area, upm]", "`take` names key columns, which are there already: upm"),
        ("unmatched: blank", "unmatched: drop", "`waves.w1.join.0.unmatched` has a value that is not allowed"),
    ],
)
def test_joins_that_are_written_wrongly(two_files: Project, old: str, new: str, what: str) -> None:
    if "unmatched" in old:
        two_files.edit("profile", "        relation: many_to_one\n", f"        relation: many_to_one\n        {old}\n")
    two_files.edit("profile", old, new)
    said = two_files.call("check", "small-survey")
    assert said.code == 10
    assert what in said.err


def test_keys_and_columns_may_have_other_names_there(two_files: Project) -> None:
    data = households().rename(columns={"upm": "UPMH", "area": "zona"})
    text(data, two_files.path("data_raw/hogares.csv"))
    two_files.edit("profile", "by: [estrato, upm]", "by: {estrato: estrato, upm: UPMH}")
    two_files.edit("profile", "take: [area, techo]", "take: {area: zona}")
    said = two_files.call("check", "small-survey")
    assert said.code == 0, said.err


# Letters for missing values


@pytest.fixture
def lettered(project: Project) -> Project:
    """The small survey as a Stata file, with .a, .b and .c among the answers."""
    data = persons().astype(object)
    data.loc[8, "seguro"] = "a"
    data.loc[[9, 10], "seguro"] = "b"
    data.loc[23, "edad"] = "c"
    path = use(project, "persons.dta")
    pyreadstat.write_dta(
        data, path, variable_value_labels={"seguro": {"a": "no sabe", 1: "sí", 2: "no"}},
        missing_user_values={"seguro": ["a", "b"], "edad": ["c"]},
    )  # fmt: skip
    return project


def test_letters_that_a_profile_does_not_know(lettered: Project) -> None:
    missing = "or one of unknown, not_asked, not_applicable"
    lettered.refuses(
        12,
        "check small-survey",
        failures.says(
            lettered.at("profile", "  age:"),
            "`age` does not say what the missing value .c of edad means",
            ".c (no label) in 1 row (the first is row 24)",
            "add it to `unknown`, `not_asked`, `not_applicable`",
        ),
        failures.says(
            lettered.at("profile", "  social_security:"),
            "`social_security` does not say what code .a of seguro means",
            ".a (labelled “no sabe”) in 1 row (the first is row 9), of which 1 in the universe of the variable",
            f"add `.a: …` to the map (yes, no {missing})",
        ),
        failures.says(
            lettered.at("profile", "  social_security:"),
            "`social_security` does not say what code .b of seguro means",
            ".b (no label) in 2 rows (the first is row 10), of which 2 in the universe of the variable",
            f"add `.b: …` to the map (yes, no {missing})",
        ),
    )


def test_letters_that_a_profile_maps(lettered: Project) -> None:
    lettered.edit("profile", "unknown: [999]", "unknown: [999, .c]")
    lettered.edit("profile", "map: {1: yes, 2: no}", "map: {1: yes, 2: no, .a: unknown, .b: not_asked}")
    assert lettered.call("run", "small").code == 0
    workers = pd.read_parquet(lettered.path("data_clean/small/workers.parquet"))
    assert workers["social_security"].astype(str).iloc[7:12].tolist() == [
        "yes",
        "unknown",
        "not_asked",
        "not_asked",
        "no",
    ]
    assert workers["age.missing"].astype(str).iloc[23] == "unknown"


def test_letters_in_rules_are_no_blanks(lettered: Project) -> None:
    rules = "  social_security:\n    rules:\n      - {when: {seguro: 1}, then: yes}\n"
    rules += "      - {when: {seguro: blank}, then: unknown}\n"
    lettered.edit(
        "profile", "  social_security: {from: seguro, map: {1: yes, 2: no}}\n", rules + "      - {then: no}\n"
    )
    lettered.edit("profile", "unknown: [999]", "unknown: [999, .c]")
    place = lettered.at("profile", "    rules:")
    what = "no rule of `social_security` names the missing value"
    lettered.refuses(
        12,
        "check small-survey",
        failures.says(
            place,
            f"{what} .a of seguro",
            "1 row (labelled “no sabe”)",
            "name it in a rule, `seguro: .a`: it is no blank",
        ),
        failures.says(
            place, f"{what} .b of seguro", "2 rows (no label)", "name it in a rule, `seguro: .b`: it is no blank"
        ),
    )
    named = "      - {when: {seguro: [.a, .b]}, then: not_asked}\n"
    lettered.edit(
        "profile", "      - {then: no}\n", named + "      - {when: {seguro: 2}, then: no}\n      - {then: unknown}\n"
    )
    assert lettered.call("run", "small").code == 0
    workers = pd.read_parquet(lettered.path("data_clean/small/workers.parquet"))
    assert workers["social_security"].astype(str).iloc[7:12].tolist() == ["yes", *["not_asked"] * 3, "no"]


# The bar


def test_the_rows_read_are_shown_in_a_terminal(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Console(force_terminal=True, width=120, file=io.StringIO(), highlight=False)
    monkeypatch.setattr(screens, "err", screen)

    def now(tell: screens.Telling) -> str:
        with screen.capture() as shown:
            screen.print(tell.bars.get_renderable() if tell.bars else "")
        return Text.from_ansi(shown.get()).plain

    with screens.progress() as tell:
        tell("reading")
        assert "reading …" in now(tell) and "rows" not in now(tell)
        tell.rows("a[b].sav", 5_000, 10_000)
        assert "5,000 of 10,000 rows of a[b].sav" in now(tell)
        tell.rows("a.csv", 5_000, None)
        assert "5,000 rows of a.csv" in now(tell) and " of 5" not in now(tell)
        tell("estimating")
        assert "rows" not in now(tell)


def test_a_run_tells_how_many_rows_it_has_read(two_files: Project) -> None:
    from informality.pipeline.running import run_study
    from informality.study import Workspace

    said: list[tuple[str, int, int | None]] = []
    run_study("small", Workspace(two_files.root), progress=lambda *step: said.append(step))
    assert said == [("persons.sav", 24, 24), ("hogares.csv", 6, None)]
