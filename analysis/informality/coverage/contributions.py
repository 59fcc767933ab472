"""Who pays what: insurable earnings, contributions by payer and branch, subsidies and State matches.

Pure functions of arrays. Money is per month in units of currency, float64 and never rounded; shares are of one.
Earnings are missing (NaN) where they are not known, and so is all that follows from them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Rates = Mapping[str, Mapping[str, float]]

BracketMode = Literal["marginal", "cliff"]


def insurable_earnings(
    earnings: npt.ArrayLike,
    floor: npt.ArrayLike = 0.0,
    ceiling: npt.ArrayLike = np.inf,
    *,
    declared: float = 1.0,
    on_floor: bool = False,
) -> Floats:
    """The base of contributions: declared earnings, at least the floor, at most the ceiling (n,).

    ``declared``: share of earnings that is declared. ``on_floor``: everyone pays on the floor, those without
    earnings too. Otherwise the base of someone without earnings is 0: there is nothing to pay from. (Section 3.5, 2.)
    """
    y = np.asarray(earnings, dtype=float)
    if on_floor:
        return np.asarray(np.minimum(np.broadcast_to(floor, y.shape), ceiling), dtype=float).copy()
    base = np.minimum(np.maximum(declared * y, floor), ceiling)
    return np.asarray(np.where(y == 0, 0.0, base))


def floor_in_proportion(floor: float, hours: npt.ArrayLike, full_time: float) -> Floats:
    """The floor of part-time workers, in proportion to weekly hours up to ``full_time``; whole where hours are unknown."""
    share = np.asarray(hours, dtype=float) / full_time
    return np.asarray(floor * np.where(np.isnan(share), 1.0, np.clip(share, 0.0, 1.0)))


def contributions(base: npt.ArrayLike, rates: Rates) -> dict[str, dict[str, Floats]]:
    """Contributions by payer and branch (n,): rate times base (3.5, 3)."""
    b = np.asarray(base, dtype=float)
    return {payer: {branch: rate * b for branch, rate in branches.items()} for payer, branches in rates.items()}


def payer_totals(paid: Mapping[str, Mapping[str, Floats]]) -> dict[str, Floats]:
    """What each payer pays (n,), all branches together."""
    return {payer: np.sum(list(branches.values()), axis=0) for payer, branches in paid.items()}


def subsidy(share: npt.ArrayLike, own: npt.ArrayLike, reference: npt.ArrayLike, cap: float = np.inf) -> Floats:
    """What the State pays of a contribution (n,): a share of the contribution on the reference base.

    ``own``: the whole contribution; ``reference``: the contribution on the reference base (the member's own, that
    at the floor, or that at the poverty line); ``cap``: the most a month. Never more than the contribution.
    """
    granted = np.minimum(np.asarray(share, dtype=float) * np.asarray(reference, dtype=float), cap)
    return np.asarray(np.minimum(granted, own))


def subsidy_share(granted: npt.ArrayLike, own: npt.ArrayLike) -> Floats:
    """The share of a contribution that the State pays, 0 where nothing is due (3.5, 4)."""
    g, c = np.asarray(granted, dtype=float), np.asarray(own, dtype=float)
    return np.asarray(np.divide(g, c, out=np.zeros(np.broadcast(g, c).shape), where=c > 0))


def bracket_match(yearly: npt.ArrayLike, brackets: Sequence[tuple[float, float]], mode: BracketMode) -> Floats:
    """What the State adds in a year to a contribution, from yearly earnings (n,) and (up to, rate) brackets.

    ``marginal``: each part of the earnings at its own rate; ``cliff``: all of them at the rate of the bracket they end
    in, nothing above the last.
    """
    y = np.asarray(yearly, dtype=float)
    tops, rates = np.array([b[0] for b in brackets]), np.array([b[1] for b in brackets])
    if mode == "marginal":
        bottoms = np.concatenate([[0.0], tops[:-1]])
        parts = np.clip(y[..., None], bottoms, tops) - bottoms
        return np.asarray(parts @ rates)
    place = np.searchsorted(tops, y, side="left")
    return np.asarray(y * np.append(rates, 0.0)[place])


def capped_match(paid: npt.ArrayLike, rate: float, yearly_cap: float = np.inf) -> Floats:
    """What the State adds a month to what a member pays: a rate of it, up to a cap for a whole year."""
    return np.asarray(np.minimum(rate * np.asarray(paid, dtype=float), yearly_cap / 12))


def instalment(monthly: npt.ArrayLike, months: int) -> Floats:
    """What is due at once when payment is made every so many months, or in advance for them."""
    return np.asarray(np.asarray(monthly, dtype=float) * months)
