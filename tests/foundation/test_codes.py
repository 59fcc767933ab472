"""Code lists and crosswalks: what the reference page says must not be mapped is refused, by name and with its rows."""

from __future__ import annotations

import math

import numpy as np
import pytest

from informality.foundation.codes import CodeListSpec, CrosswalkSpec, read_crosswalk
from informality.foundation.errors import ExitCode, InformalityError
from informality.foundation.library import LIBRARY
from informality.foundation.schema import read_schema
from informality.foundation.specfile import load

LISTS = sorted((LIBRARY / "codes").glob("*.yml"))
CROSSWALKS = sorted((LIBRARY / "codes" / "crosswalks").glob("*.yml"))


@pytest.mark.parametrize("path", LISTS, ids=lambda p: p.stem)
def test_every_list_has_a_source_and_a_standing_and_fits_the_schema(path: object) -> None:
    spec = load(path, CodeListSpec).spec  # type: ignore[arg-type]
    assert spec.source and spec.status
    fits = [n for n, v in read_schema().variables.items() if set(spec.codes.values()) <= set(v.categories)]
    assert fits, f"{spec.title}: no variable of the schema has these categories"


def test_isco_88_does_not_fit_the_variable_of_isco_08() -> None:
    """A profile that reads ISCO-88 groups into `occupation` is refused, since the list does not fit."""
    spec = load(LIBRARY / "codes" / "isco88-major.yml", CodeListSpec).spec
    schema = read_schema()
    assert not set(spec.codes.values()) <= set(schema["occupation"].categories)
    assert set(spec.codes.values()) <= set(schema["occupation_88"].categories)


@pytest.mark.parametrize("path", CROSSWALKS, ids=lambda p: p.stem)
def test_every_crosswalk_adds_up(path: object) -> None:
    spec = load(path, CrosswalkSpec).spec  # type: ignore[arg-type]
    for code, link in spec.codes.items():
        assert math.fsum(link.links.values()) <= 1.0 + 1e-9, code
        assert not link.links or link.links[link.to] == max(link.links.values()), code


def test_divisions_of_rev_31_that_are_spread_are_refused() -> None:
    walk = read_crosswalk("isic31-division-to-isic4-section")
    never = {22, 63, 64, 70, 74, 75, 92}  # in bold on the reference page
    approximate = {10, 23, 52, 90}  # below 0.80 there
    refused = {code for code in walk.spec.codes if walk.refusal(code)}
    assert refused == never | approximate
    assert {code for code in walk.spec.codes if walk.refusal(code, least=0.7)} == never
    mapped = walk.map([1, 5, "05", 15, 45.0, 95, 74, 74, 52, None, 98])
    assert mapped.values.tolist() == ["A", "A", "A", "C", "F", "T", None, None, None, None, None]
    assert mapped.refused[74] == ("its classes are spread over several sections (M 44%, N 42%)", 2)
    assert mapped.refused[52] == ("only 76% of its links go to G (G 76%, S 18%)", 1)
    assert mapped.refused[98] == ("not a code of ISIC Rev.3.1 divisions", 1)
    assert walk.map([52], least=0.7).values.tolist() == ["G"]


def test_sections_k_and_o_of_rev_31_are_never_mapped() -> None:
    walk = read_crosswalk("isic31-section-to-isic4-section")
    assert walk.map(list("ABCDFHJMNPQ")).values.tolist() == list("AABCFIKPQTU")
    for least in (0.8, 0.0):
        assert set(walk.map(["K", "O"], least=least).refused) == {"K", "O"}
    assert set(walk.map(["E", "I", "L"]).refused) == {"E", "I", "L"}
    assert walk.map(["E", "I", "L"], least=0.5).values.tolist() == ["D", "H", "O"]


def test_isco_88_major_groups_are_never_mapped() -> None:
    walk = read_crosswalk("isco88-major-to-isco08-major")
    mapped = walk.map([1, 2, 8], least=0.0)
    assert mapped.values.tolist() == [None, None, None]
    assert all("keep the code in its own version" in why for why, _ in mapped.refused.values())


def test_status_in_both_versions() -> None:
    down, up = read_crosswalk("icse18-to-icse93"), read_crosswalk("icse93-to-icse18")
    assert down.map([41, 42, 43, 44, 12, 22, 51]).values.tolist() == [1, 1, 1, 1, 2, 3, 5]
    assert set(down.map([11, 21, 30]).refused) == {11, 21, 30}
    assert down.map([11, 21, 30], least=0.5).values.tolist() == [2, 3, None]
    assert set(up.map([1, 2, 3, 4, 5, 6]).refused) == {1, 2, 3, 4, 5, 6}
    assert up.map([5, 1], least=0.5).values.tolist() == [51, None]


def test_the_ilo_aggregates_of_rev_31() -> None:
    walk = read_crosswalk("isic31-section-to-ilo-aggregate")
    mapped = walk.map(list("ABCDEFGHIJKLMNOPQX"))
    assert mapped.refused == {}
    assert mapped.values.tolist() == ["AGR", "AGR", "MEL", "MAN", "MEL", "CON", *["MKT"] * 5, *["PUB"] * 6, "X"]


def test_refused_codes_are_named_all_at_once() -> None:
    walk = read_crosswalk("isic31-division-to-isic4-section")
    assert walk.translate([1, np.nan, 65]).tolist() == ["A", None, "K"]
    with pytest.raises(InformalityError) as failure:
        walk.translate([1, 74, 74, 22])
    assert failure.value.code == ExitCode.DATA
    assert [p.what for p in failure.value.problems] == [
        "code 22 of ISIC Rev.3.1 divisions is not mapped to ISIC Rev.4 sections",
        "code 74 of ISIC Rev.3.1 divisions is not mapped to ISIC Rev.4 sections",
    ]
    assert failure.value.problems[1].found == "2 rows; its classes are spread over several sections (M 44%, N 42%)"


def test_an_unknown_crosswalk_names_the_nearest() -> None:
    with pytest.raises(InformalityError) as failure:
        read_crosswalk("isco88-to-isco08")
    assert failure.value.problems[0].fix == "did you mean `isco88-major-to-isco08-major`?"
