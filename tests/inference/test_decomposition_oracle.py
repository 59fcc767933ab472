"""Oaxaca-Blinder against R survey 4.5 on the labour force survey of the shared folder.

Authority: oracle/json/survey-4.5/models.json, cases `oaxaca_lw`: from influence values and svytotal for the linearised
designs, withReplicates for BRR. Their file does not say which covariates were used; of all subsets of its earnings
model only age, education, urban and informal give the stored parts (to 1e-12; the next nearest misses by 3e-6).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from informality.inference import Design
from informality.inference.decomposition.gaps import oaxaca


@pytest.fixture(scope="module")
def lfs(shared: Path) -> pd.DataFrame:
    x = pd.read_csv(shared / "oracle" / "data" / "lfs_synth.csv.gz")
    x["lw"], x["urb"] = np.log(x["wage"]), x["urban"] == 1
    return x


def design_of(shared: Path, name: str, x: pd.DataFrame) -> Design:
    base = {"weight": x["weight"], "stratum": x["stratum_c"], "psu": x["psu_id"]}
    if name == "base":
        return Design.from_columns(**base)
    if name == "twostage_fpc":
        return Design.from_columns(**base, fpc=x["N_psu_c"], psu2=x["hh"], fpc2=x["N_hh"])
    content = json.loads((shared / "oracle" / "json" / "survey-4.5" / "lfs.json").read_text())
    kept = next(c for c in content["cases"] if c["id"] == "brr/replicates")
    factors = pd.DataFrame(kept["factors"], index=kept["psu"]).loc[x["vstrat"] * 10 + x["vpsu"]].to_numpy()
    columns = factors * x["weight"].to_numpy()[:, None]
    return Design.from_replicates(x["weight"], columns, "BRR", scale=kept["scale"], rscales=kept["rscales"])


@pytest.mark.parametrize("name", ["base", "twostage_fpc", "brr"])
def test_earnings_gap_of_men_and_women(name: str, shared: Path, lfs: pd.DataFrame, agree: Callable[..., None]) -> None:
    content = json.loads((shared / "oracle" / "json" / "survey-4.5" / "models.json").read_text())
    theirs = next(c for c in content["cases"] if c["id"] == f"{name}/oaxaca_lw")
    domain = ((lfs["lfs"] == 1) & lfs["wage"].notna()).to_numpy()
    ours = oaxaca(
        design_of(shared, name, lfs), lfs, "lw ~ age + C(educ) + urb + informal", ("sex", 1, 2), "1", domain=domain
    )
    place = [ours.place(part) for part in theirs["names"]]
    agree("Oaxaca-Blinder", ours.value[place], theirs["est"], where=name)
    agree("Oaxaca-Blinder se", ours.se[place], theirs["se"], where=name)
    if "vcov" in theirs:
        agree("Oaxaca-Blinder covariance", ours.cov[np.ix_(place, place)], theirs["vcov"], where=name)
