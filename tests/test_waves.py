"""Several waves of a survey: compared and pooled in one design, broken series refused, other readings of the questionnaire.

Authority: the small survey of ``test_failures.py`` in two waves, whose changes are worked out by hand; messages written
out by hand. South Africa in ``tabulation/test_south_africa.py``.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyreadstat
import pytest

from informality.reporting import _design
from informality.study import read_study

SPEC = importlib.util.spec_from_file_location("failures", Path(__file__).with_name("test_failures.py"))
assert SPEC is not None and SPEC.loader is not None
failures = importlib.util.module_from_spec(SPEC)
sys.modules[SPEC.name] = failures
SPEC.loader.exec_module(failures)
call, project, says = failures.call, failures.project, failures.says
Project = Any

WAVE_2 = """\
  w2:
    title: Wave two
    file: persons2.sav
    begins: "2020-04"
    ends: "2020-06"
    source: the office of the tests
    licence: none
"""
BREAK = """\
    breaks:
      - {of: questionnaire, text: The question on social security was put otherwise, source: the office of the tests}
"""


def later() -> pd.DataFrame:
    """The persons of the first wave again, two of the eight insured employees not insured any more."""
    frame = failures.persons()
    return frame.assign(seguro=frame["seguro"].mask(frame["idp"].isin([101, 105]), 2.0))


@pytest.fixture
def series(project: Project) -> Project:
    """The small study, of two waves that visited the same PSUs."""
    project.edit("study", "wave: w1\n", "waves: [w1, w2]\ntogether: compare\n")
    project.edit("profile", "  w1:\n", '  w1:\n    begins: "2020-01"\n    ends: "2020-03"\n')
    project.edit("profile", "    licence: none\nkeys:", f"    licence: none\n{WAVE_2}keys:")
    project.edit("profile", "  psu: upm\n", "  psu: upm\n  between_waves: overlapping\n")
    pyreadstat.write_sav(later(), project.path("data_raw/persons2.sav"))
    return project


def results(project: Project) -> pd.DataFrame:
    said = project.call("run", "small")
    assert said.code == 0, said.err
    rows = pd.read_parquet(project.path("data_clean/small/results.parquet"))
    return rows[(rows["indicator"] == "informal_employment") & rows["dim1"].isna()].set_index("wave")


def test_the_waves_and_what_changed(series: Project) -> None:
    """Of 18 employed 6 own-account and 4 employees are informal, then 6 employees: 10 and 12 of 18.

    The error of the change by hand: PSU totals of the differences (two persons of weight 10, in PSUs 1 and 2, both of
    stratum 1), scaled by the 180 employed. In stratum 1 the two PSUs have the same sum less the same number of
    employed times the change (4 employed in each), so they do not differ; in stratum 2 (4 and 4) neither; in stratum 3 one
    PSU has 2 employed and the other none, (2 x 10 x 2/18 / 180)^2 is what is left.
    """
    rows = results(series)
    assert rows.loc["w1", "value"] == pytest.approx(10 / 18) and rows.loc["w2", "value"] == pytest.approx(12 / 18)
    change = rows.loc["w2-w1"]
    assert change["statistic"] == "change" and change["unit"] == "points"
    assert change["value"] == pytest.approx(2 / 18, rel=1e-12)
    lines = np.array([[10 - 4 * 10 / 9, 10 - 4 * 10 / 9], [-40 / 9, -40 / 9], [-20 / 9, 0.0]]) / 180
    by_hand = np.sqrt(sum(2 * ((pair - pair.mean()) ** 2).sum() for pair in lines))
    assert change["se"] == pytest.approx(by_hand, rel=1e-9)
    assert change["df"] == 2 and 0 < change["p"] < 1  # 5 PSUs with an employed person in 3 strata
    workers = pd.read_parquet(series.path("data_clean/small/workers.parquet"))
    assert workers["wave"].value_counts().to_dict() == {"w1": 24, "w2": 24}


def test_pooled_waves_are_an_average(series: Project) -> None:
    series.edit("study", "together: compare", "together: pool")
    rows = results(series)
    assert set(rows.index) == {"w1", "w2", "w1+w2", "w2-w1"}
    pooled = rows.loc["w1+w2"]
    assert pooled["value"] == pytest.approx((10 + 12) / 36, rel=1e-12)
    said = _design(read_study(series.path("study")), {"strata": 3, "psus": 6, "df": 3})["waves"]
    assert "each weight is divided by 2" in said and "visited again is one unit" in said
    assert pooled["n"] == 36 and pooled["n_weighted"] == pytest.approx(180)  # an average, not a sum, of 180 and 180


def test_independent_samples_have_errors_that_add_up(series: Project) -> None:
    series.edit("profile", "between_waves: overlapping", "between_waves: independent")
    rows = results(series)
    assert rows.loc["w2-w1", "se"] ** 2 == pytest.approx(
        rows.loc["w1", "se"] ** 2 + rows.loc["w2", "se"] ** 2, rel=1e-9
    )


def test_nothing_is_made_again_and_one_changed_file_is_noticed(series: Project) -> None:
    results(series)
    again = series.call("run", "small")
    assert again.code == 0 and "Nothing has changed" in again.out
    frame = later()
    pyreadstat.write_sav(
        frame.assign(seguro=frame["seguro"].mask(frame["idp"] == 102, 2.0)), series.path("data_raw/persons2.sav")
    )
    assert results(series).loc["w2", "value"] == pytest.approx(13 / 18)


def test_table_and_explain_by_wave(series: Project) -> None:
    results(series)
    latest = series.call("table", "small", "--of", "informal").out
    assert "66.7" in latest and "Wave two" in latest
    first = series.call("table", "small", "--of", "informal", "--wave", "w1").out
    assert "55.6" in first and "Wave one" in first
    series.refuses(2, "table small --of informal --wave w9", "--wave: this study has no wave `w9`", problems=1)
    series.refuses(
        2,
        "explain small --person 101",
        says(
            "--person 101",
            "this person was interviewed in 2 waves, and may have another job in each",
            "waves w1, w2",
            "say which: --wave w2",
        ),
        problems=1,
    )
    assert "Formal job" in series.call("explain", "small", "--person", "101", "--wave", "w1").out
    assert "Informal job" in series.call("explain", "small", "--person", "101", "--wave", "w2").out
    assert series.call("check", "small-survey", "--wave", "w1").code == 0
    both = series.call("check", "small")
    assert both.code == 0 and "Wave one" in both.out and "Wave two" in both.out


def test_a_wave_may_name_and_ask_otherwise(series: Project) -> None:
    """Another name of a column, and a question that one wave lacks: known in one wave only, so no change."""
    frame = later().rename(columns={"seguro": "ss", "sexo": "genero"})
    pyreadstat.write_sav(frame, series.path("data_raw/persons2.sav"))
    series.edit(
        "profile",
        '    ends: "2020-06"\n',
        '    ends: "2020-06"\n    columns: {seguro: ss, sexo: genero}\n    variables: {area: not_asked}\n',
    )
    rows = results(series)
    assert rows.loc["w2-w1", "value"] == pytest.approx(2 / 18, rel=1e-12)
    workers = pd.read_parquet(series.path("data_clean/small/workers.parquet"))
    assert set(workers.loc[workers["wave"] == "w2", "area"]) == {"not_asked"}
    mapping = pd.read_json(series.path("data_clean/small/annex.json"), typ="series")["mapping"]
    columns = {m["column"] for m in mapping if m["variable"] == "social_security"}
    assert columns == {"seguro", "ss"}


def test_a_break_in_the_series_is_refused_or_marked(series: Project) -> None:
    series.edit("profile", '    ends: "2020-06"\n', f'    ends: "2020-06"\n{BREAK}')
    found = "the questionnaire changed: The question on social security was put otherwise (the office of the tests)"
    series.refuses(
        10,
        "run small",
        says(
            series.at("study", "waves:"),
            "w1 and w2 cannot be compared: the series breaks at w2",
            found,
            "leave out the waves on one side of the break, or write `breaks: mark`: lines are then interrupted there, "
            "and the report says why",
        ),
    )
    series.edit("study", "together: compare\n", "together: compare\nbreaks: mark\n")
    change = results(series).loc["w2-w1"]
    assert change["value"] == pytest.approx(2 / 18) and change["note"].startswith("across a break in series: the quest")
    series.edit("study", "together: compare\n", "together: pool\n")
    series.refuses(
        10,
        "run small",
        says(
            series.at("study", "waves:"),
            "w1 and w2 cannot be pooled: the series breaks at w2",
            found,
            "leave out the waves on one side of the break: an average over a break means nothing",
        ),
    )


def test_a_break_of_one_question_leaves_the_rest_comparable(series: Project) -> None:
    broken = BREAK.replace("of: questionnaire,", "of: questionnaire, variables: [sex],")
    series.edit("profile", '    ends: "2020-06"\n', f'    ends: "2020-06"\n{broken}')
    assert results(series).loc["w2-w1", "value"] == pytest.approx(2 / 18)
    rows = pd.read_parquet(series.path("data_clean/small/results.parquet"))
    by_sex = rows[(rows["statistic"] == "change") & (rows["dim1"] == "sex")]
    assert by_sex["value"].isna().all() and by_sex["note"].str.startswith("the series breaks:").all()


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("waves: [w1, w2]", "waves: [w2, w1]", "waves are named from the oldest to the newest"),
        ("waves: [w1, w2]", "waves: [w1]", "a study of one wave names it as `wave: w1`; `waves` takes two or more"),
        ("waves: [w1, w2]", "waves: [w1, w1]", "a wave is named twice among `waves`"),
        ("waves: [w1, w2]", "waves: [w1, w3]", "small-survey has no wave `w3`"),
        ("waves: [w1, w2]", "wave: w1\nwaves: [w1, w2]", "name one `wave`, or several `waves`, not both"),
        ("together: compare\n", "", "say what is done with the waves: `together: compare` or `together: pool`"),
        (
            "survey: small-survey",
            "survey: [small-survey, other]",
            "a study is of one survey: samples of different surveys are never pooled",
        ),
    ],
)
def test_waves_that_cannot_stand_side_by_side(series: Project, old: str, new: str, what: str) -> None:
    series.edit("study", old, new)
    series.refuses(10, "run small", what)


def test_waves_without_time_sample_or_basis(series: Project) -> None:
    series.edit("profile", "  between_waves: overlapping\n", "")
    series.refuses(10, "run small", "the profile does not say how the samples of its waves hang together")
    series.edit("profile", "  psu: upm\n", "  psu: upm\n  between_waves: overlapping\n")
    series.edit("profile", '    ends: "2020-06"\n', '    ends: "2020-06"\n    bases: ["19"]\n')
    series.refuses(
        10,
        "run small",
        says(
            series.at("study", "basis:"),
            "wave w2 of small-survey cannot tell employment on the 13th ICLS basis",
            "it has the 19th; the two bases count different people",
            "leave the wave out: waves on different bases are never compared or pooled",
        ),
    )
    series.edit("profile", '    bases: ["19"]\n', "")
    series.edit("profile", '    begins: "2020-04"\n    ends: "2020-06"\n', "")
    series.refuses(10, "run small", "waves that are set side by side need a time")


def test_waves_without_a_common_psu(series: Project) -> None:
    frame = later()
    pyreadstat.write_sav(frame.assign(upm=frame["upm"] + 100), series.path("data_raw/persons2.sav"))
    series.refuses(
        12,
        "run small",
        says(
            "pooled sample design",
            "the files have no primary sampling unit (PSU) in common",
            "12 PSUs in 2 files, none of them in two",
            "check that strata and PSUs are coded alike in all files (numbers, or text, in each), "
            "or say that the samples are independent",
        ),
    )


def test_a_second_file_that_is_missing_leaves_nothing(series: Project) -> None:
    series.path("data_raw/persons2.sav").unlink()
    series.refuses(11, "run small", f"{series.path('data_raw/persons2.sav')}: the raw data file is missing")


def test_a_run_stopped_in_the_second_wave_leaves_nothing(series: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    from informality.pipeline import reading

    read, seen = reading.read_harmonised, []

    def stopped(*given: object) -> object:
        seen.append(given[1])
        if len(seen) == 2:
            raise KeyboardInterrupt
        return read(*given)

    monkeypatch.setattr(reading, "read_harmonised", stopped)
    before = series.tree()
    assert series.call("run", "small").code == 130
    assert seen == ["w1", "w2"] and series.tree() == before


def test_other_readings_of_the_questionnaire(project: Project) -> None:
    """Social security read from sex: the nine employed men count as insured, of whom six are employees: 12 of 18 informal."""
    variant = """\
    variants:
      men:
        title: Men are insured
        why: to see what it does
        source: the tests
        status: assumption
        from: sexo
        map: {1: yes, 2: no}
"""
    project.edit(
        "profile",
        "  social_security: {from: seguro, map: {1: yes, 2: no}}\n",
        f"  social_security:\n    from: seguro\n    map: {{1: yes, 2: no}}\n{variant}",
    )
    table = "  readings: {title: Other readings, indicators: [informal_employment], readings: true}\n"
    path = project.path("tables")
    path.write_text(path.read_text(encoding="utf-8") + table, encoding="utf-8")
    assert project.call("run", "small").code == 0
    rows = pd.read_parquet(project.path("data_clean/small/results.parquet"))
    rows = rows[rows["table"] == "readings"].set_index(["statistic", "level1"])
    assert rows.loc[("share", "profile"), "value"] == pytest.approx(10 / 18)
    assert rows.loc[("share", "social_security.men"), "value"] == pytest.approx(12 / 18)
    gap = rows.loc[("difference", "social_security.men")]
    assert gap["value"] == pytest.approx(2 / 18) and gap["unit"] == "points" and gap["se"] > 0
    assert gap["status"] == "assumption"
    project.edit("profile", "        map: {1: yes, 2: no}\n", "        map: {1: insured, 2: no}\n")
    project.refuses(10, "run small", "`insured` is not a category of `social_security`")
