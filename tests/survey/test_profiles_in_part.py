"""Profiles of surveys of which only a part is at hand: Chile, Mexico, Uruguay, Brazil, each on its real file.

Authority: ``reference_estimates.csv`` (R ``survey``) for Chile; for the others the raw codes of the file, read again
here by another road (pandas on the raw columns), and variables the agency itself derived.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from informality.checking import check_survey
from informality.classification.classify import NOT_DETERMINABLE, classify, column
from informality.classification.definition import read_definition
from informality.foundation.library import find
from informality.inference.estimates.estimate import means
from informality.screens import show_check
from informality.steps import sample_design_of
from informality.study import Workspace
from informality.survey.harmonise import Harmonised, harmonise
from informality.survey.joining import read_wave
from informality.survey.profile import Profile, read_profile
from informality.survey.readers import read_raw

FOLDER = {
    "chl-ene": "chl_ene_2020efm",
    "mex-etoe": "mex_etoe_2020_04",
    "ury-ech": "ury_ech_2018_sample",
    "bra-pnadc": "bra_pnadc_2017q4_sample",
}


def read(name: str, shared: Path) -> tuple[Profile, Harmonised]:
    """The only wave of a profile, through the profile, on the basis it offers."""
    profile = read_profile(find("surveys", name))
    ((wave, spec),) = profile.spec.waves.items()
    raw = read_wave(profile, wave, shared / "data" / FOLDER[name] / spec.file)
    return profile, harmonise(profile, raw, profile.spec.bases[0])


def raw(name: str, shared: Path, *columns: str) -> pd.DataFrame:
    """Raw columns of the wave's own file, in the order of its rows."""
    ((_, spec),) = read_profile(find("surveys", name)).spec.waves.items()
    path = shared / "data" / FOLDER[name] / spec.file
    return read_raw(path, columns, **spec.how(path.parent)).frame


def outcome(survey: Harmonised, definition: str, step: str) -> pd.Series:
    found = classify(survey.frame, read_definition(find("definitions", definition), survey.schema), survey.asked)
    return found[column(definition, step)].astype(str)


