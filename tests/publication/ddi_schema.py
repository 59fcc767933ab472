"""The schema of DDI-Codebook 2.5, as far as our codebooks use it: elements, how often, their order, attributes, identifiers.

Authority: the content models of ``codebook.xsd`` (DDI-Codebook 2.5.1), read in ``inst/schemas/codebook2.5.xsd`` of the R package
DDIwR and written down here in short: bare is once, ``?`` at most once, ``*`` any number, ``+`` at least one. No package that
can be installed holds the schema, which is why its models stand here.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from informality.publication.ddi import NAMESPACE

CHILDREN = {
    "codeBook": "docDscr* stdyDscr+ fileDscr* dataDscr* otherMat*",
    "stdyDscr": "citation+ studyAuthorization* stdyInfo* studyDevelopment* method* dataAccs* othrStdyMat* notes*",
    "citation": "titlStmt rspStmt? prodStmt? distStmt? serStmt* verStmt* biblCit* holdings* notes*",
    "titlStmt": "titl subTitl* altTitl* parTitl* IDNo*",
    "rspStmt": "AuthEnty* othId*",
    "stdyInfo": "studyBudget* subject* abstract* sumDscr* qualityStatement? notes* exPostEvaluation*",
    "sumDscr": "timePrd* collDate* nation* geogCover* geogUnit* geoBndBox? boundPoly* anlyUnit* universe* dataKind*",
    "method": "dataColl* notes* anlyInfo? stdyClas* dataProcessing* codingInstructions*",
    "dataColl": "timeMeth* dataCollector* collectorTraining* frequenc* sampProc* sampleFrame* targetSampleSize* deviat* "
    "collMode* resInstru* instrumentDevelopment* sources? collSitu* actMin* ConOps* weight* cleanOps*",
    "dataAccs": "setAvail* useStmt* notes*",
    "useStmt": "confDec* specPerm* restrctn* contact* citReq* deposReq* conditions* disclaimer*",
    "fileDscr": "fileTxt* locMap? notes*",
    "fileTxt": "fileName* fileCitation? dataFingerprint* fileCont? fileStrc? dimensns? fileType* format* filePlac* dataChck* "
    "ProcStat* dataMsng* software* verStmt*",
    "dimensns": "caseQnty* varQnty* logRecL* recPrCas* recNumTot*",
    "dataDscr": "varGrp* nCubeGrp* var* nCube* notes*",
    "var": "location* labl* imputation* security* embargo* respUnit* anlysUnit* qstn* valrng* invalrng* undocCod* universe* "
    "TotlResp* sumStat* txt* stdCatgry* catgryGrp* catgry* codInstr* verStmt* concept* derivation? varFormat? geoMap* "
    "catLevel* notes*",
    "qstn": "qstnLit*",  # of the six that may stand in it in any order, the one that is written
    "catgry": "catValu? labl* txt* catStat* mrow?",
}
_TEXTS = (
    "titl IDNo AuthEnty abstract timePrd nation anlyUnit universe dataKind sampProc weight restrctn fileName caseQnty varQnty "
    "fileType labl qstnLit txt catValu catStat"
)
TEXTS = frozenset(_TEXTS.split())
EMPTY = ("varFormat",)
EVERYWHERE = {"ID", "elementVersion", "elementVersionDate", "ddiLifecycleUrn", "ddiCodebookUrn", "source"}
ATTRIBUTES = {
    "codeBook": "version codeBookAgency",
    "fileDscr": "URI sdatrefs methrefs pubrefs access",
    "timePrd": "date event cycle",
    "nation": "abbr",
    "anlyUnit": "unit",
    "universe": "level clusion",
    "dataKind": "type",
    "AuthEnty": "affiliation",
    "abstract": "date contentType",
    "fileType": "charset",
    "var": "name wgt wgt-var weight qstn files vendor dcml intrvl rectype sdatrefs methrefs pubrefs access aggrMeth measUnit "
    "scale origin nature additivity temporal geog geoVocab catQnty representationType otherRepresentationType",
    "labl": "level vendor country sdatrefs",
    "qstnLit": "sdatrefs",
    "txt": "level sdatrefs",
    "catgry": "missing missType country sdatrefs excls catgry level",
    "catStat": "type otherType URI methrefs wgtd wgt-var weight sdatrefs",
    "varFormat": "type formatname schema category otherCategory URI",
}
WORDS = {
    ("codeBook", "version"): {"2.5"},
    ("timePrd", "event"): {"start", "end", "single"},
    ("var", "wgt"): {"wgt", "not-wgt"},
    ("var", "intrvl"): {"contin", "discrete"},
    ("catgry", "missing"): {"Y", "N"},
    ("catStat", "type"): {"freq", "percent", "crosstab", "other"},
    ("catStat", "wgtd"): {"wgtd", "not-wgtd"},
    ("varFormat", "type"): {"character", "numeric"},
}
REQUIRED = {("codeBook", "version"), ("var", "name")}
REFERENCES = {("var", "files"): "fileDscr", ("var", "wgt-var"): "var", ("catStat", "wgt-var"): "var"}


def bare(element: ET.Element) -> str:
    return element.tag.removeprefix(f"{{{NAMESPACE}}}")


def invalid(root: ET.Element) -> list[str]:
    """What the schema does not allow in a codebook, each as ``element: what``."""
    wrong = [] if bare(root) == "codeBook" else ["the root is no codeBook"]
    carriers: dict[str, str] = {}
    for element in root.iter():
        name, inside = bare(element), [bare(child) for child in element]
        if name in CHILDREN:
            model = "".join(re.sub(r"(\w+)", r"(?:\1 )", child) for child in CHILDREN[name].split())
            wrong += [] if re.fullmatch(model, "".join(f"{c} " for c in inside)) else [f"{name}: children {inside}"]
            stray = (element.text or "") + "".join(child.tail or "" for child in element)
            wrong += [f"{name}: text"] if stray.strip() and name != "qstn" else []
        elif name in TEXTS or name in EMPTY:
            wrong += [f"{name}: children {inside}"] if inside else []
            wrong += [f"{name}: text"] if name in EMPTY and element.text else []
        else:
            wrong.append(f"{name}: not known")
        known = EVERYWHERE | set(ATTRIBUTES.get(name, "").split())
        for attribute, value in element.attrib.items():
            wrong += [] if attribute in known else [f"{name}: attribute {attribute}"]
            allowed = WORDS.get((name, attribute), {value})
            wrong += [] if value in allowed else [f"{name}: {attribute}={value}"]
        wrong += [f"{name}: no {a}" for n, a in REQUIRED if n == name and a not in element.attrib]
        if (own := element.get("ID")) is not None:
            wrong += [] if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]*", own) else [f"{name}: ID {own} is no name"]
            wrong += [f"{name}: ID {own} twice"] if own in carriers else []
            carriers[own] = name
    for element in root.iter():
        for attribute, value in element.attrib.items():
            if (target := REFERENCES.get((bare(element), attribute))) is not None:
                wrong += [f"{bare(element)}: {attribute}={v}" for v in value.split() if carriers.get(v) != target]
    return wrong
