"""Official figures and our own tables held against themselves.

Authority: the profile of Ecuador, whose official figures are right, and copies of it with a figure changed by hand.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from informality.foundation.library import LIBRARY
from informality.foundation.schema import read_schema
from informality.survey.profile import Profile, read_profile
from informality.survey.quality import Quality
from informality.tabulation import benchmarks
from informality.tabulation.consistency import check_official, check_results, series_of_benchmarks

ECUADOR = LIBRARY / "surveys" / "ecu-enemdu.yml"


def edited(folder: Path, *edits: tuple[str, str]) -> Profile:
    text = ECUADOR.read_text(encoding="utf-8")
    for old, new in edits:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path = folder / "ecu-enemdu.yml"
    path.write_text(text, encoding="utf-8")
    return read_profile(path)


def compared(profile: Profile, **ours: float) -> pd.DataFrame:
    """A table of comparisons in which every official figure is reproduced, but for those named."""
    rows = []
    for name, b in profile.spec.benchmarks.items():
        value = ours.get(name, b.value)
        verdict = benchmarks.REPRODUCED if abs(value - b.value) <= b.tolerance else benchmarks.NOT_REPRODUCED
        rows.append((name, b.title, b.value, value, np.nan, value - b.value, b.tolerance, b.unit, verdict, "", "", ""))
    return pd.DataFrame(rows, columns=list(benchmarks.COLUMNS))


def found(profile: Profile, **ours: float) -> list[tuple[str, str]]:
    quality = Quality()
    check_official(quality, profile, "2021q1", compared(profile, **ours))
    return [(f.check, f.severity) for f in quality.findings]


def test_the_official_figures_of_ecuador_fit_each_other(tmp_path: Path) -> None:
    profile = edited(tmp_path)
    assert found(profile) == []
    series = {s.title: s for s in series_of_benchmarks(profile, profile.spec.benchmarks)}
    assert series["Unemployment rate"].kind == "rates"
    assert series["Unemployment rate"].every
    parts = [s.parts for s in series_of_benchmarks(profile, profile.spec.benchmarks) if s.title == "Unemployment rate"]
    assert {"urban": 0.073, "rural": 0.028} in parts
    assert {"male": 0.048, "female": 0.072} in parts


def test_a_figure_that_is_not_reproduced_is_an_error(tmp_path: Path) -> None:
    assert found(edited(tmp_path), unemployed=480_000) == [("not_reproduced", "error")]


def test_a_total_in_thousands_is_told(tmp_path: Path) -> None:
    profile = edited(tmp_path, ("    value: 476202\n", "    value: 476.202\n"))
    quality = Quality()
    check_official(quality, profile, "2021q1", compared(profile, unemployed=476_202))
    assert "ours is 1000 times the official figure, as thousands against units" in quality.findings[0].found


def test_compositions_taken_for_rates_are_told_with_their_place(tmp_path: Path) -> None:
    """Men 2.7 and women 3.1 per cent of the labour force add up to the rate of 5.8."""
    profile = edited(
        tmp_path, ("    value: 0.048\n", "    value: 0.027\n"), ("    value: 0.072\n", "    value: 0.031\n")
    )
    quality = Quality()
    check_official(quality, profile, "2021q1", compared(profile))
    (finding,) = quality.findings
    assert (finding.check, finding.severity, finding.block) == ("rates_or_composition", "error", "official")
    assert "they are a composition and not rates" in finding.what
    assert finding.place.startswith("ecu-enemdu.yml, line ")


def test_per_cents_beside_shares_are_told(tmp_path: Path) -> None:
    assert ("rates_or_composition", "error") in found(edited(tmp_path, ("    value: 0.072\n", "    value: 7.2\n")))


def test_a_survey_without_official_figures_or_without_a_total_says_so(tmp_path: Path) -> None:
    text = ECUADOR.read_text(encoding="utf-8")
    path = tmp_path / "none.yml"
    path.write_text(text[: text.index("\nbenchmarks:")], encoding="utf-8")
    assert found(read_profile(path)) == [("none", "note")]
    shares = text.replace(
        "    statistic: total\n    of: {labour_force: unemployed}\n", "    statistic: mean\n    of: age\n"
    )
    path.write_text(shares, encoding="utf-8")
    assert found(read_profile(path)) == [("no_total", "note")]


def results(values: dict[tuple[str | None, str | None], float], indicator: str = "informal_employment") -> pd.DataFrame:
    n = {None: 100}
    rows = [
        {"table": "t", "indicator": indicator, "definition": "d", "universe": "employed", "statistic": "share",
         "unit": "share", "dim1": dim, "level1": level, "dim2": None, "level2": None, "dim3": None, "level3": None,
         "value": value, "n": n.get(dim, 50)}
        for (dim, level), value in values.items()
    ]  # fmt: skip
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("male", "female", "wrong"), [(0.85, 0.88, False), (0.50, 0.364, True), (0.85, np.nan, False), (0.4, 0.5, True)]
)
def test_our_rates_of_all_lie_among_those_of_the_groups(male: float, female: float, wrong: bool) -> None:
    table = results({(None, None): 0.864, ("sex", "male"): male, ("sex", "female"): female})
    assert bool(check_results(table, {}, read_schema())) is wrong


def test_groups_that_leave_persons_out_say_nothing_about_the_total() -> None:
    table = results({(None, None): 0.864, ("sex", "male"): 0.4, ("sex", "female"): 0.5})
    table.loc[0, "n"] = 101  # one of unknown sex
    assert check_results(table, {}, read_schema()) == []


def test_our_compositions_add_up() -> None:
    right = {("status", "employee"): 0.4, ("status", "own_account"): 0.6}
    of = {"status_of_informal": "status"}
    assert check_results(results(right, "status_of_informal"), of, read_schema()) == []
    wrong = right | {("status", "own_account"): 0.512345678}
    (finding,) = check_results(results(wrong, "status_of_informal"), of, read_schema())
    assert (finding.block, finding.severity) == ("tables", "error")
