"""Costa Rica, Paraguay, Argentina and Indonesia all the way: official figures, and R's numbers out of the results table.

Authority: ``reference_estimates.csv`` beside each file (R ``survey`` 4.x, over raw codes) to 1e-9 relative; figures of the
agencies as the profiles quote them; for Argentina, which has no such file, the rates of the reference page.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from informality import pipeline
from informality.foundation.library import LIBRARY
from informality.study import Study, read_study
from informality.survey.harmonise import Harmonised
from informality.survey.profile import read_profile
from informality.tabulation import benchmarks
from informality.tabulation.plan import IndicatorSpec
from informality.tabulation.rows import Settings
from informality.tabulation.tabulate import estimate_one

STUDIES = Path(__file__).parents[2] / "analysis" / "studies"
FOLDERS = {"costa-rica-2020": "cri_enaho_2020", "jambi-2020": "idn_sakernas_2020_jambi"}
RATE, JOBS = "national_informal_employment", "national_informal_jobs"


@dataclass(frozen=True)
class Made:
    """A study up to its estimates."""

    study: Study
    survey: Harmonised
    workers: pd.DataFrame
    reference: pd.DataFrame

    def row(self, indicator: str | IndicatorSpec, definition: str, **level: str) -> pd.Series:
        """One row as the results table has it, with the normal interval that R's file has."""
        seen = pipeline.views(self.study, self.workers, self.survey.asked)[definition]
        design = pipeline.sample_design(self.study, self.workers)
        spec = self.study.spec
        normal = Settings(spec.id, spec.survey, spec.wave, "verified", "normal", 0.95, self.study.standard)
        named = {n: (plan, i) for plan in self.study.plans for n, i in plan.spec.indicators.items()}
        plan, found = (self.study.plans[0], indicator) if isinstance(indicator, IndicatorSpec) else named[indicator]
        rows = estimate_one(plan, found, list(level), seen, design, normal)
        for i, (name, value) in enumerate(level.items(), 1):
            rows = rows[(rows[f"dim{i}"] == name) & (rows[f"level{i}"] == value)]
        assert len(rows) == 1
        return rows.iloc[0]

    def official(self) -> pd.DataFrame:
        views = pipeline.views(self.study, self.workers, self.survey.asked)
        design = pipeline.sample_design(self.study, self.workers)
        flags = self.survey.flags
        return benchmarks.compare(self.study.profile, self.study.spec.wave, views, flags, design).set_index("id")

    def beside(self) -> pd.DataFrame:
        """Figures of other sources and ours."""
        views = pipeline.views(self.study, self.workers, self.survey.asked)
        design = pipeline.sample_design(self.study, self.workers)
        flags = self.survey.flags
        return benchmarks.beside(self.study.profile, self.study.spec.wave, views, flags, design).set_index("id")

    def wanted(self, dataset: str, estimate: str, domain: str) -> pd.Series:
        found = self.reference.query("dataset == @dataset and estimate == @estimate and domain == @domain")
        assert len(found) == 1, (dataset, estimate, domain)
        return found.iloc[0]


@pytest.fixture(scope="module")
def made(shared: Path):  # type: ignore[no-untyped-def]
    @cache
    def make(name: str) -> Made:
        study = read_study(STUDIES / f"{name}.yml")
        folder = shared / "data" / FOLDERS[name]
        spec = study.spec
        raw = folder / study.profile.spec.waves[spec.wave].file
        survey = pipeline.read_harmonised(study.profile, spec.wave, raw, spec.basis)
        table = folder / "reference_estimates.csv"
        reference = pd.read_csv(table) if table.is_file() else pd.DataFrame()
        return Made(study, survey, pipeline.classified(study, survey), reference)

    return make


def agree(got: pd.Series, want: pd.Series) -> None:
    """Value, standard error, normal interval and design effect; a share of 0 or 1 has neither error nor effect in R."""
    for name in ("value", "se", "ci_low", "ci_high", "deff"):
        if pd.notna(want[name]) and not (name == "deff" and want["se"] == 0):
            assert got[name] == pytest.approx(want[name], rel=1e-9, abs=1e-300), (want["domain"], name)


@pytest.mark.parametrize("name", FOLDERS)
def test_official_figures(name: str, made) -> None:  # type: ignore[no-untyped-def]
    table = made(name).official()
    assert (table["verdict"] == "reproduced").all(), table[["official", "ours", "verdict"]]
    assert len(table) == {"costa-rica-2020": 4, "jambi-2020": 4}[name]


