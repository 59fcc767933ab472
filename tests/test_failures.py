"""What a user can get wrong, through the real command line: words, exit code, and a workspace left as it was.

Authority: every message is written out by hand here, and every line number is looked up in the file that the test
wrote. A small survey of 24 persons stands in for a real one; the report is a stub, except where it is what fails.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
import pytest
from rich.console import Console

from informality import cli, screens
from informality.foundation.schema import read_schema
from informality.foundation.staging import staged
from informality.pipeline import estimating, publishing
from informality.pipeline.artefacts import ANONYMISED, EXCHANGE, PRODUCTS
from informality.pipeline.state import Run

STUDY = """\
id: small
title: A small study
survey: small-survey
wave: w1
basis: "13"
definitions: [simple]
headline: simple
tables: [small-tables]
reports: [country]
formats: [html]
"""
PROFILE = """\
id: small-survey
title: Small survey
country: {code: XXA, name: Nowhere}
agency: the tests
language: es
currency: XXX
status: assumption
bases: ["13"]
waves:
  w1:
    title: Wave one
    file: persons.sav
    source: the office of the tests
    licence: none
keys:
  person: [idp]
design:
  weight: fexp
  stratum: estrato
  psu: upm
variables:
  age: {from: edad, number: {unknown: [999], min: 0, max: 98}}
  sex: {from: sexo, map: {1: male, 2: female}}
  area: {from: area, map: {1: urban, 2: rural}}
  labour_force_13: {from: condact, map: {1: employed, 2: unemployed, 3: outside}}
  status: {from: cat, map: {1: employee, 2: own_account}}
  social_security: {from: seguro, map: {1: yes, 2: no}}
"""
MEASURED = ("age", "sex", "area", "labour_force_13", "status", "social_security")
BENCHMARK = """\
benchmarks:
  employed:
    title: Employed persons
    statistic: total
    of: {employed: yes}
    value: 180
    tolerance: 0.5
    unit: persons
    source: 18 persons of weight 10
    status: verified
"""
DEFINITION = """\
id: simple
title: Informal employment by social security
summary: A job is formal when the employer pays social security.
status: assumption
sources: [the tests]
applies_to: {worker: yes}
steps:
  - decides: job
    title: Main job
    outcomes: {formal: Formal job, informal: Informal job}
    rules:
      - {when: {status: employee, social_security: yes}, then: formal, why: social security is paid}
      - {then: informal, why: it is not}
"""
TABLES = """\
title: Small tables
universes:
  employed: {title: Employed persons, where: {employed: yes}}
indicators:
  informal_employment:
    title: Informal employment rate
    statistic: share
    of: {job: informal}
    among: employed
  jobs_by_status: {title: Employment by status, statistic: composition, of: status, among: employed}
tables:
  main:
    title: Main figures
    indicators: [informal_employment, jobs_by_status]
    by: [[], [sex]]
"""
FILES = {
    "study": "analysis/studies/small.yml",
    "profile": "analysis/surveys/small-survey.yml",
    "definition": "analysis/definitions/simple.yml",
    "tables": "analysis/tables/small-tables.yml",
}


def persons() -> pd.DataFrame:
    """24 persons of weight 10 in 3 strata of 2 PSUs of 4: 12 employees (8 insured), 6 own-account, 3 unemployed."""
    i = np.arange(24)
    return pd.DataFrame(
        {
            "idp": 101.0 + i,
            "estrato": 1.0 + i // 8,
            "upm": 1.0 + i // 4,
            "fexp": 10.0,
            "edad": 30.0 + i,
            "sexo": 1.0 + i % 2,
            "area": 1.0 + i // 12,
            "condact": np.select([i < 18, i < 21], [1.0, 2.0], 3.0),
            "cat": np.select([i < 12, i < 18], [1.0, 2.0], np.nan),
            "seguro": np.select([i < 8, i < 12], [1.0, 2.0], np.nan),
        }
    )


@dataclass(frozen=True)
class Said:
    """What the command line answered."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Project:
    """A workspace with the small study, and the command line in it."""

    root: Path
    call: Callable[..., Said]

    def path(self, name: str) -> Path:
        return self.root / FILES.get(name, name)

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.path(name)
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, old
        path.write_text(text.replace(old, new), encoding="utf-8")

    def at(self, name: str, text: str) -> str:
        """``small.yml, line 5`` for the one line that begins with ``text``, or else holds it."""
        lines = dict(enumerate(self.path(name).read_text(encoding="utf-8").splitlines(), 1))
        begin = [n for n, line in lines.items() if line.startswith(text)]
        (number,) = begin or [n for n, line in lines.items() if text in line]
        return f"{self.path(name).name}, line {number}"

    def raw(self, data: pd.DataFrame) -> None:
        pyreadstat.write_sav(data, self.path("data_raw/persons.sav"))

    def tree(self) -> dict[str, str]:
        """Every file and folder of the workspace, hidden ones too, with the hash of its content."""
        return {
            str(p.relative_to(self.root)): hashlib.sha256(p.read_bytes()).hexdigest() if p.is_file() else "folder"
            for p in self.root.rglob("*")
        }

    def refuses(self, code: int, command: str, *messages: str, problems: int | None = None) -> Said:
        """The command ends with this code and exactly these problems, and leaves no trace."""
        before = self.tree()
        said = self.call(*command.split())
        assert said.code == code, said.err
        assert "Traceback" not in said.out + said.err
        for message in messages:
            assert message in said.err, said.err
        if code not in (2, 130) or problems:
            count = problems or len(messages)
            assert f"\n{count} problem{'s' if count > 1 else ''}. Nothing was written. (exit {code})\n" in said.err
        assert self.tree() == before
        return said


