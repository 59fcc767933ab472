"""Invented villages, households and persons, and the weights that make them add up.

The sample has strata (province by area), villages numbered within their stratum, and households numbered
within their village. Persons of one village or household resemble each other through shared random terms.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import brentq
from scipy.special import expit

from informality.foundation.errors import ExitCode, InformalityError, Problem

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Words = npt.NDArray[np.object_]
Recipe = Mapping[str, Any]

AREAS = ("urban", "road", "no_road")
WORKING_AGE = 15
BLANK = np.array(None, dtype=object)


def where(asked: npt.ArrayLike, answer: npt.ArrayLike) -> Words:
    """The answer where the question is asked, blank (``None``) elsewhere."""
    kept: Words = np.where(asked, np.asarray(answer, dtype=object), BLANK)
    return kept


def bands(age: npt.ArrayLike, names: Iterable[str]) -> Words:
    """The band of each age; every name but the first begins with the age its band starts at (``35_54``)."""
    names = list(names)
    starts = [int(name.split("_")[0]) for name in names[1:]]
    return np.array(names, dtype=object)[np.searchsorted(starts, age, side="right")]


@dataclass(frozen=True, slots=True)
class Chance:
    """The only source of randomness: one generator, used in a fixed order."""

    rng: np.random.Generator

    def choose(self, key: npt.ArrayLike | pd.Series, table: Mapping[str, Mapping[Any, float]]) -> Words:
        """One answer for each element of ``key``, drawn from the shares in ``table[key]``.

        Shares are made to sum to one; a missing key stays blank (``None``).
        """
        keys = pd.Series(key, dtype=object).reset_index(drop=True)
        chosen = np.full(len(keys), None, dtype=object)
        for name in sorted(keys.dropna().unique()):
            here = np.flatnonzero(keys == name)
            shares = table[name]
            p = np.array(list(shares.values()), dtype=float)
            options = np.array(list(shares), dtype=object)
            chosen[here] = options[self.rng.choice(len(p), size=len(here), p=p / p.sum())]
        return chosen

    def score(self, people: pd.DataFrame, effects: Mapping[str, Any]) -> Floats:
        """Sum of effects for each person, shape (persons,).

        An effect is a table by level of a column (levels not named count zero); for ``village`` and
        ``household`` it is the standard deviation of a normal term that their members share.
        """
        total = np.zeros(len(people))
        for name, effect in effects.items():
            column = people[name]
            if name in ("village", "household"):
                total += effect * self.rng.standard_normal(int(column.max()) + 1)[column]
            elif column.dtype == bool:
                total += np.where(column, effect.get("yes", 0.0), effect.get("no", 0.0))
            else:
                total += column.map(effect).fillna(0.0).to_numpy(dtype=float)
        return total

    def happen(self, people: pd.DataFrame, among: Bools, total: float, effects: Mapping[str, Any]) -> Bools:
        """Whom something happens to: a logit on ``effects`` whose constant makes ``total`` persons expected.

        ``people.weight`` counts persons; ``among`` is the universe, shape (persons,), all False outside it.
        """
        weight = people["weight"].to_numpy()[among]
        if not 0 < total < weight.sum():
            raise InformalityError(
                Problem(
                    "made-up survey",
                    "a margin of the recipe does not fit into its group",
                    f"{total:,.0f} persons wanted among {weight.sum():,.0f}",
                    "look at the margins of the recipe",
                ),
                ExitCode.SPEC,
            )
        score = self.score(people, effects)[among]
        constant = brentq(lambda c: float(weight @ expit(score + c)) - total, -60.0, 60.0)
        happens = np.zeros(len(people), dtype=bool)
        happens[among] = self.rng.random(len(score)) < expit(score + constant)
        return happens


def rake(weight: Floats, margins: Sequence[tuple[str, npt.ArrayLike, float]]) -> Floats:
    """Weights that meet every margin, the closest to ``weight`` in the raking distance.

    Solves sum over persons of ``w exp(x' lambda) x = totals`` by Newton steps (Deville and Särndal 1992,
    case 2); x holds the 0/1 columns of ``margins`` (name, members, total). Redundant margins are allowed.
    """
    x = np.column_stack([np.asarray(members, dtype=float) for _, members, _ in margins])
    totals = np.array([total for _, _, total in margins])
    multiplier = np.zeros(x.shape[1])
    for _ in range(60):
        raked: Floats = weight * np.exp(x @ multiplier)
        short = totals - raked @ x
        if np.max(np.abs(short) / totals) < 1e-12:
            return raked
        multiplier += np.linalg.lstsq((x * raked[:, None]).T @ x, short, rcond=1e-10)[0]
    worst = int(np.argmax(np.abs(short) / totals))
    raise InformalityError(
        Problem(
            "made-up survey",
            "the weights cannot meet all margins of the recipe",
            f"`{margins[worst][0]}` stays {short[worst]:,.0f} away from {totals[worst]:,.0f}",
            "look for margins that contradict each other, or for a group without persons",
        ),
        ExitCode.SPEC,
    )


def draw_people(recipe: Recipe, chance: Chance) -> pd.DataFrame:
    """All members of the responding households, one row each, with weights that meet province, age and sex.

    Columns: province, area, stratum, psu, hh, line, village and household (running numbers), hhsize,
    relation, sex, age (years), age_group (``child`` below 15), education, weight (persons).
    """
    people = _members(_draw_households(recipe, chance), recipe, chance)
    people["weight"] = rake(people["weight"].to_numpy(), demography(people, recipe))
    people["education"] = _education(people, recipe["education"], chance)
    return people


def demography(people: pd.DataFrame, recipe: Recipe) -> list[tuple[str, npt.ArrayLike, float]]:
    """Margins of the population: provinces, children by sex, age groups by sex."""
    margins = recipe["margins"]
    population = margins["population"]
    adults = population * margins["population_15_plus"]
    share_of_children = {"male": margins["children_male"], "female": 1 - margins["children_male"]}
    pattern = margins["age_sex"]
    adult_pattern = sum(sum(ages.values()) for ages in pattern.values())
    out: list[tuple[str, npt.ArrayLike, float]] = []
    for name, persons in margins["province"].items():
        share = persons / sum(margins["province"].values())
        out.append((f"province {name}", people["province"] == name, population * share))
    for sex, ages in pattern.items():
        of_sex = people["sex"] == sex
        children = of_sex & (people["age_group"] == "child")
        out.append((f"{sex} children", children, (population - adults) * share_of_children[sex]))
        for age, thousands in ages.items():
            of_age = of_sex & (people["age_group"] == age)
            out.append((f"{sex} {age}", of_age, adults * thousands / adult_pattern))
    return out


def _draw_households(recipe: Recipe, chance: Chance) -> pd.DataFrame:
    """Responding households with their weight: households stood for, corrected for non-response."""
    design, margins = recipe["design"], recipe["margins"]
    code = {name: entry["code"] for name, entry in recipe["variables"]["province"]["codes"].items()}
    strata = pd.DataFrame(
        [
            (province, area, persons * share)
            for province, persons in margins["province"].items()
            for area, share in _area_shares(design, province).items()
            if share > 0
        ],
        columns=["province", "area", "persons"],
    )
    strata["persons"] *= margins["population"] / strata["persons"].sum()
    strata["stratum"] = strata["province"].map(code) * 10 + strata["area"].map(AREAS.index) + 1
    wanted = strata["persons"] ** design["allocation_power"]
    villages = (wanted / wanted.sum() * design["villages"]).round().clip(lower=design["smallest_allocation"])
    single = {tuple(place) for place in design["one_village"]}
    is_single = pd.MultiIndex.from_frame(strata[["province", "area"]]).isin(single)
    strata["villages"] = villages.astype(int).where(~is_single, 1)
    sizes = recipe["households"]["size"]
    size = {area: np.average(list(shares), weights=list(shares.values())) for area, shares in sizes.items()}

    village = strata.loc[strata.index.repeat(strata["villages"])].reset_index(drop=True)
    village["psu"] = village.groupby("stratum").cumcount() + 1
    take = design["households_a_village"]
    unequal = np.exp(design["village_spread"] * chance.rng.standard_normal(len(village)))
    weight = village["persons"] / village["area"].map(size) / (village["villages"] * take) * unequal
    response = village["area"].map(design["response"]).to_numpy()[:, None]
    responded = chance.rng.random((len(village), take)) < response
    responded[:, 0] |= ~responded.any(axis=1)
    village["weight"] = weight * take / responded.sum(axis=1)

    row, number = np.nonzero(responded)
    households = village.loc[row, ["province", "area", "stratum", "psu", "weight"]].reset_index(drop=True)
    return households.assign(hh=number + 1, village=row, household=np.arange(len(row)))


def _area_shares(design: Mapping[str, Any], province: str) -> dict[str, float]:
    urban, no_road = design["urban"][province], design["no_road"][province]
    return {"urban": urban, "road": 1 - urban - no_road, "no_road": no_road}


def _members(households: pd.DataFrame, recipe: Recipe, chance: Chance) -> pd.DataFrame:
    """One row per person: line number, relation to the head, sex and age."""
    table, rng = recipe["households"], chance.rng
    size = chance.choose(households["area"], table["size"]).astype(int)
    band = chance.choose(np.full(len(size), "any"), {"any": table["head_age"]}).astype(int)
    head_age = band + rng.integers(0, table["head_age_band"], len(size))
    head_male = rng.random(len(size)) < table["head_male"]
    couple = rng.random(len(size)) < table["with_spouse"]

    people = households.loc[households.index.repeat(size)].reset_index(drop=True)
    people["line"] = people.groupby("household").cumcount() + 1
    home = people["household"].to_numpy()
    people["hhsize"] = size[home]
    n, line, head = len(people), people["line"].to_numpy(), head_age[home]
    others = table["others_by_age_of_head"]
    other = chance.choose(bands(head, others), others)
    relation = np.select([line == 1, (line == 2) & couple[home]], ["head", "spouse"], other)

    birth = table["head_at_birth"]
    child = head - rng.normal(birth["mean"], birth["spread"], n).clip(birth["least"], birth["most"])
    grown = child > table["child_leaves"]["after"]
    child = np.where(grown, rng.integers(0, table["child_leaves"]["returns_below"], n), child)
    gap = rng.normal(table["spouse_younger"]["mean"], table["spouse_younger"]["spread"], n)
    ages = {
        "head": head,
        "spouse": np.maximum(head - np.where(head_male[home], gap, -gap), table["adult"]),
        "child": child,
        "grandchild": rng.integers(0, table["grandchild_oldest"] + 1, n),
        "parent": head + rng.normal(table["parent_older"]["mean"], table["parent_older"]["spread"], n),
        "other": rng.integers(table["other_age"]["least"], table["other_age"]["most"] + 1, n),
    }
    age = np.select([relation == r for r in ages], list(ages.values())).clip(0, table["oldest"]).astype(int)
    by_chance = rng.random(n) < table["other_male"]
    male_head = head_male[home]
    male = np.select([relation == "head", relation == "spouse"], [male_head, ~male_head], by_chance)

    people["relation"] = relation
    people["sex"] = np.where(male, "male", "female").astype(object)
    people["age"] = age
    people["age_group"] = bands(age, ["child", *recipe["margins"]["age_sex"]["male"]])
    return people


def _education(people: pd.DataFrame, table: Mapping[str, Any], chance: Chance) -> Words:
    """Highest level completed: an ordered score cut so that adults have the shares of the recipe.

    Nobody holds a level before the age at which it can be completed; below the age of asking it is blank.
    """
    levels = np.array(list(table["attained"]), dtype=object)
    score = chance.score(people, table["effects"]) + chance.rng.standard_normal(len(people))
    adult = people["age"].to_numpy() >= WORKING_AGE
    order = np.argsort(score[adult])
    reached = np.cumsum(people["weight"].to_numpy()[adult][order])
    shares = np.cumsum(list(table["attained"].values()))[:-1]
    cuts = score[adult][order][np.searchsorted(reached, reached[-1] * shares)]
    earliest = [0, *(table["completed_from_age"][level] for level in levels[1:])]
    possible = np.searchsorted(earliest, people["age"].to_numpy(), side="right") - 1
    education = levels[np.minimum(np.searchsorted(cuts, score), possible)]
    return where(people["age"] >= table["asked_from_age"], education)