@pytest.mark.parametrize("name", FOLDERS)
def test_counts_add_up(name: str, made) -> None:  # type: ignore[no-untyped-def]
    survey = made(name).survey
    assert (survey.mapping.groupby("variable")["n"].sum() == len(survey.frame)).all()


# -- what others published ------------------------------------------------------------------------------


def test_the_figures_of_ilostat_are_those_of_its_file(shared: Path) -> None:
    """Every share that a profile quotes from ILOSTAT, worked out from the numbers of persons in the bulk file."""
    table = pd.read_csv(shared / "data" / "ilostat_informality" / "EMP_TEM2_SEX_EC4_IFL_NB_A.csv", encoding="utf-8-sig")
    table = table[table["classif1"] == "EC4_MEDIAISIC_TOTAL"]
    table = table[table["source.label"].str.contains("LFS|Household", regex=True)]
    checked = 0
    for path in sorted((LIBRARY / "surveys").glob("*.yml")):
        spec = read_profile(path).spec
        for name, figure in spec.comparisons.items():
            if "ILOSTAT" not in figure.source:
                continue
            year = int(re.findall(r"20\d\d", figure.title)[-1])
            sex = {"men": "SEX_M", "women": "SEX_F"}.get(name.rpartition("_")[2], "SEX_T")
            rows = table[(table["ref_area"] == spec.country.code) & (table["time"] == year) & (table["sex"] == sex)]
            persons = rows.groupby("classif2")["obs_value"].first()
            rate = persons["IFL_NATURE_INFORMAL"] / persons["IFL_NATURE_TOTAL"]
            assert figure.value == pytest.approx(rate, abs=0.00005), (path.name, name)
            checked += 1
    assert checked >= 7


def test_each_figure_of_others_is_explained(made) -> None:  # type: ignore[no-untyped-def]
    for path in sorted((LIBRARY / "surveys").glob("*.yml")):
        profile = read_profile(path)
        assert not [p for wave in profile.spec.waves for p in benchmarks.unexplained(profile, wave)], path.name
    profile = made("costa-rica-2020").study.profile
    spec = profile.spec
    silent = spec.comparisons["ilostat"].model_copy(update={"why": None})
    file = replace(profile.file, spec=spec.model_copy(update={"comparisons": {"ilostat": silent}}))
    (problem,) = benchmarks.unexplained(replace(profile, file=file), "2020m07")
    assert problem.severity == "warning"
    assert "not explained" in problem.what


def test_a_rate_stands_beside_the_published_one(made) -> None:  # type: ignore[no-untyped-def]
    """Costa Rica: 810.164 of 2,024.586 thousand against 635,622 of 1,805,301 persons (weighted counts of the raw file)."""
    row = made("costa-rica-2020").beside().loc["ilostat"]
    assert row["official"] == pytest.approx(810.164 / 2024.586, abs=0.00005)
    assert row["ours"] == pytest.approx(635_622 / 1_805_301, rel=1e-12)
    assert row["difference"] == row["ours"] - row["official"]
    assert row["why"].startswith("ILOSTAT rests on another survey")


def test_what_cannot_be_told_has_no_rate_beside_the_published_one(made) -> None:  # type: ignore[no-untyped-def]
    row = made("jambi-2020").beside().loc["ilostat"]
    assert pd.isna(row["ours"])
    assert row["why"].startswith(
        "Ours: not determinable: the questions needed were not asked of 8,981 sampled persons."
    )


# -- Costa Rica ----------------------------------------------------------------------------------------


def test_costa_rica_is_what_r_computed(made) -> None:  # type: ignore[no-untyped-def]
    costa_rica = made("costa-rica-2020")
    estimate = "informal employment share"
    agree(costa_rica.row("employed", "cri-ece"), costa_rica.wanted("cri", "employed total", "15+"))
    whole = costa_rica.row(RATE, "cri-ece")
    agree(whole, costa_rica.wanted("cri", f"{estimate} (INEC ECE rule applied to ENAHO)", "all"))
    assert (round(100 * whole["value"], 2), round(100 * whole["se"], 2)) == (35.37, 0.62)
    regions = ("central", "chorotega", "pacifico_central", "brunca", "huetar_caribe", "huetar_norte")
    domains = {
        "a4=1": {"sex": "male"},
        "a4=2": {"sex": "female"},
        "zona=1": {"area": "urban"},
        "zona=2": {"area": "rural"},
        "posiemppri=11": {"domestic_worker": "yes"},
        "posiemppri=12": {"domestic_worker": "no"},
        "posiemppri=13": {"status": "contributing_family"},
        "posiemppri=21": {"status": "employer"},
        "posiemppri=22": {"status": "own_account"},
        **{f"region={i}": {"region": name} for i, name in enumerate(regions, 1)},
    }
    assert set(domains) == set(costa_rica.reference["domain"]) - {"15+", "all"}
    for domain, level in domains.items():
        agree(costa_rica.row(RATE, "cri-ece", **level), costa_rica.wanted("cri", estimate, domain))


