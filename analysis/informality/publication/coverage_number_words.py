"""What the numbers of a scenario are called, in the register and where they are drawn one at a time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from informality.foundation.language import say
from informality.publication.coverage_views import Told
from informality.publication.formats import marked, plain_number
from informality.publication.lever_words import condition_words, figure
from informality.publication.notes import lower_first

Record = Mapping[str, Any]
LARGE = 1000
"""From here on numbers are told without decimals."""


def amount(value: float | None) -> str | None:
    """A number as it is written in a file; None where there is none."""
    if value is None:
        return None
    return figure(round(value)) if abs(value) >= LARGE else plain_number(value)


def parted(name: str, told: Told) -> tuple[str, str]:
    """The name of a drawn number as the register has it: of which part (scheme, lever, else the baseline), and its path."""
    for id in told.schemes:
        if name.startswith(f"{id}."):
            return id, name.removeprefix(f"{id}.")
    for id in told.scenarios:
        if found := re.fullmatch(rf"({re.escape(id)}\.\d+)\.(.+)", name):
            return found[1], found[2]
    return str(told.facts["baseline"]["id"]), name


def drawn_number_words(name: str, told: Told) -> str:
    """A drawn number with the scheme or the scenario it is of."""
    part, path = parted(name, told)
    of = told.schemes.get(part) or told.scenarios.get(part.rpartition(".")[0])
    words = number_words(part, path, told)
    return say("{of}: {what}", of=of, what=lower_first(words)) if of else words


def number_words(part: str, path: str, told: Told) -> str:
    """What a number is: ``Response of take-up to a subsidy`` for ``takeup.beta_subsidy``."""
    names = told.words.parameters
    if path.endswith(", then"):
        return say("{what}: afterwards", what=number_words(part, path.removesuffix(", then"), told))
    if found := re.fullmatch(r"rate (\w+) (\w+)", path):
        payer, branch = lower_first(told.words.payers[found[1]]), lower_first(told.words.branches[found[2]])
        return say("Contribution: {payer}, {branch}", payer=payer, branch=branch)
    if found := re.fullmatch(r"benefits\.cash\.(\w+)\.(\w+)", path):
        title = next((r["of"] for r in told.facts["schemes"] if r.get("of", "").lower() == found[1]), found[1])
        return say("{benefit}: {what}", benefit=say(title), what=lower_first(names[f"benefit.{found[2]}"]))
    lever = _lever(part, told)
    if lever is None:
        return names.get(path, path.replace("_", " ").replace(".", ", "))
    return _of_lever(lever, path, told)


def _lever(part: str, told: Told) -> Record | None:
    levers = (lever for s in told.facts["scenarios"] for lever in s["levers"])
    return next((lever for lever in levers if lever["name"] == part), None)


def _of_lever(lever: Record, path: str, told: Told) -> str:
    kind, _, rest = path.partition(".")
    words, labels = told.words.parameters[f"lever.{path if kind == 'compliance' else kind}"], told.pub.labels
    if kind == "reach":
        who = lever["sets"]["reach"][int(rest.split(".")[0])].get("who")
    elif kind == "share":
        who = lever["groups"].get(rest)
    else:
        return words
    return f"{words} ({condition_words(who, labels)})" if who else words


MONEY_A_MONTH = ("value", "amount", "tax", "cap", "minimum")
UNITS = {
    "full_time_hours": "hours a week",
    "max_months": "months in a life",
    "age_female": "years",
    "age_male": "years",
    "min_years": "years",
}
"""Units of what policy chooses in a lever, where the file says none."""


def unit_of_number(part: str, path: str, unit: str, told: Told) -> str:
    """The unit of a number in words."""
    if found := re.fullmatch(r"([\d.]+) x (\w+)", unit):
        amounts = told.words.amounts
        if found[2] == "none":
            return say("stays as it is")
        times, amount_of = float(found[1]), amounts.get(found[2], found[2])
        return amount_of if times == 1 else say("{n} times {amount}", n=marked(f"{times:.3g}"), amount=amount_of)
    if _lever(part, told) is not None and unit == "as the lever says":
        kind, currency = path.partition(".")[0], told.facts["currency"]
        if kind == "yearly_cap":
            return say("{currency} a year", currency=currency)
        pension = kind == "cap" and _lever(part, told)["type"] == "parametric"  # type: ignore[index]
        if kind in MONEY_A_MONTH and not pension:
            return say("{currency} a month", currency=currency)
        return say(UNITS[kind]) if kind in UNITS else say("share")
    currency, _, rest = unit.partition(" ")
    return f"{currency} {say(rest)}" if currency == told.facts["currency"] and rest else say(unit)
