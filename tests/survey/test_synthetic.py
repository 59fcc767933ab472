"""The made-up Lao survey: margins, design, routing, labels, determinism.

Authority: the margins are ILOSTAT's for the Lao LFS 2022 (EMP_TEM2_SEX_EC4_IFL_NB and the employment
tables), the 86.4 per cent of the ILO country page and arithmetic between them, all written here by hand.
The ILO chart of the 17th ICLS and the employment rule of the Lao LFS 2017 (both from ILO processing code)
are written out below in plain numpy on the raw codes, apart from the package's own classification.
"""

from __future__ import annotations

import copy
from datetime import datetime
from pathlib import Path

import numpy as np
import pyreadstat
import pytest

import informality
from informality.foundation.errors import ExitCode, InformalityError
from informality.survey.synthetic import make_survey, read_recipe, write_survey

RECIPE = Path(informality.__file__).parent / "library" / "synthetic" / "lao-demo.yml"
EXACT = 1e-6  # relative; the weights are written with four decimals


@pytest.fixture(scope="session")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("made_up") / "lao.sav"
    write_survey(RECIPE, path)
    return path


@pytest.fixture(scope="session")
def sav(file):
    return pyreadstat.read_sav(file, user_missing=True)


@pytest.fixture(scope="session")
def raw(sav):
    return sav[0]


@pytest.fixture(scope="session")
def jobs(raw):
    return raw.assign(**ilo_17icls(raw), employed_19=employed_19(raw), employed_13=employed_13(raw))


# ------------------------------------------------------------------ the rules, by hand, on the raw codes


def employed_19(d):
    """Employment rule of the ILO processing of the Lao LFS 2017, 15 and over."""
    worked = (d.ep02 == 1) | (d.ep03 == 1)
    away = (
        ((d.ep06 == 1) & d.ep07.between(1, 4))
        | ((d.ep07.between(5, 11) | (d.ep07 == 13)) & (d.ep08 == 1))
        | (d.ep08.isin([2, 3]) & (d.ep09 == 1))
    )
    market_farm = (d.ep04 == 1) & d.ep05.isin([1, 2])
    return (d.hl05 >= 15) & ((d.ep01 == 1) | (worked & ((d.ep04 == 2) | market_farm)) | away)


def employed_13(d):
    """Producers of goods mainly or only for own use count too."""
    return employed_19(d) | ((d.hl05 >= 15) & (d.ep04 == 1) & d.ep05.isin([3, 4]))


def ilo_17icls(d):
    """Unit and job of the main work by the ILO chart; blank codes are "not asked"."""
    employee = d.ac03.isin([1, 2]) | ((d.ac03 == 6) & (d.ac11a == 2))
    unknown_status = d.ac03 == 6
    contributes = d.ac08 == 1
    unit = np.select(
        [
            d.ac13.isin([1, 2, 4, 5]),  # S1
            (d.ac11a == 2) | (d.ac13 == 6),  # S2
            d.ep05 == 4,  # S3
            d.ac16 == 1,  # S4
            d.ac15 == 1,  # S5a
            d.ac15.notna(),  # S5b
            employee & contributes,  # S7
            (d.ac18 == 4) & d.ac17.isin([2, 3, 4, 5]),  # S8, S9: fixed premises, 5-9 counted as reaching 6
        ],
        ["formal", "household", "household", "formal", "formal", "informal", "formal", "formal"],
        "informal",
    )
    leaves = (d.ac09 == 1) & (d.ac10 == 1)
    paid_job = contributes | ((d.ac08 != 2) & leaves)
    own = d.ac03.isin([3, 4]) & (unit == "formal") & ~((d.ac03 == 4) & (d.ep05 == 4))
    formal = np.where(employee | unknown_status, paid_job, own)
    return {"unit": unit, "formal": formal.astype(bool)}


def lao_2017_unit(d):
    """Unit by the national rule of 2017: "not registered" does not stop, size counts from five."""
    employee = d.ac03.isin([1, 2]) | ((d.ac03 == 6) & (d.ac11a == 2))
    household = (d.ac11a == 2) | ((d.ac13 == 6) & ((d.opw04 == 1) | (d.opw05 == 1)))
    formal = (
        d.ac13.isin([1, 2, 4, 5])
        | (d.ac16 == 1)
        | (d.ac15 == 1)
        | (employee & (d.ac08 == 1))
        | ((d.ac18 == 4) & d.ac17.isin([2, 3, 4, 5]))
    )
    return np.select([household, formal], ["household", "formal"], "informal")