def says(place: str, what: str, found: str = "", fix: str = "") -> str:
    """A problem as the screen shows it."""
    lines = [f"{place}: {what}"] + [f"  found  {found}"] * bool(found) + [f"  fix    {fix}"] * bool(fix)
    return "\n".join(lines) + "\n"


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """The command line, in this process, on a screen wide enough for any line."""
    monkeypatch.setattr(screens, "out", Console(highlight=False, width=10_000))
    monkeypatch.setattr(screens, "err", Console(stderr=True, highlight=False, width=10_000))

    def call(*words: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["informality", *words])
        code = 0
        try:
            cli.main()
        except SystemExit as end:
            code = int(end.code or 0)
        captured = capsys.readouterr()
        return Said(code, captured.out, captured.err)

    return call


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: Callable[..., Said]) -> Project:
    made = Project(tmp_path, call)
    texts = {"study": STUDY, "profile": PROFILE, "definition": DEFINITION, "tables": TABLES}
    for name, text in texts.items():
        made.path(name).parent.mkdir(parents=True)
        made.path(name).write_text(text, encoding="utf-8")
    lines = "".join(f"  {name}: not_asked\n" for name in read_schema().measured() if name not in MEASURED)
    made.path("profile").write_text(PROFILE + lines + BENCHMARK, encoding="utf-8")
    for folder in ("data_raw", "reports"):
        (tmp_path / folder).mkdir()
    made.raw(persons())
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("INFORMALITY_DATA", raising=False)
    monkeypatch.setattr(publishing, "make_report", stub_report)
    monkeypatch.setattr(publishing, "make_products", stub_products)
    monkeypatch.setattr(publishing, "make_exchange", stub_exchange)
    return made


def stub_report(run: Run, *_: object) -> None:
    (run.staging / "report" / "_build").mkdir(parents=True)
    (run.staging / "report" / "_build" / "part.md").write_text("a part")
    (run.staging / "report" / "country.html").write_text("a report")


def stub_products(run: Run, *_: object) -> None:
    for name in PRODUCTS:
        (run.staging / name).parent.mkdir(exist_ok=True)
        (run.staging / name).write_text("a product")


def stub_exchange(run: Run, *_: object) -> None:
    for name in (*EXCHANGE, *ANONYMISED):
        (run.staging / name).parent.mkdir(parents=True, exist_ok=True)
        (run.staging / name).write_text("a file for another program")


WRITTEN = {
    "data_clean/small/workers.parquet",
    "data_clean/small/annex.json",
    "data_clean/small/results.parquet",
    "data_clean/small/quality.json",
    "data_clean/small/quality.csv",
    "data_clean/small/hidden.csv",
    "data_clean/small/summary.sqlite",
    "data_clean/small/figures.parquet",
    "data_clean/small/datapackage.json",
    "data_clean/small/codebook.xml",
    "data_clean/small/anonymised.dta",
    "data_clean/small/anonymised.sav",
    "data_clean/small/anonymised.json",
    "data_clean/small/manifest.json",
    "reports/_output/small/country.html",
    "reports/_output/small/_build/part.md",
    "reports/_output/small/explorer.html",
    "reports/_output/small/figures.csv",
    "reports/_output/small/tables.xlsx",
    "reports/_output/small/datapackage.json",
    "reports/_output/small/exchange/sdmx.csv",
    "reports/_output/small/exchange/sdmx.json",
    "reports/_output/small/exchange/codes.csv",
    "reports/_output/small/exchange/README.md",
}


