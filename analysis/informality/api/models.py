"""Regressions of a survey: what is modelled, on what, among whom; fitted with the design's covariance.

All functions take ``of``, the outcome, and ``on``, the right side of a formula over the survey's variables
(``"sex + age_group + I(age**2)"``, with interactions ``a:b`` and ``a*b``, and ``bs(age, df=4)`` for splines), or a list of
names. Category variables are factors, their first category the reference unless ``reference={"sex": "male"}`` says
another. ``among``: a condition that says of whom; nobody is taken out of the sample design for it. ``offset``: an
expression with coefficient 1.

Persons to whom the outcome does not apply are outside the universe. ``missing``: with ``"drop"``, the default, persons
without a usable answer on some variable are left out and counted in the print; a covariate that does not apply to some
of the universe, or was not put to them, is refused, since leaving them out would change whom the model is about.
``"level"`` keeps all such answers as levels of their factor; ``"refuse"`` refuses unknown answers, too.

Raises :class:`InformalityError`: USAGE and SPEC for names and formulas, DATA for missing answers, ESTIMATE for empty
universes, factors with one level, collinear columns and perfect separation, each by name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict, Unpack

from informality.api.asked import Condition, of_words
from informality.api.cases import Cases, Missing, account, read_cases
from informality.api.estimates import context_of
from informality.api.fits import Fit
from informality.api.survey import Survey
from informality.inference.models import regression
from informality.inference.models.model_data import Kind
from informality.inference.models.quantile_regression import quantile

On = str | Sequence[str]
Separated = Literal["leave_out", "refuse"]

NAMES: dict[str, str] = {
    "linear": "Linear regression",
    "logit": "Logit",
    "probit": "Probit",
    "cloglog": "Complementary log-log model",
    "poisson": "Poisson model",
    "multinomial": "Multinomial logit",
    "ordered": "Ordered logit",
}
CONDITION, NUMBER, CATEGORY = "condition", "number", "category"


class Options(TypedDict, total=False):
    """What all models take beside outcome, formula and universe; see the module."""

    reference: Mapping[str, str]
    offset: str | None
    missing: Missing
    collinear: Literal["refuse", "drop"]


def logit(
    survey: Survey,
    of: Condition | str,
    on: On,
    among: Condition | None = None,
    *,
    separated: Separated = "leave_out",
    **options: Unpack[Options],
) -> Fit:
    """Logit of a condition (or of a number from 0 to 1): R ``svyglm(family = quasibinomial())``.

    A level all of whose cases have the outcome, or none, has no finite coefficient. It is left out with its cases and
    named, and the others are what they would be with it (Albert and Anderson 1984); ``separated="refuse"`` refuses.

    >>> fit = inf.logit(lfs, of={"job": "informal"}, on="sex + age_group + education + industry")
    >>> fit.margins().to_pandas().query("variable == 'sex'")["change"].tolist()
    ['Women − Men']
    """
    return _fit("logit", survey, of, on, among, (CONDITION, NUMBER), separated, options)


def probit(
    survey: Survey,
    of: Condition | str,
    on: On,
    among: Condition | None = None,
    *,
    separated: Separated = "leave_out",
    **options: Unpack[Options],
) -> Fit:
    """Probit of a condition; see :func:`logit`.

    >>> inf.probit(lfs, of={"job": "informal"}, on="sex + area", among={"employed": "yes"}).n
    8872
    """
    return _fit("probit", survey, of, on, among, (CONDITION, NUMBER), separated, options)


def cloglog(
    survey: Survey,
    of: Condition | str,
    on: On,
    among: Condition | None = None,
    *,
    separated: Separated = "leave_out",
    **options: Unpack[Options],
) -> Fit:
    """Complementary log-log model of a condition, for hazards; see :func:`logit`.

    >>> inf.cloglog(lfs, of={"job": "informal"}, on="sex + area", among={"employed": "yes"}).n
    8872
    """
    return _fit("cloglog", survey, of, on, among, (CONDITION, NUMBER), separated, options)


def linear(
    survey: Survey, of: Condition | str, on: On, among: Condition | None = None, **options: Unpack[Options]
) -> Fit:
    """Weighted least squares of a number, or of a condition (the linear probability model): R ``svyglm``.

    >>> fit = inf.linear(lfs, of="hours_usual", on="sex + age", among={"employed": "yes"}, reference={"sex": "female"})
    >>> fit.to_pandas().index.tolist()
    ['Intercept', 'sex[male]', 'age']
    """
    return _fit("linear", survey, of, on, among, (CONDITION, NUMBER), "refuse", options)


def poisson(
    survey: Survey, of: Condition | str, on: On, among: Condition | None = None, **options: Unpack[Options]
) -> Fit:
    """Poisson model, log link, of a number that is not negative, or of a condition; ``offset`` for exposure.

    >>> inf.poisson(lfs, of="jobs", on="sex + area", among={"employed": "yes"}).odds_ratios().columns[0]
    'rate ratio'
    """
    return _fit("poisson", survey, of, on, among, (CONDITION, NUMBER), "refuse", options)


def multinomial(survey: Survey, of: str, on: On, among: Condition | None = None, **options: Unpack[Options]) -> Fit:
    """Multinomial logit of a category variable, against its first category or ``reference={of: …}``: R ``svymultinom``.

    >>> fit = inf.multinomial(lfs, of="unit", on="sex + area", among={"employed": "yes"})
    >>> fit.core.outcomes
    ('formal', 'informal', 'household')
    """
    return _fit("multinomial", survey, of, on, among, (CATEGORY,), "refuse", options)


def ordered(survey: Survey, of: str, on: On, among: Condition | None = None, **options: Unpack[Options]) -> Fit:
    """Ordered logit (proportional odds) of a category variable whose categories run from low to high: R ``svyolr``.

    >>> fit = inf.ordered(lfs, of="education", on="sex + area", among={"employed": "yes"})
    >>> fit.test("sex").df
    1
    """
    return _fit("ordered", survey, of, on, among, (CATEGORY,), "refuse", options)


def quantile_regression(
    survey: Survey, of: str, on: On, among: Condition | None = None, *, tau: float = 0.5, **options: Unpack[Options]
) -> Fit:
    """Regression of the quantile ``tau`` of a number (Koenker and Bassett 1978): R ``quantreg::rq(weights=)``.

    Its coefficients are the effects on the quantile; there are no margins, deviance or diagnostics, and no offset.

    >>> fit = inf.quantile_regression(lfs, of="hours_usual", on="sex", among={"employed": "yes"}, tau=0.25)
    >>> len(fit.to_pandas())
    2
    """
    cases = _read("quantile_regression", survey, of, on, among, (NUMBER,), False, options)
    core = quantile(
        survey.design, cases.frame, cases.formula, tau, domain=cases.inside, reference=cases.reference,
        offset=options.get("offset"), collinear=options.get("collinear", "refuse"),
    )  # fmt: skip
    name = "Median regression" if tau == 0.5 else f"Regression of the quantile {tau:g}"
    return _made(name, survey, cases, core)


def _fit(
    kind: Kind, survey: Survey, of: Condition | str, on: On, among: Condition | None, kinds: Sequence[Any],
    separated: Separated, options: Options,
) -> Fit:  # fmt: skip
    cases = _read(kind, survey, of, on, among, kinds, separated == "leave_out", options)
    core = regression.fit(
        kind, survey.design, cases.frame, cases.formula, domain=cases.inside, reference=cases.reference,
        offset=options.get("offset"), collinear=options.get("collinear", "refuse"),
    )  # fmt: skip
    return _made(NAMES[kind], survey, cases, core)


def _read(
    call: str, survey: Survey, of: Condition | str, on: On, among: Condition | None, kinds: Sequence[Any],
    separated: bool, options: Options,
) -> Cases:  # fmt: skip
    return read_cases(
        call, survey, of, on, among, options.get("reference", {}), options.get("offset"),
        options.get("missing", "drop"), kinds, separated,
    )  # fmt: skip


def _made(name: str, survey: Survey, cases: Cases, core: Any) -> Fit:
    people = survey.people
    return Fit(
        core=core,
        title=f"{name} of {of_words(cases.of, people)}",
        cases=cases,
        people=people,
        context=context_of(survey),
        notes=(*account(cases, people), *survey.definition_notes(cases.names)),
        units=survey.units,
    )
