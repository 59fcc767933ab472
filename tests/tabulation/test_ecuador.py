"""The real file, all the way: official flag, official figures, and R's numbers in the results table."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from informality import pipeline
from informality.study import Study, read_study
from informality.survey.harmonise import Harmonised
from informality.tabulation import benchmarks
from informality.tabulation.rows import Settings
from informality.tabulation.tabulate import tabulate

STUDY = Path(__file__).parents[2] / "analysis" / "studies" / "ecuador-2021q1.yml"
SECTIONS = "ABCDEFGHIJKLMNOPQRSTU"


@pytest.fixture(scope="module")
def study() -> Study:
    return read_study(STUDY)


@pytest.fixture(scope="module")
def survey(study: Study, shared: Path) -> Harmonised:
    raw = shared / "data" / "ecu_enemdu_2021q1" / "enemdu_persona_2021_01-03.sav"
    return pipeline.read_harmonised(study.profile, study.spec.wave, raw, study.spec.basis)


@pytest.fixture(scope="module")
def workers(study: Study, survey: Harmonised) -> pd.DataFrame:
    return pipeline.classified(study, survey)


def test_the_national_rule_is_secemp_on_every_row(workers: pd.DataFrame, survey: Harmonised) -> None:
    employed = workers["employed"] == "yes"
    assert employed.sum() == 40_337
    ours, theirs = workers["ecu-sector.sector"].astype(str), survey.flags["secemp"].astype(str)
    assert (ours == theirs).all()
    assert (ours[employed] == theirs[employed]).sum() == 40_337
    assert workers.loc[employed, "ecu-sector.sector"].value_counts()["informal"] == 17_084  # PROVENANCE.md, unweighted


def test_official_figures(study: Study, workers: pd.DataFrame, survey: Harmonised) -> None:
    seen = pipeline.views(study, workers, survey.asked)
    design = pipeline.sample_design(study, workers)
    table = benchmarks.compare(study.profile, "2021q1", seen, survey.flags, design).set_index("id")
    assert (table["verdict"] == "reproduced").all()
    assert len(table) == 15
    assert table.loc["unemployed", "ours"] == pytest.approx(476_202, abs=0.5)
    assert table.loc["unemployed_quito", "ours"] == pytest.approx(125_416, abs=0.5)
    assert not benchmarks.failures(table.reset_index(), study.profile)


def test_counts_add_up_from_file_to_cell(workers: pd.DataFrame, survey: Harmonised, study: Study) -> None:
    sums = survey.mapping.groupby("variable")["n"].sum()
    assert (sums == 88_829).all()
    schema, lacking = study.schema, study.profile.lacking  # a block of which nothing was asked has one line for all
    assert set(lacking) == {"older_codes"}
    of_blocks = {n for block in lacking for n in schema.block(block)}
    assert set(sums.index) == set(schema.measured()) - of_blocks | {schema.blocks[block] for block in lacking}
    rows = survey.accounting.set_index("what")["rows"]
    assert rows.iloc[0] == 88_829
    assert rows.iloc[-1] == 40_337


def test_r_reference_in_the_results_table(
    study: Study, workers: pd.DataFrame, survey: Harmonised, shared: Path
) -> None:
    """Value, standard error, normal interval and design effect of R survey 4.x, each to 1e-9 relative."""
    reference = pd.read_csv(shared / "data" / "ecu_enemdu_2021q1" / "reference_estimates.csv")
    seen = list(pipeline.views(study, workers, survey.asked).values())
    design = pipeline.sample_design(study, workers)
    spec = study.spec
    normal = Settings(spec.id, spec.survey, spec.wave, "verified", "normal", 0.95, study.standard)
    results = pd.concat([tabulate(p, seen, spec.headline, design, normal) for p in study.plans], ignore_index=True)

    def ours(domain: str) -> pd.Series:
        dim, level = {
            "all employed": (None, None),
            "p02=1": ("sex", "male"),
            "p02=2": ("sex", "female"),
            "area=1": ("area", "urban"),
            "area=2": ("area", "rural"),
            "p42=5": ("status", "employer"),
            "p42=6": ("status", "own_account"),
            **{f"rama1={i + 1}": ("industry", s) for i, s in enumerate(SECTIONS)},
        }[domain]
        rows = results[(results["indicator"] == "national_informal_sector") & results["dim2"].isna()]
        rows = rows[rows["dim1"].isna() if dim is None else (rows["dim1"] == dim) & (rows["level1"] == level)]
        assert len(rows) == 1
        return rows.iloc[0]

    compared = 0
    for want in reference[reference["estimate"] == "informal-sector share of employment"].itertuples():
        got = ours(want.domain)
        # The value 0 of section U has a standard error of 0: hand-checked, no informal worker among its 5 cases.
        for name in ("value", "se", "ci_low", "ci_high"):
            assert got[name] == pytest.approx(getattr(want, name), rel=1e-9, abs=1e-300), (want.domain, name)
        if pd.notna(want.deff):
            assert got["deff"] == pytest.approx(want.deff, rel=1e-9), want.domain
        compared += 1
    assert compared == 28

    def row(indicator: str) -> pd.Series:
        return results[(results["indicator"] == indicator) & results["dim1"].isna()].iloc[0]

    for indicator, estimate in {
        "employed": "employed total",
        "national_informal_sector_jobs": "informal-sector employed total",
        "unemployment_rate": "unemployment rate (ratio)",
    }.items():
        want = reference[reference["estimate"] == estimate].iloc[0]
        got = row(indicator)
        for name in ("value", "se", "ci_low", "ci_high", "deff"):
            if pd.notna(want[name]):
                assert got[name] == pytest.approx(want[name], rel=1e-9), (indicator, name)


def test_an_official_figure_that_nobody_fits_is_not_reproduced(
    study: Study, workers: pd.DataFrame, survey: Harmonised
) -> None:
    """A wrong filter must not switch an official figure off."""
    seen = pipeline.views(study, workers, survey.asked)
    spec = study.profile.spec
    empty = spec.benchmarks["unemployment_rate"].model_copy(update={"among": {"status": "cooperative"}})
    file = replace(study.profile.file, spec=spec.model_copy(update={"benchmarks": {"x": empty}}))
    profile = replace(study.profile, file=file)
    table = benchmarks.compare(profile, "2021q1", seen, survey.flags, pipeline.sample_design(study, workers))
    assert table["verdict"].tolist() == ["not reproduced"]
    assert table["note"].tolist() == ["nobody in the file fits the conditions of this figure"]
    assert len(benchmarks.failures(table, profile)) == 1
