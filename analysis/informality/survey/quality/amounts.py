"""Earnings and hours: outlying ones, zeros, heaps, and amounts in another unit than the others."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from informality.survey.account import Bools
from informality.survey.quality.findings import Finding
from informality.survey.quality.seen import Seen, percent

BLOCK = "amounts"
Floats = npt.NDArray[np.float64]
NORMAL = 1.4826
"""Median absolute deviation of a normal distribution, as a part of its standard deviation, upside down."""
BANDWIDTH, STEP = 0.10, 0.02
"""Of the density of log10 amounts: a quarter of the spread of earnings within an occupation, and a fifth of that."""


def check_amounts(seen: Seen) -> Iterator[Finding]:
    """Every variable in money that the survey has, then the hours."""
    for name in seen.spec.amounts.of:
        if name in seen.survey.asked:
            yield from _amounts(seen, name)
    for name in seen.spec.amounts.hours:
        if name in seen.survey.asked:
            yield from _heaps(seen, name, seen.frame[name].to_numpy(dtype=float), seen.limit("heap_hours"))


def _amounts(seen: Seen, name: str) -> Iterator[Finding]:
    value = seen.frame[name].to_numpy(dtype=float)
    known = ~np.isnan(value)
    zero, positive = known & (value == 0), known & (value > 0)
    if (known & (value < 0)).any():
        yield Finding(
            BLOCK,
            "negative",
            "warning",
            seen.place(name),
            f"negative amounts of `{name}`",
            seen.counted(value < 0, known),
            "losses of a business are possible; a code for missing is likelier",
            seen.count(value < 0),
            None if seen.count(value < 0) is None else seen.share(value < 0, known),
        )
    share = seen.share(zero, known)
    if zero.sum() >= seen.limit("few_cases") and share > seen.limit("zero_note"):
        yield Finding(
            BLOCK,
            "zero",
            "warning" if share > seen.limit("zero_warning") else "note",
            seen.place(name),
            f"amounts of 0 on `{name}`",
            seen.counted(zero, known),
            "see whether 0 stands for no answer; means take it as nothing earned",
            int(zero.sum()),
            share,
        )
    if positive.sum() < seen.limit("amount_cases"):
        return
    typical = _typical(seen, value, positive)
    mixed = list(_units(seen, name, value, positive, typical))
    yield from mixed
    if not mixed:
        yield from _outliers(seen, name, value, positive)
    yield from _heaps(seen, name, np.where(positive, value, np.nan), seen.limit("heap_amounts"))


# -- units ---------------------------------------------------------------------------------------------


def _typical(seen: Seen, value: Floats, positive: Bools) -> Floats:
    """Median log10 amount of like persons (status, occupation, area, education), shape (rows,).

    Cells with few persons take the median of all.
    """
    log = np.log10(np.where(positive, value, 1.0))
    key = np.zeros(len(value), dtype=np.int64)
    for variable in seen.spec.amounts.cells:
        groups = seen.groups(variable)
        if groups is not None:
            key = key * (len(groups.names) + 1) + groups.of + 1
    cell = np.unique(key[positive], return_inverse=True)[1]
    order = np.lexsort((log[positive], cell))
    count = np.bincount(cell)
    start = np.cumsum(count) - count
    middle = log[positive][order]
    median = (middle[start + (count - 1) // 2] + middle[start + count // 2]) / 2
    median[count < seen.limit("few_cases")] = np.median(log[positive])
    out = np.zeros(len(value))
    out[positive] = median[cell]
    return out


def _units(seen: Seen, name: str, value: Floats, positive: Bools, typical: Floats) -> Iterator[Finding]:
    """A second cluster of amounts, a constant number of times the others: another unit, currency or period."""
    rest = np.log10(np.where(positive, value, 1.0)) - typical
    found = second_cluster(rest[positive], seen)
    if found:
        distance, cut = found
        far = positive & ((rest > cut) if distance > 0 else (rest < cut))
        times, what = _words_of_ratio(seen, distance)
        yield Finding(
            BLOCK,
            "units",
            "error",
            seen.place(name),
            f"`{name}` seems to be in two units: some amounts are {times} others",
            f"{seen.counted(far, positive)} stand apart, at about {times} those of like persons{what}; "
            f"medians {np.median(value[far]):,.0f} and {np.median(value[positive & ~far]):,.0f}",
            "see in the questionnaire and in the file which unit and period each amount is in",
            int(far.sum()),
            seen.share(far, positive),
        )
        return
    for variable in seen.spec.places:
        groups = seen.groups(variable)
        if groups is None:
            continue
        for i in np.flatnonzero(groups.counts(positive) >= seen.limit("few_cases")):
            here, others = positive & (groups.of == i), positive & (groups.of >= 0) & (groups.of != i)
            if not others.any():
                continue
            distance = float(np.median(rest[here]) - np.median(rest[others]))
            if abs(distance) >= np.log10(seen.limit("unit_ratio")):
                times, what = _words_of_ratio(seen, distance)
                yield Finding(
                    BLOCK,
                    "units_of_group",
                    "error",
                    seen.place(name),
                    f"`{name}` seems to be in another unit for {groups.title} {groups.names[i]}",
                    f"{int(here.sum()):,} persons with about {times} the amount of like persons elsewhere{what}",
                    "see in the questionnaire and in the file which unit and period each amount is in",
                    int(here.sum()),
                    seen.share(here, positive),
                )


def second_cluster(rest: Floats, seen: Seen) -> tuple[float, float] | None:
    """Distance (log10) of a second cluster from the main one, and where to cut between them; None if there is none.

    ``rest``: log10 amounts less those of like persons. A cluster is a mode of the smoothed density with a valley
    before it, far enough away, of enough persons.
    """
    if len(rest) < seen.limit("amount_cases"):
        return None
    edges = np.arange(rest.min() - 1, rest.max() + 1 + STEP, STEP)
    reach = np.arange(-round(5 * BANDWIDTH / STEP), round(5 * BANDWIDTH / STEP) + 1) * STEP
    kernel = np.exp(-0.5 * (reach / BANDWIDTH) ** 2)
    density = np.convolve(np.histogram(rest, edges)[0], kernel, "same")
    at = (edges[:-1] + edges[1:]) / 2
    main = int(density.argmax())
    peaks = np.flatnonzero((density[1:-1] > density[:-2]) & (density[1:-1] >= density[2:])) + 1
    best: tuple[float, float, float] | None = None
    for peak in peaks[np.abs(at[peaks] - at[main]) >= np.log10(seen.limit("unit_ratio"))]:
        low, high = sorted((int(peak), main))
        valley = low + int(density[low : high + 1].argmin())
        n = int((rest > at[valley]).sum() if peak > main else (rest < at[valley]).sum())
        enough = n >= seen.limit("few_cases") and n >= seen.limit("unit_share") * len(rest)
        deep = density[valley] <= seen.limit("unit_valley") * density[peak]
        noise = np.sqrt((density[peak] + density[valley]) / np.sqrt(2))  # of counts under a normal kernel
        sure = density[peak] - density[valley] >= seen.limit("unit_sure") * noise
        if enough and deep and sure and (best is None or density[peak] > best[0]):
            best = (float(density[peak]), float(at[peak] - at[main]), float(at[valley]))
    return best and best[1:]


def _words_of_ratio(seen: Seen, distance: float) -> tuple[str, str]:
    """``1,000 times`` and what such a ratio usually means."""
    ratio = 10 ** abs(distance)
    near = [r for r in seen.spec.amounts.ratios if abs(np.log10(r.value / ratio)) <= seen.limit("unit_near")]
    known = min(near, key=lambda r: abs(np.log10(r.value / ratio)), default=None)
    number = f"{known.value:,.4g}" if known else f"{ratio:,.2g}" if ratio < 100 else f"{ratio:,.0f}"
    return (f"{number} times" if distance > 0 else f"1/{number} of"), f" (as {known.means})" if known else ""


# -- outliers and heaps --------------------------------------------------------------------------------


def robust_scores(log: Floats) -> Floats:
    """Distance from the median in standard deviations, from the median absolute deviation of each side.

    Each side has its own, because low earnings spread more than high ones. 0 where a side has no spread.
    """
    middle = np.median(log)
    up, down = log[log >= middle] - middle, middle - log[log <= middle]
    spread = np.where(log >= middle, np.median(up), np.median(down)) * NORMAL
    return np.divide(log - middle, spread, out=np.zeros_like(log), where=spread > 0)


def _outliers(seen: Seen, name: str, value: Floats, positive: Bools) -> Iterator[Finding]:
    """Amounts far out on the log scale, told when they weigh: by their part of the sum, or by their number."""
    score = np.zeros(len(value))
    score[positive] = robust_scores(np.log(value[positive]))
    far = seen.limit("outlier")
    high, low = positive & (score > far), positive & (score < -far)
    money = seen.weight * np.where(positive, value, 0)
    part = float(money[high].sum() / money.sum())
    if high.any() and part >= seen.limit("outlier_note"):
        yield Finding(
            BLOCK,
            "high",
            "warning" if part >= seen.limit("outlier_warning") else "note",
            seen.place(name),
            f"unusually high amounts of `{name}` carry {percent(part)} of its sum",
            f"{seen.counted(high, positive)}, beyond {_two_digits(value[positive & ~high].max())}; "
            f"the median is {np.median(value[positive]):,.0f}",
            "means and inequality rest on these few; medians do not",
            seen.count(high),
            None if seen.count(high) is None else seen.share(high, positive),
        )
    if low.sum() >= seen.limit("few_cases") and seen.share(low, positive) >= seen.limit("outlier_low"):
        yield Finding(
            BLOCK,
            "low",
            "note",
            seen.place(name),
            f"unusually low amounts of `{name}`",
            f"{seen.counted(low, positive)}, below {_two_digits(value[positive & ~low].min())}; "
            f"the median is {np.median(value[positive]):,.0f}",
            "few hours may explain them; see whether they are for a day or a week",
            int(low.sum()),
            seen.share(low, positive),
        )


def _two_digits(value: float) -> str:
    """An amount to two digits: the amounts of single persons are nobody's business."""
    digits = max(int(np.floor(np.log10(value))) - 1, 0) if value > 0 else 0
    return f"{round(value, -digits):,.0f}"


def _heaps(seen: Seen, name: str, value: Floats, limit: float) -> Iterator[Finding]:
    """One value that very many give."""
    known = ~np.isnan(value)
    n = int(known.sum())
    if n < seen.limit("amount_cases"):
        return
    values, of = np.unique(value[known], return_inverse=True)
    count = np.bincount(of)
    most = int(count.argmax())
    if len(values) > 1 and count[most] > limit * n:
        hit = known & (value == values[most])
        yield Finding(
            BLOCK,
            "heap",
            "note",
            seen.place(name),
            f"many give the same number on `{name}`",
            f"{values[most]:,.10g}: {seen.counted(hit, known)}",
            "medians and bands that end there hardly move, and then jump",
            int(count[most]),
            seen.share(hit, known),
        )
