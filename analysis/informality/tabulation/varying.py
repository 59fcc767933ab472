"""What each option of a definition changes, as rows: the rate with the option set otherwise, the difference, who moves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from informality.classification.classify import NOT_DETERMINABLE, classify_jobs, column
from informality.classification.flows import classes
from informality.classification.variants import Variant, variants
from informality.foundation.quantities import weakest
from informality.inference.estimates.derived import cells
from informality.inference.estimates.estimate import totals
from informality.tabulation.comparing import left_open, rate, rate_rows, standing
from informality.tabulation.people import Bools
from informality.tabulation.robustness import Ground, Rated, choice_level, rated
from informality.tabulation.rows import differing, dimensions, estimated
from informality.tabulation.views import View

OPTION, CHOICE = "option", "choice"


def option_rows(seen: View, ground: Ground) -> pd.DataFrame | None:
    """Table ``options`` for one definition; None if it has no option that can be set otherwise, or decides no rate.

    Statistics ``rate``, ``rate_difference`` from the option as it is, and ``moved``, the persons whose class changes. The
    definition is run anew for each value, nothing else is changed.
    """
    here = rated({seen.definition.id: seen}, ground.spec)
    inside = ground.employed(seen)
    if not here or not inside.any():
        return None
    parts = []
    for variant in variants(seen.definition):
        workers = classify_jobs(seen.frame, variant.definition, ground.asked)
        parts += [_changed(one, _otherwise(one, variant, workers), variant, inside, ground) for one in here]
    return pd.concat(parts, ignore_index=True).assign(table="options", definition=seen.definition.id) if parts else None


def _otherwise(one: Rated, variant: Variant, workers: pd.DataFrame) -> Rated:
    """The same rate with the option set otherwise."""
    outcome = workers[column(variant.definition.id, one.step)]
    by_rule = workers[column(variant.definition.id, one.step, rule=True)].notna().to_numpy()
    unsettled = (outcome == NOT_DETERMINABLE).to_numpy() & by_rule
    return replace(one, definition=variant.definition, outcome=outcome, unsettled=unsettled)


def _changed(one: Rated, other: Rated, variant: Variant, inside: Bools, ground: Ground) -> pd.DataFrame:
    option = f"{one.id}: {variant.option}"
    dims = dimensions([OPTION, CHOICE], [(option, choice_level(option, variant.value))])
    gap = cells(rate(other, inside, ground)) - cells(rate(one, inside, ground))
    parts = [
        rate_rows(other, inside, dims, ground),
        differing(dims, gap, ground.settings, *left_open(inside, one, other)),
    ]
    moved = inside & (classes(one.outcome, one.spec.outcome) != classes(other.outcome, one.spec.outcome))
    if moved.any():  # that nobody moves is no small number of cases to be withheld
        count = totals(ground.design, moved.astype(float), np.where(inside, 0, -1), 1)
        parts.append(estimated(dims, count, "moved", "persons", ground.settings, n=count.n_numerator))
    status = weakest(standing(one, ground), standing(other, ground))
    return pd.concat(parts, ignore_index=True).assign(indicator=one.name, status=status)
