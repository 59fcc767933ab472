"""A corpus of broken survey profiles through the real command line: each gives its own message, with file and line.

Authority: every message is written out by hand, and every line number is looked up in the profile that the test broke. The
profile is that of the small survey of ``test_failures.py``, which is right as it stands.
"""

from __future__ import annotations

import datetime
import importlib.util
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

SPEC = importlib.util.spec_from_file_location("failures", Path(__file__).with_name("test_failures.py"))
assert SPEC is not None and SPEC.loader is not None
failures = importlib.util.module_from_spec(SPEC)
sys.modules[SPEC.name] = failures
SPEC.loader.exec_module(failures)
call, project, persons = failures.call, failures.project, failures.persons  # two fixtures and the survey
Project = Any

SEX = "  sex: {from: sexo, map: {1: male, 2: female}}\n"
SECURITY = "  social_security: {from: seguro, map: {1: yes, 2: no}}\n"
AGE = "  age: {from: edad, number: {unknown: [999], min: 0, max: 98}}\n"
RULES = "  social_security:\n    rules:\n"
WAVE = "    licence: none\n"
EMPLOYED = "    of: {employed: yes}\n"
VERIFIED = "    status: verified\n"
FLAGS = "benchmarks:\n"
MISSING = "unknown, not_asked, not_applicable"


@dataclass(frozen=True)
class Broken:
    """What is written instead of what, and what is said of it: exit code, line, words, evidence, advice."""

    old: str
    new: str
    here: str
    what: str
    found: str = ""
    fix: str = ""
    code: int = 10
    problems: int = 1