# The small study is right as it stands


def test_the_small_study_runs_from_files_of_the_workspace(project: Project) -> None:
    before = project.tree()
    said = project.call("run", "small")
    assert said.code == 0, said.err
    assert {name for name, kind in project.tree().items() if kind != "folder"} - set(before) == WRITTEN
    results = pd.read_parquet(project.path("data_clean/small/results.parquet"))
    total = results[(results["indicator"] == "informal_employment") & results["dim1"].isna()]
    assert total["n"].item() == 18  # 24 less 3 unemployed and 3 outside the labour force
    assert project.call("check", "small-survey").code == 0
    assert project.call("check", "small").code == 0
    assert project.call("check", FILES["profile"]).code == 0
    assert project.call("run", FILES["study"]).code == 0


def test_a_check_leaves_no_file(project: Project) -> None:
    before = project.tree()
    said = project.call("check", "small")
    assert "reproduced" in said.out and "24  rows in the file" in said.out
    assert project.tree() == before


# Data files


def test_raw_file_missing(project: Project) -> None:
    path = project.path("data_raw/persons.sav").rename(project.path("data_raw/other.sav")).with_name("persons.sav")
    project.refuses(
        11,
        "run small",
        says(
            str(path),
            "the raw data file is missing",
            "in this folder: other.sav",
            "obtain persons.sav (the office of the tests); see data_raw/README.md; "
            "or say where it lies with --data or INFORMALITY_DATA",
        ),
    )
    project.refuses(11, "check small", f"{path}: the raw data file is missing")
    project.refuses(11, "run small --data analysis", f"{project.root / 'analysis' / 'persons.sav'}: the raw data file")


def test_a_text_file_named_sav(project: Project) -> None:
    path = project.path("data_raw/persons.sav")
    path.write_text("idp,edad\n1,30\n")
    project.refuses(
        11,
        "run small",
        says(
            str(path),
            "the file is not what `.sav` promises",
            "it looks like text that begins with “idp,edad”",
            "unpack it, convert it, or give it the ending that belongs to it",
        ),
    )


@pytest.mark.parametrize("kept", [20, 400, -16])
def test_a_truncated_sav(project: Project, kept: int) -> None:
    path = project.path("data_raw/persons.sav")
    path.write_bytes(path.read_bytes()[:kept])
    said = project.refuses(11, "run small", f"{path}: the file is cut short or damaged")
    assert f"{path.stat().st_size:,} bytes" in said.err


def test_another_file_than_the_profile_was_written_for(project: Project) -> None:
    project.edit("profile", "    file: persons.sav\n", f"    file: persons.sav\n    sha256: {'ab' * 32}\n")
    path = project.path("data_raw/persons.sav")
    found = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    project.refuses(
        11,
        "run small",
        says(
            str(path),
            "this is not the file the profile was written for",
            f"SHA-256 {found}…, the profile has abababababababab…",
            "obtain the file as published (the office of the tests), or give it its own wave in small-survey.yml",
        ),
    )


def test_another_number_of_rows(project: Project) -> None:
    project.edit("profile", "    file: persons.sav\n", "    file: persons.sav\n    rows: 25000\n")
    project.refuses(
        12,
        "run small",
        says(
            "persons.sav",
            "the file has another number of rows than the profile says",
            "24 rows, the profile says 25,000",
            "obtain the complete file, or correct `rows` in the profile",
        ),
    )


# Data against profile


def test_every_absent_column_at_once(project: Project) -> None:
    project.raw(persons().rename(columns={"fexp": "FEXP", "cat": "cats", "idp": "qqq"}))
    found = "10 columns, none of this name"
    listed = "use one of qqq, estrato, upm, FEXP, edad, sexo, area, condact, cats, seguro"
    project.refuses(
        12,
        "run small",
        says(project.at("profile", "  person:"), "the column `idp` is not in the file", found, listed),
        says(
            project.at("profile", "  weight:"),
            "the column `fexp` is not in the file",
            found,
            "did you mean `FEXP`? capitals count",
        ),
        says(project.at("profile", "  status:"), "the column `cat` is not in the file", found, "did you mean `cats`?"),
    )


