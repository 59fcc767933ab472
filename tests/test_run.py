"""The demonstration study all the way: what is written, what is redone, what can be asked of it.

Authority: the file hashes of Python's own hashlib, the official figures in the profile of the made-up survey, and the
results table itself, against which every view of it is read back.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
import pytest
from pypdf import PdfReader
from rich.cells import cell_len
from rich.console import Console

from informality import cli, screens
from informality.classification.definition import read_definition
from informality.foundation.library import find
from informality.foundation.schema import read_schema
from informality.inference.estimates.estimate import means
from informality.inference.sampling.design import Design
from informality.pipeline import estimating, publishing
from informality.pipeline.artefacts import ANONYMISED, EXCHANGE, PRODUCTS, QUALITY
from informality.pipeline.running import DOING, run_study
from informality.pipeline.state import Run
from informality.study import Workspace
from informality.survey import synthetic

REPOSITORY = Path(__file__).parents[1]
STEPS = ["writing the made-up survey", *DOING.values()]
COLUMNS = """\
study survey wave definition table indicator statistic universe dim1 level1 dim2 level2 dim3 level3 value unit se ci_low
ci_high confidence p n n_weighted cv deff df grade status note
scenario year scheme branch payer median lo80 hi80 se_parameters se_imputation"""  # the design's, then those of scenarios
DOCUMENTS = ("country", "brief", "methods", "compendium")
FILES = [
    "data_raw/lao_demo_2022.sav",
    "data_clean/lao-demo/workers.parquet",
    "data_clean/lao-demo/annex.json",
    "data_clean/lao-demo/results.parquet",
    "data_clean/lao-demo/quality.json",
    "data_clean/lao-demo/quality.csv",
    "data_clean/lao-demo/hidden.csv",
    *(f"reports/_output/lao-demo/{d}.{form}" for d in DOCUMENTS for form in ("html", "pdf", "docx")),
    "reports/_output/lao-demo/explorer.html",
    "reports/_output/lao-demo/tables.xlsx",
    "reports/_output/lao-demo/figures.csv",
    "reports/_output/lao-demo/exchange/sdmx.csv",
    "reports/_output/lao-demo/exchange/sdmx.json",
    "reports/_output/lao-demo/exchange/codes.csv",
    "reports/_output/lao-demo/exchange/README.md",
    "reports/_output/lao-demo/datapackage.json",
    "data_clean/lao-demo/summary.sqlite",
    "data_clean/lao-demo/figures.parquet",
    "data_clean/lao-demo/datapackage.json",
    "data_clean/lao-demo/codebook.xml",
    "data_clean/lao-demo/anonymised.dta",
    "data_clean/lao-demo/anonymised.sav",
    "data_clean/lao-demo/anonymised.json",
    "data_clean/lao-demo/manifest.json",
]
REPORTS = [f"report/{d}.{form}" for d in DOCUMENTS for form in ("html", "pdf", "docx")]
SOURCES = sorted(
    p for p in (REPOSITORY / "reports").iterdir() if p.suffix == ".qmd" or (p.name.startswith("_") and p.is_file())
)
RAW, RESULTS, REPORT, MANIFEST = FILES[0], FILES[3], "reports/_output/lao-demo/country.html", FILES[-1]
NOTICE = "MADE-UP DATA"


@dataclass(frozen=True)
class Again:
    """One more run: the steps it took and the files it made."""

    steps: list[str]
    made: list[str]


def run(root: Path, *, force: bool = False) -> Again:
    steps: list[str] = []
    written = run_study("lao-demo", Workspace(root), force=force, tell=steps.append)
    assert [str(w.path.relative_to(root)) for w in written] == FILES
    return Again(steps, [str(w.path.relative_to(root)) for w in written if w.made])


def tree(root: Path) -> dict[str, str]:
    return {
        str(p.relative_to(root)): hashlib.sha256(p.read_bytes()).hexdigest() for p in root.rglob("*") if p.is_file()
    }


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace in which the demonstration was run once, for all processes of this session. Not to be written to."""
    base = tmp_path_factory.getbasetemp()
    root = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "lao-demo-once"
    done = root.with_name("lao-demo-once.json")
    try:
        root.mkdir()
    except FileExistsError:
        for _ in range(1200):
            if done.is_file():
                break
            time.sleep(0.25)
        assert json.loads(done.read_text()) == [STEPS, FILES]
        return root
    (root / "analysis" / "studies").mkdir(parents=True)
    (root / "reports").mkdir()
    shutil.copy(REPOSITORY / "analysis" / "studies" / "lao-demo.yml", root / "analysis" / "studies")
    for source in SOURCES:
        shutil.copy(source, root / "reports")
    found: list[list[str]] = []
    try:
        first = run(root)
        found = [first.steps, first.made]
    finally:
        whole = done.with_suffix(".part")
        whole.write_text(json.dumps(found))
        whole.rename(done)
    assert found == [STEPS, FILES]
    return root


