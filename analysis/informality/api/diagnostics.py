"""Whether a model holds, as it is printed."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from informality.inference.models.diagnostics import GoodnessOfFit, Roc, archer_lemeshow, influential, roc, vif
from informality.inference.models.fitted import Fit


@dataclass(frozen=True, slots=True, eq=False)
class Diagnostics:
    """Whether a model holds. ``goodness``: Archer and Lemeshow's test, with the groups; ``roc``: the area under the curve
    with its error, and the curve; ``vif``: variance inflation of each term; ``influential``: the sampling units that move
    the coefficients most.
    """

    goodness: GoodnessOfFit | None
    roc: Roc | None
    vif: pd.DataFrame
    influential: pd.DataFrame

    def __str__(self) -> str:
        parts = [str(self.goodness)] if self.goodness is not None else []
        if self.roc is not None:
            low, high = self.roc.interval()
            parts.append(
                f"Area under the ROC curve: {self.roc.value[0]:.3f} (95% interval {low[0]:.3f} to {high[0]:.3f})"
            )
        parts.append(f"Variance inflation\n{self.vif.round(2).to_string()}")
        parts.append(
            f"Sampling units with the most influence\n{self.influential.head(5).round(3).to_string(index=False)}"
        )
        return "\n\n".join(parts)

    def __repr__(self) -> str:
        return str(self)


def diagnosed(fit: Fit, groups: int) -> Diagnostics:
    """All diagnostics of a fit; the test of fit and the ROC only for models of a share."""
    binary = fit.family == "binomial"
    return Diagnostics(
        archer_lemeshow(fit, groups) if binary else None, roc(fit) if binary else None, vif(fit), influential(fit)
    )
