"""YAML that fails well: each mistake with its line, what was found, what is allowed; all of them at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import Field

from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.foundation.specfile import SpecModel, Words, composed, load, slowly_composed


class Item(SpecModel):
    title: Words
    size: float | None = None
    kind: Literal["share", "total", "mean"] = "share"


class File(SpecModel):
    id: Words
    items: dict[str, Item | Literal["not_asked"]] = Field(default_factory=dict)
    tags: list[Words] = Field(default_factory=list)
    answers: dict[str, Words] = Field(default_factory=dict)


GOOD = """\
id: demo
items:
  sex:
    title: Sex
    size: 3
  leave: not_asked
answers: {yes: yes, no: no, 15_24: Young}
tags: [a, b]
"""


def problems(text: str, tmp_path: Path) -> list[Problem]:
    path = tmp_path / "demo.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InformalityError) as failure:
        load(path, File)
    assert failure.value.code == ExitCode.SPEC
    return list(failure.value.problems)


def one(text: str, tmp_path: Path) -> Problem:
    (problem,) = problems(text, tmp_path)
    return problem


def test_yes_no_and_underscores_stay_words(tmp_path: Path) -> None:
    path = tmp_path / "demo.yml"
    path.write_text(GOOD, encoding="utf-8")
    file = load(path, File)
    assert file.spec.answers == {"yes": "yes", "no": "no", "15_24": "Young"}
    assert file.spec.items["leave"] == "not_asked"
    assert file.place("items", "sex", "title") == "demo.yml, line 4"
    assert file.place("items", "sex", "absent") == "demo.yml, line 3"
    assert file.place() == "demo.yml, line 1"


def test_missing_file_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "demo.yml").write_text(GOOD, encoding="utf-8")
    with pytest.raises(InformalityError) as failure:
        load(tmp_path / "demi.yml", File)
    (problem,) = failure.value.problems
    assert problem.what == "this file does not exist"
    assert problem.fix == "did you mean `demo.yml`?"


def test_unknown_key(tmp_path: Path) -> None:
    problem = one(GOOD.replace("    title: Sex", "    title: Sex\n    titel: Sex"), tmp_path)
    assert problem == Problem(
        "demo.yml, line 5", "the key `titel` is not known here", "`titel` in `items.sex`", "did you mean `title`?"
    )


def test_missing_key(tmp_path: Path) -> None:
    problem = one(GOOD.replace("    title: Sex\n", ""), tmp_path)
    assert problem.place == "demo.yml, line 3"
    assert problem.what == "`title` is missing in `items.sex`"


def test_duplicate_key(tmp_path: Path) -> None:
    problem = one(GOOD + "id: again\n", tmp_path)
    assert problem == Problem(
        "demo.yml, line 9", "the key `id` is given twice", "first on line 1, again on line 9", "keep one of them"
    )


def test_tab(tmp_path: Path) -> None:
    problem = one("id: demo\nitems:\n\tsex: {title: Sex}\n", tmp_path)
    assert problem.place == "demo.yml, line 3"
    assert problem.what == "a tab stands where YAML wants spaces"


def test_wrong_type(tmp_path: Path) -> None:
    problem = one(GOOD.replace("size: 3", "size: three"), tmp_path)
    assert (problem.place, problem.what, problem.found) == (
        "demo.yml, line 5",
        "`items.sex.size` should be a number",
        "`three`",
    )
    problem = one(GOOD.replace("[a, b]", "a"), tmp_path)
    assert problem.what == "`tags` should be a list (lines that begin with `-`, or [a, b])"


def test_value_not_allowed(tmp_path: Path) -> None:
    problem = one(GOOD.replace("    size: 3", "    kind: totl"), tmp_path)
    assert (problem.what, problem.found, problem.fix) == (
        "`items.sex.kind` has a value that is not allowed",
        "`totl`",
        "did you mean `total`?",
    )


def test_a_misspelt_word_in_place_of_a_mapping(tmp_path: Path) -> None:
    problem = one(GOOD.replace("not_asked", "not_aked"), tmp_path)
    assert (problem.place, problem.found, problem.fix) == (
        "demo.yml, line 6",
        "`not_aked`",
        "did you mean `not_asked`?",
    )


def test_not_yaml_and_not_utf8_and_empty(tmp_path: Path) -> None:
    problem = one("id: [demo\nitems: {}\n", tmp_path)
    assert problem.what == "the file is not valid YAML here"
    assert problem.place == "demo.yml, line 2"
    assert one("", tmp_path).what == "the file is empty"
    path = tmp_path / "latin.yml"
    path.write_bytes("id: a\nitems: {}\ntags: [Educación]\n".encode("latin-1"))
    with pytest.raises(InformalityError) as failure:
        load(path, File)
    assert failure.value.problems[0].place == "latin.yml, line 3"
    assert failure.value.problems[0].what == "the file is not UTF-8 text"


def test_characters_that_cannot_be_printed_are_found_as_they_are_and_as_they_are_escaped(tmp_path: Path) -> None:
    def said(line: int, what: str, found: str) -> Problem:
        return Problem(f"demo.yml, line {line}", f"{what} holds a character that cannot be printed", found, "delete it")

    escaped = GOOD.replace("    title: Sex", '    title: "Se\\x07x"') + '"a\\rb": 1\n'
    assert problems(escaped, tmp_path)[:2] == [said(4, "`items.sex.title`", "U+0007"), said(9, "a key", "U+000D")]
    codes = {
        "\\0": "U+0000",
        "\\x1F": "U+001F",
        "\\x7F": "U+007F",
        "\\x9F": "U+009F",
        "\\uD800": "U+D800",
        "\\uFFFF": "U+FFFF",
    }
    for character, code in codes.items():
        assert one(GOOD.replace("title: Sex", f'title: "{character}"'), tmp_path).found == code
    raw = GOOD.replace("title: Sex", "title: S\x07ex\x08") + "\x1f\n"
    assert problems(raw, tmp_path) == [said(4, "this line", "U+0007"), said(9, "this line", "U+001F")]


def test_tabs_breaks_marks_of_direction_and_every_script_are_text(tmp_path: Path) -> None:
    path = tmp_path / "demo.yml"
    words = "a\tb\nc \u202e\u200f ເພດ 👩\u200d🌾 é\u0301"
    path.write_text(GOOD.replace("title: Sex", f"title: {json.dumps(words, ensure_ascii=False)}"), encoding="utf-8")
    assert load(path, File).spec.items["sex"].title == words


def test_all_at_once(tmp_path: Path) -> None:
    text = "id: demo\nid: twice\nitems:\n  sex: {titel: Sex, size: big}\n  age: {title: Age, kind: sum}\nextra: 1\n"
    found = problems(text, tmp_path)
    assert sorted(p.place for p in found) == [f"demo.yml, line {n}" for n in (2, 4, 4, 4, 5, 6)]


def _flat(node: Any) -> Any:
    """Tag, text and line of every node, keys in order."""
    if node.id == "scalar":
        return str(node.tag), str(node.value), node.start_mark.line
    inside = node.value if node.id == "sequence" else [part for pair in node.value for part in pair]
    return node.id, node.start_mark.line, [_flat(part) for part in inside]


@pytest.mark.parametrize("folder", ["informality/library", "studies"])
def test_the_fast_reader_reads_what_the_slow_one_reads(folder: str) -> None:
    """Every file of the project, and words that YAML 1.1 and 1.2 take for different things."""
    root = Path(__file__).parents[2] / "analysis" / folder
    texts = [p.read_text(encoding="utf-8-sig") for p in sorted(root.rglob("*.yml"))]
    assert len(texts) > 5
    for text in [
        *texts,
        "[yes, no, on, off, y, 0o17, 017, 1_000, 12:30, .inf, 1e3, ~, null, True, 2021-01-01, '1', <<]",
    ]:
        assert _flat(composed(text)) == _flat(slowly_composed(text))
