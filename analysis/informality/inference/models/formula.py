"""Formulas: what may be written in them, and which variables they name.

Formulas are patsy's (``informal ~ sex * age + I(age**2) + bs(hours, df=4)``). A formula may call only the functions
named here: it comes from a study file, and a study file must not be able to run programs.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import patsy  # type: ignore[import-untyped]

from informality.foundation.errors import ExitCode, InformalityError, Problem, did_you_mean, raise_errors
from informality.inference.models.covariates import Variable

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "log": np.log, "log10": np.log10, "log1p": np.log1p, "exp": np.exp, "sqrt": np.sqrt, "abs": np.abs,
    "minimum": np.minimum, "maximum": np.maximum,
}  # fmt: skip
_PATSY = ("C", "I", "Q", "bs", "cr", "cc", "center", "scale", "standardize",
          "Treatment", "Sum", "Poly", "Diff", "Helmert")  # fmt: skip
_ALLOWED = (ast.Expression, ast.Call, ast.keyword, ast.Name, ast.Constant, ast.BinOp, ast.UnaryOp, ast.Compare,
            ast.Tuple, ast.List, ast.Load, ast.operator, ast.unaryop,
            ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Parsed:
    """A formula taken apart: the names in it, and what each side says."""

    text: str
    description: patsy.ModelDesc
    outcome: str
    variables: tuple[str, ...]  # all names, also those of the outcome and the offset
    covariates: frozenset[str]
    predictors: frozenset[str]  # covariates, and the names in the offset
    factors: frozenset[str]  # variables inside C(...)


def parse(text: str, known: Iterable[str], offset: str | None = None) -> Parsed:
    """Read a formula ``outcome ~ terms``. All unknown names and forbidden expressions are told at once (SPEC)."""
    place = f"model `{text}`"
    try:
        description = patsy.ModelDesc.from_formula(text)
    except patsy.PatsyError as error:
        raise InformalityError(
            Problem(place, "the formula cannot be read", str(error).splitlines()[0],
                    "write it like `informal ~ sex + age + I(age**2)`"), ExitCode.SPEC
        ) from error  # fmt: skip
    sides = [[f.code for term in terms for f in term.factors] for terms in (description.lhs_termlist,
                                                                           description.rhs_termlist)]  # fmt: skip
    if len(sides[0]) != 1:
        raise InformalityError(
            Problem(place, "the formula must name one outcome, left of `~`", fix="write `informal ~ sex + age`"),
            ExitCode.SPEC,
        )
    names: dict[str, None] = {}
    factors: set[str] = set()
    problems: list[Problem] = []
    for code in sides[1]:
        _read_expression(code, place, names, factors, problems)
    covariates = frozenset(names)
    offsets: dict[str, None] = {}
    if offset:
        _read_expression(offset, place, offsets, factors, problems)
    _read_expression(sides[0][0], place, names, factors, problems)
    names.update(offsets)
    allowed = list(known)
    problems += [
        Problem(place, f"`{name}` is not a variable of the data", fix=did_you_mean(name, allowed))
        for name in names
        if name not in allowed
    ]
    raise_errors(problems, ExitCode.SPEC)
    return Parsed(
        text, description, sides[0][0], tuple(names), covariates, covariates | set(offsets), frozenset(factors)
    )


def _read_expression(code: str, place: str, names: dict[str, None], factors: set[str], problems: list[Problem]) -> None:
    """Collect the variables of one expression; anything a study file must not say is a problem."""
    try:
        tree = ast.parse(code, mode="eval")
    except SyntaxError:
        problems.append(Problem(place, f"`{code}` cannot be read", fix="check brackets and quotes"))
        return
    called: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            called.add(id(node.func))
            function = node.func.id
            if function not in FUNCTIONS and function not in _PATSY:
                problems.append(
                    Problem(place, f"`{function}` is not a function a formula can use", code,
                            did_you_mean(function, [*FUNCTIONS, *_PATSY]))
                )  # fmt: skip
            if function == "Q" and node.args and isinstance(node.args[0], ast.Constant):
                names[str(node.args[0].value)] = None
            if function == "C" and node.args and isinstance(node.args[0], ast.Name):
                factors.add(node.args[0].id)
        elif not isinstance(node, _ALLOWED) or isinstance(node, ast.Call):
            problems.append(
                Problem(place, f"`{code}` is more than a formula can say", type(node).__name__,
                        "make such a variable first, and name it here")
            )  # fmt: skip
            return
        elif isinstance(node, ast.Name) and id(node) not in called and node.id not in _PATSY:
            names[node.id] = None


def unknown_levels(parsed: Parsed, variables: Mapping[str, Variable]) -> list[Problem]:
    """Comparisons such as ``job == "infromal"`` with a level that does not exist: they would hold for nobody."""
    problems: list[Problem] = []
    codes = [parsed.outcome, *(f.code for term in parsed.description.rhs_termlist for f in term.factors)]
    for node in itertools.chain.from_iterable(ast.walk(ast.parse(code)) for code in codes):
        if not isinstance(node, ast.Compare) or not isinstance(node.left, ast.Name):
            continue
        variable, right = variables.get(node.left.id), node.comparators[0]
        if variable and variable.levels is not None and isinstance(right, ast.Constant):
            try:
                variable.code(right.value, f"model `{parsed.text}`")
            except InformalityError as error:
                problems += error.problems
    return problems


def display(code: str) -> str:
    """``C(sex, Treatment("male"))`` and ``Q("sex")`` print as ``sex``; all else as it was written."""
    tree = ast.parse(code, mode="eval").body
    if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) and tree.func.id in ("C", "Q"):
        first = tree.args[0]
        return first.id if isinstance(first, ast.Name) else str(getattr(first, "value", code))
    return code
