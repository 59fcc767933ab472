"""A study run in several languages: which files stand where, what is redone, and what is refused.

Authority: the small survey of ``test_failures.py``, with a report and products that only say their language; messages by hand.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

from informality.foundation.language import Language, say, speaking, spoken
from informality.pipeline import publishing
from informality.pipeline.state import Run
from informality.publication.translated import name_in

SPEC = importlib.util.spec_from_file_location("failures", Path(__file__).with_name("test_failures.py"))
assert SPEC is not None and SPEC.loader is not None
failures = importlib.util.module_from_spec(SPEC)
sys.modules[SPEC.name] = failures
SPEC.loader.exec_module(failures)
call, project, says = failures.call, failures.project, failures.says
Project = Any
TAKEN_AWAY = ("tables.xlsx", "explorer.html", "figures.csv")
OWN = """\
language: xx
name: Xish
sources: [here]
numbers: {decimal: ",", group: ".", source: here, status: assumption}
checked: {"Low": "Bas"}
"""


@pytest.fixture
def told(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The small study; its report and what goes with it hold one word in their language."""

    def report(run: Run, *given: object) -> None:
        (language,) = (one for one in given if isinstance(one, Language))
        with speaking(language):
            folder = run.staging / "report"
            folder.mkdir(exist_ok=True)
            (folder / name_in("country.html", language.code)).write_text(
                f"{spoken().code}: {say('Low')}", encoding="utf-8"
            )

    def products(run: Run, *given: object) -> None:
        (language,) = (one for one in given if isinstance(one, Language))
        if language.code == "en":
            (run.staging / "summary.sqlite").write_text("store")
        for name in TAKEN_AWAY:
            (run.staging / "report" / name_in(name, language.code)).parent.mkdir(exist_ok=True)
            (run.staging / "report" / name_in(name, language.code)).write_text(language.code)

    monkeypatch.setattr(publishing, "make_report", report)
    monkeypatch.setattr(publishing, "make_products", products)
    return project


def published(project: Project) -> dict[str, str]:
    """The words of each report, by its name."""
    folder = project.path("reports/_output/small")
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("country*.html"))}


def test_another_language_stands_beside_english_and_is_kept_while_it_would_come_out_the_same(told: Project) -> None:
    said = told.call("run", "small", "--language", "es")
    assert said.code == 0, said.err
    assert published(told) == {"country.es.html": "es: Inferior", "country.html": "en: Low"}
    assert "in Español" in said.out
    assert all(told.path(f"reports/_output/small/{name_in(name, 'es')}").is_file() for name in TAKEN_AWAY)
    assert [p.name for p in told.path("data_clean/small").glob("*.sqlite")] == ["summary.sqlite"]

    before = told.tree()
    again = told.call("run", "small", "--language", "es")
    assert (again.code, told.tree()) == (0, before), "nothing has changed, nothing is redone"

    lao = told.call("run", "small", "--language", "lo")
    assert published(told).keys() == {"country.es.html", "country.html", "country.lo.html"}, lao.err
    assert told.call("run", "small").code == 0
    assert len(published(told)) == 3

    told.edit("study", "title: ", "title: Another ")  # the documents would not come out the same
    assert told.call("run", "small", "--language", "lo").code == 0
    assert published(told).keys() == {"country.html", "country.lo.html"}
    assert not told.path("reports/_output/small/tables.es.xlsx").exists()


def test_a_study_names_its_languages_and_a_catalogue_of_its_own(told: Project) -> None:
    place = told.path("analysis/languages/xx.yml")
    place.parent.mkdir()
    place.write_text(OWN, encoding="utf-8")
    told.edit("study", "reports:", "language: [xx, es]\nreports:")
    assert told.call("run", "small").code == 0
    assert published(told)["country.xx.html"] == "xx: Bas"
    place.write_text(OWN.replace("Bas", "Basso"), encoding="utf-8")
    assert told.call("run", "small").code == 0
    assert published(told)["country.xx.html"] == "xx: Basso", "the catalogue is part of what a document rests on"


def test_an_unknown_language_and_a_broken_catalogue_are_refused(told: Project) -> None:
    said = told.refuses(10, "run small --language fr", "fr: there is no language of this name\n")
    assert all(code in said.err for code in ("es", "lo"))
    place = told.path("analysis/languages/xx.yml")
    place.parent.mkdir()
    place.write_text(OWN.replace('"Low"', '"Lo"'), encoding="utf-8")
    told.refuses(
        10,
        "run small --language xx",
        says("xx.yml, line 5", "this text is not one that is published", "`Lo`", "did you mean `Low`?"),
    )


def test_the_data_package_is_of_the_languages_that_stand(told: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A language whose figures are taken away, because they would come out otherwise, is not in the package any more."""
    seen: list[list[str]] = []

    def exchange(run: Run, raw: object, long: list[Path]) -> None:
        seen.append([path.name for path in long])
        failures.stub_exchange(run)

    monkeypatch.setattr(publishing, "make_exchange", exchange)
    assert told.call("run", "small", "--language", "es").code == 0
    assert told.call("run", "small").code == 0  # Spanish is kept, nothing is made
    told.edit("study", "title: ", "title: Another ")
    assert told.call("run", "small").code == 0
    assert seen == [["figures.csv", "figures.es.csv"], ["figures.csv"]]