CORPUS: dict[str, Broken] = {
    # the head
    "an unknown key": Broken(
        "agency: the tests", "agencie: the tests", "agencie", "the key `agencie` is not known here", "`agencie` in the file",
        "did you mean `agency`?", problems=2,
    ),
    "a line is missing": Broken(
        "language: es\n", "", "id:", "`language` is missing in the file", "", "add a line `language: …`",
    ),
    "a country without its code": Broken(
        "{code: XXA, name: Nowhere}", "{name: Nowhere}", "country", "`code` is missing in `country`", "", "add a line `code: …`",
    ),
    "no basis": Broken('bases: ["13"]', "bases: []", "bases", "`bases` is empty", "a list", "write at least one"),
    "a basis that does not exist": Broken(
        'bases: ["13"]', 'bases: ["20"]', "bases", "`bases.0` has a value that is not allowed", "`20`", "use one of 13, 19",
    ),
    "a basis as a number": Broken(
        'bases: ["13"]', "bases: [13]", "bases", "`bases.0` should be text", "`13`", 'write it in quotation marks, "13"',
    ),
    "a status that is none": Broken(
        "status: assumption\n", "status: certain\n", "status: certain", "`status` has a value that is not allowed", "`certain`",
        "use one of verified, derived, recall, assumption",
    ),
    "an empty title": Broken("title: Small survey\n", 'title: ""\n', "title", "`title` is empty", "``", "write it"),
    "a list where one line is meant": Broken(
        "agency: the tests", "agency: [the, tests]", "agency", "`agency` should be text", "a list", "write text",
    ),
    "a tab": Broken(
        "  weight: fexp", "\tweight: fexp", "\tweight", "a tab stands where YAML wants spaces", r"'\tweight: fexp'",
        "replace each tab by spaces",
    ),
    "a bracket left open": Broken(
        'bases: ["13"]', 'bases: ["13"', "waves:", "the file is not valid YAML here", "waves: (expected ',' or ']'",
        "look at this line and the one above",
    ),
    # waves
    "rows in words": Broken(
        WAVE, f"{WAVE}    rows: many\n", "    rows", "`waves.w1.rows` should be a whole number", "`many`", "write a whole number",
    ),
    "a hash cut short": Broken(
        WAVE, f"{WAVE}    sha256: abc123\n", "    sha256", "a sha256 is 64 digits and letters from a to f", "`abc123`",
    ),
    "a date where a number of rows is meant": Broken(
        WAVE, f"{WAVE}    rows: 2021-13-45\n", "    rows", "`waves.w1.rows` should be a whole number", "`2021-13-45`",
        "write a whole number",
    ),
    "an option of a reader that is none": Broken(
        WAVE, f"{WAVE}    encodign: utf-8\n", "    encodign", "the key `encodign` is not known here", "`encodign` in `waves.w1`",
        "did you mean `encoding`?",
    ),
    # the design and the keys
    "a key of the design that is none": Broken(
        "  weight: fexp\n", "  wieght: fexp\n", "  wieght", "the key `wieght` is not known here", "`wieght` in `design`",
        "did you mean `weight`?", problems=2,
    ),
    "a design column that is not in the file": Broken(
        "  weight: fexp\n", "  weight: fexpp\n", "  weight", "the column `fexpp` is not in the file",
        "12 columns, none of this name", "did you mean `fexp`?", 12,
    ),
    "a weight that is text": Broken(
        "  weight: fexp\n", "  weight: nombre\n", "  weight", "the weight `nombre` is blank or not a number",
        "24 rows (the first is row 1)", "mend the file, or set these rows aside with `set_aside` and a reason", 12,
    ),
    "a stratum that is blank": Broken(
        "  stratum: estrato\n", "  stratum: cat\n", "  stratum", "the stratum is blank", "6 rows (the first is row 19)",
        "mend the file, or set these rows aside with `set_aside` and a reason", 12,
    ),
    "a PSU across strata": Broken(
        "  psu: upm\n", "  psu: sexo\n", "  psu", "a PSU lies in two strata", "2 of 2 PSUs, for example 1 in strata 1 and 2",
        "if PSU numbers repeat between strata, write `psu: [stratum column, psu column]`; otherwise mend the file", 12,
    ),
    "a rule for lonely strata that is none": Broken(
        "  psu: upm\n", "  psu: upm\n  lonely: ignore\n", "  lonely", "`design.lonely` has a value that is not allowed",
        "`ignore`", "use one of fail, certainty, adjust, average",
    ),
    "a person key that is not one": Broken(
        "person: [idp]", "person: [upm]", "  person", "the person key (upm) is not unique",
        "24 rows (the first is row 1) share a key with another, for example 1", "add the column that tells them apart", 12,
    ),
    "rows set aside without a reason": Broken(
        "keys:\n", "set_aside:\n  - when: {edad: 30}\nkeys:\n", "  - when", "`why` is missing in `set_aside.0`", "",
        "add a line `why: …`",
    ),
    "every row set aside": Broken(
        "keys:\n", 'set_aside:\n  - {when: {edad: ">= 0"}, why: tried}\nkeys:\n', "set_aside:",
        "every row of the file is set aside", "", "narrow the conditions", 12,
    ),
    # variables and their forms
    "a category that is none": Broken(
        "2: female", "2: femal", "  sex:", "`femal` is not a category of `sex`", "", "did you mean `female`?",
    ),
    "two mappings of one code": Broken(
        "{1: male, 2: female}", "{1: male, 1: female, 2: female}", "  sex:", "the key `1` is given twice",
        "again on line", "keep one of them",
    ),
    "a variable twice": Broken(
        SEX, f"{SEX}  sex: not_asked\n", "  sex: not_asked", "the key `sex` is given twice", "again on line", "keep one of them",
    ),
    "a variable the schema does not have": Broken(
        SEX, f"{SEX}  sexx: {{from: sexo, map: {{1: male}}}}\n", "  sexx", "`sexx` is not a variable of the schema", "",
        "did you mean `sex`?",
    ),
    "a variable that is derived": Broken(
        SEX, f"{SEX}  employed_13: {{from: condact, map: {{1: yes}}}}\n", "  employed_13",
        "`employed_13` is derived from other variables", "", "did you mean `underemployed`?",
    ),
    "a variable that is left out": Broken(
        "  sick_leave: not_asked\n", "", "variables:", "some variables of the schema are not mentioned", "sick_leave",
        "map each of them, or write `name: not_asked`",
    ),
    "a block that is none": Broken(
        FLAGS, f"blocks: {{secondjob: not_asked}}\n{FLAGS}", "blocks", "the schema has no block `secondjob`", "",
        "did you mean `second_job`?",
    ),
    "a number for a category": Broken(
        SEX, "  sex: {from: sexo, number: {}}\n", "  sex:", "`sex` is a category variable", "", "use the form `map`",
    ),
    "a map for a number": Broken(
        AGE, "  age: {from: edad, map: {1: unknown}}\n", "  age:", "`age` is a number variable", "", "use the form `number`",
    ),
    "two forms at once": Broken(
        SEX, "  sex: {from: sexo, map: {1: male, 2: female}, number: {}}\n", "  sex:",
        "give exactly one of map, codes, number, rules (found map, number)",
    ),
    "a map of no column": Broken(
        "{from: sexo, map", "{map", "  sex:", "`from` names the column of map, codes and number; rules name their own columns",
    ),
    "an else after a map": Broken(
        "2: female}}", "2: female}, else: {from: edad, number: {}}}", "  sex:", "`else` follows a number and holds a number",
    ),
    "a range in words": Broken(
        "max: 98", "max: ninety", "  age:", "`variables.age.number.max` should be a number", "`ninety`", "write a number",
    ),
    "a reason for missing that is none": Broken(
        "unknown: [999], min: 0", "values: {30: refused}, min: 0", "  age:",
        "`variables.age.number.values.30` has a value that is not allowed", "`refused`", f"use one of {MISSING}",
    ),
    "digits to take that are none": Broken(
        "2: female}}", "2: female}, take: {width: 4, first: 0}}", "  sex:", "`variables.sex.take.first` should be at least 1",
        "`0`", "write a number that is at least 1",
    ),
    "a code list that does not fit": Broken(
        "map: {1: male, 2: female}", "codes: icse93", "  sex:", "the code list `icse93` does not fit `sex`", "employee",
    ),
    "a blank that is no category": Broken(
        "  sex: {from: sexo,", "  sex: {from: sexo, blank: nobody,", "  sex:", "`nobody` is not a category of `sex`", "",
        f"use one of male, female, {MISSING}",
    ),
    "labels of a closed variable": Broken(
        "  sex: {from: sexo,", "  sex: {from: sexo, labels: {male: Hombres},", "  sex:",
        "the labels of `sex` are fixed by the schema", "", "remove `labels`",
    ),
    "asked of what comes later": Broken(
        "  sex: {from: sexo,", "  sex: {from: sexo, asked_of: {status: employee},", "  sex:",
        "`status` is not a variable that can be tested here", "", "use one of",
    ),
    "asked of a category that is none": Broken(
        "  status: {from: cat,", "  status: {from: cat, asked_of: {sex: woman},", "  status:", "`woman` is not a value of `sex`",
        "`woman`", f"use one of male, female, {MISSING}",
    ),
    # rules
    "a rule that can never fire": Broken(
        SECURITY,
        RULES + "      - {when: {seguro: 1}, then: yes}\n      - {when: {seguro: 1}, then: no}\n      - {then: unknown}\n",
        "      - {when: {seguro: 1}, then: no}", "rule `social_security-2` of step `social_security` can never fire",
        "every case it fits is decided by social_security-1", "remove it, or move it above the rules that take its cases", 13,
    ),
    "rules with a gap": Broken(
        SECURITY, f"{RULES}      - {{when: {{seguro: 1}}, then: yes}}\n      - {{when: {{seguro: 2}}, then: no}}\n",
        "  social_security:", "step `social_security` has a gap: 1 of 3 kinds of case reach no rule", "for example seguro: 0",
        "add a rule for this case, or widen one", 13,
    ),
    "a rule with an outcome that is none": Broken(
        SECURITY, f"{RULES}      - {{when: {{seguro: 1}}, then: yess}}\n      - {{then: no}}\n", "      - {when",
        "`yess` is not an outcome of `social_security`", "", "did you mean `yes`?",
    ),
    "a rule with no value": Broken(
        SECURITY, f"{RULES}      - {{when: {{seguro: []}}, then: yes}}\n      - {{then: no}}\n", "      - {when",
        "`seguro` lists no value: leave the variable out to mean any",
    ),
    "rules that are asked of somebody": Broken(
        SECURITY, "  social_security:\n    asked_of: {sex: male}\n    rules:\n      - {then: no}\n", "  social_security:",
        "rules say themselves who was not asked: remove `asked_of` and add a rule",
    ),
    "numbers tested for words": Broken(
        SECURITY, f'{RULES}      - {{when: {{seguro: "1"}}, then: yes}}\n      - {{then: no}}\n', "    rules:",
        "the column `seguro` holds numbers, but text is tested here", "for example 1",
        "write the codes without quotation marks", 12,
    ),
    # against the data
    "a column written in capitals": Broken(
        "from: sexo", "from: SEXO", "  sex:", "the column `SEXO` is not in the file", "12 columns, none of this name",
        "did you mean `sexo`? capitals count", 12,
    ),
    "a date for a number": Broken(
        AGE, "  age: {from: nacio, number: {}}\n", "  age:", "`nacio` holds text where `age` wants numbers",
        "24 rows (the first is row 1), for example '1980-01-01'", "correct the file or choose another column", 12,
    ),
    "a code the map does not cover": Broken(
        "{1: male, 2: female}", "{1: male}", "  sex:", "`sex` does not say what code 2 of sexo means",
        "2 (no label) in 12 rows (the first is row 2), of which 12 in the universe of the variable",
        f"add `2: …` to the map (male, female or one of {MISSING})", 12,
    ),
    "a number beyond its range": Broken(
        "max: 98", "max: 50", "  age:", "`age` lies outside the range the profile allows (0 to 50)",
        "51, 52, 53 in 3 rows (the first is row 22)", "declare the code as unknown, or widen the range", 12,
    ),
    # flags and official figures
    "a flag without codes": Broken(
        FLAGS, f"flags:\n  f: {{title: F, from: cat}}\n{FLAGS}", "  f:", "`map` is missing in `flags.f`", "",
        "add a line `map: …`",
    ),
    "a flag with a code too few": Broken(
        FLAGS, f"flags:\n  f: {{title: F, from: cat, map: {{1: yes}}}}\n{FLAGS}", "  f:", "the map does not cover code 2 of cat",
        "6 rows (the first is row 13)", "add `2: …` to the map", 12,
    ),
    "a figure of a wave that is none": Broken(
        VERIFIED, f"{VERIFIED}    waves: [w2]\n", "    waves", "there is no wave `w2`", "", "use one of w1",
    ),
    "a figure of a flag that is none": Broken(
        VERIFIED, f"{VERIFIED}    flag: secemp\n", "    flag", "there is no flag `secemp`", "", "declare it under `flags`",
    ),
    "a figure with an impossible condition": Broken(
        EMPLOYED, "    of: {employed: maybe}\n", "    of:", "`maybe` is not a value of `employed`", "`maybe`",
        f"use one of yes, no, {MISSING}",
    ),
    "a figure of an unknown variable": Broken(
        EMPLOYED, "    of: {empleado: yes}\n", "    of:", "`empleado` is not a variable that can be tested here", "",
        "did you mean `employed`?",
    ),
    "a figure nobody belongs to": Broken(
        EMPLOYED, f'{EMPLOYED}    among: {{age: "> 200"}}\n', "  employed:", "Employed persons cannot be computed",
        "official 180 persons; nobody in the file fits the conditions of this figure",
        "correct `of` and `among`, or the mapping they rest on", 16,
    ),
    "a figure of nothing": Broken(EMPLOYED, "", "  employed:", "a total says what it is `of`"),
    "a statistic that is none": Broken(
        "    statistic: total", "    statistic: median", "    statistic",
        "`benchmarks.employed.statistic` has a value that is not allowed", "`median`", "did you mean `mean`?",
    ),
    "a tolerance below zero": Broken(
        "tolerance: 0.5", "tolerance: -1", "    tolerance", "`benchmarks.employed.tolerance` should be at least 0", "`-1`",
        "write a number that is at least 0",
    ),
    "a value in words": Broken(
        "value: 180", "value: about 180", "    value", "`benchmarks.employed.value` should be a number", "`about 180`",
        "write a number",
    ),
    "an agreement with no flag": Broken(
        "    statistic: total", "    statistic: agreement", "  employed:", "an agreement names `flag`, `definition` and `step`",
    ),
    "a definition that is none": Broken(
        EMPLOYED, f"{EMPLOYED}    definition: ilo-17icl\n", "    definition", "there is no definition of this name",
        "`ilo-17icl`", "did you mean `ilo-17icls`?",
    ),
    "figures and a reason for none": Broken(
        FLAGS, f"no_benchmarks: none is published\n{FLAGS}", "no_benchmarks",
        "`no_benchmarks` says why there are none, but `benchmarks` has some", "1", "remove one of the two",
    ),
    "a figure that is not reproduced": Broken(
        "value: 180", "value: 190", "  employed:", "Employed persons is not reproduced",
        "official 190 persons, ours 180, allowed difference 0.5",
        "find out why before anything else, and write the reason down in the profile", 16,
    ),
    # left to a person
    "a code left to a person": Broken(
        "2: female", "2: TODO", "  sex:", "`variables.sex.map.2` is still to be decided", "",
        f"write one of male, female, {MISSING}",
    ),
    "a variable left to a person": Broken(
        SEX, "  sex: TODO\n", "  sex:", "`variables.sex` is still to be decided", "",
        "name the column (`from`) with its `map`, or write `not_asked` if the survey has no such question",
    ),
    "a part of the design left to a person": Broken(
        "  stratum: estrato\n", "  stratum: TODO  # no column is clearly it\n", "  stratum",
        "`design.stratum` is still to be decided", "no column is clearly it", "name the column, or `none` if the file has none",
    ),
}  # fmt: skip


