"""Real Quarto as an engine: the command line built, the project it is given, what is said when it is not there.

Authority: a stand-in for the program, which looks at the project as Quarto would; where Quarto itself is installed, its page
is held against ours. Messages by hand.
"""

from __future__ import annotations

import html
import json
import re
import shutil
import stat
import sys
from pathlib import Path
from types import ModuleType

import pytest

from informality.foundation.errors import ExitCode, InformalityError
from informality.publication.document import SHORTCODES
from informality.publication.inputs import ReportInputs
from informality.publication.material import Material
from informality.publication.quarto import Quarto, check_formats, command, find_quarto
from informality.publication.render import render
from informality.publication.report import build_reports

REPORTS = Path(__file__).resolve().parents[2] / "reports"

STAND_IN = """\
#!{python}
import json, pathlib, sys
with open({log!r}, "a") as log:
    log.write(json.dumps(sys.argv[1:]) + chr(10))
if sys.argv[1:] == ["--version"]:
    print({version!r})
    sys.exit()
if {fails}:
    print("ERROR: Validation of YAML front matter failed.", file=sys.stderr)
    sys.exit(1)
project = json.loads(pathlib.Path("_quarto.yml").read_text())
ending = {{"html": ".html", "typst": ".pdf", "docx": ".docx"}}[sys.argv[4]]
for name in project["project"]["render"]:
    pathlib.Path(name).with_suffix(ending).write_text("made of " + name)
"""


def stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch, version: str = "1.7.34", fails: bool = False) -> Path:
    """Put a stand-in for Quarto on PATH; returns the file that says how it was called."""
    folder.mkdir()
    path, log = folder / "quarto", folder / "log"
    path.write_text(
        STAND_IN.format(python=sys.executable, log=str(log), version=version, fails=fails), encoding="utf-8"
    )
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(folder))
    return log


def refused(call: object, *given: object) -> list[tuple[str, str, str, str]]:
    with pytest.raises(InformalityError) as failure:
        call(*given)  # type: ignore[operator]
    assert failure.value.code is ExitCode.RENDER
    return [(p.place, p.what, p.found, p.fix) for p in failure.value.problems]


AWAY = "leave `--engine quarto` out: the embedded renderer makes the same documents and needs nothing else"


def test_without_the_program_one_is_told_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    what = "the program is not on this machine"
    assert refused(find_quarto) == [("quarto", what, "nothing of that name on PATH", f"install it, or {AWAY}")]


def test_a_version_that_is_too_old_or_none_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(tmp_path / "old", monkeypatch, "1.3.450")
    ((place, what, found, fix),) = refused(find_quarto)
    assert (place, what, found) == (str(tmp_path / "old/quarto"), "this version of Quarto is too old", "1.3.450")
    assert fix == f"install 1.4 or later, or {AWAY}"
    stand_in(tmp_path / "none", monkeypatch, "quarto?")
    assert refused(find_quarto)[0][1:3] == ("this program does not say its version", "quarto?")


def test_a_review_copy_is_not_for_quarto() -> None:
    fix = "leave it out of the `formats` of the study, or render with the embedded renderer"
    assert refused(check_formats, ["html", "review"]) == [
        ("formats", "Quarto cannot make the format `review`", "", fix)
    ]


