"""The country report made from a made-up survey: what it says, what it hides, and that it needs nothing from outside."""

from __future__ import annotations

import dataclasses
import itertools
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

from informality.foundation.errors import ExitCode, InformalityError
from informality.publication import annex
from informality.publication.prose import contrast, extremes
from informality.publication.published import publication
from informality.publication.report import Material, build_reports
from informality.publication.table import one_line
from informality.publication.view_specs import ContrastSpec, ExtremesSpec


class Page(HTMLParser):
    """The words of a page, its tags and its attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)
        self.text = one_line(" ".join(self.words))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if not self.tags or self.tags[-1][0] != "style":
            self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


@pytest.fixture(scope="module")
def html(built: Path) -> str:
    return (built / "country.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def variables(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "_build" / "_variables.yml").read_text(encoding="utf-8")))


def variable(tree: dict[str, Any], name: str) -> Any:
    for key in name.split("."):
        tree = tree[key]
    return tree


# -- the same bytes, and nothing suppressed in them ----------------------------------------------------


def test_the_same_inputs_give_the_same_bytes_and_a_value_left_in_a_suppressed_row_changes_nothing(
    mock: ModuleType, country: Path, built: Path, tmp_path: Path
) -> None:
    results = mock.results()
    hidden = results["grade"] == "suppressed"
    assert (results.loc[hidden, "value"] == mock.HIDDEN).all()
    results.loc[hidden, ["value", "se", "ci_low", "ci_high", "cv"]] = np.nan
    written = build_reports(
        Material(mock.inputs(results=results)), [country], tmp_path, ["html", "pdf", "docx", "review"]
    )
    assert written[0] == tmp_path / "country.html"
    first = {p.relative_to(built): p.read_bytes() for p in built.rglob("*") if p.is_file()}
    second = {p.relative_to(tmp_path): p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    assert {tmp_path / name for name in second} == set(written)
    assert first == second


def test_no_text_holds_the_suppressed_value(mock: ModuleType, built: Path, page: Page) -> None:
    shown = f"{mock.HIDDEN * 100:.1f}"
    safe = mock.results().query("grade != 'suppressed'")
    for column in ("value", "ci_low", "ci_high"):
        assert not ((safe[column] * 100).round(1) == float(shown)).any(), "another row shows the same number"
    assert shown not in page.text
    assert str(mock.HIDDEN)[:6] not in (built / "country.html").read_text(encoding="utf-8")
    for drawing in (built / "_build" / "_figures").glob("*.svg"):
        drawn = re.findall("<!--(.*?)-->", drawing.read_text(encoding="utf-8"))  # the texts, beside their outlines
        assert drawn
        assert not any(shown in text for text in drawn)


# -- one file that asks for nothing --------------------------------------------------------------------


def test_nothing_is_loaded_from_outside(html: str, page: Page) -> None:
    assert not re.findall(
        r"https?://", re.sub(r"base64,[A-Za-z0-9+/=]+", "", html).replace("http://www.w3.org/1998/Math", "")
    )
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "link", "iframe", "object", "embed"}
    assert all((img["src"] or "").startswith("data:image/svg+xml;base64,") for img in page.all("img"))
    policy = next(m["content"] for m in page.all("meta") if m.get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in str(policy)


# -- hostile labels ------------------------------------------------------------------------------------


def test_hostile_labels_show_as_text(mock: ModuleType, built: Path, html: str, page: Page) -> None:
    assert one_line(mock.NASTY) in page.text
    assert "<script>" not in html
    assert "root:" not in html
    alternatives = [img["alt"] for img in page.all("img")]
    assert any(one_line(mock.NASTY) in str(alt) for alt in alternatives)


# -- the prose says what the results table says --------------------------------------------------------


def test_the_source_holds_no_number_typed_by_hand(country: Path) -> None:
    text = country.read_text(encoding="utf-8").split("---", 2)[2]
    words = re.sub(r"\{\{<.*?>\}\}|\{[#.][^}]*\}", "", text)
    assert re.findall(r"\d", words) == []


def test_every_number_named_in_the_prose_is_that_of_the_results_table(
    mock: ModuleType, country: Path, built: Path, page: Page
) -> None:
    tree, results = variables(built), mock.results()
    named = set(re.findall(r"\{\{< var (\S+)\.text >\}\}", country.read_text(encoding="utf-8")))
    assert len(named) > 20
    checked = 0
    for name in named:
        table, *rest = name.split(".")
        pairs = {p.split("-", 1)[0]: p.split("-", 1)[1] for p in rest if "-" in p}
        rows = results[(results["table"] == table)]
        if table in ("headline", "numbers", "hours"):
            rows = rows[rows["indicator"] == rest[0]]
        dims = rows[["dim1", "dim2", "dim3"]].notna().sum(axis=1)
        rows = rows[dims == len(pairs)]
        for dim, level in pairs.items():
            match = [(rows[f"dim{i}"] == dim) & (rows[f"level{i}"] == level) for i in (1, 2, 3)]
            rows = rows[match[0] | match[1] | match[2]]
        assert len(rows) == 1, name
        found = rows.iloc[0]
        text = variable(tree, name)["text"]
        assert text in page.text
        number, low, high = (float(t.replace("\u202f", "")) for t in re.findall(r"[\d\u202f.]+", text)[:3])
        scale, tolerance = (
            (100, 0.05) if found["unit"] == "share" else (1, 0.05 if found["unit"] == "hours" else found["se"] / 10)
        )
        for printed, column in ((number, "value"), (low, "ci_low"), (high, "ci_high")):
            assert printed == pytest.approx(found[column] * scale, abs=tolerance + 1e-9), name
        checked += 1
    assert checked == len(named)


def test_extremes_by_hand(mock: ModuleType) -> None:
    rows = pd.DataFrame(
        [
            ("sex", "male", 0.50, 0.48, 0.52, "good"),
            ("sex", "female", 0.56, 0.54, 0.58, "good"),
            ("region", "r01", 0.2, 0.1, 0.3, "good"),
            ("region", "r02", 0.4, 0.3, 0.5, "caution"),
            ("region", "r03", 0.9, 0.8, 0.99, "unreliable"),
            ("region", "r04", 0.3, 0.2, 0.4, "good"),
            ("region", "unknown", 0.1, 0.05, 0.2, "good"),
        ],
        columns=["dim1", "level1", "value", "ci_low", "ci_high", "grade"],
    )
    rows = rows.reindex(columns=list(mock.COLUMNS)).assign(table="t", unit="share", se=0.01, n=500.0)
    pub = publication(rows, mock.labels(), mock.inputs().reliability, "d", "")
    named = extremes(ExtremesSpec(table="t", by="region"), pub)
    assert "Phongsaly, 40.0 per cent (30.0 to 50.0; use with caution: a wide margin); the lowest" in named
    assert "Vientiane Capital, 20.0 per cent (10.0 to 30.0)." in named
    assert "too few groups" in extremes(ExtremesSpec(table="t", by="sex"), pub)


def test_sentences_that_compare_rest_on_the_difference_and_its_error(mock: ModuleType) -> None:
    rows = pd.DataFrame(
        [
            ("sex", "male-female", -0.06, -0.084, -0.036, 0.0001, "good"),
            ("area", "rural-urban", 0.004, -0.02, 0.028, 0.74, "good"),
            ("agriculture", "a-b", None, None, None, None, "suppressed"),
        ],
        columns=["dim1", "level1", "value", "ci_low", "ci_high", "p", "grade"],
    )
    rows = rows.reindex(columns=list(mock.COLUMNS)).assign(
        table="differences", indicator="rate", unit="points", se=0.012, n=500.0, confidence=0.95
    )
    pub = publication(rows, mock.labels(), mock.inputs().reliability, "d", "")
    sex = contrast(ContrastSpec(indicator="rate", by="sex", levels=["male", "female"]), pub)
    assert sex == "The share is 6.0 percentage points (3.6 to 8.4) higher for the group “Women” than for “Men”."
    area = contrast(ContrastSpec(indicator="rate", by="area", levels=["rural", "urban"]), pub)
    assert area == (
        "The group “Rural” is ahead of “Urban” by 0.4 percentage points (−2.0 to 2.8), "
        "which is no more than chance alone can bring."
    )
    unknown = contrast(ContrastSpec(indicator="rate", by="agriculture", levels=["a", "b"]), pub)
    assert unknown == "This survey cannot say whether the two groups differ."


# -- figures -------------------------------------------------------------------------------------------


def test_every_figure_says_its_numbers_in_words(page: Page) -> None:
    alternatives = [str(img["alt"]) for img in page.all("img")]
    assert len(alternatives) == 11  # ten of tables, one of a model
    for alt in alternatives:
        assert re.match(r"(Dot plot|Line chart|Stacked bar chart) with the 95% confidence interval\. ", alt)
        assert re.search(r": \d+\.\d \(\d+\.\d to \d+\.\d", alt)
    industry = next(a for a in alternatives if "by economic activity" in a)
    assert "U International bodies: too few answers to show" in industry
    assert "not reliable" in industry
    protection = next(a for a in alternatives if "each protection" in a)
    assert "Paid sick leave: cannot be worked out" in protection


def test_figures_keep_text_as_outlines_of_the_package_fonts(built: Path) -> None:
    for drawing in (built / "_build" / "_figures").glob("*.svg"):
        svg = drawing.read_text(encoding="utf-8")
        assert "<text" not in svg
        assert set(re.findall(r'id="([A-Za-z]+)-[A-Za-z]+-', svg)) <= {"NotoSans", "NotoSansLao"}


# -- reading it without seeing it ----------------------------------------------------------------------


def test_headings_go_down_one_level_at_a_time(page: Page) -> None:
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b <= a + 1 for a, b in itertools.pairwise(levels))


def test_tables_have_scopes_and_scroll_in_a_region_one_can_reach(page: Page) -> None:
    assert page.all("html")[0]["lang"] == "en"
    assert all("scope" in th for th in page.all("th"))
    regions = [div for div in page.all("div") if div.get("class") == "table-scroll"]
    assert len(regions) == len(page.all("table")) > 25
    assert all(r["tabindex"] == "0" and r["aria-label"] for r in regions)
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    targets = {str(a["href"])[1:] for a in page.all("a")}
    assert targets <= set(ids)


def test_a_made_up_survey_says_so_at_the_top_the_bottom_on_paper_and_under_every_table_and_figure(
    mock: ModuleType, built: Path, html: str, page: Page
) -> None:
    files = (built / "_build").glob("_[tf]*/*.md")
    shown = [f.name for f in files if "<table" in (text := f.read_text(encoding="utf-8")) or "fig-alt" in text]
    assert len(shown) > 30
    assert page.text.count(mock.NOTICE) == len(shown) + 2
    assert f'@top-center {{ content: "{mock.NOTICE}"' in html
    body = page.text.index("Summary")
    assert page.text.index(mock.NOTICE) < body


def test_a_real_survey_says_nothing_of_the_kind(mock: ModuleType, country: Path, tmp_path: Path) -> None:
    build_reports(Material(mock.inputs(made_up_notice="")), [country], tmp_path)
    html = (tmp_path / "country.html").read_text(encoding="utf-8")
    assert 'class="made-up"' not in html
    assert "made up" not in Page(html).text.replace("(mock)", "")


# -- surveys that lack something -----------------------------------------------------------------------


def test_a_survey_that_asked_little_still_gives_a_report_that_says_what_is_missing(
    mock: ModuleType, country: Path, tmp_path: Path
) -> None:
    results = mock.results()
    results = results[
        (results["table"] == "informal_employment")
        & (results["dim1"].isna() | (results["dim1"] == "sex"))
        & results["dim2"].isna()
    ]
    written = build_reports(Material(mock.inputs(results=results)), [country], tmp_path)
    page = Page(written[0].read_text(encoding="utf-8"))
    assert "not available in this survey" in page.text
    assert page.text.count("this study holds no such result") > 20
    assert "Persons in informal jobs usually work" not in page.text
    assert len(page.all("img")) == 1


def test_missing_questions_are_named(page: Page) -> None:
    assert "Cannot be worked out from this survey: the survey did not ask: Paid sick leave." in page.text
    assert "In part: the survey did not ask: Paid sick leave." in page.text


# -- when it cannot be made ----------------------------------------------------------------------------


def test_a_failure_leaves_what_was_there_and_nothing_else(mock: ModuleType, tmp_path: Path) -> None:
    source = tmp_path / "bad.qmd"
    source.write_text(
        "---\nengine: markdown\n---\n\nWomen {{< var informal_employment.sex-femal.text >}}\n", encoding="utf-8"
    )
    out = tmp_path / "out"
    (out / "_build").mkdir(parents=True)
    (out / "_build" / "kept.txt").write_text("kept", encoding="utf-8")
    with pytest.raises(InformalityError) as failure:
        build_reports(Material(mock.inputs()), [source], out)
    assert failure.value.code is ExitCode.RENDER
    assert "bad.qmd, line 5" in str(failure.value)
    assert "did you mean `sex-female`?" in str(failure.value)
    assert [str(p.relative_to(out)) for p in sorted(out.rglob("*"))] == ["_build", "_build/kept.txt"]


def test_a_folder_that_cannot_be_written_is_told(mock: ModuleType, country: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file stands here", encoding="utf-8")
    with pytest.raises(InformalityError, match="cannot be written") as failure:
        build_reports(Material(mock.inputs()), [country], tmp_path / "taken")
    assert failure.value.code is ExitCode.OUTPUT


def test_figures_of_others_stand_beside_ours_with_their_reasons(mock: ModuleType) -> None:
    """The numbers in a table, the reasons under it, in the same order; without any, a sentence."""
    row = {
        "id": "x", "title": "Rate (another office)", "official": 0.4, "ours": 0.352, "se": 0.01, "difference": -0.048,
        "unit": "share", "definition": "ilo", "source": "Another office", "status": "derived", "why": "Another month.",
    }  # fmt: skip
    absent = {
        **row,
        "title": "Another rate",
        "ours": float("nan"),
        "difference": float("nan"),
        "why": "Ours: not determinable.",
    }
    text = annex.comparisons(mock.inputs(comparisons=pd.DataFrame([row, absent])))
    assert "40.00 %" in text
    assert "35.20 %" in text
    assert "−4.80 points" in text
    assert "- **Rate (another office).** Another month. *Source: Another office; worked out from a source.*" in text
    assert text.index("Another month") < text.index("not determinable")
    assert "no figure of another source" in annex.comparisons(mock.inputs())
    waves = pd.DataFrame([{**row, "wave": "January to March"}, {**row, "wave": "April to June", "ours": 0.36}])
    text = annex.comparisons(mock.inputs(comparisons=waves))
    assert text.index("January to March") < text.index("35.20 %") < text.index("April to June") < text.index("36.00 %")
    assert text.count("Another month.") == 1  # one reason for both


def test_margins_that_are_known_to_be_wrong_are_said_to_be_so_at_the_front(
    mock: ModuleType, country: Path, tmp_path: Path
) -> None:
    """Where the file lacks part of the sample design the reader is told before the first number of the body, and only there."""
    inputs = mock.inputs()
    assert "These margins are" not in build_reports(Material(inputs), [country], tmp_path / "whole")[0].read_text(
        encoding="utf-8"
    )
    partial = mock.inputs(design={**inputs.design, "caution": "too small"})
    text = build_reports(Material(partial), [country], tmp_path / "partial")[0].read_text(encoding="utf-8")
    assert text.index("These margins are too small.") < text.index("<table")


def test_a_study_that_has_nothing_points_only_to_places_of_the_country_report(
    inputs: Any, pub: Any, country: Path
) -> None:
    """Every table is missing, the models among them: each is told, and no line points to a table the report does not name."""
    nothing = dataclasses.replace(pub, results=pub.results.head(0))
    views = Material(inputs).views
    told = annex.missing(views, nothing)
    assert told.count("\n- ") + 1 >= len(views.models) > 3
    places = set(re.findall(r"_tables/([\w-]+)\.md", country.read_text(encoding="utf-8")))
    assert set(re.findall(r"@tbl-([\w-]+)", told)) <= places


def test_official_figures_stand_under_their_source_told_once(mock: ModuleType) -> None:
    one = {"official": 0.5, "ours": 0.5, "difference": 0.0, "tolerance": 0.01, "unit": "share", "verdict": "reproduced"}
    rows = [
        {**one, "title": "First", "source": "Office", "status": "verified", "note": ""},
        {**one, "title": "Second", "source": "Bureau", "status": "recall", "note": None},
        {**one, "title": "Third", "source": "Office", "status": "verified", "note": "Revised since."},
    ]
    text = re.sub(r"<[^>]+>", " ", annex.benchmarks(pd.DataFrame(rows)))
    places = [text.index(words) for words in ("Office (read", "First", "Third", "Bureau (quoted", "Second")]
    assert places == sorted(places)
    assert text.count("Office (") == 1
    assert text.count("Third: Revised since.") == 1 and "First:" not in text
    waves = pd.DataFrame([{**row, "wave": wave} for wave in ("April", "May") for row in rows[:1]])
    assert annex.benchmarks(waves).index("April. Office") < annex.benchmarks(waves).index("May. Office")


def test_answers_read_by_rules_name_the_rule_and_their_columns_once(mock: ModuleType) -> None:
    rows = [
        ("sex", "s1", "1", "Man", "male", 5), ("sex", "s1", "2", "Woman", "female", 6),
        ("area", "v1, v2", "area-1", "v1 is 1", "urban", 7), ("Second job", "", "", "nothing", "not_asked", 18),
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["variable", "column", "code", "code_label", "category", "n"])
    labels = mock.inputs().labels
    known = dataclasses.replace(labels, levels={**labels.levels, "area": {"urban": "Town", "not_asked": "Not asked"}})
    text = annex.mapping(mock.inputs(mapping=frame, labels=known))
    assert text.count("from s1") == text.count("from v1, v2") == 1
    assert "rule 1" in text and "area-1" not in text
    assert "Not asked" in text and "not_asked" not in text
