"""The interview: answers that follow the routing of the questionnaire.

Answers are words (the code names of the recipe) or numbers; ``None`` is a question not put, or left blank.
Given the answers, the ILO chart of the 17th ICLS finds the class of work each person was given.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from informality.survey.synthetic_people import BLANK, WORKING_AGE, Bools, Chance, Recipe, Words, bands, where
from informality.survey.synthetic_work import EMPLOYEES, OWNERS, PUBLIC

Answers = dict[str, Words]
MONEY = ("ear01", "ear02")


@dataclass(frozen=True, slots=True)
class Work:
    """What is true of each person's main work, whatever is answered; every array has shape (persons,)."""

    adult: Bools
    employed: Bools
    own_use: Bools
    employee: Bools
    owner: Bools
    family: Bools
    casual: Bools
    farm: Bools
    household: Bools
    public: Bools
    formal_unit: Bools
    formal_job: Bools

    @classmethod
    def of(cls, people: pd.DataFrame) -> Work:
        """Read it from the columns that :func:`~informality.survey.synthetic_work.assign_work` made."""
        status, workplace = people["status"].to_numpy(), people["workplace"].to_numpy()
        household = workplace == "household"
        return cls(
            adult=(people["age"] >= WORKING_AGE).to_numpy(),
            employed=people["employed"].to_numpy(),
            own_use=people["own_use"].to_numpy(),
            employee=np.isin(status, EMPLOYEES) | ((status == "other") & household),
            owner=np.isin(status, OWNERS),
            family=status == "contributing_family",
            casual=status == "casual",
            farm=people["agriculture"].to_numpy(),
            household=household,
            public=np.isin(workplace, PUBLIC),
            formal_unit=people["formal_unit"].to_numpy(),
            formal_job=people["formal_job"].to_numpy(),
        )

    @property
    def private(self) -> Bools:
        """In a private business or farm that sells: the questions about the unit are for them."""
        return self.employed & ~self.own_use & ~self.public & ~self.household


def interview(people: pd.DataFrame, recipe: Recipe, chance: Chance) -> pd.DataFrame:
    """One column per variable of the questionnaire, object dtype, in the order of the recipe.

    ``people`` carries the final weights, so that mean earnings can be set to the level of the recipe.
    """
    work = Work.of(people)
    a = _roster(people)
    _screening(a, people, work, recipe, chance)
    _unit(a, people, work, recipe, chance)
    _protection(a, work, recipe, chance)
    _place_and_size(a, people, work, recipe, chance)
    _activity(a, people, work, recipe, chance)
    _hours_and_money(a, people, work, recipe, chance)
    _search(a, people, work, recipe, chance)
    _leave_out(a, work, recipe, chance)
    _set_earnings(a, people, recipe)
    return pd.DataFrame({name: a[name] for name in recipe["variables"]}, dtype=object)


def _yes_no(asked: npt.ArrayLike, yes: npt.ArrayLike) -> Words:
    return where(asked, np.where(yes, "yes", "no"))


def _roster(people: pd.DataFrame) -> Answers:
    area = people["area"]
    columns = {
        "province": "province",
        "stratum": "stratum",
        "psu": "psu",
        "hh": "hh",
        "hl01": "line",
        "v": "weight",
        "hhsize": "hhsize",
        "hl03": "relation",
        "hl04": "sex",
        "hl05": "age",
        "ed01": "education",
    }
    a: Answers = {name: people[column].to_numpy(dtype=object) for name, column in columns.items()}
    a["vtype1"] = np.where(area == "urban", "urban", "rural").astype(object)
    a["vtype2"] = where(area != "urban", area)
    return a


