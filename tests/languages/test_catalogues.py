"""Every published text is in the English catalogue, and the others hold to their grammar.

Authority: the code, the library and the sources of the reports themselves, read by ``texts.py``; messages by hand.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from informality.foundation.errors import ExitCode, InformalityError
from informality.foundation.language import (
    Language,
    counted,
    english,
    language_of,
    listed,
    say,
    speaking,
    spoken,
    still_english,
)

TRANSLATED = ("es", "lo")


@pytest.fixture(scope="module")
def texts() -> ModuleType:
    spec = importlib.util.spec_from_file_location("texts", Path(__file__).with_name("texts.py"))
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# -- completeness --------------------------------------------------------------------------------------


def test_the_english_catalogue_holds_every_published_text(texts: ModuleType) -> None:
    known = {text for found in english().spec.texts.values() for text in found}
    gathered = {text for found in texts.gathered().values() for text in found}
    lacking, gone = sorted(gathered - known), sorted(known - gathered)
    told = (
        "library/languages/en.yml is not what is published: run `python tests/languages/texts.py`, or write by hand\n"
    )
    lines = [f"    - {texts.quoted(text)}   # to add" for text in lacking]
    lines += [f"    - {texts.quoted(text)}   # to drop, nothing says it any more" for text in gone]
    assert not lines, told + "\n".join(lines)


def test_no_text_is_published_without_being_said(texts: ModuleType) -> None:
    found = [
        f'{path.name}, line {line}: "{text}"'
        for path in texts.PUBLISHING
        if path.name not in texts.NOT_PUBLISHED | {*texts.EXEMPT}
        for line, text in texts.unsaid(path)
    ]
    fix = 'say it with `say("…", part=…)`, a whole sentence with its parts in {places}, so that it can be translated'
    assert not found, f"{fix}:\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ('def f(n):\n    return f"About {n} persons moved"\n', ["About {} persons moved"]),
        ('def f():\n    return Column("low", "Low")\n', ["Low"]),
        ('def f(n):\n    return say("About {n} persons moved", n=n)\n', []),
        ('def f():\n    """Words for programmers."""\n    raise InformalityError(Problem("a b", "it is wrong"))\n', []),
        ('def f(x):\n    return f"<td>{x}</td>" if x == "Two words" else TITLES["Two words"]\n', []),
    ],
)
def test_a_text_that_is_not_said_is_found(texts: ModuleType, tmp_path: Path, code: str, expected: list[str]) -> None:
    path = tmp_path / "page.py"
    path.write_text(code, encoding="utf-8")
    assert [text for _, text in texts.unsaid(path)] == expected


def test_a_constant_that_is_published_is_found(texts: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "page.py"
    path.write_text('LEAD = "So it is"\nWORDS = {"open key": "Left open", "b": "to"}\nROOT = "a/b"\n', encoding="utf-8")
    assert [text for _, text in texts.constants(path)] == ["So it is", "Left open", "to"]


@pytest.mark.parametrize("code", TRANSLATED)
def test_shipped_catalogues_are_sound(texts: ModuleType, code: str) -> None:
    """Their grammar is checked when they are read; their paragraphs are those of the reports, word for word."""
    language, paragraphs = language_of(code), set(texts.prose())
    stale = [text for text in language.prose if text not in paragraphs]
    told = f"{code}.yml, prose: no report has these paragraphs any more; drop them (they are English then), or translate anew"
    assert not stale, told + "\n" + "\n".join(stale)


# -- saying --------------------------------------------------------------------------------------------

OWN = Language("es", "Español", ",", ".", {"Low": "Bajo", "{n} of {all}": "De {all}, {n}"}, {}, frozenset({"Low"}))


def test_a_text_is_said_in_the_language_of_the_block_and_english_after_it() -> None:
    assert say("Low") == "Low"
    with speaking(OWN):
        assert [say("Low"), say("{n} of {all}", n=1, all=3), say("High")] == ["Bajo", "De 3, 1", "High"]
        with speaking(Language()):
            assert (say("Low"), spoken().code) == ("Low", "en")
        assert spoken().code == "es"
    assert (say("{n} of {all}", n=1, all=3), spoken().code) == ("1 of 3", "en")


def test_what_is_not_translated_or_not_checked_is_counted_once() -> None:
    with speaking(OWN):
        for text in ("Low", "Low", "{n} of {all}", "High", "High", "12", "LAK", ""):
            say(text)
        say(say("Low"))  # a text that was said already is no English one
        assert counted() == (1, 1)
    with speaking(OWN):
        assert counted() == (0, 0)
    assert counted() == (0, 0)


def test_what_is_still_english_is_known_as_far_as_it_can_be() -> None:
    lao = Language("lo", "ລາວ", ",", " ", {"Low": "ຂອບລຸ່ມ"}, {}, frozenset())
    texts = ("two left out", "ILOSTAT", "Low", "ຂອບລຸ່ມ of all", "12 345,6", "Not said")
    assert not any(map(still_english, texts))  # an English document
    with speaking(lao):
        say("Not said")
        say("Low")
        assert [t for t in texts if still_english(t)] == ["two left out", "Not said"]
    with speaking(OWN):
        say("High")
        assert [t for t in (*texts, "High") if still_english(t)] == ["High"]  # the same letters: only what was said


def test_a_text_without_parts_keeps_its_braces() -> None:
    with speaking(OWN):
        assert say("{{< include x >}} {0}") == "{{< include x >}} {0}"
    assert say("{{< include x >}} {0}") == "{{< include x >}} {0}"


def test_lists_of_words() -> None:
    assert (listed([]), listed(["a"]), listed(["a", "b", "c"])) == ("", "a", "a and b and c")


# -- catalogues that are wrong -------------------------------------------------------------------------

HEAD = """\
language: xx
name: Test
sources: [here]
numbers: {decimal: ",", group: ".", source: here, status: assumption}
"""


def own(folder: Path, text: str) -> Path:
    place = folder / "languages"
    place.mkdir()
    (place / "xx.yml").write_text(text, encoding="utf-8")
    return place


def test_a_catalogue_of_ones_own_is_read(tmp_path: Path) -> None:
    place = own(tmp_path, HEAD + 'checked: {"Low": "Bas"}\ndraft: {"High": "Haut"}\n')
    language = language_of("xx", place)
    assert (dict(language.texts), language.unread) == ({"Low": "Bas", "High": "Haut"}, {"High"})


def test_every_mistake_of_a_catalogue_is_told_at_once(tmp_path: Path) -> None:
    text = HEAD.replace("language: xx", "language: yy") + (
        'checked: {"Low": "Bas", "Hihg": "Haut"}\n'
        'draft: {"Low": "Bas", "{low} to {high}": "{low} à {hight}", "High": " "}\n'
        'prose: {"See @tbl-region. {{< var a.b >}}": "Voir @tbl-area."}\n'
    )
    with pytest.raises(InformalityError) as failure:
        language_of("xx", own(tmp_path, text))
    assert failure.value.code == ExitCode.SPEC
    told = [(p.place, p.what, p.found, p.fix) for p in failure.value.problems]
    assert told == [
        (
            "xx.yml, line 1",
            "the file has the name of another language",
            "",
            "name the file yy.yml, or write `language: xx`",
        ),
        ("xx.yml, line 5", "this text is not one that is published", "`Hihg`", "did you mean `High`?"),
        ("xx.yml, line 6", "this text stands under `checked`, too", "`Low`", "keep one"),
        (
            "xx.yml, line 6",
            "the translation has other places than the English text",
            "missing: high; too many: hight",
            "English: `{low} to {high}`",
        ),
        ("xx.yml, line 6", "the translation is empty", "`High`", "write it, or drop the line"),
        (
            "xx.yml, line 7",
            "the translation has other places than the English text",
            "missing: @tbl-region, {{< var a.b >}}; too many: @tbl-area",
            "English: `See @tbl-region. {{< var a.b >}}`",
        ),
    ]


def test_an_unknown_language_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InformalityError) as failure:
        language_of("fr")
    (problem,) = failure.value.problems
    assert problem.what == "there is no language of this name"
    assert all(code in problem.fix for code in TRANSLATED)
