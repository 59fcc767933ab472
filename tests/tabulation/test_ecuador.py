"""The real file, all the way: official flag, official figures, and R's numbers in the results table."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from informality import steps
from informality.classification.classify import classify
from informality.classification.definition import read_definition
from informality.foundation.library import find
from informality.steps import ground
from informality.study import Study, read_study
from informality.survey.harmonise import Harmonised
from informality.tabulation import benchmarks
from informality.tabulation.robustness import bounded, compared, together, varied
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
    return steps.read_harmonised(study.profile, study.spec.wave, raw, study.spec.basis)


@pytest.fixture(scope="module")
def workers(study: Study, survey: Harmonised) -> pd.DataFrame:
    return steps.classified(study, survey)


def test_the_national_rule_is_secemp_on_every_row(workers: pd.DataFrame, survey: Harmonised) -> None:
    employed = workers["employed"] == "yes"
    assert employed.sum() == 40_337
    ours, theirs = workers["ecu-sector.sector"].astype(str), survey.flags["secemp"].astype(str)
    assert (ours == theirs).all()
    assert (ours[employed] == theirs[employed]).sum() == 40_337
    assert workers.loc[employed, "ecu-sector.sector"].value_counts()["informal"] == 17_084  # PROVENANCE.md, unweighted


def test_official_figures(study: Study, workers: pd.DataFrame, survey: Harmonised) -> None:
    seen = steps.views(study, workers, survey.asked)
    design = steps.sample_design(study, workers)
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
    seen = list(steps.views(study, workers, survey.asked).values())
    design = steps.sample_design(study, workers)
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
    seen = steps.views(study, workers, survey.asked)
    spec = study.profile.spec
    empty = spec.benchmarks["unemployment_rate"].model_copy(update={"among": {"status": "cooperative"}})
    file = replace(study.profile.file, spec=spec.model_copy(update={"benchmarks": {"x": empty}}))
    profile = replace(study.profile, file=file)
    table = benchmarks.compare(profile, "2021q1", seen, survey.flags, steps.sample_design(study, workers))
    assert table["verdict"].tolist() == ["not reproduced"]
    assert table["note"].tolist() == ["nobody in the file fits the conditions of this figure"]
    assert len(benchmarks.failures(table, profile)) == 1


# -- what rests on the definition -----------------------------------------------------------------------


def linearised(value: np.ndarray, workers: pd.DataFrame) -> float:
    """Standard error of the sum of ``value`` (n,), weights in it, written out: PSUs with replacement within strata."""
    psu = pd.Series(value).groupby([workers["stratum"].to_numpy(), workers["psu"].to_numpy()]).sum()
    strata = psu.groupby(level=0)
    return float(np.sqrt((strata.var() * strata.size()).sum()))


@pytest.fixture(scope="module")
def robust(study: Study, workers: pd.DataFrame, survey: Harmonised) -> pd.DataFrame:
    """Rows on what rests on the definition, with the Resolution of 2023 beside the two definitions of the study."""
    chosen = {"dc_protection_rule": "registration_suffices", "cfw_arrangement_exists": "no"}
    new = read_definition(find("definitions", "ilo-21icls"), study.schema, options=chosen)
    more = pd.concat([workers, classify(survey.frame, new, survey.asked)], axis=1)
    three = replace(study, definitions=(*study.definitions, new))
    design = steps.sample_design(study, workers)
    found = ground(three, more, survey.asked, design)
    seen = steps.views(three, more, survey.asked)
    parts = [
        *compared(seen, [("ilo-17icls", "ecu-sector"), ("ilo-17icls", "ilo-21icls")], found),
        *bounded(seen, found),
        *varied({"ilo-17icls": seen["ilo-17icls"]}, found),
    ]
    return together(parts, found)


def only(rows: pd.DataFrame, **where: str | None) -> pd.Series:
    for key, value in where.items():
        rows = rows[rows[key].isna() if value is None else rows[key] == value]
    assert len(rows) == 1, rows
    return rows.iloc[0]


def test_the_sector_by_two_definitions(robust: pd.DataFrame, workers: pd.DataFrame, survey: Harmonised) -> None:
    """Against INEC's own flag: every cell of the flow matrix, the difference and its error."""
    employed = (workers["employed"] == "yes").to_numpy()
    weight = workers["weight"].to_numpy() * employed
    ilo, inec = workers["ilo-17icls.unit"].astype(str), survey.flags["secemp"].astype(str)
    flows = robust[(robust["table"] == "flows") & (robust["dim2"] == "ecu-sector.sector")]
    cells = pd.Series(weight[employed]).groupby([ilo[employed].to_numpy(), inec[employed].to_numpy()])
    table, counts = cells.sum(), cells.size()
    found = flows[flows["statistic"] == "flow_total"].set_index(["level1", "level2"])
    assert len(found) == len(counts) == 7
    for cell, row in found.iterrows():
        assert row["value"] == pytest.approx(table[cell], rel=1e-12)
        assert row["n"] == counts[cell]
        inside = (ilo == cell[0]).to_numpy() & (inec == cell[1]).to_numpy()
        assert row["se"] == pytest.approx(linearised(weight * inside, workers), rel=1e-9)
    gap = only(robust, table="definition_gaps", statistic="rate_difference", definition="ecu-sector")
    moved = (inec == "informal").to_numpy().astype(float) - (ilo == "informal").to_numpy()
    d = np.average(moved, weights=weight)
    assert gap["value"] == pytest.approx(d, rel=1e-12)
    assert gap["se"] == pytest.approx(linearised(weight * (moved - d) / weight.sum(), workers), rel=1e-9)
    assert gap["se"] < 0.003  # half the error of either rate: the covariance is in it