def test_codes_the_map_does_not_cover(project: Project) -> None:
    data = persons()
    data.loc[[0, 5], "seguro"] = 9
    data.loc[23, "seguro"] = 9  # outside the universe: not employed
    data.loc[3, "sexo"] = 3
    pyreadstat.write_sav(data, project.path("data_raw/persons.sav"), variable_value_labels={"seguro": {9: "No sabe"}})
    missing = "or one of unknown, not_asked, not_applicable"
    project.refuses(
        12,
        "run small",
        says(
            project.at("profile", "  sex:"),
            "`sex` does not say what code 3 of sexo means",
            "3 (no label) in 1 row (the first is row 4), of which 1 in the universe of the variable",
            f"add `3: …` to the map (male, female {missing})",
        ),
        says(
            project.at("profile", "  social_security:"),
            "`social_security` does not say what code 9 of seguro means",
            "9 (labelled “No sabe”) in 3 rows (the first is row 1), of which 2 in the universe of the variable",
            f"add `9: …` to the map (yes, no {missing})",
        ),
    )


def test_weights_zero_negative_and_blank_all_at_once(project: Project) -> None:
    data = persons()
    data.loc[[2, 7], "fexp"] = 0
    data.loc[11, "fexp"] = -3
    data.loc[[1, 20, 21], "fexp"] = np.nan
    project.raw(data)
    place, fix = (
        project.at("profile", "weight:"),
        "mend the file, or set these rows aside with `set_aside` and a reason",
    )
    project.refuses(
        12,
        "run small",
        says(place, "the weight `fexp` is blank or not a number", "3 rows (the first is row 2)", fix),
        says(place, "the weight `fexp` is zero", "2 rows (the first is row 3)", fix),
        says(place, "the weight `fexp` is negative", "1 row (the first is row 12)", fix),
    )


def test_rows_are_counted_as_in_the_file_although_some_were_set_aside(project: Project) -> None:
    data = persons()
    data.loc[9, "fexp"] = 0
    project.raw(data)
    project.edit("profile", "variables:\n", "set_aside:\n  - {when: {idp: [101, 102]}, why: tried out}\nvariables:\n")
    project.refuses(12, "run small", "1 row (the first is row 10)\n")


def test_every_row_set_aside(project: Project) -> None:
    project.edit("profile", "variables:\n", 'set_aside:\n  - {when: {fexp: ">= 0"}, why: all}\nvariables:\n')
    place = project.at("profile", "set_aside:")
    project.refuses(12, "run small", says(place, "every row of the file is set aside", fix="narrow the conditions"))


def test_a_psu_in_two_strata(project: Project) -> None:
    data = persons()
    data.loc[7, "upm"] = 6  # PSU 6 lies in stratum 3, row 8 in stratum 1
    data.loc[8, "upm"] = np.nan  # blank: a problem of its own, which makes no other PSU look split
    project.raw(data)
    project.refuses(
        12,
        "run small",
        says(
            project.at("profile", "psu:"),
            "a PSU lies in two strata",
            "1 of 6 PSUs, for example 6 in strata 1 and 3",
            "if PSU numbers repeat between strata, write `psu: [stratum column, psu column]`; otherwise mend the file",
        ),
        says(
            project.at("profile", "psu:"),
            "the psu is blank",
            "1 row (the first is row 9)",
            "mend the file, or set these rows aside with `set_aside` and a reason",
        ),
    )


def test_a_person_twice(project: Project) -> None:
    data = persons()
    data.loc[4, "idp"] = 103
    project.raw(data)
    project.refuses(
        12,
        "run small",
        says(
            project.at("profile", "person:"),
            "the person key (idp) is not unique",
            "2 rows (the first is row 3) share a key with another, for example 103",
            "add the column that tells them apart, or remove the duplicate rows from the file",
        ),
    )


def test_a_stratum_with_one_psu(project: Project) -> None:
    data = persons()
    data.loc[data["upm"] == 6, "upm"] = 5
    project.raw(data)
    message = says(
        "sample design",
        "1 stratum has only one primary sampling unit (PSU), so the sampling error there cannot be measured",
        "stratum 3 (PSU 5)",
        "set the lonely rule to `adjust` (errs on the large side), `average`, or `certainty` (if these PSUs were sure "
        "to be drawn), or join each such stratum with a similar one",
    )
    project.refuses(14, "run small", message)
    project.edit("profile", BENCHMARK, "")  # nothing to compare with: the tables fail in the same way
    project.refuses(14, "run small", message)
    project.edit("study", "reports:", "lonely: adjust\nreports:")
    assert project.call("run", "small").code == 0


# YAML


