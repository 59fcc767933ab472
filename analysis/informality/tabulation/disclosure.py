"""Disclosure control: no published number is, or gives away by arithmetic, one that rests on too few persons.

Works on the finished results table, before it is stored. Rows that the reliability standard does not show for want of
cases are secret, and means of money that one or two persons dominate become so; then as many other rows are
hidden as it takes until no secret set of persons is a sum or difference of shown ones
(:mod:`~informality.tabulation.recovery`), over all tables together. What was hidden, and why, is logged.

Numbers, weights and sums over persons are covered; those that no plan made (flows, movers, bounds, areas) in
:mod:`~informality.tabulation.linked`. Standard errors, medians and models are no sums: of them, and of everything else,
only what rests on fewer cases than the policy allows is hidden.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field

from informality.foundation.library import find
from informality.foundation.quantities import Status
from informality.foundation.specfile import SpecModel, Words, load
from informality.tabulation.columns import ESTIMATES, MAX_BY
from informality.tabulation.linked import Group, of_definitions, of_groups
from informality.tabulation.people import Bools
from informality.tabulation.plan import IndicatorSpec, Plan
from informality.tabulation.recovery import Relations, Sets
from informality.tabulation.views import View

Floats = npt.NDArray[np.float64]

SUPPRESSED = "suppressed"
RULES = "rules"
ASSUMED = "assumed"
PERSONS = "persons"
SUMS = frozenset({"total", "share", "mean", "ratio"})
"""Statistics that tell a sum over persons, or do when multiplied with the weight that stands beside them."""
FEW = "rests on too few sampled persons"
ALSO = "not shown, so that a cell with too few sampled persons cannot be worked out from it"
DOMINATED = "not shown: {persons} of the sampled persons make up more than {share:.0%} of the sum"


class DominanceSpec(SpecModel):
    """The ``persons`` with the largest amounts may hold at most this ``share`` of the sum in a cell."""

    persons: int = Field(ge=1)
    share: float = Field(gt=0, lt=1)


class PolicySpec(SpecModel):
    """A file of ``library/disclosure``. ``round_persons_to: 1`` means that numbers of persons are not rounded."""

    id: Words
    title: Words
    summary: Words
    sources: list[Words] = Field(min_length=1)
    status: Status
    fewest_cases: int = Field(ge=1)
    dominance: list[DominanceSpec] = Field(default_factory=list)
    round_persons_to: int = Field(default=1, ge=1)


def read_policy(name: str, *folders: Path) -> PolicySpec:
    """The rules of disclosure control of a name."""
    return load(find("disclosure", name, *folders), PolicySpec).spec


@dataclass(frozen=True, slots=True)
class Protected:
    """The results as they may be stored, and what was hidden here: a row of ``log`` for each, with its reason."""

    results: pd.DataFrame
    log: pd.DataFrame


class Decided(NamedTuple):
    """A rule of a definition, or those it leaves open (``rule`` empty), of whom reports say how many they are."""

    wave: str
    definition: str
    step: str
    rule: str
    assumed: bool


@dataclass(frozen=True, slots=True)
class Cell:
    """Whom a row is about, as numbers of sets: the group (``base``) and those counted or summed in it (``part``).

    ``measure``: what is summed, a variable or ``persons``. ``by``: the variables that the groups of its breakdown cross.
    """

    base: int
    part: int
    measure: str
    by: tuple[str, ...]


def protect(
    results: pd.DataFrame,
    plans: Sequence[Plan],
    views: Mapping[str, View],
    weight: Floats,
    policy: PolicySpec,
    wave: pd.Series | None = None,
    decided: Mapping[Decided, Bools] | None = None,
) -> Protected:
    """Hide what would give a secret cell away, and round numbers of persons where the policy says so.

    ``results``: graded rows; those that no plan made (models) are passed on. ``views``: by definition, over all
    rows of the survey, of all waves; ``weight`` and ``wave``: (n,) of the same persons. A row whose wave is
    none of theirs is about all of them together. ``decided``: (n,) True for the workers each rule decided, whose numbers
    are published beside the results; what may not be told of them is in the log as table :data:`RULES`. Nothing that is
    passed in is changed.
    """
    out = results.reset_index(drop=True)
    sets = Sets(len(weight))
    cells = dict(_cells(out, plans, views, sets, wave))
    shown = _shown(out)
    few = np.flatnonzero(shown & (out["n"].to_numpy(dtype=float, na_value=np.nan) < policy.fewest_cases))
    why = dict.fromkeys(map(int, few), FEW)  # the standard would show them
    why |= dict(_dominated(out, cells, views, sets, weight, policy.dominance))
    dominated = {cells[row].part for row, reason in why.items() if reason != FEW}
    relations = sets.relations()
    for measure in dict.fromkeys((PERSONS, *(c.measure for c in cells.values()))):
        about = {row: cell for row, cell in cells.items() if measure in (PERSONS, cell.measure)}
        secret = {
            number: cell.by
            for row, cell in about.items()
            if not shown[row] or row in why
            for number in (cell.base, cell.part)
            if number >= 0 and (sets.size[number] < policy.fewest_cases or (number in dominated and measure != PERSONS))
        }
        why |= {row: ALSO for row in _complements(about, shown, why, secret, sets, relations)}
    untold = _untold(decided or {}, cells, shown, why, sets, policy.fewest_cases)
    assuming = {rule.definition for rule in untold if rule.assumed}  # their sum would tell the one that is missing
    sums = np.flatnonzero(shown & ((out["statistic"] == ASSUMED) & out["definition"].isin(assuming)).to_numpy())
    why |= {row: ALSO for row in map(int, sums) if row not in why}
    why |= {row: ALSO for row in _linked(out, cells, shown, why, sets, policy.fewest_cases) if row not in why}
    waves = [] if wave is None else [str(name) for name in wave.unique()]
    why |= _differences(out, shown, why, waves)
    for row, reason in why.items():
        hide(out, row, reason)
    named = ["wave", "definition", "table", "indicator", *_DIMS]
    log = out.loc[list(why), named].assign(why=list(why.values())).sort_index()
    told_not = pd.DataFrame(
        [(r.wave, r.definition, RULES, r.step, RULES, r.rule) for r in untold],
        columns=["wave", "definition", "table", "indicator", "dim1", "level1"],
    )
    parts = [log, told_not.assign(why=list(untold.values()))] if untold else [log]
    log = pd.concat(parts, ignore_index=True)[[*named, "why"]]
    return Protected(_rounded(out, policy.round_persons_to), log)


def counts(
    workers: pd.DataFrame, names: Sequence[str], results: pd.DataFrame, fewest: int
) -> dict[str, dict[str, tuple[int, float]]]:
    """Persons and weighted persons in each level of some variables, of variables whose counts may be shown.

    A variable is left out with all its levels where one has fewer than ``fewest`` persons, and where any number by it, or
    of it, is hidden in the results: its counts could then be held against those that are shown. Stricter than it need be.
    """
    hidden = results[results["grade"] == SUPPRESSED]
    about = {str(dim) for d in range(MAX_BY) for dim in hidden[f"dim{d + 1}"].dropna().unique()}
    out = {}
    for name in names:
        if name in about:
            continue
        sums = workers.groupby(name, observed=True)["weight"].agg(["size", "sum"])
        if len(sums) and (sums["size"] >= fewest).all():
            out[name] = {str(level): (int(n), float(total)) for level, n, total in sums.itertuples()}
    return out


_DIMS = [f"{kind}{d + 1}" for d in range(MAX_BY) for kind in ("dim", "level")]


def _linked(
    results: pd.DataFrame, cells: Mapping[int, Cell], shown: Bools, why: Mapping[int, str], sets: Sets, fewest: int
) -> Iterator[int]:
    """Rows that no plan made and that would tell what is hidden: of flows and movers, and of groups hidden in the tables.

    Of flows nobody knows here whether they are hidden for want of cases or of precision; they are taken for the first.
    """
    gone = ~shown & (results["grade"] == SUPPRESSED).to_numpy()
    gone[list(why)] = True
    yield from of_definitions(results, gone, fewest)
    crossed = {name for cell in cells.values() for name in cell.by}
    groups: dict[int, Group] = {}
    for row, record in zip(results.index, results[["wave", "universe", *_DIMS]].to_dict("records"), strict=True):
        pairs = [(record[f"dim{d + 1}"], record[f"level{d + 1}"]) for d in range(MAX_BY)]
        of = set(cells[row].by) if row in cells else crossed
        group = frozenset((str(dim), str(level)) for dim, level in pairs if dim in of and pd.notna(level))
        groups[int(row)] = str(record["wave"]), str(record["universe"]), group
    few = {row for row, cell in cells.items() if gone[row] and cell.base >= 0 and sets.size[cell.base] < fewest}
    hidden = {groups[row] for row in cells if row in why or row in few}  # not what is merely too imprecise
    yield from of_groups(results.drop(index=list(cells)), groups, hidden)


def _shown(results: pd.DataFrame) -> Bools:
    return np.asarray(results["value"].notna() & ~results["grade"].isin([SUPPRESSED]))


def _cells(
    results: pd.DataFrame, plans: Sequence[Plan], views: Mapping[str, View], sets: Sets, wave: pd.Series | None
) -> Iterator[tuple[int, Cell]]:
    """The cell of every row that a plan made and that is, or would be, a sum over persons."""
    # a table of readings is about everybody in a universe, and a reading's parts are not those of the others
    made_by = {name: plan for plan in plans for name, table in plan.spec.tables.items() if not table.readings}
    tabled = results[results["table"].isin(made_by) & results["statistic"].isin(SUMS)]
    about = ["wave", "definition", "table", "indicator", "universe"]
    for (when, definition, table, indicator, universe), rows in tabled.groupby(about, sort=False):
        plan, seen = made_by[table], views[definition]
        spec = plan.spec.indicators[indicator]
        inside = seen.mask(plan.spec.universes[universe].where)
        if wave is not None and (then := (wave == when).to_numpy()).any():
            inside = inside & then
        for row, record in zip(rows.index, rows[_DIMS].to_dict("records"), strict=True):
            levels = {record[f"dim{d + 1}"]: record[f"level{d + 1}"] for d in range(MAX_BY)}
            levels = {dim: level for dim, level in levels.items() if pd.notna(dim)}
            if any(pd.isna(level) for level in levels.values()):
                continue  # one row for a whole breakdown that cannot be determined
            yield int(row), _cell(spec, levels, inside, seen, sets)


def _cell(spec: IndicatorSpec, levels: Mapping[str, str], inside: Bools, seen: View, sets: Sets) -> Cell:
    """The sets of one row, as ``measure.ask`` forms them."""
    composed = spec.of if spec.statistic == "composition" and isinstance(spec.of, str) else None
    by = tuple(dim for dim in levels if dim != composed)
    base = inside
    for dim in by:
        base = base & (seen.frame[dim] == levels[dim]).to_numpy()
    if composed is not None:
        part = base & (seen.frame[composed] == levels[composed]).to_numpy()
    elif isinstance(spec.of, str):
        base = base & seen.frame[spec.of].notna().to_numpy()
        return Cell(sets.add(base), sets.add(base & seen.mask(spec.where)), spec.of, by)
    else:
        part = base & seen.mask(spec.of)
    number = sets.add(part)
    return Cell(number if spec.statistic == "total" else sets.add(base), number, PERSONS, by)


def _dominated(
    results: pd.DataFrame,
    cells: Mapping[int, Cell],
    views: Mapping[str, View],
    sets: Sets,
    weight: Floats,
    rules: Sequence[DominanceSpec],
) -> Iterator[tuple[int, str]]:
    """Rows whose sum of money is mostly that of a few persons, and by which rule."""
    money = np.asarray((results["unit"] == "currency") & results["value"].notna())
    definition = results["definition"].tolist()
    for row, cell in cells.items():
        if not money[row] or cell.measure == PERSONS or cell.part < 0:
            continue
        seen = views[definition[row]]
        persons = sets.mask(cell.part)
        amounts = np.sort(weight[persons] * seen.frame[cell.measure].to_numpy(dtype=float)[persons])[::-1]
        for rule in rules:
            if amounts[: rule.persons].sum() > rule.share * amounts.sum():
                yield row, DOMINATED.format(persons=rule.persons, share=rule.share)
                break


def _complements(
    cells: Mapping[int, Cell],
    shown: Bools,
    hidden: Iterable[int],
    secret: Mapping[int, tuple[str, ...]],
    sets: Sets,
    relations: Relations,
) -> list[int]:
    """The rows to hide so that no secret set can be worked out from those that are left.

    ``secret``: sets, each with the breakdown it is hidden in. Each round hides, for every secret set that can be worked
    out, one whole group of those it is worked out from: of the same breakdown if there is one, so that a table loses
    a column rather than scattered cells; then the one with the fewest persons. Groups of main figures, which cross
    nothing, only where nothing else is left.
    """
    gone = set(hidden)
    left = {row: cell for row, cell in cells.items() if shown[row] and row not in gone}
    also: list[int] = []
    while secret and left:
        rows_of: dict[int, list[int]] = {}
        for row, cell in left.items():
            for number in {cell.base, cell.part} - {-1}:
                rows_of.setdefault(number, []).append(row)
        known, sought = np.array(list(rows_of)), np.array(sorted(secret))
        groups = set()
        for number, used in relations.recovered(known, sought).items():
            cost = {
                (cell.base, cell.by): (not cell.by, cell.by != secret[number], sets.size[cell.base])
                for one in ([number] if number in rows_of else used.tolist())
                for cell in (left[row] for row in rows_of[one])
            }
            if not any(group in groups for group in cost):
                groups.add(min(cost, key=cost.__getitem__))
        if not groups:
            break
        for row in [row for row, cell in left.items() if (cell.base, cell.by) in groups]:
            also.append(row)
            del left[row]
    return also


def _untold(
    decided: Mapping[Decided, Bools],
    cells: Mapping[int, Cell],
    shown: Bools,
    why: Mapping[int, str],
    sets: Sets,
    fewest: int,
) -> dict[Decided, str]:
    """Rules of which no number is told, and why: of few workers, or telling them or a hidden cell of the tables.

    The tables come first: nothing in them is hidden for the sake of a rule. What they tell without the rules is not held
    against these, as no difference between two large groups of theirs is.
    """
    rules = {rule: sets.add(mask) for rule, mask in decided.items()}
    relations = sets.relations()
    tabled = {n for row, cell in cells.items() if shown[row] and row not in why for n in (cell.base, cell.part)} - {-1}
    secret = {n for row, cell in cells.items() if not shown[row] or row in why for n in (cell.base, cell.part)}
    few = {n for n in {*secret, *rules.values()} if n >= 0 and sets.size[n] < fewest}
    few -= relations.recovered(np.array(sorted(tabled)), np.array(sorted(few))).keys()
    out = dict.fromkeys((rule for rule, n in rules.items() if n >= 0 and sets.size[n] < fewest), FEW)
    left = {rule: n for rule, n in rules.items() if n >= 0 and rule not in out}
    while recovered := relations.recovered(np.array(sorted(tabled | {*left.values()})), np.array(sorted(few))):
        used = {int(n) for n in next(iter(recovered.values()))} - tabled
        goes = min(
            (rule for rule, n in left.items() if n in used), key=lambda rule: (rule.assumed, sets.size[left[rule]])
        )
        out |= {rule: ALSO for rule, n in left.items() if n == left[goes]}
        left = {rule: n for rule, n in left.items() if rule not in out}
    for lonely in [
        rule for rule in out if sum(rule[:3] == other[:3] for other in out) == 1
    ]:  # the rest of its step tells it
        others = [rule for rule in left if rule[:3] == lonely[:3]]
        out |= {min(others, key=lambda rule: (rule.assumed, sets.size[left[rule]])): ALSO} if others else {}
    return out


def _differences(
    results: pd.DataFrame, shown: Bools, hidden: Mapping[int, str], waves: Sequence[str]
) -> dict[int, str]:
    """Differences between groups, and changes between waves, of which one side was hidden: the other would tell it."""
    about = ["wave", "definition", "indicator", "universe", *_DIMS]
    keys = results[about].fillna("").astype(str)
    gone = set(keys.loc[list(hidden)].itertuples(index=False, name=None))
    pairs = {f"{later}-{earlier}": (later, earlier) for later in waves for earlier in waves}
    found = {}
    for row in results.index[shown & results["statistic"].isin(["difference", "change"])]:
        when, *what, dim1, level1 = keys.loc[row, [*about[:4], "dim1", "level1"]]
        rest = tuple(keys.loc[row, _DIMS[2:]])
        if results.loc[row, "statistic"] == "change":
            sides = {(w, *what, dim1, level1, *rest) for w in pairs.get(when, ())}
        else:
            sides = {(when, *what, dim1, level, *rest) for level in level1.split("-")}
        if sides & gone:
            found[int(row)] = ALSO
    return found


def hide(results: pd.DataFrame, row: int, why: str) -> None:
    """Take the numbers out of a row, and say why; ``row`` is its label."""
    results.loc[row, [*ESTIMATES, "n_weighted"]] = np.nan
    results.loc[row, ["n", "df"]] = pd.NA
    results.loc[row, ["grade", "note"]] = [SUPPRESSED, why]


def _rounded(results: pd.DataFrame, base: int) -> pd.DataFrame:
    """Numbers of persons rounded to a multiple of ``base``; shares and means are left as they are."""
    if base == 1:
        return results
    persons = results["unit"] == "persons"
    columns = ["value", "ci_low", "ci_high"]
    results.loc[persons, columns] = (results.loc[persons, columns] / base).round() * base
    results["n_weighted"] = (results["n_weighted"] / base).round() * base
    return results