# ------------------------------------------------------------------------------------------------ margins


def total(d, who):
    return float(d.v[who].sum())


def outside(d):
    return d.employed_13 & (d.unit != "formal")


@pytest.mark.parametrize(
    ("name", "who", "persons"),
    [
        ("employed, 13th basis", lambda d: d.employed_13, 3_509_261),
        ("men", lambda d: d.employed_13 & (d.hl04 == 1), 1_831_183),
        ("women", lambda d: d.employed_13 & (d.hl04 == 2), 1_678_078),
        ("formal jobs, men", lambda d: d.employed_13 & d.formal & (d.hl04 == 1), 192_767),
        ("formal jobs, women", lambda d: d.employed_13 & d.formal & (d.hl04 == 2), 140_986),
        ("agriculture", lambda d: d.employed_13 & (d.lsic2 <= 3), 2_439_919),
        ("outside the formal sector, farms", lambda d: outside(d) & (d.lsic2 <= 3), 2_351_069),
        ("outside the formal sector, elsewhere", lambda d: outside(d) & (d.lsic2 > 3), 593_900),
        ("employed, 19th basis: 333,753 / (1 - 0.864)", lambda d: d.employed_19, 333_753 / 0.136),
        ("formal jobs do not depend on the basis", lambda d: d.employed_19 & d.formal, 333_753),
        ("industry", lambda d: d.employed_19 & d.lsic2.between(5, 43), 1_069_342 * 252 / 1066),
        ("services", lambda d: d.employed_19 & (d.lsic2 >= 45), 1_069_342 * 814 / 1066),
        ("unemployed", lambda d: ~d.employed_19 & (d.js01 == 1) & (d.js03 == 1), 61_207),
        ("voluntary members", lambda d: ~d.formal & (d.vs01 == 1), 0.01252 * 333_753 * 0.864 / 0.136),
        ("everyone", lambda d: d.v > 0, 7_621_730),
        ("Vientiane Capital", lambda d: d.province == 1, 7_621_730 * 820_940 / 6_492_228),
    ],
)
def test_margin(jobs, name, who, persons):
    assert total(jobs, who(jobs)) == pytest.approx(persons, rel=EXACT)


def test_informality_rates(jobs):
    def share(who):
        return 1 - total(jobs, who & jobs.formal) / total(jobs, who)

    assert round(100 * share(jobs.employed_13), 2) == 90.49
    assert round(100 * share(jobs.employed_13 & (jobs.hl04 == 1)), 2) == 89.47
    assert round(100 * share(jobs.employed_13 & (jobs.hl04 == 2)), 2) == 91.60
    assert share(jobs.employed_19) == pytest.approx(0.864, rel=EXACT)


def test_margins_do_not_hang_on_readings_of_the_chart(jobs):
    """Whether 5-9 persons reach six, and whether a blank registration means "not asked" or "don't know"."""
    chart = jobs[jobs.employed_13]
    open_to_size = chart.ac15.isna() & (chart.ac18 == 4) & ~chart.ac13.isin([1, 2, 4, 5]) & (chart.ac08 != 1)
    assert not (open_to_size & (chart.ac17 == 2)).any()
    asked = chart.ac13.isin([3, 97]) & (chart.ac03 != 2) & ~chart.ep05.isin([3, 4])
    blank = asked & chart.ac15.isna()
    assert blank.sum() > 20
    as_unknown = ilo_17icls(chart[blank].assign(ac15=97.0))
    assert (as_unknown["unit"] == chart.unit[blank]).all()
    assert (as_unknown["formal"] == chart.formal[blank]).all()


def test_own_use_producers(jobs):
    own = jobs[jobs.employed_13 & ~jobs.employed_19]
    assert (own.lsic2 <= 3).all()
    assert not own.formal.any()
    assert set(own.ac03) == {4, 5}
    assert own.ep05.isin([3, 4]).all()
    # Production for own use tells the same: outside employment on the 13th basis nobody produced goods.
    others = jobs[(jobs.hl05 >= 15) & ~jobs.employed_13]
    assert ((own.opw04 == 1) | (own.opw05 == 1)).all()
    assert not ((others.opw04 == 1) | (others.opw05 == 1)).any()
    assert ((own.js01 == 1) & (own.js03 == 1)).any(), "some are unemployed on the 19th basis"


