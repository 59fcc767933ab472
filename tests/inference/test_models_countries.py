"""Logits of informality on three real surveys: Ecuador 2021, South Africa 2017, Jambi (Indonesia) 2020.

Authority: reference_estimates.csv beside each file, R survey 4.1-1 ``svyglm(family = quasibinomial)``; how the
variables are made is in its PROVENANCE.md. R was run at its default tolerance, which stops on the deviance, so its
standard errors are those of the step before the last (survey_statistics.md, 3.3): Ecuador's are 8e-6 off.
The same call started again from its own solution (``start = coef(fit), control = glm.control(1e-15, 100)``, four
times) gives the numbers in ``ECUADOR``, which hold to 1e-9.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
import pytest

from informality.inference import Design
from informality.inference.models.regression import Fit, logit

STOPPED = 1e-5  # relative, for R at its default tolerance
ECUADOR = np.array(
    [
        (3.10416210266060721, 1.95674815863343e-01),
        (0.31911393202063154, 3.22443159657171e-02),
        (-0.10397122485473642, 5.81715673432500e-03),
        (0.00119114105899158, 6.74290503896293e-05),
        (0.89813428877978607, 5.14057345372624e-02),
        (-0.22169571027036220, 4.41107331582780e-01),
        (-0.71370645932480470, 1.46306456728010e-01),
        (-1.56070602351757071, 1.52341227113797e-01),
        (-2.90697527417645851, 1.55549641679340e-01),
    ]
)


def compare(fit: Fit, folder: Path, names: dict[str, str], agree: Callable[..., None]) -> None:
    rows = pd.read_csv(folder / "reference_estimates.csv")
    # coefficients are named in the second column, or in the third
    rows = rows[rows["estimate"].str.contains("svyglm")]
    named = rows["estimate"].str.extract(r"coefficient (.*) \(svyglm", expand=False).fillna(rows["domain"])
    rows = rows.set_index(named)
    expected = rows.loc[[names.get(name, name) for name in fit.names]]
    assert len(expected) == len(rows)
    country = folder.name[:3]
    value, se = expected["value"].to_numpy(), expected["se"].to_numpy()
    agree(f"{country} logit coefficients", fit.value, value, STOPPED * np.abs(value), where=country)
    agree(f"{country} logit se", fit.se, se, STOPPED * se, where=country)


def test_ecuador(shared: Path, agree: Callable[..., None]) -> None:
    folder = shared / "data" / "ecu_enemdu_2021q1"
    if not folder.is_dir():
        pytest.skip("no microdata of Ecuador")
    columns = ["fexp", "estrato", "upm", "empleo", "secemp", "p02", "p03", "area", "nnivins"]
    x = pyreadstat.read_sav(folder / "enemdu_persona_2021_01-03.sav", usecols=columns)[0]
    fit = logit(
        Design.from_columns(x["fexp"], x["estrato"], x["upm"]),
        x,
        "secemp == 2 ~ C(p02) + p03 + I(p03**2) + C(area) + C(nnivins)",
        domain=(x["empleo"] == 1) & x["secemp"].isin([1, 2]),
    )
    assert fit.design_df <= 3686 and fit.dropped == 0
    names = {
        "Intercept": "(Intercept)", "p02[2]": "factor(p02)2", "I(p03 ** 2)": "I(p03^2)", "area[2]": "factor(area)2",
        **{f"nnivins[{i}]": f"factor(nnivins){i}" for i in range(2, 6)},
    }  # fmt: skip
    compare(fit, folder, names, agree)
    agree("Ecuador logit, R to the end", np.column_stack([fit.value, fit.se]), ECUADOR)


def test_south_africa(shared: Path, agree: Callable[..., None]) -> None:
    folder = shared / "data" / "zaf_qlfs_2017q2_q3"
    if not folder.is_dir():
        pytest.skip("no microdata of South Africa")
    columns = ["UQNO", "STRATUM", "Weight", "Q13GENDER", "Q14AGE", "Q45WRK4WHOM", "Infempl", "Status",
               "Education_Status", "Geo_type"]  # fmt: skip
    x = pd.read_stata(folder / "QLFS-2017-03_F1.dta", columns=columns, convert_categoricals=False)
    x["fem"] = x["Q13GENDER"] == 2
    fit = logit(
        Design.from_columns(x["Weight"], x["STRATUM"], x["UQNO"].str[:8]),
        x,
        "Infempl == 2 ~ fem + Q14AGE + I(Q14AGE**2) + C(Education_Status) + C(Geo_type)",
        domain=(x["Status"] == 1) & (x["Q45WRK4WHOM"] == 1) & x["Q14AGE"].between(15, 64),
    )
    names = {
        "Intercept": "(Intercept)", "I(Q14AGE ** 2)": "I(Q14AGE^2)",
        **{f"Education_Status[{i}]": f"edu{i}" for i in range(2, 8)}, "Geo_type[2]": "geo2", "Geo_type[3]": "geo3",
    }  # fmt: skip
    compare(fit, folder, names, agree)


def test_jambi(shared: Path, agree: Callable[..., None]) -> None:
    folder = shared / "data" / "idn_sakernas_2020_jambi"
    if not folder.is_dir():
        pytest.skip("no microdata of Jambi")
    x = pd.read_parquet(folder / "sakernas_2020_jambi.parquet")
    x["fem"], x["informal"] = x["K4"] == 2, ~x["R12A"].isin([3, 4])
    stratum = x["KODE_KAB"].astype(str) + " " + x["KLASIFIKAS"].astype(str)
    fit = logit(
        Design.from_columns(x["FINAL_WEIG"], stratum, x["ID_NKS"]),
        x,
        "informal ~ fem + K6 + I(K6**2) + C(KLASIFIKAS)",
        domain=x["R12A"] > 0,
    )
    names = {"Intercept": "(Intercept)", "I(K6 ** 2)": "I(K6^2)", "KLASIFIKAS[2]": "factor(KLASIFIKAS)2"}
    compare(fit, folder, names, agree)