@pytest.mark.parametrize(
    ("name", "old", "new", "here", "what", "found", "fix"),
    [
        (
            "profile", "  weight: fexp", "  wieght: fexp", "wieght",
            "the key `wieght` is not known here", "`wieght` in `design`", "did you mean `weight`?",
        ),
        (
            "study", "title: A small study", "titel: A small study", "titel",
            "the key `titel` is not known here", "`titel` in the file", "did you mean `title`?",
        ),
        (
            "definition", "status: assumption\n", "status: assumption\nstatus: verified\n", "status: verified",
            "the key `status` is given twice", "first on line 4, again on line 5", "keep one of them",
        ),
        (
            "tables", "    among: employed\n", "\tamong: employed\n", "\tamong",
            "a tab stands where YAML wants spaces", r"'\tamong: employed'", "replace each tab by spaces",
        ),
        (
            "profile", "min: 0, max: 98", "min: none, max: 98", "  age:",
            "`variables.age.number.min` should be a number", "`none`", "write a number",
        ),
        (
            "profile", "unknown: [999]", "unknown: [NS]", "  age:",
            "`variables.age.number.unknown.0` should be a number", "`NS`", "write a number",
        ),
        (
            "study", "definitions: [simple]", "definitions: simple", "definitions",
            "`definitions` should be a list (lines that begin with `-`, or [a, b])", "`simple`",
            "write a list (lines that begin with `-`, or [a, b])",
        ),
        (
            "profile", "2: own_account", "2: own_acount", "  status:",
            "`own_acount` is not a category of `status`", "", "did you mean `own_account`?",
        ),
        (
            "definition", "social_security: yes", "social_security: yess", "yess",
            "`yess` is not a value of `social_security`", "`yess`", "did you mean `yes`?",
        ),
        (
            "tables", "of: {job: informal}", "of: {job: infromal}", "infromal",
            "`infromal` is not a value of `job`", "`infromal`", "did you mean `informal`?",
        ),
        (
            "study", "id: small", "id: ../small", "id:",
            "the id of a study names folders: use letters, digits, hyphens and full stops", "`../small`", "",
        ),
        (
            "profile", "map: {1: yes, 2: no}", "codes: isco8", "  social_security:",
            "there is no code list `isco8`", "",
            "use one of icse18, icse93, isco08-major, isco88-major, isic31-division, isic4-division, isic4-section-ilo",
        ),
        (
            "profile", "seguro, map: {1: yes, 2: no}", "seguro, take: {width: 2, first: 1}, number: {}", "  social_security:",
            "`take` goes with map and codes only", "", "",
        ),
    ],
)  # fmt: skip
def test_mistakes_of_writing(
    project: Project, name: str, old: str, new: str, here: str, what: str, found: str, fix: str
) -> None:
    project.edit(name, old, new)
    place = project.at(name, here)
    said = project.call("run", "small")
    extra = 1 if new.startswith(("  wieght", "titel")) else 0  # what was meant is missing, too
    project.refuses(10, "run small", says(place, what, found, fix), problems=1 + extra)
    assert extra == said.err.count("is missing in")


def test_unknown_names_at_once_with_the_nearest_spelling(project: Project) -> None:
    shutil.copy(project.path("definition"), project.path("definition").with_name("second.yml"))
    for old, new in {
        "wave: w1": "wave: w2",
        "definitions: [simple]": "definitions: [simpel, ilo-17icl]",
        "headline: simple": "headline: simpel",
        "tables: [small-tables]": "tables: [small-table, cor]",
        "reports:": "reliability: ilostat\nreports:",
    }.items():
        project.edit("study", old, new)
    definitions, tables = project.at("study", "definitions"), project.at("study", "tables")
    project.refuses(
        10,
        "run small",
        says(definitions, "there is no definition of this name", "`simpel`", "did you mean `simple`?"),
        says(definitions, "there is no definition of this name", "`ilo-17icl`", "did you mean `ilo-17icls`?"),
        says(tables, "there is no set of tables of this name", "`small-table`", "did you mean `small-tables`?"),
        says(tables, "there is no set of tables of this name", "`cor`", "did you mean `core`?"),
        says(project.at("study", "wave"), "small-survey has no wave `w2`", fix="use one of w1"),
        says(
            project.at("study", "reliability"),
            "there is no reliability standard of this name",
            "`ilostat`",
            "did you mean `ilostat-cv`?",
        ),
    )


def test_an_unknown_survey(project: Project) -> None:
    project.edit("study", "survey: small-survey", "survey: small-servey")
    place, fix = project.at("study", "survey"), "did you mean `small-survey`?"
    project.refuses(10, "run small", says(place, "there is no survey profile of this name", "`small-servey`", fix))
    project.refuses(10, "check small-servey", says("small-servey", "there is no survey profile of this name", fix=fix))
    project.refuses(
        2, "check small-survey --wave w3", says("--wave", "small-survey has no wave `w3`", fix="use one of w1")
    )


