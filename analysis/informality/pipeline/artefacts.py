"""Every file that a run leaves: its name in the manifest, what it is, and where it stands.

What is named ``report/...`` goes to the folder of the reports, all else to the study's own in ``data_clean``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from informality.foundation.language import ENGLISH, Language
from informality.publication.render import ENDINGS
from informality.publication.translated import name_in
from informality.study_spec import StudySpec

REPORTS = {
    "country": "the report",
    "brief": "the brief on two pages",
    "coverage": "the coverage report",
    "methods": "the methods annex",
    "compendium": "the compendium of all tables",
}
FORMS = {
    "html": "to open in a browser",
    "pdf": "as a PDF, to print or to send",
    "docx": "for Word",
    "review": "for a workshop: lines and paragraphs numbered, sheets for comments",
}
MEANING = {
    "workers.parquet": "persons, harmonised and classified, with the rule that decided each",
    "annex.json": "how the file was read and checked",
    "estimates.parquet": "what was estimated from the survey",
    "coverage.parquet": "what the scenarios come to",
    "coverage.json": "rules, gates, assumptions and sensitivities of the scenarios",
    "coverage_draws.parquet": "the values drawn for every uncertain number",
    "coverage_entrants.csv": "members by age, sex, earnings and density, for the actuary; not for publication",
    "results.parquet": "the results table: every published number",
    "quality.json": "what the checks of data and tables found",
    "quality.csv": "the same findings as a table",
    "hidden.csv": "what is not shown so that no small cell can be worked out, and why",
    **{
        f"report/{report}{ENDINGS[form]}": f"{title} {how}"
        for report, title in REPORTS.items()
        for form, how in FORMS.items()
    },
    "report/explorer.html": "every figure to choose from, in one page that needs no network",
    "report/tables.xlsx": "every table, for Excel or LibreOffice",
    "report/figures.csv": "every figure in words, one row each",
    "report/exchange/sdmx.csv": "the estimates as SDMX-CSV, with codes of the ILO",
    "report/exchange/sdmx.json": "their structure, for programs that read SDMX",
    "report/exchange/codes.csv": "what each code is, and which are the ILO's",
    "report/exchange/README.md": "what is in this folder, and what was left out",
    "report/datapackage.json": "what stands in each column of the CSV files there",
    "summary.sqlite": "the same as a database, for `informality query`",
    "figures.parquet": "every figure in words, for R, Python and DuckDB",
    "datapackage.json": "what stands in each column of the CSV files here",
    "codebook.xml": "every variable of workers.parquet, as a DDI codebook",
    "anonymised.dta": "the workers without identifiers, k-anonymous, for Stata: see the licence before you pass it on",
    "anonymised.sav": "the same for SPSS",
    "anonymised.json": "the rule of anonymisation, and what was done how often",
    "manifest.json": "hashes, versions, settings and durations",
}
COVERAGE = ("coverage.parquet", "coverage.json", "coverage_draws.parquet", "coverage_entrants.csv")
QUALITY = ("quality.json", "quality.csv")
TAKEN_AWAY = ("report/tables.xlsx", "report/explorer.html", "report/figures.csv")
PRODUCTS = ("summary.sqlite", *TAKEN_AWAY)
EXCHANGE = (
    "figures.parquet", "datapackage.json", "codebook.xml", "report/datapackage.json",
    "report/exchange/sdmx.csv", "report/exchange/sdmx.json", "report/exchange/codes.csv", "report/exchange/README.md",
)  # fmt: skip
ANONYMISED = ("anonymised.dta", "anonymised.sav", "anonymised.json")
"""Made unless the study says ``microdata: none``."""


@dataclass(frozen=True, slots=True)
class Written:
    """One file a run left, and whether this run made it."""

    path: Path
    meaning: str
    made: bool


@dataclass(frozen=True, slots=True)
class Artefacts:
    """What a run of a study is to leave. ``pages``: its documents in English; ``released``: the files of anonymised workers;
    ``not_asked``: documents that the study does not want. Where each file stands, and what it is, by its name."""

    pages: list[str]
    released: tuple[str, ...]
    not_asked: frozenset[str]
    places: dict[str, Path]
    meanings: dict[str, str]


def artefacts_of(head: StudySpec, languages: Mapping[str, Language], clean: Path, output: Path) -> Artefacts:
    """The artefacts of a study, put into ``clean`` and, what is for readers, into ``output``."""
    pages = [f"report/{report}{ENDINGS[f]}" for report in head.each_report for f in dict.fromkeys(head.formats)]
    not_asked = {f"report/{report}{end}" for report in REPORTS for end in ENDINGS.values()} - set(pages)
    released = ANONYMISED if head.microdata != "none" else ()
    of_scenarios = {"estimates.parquet", *COVERAGE} if head.coverage is None else set()
    left_out = not_asked | of_scenarios | (set(ANONYMISED) - set(released))
    meanings = {name: meaning for name, meaning in MEANING.items() if name not in left_out}
    for code, language in languages.items():
        translated = {name_in(n, code): n for n in [*pages, *TAKEN_AWAY]} if code != ENGLISH else {}
        meanings |= {n: f"{MEANING[of]}, in {language.name}" for n, of in translated.items()}
    places = {n: output / n.removeprefix("report/") if n.startswith("report/") else clean / n for n in meanings}
    return Artefacts(pages, released, frozenset(not_asked), places, meanings)