def _screening(a: Answers, people: pd.DataFrame, work: Work, recipe: Recipe, chance: Chance) -> None:
    """ep01 to ep09 (worked, destination of farm output, absence); opw04, opw05 (production for own use)."""
    table, jobs, n = recipe["answers"], recipe["jobs"], len(people)
    luck = chance.rng.random(n)
    absent = work.employed & ~work.own_use & (luck < jobs["absent"])
    attached = work.adult & ~work.employed & (luck < jobs["attached_but_not_employed"])
    farmer = work.farm & (work.owner | work.family)

    a["ep01"] = _yes_no(work.adult, work.employed & ~work.owner & ~work.family & ~absent)
    a["ep02"] = _yes_no(a["ep01"] == "no", work.owner & ~absent)
    a["ep03"] = _yes_no(a["ep02"] == "no", work.family & ~absent)
    a["ep04"] = _yes_no((a["ep02"] == "yes") | (a["ep03"] == "yes"), farmer)
    goal = np.select([work.own_use, work.formal_unit], ["own_use", "formal"], "market")
    a["ep05"] = chance.choose(where(a["ep04"] == "yes", goal), jobs["destination"])
    a["ep06"] = _yes_no((a["ep03"] == "no") | work.own_use, absent | attached)
    away = np.select([absent, attached], ["employed", "not_employed"], BLANK)
    spell = chance.choose(away, table["absence"])
    a["ep07"] = chance.choose(spell, table["absence_reason"])
    long = np.isin(spell, list(table["absence_length"]))
    a["ep08"] = where(spell == "within_3_months", spell)
    a["ep08"][long] = chance.choose(spell[long], table["absence_length"])
    a["ep09"] = _yes_no(long, spell == "paid_meanwhile")

    area = np.where(people["area"] == "urban", "urban", "rural")
    who = pd.Series(np.select([work.own_use, farmer], ["own_use", "farm"], area))
    crops = chance.rng.random(n) < who.map(jobs["own_use_crops"])
    gathering = chance.rng.random(n) < who.map(jobs["own_use_gathering"])
    # Whoever is not employed on the 13th ICLS basis produced nothing; an own-use producer produced something.
    a["opw04"] = _yes_no(work.adult, work.employed & (crops | (work.own_use & ~gathering)))
    a["opw05"] = _yes_no(work.adult, work.employed & gathering)


def _unit(a: Answers, people: pd.DataFrame, work: Work, recipe: Recipe, chance: Chance) -> None:
    """Status, institutional sector, registration and books of the unit."""
    table = recipe["answers"]
    a["ac03"] = people["status"].to_numpy()
    hired = work.employee | (a["ac03"] == "other")
    a["ac11a"] = where(hired, np.where(work.household, "household", "organisation"))
    sector = np.select([work.public, a["ep05"] == "only_own"], [people["workplace"], "household"], "private")
    unsure = chance.rng.random(len(people)) < table["institution_not_known"]
    sector = np.where(work.private & work.employee & unsure, "dont_know", sector)
    a["ac13"] = where(work.employed & ~work.household, sector)

    asked = work.private & ~work.casual
    who = np.where(work.employee, "informal_employee", "informal_owner")
    way = chance.choose(where(asked & work.formal_unit, "any"), {"any": table["recognised_by"]})
    registered, books_only = way == "registration", way == "books"
    case = np.where(books_only, "books", who)
    a["ac15"] = chance.choose(where(asked & ~registered, case), table["registration"])
    a["ac15"][registered] = "yes"
    case = np.where(registered, "registration", who)
    a["ac16"] = chance.choose(where(asked & ~books_only, case), table["bookkeeping"])
    a["ac16"][books_only] = "complete"


def _protection(a: Answers, work: Work, recipe: Recipe, chance: Chance) -> None:
    """Contract, income tax, social security and paid leave of employees."""
    table = recipe["answers"]
    protected = np.where(work.formal_job, "protected", "unprotected")
    a["ac08"] = chance.choose(where(work.employee, protected), table["social_security"])
    # Where social security is not known both paid leaves make the job formal, so the two must agree.
    case = np.select(
        [a["ac08"] == "yes", a["ac08"] == "no", work.formal_job],
        ["contributes", "does_not", "not_known_protected"],
        "not_known_unprotected",
    )
    leave = pd.Series(chance.choose(where(work.employee, case), table["leave"]), dtype=object)
    for i, name in enumerate(("ac09", "ac10")):
        a[name] = where(work.employee, leave.str.split("/").str[i])
    terms = np.select([work.formal_job, work.formal_unit], ["protected", "formal_unit"], "informal_unit")
    a["ac04"] = chance.choose(where(work.employee, terms), table["contract"])
    bound = work.employee & (a["ac04"] != "none")
    a["ac05"] = chance.choose(where(bound, terms), table["contract_duration"])
    a["ac07"] = chance.choose(where(work.employee, terms), table["income_tax"])