def test_the_national_rule_finds_more_formal_units(jobs):
    work = jobs[jobs.employed_13]
    national = lao_2017_unit(work)
    assert not ((work.unit == "formal") & (national != "formal")).any()
    more = (work.unit != "formal") & (national == "formal")
    assert 0.002 < work.v[more].sum() / work.v.sum() < 0.1


def test_every_branch_of_the_chart_is_used(jobs):
    work = jobs[jobs.employed_13]
    assert len(work.groupby(["formal", "unit"])) == 6, "formal and informal jobs in all three kinds of unit"
    casual = work[(work.ac03 == 2) & work.ac13.isin([3, 97])]
    assert casual.ac15.isna().all()
    assert {"formal", "informal"} == set(casual.unit)
    leaves = (work.ac08.isin([97, 98]) | work.ac08.isna()) & (work.ac09 == 1) & (work.ac10 == 1)
    assert leaves.sum() > 10
    rare = {"ac08": [97, 98], "ac13": [97], "ac15": [3, 4, 97, 98], "ac16": [97, 98], "ac18": [97]}
    for column, codes in rare.items():
        for code in codes:
            assert (work[column] == code).sum() >= 5, (column, code)


# ------------------------------------------------------------------------------------------------- design


def test_sample_design(raw):
    villages = raw.groupby(["stratum", "psu"]).ngroups
    by_stratum = raw.groupby("stratum")["psu"].nunique()
    assert 27_000 < len(raw) < 33_000
    assert raw["psu"].nunique() < villages / 5, "village numbers start again in every stratum"
    assert (by_stratum == 1).sum() == 3
    assert len(by_stratum) == 51
    assert raw.groupby("province")["stratum"].nunique().isin([2, 3]).all()
    households = raw.groupby(["stratum", "psu"])["hh"].nunique()
    assert households.max() == 20
    assert households.min() < 18
    assert 4 < len(raw) / raw.groupby(["stratum", "psu", "hh"]).ngroups < 6
    assert not raw.duplicated(["stratum", "psu", "hh", "hl01"]).any()
    assert (raw.groupby(["stratum", "psu", "hh"])["hl01"].transform("size") == raw.hhsize).all()


def test_weights(raw):
    assert (raw.v > 0).all()
    assert np.isfinite(raw.v).all()
    assert 10 < raw.v.max() / raw.v.min() < 30
    assert (raw.groupby(["stratum", "psu"])["v"].std() > 0).all(), "calibrated by person"


# ------------------------------------------------------------------------------------- routing and answers


def test_routing(jobs):
    d, adult = jobs, jobs.hl05 >= 15
    worker = d.employed_13
    employee = d.ac03.isin([1, 2]) | ((d.ac03 == 6) & (d.ac11a == 2))
    enterprise = d.ac13.isin([3, 97]) & ~d.ep05.isin([3, 4])
    jobless = adult & ~d.employed_19
    universe = {
        "vtype2": d.vtype1 == 2,
        "ed01": d.hl05 >= 6,
        "ep01": adult,
        "ep02": d.ep01 == 2,
        "ep03": d.ep02 == 2,
        "ep04": (d.ep02 == 1) | (d.ep03 == 1),
        "ep05": d.ep04 == 1,
        "ep06": (d.ep03 == 2) | d.ep05.isin([3, 4]),
        "ep07": d.ep06 == 1,
        "ep08": d.ep07.between(5, 11) | (d.ep07 == 13),
        "ep09": d.ep08.isin([2, 3]),
        "opw04": adult,
        "opw05": adult,
        "ac03": worker,
        "ac11a": d.ac03.isin([1, 2, 6]),
        "ac04": employee,
        "ac05": employee & (d.ac04 != 3),
        "ac07": employee,
        "ac08": employee,
        "ac09": employee,
        "ac10": employee,
        "ac13": worker & (d.ac11a != 2),
        "ac15": enterprise & (d.ac03 != 2),
        "ac16": enterprise & (d.ac03 != 2),
        "ac17": enterprise,
        "ac18": worker,
        "lsic2": worker,
        "lsco4": worker,
        "hw01": worker,
        "hw02": worker,
        "mj01": worker,
        "ear01": employee,
        "ear02": d.ac03.isin([3, 4]) & ~d.ep05.isin([3, 4]),
        "vs01": d.ac03.isin([3, 4, 5]),
        "js01": jobless,
        "js02": d.js01 == 1,
        "js03": jobless,
        "js04": d.js01 == 2,
        "js05": d.js01 == 1,
    }
    may_be_blank = {
        "ed01",
        "ac04",
        "ac05",
        "ac07",
        "ac08",
        "ac09",
        "ac10",
        "ac15",
        "ac16",
        "ac17",
        "ac18",
        "lsco4",
        "hw01",
        "hw02",
        "mj01",
        "ear01",
        "ear02",
        "vs01",
        "js02",
        "js04",
    }
    always = {"province", "stratum", "psu", "hh", "hl01", "v", "vtype1", "hhsize", "hl03", "hl04", "hl05"}
    made_here = {"unit", "formal", "employed_19", "employed_13"}
    assert set(universe) | always | made_here == set(d.columns)
    for name, asked in universe.items():
        assert d.loc[~asked, name].isna().all(), f"{name} answered by persons not asked"
        blank = d.loc[asked, name].isna().mean()
        assert 0 < blank < 0.05 if name in may_be_blank else blank == 0, f"{name}: {blank:.3f} blank"
    assert d[sorted(always)].notna().all().all()


