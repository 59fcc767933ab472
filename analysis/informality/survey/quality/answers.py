"""Missing answers: of those who were asked, in each group of persons; questions without answers or with one only."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from informality.foundation.grammar import MISSING, NOT_ASKED
from informality.survey.account import Bools
from informality.survey.profile import FormSpec
from informality.survey.quality.findings import Finding
from informality.survey.quality.seen import Seen, percent

BLOCK = "answers"
SHOWN = 3
"""Groups named in the evidence."""


def check_answers(seen: Seen) -> Iterator[Finding]:
    """For every question the survey has: was it answered, by whom not, and by all alike?"""
    told: dict[tuple[str, int, float], str] = {}
    for name in seen.survey.schema.measured():
        form = seen.profile.spec.variables.get(name)
        if not isinstance(form, FormSpec):
            continue
        asked, unknown = seen.asked(name)
        same = (form.column or "", int(asked.sum()), float(seen.weight[unknown].sum()))
        if form.column and unknown.any() and told.setdefault(same, name) != name:
            continue  # two variables of one question, as the bounds of a size: told once
        if asked.any():
            yield from _missing(seen, name, asked, unknown)
            yield from _constant(seen, name, asked & ~unknown)
        elif name in seen.survey.asked and (universe := seen.universe(name)).any():
            yield Finding(
                BLOCK,
                "never_asked",
                "warning",
                seen.place(name),
                f"`{name}` is read from the file, yet nobody was asked",
                f"not asked of all {int(universe.sum()):,} whom it concerns",
                "see whether the routing is right, or write `not_asked`",
                int(universe.sum()),
                1.0,
            )
        yield from _left_out(seen, name)


def _missing(seen: Seen, name: str, asked: Bools, unknown: Bools) -> Iterator[Finding]:
    n, of = int(unknown.sum()), int(asked.sum())
    if not n:
        return
    share, weighted = n / of, seen.share(unknown, asked)
    few = of < seen.limit("few_cases")
    worst = [] if few or n == of else _concentrated(seen, asked, unknown)
    if n == of and not few:
        yield Finding(
            BLOCK,
            "no_answers",
            "error",
            seen.place(name),
            f"not one usable answer on `{name}`, though the survey asks it",
            seen.counted(unknown, asked),
            "see whether the column and its codes are the right ones",
            n,
            weighted,
        )
    elif max(share, weighted) > seen.limit("missing_share"):
        yield Finding(
            BLOCK,
            "missing",
            "note" if few else "warning",
            seen.place(name),
            f"{share:.1%} of those asked gave no usable answer on `{name}`",
            "; ".join(filter(None, [seen.counted(unknown, asked), f"most among {', '.join(worst)}" if worst else ""])),
            "results by this variable show them as not known",
            n,
            weighted,
        )
    elif worst:
        yield Finding(
            BLOCK,
            "missing_in_group",
            "warning",
            seen.place(name),
            f"answers on `{name}` are missing in one group above all",
            f"{', '.join(worst)}; in all {seen.counted(unknown, asked)}",
            "see whether this group was asked at all: then its answers are `not_asked`, not unknown",
            n,
            weighted,
        )


def _concentrated(seen: Seen, asked: Bools, unknown: Bools) -> list[str]:
    """Groups in which answers are missing far more often than among the others, worst first, in words."""
    found: list[tuple[float, str]] = []
    for variable in (*seen.spec.places, *seen.spec.people):
        groups = seen.groups(variable)
        if groups is None:
            continue
        of, n = groups.counts(asked), groups.counts(unknown)
        share = n / np.maximum(of, 1)
        others = (n.sum() - n) / np.maximum(of.sum() - of, 1)
        odd = (of >= seen.limit("few_cases")) & (share >= seen.limit("missing_in_group"))
        odd &= (others * seen.limit("missing_times") <= share) & (of < of.sum())
        found += [
            (float(share[i]), f"{groups.title} {groups.names[i]} ({percent(share[i])} of {of[i]:,})")
            for i in np.flatnonzero(odd)
        ]
    return [words for _, words in sorted(found, reverse=True)[:SHOWN]]


def _left_out(seen: Seen, name: str) -> Iterator[Finding]:
    """Places where a question was put to nobody, though it was put to people elsewhere."""
    universe, not_asked = seen.universe(name), seen.missing(name, NOT_ASKED)
    if not (universe & not_asked).any() or not (universe & ~not_asked).any():
        return
    for variable in seen.spec.places:
        groups = seen.groups(variable)
        if groups is None:
            continue
        of, n = groups.counts(universe), groups.counts(universe & ~not_asked)
        if not n.any():
            continue
        left = np.flatnonzero((of >= seen.limit("few_cases")) & (n == 0))
        if len(left):
            persons = int(of[left].sum())
            yield Finding(
                BLOCK,
                "left_out",
                "warning",
                seen.place(name),
                f"`{name}` was put to nobody in some groups of `{variable}`",
                f"{', '.join(groups.names[i] for i in left[:8])}: {persons:,} of the {int(universe.sum()):,} whom it concerns",
                "results by this variable are about the other groups only",
                persons,
                seen.share(universe & np.isin(groups.of, left), universe),
            )


def _constant(seen: Seen, name: str, answered: Bools) -> Iterator[Finding]:
    """A question on which everybody says the same."""
    n = int(answered.sum())
    if n < seen.limit("constant_cases"):
        return
    if seen.survey.schema[name].spec.kind == "number":
        values = seen.frame[name].to_numpy(dtype=float)[answered]
        same = f"{values[0]:g}" if (values == values[0]).all() else ""
    else:
        column = seen.frame[name]
        codes = column.cat.codes.to_numpy()[answered]
        word = str(column.cat.categories[codes[0]])
        alone = len(seen.survey.schema[name].categories) < 2 or word in MISSING
        same = "" if alone or (codes != codes[0]).any() else word
    if same:
        yield Finding(
            BLOCK,
            "constant",
            "note",
            seen.place(name),
            f"everybody gives the same answer on `{name}`",
            f"`{same}` from all {n:,} who answered",
            "see whether a code of the file is read wrongly, or whether the question was put to these only",
            n,
            1.0,
        )
