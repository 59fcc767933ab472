"""From labour-force-survey microdata to a publication on informal employment.

>>> import informality as inf
>>> lfs = inf.classify(inf.open_survey("lao-demo"), "ilo-17icls")
>>> rate = inf.share(lfs, of={"job": "informal"}, among={"employed": "yes"}, by="sex")
>>> gap = rate["female"] - rate["male"]  # with its own standard error
>>> fit = inf.logit(lfs, of={"job": "informal"}, on="sex + age_group + education + industry")
>>> effects = fit.margins()

What a name stands for is imported when it is first used, so that ``import informality`` costs nothing.
"""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from informality.api.comparing import association as association
    from informality.api.comparing import average as average
    from informality.api.comparing import difference as difference
    from informality.api.comparing import test as test
    from informality.api.estimates import composition as composition
    from informality.api.estimates import gini as gini
    from informality.api.estimates import mean as mean
    from informality.api.estimates import median as median
    from informality.api.estimates import quantile as quantile
    from informality.api.estimates import ratio as ratio
    from informality.api.estimates import share as share
    from informality.api.estimates import total as total
    from informality.api.fits import Fit as Fit
    from informality.api.frames import from_frame as from_frame
    from informality.api.gaps import Gap as Gap
    from informality.api.gaps import decompose as decompose
    from informality.api.models import cloglog as cloglog
    from informality.api.models import linear as linear
    from informality.api.models import logit as logit
    from informality.api.models import multinomial as multinomial
    from informality.api.models import ordered as ordered
    from informality.api.models import poisson as poisson
    from informality.api.models import probit as probit
    from informality.api.models import quantile_regression as quantile_regression
    from informality.api.results import Result as Result
    from informality.api.scenarios import Simulation as Simulation
    from informality.api.scenarios import simulate as simulate
    from informality.api.survey import Survey as Survey
    from informality.api.survey import classify as classify
    from informality.api.survey import open_survey as open_survey
    from informality.api.waves import pool as pool
    from informality.api.waves import trend as trend
    from informality.foundation.errors import InformalityError as InformalityError

_MODULES = {
    "informality.api.survey": ("open_survey", "classify", "Survey"),
    "informality.api.frames": ("from_frame",),
    "informality.api.estimates": ("total", "share", "mean", "ratio", "quantile", "median", "gini", "composition"),
    "informality.api.results": ("Result",),
    "informality.api.comparing": ("difference", "average", "test", "association"),
    "informality.api.waves": ("pool", "trend"),
    "informality.api.models": (
        "linear", "logit", "probit", "cloglog", "poisson", "multinomial", "ordered", "quantile_regression",
    ),
    "informality.api.fits": ("Fit",),
    "informality.api.gaps": ("decompose", "Gap"),
    "informality.api.scenarios": ("simulate", "Simulation"),
    "informality.foundation.errors": ("InformalityError",),
}  # fmt: skip
_HOME = {name: module for module, names in _MODULES.items() for name in names}

__all__ = ["__version__", *_HOME]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
