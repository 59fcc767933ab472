"""Which numbers of coverage scenarios would tell one that rests on too few sampled persons.

Members, those who pay and what they pay are told by scheme, by way of joining and by group, as totals, rates and changes.
Each such row is about a set of persons, and a set is given away where it is a sum or difference of others that are shown
(:mod:`~informality.tabulation.recovery`), over all breakdowns at once. A rate counts as its total, because the employed of
a group are published; who pays counts as who is a member, because members pay a share of the year that is published; whom
the State supports counts as all members of the schemes it supports.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from informality.tabulation.recovery import Relations, Sets

Bools = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]
Group = tuple[str, str]

ALL = "all"
WAYS = ("mandatory", "voluntary")
OF_ALL_MEMBERS = ("members", "member_rate", "active", "active_rate", "contributions", "contributions_gdp")
OF_A_WAY = {
    "members_mandatory": "mandatory", "members_voluntary": "voluntary", "step_joins": "voluntary", "step_pays": "voluntary",
}  # fmt: skip
NEWLY = "newly_insured"
SUBSIDY = "state_support"
APART = frozenset({"coverage_people", "coverage_means"})
"""Tables of everybody, which say nothing of members alone."""
SAME = 1e-9
"""Relative difference below which a rate of a scenario and one of the survey are the same number."""


def also_hidden(rows: pd.DataFrame, cases: pd.Series, fewest_cases: int, surveyed: pd.DataFrame | None = None) -> Bools:
    """(rows,) True for shown rows that have to go.

    ``rows``: graded, all scenarios and years together, ``value`` missing where hidden; ``cases``: (rows,) sampled
    persons behind each, from before hiding; ``surveyed``: the finished results of the survey itself. What is hidden in one
    scenario or year is hidden in all: a scenario leaves many groups as they are, and would tell them for the others. That
    nobody is in a cell is no secret. A number of the whole country goes only where nothing else helps, and then
    takes with it what is about parts of it. A scenario that insures but a few sampled persons anew shows none of its sums,
    because those of the status quo stand beside them.
    """
    shown = rows["value"].notna().to_numpy()
    counted = (rows["statistic"] == "total").to_numpy()
    few = ~shown & counted & cases.between(1, fewest_cases - 1).to_numpy()
    newly = rows.loc[few & (rows["indicator"] == NEWLY).to_numpy(), "scenario"]
    out = (rows["scenario"].isin(newly) & ~rows["table"].isin(APART)).to_numpy(dtype=bool, copy=True)
    for definition in rows.loc[few, "definition"].unique():
        here = np.flatnonzero(rows["definition"] == definition)
        part = rows.iloc[here]
        size = np.where(counted[here], cases.iloc[here], np.nan)  # a rate rests on the cases of its base
        out[here] |= _given_away(part, shown[here], few[here], size, _told_by(surveyed, part))
    return np.asarray(out & shown, dtype=bool)


def _given_away(rows: pd.DataFrame, shown: Bools, few: Bools, cases: Numbers, told_by: set[Group]) -> Bools:
    """(rows,) True for rows that tell a secret set, one taken away for it, or another sum over the same persons."""
    told = _Told.of(rows, cases)
    about = told.number >= 0
    secret = set(told.number[few & about].tolist()) | {told.everybody[g] for g in told_by & set(told.everybody)}
    known = about & ~np.isnan(cases)
    counted = rows.loc[known, ["scenario", "year"]].assign(number=told.number[known], cases=cases[known])
    sizes = counted.pivot_table(index=["year", "scenario"], columns="number", values="cases", aggfunc="max")
    left = set(told.number[shown & about].tolist()) - secret
    gone = secret | _complements(told, left, secret, sizes)
    groups = {told.groups[n] for n in gone}
    out = np.isin(told.number, list(gone))
    if None in groups:  # parts of the whole: by payer and branch, for the State, of several schemes together
        national = rows["dim1"].isna() & ~rows["table"].isin(APART)
        totals = rows[["scheme", "payer", "branch"]].eq(ALL).all(axis=1) & rows["indicator"].isin(OF_ALL_MEMBERS)
        out |= (national & ~totals if told.whole not in gone else national).to_numpy()
    return np.asarray(out, dtype=bool)


def _complements(told: _Told, left: set[int], secret: set[int], sizes: pd.DataFrame) -> set[int]:
    """The sets that have to go for no secret one to be worked out from those ``left``; of few cases rather than many.

    ``sizes``: (years and scenarios, sets) sampled persons, missing where a set is not told.
    """
    beside = _known_beside(told, secret, sizes)
    largest = sizes.max().to_dict()

    def cost(n: int) -> tuple[bool, float, int]:
        return told.groups[n] is None, largest.get(n, np.inf), n

    def given_away(known: set[int]) -> set[int]:
        """The sets left from which the first secret one that can be is worked out."""
        for others, targets in beside.items():
            for used in _recovered(told, known | others, targets):
                return used - others
        return set()

    known, gone = set(left), list[int]()
    while used := given_away(known):
        gone.append(min(used, key=cost))
        known.discard(gone[-1])
    for back in sorted(gone, key=cost, reverse=True):  # what a later choice has made needless is shown again
        if not given_away(known | {back}):
            known.add(back)
    return left - known


def _recovered(told: _Told, known: Collection[int], targets: Collection[int]) -> Iterator[set[int]]:
    found = told.relations.recovered(np.array(sorted(known)), np.array(sorted(targets)))
    yield from (set(used.tolist()) for used in found.values())


def _known_beside(told: _Told, secret: set[int], sizes: pd.DataFrame) -> dict[frozenset[int], set[int]]:
    """Secret sets by the sets that a reader may know without being shown them.

    Whoever knows the rules knows of which sets there is nobody. And what a scenario does not touch is the same as before it:
    where a secret set of one scenario is empty in another, the other is taken for known, and with it all that is the same in
    both. Sets are the same where as many sampled persons are in them, in the same year.
    """
    empty = {int(n) for n in sizes.columns[(sizes == 0).any()]}
    out: dict[frozenset[int], set[int]] = {}
    for _, here in sizes.iterrows():
        nobody = (empty - secret) | {int(n) for n in here.index[here == 0]}
        out.setdefault(frozenset(nobody), set()).update(secret - nobody)
    for one in secret & empty:
        may_know = set[int]()
        for _, of_year in sizes.groupby(level="year"):
            without = of_year[of_year[one] == 0]
            for _, having in of_year[of_year[one] > 0].iterrows():
                same = ((without == having) | (having == 0)).any()
                may_know |= {int(n) for n in same.index[same]}
        may_know.discard(one)
        if any(_recovered(told, may_know, [one])):  # different scenarios, which no single reader could put together so
            may_know = set()
        out.setdefault(frozenset(may_know), set()).add(one)
    return out


@dataclass(frozen=True, slots=True)
class _Told:
    """``number``: (rows,) which set of persons each row tells, -1 where it tells none; ``relations`` between the sets.

    ``groups``: of each set, (variable, level), or None for the whole country. ``whole``: the set of all members;
    ``everybody``: the sets of all members of a group.
    """

    number: Numbers
    relations: Relations
    groups: Sequence[Group | None]
    whole: int
    everybody: Mapping[Group, int]

    @classmethod
    def of(cls, rows: pd.DataFrame, cases: Numbers) -> _Told:
        persons = _Persons.of(rows)
        sets = Sets(persons.n)
        groups: list[Group | None] = [None]
        whole = sets.add(persons.mask(persons.schemes, None, None))
        everybody = dict[Group, int]()
        number = np.full(len(rows), -1, dtype=np.int64)

        def add(schemes: Sequence[str], way: str | None, group: Group | None) -> int:
            found = sets.add(persons.mask(schemes, way, group))
            if found == len(groups):
                groups.append(group)
            return found

        of_everybody = (rows["payer"] == ALL) & (rows["branch"] == ALL)
        named = ["indicator", "scheme", "dim1", "level1"]
        for key, at in rows[of_everybody].groupby(named, dropna=False).indices.items():
            indicator, scheme, dim, level = key
            if indicator in OF_A_WAY or indicator in OF_ALL_MEMBERS:
                schemes = persons.schemes if scheme == ALL else [scheme]
                group = None if pd.isna(dim) else (dim, level)
                number[np.flatnonzero(of_everybody)[at]] = found = add(schemes, OF_A_WAY.get(indicator), group)
                if group and scheme == ALL and indicator in OF_ALL_MEMBERS:
                    everybody[group] = found
        support = (of_everybody & (rows["indicator"] == SUBSIDY)).to_numpy()
        having = rows[support & (cases > 0)].groupby("scenario")["scheme"].agg(lambda s: sorted({*s} - {ALL}))
        for at in np.flatnonzero(support & rows["scenario"].isin(having.index).to_numpy()):
            row = rows.iloc[at]
            schemes = [row["scheme"]] if row["scheme"] != ALL else having[row["scenario"]] or persons.schemes
            number[at] = add(schemes, None, None if pd.isna(row["dim1"]) else (row["dim1"], row["level1"]))
        return cls(number, sets.relations(), groups, whole, everybody)


@dataclass(frozen=True, slots=True)
class _Persons:
    """Kinds of persons enough to tell apart all sums by one variable at a time, for each scheme and way of joining.

    The first kind has the first level of every variable, each other one the first level of all but one of them: as many
    kinds as one-way sums can be independent, so that no relation is missed and none invented.
    """

    schemes: Sequence[str]
    levels: Mapping[str, Sequence[str]]

    @classmethod
    def of(cls, rows: pd.DataFrame) -> _Persons:
        schemes = sorted(set(rows["scheme"]) - {ALL}) or [ALL]
        crossed = rows[rows["dim1"].notna()]
        return cls(schemes, {str(dim): list(dict.fromkeys(g)) for dim, g in crossed.groupby("dim1")["level1"]})

    @property
    def _kinds(self) -> list[Group | None]:
        return [None, *((dim, level) for dim, levels in self.levels.items() for level in levels[1:])]

    @property
    def n(self) -> int:
        return len(self.schemes) * len(WAYS) * len(self._kinds)

    def mask(self, schemes: Sequence[str], way: str | None, group: Group | None) -> Bools:
        """(n,) True for the members of some schemes, by a way of joining, in a group; None: whichever."""
        kinds = self._kinds
        if group is None:
            inside = np.ones(len(kinds), dtype=bool)
        elif group in kinds:
            inside = np.array([kind == group for kind in kinds])
        else:  # the first level of its variable: all but those of the others
            inside = np.array([kind is None or kind[0] != group[0] for kind in kinds])
        out = np.zeros((len(self.schemes), len(WAYS), len(kinds)), dtype=bool)
        for scheme in schemes:
            out[self.schemes.index(scheme), slice(None) if way is None else WAYS.index(way)] = inside
        return out.ravel()


def _told_by(surveyed: pd.DataFrame | None, rows: pd.DataFrame) -> set[Group]:
    """Groups hidden in tables of the survey that have the very rates of a scenario: members are then who said so.

    Without it one table would hide a group and the other the group's neighbour.
    """
    if surveyed is None or surveyed.empty:
        return set()
    on = ["dim1", "level1"]
    ours = rows.loc[(rows["indicator"] == "member_rate") & rows["dim1"].notna(), [*on, "value"]].dropna()
    one_way = surveyed[surveyed["dim1"].notna() & surveyed["dim2"].isna() & (surveyed["statistic"] == "share")]
    both = one_way.merge(ours[ours["value"].between(0, 1, inclusive="neither")], on=on, suffixes=("", "_member"))
    same = both[np.isclose(both["value"], both["value_member"], rtol=SAME, atol=0)]
    about = ["wave", "definition", "indicator", "universe", "dim1"]
    hidden = one_way[one_way["value"].isna()].merge(same[about].drop_duplicates(), on=about)
    return set(zip(hidden["dim1"], hidden["level1"], strict=True))