def said_of(project: Project, name: str) -> str:
    """Break the profile in one way, and return what the check says of it."""
    case = CORPUS[name]
    project.edit("profile", case.old, case.new)
    data = persons().assign(nombre="a", nacio=datetime.date(1980, 1, 1))
    project.raw(data)
    before = project.tree()
    said = project.call("check", "small-survey")
    assert said.code == case.code, said.err
    assert "Traceback" not in said.out + said.err
    assert project.tree() == before
    return str(said.err)


@pytest.mark.parametrize("name", CORPUS)
def test_a_broken_profile_says_what_is_wrong_and_where(project: Project, name: str) -> None:
    case = CORPUS[name]
    said = said_of(project, name)
    place = project.at("profile", case.here)
    assert re.fullmatch(r"small-survey\.yml, line \d+", place)
    start = said.index(f"{place}: {case.what}")
    lines = said[start:].splitlines()
    found = next((line for line in lines[1:3] if line.startswith("  found  ")), "")
    fix = next((line for line in lines[1:3] if line.startswith("  fix    ")), "")
    assert case.found in found and bool(case.found) == bool(found)
    assert case.fix in fix
    count = f"{case.problems} problem{'s' if case.problems > 1 else ''}."
    assert f"\n{count} Nothing was written. (exit {case.code})\n" in said
    assert said.rstrip().splitlines()[-1].startswith("Next step: ")


