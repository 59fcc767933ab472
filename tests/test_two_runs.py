"""``diff`` and ``verify``: every change of a published number is found with its size and cause, and nothing else is.

Authority: a finished small run whose files are changed here by hand.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from informality import auditing
from informality.auditing import Verdict, failure_of, verify
from informality.differing import compare_runs, page_of_difference, table_of_difference
from informality.foundation.errors import InformalityError
from informality.foundation.provenance import package_fingerprint, sha256, versions
from informality.publication.table import Labels, to_markdown
from informality.study import Workspace
from informality.tabulation.columns import COLUMNS

STUDY = Path(__file__).parents[1] / "analysis" / "studies" / "lao-demo.yml"


def row(level: str | None, value: float | None, se: float = 0.01, **other: Any) -> dict[str, Any]:
    cells: dict[str, Any] = dict.fromkeys(COLUMNS)
    cells |= {
        "study": "lao-demo", "wave": "2022", "definition": "d", "table": "t", "indicator": "rate", "statistic": "share",
        "universe": "employed", "dim1": "sex" if level else None, "level1": level, "value": value, "unit": "share",
        "se": None if value is None else se, "grade": "suppressed" if value is None else "good",
    }  # fmt: skip
    return cells | other


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A project with one finished run of the demonstration, as small as can be."""
    (tmp_path / "analysis" / "studies").mkdir(parents=True)
    shutil.copy(STUDY, tmp_path / "analysis" / "studies")
    clean = tmp_path / "data_clean" / "lao-demo"
    clean.mkdir(parents=True)
    frame = pd.DataFrame([row(None, 0.5), row("male", 0.4), row("female", 0.6, 0.02), row("other", None)])
    frame.to_parquet(clean / "results.parquet")
    (tmp_path / "data_raw").mkdir()
    (tmp_path / "data_raw" / "lao.sav").write_bytes(b"raw")
    manifest = {
        "raw": {"2022": {"file": "lao.sav", "sha256": sha256(tmp_path / "data_raw" / "lao.sav")}},
        "steps": {"results": {"outputs": {"results.parquet": sha256(clean / "results.parquet")}}},
        "files": {"surveys/lao-demo": "a"},
        "settings": {"confidence": 0.95, "title": "A"},
        "package": package_fingerprint(),
        "versions": versions(),
    }
    (clean / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return Workspace(tmp_path)


def kept(workspace: Workspace, rows: pd.DataFrame, **manifest: Any) -> str:
    """The run again as a folder of its own, with other rows and another manifest."""
    folder = workspace.root / "kept"
    shutil.copytree(workspace.clean("lao-demo"), folder)
    rows.to_parquet(folder / "results.parquet")
    old = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    (folder / "manifest.json").write_text(json.dumps(old | manifest), encoding="utf-8")
    return str(folder)


def test_a_run_does_not_differ_from_itself(workspace: Workspace) -> None:
    found = compare_runs("lao-demo", "lao-demo", workspace)
    assert found.rows.empty
    assert found.numbers == 4
    assert found.causes == ()
    assert "Every published number is the same" in page_of_difference(table_of_difference(found, Labels()))


def test_each_kind_of_change_is_told_with_its_size_and_cause(workspace: Workspace) -> None:
    """Women 0.60 (se 0.02) to 0.65: 2.5 errors; men withheld; all others as they were; a new row; one no longer withheld."""
    rows = pd.DataFrame(
        [row(None, 0.5), row("male", None), row("female", 0.65, 0.01), row("other", 0.3), row("new", 0.1)]
    )
    after = kept(
        workspace, rows, files={"surveys/lao-demo": "b"}, settings={"confidence": 0.9, "title": "B"},
        raw={"2022": {"sha256": "other"}}, package="other",
    )  # fmt: skip
    found = compare_runs("lao-demo", after, workspace)
    told = found.rows.set_index("level1")
    assert told["change"].to_dict() == {
        "female": "changed", "male": "now withheld", "other": "no longer withheld", "new": "new",
    }  # fmt: skip
    assert told.loc["female", "difference"] == pytest.approx(0.05)
    assert told.loc["female", "in_errors"] == pytest.approx(2.5)
    assert found.rows["level1"].iloc[0] == "female", "what moved by most of its error comes first"
    assert found.causes == (
        "data: the file of wave 2022 is not the same",
        "rules: the file surveys/lao-demo is not the same",
        "setting: confidence was 0.95, is 0.9",
        "program: the code or library of informality is not the same",
    )
    words = to_markdown(table_of_difference(found, Labels()))
    assert "1 changed" in words
    assert "65.00" in words
    assert "2.5" in words


def test_rows_of_scenarios_are_held_against_their_own(workspace: Workspace) -> None:
    """A scenario that is put in front of others is new; the others have not changed, though their rows look alike."""
    clean = workspace.root / "data_clean" / "lao-demo"
    of = {"statistic": "total", "scheme": "all", "branch": "all", "payer": "all", "indicator": "members"}
    now = [row(None, 10.0 + y, **of, scenario="now", year=2024 + y) for y in range(2)]
    more = [row(None, 20.0 + y, **of, scenario="more", year=2024 + y) for y in range(2)]
    shutil.copytree(clean, workspace.root / "kept")
    pd.DataFrame(now).to_parquet(workspace.root / "kept" / "results.parquet")
    pd.DataFrame([*more, *now]).to_parquet(clean / "results.parquet")
    found = compare_runs(str(workspace.root / "kept"), "lao-demo", workspace)
    assert found.numbers == 2
    assert found.rows[["change", "scenario", "year"]].to_numpy().tolist() == [
        ["new", "more", "2024"], ["new", "more", "2025"],
    ]  # fmt: skip
    assert "(total, d, more, 2025)" in to_markdown(table_of_difference(found, Labels()))


def test_the_last_digits_of_another_machine_are_no_change(workspace: Workspace) -> None:
    rows = pd.DataFrame([row(None, 0.5 * (1 + 1e-15)), row("male", 0.4), row("female", 0.6, 0.02), row("other", None)])
    assert compare_runs("lao-demo", kept(workspace, rows), workspace).rows.empty


def test_labels_stay_text_on_the_page(workspace: Workspace) -> None:
    rows = pd.DataFrame([row("<script>alert(1)</script>", 0.1)])
    page = page_of_difference(table_of_difference(compare_runs("lao-demo", kept(workspace, rows), workspace), Labels()))
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_a_run_that_is_not_there_says_so(workspace: Workspace) -> None:
    with pytest.raises(InformalityError, match="no run of this name"):
        compare_runs("lao-demo", "nowhere", workspace)
    (workspace.clean("lao-demo") / "manifest.json").write_text("{", encoding="utf-8")
    with pytest.raises(InformalityError, match="cannot be read"):
        compare_runs("lao-demo", "lao-demo", workspace)


class Checked:
    """A check whose official figures come out, or not."""

    def __init__(self, failures: list[Any]) -> None:
        self.failures, self.benchmarks = failures, pd.DataFrame(index=range(14))


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    failures: list[Any] = []
    monkeypatch.setattr(auditing, "check_survey", lambda *_: Checked(failures))
    return failures


def test_what_stands_as_it_was_written_holds(workspace: Workspace, checked: list[Any]) -> None:
    found = verify("lao-demo", workspace, lambda text: None)
    assert all(v.holds for v in found), found
    assert [v.what.split(":")[0] for v in found] == [
        "lao.sav", "results.parquet", "program and library", "versions of Python and libraries",
        "14 official figures of 2022",
    ]  # fmt: skip
    assert failure_of(found) is None


@pytest.mark.parametrize("spoilt", ["data_raw/lao.sav", "data_clean/lao-demo/results.parquet"])
def test_a_file_that_was_touched_is_found(workspace: Workspace, checked: list[Any], spoilt: str) -> None:
    (workspace.root / spoilt).write_bytes(b"touched")
    wrong = [v for v in verify("lao-demo", workspace, lambda text: None) if not v.holds]
    assert [v.what.split(":")[0] for v in wrong] == [spoilt.rpartition("/")[2]]
    assert "the run wrote" in wrong[0].evidence


def test_other_versions_and_figures_that_do_not_come_out_are_found(workspace: Workspace, checked: list[Any]) -> None:
    path = workspace.clean("lao-demo") / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["versions"]["pandas"] = "0.1"
    manifest["package"] = "another"
    path.write_text(json.dumps(manifest), encoding="utf-8")

    class Wrong:
        what = "the total is 3, not 4"

    checked.append(Wrong())
    wrong = [v for v in verify("lao-demo", workspace, lambda text: None) if not v.holds]
    assert len(wrong) == 3
    assert "pandas 0.1 then" in wrong[1].evidence
    assert wrong[2].evidence == "the total is 3, not 4"
    failure = failure_of(wrong)
    assert failure is not None
    assert len(failure.problems) == 3
    assert isinstance(wrong[0], Verdict)


def test_a_study_that_has_not_been_run_says_so(workspace: Workspace) -> None:
    (workspace.clean("lao-demo") / "manifest.json").unlink()
    with pytest.raises(InformalityError, match="not been run yet"):
        verify("lao-demo", workspace, lambda text: None)
