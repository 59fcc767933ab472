"""What is counted: every indicator as a sum over rows of a few *quantities*, so that point values, sampling errors,
parameter draws and breakdowns all come from one definition.

A quantity is membership, or paying, times something known of the row. An indicator is a weighted sum of quantities of a
part: contributions of a payer to a branch are twelve months times a rate times the payroll. Money is in units of currency a year.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from informality.coverage.finance import MONTHS
from informality.coverage.parts import PartYear
from informality.coverage.policy import Parameters
from informality.coverage.scenario import Scenario

Floats = npt.NDArray[np.float64]

ALL = "all"

MONEY = (
    "tax_pillar",
    "payroll",
    "contributions",
    "state_support",
    "state_as_employer",
    "state_cost",
    "tax",
    "administration",
    "benefits",
    "benefit.",
    "accrual.",
    "liability.",
)
"""What indicators of money begin with; all others count persons."""
COUNTS: dict[str, dict[str, str | int | float | list[str | int | float]]] = {
    "population": {},
    "employed": {"employed": "yes"},
    "labour_force": {"labour_force": ["employed", "unemployed"]},
    "unemployed": {"labour_force": "unemployed"},
    "formal_jobs": {"employed": "yes", "job": "formal"},
    "informal_jobs": {"employed": "yes", "job": "informal"},
}
"""Plain counts: who is counted."""


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """An indicator of a scheme, by branch and payer where it has them (``all``: together)."""

    indicator: str
    scheme: str = ALL
    branch: str = ALL
    payer: str = ALL


Recipe = tuple[tuple[str, Floats | float], ...]
"""Quantities by name, and what each is multiplied by: a number, or one for each draw."""

CARRIERS = ("one", "members", "paid", "joined", "paid_base", "members_base", "paid_subsidy", "paid_match", "rights")


def carrier(made: PartYear, name: str) -> Floats:
    """What varies with the draws, (m, draws) or (m, 1): membership, paying, and these times monthly money (rights by group)."""
    if name == "one":
        return np.ones((len(made.part.rows), 1))
    if name == "rights":
        return made.rights if made.rights is not None else np.zeros((len(made.part.aged_rows), 1))
    if name == "joined":
        return made.members - made.before
    carried, _, money = name.partition("_")
    probability: Floats = getattr(made, carried)
    return probability * getattr(made, money) if money else probability


def carrier_slope(made: PartYear, name: str, members: Floats, paid: Floats, joined: Floats) -> Floats | None:
    """How a carrier (m, 1) moves when membership, paying and what is newly insured move by (m, 1); None: not at all."""
    if name == "rights":
        if made.rights is None:
            return None
        return np.asarray(
            np.divide(made.rights * members, made.members, out=np.zeros_like(members), where=made.members > 0)
        )
    if name == "one":
        return None
    if name == "joined":
        return joined
    carried, _, money = name.partition("_")
    moved = {"members": members, "paid": paid}[carried]
    return moved * getattr(made, money) if money else moved


def quantities(made: PartYear) -> dict[str, tuple[str, Floats]]:
    """The quantities of a part in a year: a carrier, and a known factor of each group (g,), the ageing of weights included."""
    f = made.factor[:, 0]
    employee = made.part.aged_employee
    out = {
        "members": ("members", f),
        "paid": ("paid", f),
        "payroll.employee": ("paid_base", f * employee),
        "payroll.self": ("paid_base", f * ~employee),
        "covered": ("one", f),
        "tax": ("paid", f * made.rules.tax),
        "extra": ("members", f * made.part.aged(made.per_member_extra).mean(axis=1)),
    }
    if made.subsidy.any():
        out["subsidy"] = ("paid_subsidy", f)
    if made.match.any():
        out["match"] = ("paid_match", f)
    if made.part.kind != "voluntary":
        out["newly"] = ("joined", f * employee)
    for name, (here, _, _) in made.cases.items():
        out[f"claims.{name}"] = ("members", f * here)
        out[f"cash.{name}"] = ("members_base", f * here)
    for rate, value in made.right_value.items():
        out[f"accrual.{rate:g}"] = ("rights", f * value)
    return out


ALWAYS = ("members_mandatory", "members_voluntary", "legal_mandatory", "legal_voluntary", "newly_insured")
"""Nought where no scheme is compulsory, or none is voluntary."""


def recipes(made: PartYear, scenario: Scenario, parameters: Parameters, prices: float) -> Iterator[tuple[Key, Recipe]]:
    """Every indicator of a part in a year with its recipe; ``prices`` brings money of the base year to the year."""
    spec, rules, part = scenario.baseline.spec, made.rules, made.part
    s = part.scheme
    kind = "voluntary" if part.kind == "voluntary" else "mandatory"
    for indicator in ALWAYS:
        yield Key(indicator), ()
    yield Key("members", s), (("members", 1.0),)
    yield Key(f"members_{kind}", s), (("members", 1.0),)
    yield Key("active", s), (("paid", 1.0),)
    yield Key("paid_months", s), (("paid", MONTHS),)
    yield Key(f"legal_{kind}", s), (("covered", 1.0),)
    yield Key("payroll", s), (("payroll.employee", MONTHS), ("payroll.self", MONTHS))
    paid: list[tuple[str, str, Recipe]] = []
    own = rules.total("self")
    for payer, branches in rules.rates.items():
        for branch, rate in branches.items():
            if payer == "self":
                part_of = rate / own if own else 0.0
                paid.append((branch, "self", (("payroll.self", MONTHS * rate), ("subsidy", -MONTHS * part_of))))
                paid.append((branch, "state", (("subsidy", MONTHS * part_of),)))
            else:
                paid.append((branch, payer, (("payroll.employee", MONTHS * rate),)))
    if rules.match is not None:
        paid.append((rules.match.branch, "state", (("match", MONTHS),)))
    for branch, payer, recipe in paid:
        yield Key("contributions", s, branch, payer), recipe
    everything = tuple(term for _, _, recipe in paid for term in recipe)
    support: Recipe = (("subsidy", MONTHS), ("match", MONTHS))
    yield Key("state_support", s), support
    as_employer: Recipe = (("payroll.employee", MONTHS * rules.total("state")),)
    yield Key("state_as_employer", s), as_employer
    yield Key("tax", s), (("tax", MONTHS),)
    yield Key("state_cost", s), (*support, *as_employer, ("tax", -MONTHS))
    for name, benefit in rules.cash.items():
        _, often, cost = made.cases[name]
        yield Key(f"benefit.{name}", s, benefit.branch), ((f"cash.{name}", cost),)
        yield Key("benefits", s, benefit.branch), ((f"cash.{name}", cost),)
        yield Key(f"claims.{name}", s, benefit.branch), ((f"claims.{name}", often),)
    share = parameters("finance.admin_share", spec.finance.admin_share)
    each = (
        parameters("finance.admin_per_member", spec.finance.admin_per_member) * prices if kind == "voluntary" else 0.0
    )
    yield Key("administration", s), (("members", each), ("extra", prices), *((q, share * c) for q, c in everything))
    for discount in made.right_value:
        yield Key(f"accrual.{discount:g}", s), ((f"accrual.{discount:g}", 1.0),)
    if kind == "mandatory":
        yield Key("newly_insured", s), (("newly", 1.0),)


def sums_of(keys: Mapping[Key, Floats]) -> dict[Key, Floats]:
    """The same with the sums over branches, payers and schemes."""
    out = dict(keys)
    for key, value in keys.items():
        for branch in {key.branch, ALL}:
            for payer in {key.payer, ALL}:
                for scheme in {key.scheme, ALL}:
                    wider = Key(key.indicator, scheme, branch, payer)
                    if wider != key:
                        out[wider] = out[wider] + value if wider in out else value
    return out