def test_the_corpus_is_large_and_no_two_messages_are_the_same() -> None:
    assert len(CORPUS) >= 60
    messages = [(case.what, case.found, case.fix) for case in CORPUS.values()]
    assert len(set(messages)) == len(messages)


def test_all_mistakes_at_once_and_what_is_left_to_do(project: Project) -> None:
    """A wrong word beside places that are still open: all of them in one go."""
    project.edit("profile", "2: female", "2: TODO")
    project.edit("profile", "agency: the tests", "agency: TODO")
    project.edit("profile", "  weight: fexp", "  wieght: fexp")
    said = project.call("check", "small-survey")
    assert said.code == 10
    places = [project.at("profile", text) for text in ("  wieght", "  sex:", "agency")]
    assert f"{places[0]}: the key `wieght` is not known here" in said.err
    assert f"{places[1]}: `variables.sex.map.2` is still to be decided" in said.err
    assert f"{places[2]}: `agency` is still to be decided" in said.err
    assert "4 problems. Nothing was written. (exit 10)" in said.err


def test_a_check_leads_on_until_nothing_is_left(project: Project) -> None:
    """From a TODO over a code and a mark to the figures, one step at a time."""
    whole = project.path("profile").read_text(encoding="utf-8")
    figures = whole[whole.index("benchmarks:") :]

    def next_step() -> str:
        said = project.call("check", "small-survey")
        lines = [line for line in (said.out + said.err).splitlines() if line.startswith("Next step: ")]
        assert len(lines) == 1
        return str(lines[0].removeprefix("Next step: "))

    project.edit("profile", figures, "")
    project.edit("profile", SEX, "  sex: {from: sexo, map: {1: TODO}}  # CONFIRM sexo\n")
    assert next_step().startswith("mend these places and run the command again; then come the mapping")
    project.edit("profile", "1: TODO", "1: male")
    assert (
        next_step()
        == "mend these places and run the same command again; then come the quality and the official figures"
    )
    project.edit("profile", "1: male}", "1: male, 2: female}")
    line = project.at("profile", "  sex:")
    assert next_step().startswith(f"1 suggestion is still marked CONFIRM (the first: {line})")
    project.edit("profile", "  # CONFIRM sexo", "")
    assert next_step().startswith("small-survey.yml has no official figure: write one under `benchmarks`")
    path = project.path("profile")
    path.write_text(path.read_text(encoding="utf-8") + "no_benchmarks: nothing was published\n", encoding="utf-8")
    assert next_step() == "none; no TODO is left, every code is mapped, no official figure exists"
    project.edit("profile", "no_benchmarks: nothing was published\n", figures)
    assert next_step() == "none; no TODO is left, every code is mapped, 1 official figure held"
    project.edit("profile", "value: 180", "value: 190")
    assert next_step().startswith("find out why these figures differ")
