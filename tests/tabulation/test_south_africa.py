"""South Africa's quarters all the way: three flags on every row, R's levels and changes out of the results table.

Authority: the agency's flags in its files and its published totals; ``reference_estimates.csv`` (R ``survey`` 4.1-1, both
quarters stacked in one design for the changes) to 1e-9 relative; the rates of PROVENANCE.md.
"""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path

import pandas as pd
import pytest

from informality.pipeline import publishing
from informality.pipeline.running import run_study
from informality.pipeline.state import Run
from informality.publication.render import ENDINGS
from informality.study import Workspace

REPOSITORY = Path(__file__).parents[2]
NATIONAL = "zaf-qlfs-pre2025q3"


@pytest.fixture(scope="module")
def data(shared: Path) -> Path:
    return shared / "data" / "zaf_qlfs_2017q2_q3"


@pytest.fixture(scope="module")
def clean(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a run of the study leaves, with the study's own tables and no report."""
    root = tmp_path_factory.mktemp("south-africa")
    shutil.copytree(REPOSITORY / "analysis" / "studies", root / "analysis" / "studies")
    study = root / "analysis" / "studies" / "south-africa-2017.yml"
    text = study.read_text(encoding="utf-8")
    assert "tables: [core, south-africa]" in text and "models: [core]" in text
    text = text.replace("tables: [core, south-africa]", "tables: [south-africa]").replace(
        "models: [core]", "models: []"
    )
    text += "formats: [html]\n"
    study.write_text(text, encoding="utf-8")

    def no_report(run: Run, *_: object) -> None:
        (run.staging / "report" / "_build").mkdir(parents=True)
        (run.staging / "report" / "_build" / "part.md").write_text("")
        for report, form in itertools.product(run.head.each_report, run.head.formats):
            (run.staging / "report" / f"{report}{ENDINGS[form]}").write_text("")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(publishing, "make_report", no_report)
        run_study("south-africa-2017", Workspace(root, data))
    return root / "data_clean" / "south-africa-2017"


@pytest.fixture(scope="module")
def rows(clean: Path) -> pd.DataFrame:
    return pd.read_parquet(clean / "results.parquet")


@pytest.fixture(scope="module")
def r(data: Path) -> pd.DataFrame:
    return pd.read_csv(data / "reference_estimates.csv").set_index(["dataset", "estimate", "domain"])


def one(rows: pd.DataFrame, wave: str, indicator: str, definition: str = "ilo-17icls", **level: str) -> pd.Series:
    found = rows[(rows["wave"] == wave) & (rows["indicator"] == indicator) & (rows["definition"] == definition)]
    found = found[found["table"] != "readings"]
    if not level:
        found = found[found["dim1"].isna()]
    for name, value in level.items():
        found = found[(found["dim1"] == name) & (found["level1"] == value)]
    assert len(found) == 1
    return found.iloc[0]


def test_the_flags_and_the_published_totals_of_both_quarters(clean: Path) -> None:
    annex = pd.read_json(clean / "annex.json", typ="series")
    official = pd.DataFrame(annex["benchmarks"]).set_index("id")
    assert (official["verdict"] == "reproduced").all()
    flags = official.filter(regex="^(sector|infempl)", axis=0)
    assert flags["ours"].to_dict() == {
        f"{flag}_{wave}": n
        for wave, n in (("2017q2", 18_451), ("2017q3", 18_437))
        for flag in ("sector2", "sector1", "infempl")
    }
    assert set(official["wave"]) == {"2017q2", "2017q3"}


@pytest.mark.parametrize(
    ("indicator", "definition", "estimate"),
    [
        ("informal_15_64", NATIONAL, "informal employment share (official Infempl=2)"),
        ("informal_sector_15_64", NATIONAL, "informal sector share incl. agriculture (official Sector2=2)"),
        ("employed_15_64", "ilo-17icls", "employed total"),
        ("unemployed_15_64", "ilo-17icls", "unemployed total"),
        ("unemployment_rate_15_64", "ilo-17icls", "unemployment rate"),
    ],
)
@pytest.mark.parametrize("wave", ["2017q2", "2017q3"])
def test_each_quarter_is_as_r_has_it(
    rows: pd.DataFrame, r: pd.DataFrame, wave: str, indicator: str, definition: str, estimate: str
) -> None:
    ours, theirs = one(rows, wave, indicator, definition), r.loc[(f"zaf_{wave}", estimate, "15-64")]
    assert ours["value"] == pytest.approx(theirs["value"], rel=1e-9)
    assert ours["se"] == pytest.approx(theirs["se"], rel=1e-9)


@pytest.mark.parametrize(
    ("indicator", "definition", "estimate"),
    [
        ("informal_15_64", NATIONAL, "change in informal employment share, overlapping PSUs (stacked design)"),
        ("employed_15_64", "ilo-17icls", "change in employed total, overlapping PSUs (stacked design)"),
        ("unemployed_15_64", "ilo-17icls", "change in unemployed total, overlapping PSUs (stacked design)"),
        ("unemployment_rate_15_64", "ilo-17icls", "change in unemployment rate, overlapping PSUs (stacked design)"),
    ],
)
def test_the_change_has_its_size_and_its_error_from_the_shared_psus(
    rows: pd.DataFrame, r: pd.DataFrame, indicator: str, definition: str, estimate: str
) -> None:
    ours, theirs = one(rows, "2017q3-2017q2", indicator, definition), r.loc[("zaf_2017q3_minus_q2", estimate, "15-64")]
    # a difference of numbers that agree to 1e-12 keeps fewer digits where it is small
    scale = max(abs(theirs["value"]), 1e-3 * theirs["se"])
    assert ours["value"] == pytest.approx(theirs["value"], abs=1e-9 * scale)
    assert ours["se"] == pytest.approx(theirs["se"], rel=1e-9)
    assert 0 < ours["p"] < 1 and ours["df"] in (2_899, 2_945, 2_996)
    early, late = (one(rows, wave, indicator, definition) for wave in ("2017q2", "2017q3"))
    assert ours["se"] < (early["se"] ** 2 + late["se"] ** 2) ** 0.5  # the overlap helps


def test_published_sizes(rows: pd.DataFrame) -> None:
    """The statement of 31 October 2017: 92,000 more employed, 33,000 more job-seekers; 25,000 fewer in agriculture, 30,000 in
    construction."""
    assert round(one(rows, "2017q3-2017q2", "employed_15_64")["value"]) == 91_962
    assert round(one(rows, "2017q3-2017q2", "unemployed_15_64")["value"]) == 33_452
    for wave, percent in (("2017q2", 29.18), ("2017q3", 29.07)):
        assert round(100 * one(rows, wave, "informal_15_64", NATIONAL)["value"], 2) == percent
    for industry, thousand in (("A", -24.7), ("F", -30.5)):
        assert round(one(rows, "2017q3-2017q2", "employed_15_64", industry=industry)["value"] / 1e3, 1) == thousand


def test_the_proxy_for_social_security_moves_the_ilo_rate(rows: pd.DataFrame) -> None:
    """PROVENANCE.md: 34.13 per cent with any of pension, UIF and medical aid, 54.57 with pension only (third quarter)."""
    found = rows[(rows["table"] == "readings") & (rows["indicator"] == "informal_15_64")]
    assert set(found["wave"]) == {"2017q3"} and set(found["definition"]) == {"ilo-17icls"}
    found = found.set_index(["statistic", "level1"])
    assert round(100 * found.loc[("share", "profile"), "value"], 2) == 34.13
    assert round(100 * found.loc[("share", "social_security.pension"), "value"], 2) == 54.57
    gap = found.loc[("difference", "social_security.pension")]
    assert gap["value"] == pytest.approx(0.5457 - 0.3413, abs=1e-4)
    assert 0.003 < gap["se"] < 0.01 and gap["p"] < 1e-12
