"""Wrong use of fpc, replicate weights and calibration, and what the user is told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from informality.foundation.errors import ExitCode, InformalityError
from informality.inference import Control, Design, Moments, totals, totals_of

STRATUM = ["north", "north", "north", "south", "south", "south"]
PSU = [1, 2, 2, 1, 2, 2]
WEIGHT = np.array([10.0, 20.0, 30.0, 40.0, 50.0, 60.0])
SEX = ["f", "m", "f", "m", "f", "m"]


def refused(code: ExitCode, *parts: str, **how: Any) -> None:
    """The design is refused with these words."""
    with pytest.raises(InformalityError) as error:
        Design.from_columns(WEIGHT, STRATUM, PSU, **how)
    assert error.value.code == code
    for part in parts:
        assert part in str(error.value), str(error.value)


# ---- Finite populations ----------------------------------------------------------------------------------


def test_a_population_smaller_than_the_sample() -> None:
    refused(
        ExitCode.DATA,
        "sample design, fpc: the population has fewer PSUs than the sample",
        "stratum south: 2 drawn of 1.5",
        fpc=[9, 9, 9, 1.5, 1.5, 1.5],
    )
    refused(
        ExitCode.DATA,
        "sample design, fpc2: the population has fewer second-stage units than the sample",
        "PSU 2: 2 drawn of 1",
        fpc=9, psu2=[1, 1, 2, 1, 1, 2], fpc2=[5, 1, 1, 5, 5, 5],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("fpc", "what"),
    [
        ([9, 9, 8, 7, 7, 7], "stratum north: 8 to 9"),
        ([9, 9, 9, 0.5, 0.5, 0.5], "mixes population counts (above 1) and shares (up to 1)"),
        ([0.5, 0.5, np.nan, 0.5, 0.5, 0.5], "missing, not a number or negative"),
        ([9, 9, "nine", 7, 7, 7], "1 of 6 rows, the first is row 3"),
        (-3, "6 of 6 rows"),
        ([9, 9], "2 rows, but 6 weights"),
    ],
)
def test_a_correction_that_cannot_be_read(fpc: Any, what: str) -> None:
    refused(ExitCode.DATA, "sample design, fpc", what, fpc=fpc)


def test_half_a_second_stage() -> None:
    refused(ExitCode.DATA, "needs the second-stage unit and the correction", fpc=9, fpc2=5)
    refused(ExitCode.DATA, "how much of each PSU was drawn is not said", fpc=9, psu2=[1, 1, 2, 1, 1, 2])
    refused(ExitCode.DATA, "the psu2 is missing in some rows", fpc=9, psu2=[1, 1, None, 1, 1, 2], fpc2=5)


def test_lonely_units_of_the_second_stage_are_named() -> None:
    refused(
        ExitCode.ESTIMATE,
        "3 PSUs have only one second-stage unit",
        "stratum north (PSU 1), stratum south (PSU 1), stratum south (PSU 2)",
        fpc=9, psu2=[1, 1, 2, 1, 1, 1], fpc2=5,
    )  # fmt: skip
    Design.from_columns(WEIGHT, STRATUM, PSU, fpc=0, psu2=[1, 1, 2, 1, 1, 1], fpc2=5)  # it does not matter there


def test_a_stratum_taken_whole_is_not_lonely() -> None:
    design = Design.from_columns(WEIGHT[:4], STRATUM[:4], PSU[:4], fpc=[9, 9, 9, 1])
    assert len(design.units.stratum) == 3


def test_a_missing_stratum() -> None:
    with pytest.raises(InformalityError, match="the stratum is missing in some rows"):
        Design.from_columns(WEIGHT, [None, *STRATUM[1:]], PSU)


# ---- Replicate weights -----------------------------------------------------------------------------------


COLUMNS = np.column_stack([WEIGHT, WEIGHT * [2, 0, 1, 1, 1, 1], WEIGHT * [0, 2, 1, 1, 1, 1]])


@pytest.mark.parametrize(
    ("columns", "how", "what"),
    [
        (COLUMNS[:5], {"kind": "BRR"}, "5 rows of replicate weights, but 6 weights"),
        (COLUMNS[:, :1], {"kind": "BRR"}, "at least two columns"),
        (COLUMNS, {"kind": "bootstrap"}, "the scale of the replicate weights is not declared"),
        (COLUMNS, {"kind": "JKn"}, "the rscales of the replicate weights is not declared"),
        (COLUMNS, {"kind": "Fay"}, "the rho of the replicate weights is not declared"),
        (COLUMNS, {"kind": "JKn", "rscales": [0.5, 0.5]}, "2 rscales, 3 columns of replicate weights"),
        (COLUMNS, {"kind": "BRR", "scale": -1.0}, "scale and rscales must be numbers above 0"),
        (COLUMNS * [1, np.nan, 1], {"kind": "BRR"}, "6 rows, the first is row 1"),
        (COLUMNS / WEIGHT[:, None], {"kind": "BRR"}, "multiply them by the weight first"),
    ],
)
def test_replicate_weights(columns: Any, how: dict[str, Any], what: str) -> None:
    with pytest.raises(InformalityError) as error:
        Design.from_replicates(WEIGHT, columns, **how)
    assert error.value.code == ExitCode.DATA
    assert what in str(error.value)


def test_replicate_weights_of_nobody() -> None:
    weight = WEIGHT * [0, 1, 1, 1, 1, 1]
    with pytest.raises(InformalityError, match="rows of weight 0 have replicate weights"):
        Design.from_replicates(weight, COLUMNS, "BRR")
    with pytest.raises(ValueError, match="kind must be one of BRR, Fay"):
        Design.from_replicates(WEIGHT, COLUMNS, "jackknife")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="rho must be at least 0"):
        Design.from_replicates(WEIGHT, COLUMNS, "Fay", rho=1.5)
    with pytest.raises(ValueError, match="come as a table"):
        Design.from_replicates(WEIGHT, WEIGHT, "BRR")


def test_replicates_that_cannot_be_made() -> None:
    three = Design.from_columns(WEIGHT, STRATUM)
    with pytest.raises(InformalityError, match="need two PSUs in each stratum") as error:
        three.to_replicates("BRR")
    assert "stratum north has 3, stratum south has 3" in str(error.value)
    lonely = Design.from_columns(WEIGHT[:4], STRATUM[:4], PSU[:4], "adjust")
    with pytest.raises(InformalityError, match="no replicates under the lonely rule `adjust`"):
        lonely.to_replicates("JKn")
    staged = Design.from_columns(WEIGHT, STRATUM, fpc=9, psu2=np.arange(6), fpc2=1)
    with pytest.raises(InformalityError, match="has a second stage"):
        staged.to_replicates("bootstrap")
    with pytest.raises(InformalityError, match="before weights are calibrated, and once"):
        three.to_replicates("JKn").to_replicates("JKn")
    with pytest.raises(ValueError, match="made as JKn, bootstrap, BRR or Fay, not 'SDR'"):
        three.to_replicates("SDR")
    with pytest.raises(InformalityError, match="no PSU was left to chance"):
        Design.from_columns(WEIGHT, STRATUM, PSU, fpc=1).to_replicates("JKn")
    with pytest.raises(ValueError, match="at least 2 replicates"):
        three.to_replicates("bootstrap", number=1)


# ---- Calibration -----------------------------------------------------------------------------------------


def calibration_refused(code: ExitCode, controls: list[Control], *parts: str, **how: Any) -> None:
    with pytest.raises(InformalityError) as error:
        Design.from_columns(WEIGHT, STRATUM, PSU).calibrate(controls, **how)
    assert error.value.code == code
    for part in parts:
        assert part in str(error.value), str(error.value)


def test_totals_of_two_populations() -> None:
    area = Control("area", ["rural", "urban"] * 3, {"rural": 90, "urban": 100})
    calibration_refused(
        ExitCode.DATA,
        [Control("sex", SEX, {"f": 100, "m": 120}), area],
        "the known totals contradict each other",
        "sex adds up to 220, area adds up to 190",
    )


def test_totals_that_no_weights_meet() -> None:
    """A number that is twice another cannot have three times its total."""
    calibration_refused(
        ExitCode.ESTIMATE,
        [Control("hours", [1, 2, 3, 4, 5, 6], 900), Control("double", [2, 4, 6, 8, 10, 12], 2700)],
        "no weights meet all the known totals",
        "double is missed by",
        "check that the totals do not contradict each other",
    )


def test_controls_that_do_not_fit_the_sample() -> None:
    calibration_refused(
        ExitCode.DATA,
        [
            Control("sex", SEX, {"female": 100, "m": 120}),
            Control("age", [1, 1, 2, 2, None, 2], {1: 100, 2: 120}),
            Control("income", ["much"] * 6, 12.0),
            Control("area", [1, 2], {1: 100, 2: 120}),
            Control("size", [1, 1, 1, 2, 2, 2], {1: 100, 2: -1}),
        ],
        "sex: the sample holds categories without a known total\n  found   f\n",
        "sex: nobody in the sample is in a category that has a known total\n  found   female (100)",
        "age: the column is missing in some rows",
        "income: the column and its total must be numbers",
        "area: the column has another length than the sample",
        "size: a total must be a number from 0 on\n  found   2: -1",
    )


def test_negative_weights_are_counted() -> None:
    controls = [Control("hours", [60, 1, 1, 1, 1, 1], 100), Control("persons", np.ones(6), 210)]
    calibration_refused(
        ExitCode.ESTIMATE, controls,
        "some calibrated weights are negative", "1 of 6 rows, with 4.76% of the weight",
        "use raking or bounds",
    )  # fmt: skip
    design = Design.from_columns(WEIGHT, STRATUM, PSU)
    allowed = design.calibrate(controls, allow_negative=True)
    assert (allowed.weight < 0).sum() == 1
    assert totals(allowed, np.ones(6)).value[0] == pytest.approx(210, rel=1e-12)
    assert totals(allowed, np.ones(6)).n[0] == 6  # a negative weight is still a case


def test_bounds_that_are_too_tight() -> None:
    calibration_refused(
        ExitCode.ESTIMATE,
        [Control("sex", SEX, {"f": 200, "m": 100})],
        "within the bounds 0.9 to 1.1", "widen the bounds", bounds=(0.9, 1.1),
    )  # fmt: skip


def test_ways_to_calibrate() -> None:
    design = Design.from_columns(WEIGHT, STRATUM, PSU)
    known = [Control("sex", SEX, {"f": 200, "m": 100})]
    for how, what in [
        ({"method": "entropy"}, "method must be linear, raking or logit"),
        ({"bounds": (1.2, 3)}, "bounds must hold 1"),
        ({"bounds": (-1, 3)}, "the lower one must not be negative"),
        ({"method": "logit"}, "logit calibration needs bounds"),
    ]:
        with pytest.raises(ValueError, match=what):
            design.calibrate(known, **how)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="at least one control"):
        design.calibrate([])


def test_replicates_that_cannot_be_calibrated() -> None:
    """Without the only PSU that has a category, its total cannot be met."""
    design = Design.from_columns(WEIGHT, psu=[1, 2, 3, 4, 5, 6]).to_replicates("JKn")
    known = [Control("area", ["island", *["mainland"] * 5], {"island": 12, "mainland": 230})]
    with pytest.raises(InformalityError, match="some replicate weights cannot meet the known totals") as error:
        design.calibrate(known)
    assert "1 of 6 replicates, the first is number 1" in str(error.value)


def test_chunks_of_calibrated_weights_need_the_instrument() -> None:
    design = Design.from_columns(WEIGHT, STRATUM, PSU).calibrate([Control("sex", SEX, {"f": 200, "m": 100})])
    moments = Moments.from_arrays(design.weight, design.unit, None, 1, WEIGHT)
    with pytest.raises(ValueError, match=r"need the design's calibration\.instrument"):
        totals_of(moments, design.basis)


def test_a_frame_for_crossed_cells() -> None:
    cells = pd.DataFrame({"sex": SEX, "area": ["r", "r", "u", "u", "r", "u"]})
    known = {("f", "r"): 70, ("m", "r"): 20, ("f", "u"): 40, ("m", "u"): 110}
    design = Design.from_columns(WEIGHT, STRATUM, PSU).calibrate([Control("sex by area", cells, known)])
    # by hand: each cell's weights times its total over their sum
    np.testing.assert_allclose(design.weight, [70 / 6, 20, 40, 44, 350 / 6, 66], rtol=1e-13)
    calibration_refused(
        ExitCode.DATA, [Control("sex by area", cells, {("f", "r"): 70})], "('m', 'r'), ('f', 'u'), ('m', 'u')"
    )
