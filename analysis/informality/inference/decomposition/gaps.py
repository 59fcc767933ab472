"""Why two groups differ on average: Oaxaca-Blinder for means, Yun and Fairlie for shares such as that of informality.

The gap is the first group's mean less the second's, design-weighted. The two-fold decomposition is

    explained    what the gap would be if characteristics counted alike in both groups, as the reference has it
    unexplained  the rest: equal characteristics that go with unequal outcomes, and all that the formula leaves out

and it is as good as the formula. **Explained is not justified**: women's shorter schooling may itself be the result of
unequal chances. **Unexplained is not discrimination proven**: it holds unequal treatment, and also every difference that
the survey did not ask about; unequal treatment may also hide in the explained part (who gets which job). What can be
said in a report: "Of a gap of 12 points, 5 go with differences in schooling, age and area; 7 remain between men and
women alike in these." Nothing here is a statement about causes.

``reference`` says how characteristics count when they count alike, and the answer depends on it:

- ``pooled`` (the default): coefficients of one model of both groups together, with a term for the group (Jann 2008,
  Stata Journal 8: 453-479). The term, +1/2 and -1/2, keeps the gap itself out of the other coefficients, and stands
  halfway in predictions, so that neither group is the norm. In a linear model the unexplained part is then the
  coefficient of the group that one regression would show (Elder, Goddeeris and Haider 2010).
- ``neumark``: the same model without that term (Neumark 1988; Oaxaca and Ransom 1994). Coefficients of whatever differs
  between the groups then take up part of the gap, and the explained part is too large for it: if women have shorter
  schooling and are paid less for everything, schooling is credited with some of that. For comparison with other
  studies.
- ``cotton``: the average of the groups' own coefficients, weighted by the people in each (Cotton 1988).
- a group's label: its own coefficients (Oaxaca 1973; Blinder 1973), as if the other were to be treated like it.

Terms of the formula: each has a line in each part, the levels of a factor added up. In the explained part, lines do not
depend on the reference level of a factor (with an interaction, the terms in it together do not). In the unexplained
part they would: the constant and the factors share it out by which level is left out (Jones 1983; Oaxaca and Ransom
1999). With ``normalise``, the default, coefficients of levels are taken from their average over all levels, so that the
choice does not matter (Gardeazabal and Ugidos 2004; Yun 2005, Economic Inquiry 43: 766-772). For numbers no such
way out exists: counting age from 0 or from 15 moves an amount between `age` and the constant. Such lines are
best read together.

Errors are the design's. Covariates, coefficients and group sizes are all estimated: their influence values are added
row by row before the design sees them, so what groups share through common PSUs is in it.
"""

from __future__ import annotations

from typing import Literal, TypedDict, Unpack

import pandas as pd
from numpy.typing import ArrayLike

from informality.foundation.errors import ExitCode, InformalityError, Problem, did_you_mean
from informality.inference.decomposition.groups import Compared, Groups, compare
from informality.inference.decomposition.parts import Part, decompose
from informality.inference.decomposition.result import Decomposition
from informality.inference.models.model_data import Missing
from informality.inference.sampling.design import Design

_BOTH = ("pooled", "neumark", "cotton")


class Options(TypedDict, total=False):
    """``domain``: (n,) True for the rows in question; never leave rows out instead. ``missing``: rows with a missing
    value are refused, or dropped and counted. ``normalise``: see the module."""

    domain: ArrayLike | None
    missing: Missing
    normalise: bool


def oaxaca(
    design: Design,
    frame: pd.DataFrame,
    formula: str,
    groups: Groups,
    reference: str = "pooled",
    **options: Unpack[Options],
) -> Decomposition:
    """Oaxaca-Blinder, two-fold: the gap in a mean, such as that of log earnings, explained and unexplained.

    ``formula``: ``log(earnings) ~ age + education``, without the group. ``groups``: ``("sex", "male", "female")``, the
    gap being the first less the second; or two named masks (:func:`~informality.inference.decomposition.groups.compare`).
    With reference coefficients b, explained = (xbar_1 - xbar_2)'b, unexplained = xbar_1'(b_1 - b) + xbar_2'(b - b_2)
    (Oaxaca 1973; Blinder 1973; Jann 2008). A gap in logarithms of 0.12 is about 12 percent.

    How to read the result, and which ``reference`` to take: see the module. Raises :class:`InformalityError`: SPEC for the
    formula, DATA for missing values, ESTIMATE for groups that cannot be compared (without a case, in one PSU, a level that
    only one of them has, a covariate that does not vary in one of them), each by name.
    """
    compared = _compared("linear", design, frame, formula, groups, options)
    reference = _reference(reference, compared)
    title = _title("Oaxaca-Blinder decomposition", compared, reference)
    return decompose(compared, design, _twofold(compared, reference), reference, title)


def threefold(
    design: Design, frame: pd.DataFrame, formula: str, groups: Groups, **options: Unpack[Options]
) -> Decomposition:
    """Oaxaca-Blinder, three-fold, from the second group's point of view: endowments, coefficients, interaction.

    ``endowments`` = (xbar_1 - xbar_2)'b_2: what the second group would gain with the first's characteristics, at its own
    returns. ``coefficients`` = xbar_2'(b_1 - b_2): what it would gain with the first's returns, as it is.
    ``interaction`` = (xbar_1 - xbar_2)'(b_1 - b_2): what only both together would bring (Jann
    2008). Swap the groups for the first's point of view. Arguments, cautions and errors as for
    :func:`oaxaca`: endowments are read as explained, coefficients as unexplained.
    """
    compared = _compared("linear", design, frame, formula, groups, options)
    parts = (
        Part("endowments", (1, -1), (0, 1, 0)),
        Part("coefficients", (0, 1), (1, -1, 0)),
        Part("interaction", (1, -1), (1, -1, 0)),
    )
    title = f"Oaxaca-Blinder decomposition of {compared.title}; three-fold, from the side of {compared.labels[1]}"
    return decompose(compared, design, parts, compared.labels[1], title)