def test_ages_and_amounts(raw):
    assert (raw.hl05 == 98).sum() >= 1
    assert (raw.hl05 == 99).sum() == 8
    assert raw.hl05.min() == 0
    assert (raw.groupby(["stratum", "psu", "hh"])["hl03"].agg(lambda r: (r == 1).sum()) == 1).all()
    hours = raw.hw01[raw.hw01 < 997]
    assert hours.between(1, 112).all()
    for sex, mean in ((1, 2_740_000), (2, 2_120_000)):
        who = (raw.hl04 == sex) & (raw.ear01 < 999_999_997)
        assert np.average(raw.ear01[who], weights=raw.v[who]) == pytest.approx(mean, rel=0.01)
    paid = raw.ear01[raw.ear01 < 999_999_997]
    assert paid.mean() > paid.median(), "skewed"
    assert 0.05 < (raw.ear01 >= 999_999_997).sum() / raw.ear01.notna().sum() < 0.15


def test_patterns_are_plausible(jobs):
    """Assumed, not published: rural, unschooled, young and old workers are informal more often."""
    work = jobs[jobs.employed_13]

    def informal(who):
        return 1 - work.v[who & work.formal].sum() / work.v[who].sum()

    assert informal(work.vtype1 == 2) > informal(work.vtype1 == 1) + 0.05
    assert informal(work.vtype2 == 2) > informal(work.vtype2 == 1)
    by_school = [informal(work.ed01 == level) for level in range(1, 7)]
    assert by_school == sorted(by_school, reverse=True)
    assert informal(work.hl05 < 20) > informal(work.hl05.between(30, 44)) < informal(work.hl05 >= 65)
    assert informal(work.lsic2 <= 3) > informal(work.lsic2 > 3)


def test_neighbours_resemble_each_other(jobs):
    """Villages differ in informality by more than chance alone would let them."""
    work = jobs[jobs.employed_19]
    village = work.groupby(["stratum", "psu"])["formal"].agg(["mean", "size"])
    binomial = (village["mean"].mean() * (1 - village["mean"].mean()) / village["size"]).mean()
    assert village["mean"].var() > 1.5 * binomial


# ------------------------------------------------------------------------------------------------- the file