def test_the_poverty_flag_of_costa_rica_is_another_measure(made) -> None:  # type: ignore[no-untyped-def]
    """PROVENANCE.md: INEC's poverty flag agrees with the rule on 79.0 per cent of 2,071 independents."""
    costa_rica = made("costa-rica-2020")
    independents = costa_rica.workers["status"].isin(["employer", "own_account"])
    ours = costa_rica.workers["cri-ece.job"].astype(str)[independents]
    theirs = costa_rica.survey.flags["ipm_t3"].astype(str)[independents]
    assert len(ours) == 2_071
    assert round(100 * (ours == theirs).mean(), 1) == 79.0
    assert costa_rica.beside().loc["ipm_t3", "ours"] == (ours == theirs).sum()


# -- Indonesia -----------------------------------------------------------------------------------------


def test_jambi_is_what_r_computed(made) -> None:  # type: ignore[no-untyped-def]
    jambi = made("jambi-2020")
    estimate, dataset = "informal employment share (BPS status rule)", "idn_jambi_2020"
    whole = jambi.row(RATE, "idn-sakernas")
    agree(whole, jambi.wanted(dataset, estimate, "employed"))
    assert (round(100 * whole["value"], 2), round(100 * whole["se"], 2)) == (62.74, 0.82)
    for indicator, wanted in {
        "employed": "employed total",
        "unemployed": "unemployed total",
        "unemployment_rate": "unemployment rate",
    }.items():
        agree(jambi.row(indicator, "idn-sakernas"), jambi.wanted(dataset, wanted, "15+"))
    districts = {
        1: "kerinci", 2: "merangin", 3: "sarolangun", 4: "batang_hari", 5: "muaro_jambi", 6: "tanjung_jabung_timur",
        7: "tanjung_jabung_barat", 8: "tebo", 9: "bungo", 71: "jambi", 72: "sungai_penuh",
    }  # fmt: skip
    sections = {1: "A", 2: "B", 3: "C", 6: "F", 7: "G", 8: "H", 9: "I", 14: "O", 15: "P", 16: "Q"}
    domains = {
        "K4=1": {"sex": "male"},
        "K4=2": {"sex": "female"},
        "KLASIFIKAS=1": {"area": "urban"},
        "KLASIFIKAS=2": {"area": "rural"},
        **{f"KODE_KAB={code}": {"region": name} for code, name in districts.items()},
        **{f"R13A_KATEG={code}": {"industry": section} for code, section in sections.items()},
    }
    rates = jambi.reference.loc[jambi.reference["estimate"] == estimate, "domain"].str.removeprefix("employed, ")
    # groups 13 (M and N) and 17 (R to U) hold several sections of ISIC, so no table of ours has them by themselves
    assert set(domains) == set(rates) - {"employed", "R13A_KATEG=13", "R13A_KATEG=17"}
    for domain, level in domains.items():
        agree(jambi.row(RATE, "idn-sakernas", **level), jambi.wanted(dataset, estimate, f"employed, {domain}"))
    hours = IndicatorSpec(title="Hours", statistic="mean", of="hours_actual", among="employed", unit="hours")
    agree(jambi.row(hours, "idn-sakernas"), jambi.wanted(dataset, "mean hours main job R16A", "employed"))


def test_the_ilo_rule_says_nothing_of_jambi(made) -> None:  # type: ignore[no-untyped-def]
    """Unpaid family workers are informal whatever the unit; of all others no question was put, and no rate is given."""
    jambi = made("jambi-2020")
    employed = jambi.workers[jambi.workers["employed"] == "yes"]
    assert (employed["ilo-17icls.unit"] == "not_determinable").all()
    family = employed["status"] == "contributing_family"
    assert (employed.loc[~family, "ilo-17icls.job"] == "not_determinable").all()
    row = jambi.row("informal_employment", "ilo-17icls")
    assert pd.isna(row["value"])
    assert "not asked" in row["note"]
