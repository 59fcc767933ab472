"""Quality checks on a harmonised survey, all told at once, each with a severity and its evidence.

What the program cannot work with stops the harmoniser; what is left here is what a careful reader would want
to know before trusting a figure. Limits and rules are data, in ``library/quality.yml``.
"""

from __future__ import annotations

from informality.survey.harmonise import Harmonised
from informality.survey.profile import Profile
from informality.survey.quality.amounts import check_amounts
from informality.survey.quality.answers import check_answers
from informality.survey.quality.findings import LEVELS, Finding, Level, Quality, of_problem
from informality.survey.quality.form import ages_in_years, check_form, whipple
from informality.survey.quality.plausible import check_contradictions
from informality.survey.quality.seen import Seen, percent
from informality.survey.quality.spec import QualitySpec, read_quality_rules
from informality.survey.quality.weights import check_weights, psu_sizes, weight_facts

__all__ = ["LEVELS", "Finding", "Level", "Quality", "QualitySpec", "check_quality", "of_problem", "read_quality_rules"]


def check_quality(survey: Harmonised, profile: Profile) -> Quality:
    """Everything the data say about themselves; official figures and tables are checked elsewhere."""
    seen = Seen(survey, profile, read_quality_rules(), survey.frame["weight"].to_numpy(dtype=float))
    quality = Quality(facts=_facts(seen))
    quality.add([of_problem(p, "reading", "reading") for p in survey.warnings])
    quality.add(check_form(seen), 9)
    quality.add(check_answers(seen), 4 * len(profile.measured))
    check_contradictions(seen, quality)
    amounts = seen.spec.amounts
    quality.add(check_amounts(seen), sum(n in survey.asked for n in (*amounts.of, *amounts.hours)))
    quality.not_made += [
        (f"outlying values of {seen.title(n).lower()}", f"the survey does not ask `{n}`")
        for n in (*amounts.of, *amounts.hours)
        if n not in survey.asked
    ]
    quality.add(check_weights(seen), 6)
    return quality


def _facts(seen: Seen) -> list[tuple[str, str]]:
    """What the checks measured, whether or not it is a finding."""
    weight = weight_facts(seen.weight)
    age = seen.frame["age"].to_numpy(dtype=float)
    strata = seen.frame["stratum"].nunique()
    facts = [
        ("Weights", f"{weight.n:,} persons stand for {weight.total:,.0f}; from {weight.smallest:,.4g} to {weight.largest:,.4g}, "
                    f"largest over smallest {weight.ratio:,.0f}, coefficient of variation {weight.cv:.2f}"),
        ("Effective sample", f"{weight.kish:,.0f} persons of equal weight ({percent(weight.kish / weight.n)}, Kish); "
                             f"unequal weights make variances {weight.effect:.2f} times as large"),
    ]  # fmt: skip
    if seen.profile.spec.design.psu != "none":
        size = psu_sizes(seen)
        low, middle, high = size.min(), sorted(size)[len(size) // 2], size.max()
        facts.append(
            ("Sampling units", f"{len(size):,} PSUs in {strata:,} strata, of {low:,} to {high:,} persons (median {middle:,})")
        )  # fmt: skip
    else:
        facts.append(("Sampling units", f"none in the file; {strata:,} {'stratum' if strata == 1 else 'strata'}"))
    if ages_in_years(seen):
        facts.append(("Rounding of ages", f"Whipple's index {whipple(age, seen.weight):.0f} (100: none, 500: all)"))
    return facts
