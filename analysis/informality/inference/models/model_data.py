"""The data of a model, read and checked before anything is fitted.

Everything that would end as a huge number, a silent loss of rows or a traceback is looked for here and told
with its name: unknown variables, missing values, factors with one level, outcomes that do not vary.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from informality.foundation.errors import ExitCode, InformalityError, Problem, did_you_mean, raise_errors
from informality.inference.models import covariates, design_matrix
from informality.inference.models import formula as formulas
from informality.inference.models.covariates import Variable
from informality.inference.models.design_matrix import Matrix
from informality.inference.models.formula import Parsed
from informality.inference.models.likelihoods import CLogLog, Gaussian, Likelihood, Logit, Poisson, Probit
from informality.inference.models.newton import Sample
from informality.inference.models.patterns import Patterns
from informality.inference.models.several_outcomes import Multinomial, Ordered
from informality.inference.sampling.design import Design
from informality.inference.sampling.moments import FloatArray, IntArray

Kind = Literal["linear", "logit", "probit", "cloglog", "poisson", "multinomial", "ordered"]
Missing = Literal["refuse", "drop"]

_ONE_PREDICTOR = {"linear": Gaussian, "logit": Logit, "probit": Probit, "cloglog": CLogLog, "poisson": Poisson}


@dataclass(frozen=True, slots=True, eq=False)
class ModelData:
    """What a model is fitted on.

    ``variables``: all in the formula. ``sample``: matrix, outcome and offset by pattern; ``patterns``: the way
    back to rows. ``offset``: its expression. ``dropped``: rows left out for missing values. ``notes``: what the
    reader should know (levels without a case, rows left out, columns left out).
    """

    place: str
    parsed: Parsed
    offset: str | None
    variables: Mapping[str, Variable]
    likelihood: Likelihood
    sample: Sample
    patterns: Patterns
    n_file: int
    dropped: int
    notes: tuple[Problem, ...]

    def among(self, chosen: NDArray[np.bool_], matrix: Matrix) -> ModelData:
        """The data of some of the patterns (m,), with the columns of a matrix made from this one."""
        sample, offset = self.sample, self.sample.offset
        part = offset[chosen] if isinstance(offset, np.ndarray) else offset
        smaller = Sample(matrix, sample.first[chosen], sample.y[chosen], part)
        return replace(self, sample=smaller, patterns=self.patterns.among(chosen))


def read_model_data(
    kind: Kind,
    design: Design,
    frame: pd.DataFrame,
    text: str,
    domain: ArrayLike | None,
    offset: str | None,
    reference: Mapping[str, Any],
    missing: Missing,
) -> ModelData:
    """Read the columns a formula names, for the rows of a domain; errors are SPEC, DATA or ESTIMATE."""
    place = f"model `{text}`"
    if missing not in ("refuse", "drop"):
        raise ValueError(f"missing must be refuse or drop, not {missing!r}")
    parsed = formulas.parse(text, [str(c) for c in frame.columns], offset)
    rows = domain_rows(design, frame, domain, place)
    outcome = formulas.display(parsed.outcome)
    categories = kind in ("multinomial", "ordered")
    _check_arguments(kind, parsed, outcome, frame, offset, reference, place)
    variables = {
        name: covariates.read_variable(
            name, frame[name], name in parsed.factors or (categories and name == outcome), place
        )
        for name in parsed.variables
    }
    raise_errors(formulas.unknown_levels(parsed, variables), ExitCode.SPEC)
    rows, dropped, notes = _complete(variables, rows, missing, place)
    problems: list[Problem] = []
    for name, variable in variables.items():
        if variable.levels is None or not (name in parsed.covariates or (categories and name == outcome)):
            continue
        variables[name], empty = covariates.used_levels(variable, rows, reference.get(name), place)
        left = variables[name].labels
        if empty:
            notes.append(
                Problem(place, f"no case has `{name}` = {', '.join(empty[:12])}",
                        fix="the model leaves these levels out", severity="warning")
            )  # fmt: skip
        if len(left) < 2:
            what = "the outcome" if name == outcome and name not in parsed.covariates else "the factor"
            problems.append(
                Problem(place, f"{what} `{name}` has one level among the cases, so it explains nothing"
                        if what == "the factor" else f"{what} `{name}` is the same for every case",
                        f"all {len(rows):,} cases have {left[0]}", "leave it out, or widen the domain")
            )  # fmt: skip
    raise_errors(problems, ExitCode.ESTIMATE)
    patterns = Patterns.find(variables.values(), rows)
    likelihood, y = _outcome(kind, parsed, variables, patterns.first, place)
    base = _offset(offset, variables, patterns.first, place)
    matrix = Matrix.design(parsed, {n: v for n, v in variables.items() if n in parsed.covariates}, rows)
    return ModelData(place, parsed, offset, variables, likelihood, Sample(matrix, patterns.first, y, base),
                     patterns, len(frame), dropped, tuple(notes))  # fmt: skip


def domain_rows(design: Design, frame: pd.DataFrame, domain: ArrayLike | None, place: str) -> IntArray:
    """The rows (N,) of a domain that have a weight; an error (DATA, ESTIMATE) where no model can be fitted on them."""
    if len(frame) != len(design.weight):
        raise InformalityError(
            Problem(place, "the data and the sample design have different numbers of rows",
                    f"{len(frame):,} and {len(design.weight):,}",
                    "build the design from all rows of this frame, and name a domain instead of leaving out rows"),
            ExitCode.DATA,
        )  # fmt: skip
    mask = design.weight != 0
    if domain is not None:
        inside = np.asarray(domain)
        if inside.dtype != bool or len(inside) != len(mask):
            raise ValueError("domain must be True or False for each row, without missing values")
        mask = mask & inside
    rows = np.flatnonzero(mask)
    if not len(rows):
        raise InformalityError(
            Problem(place, "nobody in the sample belongs to the domain of the model",
                    fix="check the condition that defines it"), ExitCode.ESTIMATE
        )  # fmt: skip
    if (design.weight[rows] < 0).any():
        raise InformalityError(
            Problem(place, "a model cannot be fitted with negative weights",
                    f"{int((design.weight[rows] < 0).sum()):,} rows", "calibrate with bounds, or by raking"),
            ExitCode.ESTIMATE,
        )  # fmt: skip
    if design.replicates is None and (design.psu[rows] == design.psu[rows[0]]).all():
        raise InformalityError(
            Problem(place, "all cases of the model lie in one primary sampling unit (PSU), "
                    "so no standard error can be computed",
                    f"{len(rows):,} cases", "widen the domain"), ExitCode.ESTIMATE
        )  # fmt: skip
    return rows


def _check_arguments(
    kind: Kind,
    parsed: Parsed,
    outcome: str,
    frame: pd.DataFrame,
    offset: str | None,
    reference: Mapping[str, Any],
    place: str,
) -> None:
    problems = [
        Problem(place, f"`{name}`, given a reference level, is not in the model",
                fix=did_you_mean(name, parsed.variables))
        for name in reference if name not in parsed.variables
    ]  # fmt: skip
    if kind in ("multinomial", "ordered") and outcome not in frame.columns:
        problems.append(
            Problem(place, f"the outcome of a {kind} model must be a variable", outcome, "name one, left of `~`")
        )
    elif kind == "ordered" and not (
        isinstance(frame[outcome].dtype, pd.CategoricalDtype) or pd.api.types.is_numeric_dtype(frame[outcome].dtype)
    ):
        problems.append(
            Problem(place, f"the order of `{outcome}` is not known",
                    "words would be put in the order of the alphabet",
                    "make it a pandas Categorical with the categories from low to high")
        )  # fmt: skip
    if kind == "ordered" and outcome in reference:
        problems.append(Problem(place, "an ordered outcome has no reference level", fix="leave it out"))
    if kind == "multinomial" and offset:
        problems.append(Problem(place, "a multinomial model has no offset", fix="leave it out"))
    raise_errors(problems, ExitCode.SPEC)


def _complete(
    variables: Mapping[str, Variable], rows: IntArray, missing: Missing, place: str
) -> tuple[IntArray, int, list[Problem]]:
    """The rows without missing values, how many were left out, and a note of that."""
    gone = np.zeros(len(rows), dtype=bool)
    counts = {}
    for name, variable in variables.items():
        bad = covariates.missing(variable, rows, place)
        if bad.any():
            counts[name] = int(bad.sum())
            gone |= bad
    if not counts:
        return rows, 0, []
    lost = int(gone.sum())
    found = ", ".join(f"{name}: {count:,}" for name, count in counts.items()) + f" of {len(rows):,} rows"
    if missing == "refuse" or lost == len(rows):
        raise InformalityError(
            [
                Problem(place, f"`{name}` is missing in some rows of the domain",
                        f"{count:,} of {len(rows):,} rows",
                        "give such rows a category of their own, narrow the domain, "
                        'or say missing="drop" to leave them out', count=count)
                for name, count in counts.items()
            ],
            ExitCode.DATA,
        )  # fmt: skip
    note = Problem(place, f"{lost:,} of {len(rows):,} rows were left out because a value is missing", found,
                   severity="warning", count=lost)  # fmt: skip
    return rows[~gone], lost, [note]


def _outcome(
    kind: Kind, parsed: Parsed, variables: Mapping[str, Variable], first: IntArray, place: str
) -> tuple[Likelihood, FloatArray]:
    """The likelihood and the outcome (m,) of each pattern, as numbers or codes."""
    name = formulas.display(parsed.outcome)
    if kind in ("multinomial", "ordered"):
        variable = variables[name]
        made = Multinomial(variable.labels) if kind == "multinomial" else Ordered(variable.labels)
        return made, variable.values[first].astype(np.float64)
    try:
        value = design_matrix.evaluate(parsed.outcome, variables, first)
        y = np.asarray(value, dtype=np.float64) * np.ones(len(first))
    except (TypeError, ValueError) as error:
        levels = variables[name].labels if name in variables else ()
        example = levels[-1] if levels else "..."
        raise InformalityError(
            Problem(place, f"the outcome `{name}` of a {kind} model must be a number",
                    f"its levels are {', '.join(levels[:6])}" if levels else str(error),
                    f'write `{name} == "{example}"` left of `~`'), ExitCode.SPEC
        ) from error  # fmt: skip
    low, high = float(y.min()), float(y.max())
    problem = ""
    if not np.isfinite(y).all():
        problem = "is not a finite number for every case"
    elif kind in ("logit", "probit", "cloglog") and (low < 0 or high > 1):
        problem = "must lie between 0 and 1"
    elif kind == "poisson" and low < 0:
        problem = "must not be negative"
    elif low == high:
        problem = "is the same for every case"
    if problem:
        found = "" if "finite" in problem else f"it is {low:g}" + (f" to {high:g}" if high > low else "")
        raise InformalityError(
            Problem(place, f"the outcome `{name}` {problem}", found, "check how it is made, and the domain"),
            ExitCode.ESTIMATE,
        )
    return cast(Likelihood, _ONE_PREDICTOR[kind]()), y


def _offset(offset: str | None, variables: Mapping[str, Variable], first: IntArray, place: str) -> FloatArray | float:
    if not offset:
        return 0.0
    values = np.asarray(design_matrix.evaluate(offset, variables, first), dtype=np.float64) * np.ones(len(first))
    if not np.isfinite(values).all():
        raise InformalityError(
            Problem(place, f"the offset `{offset}` is not a finite number for every case",
                    fix="exposures must be above 0 before their logarithm is taken"), ExitCode.DATA
        )  # fmt: skip
    return values
