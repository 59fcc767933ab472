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

from informality.coverage.engine import PartYear
from informality.coverage.finance import MONTHS
from informality.coverage.policy import Parameters
from informality.coverage.scenario import Scenario

Floats = npt.NDArray[np.float64]

ALL = "all"


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """An indicator of a scheme, by branch and payer where it has them (``all``: together)."""

    indicator: str
    scheme: str = ALL
    branch: str = ALL
    payer: str = ALL


Recipe = tuple[tuple[str, Floats | float], ...]
"""Quantities by name, and what each is multiplied by: a number, or one for each draw."""


def quantities(made: PartYear) -> dict[str, tuple[str, Floats]]:
    """The quantities of a part in a year: what each is carried by (``members``, ``paid``, ``joined`` or ``one``), and the known
    factor (m, 1) or (m, draws) of the row, ageing of weights included.
    """
    f = made.factor
    employee = made.part.employee[:, None]
    out = {
        "members": ("members", f),
        "paid": ("paid", f),
        "payroll.employee": ("paid", f * made.base * employee),
        "payroll.self": ("paid", f * made.base * ~employee),
        "subsidy": ("paid", f * made.subsidy),
        "match": ("paid", f * made.match),
        "tax": ("paid", f * np.where(made.base > 0, made.rules.tax, 0.0)),
        "extra": ("members", f * made.per_member_extra),
        "covered": ("one", f * np.ones_like(made.base[:, :1])),
    }
    if made.part.kind != "voluntary":
        out["newly"] = ("joined", f)
    for name, value in made.cash.items():
        out[f"cash.{name}"] = ("members", f * value)
        out[f"claims.{name}"] = ("members", f * made.claims[name])
    for rate, value in made.vested.items():
        out[f"accrual.{rate:g}"] = ("one", f * value)
    return out


def recipes(made: PartYear, scenario: Scenario, parameters: Parameters, prices: float) -> Iterator[tuple[Key, Recipe]]:
    """Every indicator of a part in a year with its recipe; ``prices`` brings money of the base year to the year."""
    spec, rules, part = scenario.baseline.spec, made.rules, made.part
    s = part.scheme
    kind = "voluntary" if part.kind == "voluntary" else "mandatory"
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
        yield Key(f"benefit.{name}", s, benefit.branch), ((f"cash.{name}", 1.0),)
        yield Key("benefits", s, benefit.branch), ((f"cash.{name}", 1.0),)
        yield Key(f"claims.{name}", s, benefit.branch), ((f"claims.{name}", 1.0),)
    share = parameters("finance.admin_share", spec.finance.admin_share)
    each = parameters("finance.admin_per_member", spec.finance.admin_per_member) * prices if kind == "voluntary" else 0.0
    yield Key("administration", s), (("members", each), ("extra", prices), *((q, share * c) for q, c in everything))
    for rate in made.vested:
        yield Key(f"accrual.{rate:g}", s), ((f"accrual.{rate:g}", 1.0),)
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
