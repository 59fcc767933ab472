"""What the invented persons do for a living, and the margins their jobs must meet.

Each person's class (employed or not, sector of the unit, formal or informal job) is decided here, before any
question is answered; :mod:`informality.survey.synthetic_answers` then writes answers that lead the ILO chart
of the 17th ICLS back to that class.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from informality.survey.synthetic_people import WORKING_AGE, Chance, Recipe, demography, where

PUBLIC = ("government", "state_enterprise", "npish", "international")
EMPLOYEES = ("employee", "casual")
OWNERS = ("own_account", "employer")


def assign_work(people: pd.DataFrame, recipe: Recipe, chance: Chance) -> pd.DataFrame:
    """``people`` with columns for the main work; expected totals are those of the recipe.

    employed (13th ICLS basis), agriculture, formal_unit, own_use, industry, formal_job, unemployed (19th ICLS
    basis), voluntary: bool. status and workplace: words, blank for persons without work.
    """
    jobs, effects, target = recipe["jobs"], recipe["effects"], totals(recipe)
    people = people.copy()
    weight = people["weight"].to_numpy()
    adult = (people["age"] >= WORKING_AGE).to_numpy()
    sexes = {sex: (people["sex"] == sex).to_numpy() for sex in recipe["margins"]["employed"]}

    employed = np.zeros(len(people), dtype=bool)
    for sex, of_sex in sexes.items():
        employed |= chance.happen(people, adult & of_sex, target[f"employed {sex}"], effects["employed"])
    elsewhere = chance.happen(people, employed, target["non-agriculture"], effects["non_agriculture"])
    farm = employed & ~elsewhere
    in_formal = target["formal sector, non-agriculture"]
    formal_elsewhere = chance.happen(people, elsewhere, in_formal, effects["formal_unit"])
    formal_farm = chance.happen(people, farm, target["formal sector, agriculture"], effects["formal_farm"])
    own_use = chance.happen(people, farm & ~formal_farm, target["own-use producers"], effects["own_use"])
    in_public = jobs["public_share_of_formal_non_agriculture"] * in_formal
    public = chance.happen(people, formal_elsewhere, in_public, effects["public"])
    formal_unit = formal_elsewhere | formal_farm
    domestic = chance.rng.random(len(people)) < people["sex"].map(jobs["domestic"]).to_numpy()
    domestic &= elsewhere & ~formal_elsewhere

    workplace = where(employed, np.where(formal_unit, "private_formal", "private_informal"))
    workplace[public] = chance.choose(np.full(public.sum(), "public"), {"public": jobs["workplace_public"]})
    workplace[domestic] = "household"
    kind = np.select(
        [own_use, formal_farm, farm, formal_elsewhere],
        ["own_use_", "formal_farm_", "market_farm_", "formal_"],
        "informal_",
    )
    place_in_home = people["relation"].where(people["relation"].isin(["head", "spouse"]), "member")
    group = where(employed, kind.astype(object) + place_in_home.to_numpy(dtype=object))
    group[public], group[domestic] = "public", "domestic"
    status = chance.choose(group, {**jobs["status"], "domestic": jobs["domestic_status"]})

    people = people.assign(
        employed=employed,
        agriculture=farm,
        formal_unit=formal_unit,
        own_use=own_use,
        workplace=workplace,
        status=status,
    )
    enterprise = np.isin(workplace, ["private_formal", "private_informal", "state_enterprise"])
    enterprise &= elsewhere
    people["industry"] = chance.happen(people, enterprise, target["industry"], effects["industry"])

    # An owner's job is as formal as the unit. A casual worker is not asked about registration, so social
    # security would make the unit formal: in an informal unit none has it.
    formal_job = formal_unit & np.isin(status, OWNERS)
    casual_outside = (status == "casual") & (workplace == "private_informal")
    may_be_formal = np.isin(status, EMPLOYEES) & ~casual_outside
    for sex, of_sex in sexes.items():
        rest = target[f"formal jobs {sex}"] - weight[formal_job & of_sex].sum()
        formal_job |= chance.happen(people, may_be_formal & of_sex, rest, effects["formal_job"])
    people["formal_job"] = formal_job

    jobless = adult & (~employed | own_use)
    people["unemployed"] = chance.happen(people, jobless, target["unemployed"], effects["unemployed"])
    may_join = employed & ~own_use & ~formal_job & np.isin(status, [*OWNERS, "contributing_family"])
    people["voluntary"] = chance.happen(people, may_join, target["voluntary members"], effects["voluntary"])
    return people


def totals(recipe: Recipe) -> dict[str, float]:
    """Persons in each class of work, from the published figures and the arithmetic between the two bases."""
    margins = recipe["margins"]
    employed, formal = sum(margins["employed"].values()), sum(margins["formal_jobs"].values())
    employed_19 = formal / (1 - margins["informal_share_19"])
    elsewhere = employed - margins["agriculture"]
    outside = margins["outside_formal_sector"]
    return {
        **{f"employed {sex}": float(n) for sex, n in margins["employed"].items()},
        **{f"formal jobs {sex}": float(n) for sex, n in margins["formal_jobs"].items()},
        "agriculture": margins["agriculture"],
        "non-agriculture": elsewhere,
        "formal sector, agriculture": margins["agriculture"] - outside["agriculture"],
        "formal sector, non-agriculture": elsewhere - outside["non_agriculture"],
        "own-use producers": employed - employed_19,
        "industry": margins["industry_share"] * elsewhere,
        "unemployed": margins["unemployed"],
        "voluntary members": margins["voluntary_members"] * (employed_19 - formal),
    }


def work_margins(people: pd.DataFrame, recipe: Recipe) -> list[tuple[str, npt.ArrayLike, float]]:
    """Every margin the final weights meet: the population and the classes of work."""
    male, farm, employed = people["sex"] == "male", people["agriculture"], people["employed"]
    members = {
        "employed male": employed & male,
        "employed female": employed & ~male,
        "formal jobs male": people["formal_job"] & male,
        "formal jobs female": people["formal_job"] & ~male,
        "agriculture": farm,
        "formal sector, agriculture": people["formal_unit"] & farm,
        "formal sector, non-agriculture": people["formal_unit"] & ~farm,
        "own-use producers": people["own_use"],
        "industry": people["industry"],
        "unemployed": people["unemployed"],
        "voluntary members": people["voluntary"],
    }
    target = totals(recipe)
    return [*demography(people, recipe), *((name, who, target[name]) for name, who in members.items())]
