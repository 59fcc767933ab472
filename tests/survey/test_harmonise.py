"""From raw columns to the schema: every value has a place, and every row is accounted for.

Authority: twelve persons written out below, one line each; every expected value was worked out by hand from that
table and the profile under it, by the universes in ``library/schema.yml``.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
import pytest

from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.foundation.grammar import REASON
from informality.foundation.schema import read_schema
from informality.survey.harmonise import Harmonised, harmonise
from informality.survey.profile import Profile, read_profile
from informality.survey.quality import check_quality
from informality.survey.readers import RawFile, read_raw

# One line per person; a full stop is a blank. The third and the eighth are set aside.
TABLE = """\
id   res est upm peso edad sexo prov act dest cat ocup seg cont dur tam1 tam2 horas rama
101  1   1   1   1.5  40   1    1    1   .    1   2411 1   1    1   12   .    40    85
102  1   1   1   2    35   2    2    1   .    1   110  9   3    .   .    1    999   84
103  2   1   1   1    30   1    1    .   .    .   .    .   .    .   .    .    .     .
104  1   1   2   2    28   1    1    1   .    1   9998 .   2    .   999  3    .     47
105  1   1   2   2    50   2    3    1   1    2   6111 .   .    .   .    3    20    1
106  1   1   2   2    61   1    2    1   3    2   6310 .   .    .   1    .    10    1
107  1   2   3   2    22   2    1    2   .    .   .    .   .    .   .    .    .     .
108  3   2   3   1    31   2    1    .   .    .   .    .   .    .   .    .    .     .
109  1   2   3   2    70   1    1    3   .    .   .    1   .    .   .    .    15    .
110  1   2   4   2    10   2    2    1   .    2   .    .   .    .   .    .    .     .
111  1   2   4   2    99   1    2    1   .    9   .    .   .    .   .    9    8     99
112  1   2   4   2    33   2    1    .   .    .   .    .   .    .   .    .    .     .
"""
PROFILE = """\
id: tiny
title: Encuesta de prueba
country: {code: XXA, name: Nowhere}
agency: the tests
language: es
currency: XXX
status: assumption
bases: ["13", "19"]
waves:
  w1: {title: Wave one, file: tiny.sav, source: this test, licence: none}
keys:
  person: [id]
design:
  weight: peso
  stratum: est
  psu: upm
set_aside:
  - {when: {res: 2}, why: refused}
  - {when: {res: [2, 3]}, why: nobody at home}
variables:
  age: {from: edad, number: {unknown: [99], min: 0, max: 98}}
  sex: {from: sexo, map: {1: male, 2: female}}
  region: {from: prov, map: {1: norte, 2: sur, 3: norte}, labels: {norte: Norte, sur: ພາກໃຕ້}}
  labour_force_13: {from: act, map: {1: employed, 2: unemployed, 3: outside}}
  labour_force_19:
    rules:
      - {when: {edad: "< 15"}, then: not_applicable}
      - {when: {act: 1, dest: 3}, then: outside, why: only for own use}
      - {when: {act: 1}, then: employed}
      - {when: {act: 2}, then: unemployed}
      - {when: {act: 3}, then: outside}
      - {then: unknown}
  status: {from: cat, map: {1: employee, 2: own_account, 9: unknown}}
  industry: {from: rama, codes: isic4-division}
  occupation: {from: ocup, take: {width: 4, first: 1}, codes: isco08-major, map: {9998: unknown}}
  size_min:
    from: tam1
    number: {unknown: [999]}
    else: {from: tam2, number: {values: {1: 1, 2: 10, 3: 100, 9: unknown}}}
  size_max:
    from: tam1
    number: {unknown: [999]}
    else: {from: tam2, number: {values: {1: 9, 2: 99, 3: .inf, 9: unknown}}}
  destination: {from: dest, map: {1: only_sale, 3: only_own}, blank: not_asked}
  social_security: {from: seg, map: {1: yes, 2: no, 9: unknown}}
  contract: {from: cont, map: {1: written, 2: oral, 3: none}}
  contract_duration: {from: dur, map: {1: permanent, 2: casual}, asked_of: {contract: [written, oral, unknown]}}
  hours_usual: {from: horas, number: {unknown: [999], min: 0, max: 168}}