def test_bounds_of_the_national_rule_by_its_flag(
    robust: pd.DataFrame, workers: pd.DataFrame, survey: Harmonised
) -> None:
    """Who does not know whether the unit has a RUC is "not classified" in secemp: informal at the most, formal at the least."""
    weight = workers["weight"].to_numpy() * (workers["employed"] == "yes").to_numpy()
    inec = survey.flags["secemp"].astype(str)
    for statistic, words in (("lower", ["informal"]), ("upper", ["informal", "not_classified"])):
        row = only(robust, table="bounds", definition="ecu-sector", level1="unknown", statistic=statistic, dim2=None)
        flag = inec.isin(words).to_numpy().astype(float)
        p = np.average(flag, weights=weight)
        assert row["value"] == pytest.approx(p, rel=1e-12)
        assert row["se"] == pytest.approx(linearised(weight * (flag - p) / weight.sum(), workers), rel=1e-9)


def test_bounds_of_informal_employment_by_the_answers(robust: pd.DataFrame, workers: pd.DataFrame) -> None:
    """Every employee's social security is known; an own unit is open where its register or its books are not known."""
    employed = (workers["employed"] == "yes").to_numpy()
    weight = workers["weight"].to_numpy() * employed
    informal = (workers["ilo-17icls.job"] == "informal").to_numpy() & employed
    assert not (workers["social_security"] == "unknown").any()
    own = employed & workers["status"].isin(["employer", "own_account"]).to_numpy()
    books, registered = workers["books"].astype(str), workers["registered"].astype(str)
    formal_too = own & ((books == "unknown") | (registered == "unknown")).to_numpy()
    informal_too = own & (registered == "unknown").to_numpy() & (books != "complete").to_numpy()
    for statistic, flag in (("lower", informal & ~formal_too), ("upper", informal | informal_too)):
        row = only(
            robust, table="bounds", definition="ilo-17icls", indicator="informal_employment", level1="unknown",
            statistic=statistic, dim2=None,
        )  # fmt: skip
        assert row["value"] == pytest.approx(np.average(flag, weights=weight), rel=1e-12)


def test_98_workers_left_open_no_longer_hide_the_rate(robust: pd.DataFrame, workers: pd.DataFrame) -> None:
    mine = {"table": "bounds", "definition": "ilo-21icls", "indicator": "informal_employment", "dim2": None}
    point = only(robust, statistic="point", **mine)
    assert point["grade"] == "not_determinable" and "98 sampled persons" in point["note"]
    low, high = (only(robust, statistic=s, level1="unknown", **mine) for s in ("lower", "upper"))
    assert (low["grade"], high["grade"]) == ("good", "good")
    assert 0.643 < low["value"] < high["value"] < 0.646
    beside = only(
        robust, table="definition_gaps", statistic="upper", definition="ilo-21icls", indicator="informal_employment"
    )
    assert beside["value"] == pytest.approx(high["value"], abs=2e-4)
    gap = only(
        robust,
        table="definition_gaps",
        statistic="rate_difference",
        definition="ilo-21icls",
        indicator="informal_employment",
    )
    assert "which this survey cannot tell" in gap["note"]
