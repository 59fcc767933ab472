"""How many months members pay: a two-state Markov chain, and exact chances of qualifying by dynamic programming.

A contributor goes on to pay with probability ``stay``; a member who is not paying starts again with ``reenter``. The
share of months paid in the long run is d = reenter / (1 - stay + reenter). Spells are long, so chances of qualifying
are far from binomial (a factor of five in the test vector): they come from the chain itself.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def share_paid(stay: npt.ArrayLike, reenter: npt.ArrayLike) -> Floats:
    """The share of months paid in the long run (contribution density)."""
    r = np.asarray(reenter, dtype=float)
    return np.asarray(r / (1 - np.asarray(stay, dtype=float) + r))


def reentry(share: npt.ArrayLike, stay: npt.ArrayLike) -> Floats:
    """The chance to start again that gives a density, from that of going on. Density 1 needs ``stay`` 1."""
    d, a = np.asarray(share, dtype=float), np.asarray(stay, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        r = d * (1 - a) / (1 - d)
    return np.asarray(np.where(d >= 1, 1.0, np.minimum(r, 1.0)))


def months_paid(stay: npt.ArrayLike, reenter: npt.ArrayLike, months: int, start: npt.ArrayLike) -> Floats:
    """Distribution of the months paid out of ``months``: (months + 1, ...) probabilities.

    ``start``: the chance to be paying in the first month. (``stay`` for one who paid in the month before,
    the density for one about whom nothing is known.) All arguments but ``months`` broadcast.
    """
    a, r, s = (np.asarray(x, dtype=float) for x in np.broadcast_arrays(stay, reenter, start))
    paying, idle = np.zeros((months + 1, *a.shape)), np.zeros((months + 1, *a.shape))
    if months == 0:
        return np.ones((1, *a.shape))
    paying[1], idle[0] = s, 1 - s
    for _ in range(months - 1):
        to_pay = paying * a + idle * r
        to_idle = paying * (1 - a) + idle * (1 - r)
        paying[1:], idle[:] = to_pay[:-1], to_idle
        paying[0] = 0.0
    return np.asarray(paying + idle)


def qualifies(stay: npt.ArrayLike, reenter: npt.ArrayLike, need: int, window: int, start: npt.ArrayLike) -> Floats:
    """Probability of at least ``need`` months paid within ``window``."""
    return np.asarray(months_paid(stay, reenter, window, start)[need:].sum(axis=0))


def histories(stay: float, reenter: float, months: int, start: float, members: int, seed: int) -> npt.NDArray[np.bool_]:
    """Whole histories drawn at random (members, months): in which months each member pays. The only thing ever drawn by person.

    For what needs single lives and not chances: individual accounts, a table of example careers. Members are drawn one after
    the other from ``seed``, so more of them leave the first as they were. Arguments as :func:`months_paid`; the means over
    members are its exact values, but for chance.
    """
    chance = np.random.default_rng(seed).random((members, months))
    paying = np.zeros((members, months), dtype=bool)
    if months:
        paying[:, 0] = chance[:, 0] < start
    for month in range(1, months):
        paying[:, month] = chance[:, month] < np.where(paying[:, month - 1], stay, reenter)
    return paying


def vested_density(stay: npt.ArrayLike, reenter: npt.ArrayLike, need: int, horizon: int) -> tuple[Floats, Floats]:
    """Chance of vesting, and share of months paid that end in a pension, by months left: two arrays (horizon + 1, ...).

    Entry T is for a new member with T months to pension age who pays in the first of them: P(S >= need) and
    E[S; S >= need] / T, S the months paid. What is paid short of ``need`` months gives no pension.
    """
    a, r = (np.asarray(x, dtype=float) for x in np.broadcast_arrays(stay, reenter))
    chance, share = np.zeros((horizon + 1, *a.shape)), np.zeros((horizon + 1, *a.shape))
    if need <= 0:
        chance[:] = 1.0
    # Below `need`: mass by months paid. At or above: mass, and mass times months paid (moment), by state.
    paying, idle = np.zeros((max(need, 1), *a.shape)), np.zeros((max(need, 1), *a.shape))
    done = [np.zeros(a.shape) for _ in range(4)]  # mass paying, mass idle, moment paying, moment idle
    for month in range(1, horizon + 1):
        if month == 1:
            if need <= 1:
                done[0], done[2] = np.ones(a.shape), np.ones(a.shape)
            else:
                paying[1] = 1.0
        else:
            to_pay, to_idle = paying * a + idle * r, paying * (1 - a) + idle * (1 - r)
            mass_pay, mass_idle = done[0] * a + done[1] * r, done[0] * (1 - a) + done[1] * (1 - r)
            moment_pay = done[2] * a + done[3] * r + mass_pay
            moment_idle = done[2] * (1 - a) + done[3] * (1 - r)
            if need > 1:
                mass_pay, moment_pay = mass_pay + to_pay[-1], moment_pay + need * to_pay[-1]
            paying[1:], idle[:] = to_pay[:-1], to_idle
            paying[0] = 0.0
            done = [mass_pay, mass_idle, moment_pay, moment_idle]
        if need > 0:
            chance[month] = done[0] + done[1]
        share[month] = (done[2] + done[3]) / month
    return chance, share


def topped_up(stay: npt.ArrayLike, reenter: npt.ArrayLike, need: int, years: int) -> Floats:
    """What a least pension adds to the months that count, by years left and the months it is worth: (years + 1, months + 1, ...).

    Entry (T, c) is E[max(S, c) - S; S >= need] / 12 T for a new member with T years to pension age who pays in the first month:
    a least pension worth c months of contributions lifts all who vest with fewer. Between whole months it is a line.
    """
    a, r = (np.asarray(x, dtype=float) for x in np.broadcast_arrays(stay, reenter))
    longest = 12 * years
    out = np.zeros((years + 1, longest + 1, *a.shape))
    paying, idle = np.zeros((longest + 1, *a.shape)), np.zeros((longest + 1, *a.shape))
    paying[min(1, longest)] = 1.0
    for month in range(1, longest + 1):
        if month > 1:
            to_pay, to_idle = paying * a + idle * r, paying * (1 - a) + idle * (1 - r)
            paying[1:], idle[:] = to_pay[:-1], to_idle
            paying[0] = 0.0
        if month % 12 == 0:
            mass = paying + idle
            mass[:need] = 0.0
            # E[(c - S)+] rises by P(S < c) from one month to the next.
            below = np.cumsum(mass, axis=0)
            out[month // 12, 1:] = np.cumsum(below[:-1], axis=0) / month
    return out


def critical_density(years: npt.ArrayLike, entry: npt.ArrayLike, pension_age: npt.ArrayLike) -> Floats:
    """The density above which someone who joins at ``entry`` earns a pension: years / (pension age - entry)."""
    left = np.asarray(pension_age, dtype=float) - np.asarray(entry, dtype=float)
    return np.asarray(np.divide(years, left, out=np.full(left.shape, np.inf), where=left > 0))