def test_quarto_renders_a_project_in_which_nothing_is_left_to_find(
    inputs: ReportInputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = stand_in(tmp_path / "bin", monkeypatch)
    quarto = find_quarto()
    assert (quarto.version, quarto.words) == ("1.7.34", "Quarto 1.7.34")
    sources = [REPORTS / "country.qmd", REPORTS / "methods.qmd"]
    formats = ["html", "pdf", "docx"]
    written = build_reports(Material(inputs), sources, tmp_path / "out", formats, None, quarto)
    names = [f"{doc}.{form}" for doc in ("country", "methods") for form in formats]
    assert [path.name for path in written[:6]] == names
    assert written[0].read_text() == "made of country.qmd"
    calls = [json.loads(line) for line in log.read_text().splitlines()]
    assert calls == [["--version"], *(["render", ".", "--to", to, "--no-cache"] for to in ("html", "typst", "docx"))]
    assert command(quarto, "typst")[0] == str(tmp_path / "bin/quarto")

    project = tmp_path / "out" / "_build" / "_quarto"
    settings = json.loads((project / "_quarto.yml").read_text(encoding="utf-8"))
    assert settings["project"]["render"] == ["country.qmd", "methods.qmd"]
    page = settings["format"]["html"]
    assert (page["html-math-method"], page["embed-resources"], page["theme"]) == ("mathml", True, "default")
    for target in settings["format"].values():
        for key in ("css", "include-before-body", "reference-doc"):
            assert key not in target or (project / target[key]).is_file()
    assert (project / "fonts" / "NotoSansLao-Regular.ttf").is_file()
    for name in settings["project"]["render"]:
        text = (project / name).read_text(encoding="utf-8")
        assert not re.findall(r"\{\{<\s*(?:" + "|".join(SHORTCODES) + r")\b[^{]*>\}\}", outside_fences(text))
        assert text.startswith('---\n{"engine": "markdown"')
        assert "<svg" not in text, "Quarto drops drawings that stand in the text"
        images = re.findall(r"!\[\]\(<?([^)>]+)>?\)\{fig-alt=\"([^\"]+)", text)
        assert images and len(images) == len(re.findall(r"!\[", text)), "every image says what it shows"
        for image, _ in images:
            assert (project / f"{image}.svg").is_file() and (project / f"{image}.png").is_file()
        assert "@tbl-" in text or name != "country.qmd"
    assert "These data are made up" in (project / "_notice.html").read_text(encoding="utf-8")
    assert "Made by" in (project / "country.qmd").read_text(encoding="utf-8").splitlines()[-1]


def outside_fences(text: str) -> str:
    return re.sub(r"^(```+|~~~+).*?^\1", "", text, flags=re.DOTALL | re.MULTILINE)


def test_what_quarto_says_is_passed_on_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mock: ModuleType
) -> None:
    stand_in(tmp_path / "bin", monkeypatch, fails=True)
    (tmp_path / "doc.qmd").write_text("---\nengine: markdown\n---\n\nText\n", encoding="utf-8")
    told = refused(
        build_reports, Material(mock.inputs()), [tmp_path / "doc.qmd"], tmp_path / "out", ["html"], None, find_quarto()
    )
    assert told == [("quarto, html", "Quarto stopped", "ERROR: Validation of YAML front matter failed.", "")]
    assert not list((tmp_path / "out").iterdir())


# -- held against the program itself -------------------------------------------------------------------


@pytest.mark.skipif(shutil.which("quarto") is None, reason="Quarto is not installed")
def test_quarto_and_the_embedded_renderer_say_the_same(inputs: ReportInputs, tmp_path: Path) -> None:
    """The same captions with the same numbers, the same cells of tables, the same references."""
    source = REPORTS / "compendium.qmd"
    build_reports(Material(inputs), [source], tmp_path / "quarto", ["html"], None, find_quarto())
    build_reports(Material(inputs), [source], tmp_path / "ours", ["html"])
    theirs, ours = ((tmp_path / n / "compendium.html").read_text(encoding="utf-8") for n in ("quarto", "ours"))
    for pattern in (
        r"<t[dh][^>]*>(.*?)</t[dh]>",
        r"<figcaption[^>]*>(.*?)</figcaption>",
        r'<a href="#tbl-[^>]*>(.*?)</a>',
    ):
        assert words(pattern, theirs) == words(pattern, ours)


def words(pattern: str, page: str) -> list[str]:
    found = re.findall(pattern, page, flags=re.DOTALL)
    return [re.sub(r"[\s:.]+", " ", html.unescape(re.sub(r"<[^>]+>", "", text))).strip() for text in found]


def test_the_stand_in_is_no_renderer_of_ours(tmp_path: Path) -> None:
    """Without an engine the embedded renderer renders, whatever stands on PATH."""
    (tmp_path / "doc.qmd").write_text("---\nengine: markdown\ntitle: T\n---\n\nText\n", encoding="utf-8")
    assert b"<p>Text</p>" in render(tmp_path / "doc.qmd", tmp_path)[0].read_bytes()
    assert Quarto("/x/quarto", "1.7").words == "Quarto 1.7"