def check(name: str, shared: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """What ``informality check`` shows."""
    found = check_survey(name, Workspace(shared, shared / "data" / FOLDER[name]), None, lambda text: None)
    show_check(found)
    assert not found.failures
    return " ".join(capsys.readouterr().out.split())


# Chile: the design


def test_chile_has_the_estimates_and_errors_of_r(shared: Path) -> None:
    profile, survey = read("chl-ene", shared)
    frame = survey.frame
    design = sample_design_of(profile, frame, "adjust")
    active = frame["labour_force"].isin(["employed", "unemployed"]).to_numpy()
    unemployed = (frame["labour_force"] == "unemployed").to_numpy().astype(float)
    reference = pd.read_csv(shared / "data" / FOLDER["chl-ene"] / "reference_estimates.csv")
    reference = reference[reference["estimate"] == "unemployment rate (ratio)"].set_index("domain")
    domains = {"all": np.ones(len(frame), dtype=bool)}
    domains |= {f"sexo={code}": (frame["sex"] == sex).to_numpy() for code, sex in ((1, "male"), (2, "female"))}
    codes = profile.spec.variables["region"].map  # type: ignore[union-attr]
    domains |= {f"region={code}": (frame["region"] == region).to_numpy() for code, region in (codes or {}).items()}
    assert set(domains) == set(reference.index)
    for name, inside in domains.items():
        ours = means(design, unemployed, np.where(active & inside, 0, -1), 1)
        assert ours.value[0] == pytest.approx(reference.loc[name, "value"], rel=1e-12), name
        assert ours.se[0] == pytest.approx(reference.loc[name, "se"], rel=1e-9), name
    assert f"{100 * reference.loc['all', 'value']:.2f} {100 * reference.loc['all', 'se']:.2f}" == "8.23 0.21"


def test_chile_without_an_age_has_its_children_by_the_activity_condition(shared: Path) -> None:
    _, survey = read("chl-ene", shared)
    condition = raw("chl-ene", shared, "cae_especifico")["cae_especifico"]
    assert ((survey.frame["labour_force"] == "not_applicable") == (condition == 0)).all()
    assert (survey.frame["age.missing"] == "not_asked").all()
    assert (survey.frame["age_group"] == "not_asked").all()


def test_chile_cannot_tell_informal_employment_and_says_so(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, survey = read("chl-ene", shared)
    workers = survey.frame["worker"] == "yes"
    assert workers.sum() == 38_081
    assert set(outcome(survey, "ilo-17icls", "job")[workers]) == {NOT_DETERMINABLE}
    shown = check("chl-ene", shared, capsys)
    assert "Main job: not determinable for 38,081 of 38,081 workers (ilo-17icls): without social security" in shown
    assert shown.count("reproduced") == 6
    assert "not reproduced" not in shown


# Mexico: two tables joined


def test_mexico_joins_its_households_and_has_their_design(shared: Path) -> None:
    profile, survey = read("mex-etoe", shared)
    keys = ["CD_A", "ENT", "CON", "V_SEL", "N_HOG", "H_MUD"]
    persons = raw("mex-etoe", shared, *keys, "P7", "P6D", "UPM", "FAC_NP", "EDA")
    households = read_raw(shared / "data" / FOLDER["mex-etoe"] / "HOGT0420.DBF", [*keys, "EST_D"]).frame
    joined = persons.merge(households, on=keys, how="left", validate="many_to_one")
    frame = survey.frame
    assert (frame["stratum"] == joined["EST_D"].astype(int).astype(str)).all()
    assert frame["stratum"].nunique() == 69
    assert frame["psu"].nunique() == 4_594
    adult = joined["EDA"].astype(int) >= 15
    assert ((frame["employed"] == "yes") == (joined["P7"].notna() & adult)).all()
    # a share and its error by the formula of the textbook: with replacement, strata by strata
    design = sample_design_of(profile, frame, "fail")
    inside = (frame["employed"] == "yes").to_numpy()
    imss = (survey.flags["health_access"] == "imss").to_numpy().astype(float)
    ours = means(design, imss, np.where(inside, 0, -1), 1)
    weight = joined["FAC_NP"].astype(float)
    of = joined["P6D"].eq("1").astype(float)
    share = np.average(of[inside], weights=weight[inside])
    score = (weight * inside * (of - share)).groupby([joined["EST_D"], joined["UPM"]]).sum()
    units = score.groupby(level=0)
    variance = (units.var(ddof=1) * units.size()).sum() / (weight[inside].sum() ** 2)
    assert ours.value[0] == pytest.approx(share, rel=1e-12)
    assert ours.se[0] == pytest.approx(np.sqrt(variance), rel=1e-9)


def test_mexico_lacks_the_table_with_inegis_own_classification(
    shared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, survey = read("mex-etoe", shared)
    workers = survey.frame["worker"] == "yes"
    for definition in ("mex-enoe", "ilo-17icls"):
        assert set(outcome(survey, definition, "job")[workers]) == {NOT_DETERMINABLE}, definition
    shown = check("mex-etoe", shared, capsys)
    assert "TWO OF FIVE TABLES" in shown
    assert "No figure stands for Mexico." in shown


# Uruguay: an excerpt with labels


def test_uruguay_is_registered_as_the_pension_question_says(shared: Path) -> None:
    _, survey = read("ury-ech", shared)
    codes = raw("ury-ech", shared, "f82", "f73", "f262", "f263", "f264", "f72_2", "e27", "pobpcoac", "f78", "f77")
    worker = (survey.frame["worker"] == "yes").to_numpy()
    assert (worker == (codes["pobpcoac"].eq(2) & codes["e27"].ge(15))).all()
    job = outcome(survey, "ury-ech-registro", "job")
    assert (job[worker] == codes["f82"][worker].map({1: "formal", 2: "informal"})).all()
    # the ILO chart by hand over the raw codes of all workers
    household = codes["f73"].eq(1) & codes["f72_2"].eq("9700")
    employee = codes["f73"].isin([1, 2, 8])
    large = codes["f78"].eq(1) & ~codes["f77"].isin([1, 2])  # "5 to 9" holds the threshold of 6
    formal_unit = np.select(
        [
            codes["f73"].eq(2), household, codes["f264"].isin([3, 4]), codes["f262"].eq(1),
            codes["f263"].isin([1, 2]), employee & codes["f82"].eq(1),
        ],
        [True, False, True, True, codes["f263"].eq(1), True],
        large,
    ).astype(bool)  # fmt: skip
    unit = np.where(household, "household", np.where(formal_unit, "formal", "informal"))
    assert (outcome(survey, "ilo-17icls", "unit")[worker] == unit[worker]).all()
    formal_job = np.where(employee, codes["f82"].eq(1), formal_unit & codes["f73"].ne(7))
    by_chart = pd.Series(np.where(formal_job, "formal", "informal"))
    assert (outcome(survey, "ilo-17icls", "job")[worker] == by_chart[worker]).all()


def test_uruguay_as_a_csv_is_a_profile_of_five_lines(shared: Path, tmp_path: Path) -> None:
    """The same table without labels, through a profile that is like the shipped one."""
    text = """\
id: ury-csv
like: ury-ech
title: The same as text
waves:
  "2018": {title: "2018", file: toy_ech_2018.csv, rows: 1294, source: the package, licence: GPL}
"""
    (tmp_path / "ury-csv.yml").write_text(text, encoding="utf-8")
    profile = read_profile(tmp_path / "ury-csv.yml")
    path = shared / "data" / FOLDER["ury-ech"] / "toy_ech_2018.csv"
    other = harmonise(profile, read_wave(profile, "2018", path), "13")
    _, survey = read("ury-ech", shared)
    pd.testing.assert_frame_equal(other.frame, survey.frame)
    assert profile.notice("2018") == ""  # what was said of the excerpt belongs to its wave


@pytest.mark.parametrize(("name", "country"), [("ury-ech", "Uruguay"), ("bra-pnadc", "Brazil")])
def test_an_excerpt_says_that_no_figure_stands_for_the_country(
    name: str, country: str, shared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = check(name, shared, capsys)
    assert "EXCERPT:" in shown
    assert f"No figure stands for {country}." in shown
    assert "none: The file at hand is an excerpt" in shown


# Brazil: an excerpt in fixed width


def test_brazil_agrees_with_what_ibge_derived(shared: Path) -> None:
    _, survey = read("bra-pnadc", shared)
    codes = raw("bra-pnadc", shared, "VD4009", "V4019", "VD4010", "VD4012", "V2009", "V4009", "VD4002")
    frame = survey.frame
    worker = (frame["worker"] == "yes").to_numpy()
    assert (worker == (codes["VD4002"].eq("1") & codes["V2009"].ge(14))).all()
    assert worker.sum() == 596
    # IBGE's concept over its own derived status: five clauses
    informal = codes["VD4009"].isin(["02", "04", "10"]) | (codes["VD4009"].isin(["08", "09"]) & codes["V4019"].eq("2"))
    job = outcome(survey, "bra-pnadc-ibge", "job")
    assert (job[worker] == pd.Series(np.where(informal, "informal", "formal"))[worker]).all()
    # contributions in any job, of those with one job: our reading of card, service and question agrees on every worker
    one_job = worker & codes["V4009"].eq("1").to_numpy() & codes["VD4009"].ne("10").to_numpy()
    assert one_job.sum() > 500
    assert (
        frame["pension_contribution"].astype(str)[one_job] == codes["VD4012"][one_job].map({"1": "yes", "2": "no"})
    ).all()
    # the two letters of IBGE's own activity code that are not ISIC divisions, and all others, by IBGE's own groups
    groups = {
        "01": "A", "02": "BCDE", "03": "F", "04": "G", "05": "H", "06": "I", "07": "JKLMN", "08": "O", "09": "PQ",
        "10": "RSU", "11": "T", "12": "X",
    }  # fmt: skip
    pairs = zip(codes["VD4010"][worker], frame["industry"].astype(str)[worker], strict=True)
    assert all(section in groups[group] for group, section in pairs)


def test_brazil_counts_persons_exactly_up_to_fifty(shared: Path) -> None:
    _, survey = read("bra-pnadc", shared)
    codes = raw("bra-pnadc", shared, "V4018", "V40181", "V40182", "V40183")
    size = pd.concat([codes[c] for c in ("V40181", "V40182", "V40183")], axis=1).bfill(axis=1).iloc[:, 0].astype(float)
    known = (survey.frame["worker"] == "yes").to_numpy() & codes["V4018"].notna().to_numpy()
    exact = known & codes["V4018"].ne("4").to_numpy()
    assert (survey.frame["size_min"][exact] == size[exact]).all()
    assert (survey.frame["size_max"][exact] == size[exact]).all()
    more = known & ~exact
    assert set(survey.frame["size_min"][more]) == {51.0}
    assert set(survey.frame["size_max"][more]) == {np.inf}
    assert known.sum() > exact.sum() > 300
