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

from informality import steps
from informality.foundation.library import LIBRARY
from informality.steps import sample_design_of
from informality.study import Study, read_study
from informality.study_spec import wave_problems
from informality.survey.harmonise import Harmonised
from informality.survey.official import ComparisonSpec
from informality.survey.profile import read_profile
from informality.tabulation import benchmarks
from informality.tabulation.plan import IndicatorSpec
from informality.tabulation.rows import Settings
from informality.tabulation.tabulate import estimate_one

STUDIES = Path(__file__).parents[2] / "analysis" / "studies"
# study, and its wave where it has several → folder of the file, official figures in the profile
FOLDERS = {
    "costa-rica-2020": ("cri_enaho_2020", 4),
    "jambi-2020": ("idn_sakernas_2020_jambi", 4),
    "paraguay-2019 2019q2": ("pry_ephc_2019q2_q4", 3),
    "paraguay-2019 2019q4": ("pry_ephc_2019q2_q4", 0),
    "argentina-2015-2024 2015q1": ("arg_eph_2015q1", 1),
    "argentina-2015-2024 2024q1": ("arg_eph_2024q1", 13),
}
RATE, JOBS = "national_informal_employment", "national_informal_jobs"


@dataclass(frozen=True)
class Made:
    """A study up to its estimates."""

    study: Study
    wave: str
    survey: Harmonised
    workers: pd.DataFrame
    reference: pd.DataFrame

    def row(self, indicator: str | IndicatorSpec, definition: str, **level: str) -> pd.Series:
        """One row as the results table has it, with the normal interval that R's file has."""
        seen = steps.views(self.study, self.workers, self.survey.asked)[definition]
        design = sample_design_of(self.study.profile, self.workers, "fail")
        spec = self.study.spec
        normal = Settings(spec.id, spec.survey, self.wave, "verified", "normal", 0.95, self.study.standard)
        named = {n: (plan, i) for plan in self.study.plans for n, i in plan.spec.indicators.items()}
        plan, found = (self.study.plans[0], indicator) if isinstance(indicator, IndicatorSpec) else named[indicator]
        rows = estimate_one(plan, found, list(level), seen, design, normal)
        for i, (name, value) in enumerate(level.items(), 1):
            rows = rows[(rows[f"dim{i}"] == name) & (rows[f"level{i}"] == value)]
        assert len(rows) == 1
        return rows.iloc[0]

    def official(self) -> pd.DataFrame:
        views = steps.views(self.study, self.workers, self.survey.asked)
        design = sample_design_of(self.study.profile, self.workers, "fail")
        flags = self.survey.flags
        return benchmarks.compare(self.study.profile, self.wave, views, flags, design).set_index("id")

    def beside(self, **others: ComparisonSpec) -> pd.DataFrame:
        """Figures of other sources and ours: those of the profile, or others."""
        views = steps.views(self.study, self.workers, self.survey.asked)
        design = sample_design_of(self.study.profile, self.workers, "fail")
        flags = self.survey.flags
        profile = self.study.profile
        if others:
            spec = profile.spec.model_copy(update={"comparisons": others})
            profile = replace(profile, file=replace(profile.file, spec=spec))
        return benchmarks.beside(profile, self.wave, views, flags, design).set_index("id")

    def wanted(self, dataset: str, estimate: str, domain: str) -> pd.Series:
        found = self.reference.query("dataset == @dataset and estimate == @estimate and domain == @domain")
        assert len(found) == 1, (dataset, estimate, domain)
        return found.iloc[0]


@pytest.fixture(scope="module")
def made(shared: Path):  # type: ignore[no-untyped-def]
    @cache
    def make(name: str) -> Made:
        study = read_study(STUDIES / f"{name.split()[0]}.yml")
        wave = name.split()[-1] if " " in name else study.spec.each_wave[0]
        folder = shared / "data" / FOLDERS[name][0]
        raw = folder / study.profile.spec.waves[wave].file
        survey = steps.read_harmonised(study.profile, wave, raw, study.spec.basis)
        table = folder / "reference_estimates.csv"
        reference = pd.read_csv(table) if table.is_file() else pd.DataFrame()
        return Made(study, wave, survey, steps.classified(study, survey), reference)

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
    assert len(table) == FOLDERS[name][1]


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
    assert checked == 13


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


