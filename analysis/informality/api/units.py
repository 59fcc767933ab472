"""What two units make when numbers that have them are combined. A number scaled by a constant keeps no unit."""

from __future__ import annotations

from informality.foundation.errors import ExitCode, InformalityError, Problem

SHARE, POINTS, PERSONS, RATIO, INDEX, NONE = "share", "points", "persons", "ratio", "index", ""
"""A share is a fraction of 1 and a difference of shares is in points; both print times 100."""


def combined(a: str, b: str, sign: str) -> str:
    """The unit of ``a sign b`` for ``+ - * /``; sums and differences of different units are an error (ESTIMATE)."""
    alike = {a, b} <= {SHARE, POINTS} or a == b
    if sign in "+-":
        if not alike:
            raise InformalityError(
                Problem(
                    "combining results",
                    "the two results have different units",
                    f"{a or 'no unit'} and {b or 'no unit'}",
                    "results of one kind can be added and subtracted",
                ),
                ExitCode.ESTIMATE,
            )
        return POINTS if sign == "-" and a == b == SHARE else SHARE if SHARE in (a, b) else a
    if sign == "/":
        return RATIO if alike else a if b in (SHARE, RATIO) else NONE
    plain = (SHARE, RATIO)
    return b if a in plain else a if b in plain else NONE


def shifted(unit: str, sign: str, *, reverse: bool) -> str:
    """The unit of a number and a constant: of ``number sign constant``, or with ``reverse`` of ``constant sign number``."""
    if sign in "*/":
        return NONE
    return POINTS if unit == SHARE and sign == "-" and not reverse else unit
