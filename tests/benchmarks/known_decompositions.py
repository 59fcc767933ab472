"""The last part of the simulation: why two groups differ, as the package says, and what is true of the population.

The same division of work as in ``known_truths.py``: true values are worked out with numpy alone, from the regressions of
the whole population.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from known_truths import Floats, Lines, Part, Truth, expit, frame_of, logit_by_hand, matrix_of, named, quantile_by_hand
from numpy.typing import NDArray
from population import Workers

from informality.inference import Design
from informality.inference.decomposition.gaps import oaxaca, threefold, yun
from informality.inference.decomposition.reweighting import reweighted

GROUPS = {"sex": ("men", "women"), "job": ("formal", "informal"), "area": ("villages", "towns")}
PARTS_OF_GAP = ("gap", "explained", "unexplained")


def _decompositions(design: Design, x: Workers) -> Lines:
    codes = {"sex": x.female, "job": x.informal, "area": x.urban}
    factors = {name: pd.Categorical.from_codes(code, categories=list(GROUPS[name])) for name, code in codes.items()}
    frame = frame_of(x).assign(**factors)
    age = "age + I(age**2 / 1000) + education"
    sex = oaxaca(design, frame, f"log_earnings ~ {age} + urban", ("sex", *GROUPS["sex"]))
    three = threefold(design, frame, f"log_earnings ~ {age} + urban", ("sex", *GROUPS["sex"]))
    job = oaxaca(design, frame, f"log_earnings ~ {age} + urban + female", ("job", *GROUPS["job"]))
    area = yun(design, frame, f"informal ~ {age} + female", ("area", *GROUPS["area"]))
    alike = reweighted(design, frame, f"log_earnings ~ {age} + urban + female", ("job", *GROUPS["job"]), ("mean", 0.5))
    title = "log earnings, men - women"
    return {
        **named(sex, {f"{title}, {part}": sex.place(part) for part in PARTS_OF_GAP}),
        **named(sex, {f"{title}, explained by education": sex.place("explained: education")}),
        **named(
            three, {f"{title}, {part}": three.place(part) for part in ("endowments", "coefficients", "interaction")}
        ),
        **named(job, {f"log earnings, formal - informal, {part}": job.place(part) for part in PARTS_OF_GAP}),
        **named(area, {f"informality, villages - towns, {part}": area.place(part) for part in PARTS_OF_GAP}),
        **named(alike, {f"reweighted mean, {part}": alike.place(f"mean: {part}") for part in PARTS_OF_GAP[1:]}),
        **named(alike, {f"reweighted median, {part}": alike.place(f"quantile 0.5: {part}") for part in PARTS_OF_GAP}),
    }


def _truth(x: Workers) -> Truth:
    pay, women, formal, villages = np.log(x.earnings), x.female == 1, x.informal == 0, x.urban == 0
    matrix = matrix_of(x)  # constant, female, age, age squared, secondary, tertiary, urban
    of_sex, of_job, of_area = matrix[:, [0, 2, 3, 4, 5, 6]], matrix, matrix[:, [0, 1, 2, 3, 4, 5]]
    sex, by_column = _oaxaca(of_sex, pay, ~women)
    job, _ = _oaxaca(of_job, pay, formal)
    apart = of_sex[~women].mean(axis=0) - of_sex[women].mean(axis=0)
    own_men, own_women = (_least_squares(of_sex[who], pay[who]) for who in (~women, women))
    title = "log earnings, men - women"

    # One logit for both areas, with a term +1/2 and -1/2 for the area, which predictions do without.
    b = logit_by_hand(np.column_stack([of_area, villages - 0.5]), x.informal.astype(np.float64))[:-1]
    predicted = expit(of_area @ b)
    gap = float(np.mean(x.informal[villages]) - np.mean(x.informal[~villages]))
    explained = float(predicted[villages].mean() - predicted[~villages].mean())

    # Informal workers weighted by the odds of being formal look like formal ones.
    odds = np.exp(of_job[~formal] @ logit_by_hand(of_job, formal.astype(np.float64)))
    alike = float(odds @ pay[~formal] / odds.sum())
    middle = [quantile_by_hand(pay[formal]), quantile_by_hand(pay[~formal]), quantile_by_hand(pay[~formal], odds)]
    return {
        **{f"{title}, {part}": value for part, value in zip(PARTS_OF_GAP, sex, strict=True)},
        f"{title}, explained by education": float(by_column[3:5].sum()),
        f"{title}, endowments": float(apart @ own_women),
        f"{title}, coefficients": float(of_sex[women].mean(axis=0) @ (own_men - own_women)),
        f"{title}, interaction": float(apart @ (own_men - own_women)),
        **{f"log earnings, formal - informal, {part}": value for part, value in zip(PARTS_OF_GAP, job, strict=True)},
        "informality, villages - towns, gap": gap,
        "informality, villages - towns, explained": explained,
        "informality, villages - towns, unexplained": gap - explained,
        "reweighted mean, explained": alike - float(pay[~formal].mean()),
        "reweighted mean, unexplained": float(pay[formal].mean()) - alike,
        "reweighted median, gap": middle[0] - middle[1],
        "reweighted median, explained": middle[2] - middle[1],
        "reweighted median, unexplained": middle[0] - middle[2],
    }


def _oaxaca(x: Floats, y: Floats, first: NDArray[np.bool_]) -> tuple[tuple[float, float, float], Floats]:
    """Gap, explained and unexplained with the coefficients of one regression that has a term for the group; and the
    explained part by column."""
    b = _least_squares(np.column_stack([x, first - 0.5]), y)[:-1]
    by_column = (x[first].mean(axis=0) - x[~first].mean(axis=0)) * b
    gap, explained = float(y[first].mean() - y[~first].mean()), float(by_column.sum())
    return (gap, explained, gap - explained), by_column


def _least_squares(x: Floats, y: Floats) -> Floats:
    return np.asarray(np.linalg.lstsq(x, y, rcond=None)[0])


DECOMPOSITIONS = Part("Decompositions", _decompositions, _truth)