@pytest.fixture
def copy(demo: Path, tmp_path: Path) -> Path:
    """The finished workspace again, to be changed."""
    return Path(shutil.copytree(demo, tmp_path / "copy"))


@pytest.fixture
def results(demo: Path) -> pd.DataFrame:
    return pd.read_parquet(demo / "data_clean/lao-demo/results.parquet")


@pytest.fixture
def workers(demo: Path) -> pd.DataFrame:
    return pd.read_parquet(demo / "data_clean/lao-demo/workers.parquet")


@pytest.fixture
def ask(demo: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """What the command line prints in the demonstration's workspace, on a screen of some width."""

    def ask(command: str, width: int = 10_000) -> str:
        monkeypatch.chdir(demo)
        monkeypatch.setattr(screens, "out", Console(highlight=False, width=width))
        monkeypatch.setattr(screens, "err", Console(stderr=True, highlight=False, width=width))
        monkeypatch.setattr(sys, "argv", ["informality", *command.split()])
        cli.main()
        return capsys.readouterr().out

    return ask


# What is written


def test_every_file_is_written_and_nothing_else(demo: Path) -> None:
    given = {"analysis/studies/lao-demo.yml", *(f"reports/{source.name}" for source in SOURCES)}
    parts = {name for name in tree(demo) if name.startswith("reports/_output/lao-demo/_build/")}
    assert set(tree(demo)) == given | set(FILES) | parts
    assert {"country.qmd", "_quarto.yml", "_variables.yml"} <= {name.rpartition("/")[2] for name in parts}


def test_the_brief_of_the_demonstration_has_two_sheets(demo: Path) -> None:
    assert len(PdfReader(demo / "reports/_output/lao-demo/brief.pdf").pages) == 2


def test_the_results_table_is_the_one_of_the_design(results: pd.DataFrame) -> None:
    assert list(results) == COLUMNS.split()
    assert set(results["study"]) == {"lao-demo"} and set(results["wave"]) == {"2022"}
    assert set(results["grade"]) <= {"good", "caution", "unreliable", "suppressed", "not_determinable"}
    assert set(results["statistic"]) <= {
        "share", "total", "mean", "ratio", "difference",
        "cases", "coefficient", "effect", "adjusted", "joint_test", "auc", "goodness_of_fit", "r_squared",
        "observed", "counterfactual", "gap", "explained", "unexplained",
        "inside", "outside", "found_again", "agreement", "rule", "rule_caught", "accuracy",
        "direct", "model", "gamma", "model_variance",
        "point", "lower", "upper", "interval_low", "interval_high", "difference_lower", "difference_upper",
        "rate", "rate_difference", "flow_share", "flow_total", "moved", "assumed",
    }  # fmt: skip
    assert set(results["status"]) == {"assumption"}  # made-up data are nothing better, whatever is done with them
    assert results[["definition", "table", "indicator", "universe", "unit", "confidence"]].notna().all(axis=None)
    # a row is known by what it is of
    key = [
        "definition",
        "table",
        "indicator",
        "statistic",
        "universe",
        *(f"{p}{d}" for d in (1, 2, 3) for p in ("dim", "level")),
    ]
    assert not results.duplicated(key).any()
    shares = results.loc[results["unit"] == "share", ["ci_low", "value", "ci_high"]].dropna()
    assert shares.to_numpy().min() >= 0 and shares.to_numpy().max() <= 1
    assert (np.diff(shares.to_numpy(), axis=1) >= -1e-12).all()


def test_every_table_is_called_by_its_words(demo: Path) -> None:
    """What no plan makes (flows, bounds, assumed rules) has the title under which the report shows it."""
    figures = pd.read_csv(demo / "reports/_output/lao-demo/figures.csv", dtype=str)
    titles = figures.drop_duplicates("table_id").set_index("table_id")["table_title"]
    assert {"flows", "bounds", "options"} <= set(titles.index)
    assert titles["flows"] == "The same persons under two definitions"
    assert not (titles == titles.index).any()


def test_rules_and_codes_of_few_are_told_nowhere(demo: Path) -> None:
    """The annex keeps all counts for those who run the study; what is published tells none below five, nor what gives it away."""
    annex = json.loads((demo / "data_clean/lao-demo/annex.json").read_text(encoding="utf-8"))
    counted = pd.concat(pd.DataFrame(rows).assign(definition=d) for d, rows in annex["rule_counts"].items())
    few = counted[counted["n"].between(1, 4)]
    assert len(few), "no rule decided so few workers, so nothing was tested"
    with closing(sqlite3.connect(demo / "data_clean/lao-demo/summary.sqlite")) as store:
        told = pd.read_sql("SELECT * FROM rules", store)
    both = counted.merge(told, on=["definition", "step", "rule"], suffixes=("_counted", ""), validate="1:1")
    assert len(both) == len(counted)
    shown = both["n"].notna()
    assert not both.loc[shown, "n"].between(1, 4).any()
    assert (both.loc[shown, "n"] == both.loc[shown, "n_counted"]).all()
    assert both.loc[~shown, ["n_weighted", "share"]].isna().all(axis=None)
    assert (both.loc[~shown, "note"] != "").all()
    for _, step in both[~shown].groupby(["definition", "step"]):
        assert len(step) > 1 or (step["n_counted"] >= 5).all(), "all but one of a step tell the one"
    page = (demo / "reports/_output/lao-demo/methods.html").read_text(encoding="utf-8")
    table = page[page.index('id="tbl-mapping"') :]
    rows = re.findall(r"<td[^>]*>([^<]*)</td>\s*</tr>", table[: table.index("</table>")])
    numbers = [int(re.sub(r"\D", "", row)) for row in rows if re.search(r"\d", row)]
    assert sum(0 < m["n"] < 5 for m in annex["mapping"]) > 0
    assert len(rows) == len(annex["mapping"]) and not [n for n in numbers if 0 < n < 5]


def test_suppressed_rows_hold_no_number(results: pd.DataFrame) -> None:
    hidden = results[results["grade"] == "suppressed"]
    assert len(hidden)
    numbers = ["value", "se", "ci_low", "ci_high", "p", "n", "n_weighted", "cv", "deff", "df"]
    assert hidden[numbers].isna().all(axis=None)
    assert hidden["note"].notna().all()
    shown = results[~results["grade"].isin(["suppressed", "not_determinable"])]
    assert shown["value"].notna().all()
    assert shown.loc[shown["statistic"] != "model", "n"].notna().all()  # a prediction rests on the cases of all areas
    plain = shown["statistic"].isin(["share", "total", "mean", "ratio", "difference", "effect", "ratio", "direct"])
    assert shown.loc[plain, "n_weighted"].notna().all()


def test_the_anonymised_file_gives_the_published_headline_and_its_error(demo: Path, results: pd.DataFrame) -> None:
    """Read as a user of Stata would read it; estimated by our own design, which is proved against R elsewhere."""
    data, meta = pyreadstat.read_dta(demo / "data_clean/lao-demo/anonymised.dta")
    codes = {name: {word: code for code, word in words.items()} for name, words in meta.variable_value_labels.items()}
    employed = (data["employed"] == codes["employed"]["Yes"]).to_numpy()
    informal = data["ilo_17icls_job"] == next(c for w, c in codes["ilo_17icls_job"].items() if w.startswith("Informal"))
    said = json.loads((demo / "data_clean/lao-demo/anonymised.json").read_text())
    design = Design.from_columns(data["weight"], data["stratum"], data["psu"], lonely=said["lonely"])
    found = means(design, informal.to_numpy(dtype=float), np.where(employed, 0, -1), 1)
    row = results[(results["table"] == "headline") & (results["indicator"] == "informal_employment")].iloc[0]
    np.testing.assert_allclose([found.value.item(), found.se.item()], [row["value"], row["se"]], rtol=1e-10)
    assert found.n.item() == row["n"]
    coded, _ = pyreadstat.read_sav(demo / "data_clean/lao-demo/anonymised.sav", user_missing=True)
    assert len(said["keys"]) == 7 and coded.groupby(said["keys"], dropna=False).size().min() >= 3


def test_every_worker_has_the_rule_that_decided_each_step(workers: pd.DataFrame) -> None:
    for name in ("ilo-17icls", "lao-lfs2017"):
        for step in read_definition(find("definitions", name), read_schema()).steps:
            outcome = workers[f"{name}.{step.decides}"].astype(str)
            rule = workers[f"{name}.{step.decides}.rule"]
            assert (rule.isna() == (outcome == "not_applicable")).all()
            assert (outcome.ne("not_applicable") == (workers["worker"] == "yes")).all()
            then = {r.id: r.then for r in step.rules}
            assert (rule.dropna().astype(str).map(then) == outcome[rule.notna()]).all()


def test_the_manifest_says_what_made_the_files(demo: Path) -> None:
    manifest = json.loads((demo / "data_clean/lao-demo/manifest.json").read_text())
    hashes = tree(demo)
    assert manifest["raw"]["2022"]["sha256"] == hashes[RAW]
    assert manifest["raw"]["2022"]["bytes"] == (demo / RAW).stat().st_size
    outputs = {
        f"reports/_output/lao-demo/{name[7:]}" if name.startswith("report/") else f"data_clean/lao-demo/{name}": value
        for s in manifest["steps"].values()
        for name, value in s["outputs"].items()
    }
    assert outputs == {name: hashes[name] for name in FILES[1:-1]}
    assert list(manifest["steps"]) == [
        "exchange",
        "products",
        "report",
        "results",
        "workers",
    ]  # keys of our JSON files are sorted
    assert all(step["seconds"] >= 0 and len(step["fingerprint"]) == 64 for step in manifest["steps"].values())
    assert manifest["versions"]["pandas"] == pd.__version__
    assert manifest["versions"]["python"] == sys.version.split()[0]
    assert manifest["settings"]["confidence"] == 0.95 and manifest["settings"]["basis"] == "19"
    assert manifest["finished"] and len(manifest["fingerprint"]) == 64


def test_the_official_figures_come_out(demo: Path) -> None:
    annex = json.loads((demo / "data_clean/lao-demo/annex.json").read_text(encoding="utf-8"))
    assert len(annex["benchmarks"]) == 14
    assert {row["verdict"] for row in annex["benchmarks"]} == {"reproduced"}
    counts = pd.DataFrame(annex["mapping"]).groupby("variable")["n"].sum()
    assert set(counts) == {annex["accounting"][0]["rows"]}


def test_that_the_data_are_made_up_is_said_wherever_they_are_shown(
    demo: Path, workers: pd.DataFrame, ask: Callable[..., str]
) -> None:
    assert (demo / REPORT).read_text(encoding="utf-8").count(NOTICE) > 10
    person = workers["person_id"].iloc[0]
    for command in (
        "table lao-demo --of informal",
        "table lao-demo --of informal --format md",
        f"explain lao-demo --person {person}",
    ):
        assert NOTICE in ask(command)


# What is redone


def test_a_second_run_makes_nothing_new(copy: Path) -> None:
    before = {p: p.stat().st_mtime_ns for p in copy.rglob("*")}
    assert run(copy) == Again([], [])
    assert {p: p.stat().st_mtime_ns for p in copy.rglob("*") if p.name != "data_clean"} == {
        p: t for p, t in before.items() if p.name != "data_clean"
    }


def test_force_redoes_everything_and_the_numbers_are_the_same(copy: Path, results: pd.DataFrame) -> None:
    before = tree(copy)
    assert run(copy, force=True) == Again(STEPS, FILES)
    after = tree(copy)
    assert {name for name in before if before[name] != after[name]} <= {MANIFEST}  # durations and the hour
    pd.testing.assert_frame_equal(pd.read_parquet(copy / RESULTS), results)


def cheap(monkeypatch: pytest.MonkeyPatch, copy: Path) -> None:
    """The two long steps leave what stands, so that only their being run is seen."""

    def again(*names: str) -> Callable[..., None]:
        def make(run: Run, *_: object) -> None:
            for name in names:
                (run.staging / name).parent.mkdir(parents=True, exist_ok=True)
                report = copy / "reports/_output/lao-demo" / name.removeprefix("report/")
                shutil.copy(report if name.startswith("report/") else run.clean / name, run.staging / name)

        return make

    monkeypatch.setattr(estimating, "make_results", again("results.parquet", "hidden.csv", *QUALITY))
    monkeypatch.setattr(publishing, "make_report", again(*REPORTS))
    monkeypatch.setattr(publishing, "make_products", again(*PRODUCTS))
    monkeypatch.setattr(publishing, "make_exchange", again(*EXCHANGE, *ANONYMISED))


@pytest.mark.parametrize(
    ("old", "new", "steps"),
    [
        ("title: Informal employment in the Lao PDR", "title: Another title", STEPS[3:]),
        ("formats: [html, pdf, docx]", "formats: [pdf, html, docx]", STEPS[3:]),
        ("interval: logit", "interval: normal", STEPS[2:]),
        ("confidence: 0.95", "confidence: 0.9", STEPS[2:]),
        ("definitions: [ilo-17icls, lao-lfs2017]", "definitions: [ilo-17icls]", STEPS[1:]),
        ("tables: [core]", "tables: [core]\noptions: {ilo-17icls: {size_threshold: 5}}", STEPS[1:]),
        ("tables: [core]", "# a remark\ntables: [core]", []),
    ],
)
def test_one_setting_redoes_only_what_follows_from_it(
    copy: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str, steps: list[str]
) -> None:
    cheap(monkeypatch, copy)
    study = copy / "analysis/studies/lao-demo.yml"
    text = study.read_text(encoding="utf-8")
    assert text.count(old) == 1
    study.write_text(text.replace(old, new), encoding="utf-8")
    assert run(copy).steps == steps
    assert run(copy) == Again([], [])


def test_other_things_a_result_rests_on(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_results = estimating.make_results
    cheap(monkeypatch, copy)
    source = copy / "reports/country.qmd"
    source.write_text(source.read_text(encoding="utf-8") + "\nOne more sentence.\n", encoding="utf-8")
    assert run(copy).steps == STEPS[3:4]  # only the report is made from its source

    definition = copy / "analysis/definitions/lao-lfs2017.yml"  # a file of the workspace goes before the library's
    definition.parent.mkdir()
    text = find("definitions", "lao-lfs2017").read_text(encoding="utf-8")
    definition.write_text(text, encoding="utf-8")
    assert run(copy).steps == []  # the same words in another place
    definition.write_text(text + "# a remark\n", encoding="utf-8")
    assert run(copy).steps == STEPS[1:]

    (copy / RESULTS).write_bytes(b"spoilt")
    shutil.copy(copy / RESULTS, copy / "spoilt")
    monkeypatch.setattr(estimating, "make_results", make_results)
    assert run(copy).steps[0] == STEPS[2]  # a file that is not what was written is made again
    assert (copy / RESULTS).read_bytes() != b"spoilt"


def test_the_seed_of_a_study_is_that_of_its_made_up_survey(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cheap(monkeypatch, copy)
    seeds = []

    def write(recipe: Path, destination: Path, seed: int | None = None) -> None:
        seeds.append(seed)
        shutil.copy(copy / RAW, destination)

    monkeypatch.setattr(synthetic, "write_survey", write)
    study = copy / "analysis/studies/lao-demo.yml"
    study.write_text(study.read_text(encoding="utf-8") + "seed: 7\n", encoding="utf-8")
    assert run(copy).steps[0] == STEPS[0]
    assert seeds == [7]


# What can be asked


def test_a_table_in_three_formats_is_the_results_table(results: pd.DataFrame, ask: Callable[..., str]) -> None:
    rows = results[(results["table"] == "informal_employment") & (results["indicator"] == "informal_employment")]
    total = rows[rows["dim1"].isna()].iloc[0]
    by_sex = rows[(rows["dim1"] == "sex") & rows["dim2"].isna()].set_index("level1")

    read = list(csv.reader(io.StringIO(ask("table lao-demo --of informal --by sex --format csv"))))
    head, body = [name.replace("\u00a0", " ") for name in read[0]], {row[1]: row for row in read[1:]}
    for label, row in {"All": total, "Men": by_sex.loc["male"], "Women": by_sex.loc["female"]}.items():
        found = dict(zip(head, body[label], strict=True))
        assert float(found["Per cent"]) == pytest.approx(row["value"], rel=1e-12)
        assert int(float(found["Sample n"])) == row["n"]

    percent = f"{by_sex.loc['female', 'value']:.1%}".rstrip("%")
    markdown = ask("table lao-demo --of informal --by sex --format md")
    assert any(line.startswith("|") and "Women" in line and percent in line for line in markdown.splitlines())
    text = ask("table lao-demo --of informal --by sex")
    assert "|" not in text
    (women,) = [line for line in text.splitlines() if line.strip().startswith("Women")]
    low, high = by_sex.loc["female", ["ci_low", "ci_high"]]
    assert women.split()[1:4] == [percent, f"{low:.1%}".rstrip("%"), f"{high:.1%}".rstrip("%")]
    assert "Low, High: 95% confidence interval" in text


def test_a_table_by_indicator_and_other_definition(results: pd.DataFrame, ask: Callable[..., str]) -> None:
    rows = results[(results["definition"] == "lao-lfs2017") & (results["indicator"] == "informal_sector")]
    value = rows[rows["dim1"].isna()]["value"].iloc[0]
    read = list(
        csv.reader(io.StringIO(ask("table lao-demo --of informal_sector --definition lao-lfs2017 --format csv")))
    )
    assert float(read[1][read[0].index("Per cent")]) == pytest.approx(value, rel=1e-12)


def test_definitions_compared_bounds_and_options(results: pd.DataFrame, ask: Callable[..., str]) -> None:
    """What the commands work out anew is what the run wrote."""

    def shown(command: str) -> list[list[str]]:
        return list(csv.reader(io.StringIO(ask(f"{command} --format csv"))))

    def only(**where: str) -> pd.Series:
        rows = results
        for key, value in where.items():
            rows = rows[rows[key] == value]
        return rows[rows["dim2"].isna()].iloc[0]

    gap = only(table="definition_gaps", statistic="rate_difference", indicator="informal_employment")
    for command, sign in (("", 1), (" --definitions lao-lfs2017,ilo-17icls", -1)):  # and the other way round
        read = shown(f"compare lao-demo{command}")
        found = float(read[1][read[0].index("Difference, Percentage points")])
        assert found == pytest.approx(sign * gap["value"], rel=1e-9)

    read = shown("bounds lao-demo --definition lao-lfs2017")
    of = {"table": "bounds", "indicator": "informal_employment", "definition": "lao-lfs2017", "level1": "unknown"}
    low = only(statistic="lower", **of)
    assert float(read[1][read[0].index("Lowest, Per cent")]) == pytest.approx(low["value"], rel=1e-9)
    assert "ILO harmonised rule" not in str(read)

    read = shown("sensitivity lao-demo")
    rows = results[(results["table"] == "options") & (results["level2"] == "ilo-17icls: leave_can_override_ss_no: yes")]
    row = rows[(rows["statistic"] == "rate") & (rows["indicator"] == "informal_employment")].iloc[0]
    line = next(r for r in read if "with both leaves it does" in r)
    assert float(line[read[0].index("Rate, Per cent")]) == pytest.approx(row["value"], rel=1e-9)
    assert "|" in ask("compare lao-demo --format md")


def test_the_reasons_for_one_worker(workers: pd.DataFrame, ask: Callable[..., str]) -> None:
    informal = workers[workers["ilo-17icls.job"] == "informal"].iloc[0]
    said = ask(f"explain lao-demo --person {informal['person_id']}")
    for definition in ("ilo-17icls", "lao-lfs2017"):
        for step in read_definition(find("definitions", definition), read_schema()).steps:
            rule = next(r for r in step.rules if r.id == informal[f"{definition}.{step.decides}.rule"])
            assert f"  {step.title}: {step.outcomes[rule.then]}\n    because  rule {rule.id}" in said
            assert rule.why in said
    assert "asked: " in said
    only = ask(f"explain lao-demo --person {informal['person_id']} --definition ilo-17icls")
    assert "17th ICLS" in only and "2017" not in only


def test_someone_without_work_has_no_reasons(workers: pd.DataFrame, ask: Callable[..., str]) -> None:
    idle = workers[workers["worker"] == "no"]["person_id"].iloc[0]
    assert ask(f"explain lao-demo --person {idle}").count("does not apply: this person is not employed") == 2


@pytest.mark.parametrize("width", [60, 80])
def test_lines_fit_the_screen(workers: pd.DataFrame, ask: Callable[..., str], width: int) -> None:
    informal = workers[workers["ilo-17icls.job"] == "informal"]["person_id"].iloc[0]
    for command in (
        "run lao-demo",
        "table lao-demo --of informal --by sex,area",
        "table lao-demo --of component --by sex",
        "bounds lao-demo",
        f"explain lao-demo --person {informal}",
    ):
        lines = ask(command, width).splitlines()
        assert len(lines) > 5
        assert max(map(cell_len, lines)) <= width, command
    assert not [line for line in lines if line.lstrip() == line and line.endswith(",")]  # no reason folds to the margin


@pytest.mark.parametrize("words", ["--help", "run --help", "table --help"])
def test_help_imports_nothing_heavy(words: str) -> None:
    script = (
        "import sys; from informality import cli\n"
        f"sys.argv = ['informality', *{words.split()!r}]\n"
        "try: cli.main()\n"
        "except SystemExit as end: assert not end.code\n"
        "heavy = {'pandas', 'numpy', 'pyarrow', 'matplotlib', 'scipy'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Usage" in done.stdout


def test_the_profile_is_found_in_the_workspace_first(tmp_path: Path) -> None:
    own = tmp_path / "lao-demo.yml"
    assert find("surveys", "lao-demo", tmp_path) != own
    own.write_text("id: lao-demo\n", encoding="utf-8")
    assert find("surveys", "lao-demo", tmp_path) == own


def test_the_sql_of_a_definition_gives_what_the_run_wrote(ask: Callable[..., str], demo: Path) -> None:
    """DuckDB runs the query the command prints, over the file the run wrote, and finds its outcomes and rules there."""
    import duckdb

    query = ask("definition lao-lfs2017 --as sql --study lao-demo")
    path = demo / "data_clean" / "lao-demo" / "workers.parquet"
    with duckdb.connect(config={"threads": 1}) as database:
        database.execute(f"CREATE VIEW workers AS SELECT * FROM read_parquet('{path}')")
        columns = [c for c in database.sql("SELECT * FROM workers").columns if c.startswith("lao-lfs2017.")]
        listed = ", ".join(f'"{c}"' for c in ["person_id", *columns])
        differing = f"(SELECT {listed} FROM workers EXCEPT SELECT {listed} FROM ({query}))"
        assert len(columns) >= 10
        assert database.execute(f"SELECT count(*) FROM {differing}").fetchone() == (0,)
        counted = f"SELECT count(*), count(DISTINCT person_id) FROM ({query})"
        assert database.execute(counted).fetchone() == (len(pd.read_parquet(path)),) * 2