# -- Paraguay ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("quarter", "percent", "error"), [("2019q2", 62.44, 1.42), ("2019q4", 63.69, 1.02)])
def test_paraguay_is_what_r_computed(quarter: str, percent: float, error: float, made) -> None:  # type: ignore[no-untyped-def]
    paraguay, dataset = made(f"paraguay-2019 {quarter}"), f"pry_{quarter}"
    agree(paraguay.row("employed", "pry-ephc"), paraguay.wanted(dataset, "employed total", "15+"))
    agree(paraguay.row("unemployment_rate", "pry-ephc"), paraguay.wanted(dataset, "unemployment rate (ratio)", "15+"))
    whole = paraguay.row(RATE, "pry-ephc")
    agree(whole, paraguay.wanted(dataset, "informal employment share, non-agricultural (INE rule)", "classified"))
    assert (round(100 * whole["value"], 2), round(100 * whole["se"], 2)) == (percent, error)
    estimate = "informal employment share"
    for domain, level in {
        "P06=1": {"sex": "male"},
        "P06=6": {"sex": "female"},
        "AREA=1": {"area": "urban"},
        "AREA=6": {"area": "rural"},
    }.items():
        agree(paraguay.row(RATE, "pry-ephc", **level), paraguay.wanted(dataset, estimate, domain))
    # with the workers whom the rule cannot classify in the base: no table has it, but a profile may quote such a figure
    figure = paraguay.study.profile.spec.comparisons["ine_2022"]
    base = {"labour_force": "employed", "agriculture": ["non_agriculture", "unknown"]}
    row = paraguay.beside(wide=figure.model_copy(update={"among": base})).loc["wide"]
    want = paraguay.wanted(dataset, "informal share incl. unclassified in denominator", "non-agricultural")
    assert (row["ours"], row["se"]) == pytest.approx((want["value"], want["se"]), rel=1e-9)


def test_the_quarters_of_paraguay_are_independent_samples(made) -> None:  # type: ignore[no-untyped-def]
    """The profile says so, because no PSU of one quarter is in the other."""
    psus = [set(made(f"paraguay-2019 {quarter}").workers["psu"]) for quarter in ("2019q2", "2019q4")]
    assert (len(psus[0]), len(psus[1]), len(psus[0] & psus[1])) == (329, 501, 0)
    assert made("paraguay-2019 2019q2").study.profile.spec.design.between_waves == "independent"


# -- Argentina -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("wave", "percent", "employees"), [("2015q1", 31.92, 18_622), ("2024q1", 35.65, 15_203)])
def test_argentina_is_the_rate_of_the_reference_page(wave: str, percent: float, employees: int, made) -> None:  # type: ignore[no-untyped-def]
    """Weighted shares of the raw file, unrounded; no errors, since the file has no sample design to hold them against."""
    argentina = made(f"argentina-2015-2024 {wave}")
    row = argentina.row(RATE, "arg-eph-descuento")
    assert round(100 * row["value"], 2) == percent
    assert row["n"] == employees
    exact = {"2015q1": 0.319235912506935, "2024q1": 0.35652266805453}[wave]
    assert row["value"] == pytest.approx(exact, rel=1e-12)


def test_argentina_says_what_its_errors_leave_out(made) -> None:  # type: ignore[no-untyped-def]
    argentina = made("argentina-2015-2024 2024q1")
    assert argentina.workers["stratum"].nunique() == 32  # agglomerations, one of them in two parts
    assert argentina.workers["psu"].nunique() == 16_005  # dwellings
    assert "too small" in argentina.study.profile.spec.design.note
    children = argentina.workers["age"].between(10, 14) & (argentina.workers["employed"] == "yes")
    assert children.sum() == 12  # INDEC counts workers from ten years


def test_the_series_of_argentina_breaks(made) -> None:  # type: ignore[no-untyped-def]
    """A study that does not say `breaks: mark` is refused."""
    study = made("argentina-2015-2024 2024q1").study
    (found,) = study.profile.spec.waves["2024q1"].breaks
    assert "caution" in found.text
    silent = replace(study.file, spec=study.file.spec.model_copy(update={"breaks": "refuse"}))
    assert any("series breaks" in p.what for p in wave_problems(silent, study.profile))
    assert not wave_problems(study.file, study.profile)


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