def test_an_unknown_study(project: Project) -> None:
    found = f"looked in {project.root / 'analysis' / 'studies'}"
    for command in ("run smal", "table smal --of informal", "explain smal --person 1"):
        project.refuses(10, command, says("smal", "there is no study of this name", found, "did you mean `small`?"))
    project.refuses(
        10,
        "run analysis/studies/smal.yml",
        says("analysis/studies/smal.yml", "this file does not exist", fix="did you mean `small.yml`?"),
    )


def test_a_basis_the_survey_cannot_tell_and_options_of_no_definition(project: Project) -> None:
    project.edit("study", 'basis: "13"', 'basis: "19"\noptions: {simpel: {a: 1}}')
    project.refuses(
        10,
        "run small",
        says(project.at("study", "basis"), "small-survey cannot tell employment on the 19th ICLS basis", fix="use 13"),
        says(
            project.at("study", "options"), "`simpel` is not a definition of this study", fix="did you mean `simple`?"
        ),
    )


def test_a_definition_whose_id_is_not_its_name(project: Project) -> None:
    project.edit("definition", "id: simple", "id: other")
    project.refuses(
        10,
        "run small",
        says(
            "simple.yml",
            "the id of a definition is the name of its file",
            "`id: other`",
            "write `id: simple`, or rename the file",
        ),
    )


# Definitions, tables, official figures


def test_a_definition_with_a_gap(project: Project) -> None:
    project.edit(
        "definition",
        "      - {then: informal, why: it is not}",
        "      - {when: {status: own_account}, then: informal}",
    )
    said = project.refuses(
        13, "run small", "simple.yml: step `job` has a gap: 3 of 6 kinds of case reach no rule\n", problems=1
    )
    assert "  found  for example status: " in said.err
    assert "  fix    add a rule for this case, or widen one\n" in said.err


def test_a_rule_that_can_never_fire(project: Project) -> None:
    project.edit(
        "definition",
        "      - {then: informal, why: it is not}",
        "      - {then: informal, why: it is not}\n      - {when: {status: own_account}, then: formal}",
    )
    project.refuses(
        13,
        "run small",
        says(
            project.at("definition", "own_account"),
            "rule `job-3` of step `job` can never fire",
            "every case it fits is decided by job-2",
            "remove it, or move it above the rules that take its cases",
        ),
    )


def test_a_table_of_nobody(project: Project) -> None:
    project.edit(
        "tables",
        "indicators:\n  informal",
        "  cooperative: {title: Members, where: {status: cooperative}}\nindicators:\n  informal",
    )
    project.edit("tables", "    among: employed\n", "    among: cooperative\n")
    said = project.refuses(
        14,
        "run small",
        "small-tables.yml, table `main`: nobody is in the universe `cooperative` of `informal_employment`\n",
    )
    assert "  found  status: cooperative\n  fix    widen the universe, or leave the table out\n" in said.err


def test_an_official_figure_is_not_reproduced(project: Project) -> None:
    project.edit("profile", "    value: 180", "    value: 181")
    said = project.refuses(
        16,
        "check small-survey",
        says(
            project.at("profile", "  employed:"),
            "Employed persons is not reproduced",
            "official 181 persons, ours 180, allowed difference 0.5",
            "find out why before anything else, and write the reason down in the profile",
        ),
    )
    assert "not reproduced" in said.out


def test_an_official_figure_that_names_an_unknown_definition(project: Project) -> None:
    project.edit("profile", "    of: {employed: yes}\n", "    of: {job: informal}\n    definition: simpel\n")
    place = project.at("profile", "definition:")
    fix = "did you mean `simple`?"
    project.refuses(10, "check small-survey", says(place, "there is no definition of this name", "`simpel`", fix))


def test_an_official_figure_of_what_no_step_decides(project: Project) -> None:
    flag = "flags:\n  oficial: {title: Official, from: cat, map: {1: formal, 2: informal}}\nbenchmarks:\n"
    project.edit("profile", "benchmarks:\n", flag)
    project.edit(
        "profile",
        "    statistic: total\n    of: {employed: yes}\n",
        "    statistic: agreement\n    flag: oficial\n    definition: simple\n    step: jbo\n",
    )
    place = project.at("profile", "    step:")
    project.refuses(10, "check small-survey", says(place, "`jbo` is not a step of `simple`", fix="did you mean `job`?"))


