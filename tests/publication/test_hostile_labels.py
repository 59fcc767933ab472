"""Labels that try to be something else, through the whole step that writes files for other programs, and back.

Authority: the texts as they are written here; each file is read by a program that is not ours: pysdmx, Frictionless, pyreadstat,
pyarrow, and the parsers of XML, CSV and JSON in Python. The small survey of ``test_failures.py`` stands in for a real one.
"""

from __future__ import annotations

import csv
import importlib.util
import json
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow.parquet as pq
import pyreadstat
import pytest

from informality.pipeline import publishing

MAKE = publishing.make_exchange, publishing.make_products
"""As they are; the small survey has stubs of them."""
SPEC = importlib.util.spec_from_file_location("failures", Path(__file__).parents[1] / "test_failures.py")
assert SPEC is not None and SPEC.loader is not None
failures = importlib.util.module_from_spec(SPEC)
sys.modules[SPEC.name] = failures
SPEC.loader.exec_module(failures)
call, project, says = failures.call, failures.project, failures.says
Project = Any

LAO = "ນະຄອນຫຼວງວຽງຈັນ"
HOSTILE = {
    "study": "<script>alert('1')</script> & \"q\" ]]> &amp;\n=1+1",
    "survey": "=HYPERLINK(\"x\";'y')",
    "wave": "+1 <!-- no wave -->",
    "agency": "@SUM(A1:A9), \u202eoffice\u202c",
    "country": "-2+3 | *x* `c` $y$",
    "licence": "<a href='x'>ask</a>\n\tfirst",
    "question": 'Urban?\n"Yes" {{< include /etc/passwd >}}',
    "north": "=cmd|' /C calc'!A0",
    "south": f"{LAO} \u200fمرحبا\u200f, \"q\"; 'q'",
    "east": "<b>a</b>\nb\tc",
    "outcome": "-Informal & \\n <i>job</i>",
    "step": '@Main "job"\nof two',
    "definition": "+Rule <1> 👩\u200d🌾 é\u0301",
    "indicator": '=Rate, "in"\nper cent',
    "universe": "<employed> & 'others'",
    "table": "]]> main\n=figures",
}
LEVELS = {"north": HOSTILE["north"], "south": HOSTILE["south"], "east": HOSTILE["east"]}


def _yaml(text: str) -> str:
    return json.dumps(HOSTILE[text], ensure_ascii=False)


