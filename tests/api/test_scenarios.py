"""Scenarios asked from Python. Authority: the coverage model asked directly, which ``coverage/`` proves; messages by hand."""

from __future__ import annotations

import numpy as np
import pytest

import informality as inf


def test_numbers_are_the_models_with_both_kinds_of_doubt(lfs: inf.Survey) -> None:
    now, match = (inf.simulate(lfs, "lao", name, draws=8) for name in ("lao-l0", "lao-l4"))
    members = match.members(2030)
    figure = match.outcome.members(2030)
    assert (float(members), members.se) == pytest.approx((figure.value[0], figure.se[0]))
    assert members.range() == pytest.approx(tuple(end[0] for end in figure.range(0.8)))
    gain = members - now.members(2030)
    change = figure - now.outcome.members(2030)
    assert (float(gain), gain.se) == pytest.approx((change.value[0], change.estimate.se[0]))
    assert gain.range() == pytest.approx(tuple(end[0] for end in change.range(0.8)))
    assert gain.to_pandas()["se_parameters"].item() == pytest.approx(change.draws.std(ddof=1))
    nothing = now.members(2030) - now.members(2030)
    assert (float(nothing), nothing.se) == (0, pytest.approx(0, abs=1e-6))

    by = members.by("province")
    assert by.dims == ("region",)
    assert np.sum(by.value) == pytest.approx(float(members))
    assert "by groups it is kept for the first and the last year" in by.to_text(200)
    by = match.members(2035, by="region")
    assert "Range of assumptions" in by.to_text(200) and "8 draws" in by.to_text(200)
    assert match.coverage(2030).unit == "share"
    with pytest.raises(inf.InformalityError, match="cannot be broken down"):
        gain.by("sex")


def test_wrong_use(opened: inf.Survey, lfs: inf.Survey) -> None:
    with pytest.raises(inf.InformalityError, match="opened and classified"):
        inf.simulate(opened, "lao")
    with pytest.raises(inf.InformalityError, match="this is a scenario of the baseline `mex`"):
        inf.simulate(lfs, "lao", "mex-match")
    with pytest.raises(inf.InformalityError, match="there is no scenario of this name"):
        inf.simulate(lfs, "lao", "lao-l99")
    with pytest.raises(inf.InformalityError, match="is not an indicator"):
        inf.simulate(lfs, "lao").number("membres", 2030)