def test_an_official_mean_of_a_category(project: Project) -> None:
    project.edit("profile", "    statistic: total\n    of: {employed: yes}\n", "    statistic: mean\n    of: sex\n")
    fix = "write a condition, such as {employed: yes}, or name a number"
    project.refuses(10, "check small-survey", says(project.at("profile", "    of:"), "`sex` is not a number", fix=fix))


# Output


@pytest.mark.parametrize(
    ("file", "folder"),
    [
        ("data_clean", "data_clean/small"),
        ("data_clean/small", "data_clean/small"),
        ("reports/_output", "reports/_output/small"),
    ],
)
def test_a_file_stands_where_a_folder_should_be(project: Project, file: str, folder: str) -> None:
    path = project.path(file)
    path.parent.mkdir(exist_ok=True)
    path.write_text("a file")
    place = str(project.path(folder))
    message = says(place, "results cannot be written here", f"{path} is a file", "move that file away")
    project.refuses(15, "run small", message)


def test_both_outputs_blocked_are_told_at_once(project: Project) -> None:
    project.path("data_clean").write_text("a file")
    project.path("reports/_output").write_text("a file")
    project.refuses(15, "run small", "data_clean/small: results", "reports/_output/small: results")


def test_a_full_disk_while_the_report_is_written(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("informality.publication.report.build_reports", no_room)
    monkeypatch.setattr("informality.reporting.report_inputs", lambda *_: None)
    monkeypatch.setattr(publishing, "make_report", MAKE_REPORT)
    said = project.refuses(15, "run small", "the report cannot be written\n  found  [Errno 28] No space left on device")
    assert str(project.path("data_clean")) in said.err


MAKE_REPORT = publishing.make_report


def test_no_report_source(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publishing, "make_report", MAKE_REPORT)
    source = project.path("reports/country.qmd")
    project.refuses(17, "run small", says(str(source), "this report source does not exist"))


def test_quarto_is_asked_for_and_not_there(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(project.path("data_raw")))
    fix = "install it, or leave `--engine quarto` out: the embedded renderer makes the same documents and needs nothing else"
    message = says("quarto", "the program is not on this machine", "nothing of that name on PATH", fix)
    project.refuses(17, "run small --engine quarto", message)


# Asking


def test_words_the_command_line_does_not_know(call: Callable[..., Said]) -> None:
    for command, words in {
        "tabel small": "No such command 'tabel'",
        "table small --off informal": "No such option",
        "table small": "Missing option '--of'",
        "run": "Missing argument",
        "table small --of informal --format xls": "'xls'",
        "run a b": "unexpected extra argument",
    }.items():
        said = call(*command.split())
        assert said.code == 2, command
        assert words in said.err
        assert "Traceback" not in said.err


def test_a_study_that_was_not_run(project: Project) -> None:
    path = project.path("data_clean/small/workers.parquet")
    message = says("small", "this study has not been run yet", f"{path} does not exist", "informality run small")
    project.refuses(11, "table small --of informal", message)
    project.refuses(11, "explain small --person 101", message)


@pytest.mark.parametrize("command", ["table small --of informal", "explain small --person 101"])
def test_a_study_that_changed_since_it_was_run(project: Project, command: str) -> None:
    assert project.call("run", "small").code == 0
    project.edit("study", "title: A small study", "title: Another title")  # says nothing of the workers
    assert project.call(*command.split()).code == 0
    project.edit("definition", "status: employee, social_security: yes", "status: own_account")
    what, fix = "this study has changed since it was run", "informality run small"
    message = says("small", what, "its settings, its profile, its definitions, or the program and its library", fix)
    project.refuses(11, command, message)
    assert project.call("run", "small").code == 0
    assert project.call(*command.split()).code == 0


@pytest.mark.parametrize("name", ["workers.parquet", "annex.json"])
def test_a_result_that_was_spoilt(project: Project, name: str) -> None:
    assert project.call("run", "small").code == 0
    path = project.path(f"data_clean/small/{name}")
    path.write_bytes(path.read_bytes()[:100])
    found = f"in {path.parent}"
    message = says("small", "the files of the last run were changed", found, "informality run small")
    project.refuses(11, "table small --of informal", message)
    project.path("data_clean/small/manifest.json").write_text("{")  # and the manifest is half a file
    project.refuses(11, "table small --of informal", "small: this study has changed since it was run")
    assert project.call("run", "small").code == 0
    assert project.call("table", "small", "--of", "informal").code == 0


def test_what_a_study_does_not_have(project: Project) -> None:
    assert project.call("run", "small").code == 0
    project.refuses(
        2,
        "table small --of infromal --by sxe,area --definition simpel",
        says("--of", "`infromal` is neither an indicator nor an outcome of `simple`", fix="did you mean `informal`?"),
        says("--by", "`sxe` is not a variable to tabulate by", fix="did you mean `sex`?"),
        says("--definition", "this study does not use `simpel`", fix="did you mean `simple`?"),
        problems=3,
    )
    project.refuses(
        2,
        "table small --of informal --by sex,area,status,age_group",
        says("--by", "at most 3 variables can be crossed", "sex, area, status, age_group"),
    )
    project.refuses(2, "table small --of informal_emploiment", "fix    did you mean `informal_employment`?\n")
    project.refuses(
        2,
        "explain small --person 1011",
        says(
            "--person 1011",
            "there is no such person in this study",
            "identifiers run like 101, 102, 103",
            "did you mean `101`?",
        ),
    )
    project.refuses(2, "explain small --person zzz", "  fix    copy one from workers.parquet\n")
    project.refuses(2, "explain small --person 101 --definition simpel", "fix    did you mean `simple`?\n")


# Stopped


def test_stopped_by_the_user(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(run: Run, name: str) -> None:
        (run.staging / "results.parquet").write_text("half")
        raise KeyboardInterrupt

    monkeypatch.setattr(estimating, "make_results", interrupted)
    said = project.refuses(130, "run small")
    assert said.err.endswith("Stopped. Nothing half-written was left.\n")


def test_stopped_by_the_user_after_an_earlier_run(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    assert project.call("run", "small").code == 0

    def interrupted(run: Run, *_: object) -> None:
        stub_report(run)
        raise KeyboardInterrupt

    monkeypatch.setattr(publishing, "make_report", interrupted)
    project.refuses(130, "run small --force")


DRIVER = """
import sys, time
from informality import cli
from informality.pipeline import estimating

def half(run, *_):
    (run.staging / "results.parquet").write_text("half of the results")
    print("half way", flush=True)
    time.sleep(120)

estimating.make_results = half
sys.argv = ["informality", "run", "small", "--force"]
cli.main()
"""


@pytest.fixture
def killed(project: Project) -> Iterator[Callable[[], None]]:
    """Runs the small study in another process and kills it half-way."""
    started: list[subprocess.Popen[str]] = []

    def kill() -> None:
        process = subprocess.Popen(
            [sys.executable, "-c", DRIVER], cwd=project.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "half way\n"
        process.send_signal(signal.SIGKILL)
        process.communicate()

    yield kill
    for process in started:
        process.kill()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal")
def test_killed_half_way(project: Project, killed: Callable[[], None]) -> None:
    before = project.tree()
    killed()
    (left,) = [p for p in project.path("data_clean").iterdir()]  # one hidden folder, nothing under a final name
    assert left.name.startswith(".small-") and (left / "results.parquet").read_text() == "half of the results"
    assert set(project.tree()) - set(before) == {"data_clean"} | {n for n in project.tree() if ".small-" in n}

    assert project.call("run", "small").code == 0
    assert {name for name, kind in project.tree().items() if kind != "folder"} - set(before) == WRITTEN
    finished = project.tree()

    killed()  # what an earlier run left stands as it was
    assert {n: h for n, h in project.tree().items() if ".small-" not in n} == finished
    said = project.call("run", "small")
    assert "Nothing has changed" in said.out
    assert project.tree() == finished


def test_the_folder_of_a_living_run_is_left_alone(tmp_path: Path) -> None:
    with staged(tmp_path / "new", "small") as first, staged(tmp_path / "new", "small") as second:
        assert first.is_dir() and second.is_dir() and first != second
    assert not (tmp_path / "new").exists()


def test_two_runs_at_once_both_end_well(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    make, said = estimating.make_results, []

    def run_the_other_first(run: Run, name: str) -> None:
        if not said:
            said.append(None)
            said.append(project.call("run", "small"))
        make(run, name)

    monkeypatch.setattr(estimating, "make_results", run_the_other_first)
    assert project.call("run", "small").code == 0
    assert said[1] is not None and said[1].code == 0
    assert not [n for n in project.tree() if ".small-" in n]
    monkeypatch.setattr(estimating, "make_results", make)
    assert project.call("run", "small").code == 0


def test_leftovers_of_a_machine_without_locks_go_after_a_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    young, old = tmp_path / ".small-young", tmp_path / ".small-old"
    for folder in (young, old):
        folder.mkdir()
    os.utime(old, (time.time() - 90_000, time.time() - 90_000))
    monkeypatch.setattr(sys, "platform", "win32")
    with staged(tmp_path, "small"):
        assert young.is_dir() and not old.exists()
