"""Files already harmonised (World Bank GLD, ILO, ILO model questionnaire, IPUMS) through profiles of a few lines.

Authority: small files written here in each layout, with the codes of its dictionary; every expected word was worked out by
hand from the line of the person and the ILO chart of the reference page, 3.2 and 3.3.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyreadstat
import pytest

from informality.classification.classify import classify, column
from informality.classification.definition import read_definition
from informality.foundation.errors import ExitCode, InformalityError
from informality.foundation.library import find
from informality.survey.harmonise import Harmonised, harmonise
from informality.survey.joining import read_wave
from informality.survey.like import files_of
from informality.survey.profile import read_profile
from informality.survey.quality import check_quality

OWN = """\
id: own
like: {like}
title: A survey
country: {{code: XXA, name: Nowhere}}
agency: the tests
language: en
currency: XXX
waves:
  w1: {{title: Wave one, file: {file}, source: this test, licence: none}}
"""

# hhid and pid are made from the row; a full stop is a blank
GLD = """\
age male urban lstatus empstat ocusec socialsec contract isic isco_v occup firmsize_l firmsize_u unit            job
40  1    1     1       1       2      1         1        1410 isco_2008 8  10  49            not_determinable formal
35  0    0     1       1       2      0         0        4711 isco_2008 5  1   4             not_determinable informal
50  1    1     1       1       1      1         1        8411 isco_2008 1  100 .             formal           formal
51  1    1     1       1       3      0         1        3510 isco_2008 2  .   .             formal           informal
52  0    1     1       1       4      .         .        8510 isco_2008 2  .   .             formal           informal
45  1    1     1       3       2      .         .        F    isco_2008 7  5   9             not_determinable not_determinable
46  0    0     1       4       2      .         .        0111 isco_2008 6  1   1             not_determinable not_determinable
20  0    0     1       2       2      .         .        0142 isco_2008 6  2   4             not_determinable informal
60  1    0     1       5       2      1         .        9601 isco_2008 99 .   .             not_determinable formal
25  1    1     2       .       .      .         .        .    isco_2008 .  .   .             not_applicable   not_applicable
70  0    1     3       .       .      .         .        .    isco_2008 .  .   .             not_applicable   not_applicable
8   1    1     .       .       .      .         .        .    isco_2008 .  .   .             not_applicable   not_applicable
"""


def table(text: str) -> pd.DataFrame:
    head, *lines = (line.split() for line in text.splitlines())
    frame = pd.DataFrame(lines, columns=head).replace(".", None)
    for name in frame:
        numbers = pd.to_numeric(frame[name], errors="coerce")
        if numbers.notna().sum() == frame[name].notna().sum() and name not in ("isic", "industrycat_isic"):
            frame[name] = numbers
    return frame


def gld(**columns: object) -> pd.DataFrame:
    frame = table(GLD).rename(columns={"isic": "industrycat_isic", "isco_v": "isco_version"})
    n = len(frame)
    frame = frame.assign(
        hhid=[f"h{i // 2}" for i in range(n)], pid=[f"p{i}" for i in range(n)], weight=10.5,
        psu=[1 + i // 3 for i in range(n)], strata=[1 + i // 6 for i in range(n)], icls_v="ICLS-19", isic_version="isic_4",
    )  # fmt: skip
    return frame.assign(**columns)


def read(tmp_path: Path, like: str, frame: pd.DataFrame, more: str, file: str = "f.csv", basis: str = "") -> Harmonised:
    if file.endswith(".dta"):
        pyreadstat.write_dta(frame, tmp_path / file)
    else:
        frame.to_csv(tmp_path / file, index=False)
    (tmp_path / "own.yml").write_text(OWN.format(like=like, file=file) + more, encoding="utf-8")
    profile = read_profile(tmp_path / "own.yml")
    return harmonise(profile, read_wave(profile, "w1", tmp_path / file), basis or profile.spec.bases[0])


def outcome(survey: Harmonised, step: str, definition: str = "ilo-17icls") -> list[str]:
    made = classify(survey.frame, read_definition(find("definitions", definition), survey.schema), survey.asked)
    return list(made[column(definition, step)].astype(str))


def words(survey: Harmonised, name: str) -> str:
    return " ".join(survey.frame[name].astype(str))


# World Bank GLD

WITHOUT = gld().drop(columns=["unit", "job"])


@pytest.mark.parametrize("file", ["f.csv", "f.dta"])
def test_gld_by_the_ilo_chart(tmp_path: Path, file: str) -> None:
    survey = read(tmp_path, "gld", WITHOUT, 'bases: ["19"]\n', file)
    expected = table(GLD)
    assert outcome(survey, "unit") == list(expected["unit"])
    assert outcome(survey, "job") == list(expected["job"])
    assert words(survey, "industry").split()[:9] == ["C", "G", "O", "D", "P", "F", "A", "A", "S"]
    assert words(survey, "institution").split()[:5] == [
        "private",
        "private",
        "government",
        "public_enterprise",
        "government",
    ]
    assert words(survey, "labour_force").split()[9:] == ["unemployed", "outside", "not_applicable"]
    assert words(survey, "labour_force_13") == " ".join(["not_asked"] * 11 + ["not_applicable"])
    assert words(survey, "contract").split()[:3] == ["written", "none", "written"]


def test_the_sector_of_a_gld_file_is_never_informal(tmp_path: Path) -> None:
    assert "informal" not in outcome(read(tmp_path, "gld", WITHOUT, 'bases: ["19"]\n'), "unit")


def test_a_gld_survey_without_social_security_tells_no_employee(tmp_path: Path) -> None:
    """The dictionary keeps a column without values for what a survey did not ask: not asked is not `no answer`."""
    survey = read(tmp_path, "gld", WITHOUT.assign(socialsec=None), 'bases: ["19"]\n')
    assert outcome(survey, "job")[:5] == ["not_determinable"] * 5
    assert words(survey, "social_security").split()[0] == "not_asked"
    assert "social_security" not in survey.asked
    (told,) = (w for w in survey.warnings if "no value in this file" in w.what)
    assert "social_security" in told.found
    quality = check_quality(survey, read_profile(tmp_path / "own.yml"))
    assert not [f for f in quality.findings if "`social_security` is read" in f.what]  # said once, not twice


def test_an_older_classification_keeps_its_version(tmp_path: Path) -> None:
    frame = WITHOUT.assign(isic_version="isic_3.1", isco_version="isco_1988", industrycat_isic=["5520"] + ["9500"] * 11)
    survey = read(tmp_path, "gld", frame, 'bases: ["19"]\n')
    assert words(survey, "industry_31").split()[:2] == ["H", "P"]
    assert words(survey, "occupation_88").split()[:2] == ["operators", "service_sales"]
    assert {"industry", "occupation"} & survey.asked == set()
    assert words(survey, "industry").split()[0] == "not_asked"
    counts = survey.mapping[survey.mapping["variable"] == "industry"]["n"].sum()
    assert counts == len(frame)  # every person is in the account


def test_codes_the_dictionary_does_not_have_are_reported(tmp_path: Path) -> None:
    frame = WITHOUT.assign(
        empstat=[7, *WITHOUT["empstat"][1:]], lstatus=[*WITHOUT["lstatus"][:-1], 4], age=[*WITHOUT["age"][:-1], 30]
    )
    with pytest.raises(InformalityError) as failure:
        read(tmp_path, "gld", frame, 'bases: ["19"]\n')
    assert failure.value.code == ExitCode.DATA
    problems = {p.what: p for p in failure.value.problems}
    assert problems["`status` does not say what code 7 of empstat means"].place.startswith("gld.yml, line ")
    assert "`labour_force_19` does not say what code 4 of lstatus means" in problems


def test_the_employment_concept_of_the_file_is_the_one_that_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(InformalityError) as failure:
        read(tmp_path, "gld", WITHOUT.assign(icls_v="ICLS-13"), 'bases: ["19"]\n')
    (problem,) = failure.value.problems
    assert problem.what == "the profile offers the 19th ICLS basis, but the file cannot tell employment on it"
    assert problem.place == "own.yml, line 10"


def test_a_file_without_a_design_says_none(tmp_path: Path) -> None:
    bare = WITHOUT.drop(columns=["psu", "strata"])
    with pytest.raises(InformalityError) as failure:
        read(tmp_path, "gld", bare, 'bases: ["19"]\n')
    assert [p.what for p in failure.value.problems] == [
        f"the column `{n}` is not in the file" for n in ("strata", "psu")
    ]
    survey = read(tmp_path, "gld", bare, 'bases: ["19"]\ndesign: {stratum: none, psu: none}\n')
    assert set(survey.frame["stratum"]) == {"all"}
    assert set(survey.frame["weight"]) == {10.5}


# ILO harmonised

ILO = """\
ilo_key ilo_wgt ilo_age ilo_sex ilo_geo ilo_lfs ilo_job1_ste_icse93 ilo_job1_eco_isic4 ilo_job1_ins_sector ilo_job1_ife_prod ilo_job1_ife_nature
1       2.5     40      1       1       1       1                   15                 1                   2                 2
2       2.5     35      2       2       1       3                   1                  2                   1                 1
3       2.5     30      1       1       1       2                   7                  2                   2                 2
4       2.5     20      2       2       1       5                   1                  2                   3                 1
5       2.5     50      1       1       1       6                   22                 2                   4                 1
6       2.5     22      2       1       2       .                   .                  .                   .                 .
"""  # noqa: E501


def test_ilo_files_hold_what_the_ilo_found(tmp_path: Path) -> None:
    more = 'bases: ["13"]\ndesign: {stratum: none, psu: none}\n'
    survey = read(tmp_path, "ilo-harmonised", table(ILO), more)
    assert outcome(survey, "unit", "ilo-harmonised") == [
        "formal",
        "informal",
        "formal",
        "household",
        "not_determinable",
        "not_applicable",
    ]
    assert outcome(survey, "job", "ilo-harmonised") == [
        "formal",
        "informal",
        "formal",
        "informal",
        "informal",
        "not_applicable",
    ]
    assert words(survey, "status") == "employee own_account employer contributing_family other not_applicable"
    # its rule itself cannot be run: only public units and family workers come out
    nd = "not_determinable"
    assert outcome(survey, "unit") == ["formal", nd, nd, nd, nd, "not_applicable"]
    assert outcome(survey, "job") == [nd, nd, nd, "informal", nd, "not_applicable"]


def test_the_same_file_on_the_other_basis(tmp_path: Path) -> None:
    survey = read(tmp_path, "ilo-harmonised", table(ILO), 'bases: ["19"]\ndesign: {stratum: none, psu: none}\n')
    assert words(survey, "employed_19") == "yes yes yes yes yes no"
    assert set(survey.frame["employed_13"]) == {"not_asked"}
    assert set(survey.frame["own_use_producer"]) == {"not_asked"}  # never `no`


# ILO model questionnaire

MODEL = """\
ID W DEM_AGE DEM_SEX ATW_PAY ATW_PFT ATW_FAM AGF_MKT MJJ_EMP_REL MJJ_HIRES MJJ_CFW_CHK MJU_INS MJL_CORP MJU_SIZ MJU_PLC MIS_REGI MIS_BOOK MIE_SOCPRO MIE_PVACLV MIE_PSCKLV SRH_JOB SRH_AVN status              unit            job
1  1 40      1       1       .       .       .       1           .         .           3       2        4       4       .        .        1          1          1          .       .       employee            formal          formal
2  1 41      2       1       .       .       .       1           .         .           3       2        2       4       .        .        97         1          7          .       .       employee            informal        informal
3  1 42      1       2       1       .       .       2           2         .           3       2        1       5       2        4        .          .          .          .       .       own_account         informal        informal
4  1 43      2       2       1       .       .       2           1         .           3       2        3       4       1        3        .          .          .          .       .       employer            formal          formal
5  1 44      1       2       1       .       2       2           2         .           2       .        1       3       97       97       .          .          .          .       .       own_account         informal        informal
6  1 45      2       2       2       1       1       3           .         3           2       .        2       3       2        4        .          .          .          .       .       contributing_family informal        informal
7  1 46      1       1       .       .       .       1           .         .           4       .        1       2       .        .        2          2          2          .       .       employee            household       informal
8  1 47      2       2       2       2       .       .           .         .           .       .        .       .       .        .        .          .          .          1       1       not_applicable      not_applicable  not_applicable
9  1 48      1       2       1       .       4       2           2         .           2       .        1       3       .        .        .          .          .          2       2       own_account         household       informal
"""  # noqa: E501


def test_the_ilo_model_questionnaire_by_the_ilo_chart(tmp_path: Path) -> None:
    frame = table(MODEL)
    more = "keys: {person: [ID]}\ndesign: {weight: W, stratum: none, psu: none}\n"
    survey = read(tmp_path, "ilo-model-questionnaire", frame.drop(columns=["status", "unit", "job"]), more)
    assert words(survey, "status") == " ".join(frame["status"])
    assert outcome(survey, "unit") == list(frame["unit"])
    assert outcome(survey, "job") == list(frame["job"])
    # the ninth farms only for the family: employed in 1982, not in 2013
    assert words(survey, "employed_13").split()[7:] == ["no", "yes"]
    assert words(survey, "employed_19").split()[7:] == ["no", "no"]
    assert words(survey, "labour_force_19").split()[7:] == ["unemployed", "outside"]


# IPUMS-International

IPUMS = """\
SAMPLE SERIAL PERNUM PERWT STRATA AGE SEX URBAN EMPSTAT CLASSWKD INDGEN OCCISCO EDATTAIND status             unit
1      1      1      10    5      40  1   2     1       220      100    2       400       employee           formal
1      1      2      10    5      38  2   2     1       120      60     5       212       own_account        not_determinable
1      2      1      10    5      50  1   1     1       110      10     6       110       employer           not_determinable
1      2      2      10    5      18  2   1     1       310      10     6       120       contributing_family not_determinable
1      3      1      10    5      45  2   2     1       230      120    9       212       employee           household
1      3      2      10    5      33  1   2     1       102      30     1       400       unknown            formal
1      4      1      10    5      30  1   2     1       999      999    98      999       unknown            not_determinable
1      4      2      10    5      9   2   2     0       0        0      99      0         not_applicable     not_applicable
"""


@pytest.mark.parametrize("small", [False, True])
def test_ipums_extracts_with_either_capitals(tmp_path: Path, small: bool) -> None:
    frame = table(IPUMS)
    columns = frame.drop(columns=["status", "unit"]).rename(columns=str.lower if small else str)
    survey = read(tmp_path, "ipums-international", columns, 'bases: ["13"]\n')
    assert words(survey, "status") == " ".join(frame["status"])
    assert outcome(survey, "unit") == list(frame["unit"])
    nd = "not_determinable"
    assert outcome(survey, "job") == [nd, nd, nd, "informal", nd, nd, nd, "not_applicable"]
    assert words(survey, "area").split()[:3] == ["urban", "urban", "rural"]
    assert words(survey, "industry_31").split()[:3] == ["L", "G", "A"]
    assert list(survey.frame["psu"])[:3] == ["1-1", "1-1", "1-2"]


def test_a_column_that_was_not_chosen_is_not_asked(tmp_path: Path) -> None:
    columns = table(IPUMS).drop(columns=["status", "unit", "INDGEN", "EDATTAIND"])
    survey = read(tmp_path, "ipums-international", columns, 'bases: ["13"]\n')
    assert {"industry_31", "education"} & survey.asked == set()
    assert words(survey, "education").split()[0] == "not_asked"


# The mechanism


def test_a_pattern_is_no_survey(tmp_path: Path) -> None:
    with pytest.raises(InformalityError) as failure:
        read_profile(find("surveys", "gld"))
    (problem,) = failure.value.problems
    assert problem.what == "`gld` is a pattern for files of the World Bank's Global Labor Database, and names no file"
    assert "`like: gld`" in problem.fix


def test_a_pattern_that_does_not_exist_has_a_near_name(tmp_path: Path) -> None:
    (tmp_path / "own.yml").write_text(OWN.format(like="gdl", file="f.csv"), encoding="utf-8")
    with pytest.raises(InformalityError) as failure:
        read_profile(tmp_path / "own.yml")
    (problem,) = failure.value.problems
    assert problem.place == "own.yml, line 2"
    assert problem.fix == "did you mean `gld`?"


def test_a_profile_is_not_like_itself(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("id: a\nlike: b\n", encoding="utf-8")
    (tmp_path / "b.yml").write_text("id: b\nlike: a\n", encoding="utf-8")
    with pytest.raises(InformalityError, match="a profile cannot be like itself"):
        read_profile(tmp_path / "a.yml")
    assert [p.name for p in files_of(tmp_path / "a.yml")] == ["a.yml", "b.yml"]


def test_what_the_profile_says_goes_before_what_it_takes_over(tmp_path: Path) -> None:
    more = 'bases: ["19"]\nvariables:\n  region: {from: urban, map: {1: town, 0: land}, labels: {town: Town, land: Land}}\n'
    survey = read(tmp_path, "gld", WITHOUT, more)
    assert words(survey, "region").split()[:2] == ["town", "land"]
    assert words(survey, "area").split()[:2] == ["urban", "rural"]
    with pytest.raises(InformalityError) as failure:
        read(tmp_path, "gld", WITHOUT, 'bases: ["19"]\nvariables:\n  status: {from: empstat, map: {1: employe}}\n')
    assert failure.value.problems[0].place == "own.yml, line 12"


def test_every_pattern_names_its_files_and_shows_an_example() -> None:
    folder = find("surveys", "gld").parent
    paths = sorted(folder.glob("*.yml"))
    assert [p.stem for p in paths] == ["gld", "ilo-harmonised", "ilo-model-questionnaire", "ipums-international"]
    for path in paths:
        text = path.read_text(encoding="utf-8")
        assert f"#   like: {path.stem}\n" in text
        assert "\npattern: " in text
        assert "\n# Read: " in text
