"""How the rules of a scheme are told: what each is called, and its number with the unit in which it is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from informality.foundation.language import say
from informality.publication.formats import marked, plain_number
from informality.publication.notes import lower_first

CALLED = {
    "contribution.employer": "Contribution of the employer",
    "contribution.employee": "Contribution of the employee",
    "contribution.self": "Contribution of the member",
    "contribution.state": "Contribution of the State",
    "limit.floor": "Floor of monthly earnings, {year}",
    "limit.ceiling": "Ceiling of monthly earnings, {year}",
    "limit.entry_cap": "Most that new members may declare, {year}",
    "pension_age.female": "Pension age, women",
    "pension_age.male": "Pension age, men",
    "min_years.": "Years of contributions for a pension",
    "old_age.accrual": "Pension earned by a year paid",
    "old_age.cap": "Largest pension",
}
"""Rules by kind and by whose they are."""
BRANCHES = {
    "pension": "pension",
    "health": "health",
    "short_term": "short-term",
    "unemployment": "unemployment",
    "injury": "injury at work",
    "account": "account",
    "tax": "other charges",
}
"""What a part of a contribution is paid for."""


def called(rule: Mapping[str, Any]) -> str:
    """What a rule is called."""
    if rule["rule"] == "benefit":
        return say("Benefit: {title}", title=lower_first(say(rule["of"])))
    name = CALLED[f"{rule['rule']}.{rule['of']}"]
    return say(name, year=rule["year"]) if "year" in rule else say(name)


def valued(rule: Mapping[str, Any]) -> str:
    """Its number: a rate with its parts, money, years, or a share of what its unit says."""
    value = rule["value"]
    if rule["rule"] == "contribution":
        parts = ", ".join(
            f"{say(BRANCHES[branch])} {plain_number(100 * rate)}" for branch, rate in rule["parts"].items()
        )
        return f"{plain_number(100 * value)} % ({parts})"
    if rule["rule"] == "limit":
        return marked(f"{value:,.0f}")
    if rule["rule"] == "old_age":
        return f"{plain_number(value)} {say(rule['unit'])}"
    if rule["rule"] == "benefit":
        return say(
            "{share} % of the base for {days} days, after {months} of {window} months",
            share=plain_number(100 * value),
            days=plain_number(rule["days"]),
            months=rule["months"],
            window=rule["window"],
        )
    return plain_number(value)
