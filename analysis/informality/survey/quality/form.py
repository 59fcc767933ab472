"""The form of the file: answers outside their universe, persons and households twice, ages, sexes, households."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from informality.foundation.grammar import CellValue
from informality.survey.account import Bools
from informality.survey.quality.findings import Finding
from informality.survey.quality.seen import Seen, percent

BLOCK = "form"
ADULT: dict[str, CellValue] = {"age": [">= 15", "unknown"]}


def check_form(seen: Seen) -> Iterator[Finding]:
    """All checks of the form, in order."""
    yield from _outside(seen)
    yield from _twins(seen)
    yield from _ages(seen)
    yield from _sexes(seen)
    yield from _households(seen)


# -- answers outside their universe --------------------------------------------------------------------


def _outside(seen: Seen) -> Iterator[Finding]:
    """Answers from persons whom the schema does not ask: of children, to questions asked widely, and stray ones.

    They are kept out as not applicable whatever the reason. Stray answers are told by the share of the group that
    gave them; a question that most of a group answered was put to that group.
    """
    adult = seen.mask(ADULT)
    status = seen.groups("status")
    works = seen.mask({"worker": "yes"})
    statuses = {} if status is None else {n: works & (status.of == i) for i, n in enumerate(status.names)}
    idle = adult & ~works
    unemployed = idle & seen.mask({"labour_force": "unemployed"})
    groups = {"the unemployed": unemployed, "persons outside the labour force": idle & ~unemployed}
    groups |= {n[:1].lower() + n[1:]: who for n, who in statuses.items()}
    children: dict[str, int] = {}
    wide: dict[str, list[str]] = {}
    stray: list[tuple[float, int, str, str]] = []
    for name, rows in seen.survey.outside.items():
        here = np.zeros(len(adult), dtype=bool)
        here[rows] = True
        if young := int((here & ~adult).sum()):
            children[name] = young
        for title, who in groups.items():
            n, of = int((here & who).sum()), int(who.sum())
            if not n:
                continue
            if n >= seen.limit("asked_widely") * of:
                wide.setdefault(title, []).append(name)
            else:
                stray.append((seen.share(here, who), n, name, f"{name} {n:,} of {of:,} {title}"))
    if children:
        most = max(children, key=lambda name: children[name])
        yield Finding(
            BLOCK,
            "children",
            "note",
            seen.profile.file.place("variables"),
            f"{_variables(len(children))} with answers from children under 15",
            f"most on {most}: {children[most]:,} of {int((~adult).sum()):,} children",
            "kept out as not applicable: the figures are about persons aged 15 and over",
            children[most],
        )
    if wide:
        yield Finding(
            BLOCK,
            "asked_widely",
            "note",
            seen.profile.file.place("variables"),
            "questions that the survey puts to more persons than the schema",
            "; ".join(f"{title}: {', '.join(names)}" for title, names in wide.items()),
            "the answers of the others are kept out as not applicable",
        )
    if stray:
        stray.sort(reverse=True)
        share, n = stray[0][0], max(n for _, n, *_ in stray)
        yield Finding(
            BLOCK,
            "outside",
            seen.graded(n, share),
            seen.place(stray[0][2]),
            "answers from persons whom the question does not concern",
            "; ".join(words for *_, words in stray[:8]) + (f"; {len(stray) - 8} more" if len(stray) > 8 else ""),
            "kept out as not applicable; look at the routing, and at the codes of status",
            n,
            share,
        )


def _variables(n: int) -> str:
    return f"{n} {'variable' if n == 1 else 'variables'}"


# -- persons and households twice ----------------------------------------------------------------------


def _twins(seen: Seen) -> Iterator[Finding]:
    """Workers, and households of three and more, who agree in every answer with another of the same place."""
    measured = [n for n in seen.survey.schema.measured() if n in seen.profile.measured]
    answers = pd.util.hash_pandas_object(seen.frame[measured], index=False)
    place = pd.factorize(seen.frame["psu"])[0]
    with np.errstate(over="ignore"):
        key = pd.Series(answers.to_numpy() * np.uint64(31) + place.astype(np.uint64))
    works = seen.mask({"worker": "yes"})
    if seen.profile.spec.design.psu != "none" and works.any():
        twin = np.zeros(len(key), dtype=bool)
        twin[works] = key[works].duplicated(keep=False).to_numpy()
        if seen.share(twin, works) > seen.limit("twins"):
            yield Finding(
                BLOCK,
                "twin_persons",
                "warning",
                seen.profile.file.place("keys", "person"),
                "workers who agree in every answer with another worker of the same sampling unit",
                seen.counted(twin, works),
                "see whether part of the file stands in it twice",
                int(twin.sum()),
                seen.share(twin, works),
            )
    household = seen.frame["household_id"]
    if household.isna().all():
        return
    of = pd.factorize(household)[0]
    size = np.bincount(of[of >= 0])
    whole = np.zeros(len(size), dtype=np.uint64)
    with np.errstate(over="ignore"):
        np.add.at(whole, of[of >= 0], answers.to_numpy()[of >= 0])
    large = size >= seen.limit("household_twin_size")
    twin_households = np.zeros(len(size), dtype=bool)
    twin_households[large] = pd.Series(whole[large]).duplicated(keep=False).to_numpy()
    share = twin_households.sum() / max(large.sum(), 1)
    if share > seen.limit("twins"):
        yield Finding(
            BLOCK,
            "twin_households",
            "warning",
            seen.profile.file.place("keys", "household"),
            "households whose members agree in every answer with those of another household",
            f"{int(twin_households.sum()):,} of {int(large.sum()):,} households of "
            f"{seen.limit('household_twin_size'):g} persons and more ({percent(share)})",
            "interviews may have been copied, or part of the file stands in it twice",
            int(twin_households.sum()),
            float(share),
        )


# -- ages, sexes and households -------------------------------------------------------------------------


def whipple(age: np.ndarray, weight: np.ndarray) -> float:
    """Whipple's index: persons of 23 to 62 whose age ends in 0 or 5, in per cent of a fifth of them. 100: no heaping."""
    between = (age >= 23) & (age <= 62)
    round_age = between & (np.mod(age, 5) == 0)
    total = weight[between].sum()
    return float(500 * weight[round_age].sum() / total) if total else np.nan


