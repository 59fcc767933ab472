"""The numbers that segments rest on; they are in ``library/segments.yml``, each with its source and status."""

from __future__ import annotations

from informality.foundation.library import LIBRARY
from informality.foundation.quantities import QuantitySpec, Status, weakest
from informality.foundation.specfile import SpecModel, load


class Choices(SpecModel):
    """How many segments, what they are called and how the rule to apply them is told; see the file for each."""

    stability: QuantitySpec
    found_again: QuantitySpec
    most_segments: QuantitySpec
    smallest_segment: QuantitySpec
    resamples: QuantitySpec
    starts: QuantitySpec
    rare_level: QuantitySpec
    plainly: QuantitySpec
    mostly: QuantitySpec
    second: QuantitySpec
    ahead: QuantitySpec
    apart: QuantitySpec
    parts: QuantitySpec
    rule_leaves: QuantitySpec
    rule_depth: QuantitySpec

    @property
    def status(self) -> Status:
        """The weakest status of all of them, that of any segmentation made with them."""
        return weakest(*(getattr(self, name).status for name in type(self).model_fields))


def standard_choices() -> Choices:
    """The choices of the library."""
    return load(LIBRARY / "segments.yml", Choices).spec