"""
YES = "Sí / ແມ່ນ"
LABELS = {
    "column_labels": {"seg": "¿Aporta a la seguridad social? / ທ່ານຈ່າຍປະກັນສັງຄົມບໍ່?"},
    "variable_value_labels": {"seg": {1: YES, 2: "No / ບໍ່", 9: "No sabe"}},
    "missing_ranges": {"seg": [9], "edad": [99], "horas": [{"lo": 998, "hi": 999}], "cat": [9]},
}
NUMBERS = ("age", "size_min", "size_max", "hours_usual")


def persons() -> pd.DataFrame:
    head, *lines = (line.split() for line in TABLE.splitlines())
    return pd.DataFrame([[np.nan if x == "." else float(x) for x in line] for line in lines], columns=head)


def profile_of(tmp_path: Path, *edits: tuple[str, str]) -> Profile:
    text = PROFILE
    for old, new in edits:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    named = {line.split(":")[0].strip() for line in text.splitlines() if line.startswith("  ")}
    text += "".join(f"  {name}: not_asked\n" for name in read_schema().measured() if name not in named)
    path = tmp_path / "tiny.yml"
    path.write_text(text, encoding="utf-8")
    return read_profile(path)


def sav(tmp_path: Path, data: pd.DataFrame | None = None) -> RawFile:
    path = tmp_path / "tiny.sav"
    pyreadstat.write_sav(persons() if data is None else data, path, **LABELS)
    return read_raw(path)


def csv(tmp_path: Path, data: pd.DataFrame) -> RawFile:
    path = tmp_path / "tiny.csv"
    data.to_csv(path, index=False)
    return read_raw(path)


@pytest.fixture
def survey(tmp_path: Path) -> Harmonised:
    return harmonise(profile_of(tmp_path), sav(tmp_path), "19")


def values(survey: Harmonised, name: str) -> str:
    """A variable over the ten persons kept, in few letters: the category, or the number or why there is none."""
    short = {"not_applicable": "na", "not_asked": "notasked"}
    column = survey.frame[name]
    words = [short.get(str(v), str(v)) for v in column.astype(object)]
    if name in NUMBERS:
        reasons = [short.get(str(v), str(v)) for v in survey.frame[name + REASON].astype(object)]
        assert [np.isnan(v) for v in column] == [r != "nan" for r in reasons]  # a value or a reason, never both
        words = [f"{v:g}" if r == "nan" else r for v, r in zip(column, reasons, strict=True)]
    return " ".join(words)


def problems(profile: Profile, raw: RawFile) -> list[Problem]:
    with pytest.raises(InformalityError) as failure:
        harmonise(profile, raw, "19")
    assert failure.value.code == ExitCode.DATA
    return list(failure.value.problems)


# Every value by hand: persons 101 102 104 105 106 107 109 110 111 112

EXPECTED = {
    "person_id": "101 102 104 105 106 107 109 110 111 112",
    "weight": "1.5 2.0 2.0 2.0 2.0 2.0 2.0 2.0 2.0 2.0",
    "stratum": "1 1 1 1 1 2 2 2 2 2",
    "psu": "1 1 2 2 2 3 3 4 4 4",
    "age": "40 35 28 50 61 22 70 10 unknown 33",
    "sex": "male female male female male female male female male female",
    "region": "norte sur norte norte sur norte norte sur sur norte",
    # a child of ten is outside the universe whatever the answer; a blank inside it is not known
    "labour_force_13": "employed employed employed employed employed unemployed outside na employed unknown",
    "labour_force_19": "employed employed employed employed outside unemployed outside na employed unknown",
    "employed_13": "yes yes yes yes yes no no na yes unknown",
    "employed_19": "yes yes yes yes no no no na yes unknown",
    "worker": "yes yes yes yes yes no no na yes unknown",
    "own_use_producer": "no no no no yes no no na no unknown",
    "status": "employee employee employee own_account own_account na na na unknown na",
    "industry": "P O G A A na na na U na",
    # 110 is 0110, armed forces; 9998 is a code of its own, not group 9
    "occupation": "professionals armed_forces unknown skilled_agricultural skilled_agricultural na na na unknown na",
    # the second column counts only where the first is blank: not where the first says 999
    "size_min": "12 1 unknown 100 1 na na na unknown na",
    "size_max": "12 9 unknown inf 1 na na na unknown na",
    "destination": "notasked notasked notasked only_sale only_own na na na notasked na",
    "registered": "notasked notasked notasked notasked notasked na na na notasked na",
    # 111 works with a status not known: the questions to employees may have been put to her, so they are not known
    "social_security": "yes unknown unknown na na na na na unknown na",
    "contract": "written none oral na na na na na unknown na",
    # no contract: inside the schema's universe, but the survey did not ask; oral and blank: not known
    "contract_duration": "permanent notasked unknown na na na na na unknown na",
    "hours_usual": "40 unknown unknown 20 10 na na na 8 na",
    "age_group": "35_44 35_44 25_34 45_54 55_64 15_24 65_plus na unknown 25_34",
    "agriculture": "non_agriculture non_agriculture non_agriculture agriculture agriculture na na na non_agriculture na",
}  # fmt: skip


def test_another_age_of_the_labour_force(tmp_path: Path) -> None:
    """A survey that counts workers from ten: the child of ten (person 110) is employed, of own account."""
    survey = harmonise(profile_of(tmp_path, ("waves:", "working_age: 10\nwaves:")), sav(tmp_path), "13")
    assert values(survey, "labour_force_13").split()[7] == "employed"
    assert values(survey, "status").split()[7] == "own_account"
    assert values(survey, "age_group").split()[7] == "na"
    (adults,) = survey.accounting.loc[survey.accounting["what"].str.contains("aged 10 and over"), "rows"]
    assert adults == 10


def test_a_code_may_say_that_the_answer_stands_elsewhere(tmp_path: Path) -> None:
    """Who does not know the number (999) is asked for a band: person 104 has the third, 100 and over."""
    edit = ("    from: tam1\n    number: {unknown: [999]}\n    else: {from: tam2, number: {values: {1: 1,",
            "    from: tam1\n    number: {elsewhere: [999]}\n    else: {from: tam2, number: {values: {1: 1,")  # fmt: skip
    survey = harmonise(profile_of(tmp_path, edit), sav(tmp_path), "19")
    assert values(survey, "size_min").split()[2] == "100"
    assert values(survey, "size_max").split()[2] == "unknown"  # there 999 is still a code for not known
    with pytest.raises(InformalityError, match="else"):
        profile_of(tmp_path, ("number: {unknown: [999], min: 0, max: 168}", "number: {elsewhere: [999]}"))


def test_a_survey_may_fill_a_grouping_itself(tmp_path: Path) -> None:
    """Where only groups of sections are published, the ILO aggregate is read from them, and agriculture follows."""
    groups = "{1: AGR, 47: MKT, 84: PUB, 85: PUB, 99: X}"
    edit = ("  industry: {from: rama, codes: isic4-division}", f"  industry_aggregate: {{from: rama, map: {groups}}}")
    survey = harmonise(profile_of(tmp_path, edit), sav(tmp_path), "19")
    assert values(survey, "industry_aggregate") == "PUB PUB MKT AGR AGR na na na X na"
    assert values(survey, "agriculture").split()[3:5] == ["agriculture", "agriculture"]
    assert "industry_aggregate" in survey.asked
    assert "industry" not in survey.asked
    with pytest.raises(InformalityError, match="derived"):
        profile_of(tmp_path, ("  sex: {from", "  age_group: {from: edad, map: {40: 35_44}}\n  sex: {from"))


@pytest.mark.parametrize("name", EXPECTED)
def test_every_value(survey: Harmonised, name: str) -> None:
    assert values(survey, name) == EXPECTED[name]


def test_a_csv_gives_the_same_persons_as_an_spss_file(survey: Harmonised, tmp_path: Path) -> None:
    other = harmonise(profile_of(tmp_path), csv(tmp_path, persons()), "19")
    pd.testing.assert_frame_equal(other.frame, survey.frame)


def test_only_the_employment_of_the_study_follows_its_basis(survey: Harmonised, tmp_path: Path) -> None:
    other = harmonise(profile_of(tmp_path), sav(tmp_path), "13")
    assert values(survey, "employed") == EXPECTED["employed_19"]
    assert values(other, "employed") == EXPECTED["employed_13"]
    changed = [name for name in survey.frame if not survey.frame[name].equals(other.frame[name])]
    assert changed == ["labour_force", "employed"]
    assert other.asked == survey.asked
    pd.testing.assert_frame_equal(other.mapping, survey.mapping)


def test_open_categories_take_the_labels_of_the_survey(survey: Harmonised) -> None:
    region = survey.schema["region"]
    assert region.categories == ("norte", "sur")
    assert region.grammar.label("sur") == "ພາກໃຕ້"
    assert read_schema()["region"].categories == ()


def test_the_raw_frame_stays_as_it_was(tmp_path: Path) -> None:
    raw = sav(tmp_path)
    before = raw.frame.copy(deep=True)
    survey = harmonise(profile_of(tmp_path), raw, "19")
    survey.frame.loc[0, "weight"] = 1e9
    pd.testing.assert_frame_equal(raw.frame, before)


# The account


def test_every_variable_accounts_for_every_person(survey: Harmonised) -> None:
    counts = survey.mapping.groupby("variable")["n"].sum()
    assert set(counts.index) == set(read_schema().measured())
    assert (counts == 10).all()


def test_what_became_of_each_code(survey: Harmonised) -> None:
    mapping = survey.mapping.set_index("variable")
    seg = mapping.loc["social_security", ["column", "code", "code_label", "category", "n"]]
    assert sorted(map(tuple, seg.to_numpy())) == [
        ("seg", "", "blank", "not_applicable", 5),  # 105 to 107, 110 and 112
        ("seg", "", "blank", "unknown", 2),  # 104 and 111
        ("seg", "1", YES, "not_applicable", 1),  # 109 answered outside the universe
        ("seg", "1", YES, "yes", 1),  # 101
        ("seg", "9", "No sabe", "unknown", 1),  # 102
    ]
    size = mapping.loc["size_max", ["column", "code", "category", "n"]]
    assert sorted(map(tuple, size[size["n"] > 0].to_numpy())) == [
        ("tam1", "", "not_applicable", 4),
        ("tam1", "code for missing", "unknown", 1),  # 999
        ("tam1", "number", "value", 2),  # 101, 106
        ("tam2", "code for missing", "unknown", 1),  # 9
        ("tam2", "number", "value", 2),  # 102, 105
    ]
    rules = mapping.loc["labour_force_19"]
    counts = dict(zip(rules["code"], rules["n"], strict=True))
    assert counts == {f"labour_force_19-{rule}": n for rule, n in zip(range(1, 7), (1, 1, 5, 1, 1, 1), strict=True)}
    absent = mapping.loc["registered", ["code_label", "category", "n"]]
    assert sorted(map(tuple, absent.to_numpy())) == [
        ("outside the universe", "not_applicable", 4),
        ("the survey has no such question", "not_asked", 6),
    ]


def test_rows_are_accounted_for(survey: Harmonised) -> None:
    rows = list(survey.accounting["rows"])
    assert list(survey.accounting["stage"]) == ["file", "set aside", "set aside", "kept"] + ["universe"] * 3
    # 12 in the file, 1 refused, 1 more nobody at home; 9 adults (one of unknown age), 6 workers, 5 of them on 19th
    assert rows == [12, -1, -1, 10, 9, 6, 5]
    assert sum(rows[:3]) == rows[3] == len(survey.frame)
    assert list(survey.accounting["what"])[1:3] == ["refused", "nobody at home"]


def test_answers_outside_the_universe_are_kept_out_and_known(survey: Harmonised) -> None:
    """The child of ten (the eighth kept) works and has a status; the pensioner (the seventh) is insured and works 15 hours."""
    assert survey.warnings == ()
    outside = {name: rows.tolist() for name, rows in survey.outside.items()}
    assert outside == {"labour_force_13": [7], "status": [7], "social_security": [6], "hours_usual": [6]}


def test_row_numbers_stand_in_for_a_key_and_are_those_of_the_file(tmp_path: Path) -> None:
    survey = harmonise(profile_of(tmp_path, ("  person: [id]", "  person: row")), sav(tmp_path), "19")
    assert values(survey, "person_id") == "1 2 4 5 6 7 9 10 11 12"


def test_keys_of_several_columns_and_a_file_without_design(tmp_path: Path) -> None:
    edits = (
        ("  person: [id]", "  person: [est, upm, id]"),
        ("  stratum: est", "  stratum: none"),
        ("  psu: upm", "  psu: none"),
    )
    frame = harmonise(profile_of(tmp_path, *edits), sav(tmp_path), "19").frame
    assert list(frame["person_id"])[:3] == ["1-1-101", "1-1-102", "1-2-104"]
    assert set(frame["stratum"]) == {"all"}
    assert list(frame["psu"]) == list(frame["person_id"])


def test_flags_of_the_agency_are_kept_beside(tmp_path: Path) -> None:
    flags = ("variables:\n", "flags:\n  oficial: {title: Oficial, from: cat, map: {1: a, 2: b, 9: b}}\nvariables:\n")
    found = harmonise(profile_of(tmp_path, flags), sav(tmp_path), "19").flags["oficial"]
    assert list(found)[:4] == ["a", "a", "a", "b"]
    assert list(found)[4:] == ["b", "not_applicable", "not_applicable", "b", "b", "not_applicable"]
    (problem,) = problems(profile_of(tmp_path, (flags[0], flags[1].replace(", 9: b", ""))), sav(tmp_path))
    assert (problem.place, problem.what, problem.found) == (
        "tiny.yml, line 21",
        "the map does not cover code 9 of cat",
        "1 row (the first is row 11)",
    )


# What the data and the profile disagree about


def test_a_code_the_file_declares_missing_is_not_an_answer_in_silence(tmp_path: Path) -> None:
    edits = (
        ("9: unknown}}\n  contract:", "9: no}}\n  contract:"),
        ("unknown: [999], min", "min"),
        ("max: 168", "max: 1000"),
    )
    warnings = harmonise(profile_of(tmp_path, *edits), sav(tmp_path), "19").warnings
    told = [(w.what, w.found, w.severity) for w in warnings if "declares" in w.what]
    assert told == [
        (
            "the file declares codes of seg missing, but the profile reads them as answers",
            "9 in 1 row (the first is row 2)",
            "warning",
        ),
        (
            "the file declares codes of horas missing, but the profile reads them as answers",
            "999 in 1 row (the first is row 2)",
            "warning",
        ),
    ]


def test_a_code_without_a_label_is_told(tmp_path: Path) -> None:
    data = persons()
    data.loc[0, "seg"] = 7
    edit = ("2: no, 9: unknown}", "2: no, 7: no, 9: unknown}")
    warnings = harmonise(profile_of(tmp_path, edit), sav(tmp_path, data), "19").warnings
    told = [(w.what, w.found) for w in warnings if "label" in w.what]
    assert told == [("codes of seg have no label in the file, but the profile maps them", "7")]


def test_numbers_out_of_range_bands_not_covered_and_text(tmp_path: Path) -> None:
    data = persons()
    data.loc[3, "horas"] = 200
    data.loc[4, "tam2"] = 7
    found = {p.what: p.found for p in problems(profile_of(tmp_path), sav(tmp_path, data))}
    assert found == {
        "`hours_usual` lies outside the range the profile allows (0 to 168)": "200 in 1 row (the first is row 4)",
        "`size_min` does not say what some codes of tam2 mean": "7 in 1 row (the first is row 5)",
        "`size_max` does not say what some codes of tam2 mean": "7 in 1 row (the first is row 5)",
    }
    words = persons().astype({"horas": object})
    words.loc[6, "horas"] = "many"
    (problem,) = problems(profile_of(tmp_path), csv(tmp_path, words))
    assert problem.what == "`horas` holds text where `hours_usual` wants numbers"
    assert problem.found == "1 row (the first is row 7), for example 'many'"


def test_codes_that_are_text_are_written_in_quotation_marks(tmp_path: Path) -> None:
    data = persons()
    data["sexo"] = data["sexo"].map({1: "01", 2: "02"})
    first, second = problems(profile_of(tmp_path), csv(tmp_path, data))
    assert first.what == '`sex` does not say what code "01" of sexo means'
    assert first.fix.startswith('add `"01": …` to the map (male, female or one of unknown')
    assert second.what == '`sex` does not say what code "02" of sexo means'
    quoted = ("{1: male, 2: female}", '{"01": male, "02": female}')
    assert values(harmonise(profile_of(tmp_path, quoted), csv(tmp_path, data), "19"), "sex") == EXPECTED["sex"]


def test_rules_over_text_that_test_numbers_are_refused(tmp_path: Path) -> None:
    data = persons()
    data["dest"] = data["dest"].map({1: "01", 3: "03"})
    data["res"] = data["res"].map({1: "ok", 2: "no", 3: "no"})
    edit = ("{1: only_sale, 3: only_own}", '{"01": only_sale, "03": only_own}')
    first, second = problems(profile_of(tmp_path, edit), csv(tmp_path, data))[:2]
    assert (first.place, first.what) == (
        "tiny.yml, line 18",
        "the column `res` holds text, but numbers are tested here",
    )
    assert (second.place, second.what) == ("tiny.yml, line 19", first.what)
    data["res"] = persons()["res"]
    (problem,) = problems(profile_of(tmp_path, edit), csv(tmp_path, data))
    assert problem == Problem(
        "tiny.yml, line 26",
        "the column `dest` holds text, but numbers are tested here",
        'for example "01"',
        "write the codes in quotation marks",
    )
    mended = ("act: 1, dest: 3}", 'act: 1, dest: "03"}')
    survey = harmonise(profile_of(tmp_path, edit, mended), csv(tmp_path, data), "19")
    assert values(survey, "labour_force_19") == EXPECTED["labour_force_19"]


def test_everything_wrong_is_told_at_once(tmp_path: Path) -> None:
    data = persons()
    data.loc[0, "peso"] = -1
    data.loc[1, "id"] = 101
    data.loc[5, "act"] = 8
    data.loc[8, "sexo"] = 3
    assert len(problems(profile_of(tmp_path), sav(tmp_path, data))) == 4


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("seg, map: {1: yes, 2: no, 9: unknown}", "seg", "give exactly one of map, codes, number, rules (found none)"),
        ("number: {unknown: [99], min: 0, max: 98}", "number: {}, map: {}", "give exactly one of map, codes, number, rules"),
        ("number: {unknown: [99]", "blank: unknown, number: {unknown: [99]", "`blank` goes with map and codes only"),
        ("    rules:\n", "    asked_of: {sex: male}\n    rules:\n", "rules say themselves who was not asked"),
        ("number: {values: {1: 1, 2: 10, 3: 100, 9: unknown}}", "map: {1: 2_4}", "`else` follows a number and holds a number"),
        ("3: norte}", "3: este}", "`este` is not a category of `region`"),
        ("map: {1: male, 2: female}", "map: {1: male, 2: female}, labels: {a: b}", "the labels of `sex` are fixed by the schema"),
    ],
)  # fmt: skip
def test_forms_that_contradict_themselves(tmp_path: Path, old: str, new: str, what: str) -> None:
    with pytest.raises(InformalityError) as failure:
        profile_of(tmp_path, (old, new))
    assert failure.value.code == ExitCode.SPEC
    assert [p for p in failure.value.problems if what in p.what and "tiny.yml, line " in p.place]


# Quality


def test_quality_says_how_much_is_missing_and_of_whom(survey: Harmonised, tmp_path: Path) -> None:
    """Weights 1.5 and 2: of the four employees (1.5, 2, 2, 2 by hand from the table) who was asked what."""
    found = {p.what: p for p in check_quality(survey, profile_of(tmp_path)).findings}
    assert found["75.0% of those asked gave no usable answer on `social_security`"].found.startswith(
        "3 of 4 (75.0%; weighted "
    )
    assert found["66.7% of those asked gave no usable answer on `contract_duration`"].count == 2
    hours = found["33.3% of those asked gave no usable answer on `hours_usual`"]
    assert (hours.count, hours.severity) == (2, "note")  # two of six persons say little
    assert not [what for what in found if "registered" in what or "weights" in what or "PSU" in what]


def test_quality_names_lonely_strata_and_unequal_weights(tmp_path: Path) -> None:
    data = persons()
    data.loc[data["est"] == 2, "upm"] = 3
    data.loc[0, "peso"] = 200
    quality = check_quality(harmonise(profile_of(tmp_path), sav(tmp_path, data), "19"), profile_of(tmp_path))
    found = {p.what: p.found for p in quality.findings}
    assert found["1 of 2 strata have only one PSU"] == "2"
    # weights 200 and nine times 2: (218 squared) / (40,000 + 9 x 4) = 1.19
    assert found["the weights are very unequal"] == (
        "largest 200.0, smallest 2.0, ratio 100; the 10 persons carry the information of about 1 equally weighted ones (Kish)"
    )


def test_rules_do_not_swallow_a_code_that_nobody_declared(tmp_path: Path) -> None:
    """`act` is labelled 1 to 3; two persons hold 7, which "all other cases" would have read as unknown."""
    data = persons()
    data.loc[data.index[:2], "act"] = 7
    path = tmp_path / "strange.sav"
    act = {1: "Trabaja", 2: "Busca", 3: "No busca"}
    values = {**LABELS["variable_value_labels"], "act": act}
    pyreadstat.write_sav(data, path, variable_value_labels=values, missing_ranges=LABELS["missing_ranges"])
    with pytest.raises(InformalityError) as failure:
        harmonise(profile_of(tmp_path), read_raw(path), "19")
    whats = [p.what for p in failure.value.problems]
    assert "no rule of `labour_force_19` names code 7 of act, and the file does not label it" in whats
    assert next(p.found for p in failure.value.problems if "no rule of" in p.what) == "2 rows"