def ages_in_years(seen: Seen) -> bool:
    """Whether ages are single years of enough persons, so that heaping can be seen."""
    age = seen.frame["age"].to_numpy(dtype=float)
    between = age[(age >= 23) & (age <= 62)]
    return len(between) >= seen.limit("age_cases") and len(np.unique(between)) == 40


def _ages(seen: Seen) -> Iterator[Finding]:
    age = seen.frame["age"].to_numpy(dtype=float)
    odd = (age < 0) | (age > seen.limit("age_highest"))
    if odd.any():
        yield Finding(
            BLOCK,
            "age_range",
            "error",
            seen.place("age"),
            f"ages below 0 or above {seen.limit('age_highest'):g}",
            f"{', '.join(f'{a:g}' for a in np.unique(age[odd])[:6])}; {int(odd.sum()):,} persons",
            "declare the code as unknown",
            int(odd.sum()),
            seen.share(odd, ~np.isnan(age)),
        )
    if not ages_in_years(seen):
        return
    index = whipple(age, seen.weight)
    if index >= seen.limit("whipple_note"):
        yield Finding(
            BLOCK,
            "age_heaping",
            "warning" if index >= seen.limit("whipple_warning") else "note",
            seen.place("age"),
            "ages are rounded to 0 and 5",
            f"Whipple's index {index:.0f}, where 100 is no rounding and 500 that of everybody",
            "age groups that begin or end at a round age take in each other's members",
        )


def _sexes(seen: Seen) -> Iterator[Finding]:
    men, women = seen.mask({"sex": "male"}), seen.mask({"sex": "female"})
    few = seen.limit("age_cases")
    if men.sum() + women.sum() < few:
        return
    ratio = 100 * seen.weight[men].sum() / max(seen.weight[women].sum(), 1e-9)
    low, high = seen.limit("sex_ratio_low"), seen.limit("sex_ratio_high")
    if not low <= ratio <= high:
        yield Finding(
            BLOCK,
            "sex_ratio",
            "warning",
            seen.place("sex"),
            f"{ratio:,.0f} men for 100 women",
            f"{int(men.sum()):,} men and {int(women.sum()):,} women in the file, weighted; usual are {low:g} to {high:g}",
            "see whether the codes of sex are read rightly, and whether rows are missing",
        )


def _households(seen: Seen) -> Iterator[Finding]:
    """Households that are too large, have no adult, or mostly one person: signs of a wrong key or lost rows."""
    household = seen.frame["household_id"]
    if household.isna().all():
        return
    of = pd.factorize(household)[0]
    known = of >= 0
    size = np.bincount(of[known])
    adults = np.bincount(of[known], weights=_adult(seen)[known], minlength=len(size))
    odd = {
        "household_size": (
            size > seen.limit("household_size"),
            0.0,
            f"households of more than {seen.limit('household_size'):g} persons",
        ),
        "household_no_adult": (adults == 0, seen.limit("household_no_adult"), "households without an adult"),
        "household_one": (size == 1, seen.limit("household_one"), "most households have one person"),
    }
    for check, (which, most, what) in odd.items():
        n = int(which.sum())
        if n > most * len(size):
            yield Finding(
                BLOCK,
                check,
                "warning",
                seen.profile.file.place("keys", "household"),
                what,
                f"{n:,} of {len(size):,} households ({percent(n / len(size))}); largest {int(size.max()):,} persons",
                "see whether the household key names the right columns, and whether rows are missing",
                n,
                n / len(size),
            )


def _adult(seen: Seen) -> Bools:
    return seen.mask(ADULT)
