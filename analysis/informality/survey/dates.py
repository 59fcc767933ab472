"""Dates as packages count them, written out as ``2021-03-31``: the same text whatever the format of the file.

Sources of the formats and their epochs: SPSS, *Command Syntax Reference*, "Date and Time" (seconds since 14 October
1582); Stata, *Datetime* (days or milliseconds since 1 January 1960); SAS, *Formats and Informats* (days or seconds
since 1 January 1960); R, ``?Date`` and ``?POSIXct`` (since 1 January 1970).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from informality.foundation.tagged import letters_of


@dataclass(frozen=True, slots=True)
class Clock:
    """What a number in a column of dates counts: ``per_day`` units since the day ``epoch``."""

    epoch: str
    per_day: int


SPSS = Clock("1582-10-14", 86_400)
STATA_DAYS, STATA_MILLISECONDS = Clock("1960-01-01", 1), Clock("1960-01-01", 86_400_000)
SAS_DAYS, SAS_SECONDS = Clock("1960-01-01", 1), Clock("1960-01-01", 86_400)
R_DAYS, R_SECONDS = Clock("1970-01-01", 1), Clock("1970-01-01", 86_400)

_FORMATS: dict[str, tuple[tuple[str, Clock], ...]] = {
    "SPSS": ((r"(DATE|ADATE|EDATE|JDATE|SDATE|QYR|MOYR|WKYR|DATETIME|YMDHMS)[\d.]*", SPSS),),
    "Stata": ((r"%-?(td|d).*", STATA_DAYS), (r"%-?t[cC].*", STATA_MILLISECONDS)),
    "SAS": (
        (r"(DATETIME|E8601DT|DATEAMPM|MDYAMPM|B8601DT)[\d.]*", SAS_SECONDS),
        (r"(DATE|DAY|DDMMYY[BCDNPS]?|MMDDYY[BCDNPS]?|YYMMDD[BCDNPS]?|E8601DA|B8601DA|JULIAN|MONYY|WEEKDATX?|WORDDATX?"
         r"|MMYY[CDNPS]?|YYMM[CDNPS]?|YYMON|YYQ[CDNPSR]*|DOWNAME|WEEKDATE|WORDDATE|NLDATE)[\d.]*", SAS_DAYS),
    ),
}  # fmt: skip
_LAST = 253_402_300_800  # seconds from 1970 to the year 10000
_FIRST = -62_135_596_800  # and to the year 1


def clock_of(package: str, format: str | None) -> Clock | None:
    """What a column counts that has this display format in ``SPSS``, ``Stata`` or ``SAS``; None for no date."""
    for pattern, clock in _FORMATS.get(package, ()):
        if format and re.fullmatch(pattern, format, flags=re.IGNORECASE if package != "Stata" else 0):
            return clock
    return None


def written_out(values: npt.NDArray[np.generic], clock: Clock, *, utc: bool = False) -> pd.Series | None:
    """Dates as text, ``2021-03-31`` or ``2021-03-31T08:30:00`` where there is a time of day; blank is missing.

    None when a value is no date (beyond the years 1 to 9999) or carries a letter: then the numbers have to stay.
    ``utc`` marks times of day that are not local ones with a ``Z``.
    """
    distinct, place = np.unique(np.asarray(values, dtype=np.float64), return_inverse=True)
    epoch = np.datetime64(clock.epoch, "s").astype(np.int64)
    with np.errstate(invalid="ignore", over="ignore"):
        exact = distinct * (86_400 / clock.per_day) + float(epoch)
    blank = np.isnan(distinct)
    if letters_of(np.asarray(values)) is not None or not ((exact > _FIRST) & (exact < _LAST))[~blank].all():
        return None
    milliseconds = np.round(np.where(blank, 0, exact) * 1000).astype(np.int64)
    moments = milliseconds.astype("datetime64[ms]")
    whole_days, whole_seconds = milliseconds % 86_400_000 == 0, milliseconds % 1000 == 0
    end = "Z" if utc else ""
    text = np.where(
        whole_days,
        np.datetime_as_string(moments, unit="D"),
        np.where(
            whole_seconds,
            np.char.add(np.datetime_as_string(moments, unit="s"), end),
            np.char.add(np.datetime_as_string(moments, unit="ms"), end),
        ),
    ).astype(object)
    text[blank] = None
    values_of = pa.DictionaryArray.from_arrays(
        pa.array(place.ravel(), pa.int32()), pa.array(text.tolist(), pa.string())
    )
    return values_of.cast(pa.string()).to_pandas()