def yun(
    design: Design,
    frame: pd.DataFrame,
    formula: str,
    groups: Groups,
    reference: str = "pooled",
    kind: Literal["logit", "probit"] = "logit",
    **options: Unpack[Options],
) -> Decomposition:
    """The gap in a share, such as that of informality between women and men, explained and unexplained.

    ``formula``: ``informal ~ age + education + area``, the outcome 0/1 or a condition such as ``job == "informal"``. The
    parts are differences of mean predictions of a ``kind`` model: explained = mean_1 F(x b) - mean_2 F(x b) with the
    reference coefficients b, unexplained the rest. They add up to the gap of observed shares exactly: a logit with a
    constant gives each group its observed share, and for a probit, which does not, the line ``not fitted`` says by how
    much. Terms share a part in proportion to what they add to the difference of x b (Yun 2004, Economics Letters 82:
    275-280; 2008 for the normalisation). Where that difference is next to nothing the shares are
    unstable, and a note says so.

    Readings, ``groups`` and errors as for :func:`oaxaca`, also an outcome that does not vary in a group, and perfect separation.
    """
    if kind not in ("logit", "probit"):
        raise ValueError(f"kind must be logit or probit, not {kind!r}")
    compared = _compared(kind, design, frame, formula, groups, options)
    reference = _reference(reference, compared)
    title = _title(f"Yun decomposition ({kind})", compared, reference)
    return decompose(compared, design, _twofold(compared, reference), reference, title)


def fairlie(
    design: Design,
    frame: pd.DataFrame,
    formula: str,
    groups: Groups,
    reference: str = "pooled",
    kind: Literal["logit", "probit"] = "logit",
    **options: Unpack[Options],
) -> Decomposition:
    """The gap in a share, explained and unexplained, as Fairlie (1999, 2005) defines them; without lines for terms.

    The two parts are those of :func:`yun`: with a group's label as ``reference`` those of Fairlie 1999 (Journal of Labor
    Economics 17: 80-108), with ``pooled`` those of his later papers (2005, Journal of Economic and Social Measurement 30:
    305-316). His lines for single terms are left out on purpose. They come from pairing each person of one group with
    one of like rank in the other, and swapping characteristics one by one. They depend on the order of swapping, and
    with factors on the order of people whose predictions tie; the groups are unequal in number and weight, so people are
    drawn at random (Fairlie 2017). Made without chance, by pairing ranks of weight, they still have no measure of their
    sampling error: with a little more weight on one PSU nearly everybody is paired anew, so the lines do not move
    smoothly with the weights, as linearisation and the jackknife need. (Tried on 800 made-up cases with four
    continuous covariates: jackknife errors of the lines were two to four times too large, and more so with more
    cases; that of the explained part was right.) For terms use :func:`yun`.
    """
    if kind not in ("logit", "probit"):
        raise ValueError(f"kind must be logit or probit, not {kind!r}")
    compared = _compared(kind, design, frame, formula, groups, options)
    reference = _reference(reference, compared)
    title = _title(f"Fairlie decomposition ({kind})", compared, reference)
    return decompose(compared, design, _twofold(compared, reference), reference, title, detailed=False)


def _compared(
    kind: Literal["linear", "logit", "probit"],
    design: Design,
    frame: pd.DataFrame,
    formula: str,
    groups: Groups,
    options: Options,
) -> Compared:
    return compare(
        kind, design, frame, formula, groups, options.get("domain"), options.get("missing", "refuse"),
        options.get("normalise", True),
    )  # fmt: skip


def _reference(wanted: str, compared: Compared) -> str:
    if wanted not in (*_BOTH, *compared.labels):
        allowed = [*_BOTH, *compared.labels]
        raise InformalityError(
            Problem(compared.place, f"`{wanted}` is neither a group nor a kind of reference coefficients",
                    ", ".join(allowed), did_you_mean(wanted, allowed)), ExitCode.SPEC
        )  # fmt: skip
    return wanted


def _twofold(compared: Compared, reference: str) -> tuple[Part, ...]:
    first, second = compared.labels
    if reference == first:
        return Part("explained", (1, -1), (1, 0, 0)), Part("unexplained", (0, 1), (1, -1, 0))
    if reference == second:
        return Part("explained", (1, -1), (0, 1, 0)), Part("unexplained", (1, 0), (1, -1, 0))
    return (
        Part("explained", (1, -1), (0, 0, 1)),
        Part("unexplained", (1, 0), (1, 0, -1)),
        Part("unexplained", (0, 1), (0, -1, 1)),
    )


def _title(method: str, compared: Compared, reference: str) -> str:
    how = {
        "pooled": "the pooled model with a term for the group",
        "neumark": "the pooled model without a term for the group",
        "cotton": "the average of both groups, by their size",
    }.get(reference, reference)
    return f"{method} of {compared.title}; coefficients of reference: {how}"