@pytest.fixture
def hostile(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The small study with a hostile text at every place that files for other programs print."""
    monkeypatch.setattr(publishing, "make_exchange", MAKE[0])
    monkeypatch.setattr(publishing, "make_products", MAKE[1])
    project.edit("study", "wave: w1", 'wave: "2021"')
    project.edit("profile", "  w1:", '  "2021":')
    project.edit("study", "A small study", _yaml("study"))
    project.edit("profile", "title: Small survey", f"title: {_yaml('survey')}")
    project.edit("profile", "title: Wave one", f"title: {_yaml('wave')}")
    project.edit("profile", "licence: none", f"licence: {_yaml('licence')}")
    project.edit("profile", "name: Nowhere", f"name: {_yaml('country')}")
    project.edit("profile", "agency: the tests", f"agency: {_yaml('agency')}")
    project.edit("profile", "area: {from: area, map", f"area: {{question: {_yaml('question')}, from: area, map")
    regions = f"map: {{1: north, 2: south, 3: east}}, labels: {json.dumps(LEVELS, ensure_ascii=False)}"
    project.edit("profile", "region: not_asked", f"region: {{from: estrato, {regions}}}")
    project.edit("definition", "title: Informal employment by social security", f"title: {_yaml('definition')}")
    project.edit("definition", "title: Main job", f"title: {_yaml('step')}")
    project.edit("definition", "informal: Informal job", f"informal: {_yaml('outcome')}")
    project.edit("tables", "title: Informal employment rate", f"title: {_yaml('indicator')}")
    project.edit("tables", "title: Employed persons", f"title: {_yaml('universe')}")
    project.edit("tables", "title: Main figures", f"title: {_yaml('table')}")
    project.edit("tables", "[sex]]", "[sex], [region]]")
    said = project.call("run", "small")
    assert said.code == 0, said.err
    return project


def test_every_file_gives_back_the_texts_as_they_were_written(hostile: Project, ddi: ModuleType) -> None:
    clean, out = hostile.path("data_clean/small"), hostile.path("reports/_output/small")
    in_the_codebook(clean / "codebook.xml", ddi)
    in_sdmx(out / "exchange/sdmx.csv", out / "exchange/sdmx.json", out / "exchange/codes.csv")
    in_the_packages(clean / "datapackage.json", out / "datapackage.json")
    in_the_figures(clean / "figures.parquet", out / "figures.csv")
    in_the_labelled_files(clean / "anonymised.dta", clean / "anonymised.sav")
    in_the_page_about_them(out / "exchange/README.md")


def in_the_codebook(path: Path, ddi: ModuleType) -> None:
    root = ET.parse(path).getroot()
    assert ddi.invalid(root) == []
    ns = {"d": ddi.NAMESPACE}
    where = {
        "titl": f"{HOSTILE['survey']}: harmonised file of {HOSTILE['study']}",
        "AuthEnty": HOSTILE["agency"],
        "abstract": HOSTILE["study"],
        "timePrd": HOSTILE["wave"],
        "nation": HOSTILE["country"],
        "restrctn": HOSTILE["licence"],
        "qstnLit": HOSTILE["question"],
        "var[@name='simple.job']/d:labl": f"{HOSTILE['step']}: {HOSTILE['definition']}",
    }
    assert {place: [e.text for e in root.findall(f".//d:{place}", ns)] for place in where} == {
        place: [text] for place, text in where.items()
    }
    for variable, known in (("region", LEVELS), ("simple.job", {"informal": HOSTILE["outcome"]})):
        categories = root.findall(f".//d:var[@name='{variable}']/d:catgry", ns)
        read = {c.findtext("d:catValu", None, ns): c.findtext("d:labl", None, ns) for c in categories}
        assert {level: read[level] for level in known} == known


def in_sdmx(data: Path, structure: Path, table: Path) -> None:
    io = pytest.importorskip("pysdmx.io")
    (found,) = io.get_datasets(data, structure, validate=True)
    (message,) = io.read_sdmx(structure, validate=True).get_dataflows()
    assert message.name == HOSTILE["study"]
    named = {
        "REF_AREA": {"XXA": HOSTILE["country"]},
        "SURVEY": {"small-survey": HOSTILE["survey"]},
        "DEFINITION": {"simple": HOSTILE["definition"]},
        "INDICATOR": {"informal_employment": HOSTILE["indicator"]},
        "UNIVERSE": {"employed": HOSTILE["universe"]},
        "REGION": LEVELS,
    }
    words = {c.id: {code.id: code.name for code in c.enumeration} for c in found.structure.components if c.local_codes}
    with table.open(encoding="utf-8", newline="") as file:
        told = {(row["dimension"], row["code"]): row["words"] for row in csv.DictReader(file)}
    for dimension, known in named.items():
        assert {code: words[dimension][code] for code in known} == known
        assert {code: told[dimension, code] for code in known} == {code: _in_csv(text) for code, text in known.items()}
    assert set(found.data["REGION"]) == {"_T", *LEVELS}


def _in_csv(text: str) -> str:
    """As ``columns.yml`` says: a text that a spreadsheet would run is led in by an apostrophe."""
    return f"'{text}" if text[0] in "=+-@" else text


def in_the_packages(*paths: Path) -> None:
    frictionless = pytest.importorskip("frictionless")
    for path in paths:
        report = frictionless.validate(str(path))
        assert report.valid, report.flatten(["rowNumber", "fieldName", "type", "note"])
        package = frictionless.Package(str(path))
        assert package.title == HOSTILE["study"]
        assert package.description == f"{HOSTILE['survey']}, {HOSTILE['wave']}, {HOSTILE['agency']}"


def in_the_figures(path: Path, sheet: Path) -> None:
    def of_the_rate(rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        return [row for row in rows if (row["table_id"], row["indicator"]) == ("main", "informal_employment")]

    rows = of_the_rate(pq.read_table(path).to_pylist())
    with sheet.open(encoding="utf-8-sig", newline="") as file:
        lines = of_the_rate(csv.DictReader(file))
    wanted = {
        "what": {HOSTILE["indicator"]},
        "of_whom": {HOSTILE["universe"]},
        "definition_title": {HOSTILE["definition"]},
        "table_title": {HOSTILE["table"]},
        "group_name": {"All", "Men", "Women", *LEVELS.values()},
        "source": {f"Source: {HOSTILE['survey']}, {HOSTILE['wave']}, {HOSTILE['agency']}."},
    }
    for column, texts in wanted.items():
        assert {row[column] for row in rows} == texts
        assert {line[column] for line in lines} == {_in_csv(text) for text in texts}


def in_the_labelled_files(stata: Path, spss: Path) -> None:
    for path, read in ((stata, pyreadstat.read_dta), (spss, pyreadstat.read_sav)):
        data, meta = read(path)
        assert len(data) == 24
        assert meta.file_label == HOSTILE["study"]
        regions = meta.variable_value_labels["region"]
        assert sorted(data["region"].map(regions)) == sorted([*LEVELS.values()] * 8)
        assert meta.column_names_to_labels["simple_job"] == f"{HOSTILE['step']}: {HOSTILE['definition']}"
        assert HOSTILE["outcome"] in meta.variable_value_labels["simple_job"].values()


def in_the_page_about_them(path: Path) -> None:
    """The title stays one heading, in which nothing is markup."""
    reader = pytest.importorskip("markdown_it").MarkdownIt()
    opened, heading = reader.parse(path.read_text(encoding="utf-8"))[:2]
    assert (opened.type, opened.tag) == ("heading_open", "h1")
    assert {part.type for part in heading.children} <= {"text", "text_special"}
    shown = "".join(part.content for part in heading.children)
    assert shown == f"{' '.join(HOSTILE['study'].split())}: files for other programs"


def test_a_character_that_no_file_could_hold_is_refused_where_it_stands(project: Project) -> None:
    project.edit("study", "A small study", '"A small\\x07 study"')
    said = says(
        project.at("study", "title:"), "`title` holds a character that cannot be printed", "U+0007", "delete it"
    )
    project.refuses(10, "run small", said)
    project.edit("study", '"A small\\x07 study"', "A small study")
    project.edit(
        "profile", "region: not_asked", 'region: {from: area, map: {1: a, 2: b}, labels: {a: "A\\rB", b: "\\0"}}'
    )
    place, what = project.at("profile", "  region:"), "holds a character that cannot be printed"
    carriage = says(place, f"`variables.region.labels.a` {what}", "U+000D", "delete it")
    zero = says(place, f"`variables.region.labels.b` {what}", "U+0000", "delete it")
    project.refuses(10, "run small", carriage, zero)