def test_labels_and_missing_codes(sav):
    data, meta = sav
    assert "MADE-UP" in meta.file_label
    assert "ຂໍ້ມູນສົມມຸດ" in meta.file_label
    assert "MADE-UP DATA" in " ".join(meta.notes)
    assert meta.creation_time == datetime(2022, 1, 1), "fixed, or no two files would be equal"
    for name, label in meta.column_names_to_labels.items():
        assert lao_first(label), name
        assert len(label.encode()) <= 255, name
    for name, table in meta.variable_value_labels.items():
        for value, label in table.items():
            assert lao_first(label), (name, value)
            assert len(label.encode()) <= 120, (name, value)
        numbers = data[name][data[name] >= 0] if name in NUMBERS else []
        assert set(data[name].dropna()) - set(numbers) <= set(table), name
    assert meta.variable_value_labels["hl04"] == {1.0: "ຊາຍ / Male", 2.0: "ຍິງ / Female"}
    savannakhet = meta.variable_value_labels["stratum"][13 * 10 + 3]
    assert savannakhet == "ສະຫວັນນະເຂດ, ບໍ່ມີທາງ / Savannakhet, Without road"
    missing = {"ac15": [97, 98], "hw01": [997, 998], "ear01": [999999997, 999999998], "hl05": [99]}
    for name, codes in missing.items():
        assert meta.missing_ranges[name] == [{"lo": float(c), "hi": float(c)} for c in codes]
    assert meta.original_variable_types["v"] == "F12.4"


NUMBERS = ("hl05", "hw01", "hw02", "mj01", "ear01", "ear02", "js05")


def lao_first(label):
    """Lao, a slash, then English."""
    lao, _, english = label.partition(" / ")
    return any("\u0e80" <= c <= "\u0eff" for c in lao) and any("A" <= c <= "z" for c in english)


def test_user_missing_become_blank_by_default(file, raw):
    read, _ = pyreadstat.read_sav(file)
    assert read.ac15.isna().sum() == raw.ac15.isna().sum() + raw.ac15.isin([97, 98]).sum()


def test_same_seed_same_bytes(file, tmp_path):
    write_survey(RECIPE, tmp_path / "again.sav")
    assert (tmp_path / "again.sav").read_bytes() == file.read_bytes()
    write_survey(RECIPE, tmp_path / "other.sav", seed=1)
    assert (tmp_path / "other.sav").read_bytes() != file.read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["again.sav", "other.sav"]


def test_another_seed_meets_the_same_margins():
    data = make_survey(read_recipe(RECIPE), seed=7)
    jobs = data.assign(**ilo_17icls(data))
    assert total(jobs, employed_13(jobs)) == pytest.approx(3_509_261, rel=EXACT)
    assert total(jobs, employed_13(jobs) & jobs.formal) == pytest.approx(333_753, rel=EXACT)


# --------------------------------------------------------------------------------------------- the recipe


def _figures(node):
    if isinstance(node, dict):
        if "value" in node:
            yield node
        else:
            for child in node.values():
                yield from _figures(child)


def _yaml():
    from informality.foundation.specfile import read_yaml

    return read_yaml(RECIPE)[0]


def test_every_number_has_a_source():
    figures = list(_figures(_yaml()))
    assert len(figures) > 15
    for figure in figures:
        assert {"unit", "date", "source", "status", "value"} <= set(figure)
        assert figure["status"] in {"verified", "derived", "recall", "assumption"}
    for name, variable in _yaml()["variables"].items():
        assert variable["name"] in {"source", "invented"}, name
        assert variable["status"] in {"verified", "recall", "assumption"}, name


def test_a_recipe_may_be_a_mapping():
    assert read_recipe(_yaml()) == read_recipe(RECIPE)


def test_mistakes_in_a_recipe_are_told_at_once(tmp_path):
    recipe = copy.deepcopy(_yaml())
    recipe["margins"]["population"] = 7_621_730
    recipe["margins"]["employed"]["status"] = "certain"
    del recipe["earnings_mean"]["source"]
    with pytest.raises(InformalityError) as caught:
        write_survey(recipe, tmp_path / "x.sav")
    assert caught.value.code == ExitCode.SPEC
    assert len(caught.value.problems) == 3
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda r: r["margins"]["unemployed"].update(value=9_000_000), "does not fit"),
        (lambda r: r["variables"]["ac16"]["codes"].pop("simplified"), "no code"),
    ],
)
def test_impossible_recipes_are_refused(tmp_path, change, words):
    recipe = copy.deepcopy(_yaml())
    change(recipe)
    with pytest.raises(InformalityError, match=words):
        write_survey(recipe, tmp_path / "x.sav")
    assert not list(tmp_path.iterdir())


def test_a_folder_that_does_not_exist(tmp_path):
    with pytest.raises(InformalityError) as caught:
        write_survey(RECIPE, tmp_path / "missing" / "x.sav")
    assert caught.value.code == ExitCode.OUTPUT
