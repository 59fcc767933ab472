"""The DDI codebook: well-formed, the required elements in the order of DDI-Codebook 2.5, counts only where they may be shown.

Authority: the element lists of DDI-Codebook 2.5 (order of the children of ``var``, ``catgry``, ``stdyDscr``, ``sumDscr``), from
memory; counts by hand.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pandas as pd
import pytest

from informality.publication.ddi import NAMESPACE, Codebook, Described, write_codebook
from informality.tabulation.columns import COLUMNS
from informality.tabulation.disclosure import counts

ORDER = {
    "codeBook": ["docDscr", "stdyDscr", "fileDscr", "dataDscr", "otherMat"],
    "stdyDscr": ["citation", "studyAuthorization", "stdyInfo", "studyDevelopment", "method", "dataAccs", "othrStdyMat", "notes"],
    "citation": ["titlStmt", "rspStmt", "prodStmt", "distStmt", "serStmt", "verStmt", "biblCit", "holdings", "notes"],
    "titlStmt": ["titl", "subTitl", "altTitl", "parTitl", "IDNo"],
    "stdyInfo": ["studyBudget", "subject", "abstract", "sumDscr", "qualityStatement", "notes", "exPostEvaluation"],
    "sumDscr": ["timePrd", "collDate", "nation", "geogCover", "geogUnit", "anlyUnit", "universe", "dataKind"],
    "dataColl": ["timeMeth", "dataCollector", "frequenc", "sampProc", "sampleFrame", "deviat", "collMode", "resInstru", "weight"],
    "fileTxt": ["fileName", "fileCitation", "dataFingerprint", "fileCont", "fileStrc", "dimensns", "fileType"],
    "dimensns": ["caseQnty", "varQnty", "logRecL"],
    "var": [
        "location", "labl", "imputation", "security", "embargo", "respUnit", "anlysUnit", "qstn", "valrng", "invalrng",
        "undocCod", "universe", "TotlResp", "sumStat", "txt", "stdCatgry", "catgryGrp", "catgry", "codInstr", "verStmt",
        "concept", "derivation", "varFormat", "geoMap", "catLevel", "notes",
    ],
    "catgry": ["catValu", "labl", "txt", "catStat", "mrow"],
}  # fmt: skip


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> ET.Element:
    facts = {
        "id": "a study & more", "title": "T <1>", "agency": "A", "survey_title": "S", "country": "Lao PDR", "country_code": "LAO",
        "waves": ["2021", "2022"], "licence": "ask", "sample": "2 strata", "weight": "w", "notice": "made up",
    }  # fmt: skip
    variables = [
        Described(
            "sex", "Sex ເພດ", "category", {"male": "Men", "female": "Women"}, {"unknown": "Not known"},
            {"male": (12, 1200.4), "female": (10, 990.0)}, "Is … male or female?", "age: >= 15", "A note",
        ),
        Described("hours", "Hours", "number", unit="hours"),
        Described("rule", "Rule", "text"),
    ]  # fmt: skip
    path = tmp_path_factory.mktemp("ddi") / "codebook.xml"
    write_codebook(Codebook(facts, "workers.parquet", 22, variables), path)
    first = path.read_bytes()
    write_codebook(Codebook(facts, "workers.parquet", 22, variables), path)
    assert path.read_bytes() == first
    return ET.parse(path).getroot()


def test_elements_stand_in_the_order_of_the_standard(root: ET.Element) -> None:
    assert root.tag == f"{{{NAMESPACE}}}codeBook" and root.get("version") == "2.5"
    seen = 0
    for element in root.iter():
        name = element.tag.removeprefix(f"{{{NAMESPACE}}}")
        children = [child.tag.removeprefix(f"{{{NAMESPACE}}}") for child in element]
        if name in ORDER:
            places = [ORDER[name].index(child) for child in children]
            assert places == sorted(places), name
            seen += 1
    assert seen >= len(ORDER)
    identifiers = [e.get("ID") for e in root.iter() if e.get("ID")]
    assert len(identifiers) == len(set(identifiers))


def test_what_is_required_is_there_and_says_what_it_should(root: ET.Element) -> None:
    ns = {"d": NAMESPACE}
    assert root.findtext("d:stdyDscr/d:citation/d:titlStmt/d:titl", namespaces=ns) == "S: harmonised file of T <1>"
    assert [e.text for e in root.findall(".//d:timePrd", ns)] == ["2021", "2022"]
    assert root.findtext(".//d:varQnty", namespaces=ns) == "3" and root.findtext(".//d:caseQnty", namespaces=ns) == "22"
    sex = root.find("d:dataDscr/d:var[@name='sex']", ns)
    assert sex is not None
    assert sex.findtext("d:labl", namespaces=ns) == "Sex ເພດ"
    assert sex.findtext("d:qstn/d:qstnLit", namespaces=ns) == "Is … male or female?"
    found = {c.findtext("d:catValu", namespaces=ns): c for c in sex.findall("d:catgry", ns)}
    assert list(found) == ["male", "female", "unknown"]
    assert found["unknown"].get("missing") == "Y" and not found["unknown"].findall("d:catStat", ns)
    assert [(s.text, s.get("wgtd")) for s in found["male"].findall("d:catStat", ns)] == [("12", None), ("1200", "wgtd")]
    assert {v.get("intrvl") for v in root.findall("d:dataDscr/d:var", ns)} == {"contin", "discrete"}


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
