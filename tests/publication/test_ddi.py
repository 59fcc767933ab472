"""The DDI codebook: valid by the schema, the texts in their elements, counts only where they may be shown.

Authority: the schema as ``ddi_schema.py`` has it; counts by hand.
"""

from __future__ import annotations

import copy
import xml.etree.ElementTree as ET
from collections.abc import Callable
from types import ModuleType

import pandas as pd
import pytest

from informality.publication.ddi import NAMESPACE, Codebook, Described, write_codebook
from informality.tabulation.columns import COLUMNS
from informality.tabulation.disclosure import counts


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> ET.Element:
    facts = {
        "id": "a study & more²", "title": "T <1>", "agency": "A", "survey_title": "S", "country": "Lao PDR",
        "country_code": "LAO", "waves": ["2021", "2022"], "licence": "ask", "sample": "2 strata", "weight": "w",
        "notice": "made up",
    }  # fmt: skip
    variables = [
        Described(
            "sex", "Sex ເພດ", "category", {"male": "Men", "female": "Women"}, {"unknown": "Not known"},
            {"male": (12, 1200.4), "female": (10, 990.0)}, "Is … male or female?", "age: >= 15", "A note",
        ),
        Described("hours", "Hours", "number", unit="hours"),
        Described("weight", "Weight", "number", unit="persons"),
        Described("rule", "Rule", "text"),
    ]  # fmt: skip
    path = tmp_path_factory.mktemp("ddi") / "codebook.xml"
    write_codebook(Codebook(facts, "workers.parquet", 22, variables), path)
    first = path.read_bytes()
    write_codebook(Codebook(facts, "workers.parquet", 22, variables), path)
    assert path.read_bytes() == first
    return ET.parse(path).getroot()


def test_the_codebook_is_valid_by_the_schema(ddi: ModuleType, root: ET.Element) -> None:
    assert ddi.invalid(root) == []
    assert {ddi.bare(element) for element in root.iter()} == {*ddi.CHILDREN, *ddi.TEXTS, *ddi.EMPTY}, (
        "no model is there for nothing"
    )


def _swapped(root: ET.Element) -> None:
    study = root[0]
    study[0], study[1] = study[1], study[0]


def _first(name: str, change: Callable[[ET.Element], object]) -> Callable[[ET.Element], object]:
    return lambda root: change(next(root.iter(f"{{{NAMESPACE}}}{name}")))


BROKEN: dict[str, tuple[Callable[[ET.Element], object], str]] = {
    "order": (_swapped, "stdyDscr: children"),
    "no title": (_first("titlStmt", lambda e: e.remove(e[0])), "titlStmt: children"),
    "two formats": (_first("var", lambda e: e.append(copy.deepcopy(e[-1]))), "var: children"),
    "unknown element": (_first("catgry", lambda e: ET.SubElement(e, f"{{{NAMESPACE}}}value")), "value: not known"),
    "text between": (_first("sumDscr", lambda e: setattr(e, "text", "words")), "sumDscr: text"),
    "unknown attribute": (_first("catgry", lambda e: e.set("code", "1")), "catgry: attribute code"),
    "unknown word": (_first("var", lambda e: e.set("intrvl", "continuous")), "var: intrvl=continuous"),
    "no name": (_first("var", lambda e: e.attrib.pop("name")), "var: no name"),
    "no identifier": (_first("fileDscr", lambda e: e.set("ID", "1 file")), "fileDscr: ID 1 file is no name"),
    "same identifier": (_first("fileDscr", lambda e: e.set("ID", "V1")), "V1 twice"),
    "of no file": (_first("var", lambda e: e.set("files", "F9")), "var: files=F9"),
}  # fmt: skip


@pytest.mark.parametrize("how", list(BROKEN))
def test_a_codebook_that_breaks_the_schema_is_found(ddi: ModuleType, root: ET.Element, how: str) -> None:
    change, message = BROKEN[how]
    broken = copy.deepcopy(root)
    change(broken)
    wrong = ddi.invalid(broken)
    assert message in "; ".join(wrong)


def test_what_is_required_is_there_and_says_what_it_should(root: ET.Element) -> None:
    ns = {"d": NAMESPACE}
    assert root.findtext("d:stdyDscr/d:citation/d:titlStmt/d:titl", namespaces=ns) == "S: harmonised file of T <1>"
    assert [e.text for e in root.findall(".//d:timePrd", ns)] == ["2021", "2022"]
    assert root.findtext(".//d:varQnty", namespaces=ns) == "4" and root.findtext(".//d:caseQnty", namespaces=ns) == "22"
    sex = root.find("d:dataDscr/d:var[@name='sex']", ns)
    assert sex is not None
    assert sex.findtext("d:labl", namespaces=ns) == "Sex ເພດ"
    assert sex.findtext("d:qstn/d:qstnLit", namespaces=ns) == "Is … male or female?"
    found = {c.findtext("d:catValu", namespaces=ns): c for c in sex.findall("d:catgry", ns)}
    assert list(found) == ["male", "female", "unknown"]
    assert found["unknown"].get("missing") == "Y" and not found["unknown"].findall("d:catStat", ns)
    assert [(s.text, s.get("wgtd")) for s in found["male"].findall("d:catStat", ns)] == [("12", None), ("1200", "wgtd")]
    assert [(v.get("intrvl"), v.get("measUnit"), v.get("wgt")) for v in root.findall("d:dataDscr/d:var", ns)] == [
        ("discrete", None, None), ("contin", "hours", None), ("contin", "persons", "wgt"), ("discrete", None, None)
    ]  # fmt: skip
    assert root.get("ID") == "study-a_study___more_"


def test_counts_are_shown_of_no_variable_with_a_small_level_or_a_hidden_number() -> None:
    people = pd.DataFrame(
        {
            "weight": 2.0,
            "sex": pd.Categorical(["male"] * 12 + ["female"] * 8),
            "area": pd.Categorical(["urban"] * 16 + ["rural"] * 4),
            "industry": pd.Categorical(["A"] * 10 + ["C"] * 10),
        }
    )
    row = {c: None for c in COLUMNS} | {"grade": "suppressed", "dim1": "sex", "level1": "male", "dim2": "industry"}
    shown = pd.DataFrame([row | {"grade": "good"}])
    assert counts(people, ["sex", "area", "industry"], shown, 5) == {
        "sex": {"male": (12, 24.0), "female": (8, 16.0)},
        "industry": {"A": (10, 20.0), "C": (10, 20.0)},
    }
    assert counts(people, ["sex", "area", "industry"], pd.DataFrame([row]), 5) == {}
    assert list(counts(people, ["area"], shown, 4)) == ["area"]
