"""Which encoding a text is in, told by its letters; and what is done where they do not tell.

Authority: words of the field's languages, encoded by Python's codecs; what each should be read as is written beside it.
"""

from __future__ import annotations

import random

import pytest

from informality.survey.encodings import ContradictedError, UndecidedError, known_name, settle

SPANISH = ["Ocupación", "Año", "sí", "Niñez", "EDUCACIÓN", "¿Trabajó?", "Nº de años", "1ª", "pingüino"]
PORTUGUESE = ["São Paulo", "não", "Ocupação", "avós", "Índice", "cônjuge"]
FRENCH = ["élève", "à côté", "Français", "où", "œuvre", "l’école"]
ENGLISH = ["Bachelor’s pass", "crèche", "Ships’ engineers", "R1 – R200"]


@pytest.mark.parametrize("words", [SPANISH, PORTUGUESE, FRENCH, ENGLISH])
@pytest.mark.parametrize("encoding", ["utf-8", "windows-1252", "cp850"])
@pytest.mark.parametrize("declared", [None, "UTF-8", "windows-1252", "ISO-8859-1", "cp850"])
def test_words_of_the_field_are_read_as_written(words: list[str], encoding: str, declared: str | None) -> None:
    """Whatever the file says of itself; and when it says another thing, a warning says so."""
    texts = {word.encode(encoding, "ignore") for word in words}
    odd = {text for text in texts if not text.isascii()}
    if encoding == "cp850" and words is ENGLISH:
        odd = {"crèche".encode("cp850")}
    found = settle(odd, file=declared)
    assert known_name(found.name) == known_name(encoding)
    said = {"ISO-8859-1": "windows-1252"}.get(declared or "", declared)
    right = said is not None and known_name(said) == known_name(encoding)
    assert (found.source == "file") == right
    assert bool(found.warning) == (not right and not (declared is None and encoding == "utf-8"))


@pytest.mark.parametrize(
    ("word", "encoding"),
    [
        ("Работа по найму", "cp1251"),
        ("работа", "cp1251"),
        ("العمل في القطاع", "cp1256"),
        ("งานทั่วไป", "cp874"),
        ("±5", "cp1252"),
    ],
)
def test_other_alphabets_are_not_guessed(word: str, encoding: str) -> None:
    with pytest.raises(UndecidedError, match="in windows-1252, “"):
        settle([word.encode(encoding)])
    for declared in ({"file": encoding}, {"profile": encoding}):
        found = settle([word.encode(encoding)], **declared)
        assert word in found.evidence and not found.warning


def test_what_a_profile_declares_is_held_against_the_text() -> None:
    assert settle(["año".encode("cp850")], profile="CP850").source == "profile"
    with pytest.raises(ContradictedError, match="are no text in it"):
        settle(["año".encode("latin-1")], profile="utf-8")
    with pytest.raises(LookupError):
        settle([], profile="klingon")
    warned = settle(["año".encode()], profile="windows-1252")
    assert (
        warned.name == "windows-1252"
        and warned.warning == "the profile says that the text is windows-1252, but it is UTF-8"
    )


def test_text_without_odd_letters_needs_no_encoding() -> None:
    assert settle([]).words == "UTF-8 (no letter beyond ASCII)"
    assert settle([], file="cp1252").words == "windows-1252 (as the file itself says)"


def test_half_letters_at_the_end_of_columns_are_no_other_encoding() -> None:
    whole = ["ocupación".encode(), "niñez".encode()]
    assert settle([*whole, "año".encode()[:2]]).name == "UTF-8"
    # but words that end in an accent are not taken for halves of letters
    assert settle([w.encode("cp1252") for w in ("trabajó", "está", "café")]).name == "windows-1252"


@pytest.mark.parametrize(
    ("name", "ours"),
    [("WINDOWS-1252", "windows-1252"), ("cp1252", "windows-1252"), ("utf8", "UTF-8"), ("UTF_8", "UTF-8"),
     ("ISO-8859-1", "latin-1"), ("macintosh", "mac-roman"), ("windows-874", "cp874"), ("IBM850", "cp850"), ("CP936", "gbk")],
)  # fmt: skip
def test_names_of_encodings(name: str, ours: str) -> None:
    assert known_name(name) == ours


def test_no_mixture_of_the_three_goes_through_unseen() -> None:
    """Texts of a file in one encoding and of another in a second: never read as the one without a word."""
    chance = random.Random(0)
    for _ in range(50):
        one, other = chance.sample(["utf-8", "windows-1252", "cp850"], 2)
        texts = [w.encode(one) for w in chance.sample(SPANISH[:5], 3)] + [
            w.encode(other) for w in chance.sample(SPANISH[:5], 3)
        ]
        with pytest.raises(UndecidedError):
            settle(texts)