def _place_and_size(a: Answers, people: pd.DataFrame, work: Work, recipe: Recipe, chance: Chance) -> None:
    """Place of work (everyone with work) and size of the unit (private units that sell)."""
    table = recipe["answers"]
    # Casual workers are not asked about registration: place and size must speak for a formal unit, unless
    # social security does, and must not speak for an informal one.
    by_size = work.casual & work.formal_unit & work.private & (a["ac08"] != "yes")
    sector = np.where(work.formal_unit, "formal_", "informal_").astype(object)
    branch = np.where(people["industry"], "industry", "services")
    place = np.select(
        [by_size, work.household, work.public, work.farm & work.formal_unit & work.employee, work.farm],
        ["fixed", "household", "office", "company_farm", "farm"],
        sector + branch,
    )
    a["ac18"] = chance.choose(where(work.employed, place), table["place"])

    small = work.casual & ~work.formal_unit & (a["ac18"] == "fixed")
    size = np.select(
        [by_size, small, work.farm & ~work.employee & ~work.formal_unit],
        ["casual_large", "casual_small", "farm_owner"],
        sector + np.where(work.employee, "employee", "owner"),
    )
    a["ac17"] = chance.choose(where(work.private, size), table["size"])


def _activity(a: Answers, people: pd.DataFrame, work: Work, recipe: Recipe, chance: Chance) -> None:
    """Industry, occupation and voluntary social security."""
    jobs, divisions = recipe["jobs"], recipe["variables"]["lsic2"]["codes"]
    workplace = people["workplace"].to_numpy()
    branch = np.where(people["industry"], "_industry", "_services").astype(object)
    private = np.where(work.formal_unit, "private_formal", "private_informal") + branch
    direct = np.isin(workplace, ["government", "npish", "international", "household"])
    group = np.select(
        [
            work.own_use,
            work.farm & work.formal_unit & work.employee,
            work.farm,
            direct,
            workplace == "state_enterprise",
            work.employed,
        ],
        [
            "own_use",
            "company_farm",
            "farm",
            workplace,
            "state_enterprise" + branch,
            private + "_" + people["sex"].to_numpy(dtype=object),
        ],
        BLANK,
    )
    a["lsic2"] = chance.choose(group, jobs["division"])

    activity = {name: entry["activity"] for name, entry in divisions.items()}
    kind = np.select(
        [work.own_use, work.farm & work.employee, work.farm, a["ac03"] == "employer"],
        ["own_use", "farm_hand", "farmer", "employer"],
        pd.Series(a["lsic2"]).map(activity),
    )
    skills = {"tertiary": "high", "post_secondary": "mid", "upper_secondary": "mid"}
    skill = people["education"].map(skills).fillna("low")
    a["lsco4"] = np.full(len(people), None, dtype=object)
    for level in ("low", "mid", "high"):
        table = {name: shares[level] for name, shares in jobs["occupation"].items()}
        here = work.employed & (skill == level).to_numpy()
        a["lsco4"][here] = chance.choose(kind[here], table)
    a["vs01"] = _yes_no(work.owner | work.family, people["voluntary"])


def _hours_and_money(a: Answers, people: pd.DataFrame, work: Work, recipe: Recipe, chance: Chance) -> None:
    """Usual and actual hours, number of jobs, earnings of employees and income of owners."""
    table, n, rng = recipe["amounts"], len(people), chance.rng
    kind = pd.Series(np.select([work.own_use, work.farm, work.formal_unit], ["own_use", "farm", "formal"], "informal"))
    hours = table["hours"]
    usual = kind.map(hours["middle"]) + people["sex"].map(hours["sex"])
    usual += kind.map(hours["spread"]) * rng.standard_normal(n)
    last_week = usual + hours["last_week_spread"] * rng.standard_normal(n)
    usual, last_week = (h.round().clip(hours["least"], hours["most"]) for h in (usual, last_week))
    a["hw01"] = where(work.employed, usual)
    a["hw02"] = where(work.employed, last_week.where(a["ep06"] != "yes", 0))
    second = rng.random(n) < kind.map(table["second_job"])
    third = second & (rng.random(n) < table["third_job"])
    a["mj01"] = where(work.employed, 1.0 + second + third)

    described = people.assign(
        job=np.where(work.formal_job, "formal", "informal"),
        unit=np.select([work.household, work.formal_unit], ["household", "formal"], "informal"),
    )
    for name, asked, terms in (
        ("ear01", work.employee, table["earnings"]),
        ("ear02", work.owner & ~work.own_use, table["income"]),
    ):
        score = chance.score(described, terms["effects"]) + terms["spread"] * rng.standard_normal(n)
        a[name] = where(asked, kind.map(terms["middle"]) * np.exp(score))


