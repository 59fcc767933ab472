"""``informality definition``: every form, and what a wrong name or option is told. Authority: messages by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from informality import cli

Run = tuple[int, str, str]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path):  # type: ignore[no-untyped-def]
    """Runs the command in an empty project; exit code, output, and errors with their folding undone."""
    (tmp_path / "analysis" / "studies").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")

    def command(*words: str) -> Run:
        monkeypatch.setattr("sys.argv", ["informality", "definition", *words])
        code = 0
        try:
            cli.main()
        except SystemExit as end:
            code = int(end.code or 0)
        said = capsys.readouterr()
        return code, said.out, " ".join(said.err.split())

    return command


def test_all_are_listed_with_whose_they_are_and_how_well_confirmed(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    own = tmp_path / "analysis" / "definitions"
    own.mkdir()
    from informality.foundation.library import find

    text = find("definitions", "cri-ece").read_text(encoding="utf-8")
    (own / "my-own.yml").write_text(text.replace("id: cri-ece", "id: my-own"), encoding="utf-8")
    code, out, _ = run()
    assert code == 0
    names = [line.split()[0] for line in out.splitlines() if line and not line.startswith((" ", "informality"))]
    assert len(names) == 19 and names == sorted(names) and "my-own" in names
    ecuador = " ".join(out.split("ecu-sector")[1].split("idn-")[0].split())
    assert ecuador == (
        "Sector of employment, Ecuador (INEC, ENEMDU) Ecuador; decides Sector of employment; "
        "Verified against microdata (derived)"
    )


def test_as_tables_with_an_option(run) -> None:  # type: ignore[no-untyped-def]
    code, out, err = run("cri-ece", "--set", "dont_know=left_open")
    assert code == 0 and err == ""
    assert "in force: leaves the job open (usual value: counts as informal" in out
    assert "  E4  → Not determinable\n        Status in employment: Employees\n" in out
    assert "E3" not in out
    assert all(len(line) <= 100 for line in out.splitlines())


@pytest.mark.parametrize(
    ("form", "begins", "holds"),
    [
        ("md", "# Informal employment, Costa Rica", "| E1   | Status in employment: Employees;"),
        ("svg", "<svg xmlns=", 'data-rule="E1"'),
        ("sql", "-- Informal employment, Costa Rica", "THEN 'E1'"),
        ("examples", "Informal employment, Costa Rica", "→ Main job: Formal job (rule E1)"),
    ],
)
def test_other_forms_go_to_the_screen_or_a_file(run, tmp_path: Path, form: str, begins: str, holds: str) -> None:  # type: ignore[no-untyped-def]
    code, out, _ = run("cri-ece", "--as", form)
    assert code == 0 and out.startswith(begins) and holds in out
    code, shown, _ = run("cri-ece", "--as", form, "--out", "made/file.txt")
    assert code == 0 and shown == ""
    assert (tmp_path / "made" / "file.txt").read_text(encoding="utf-8") == out


def test_wrong_words_get_the_nearest_right_ones_all_at_once(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    code, out, err = run("cri-ec")
    assert code == 10 and out == ""
    assert "cri-ec: there is no definition of this name fix did you mean `cri-ece`?" in err
    wrong = ("--set", "dont_knw=informal", "--set", "dont_know=left_opne", "--set", "dont_know")
    code, out, err = run("cri-ece", *wrong, "--out", "x.txt")
    assert code == 2 and out == ""
    assert "`dont_knw` is not an option of `cri-ece` fix did you mean `dont_know`?" in err
    assert "`dont_know` does not take this value found `left_opne` fix did you mean `left_open`?" in err
    assert "an option is set as option=value found `dont_know`" in err
    assert "3 problems. Nothing was written." in err
    code, _, err = run("ilo-17icls", "--set", "size_threshold=six")
    assert code == 2
    assert "`size_threshold` does not take this value found `six` fix write a number of persons engaged" in err
    assert not (tmp_path / "x.txt").exists()


def test_what_the_standard_leaves_open_is_supposed_for_reading_but_never_for_computing(run) -> None:  # type: ignore[no-untyped-def]
    code, out, err = run("ilo-21icls", "--as", "examples")
    assert code == 0 and "Worked examples" in out
    assert "Not chosen, so printed as in the worked examples: dc_protection_rule=" in err
    code, out, err = run("ilo-21icls", "--as", "sql", "--set", "cfw_arrangement_exists=no")
    assert code == 2 and out == ""
    assert "`dc_protection_rule` has no default: the standard leaves it to the country" in err
    assert "add --set dc_protection_rule=registration_suffices" in err
    chosen = ("--set", "cfw_arrangement_exists=no", "--set", "dc_protection_rule=registration_suffices")
    code, out, err = run("ilo-21icls", "--as", "sql", *chosen)
    assert code == 0 and err == ""
    assert "-- Option cfw_arrangement_exists: no (it does not, so every family worker is informal (89))" in out


def test_a_study_that_was_not_run_cannot_say_what_its_survey_asked(run) -> None:  # type: ignore[no-untyped-def]
    code, _, err = run("ilo-17icls", "--as", "sql", "--study", "nowhere")
    assert code == 10 and "nowhere: there is no study of this name" in err