def _search(a: Answers, people: pd.DataFrame, work: Work, recipe: Recipe, chance: Chance) -> None:
    """Search and availability of those not employed on the 19th ICLS basis."""
    table, n = recipe["answers"], len(people)
    asked = work.adult & (~work.employed | work.own_use)
    unemployed = people["unemployed"].to_numpy()
    luck = chance.rng.random(n)
    seeker = unemployed | (luck < table["search"]["unavailable_seeker"])
    discouraged = ~seeker & (luck > 1 - table["search"]["available_not_seeking"])
    a["js01"] = _yes_no(asked, seeker)
    a["js02"] = chance.choose(where(asked & seeker, "any"), {"any": table["search_method"]})
    a["js03"] = _yes_no(asked, unemployed | discouraged)
    reasons = table["reason_not_seeking"]
    age = bands(people["age"], (name for name in reasons if name != "own_use"))
    who = np.where(work.own_use, "own_use", age)
    a["js04"] = chance.choose(where(asked & ~seeker, who), reasons)
    months = recipe["amounts"]["search_months"]
    spent = np.ceil(chance.rng.exponential(months["mean"], n)).clip(1, months["most"])
    a["js05"] = where(asked & seeker, spent)


def _leave_out(a: Answers, work: Work, recipe: Recipe, chance: Chance) -> None:
    """Don't knows, refusals and blanks where a question was put, placed so that no margin moves."""
    unknown_protection = ~np.isin(a["ac08"], ["yes", "no"])
    proxies = work.casual & work.formal_unit
    keep = {
        "ac04": a["ac04"] == "none",  # the next question depends on it
        "ac09": unknown_protection,
        "ac10": unknown_protection,
        # A blank may be read as don't know (informal), or as not asked (then place, size and social
        # security decide): only where both give the same.
        "ac15": work.formal_unit | (a["ac18"] == "fixed") | (a["ac08"] == "yes"),
        "ac16": a["ac16"] == "complete",
        "ac17": proxies,
        "ac18": proxies,
        "vs01": a["vs01"] == "yes",
    }
    for name, shares in recipe["answers"]["nonresponse"].items():
        asked = pd.notna(a[name]) & ~keep.get(name, False)
        reply = chance.choose(where(asked, "any"), {"any": {"answered": 1 - sum(shares.values()), **shares}})
        a[name] = np.where(pd.isna(reply) | (reply == "answered"), a[name], reply)
    for name, answer in a.items():
        a[name] = np.where(answer == "blank", BLANK, answer)

    table, age = recipe["amounts"], a["hl05"].astype(float)
    a["hl05"] = np.where(age >= table["oldest_code"], "oldest", a["hl05"])
    old = np.flatnonzero((age >= table["age_not_known_from"]) & ~work.employed & (a["js01"] == "no"))
    a["hl05"][chance.rng.choice(old, table["age_not_known"], replace=False)] = "dont_know"


def _set_earnings(a: Answers, people: pd.DataFrame, recipe: Recipe) -> None:
    """Bring mean earnings by sex to the level of the recipe, and round all amounts as people do."""
    table, weight = recipe["amounts"], people["weight"].to_numpy()
    amounts = {name: pd.to_numeric(pd.Series(a[name]), errors="coerce").to_numpy(copy=True) for name in MONEY}
    for sex, mean in recipe["earnings_mean"].items():
        paid = (people["sex"] == sex).to_numpy() & ~np.isnan(amounts["ear01"])
        amounts["ear01"][paid] *= mean / np.average(amounts["ear01"][paid], weights=weight[paid])
    for name, amount in amounts.items():
        rounded = (amount / table["rounding"]).round() * table["rounding"]
        a[name] = np.where(np.isnan(amount), a[name], rounded.clip(table["least"], table["most"]))
