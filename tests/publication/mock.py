"""Made-up inputs of a report, shaped like a Lao labour-force survey; no number here means anything.

They hold what a real survey can bring: names of regions in Lao script, suppressed and unreliable cells,
indicators that cannot be determined, and labels that try to be markup, formulas or shortcodes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from informality.foundation.grammar import RuleSpec, StepSpec, Variable
from informality.foundation.rules import Step, compile_steps
from informality.foundation.schema import read_schema
from informality.publication.inputs import OptionNote
from informality.publication.report import DefinitionNote, ReportInputs
from informality.publication.table import Labels
from informality.tabulation.columns import COLUMNS

NOTICE = "These data are made up: no number describes any real person or country."
NASTY = "<script>alert('1')</script> =1+1 *x* | \"q\" $y$ {{< include /etc/passwd >}} `c` @tbl-region\nnew line"
HIDDEN = 0.4242424
"""Value left (wrongly) in a suppressed row: it must appear nowhere."""

REGIONS = {
    "r01": "ນະຄອນຫຼວງວຽງຈັນ Vientiane Capital",
    "r02": "ຜົ້ງສາລີ Phongsaly",
    "r03": "ຫຼວງນ້ຳທາ Luang Namtha",
    "r04": "ອຸດົມໄຊ Oudomxay",
    "r05": "ບໍ່ແກ້ວ Bokeo",
    "r06": "ຫຼວງພະບາງ Luang Prabang",
    "r07": "ຫົວພັນ Huaphanh",
    "r08": "ໄຊຍະບູລີ Xayabury",
    "r09": "ຊຽງຂວາງ Xieng Khouang",
    "r10": "ວຽງຈັນ Vientiane Province",
    "r11": "ບໍລິຄຳໄຊ Bolikhamxay",
    "r12": "ຄຳມ່ວນ Khammuane",
    "r13": "ສະຫວັນນະເຂດ Savannakhet",
    "r14": "ສາລະວັນ Saravane",
    "r15": "ເຊກອງ Sekong",
    "r16": "ຈຳປາສັກ Champasack",
    "r17": "ອັດຕະປື Attapeu",
    "r18": NASTY,
}
DIMS = (
    "sex",
    "area",
    "region",
    "age_group",
    "education",
    "status",
    "industry_aggregate",
    "industry",
    "occupation",
    "size_group",
    "agriculture",
)
EMPLOYED = 2_477_000.0
SAMPLE = 17_400


def labels() -> Labels:
    """Words of the schema with the regions and indicators of this survey."""
    schema = read_schema()
    variables = {name: v.spec.title for name, v in schema.variables.items()}
    levels = {name: {**v.spec.categories, **schema.missing} for name, v in schema.variables.items()}
    components = {
        "IE_IS": "Informal job, informal unit",
        "IE_FS": "Informal job, formal unit",
        "IE_HH": "Informal job, household",
        "FE_FS": "Formal job, formal unit",
        "FE_IS": "Formal job, informal unit",
        "FE_HH": "Formal job, household",
    }
    return Labels(
        variables={**variables, "component": "Unit and job", "job": "Job"},
        levels={
            **levels,
            "region": REGIONS,
            "component": components,
            "job": {"formal": "Formal jobs", "informal": "Informal jobs"},
        },
        indicators={
            "informal_employment": "Informal employment",
            "informal_sector": "Employment in the informal sector",
            "outside_formal_sector": "Employment outside the formal sector",
            "household_sector": "Employment in households",
            "women_in_informal": "Women among informal workers",
            "employed": "Employed persons",
            "informal_jobs": "Informal jobs",
            "formal_jobs": "Formal jobs",
            "informal_sector_jobs": "Jobs in the informal sector",
            "unemployed": "Unemployed persons",
            "labour_force": "Labour force",
            "hours_usual": "Usual weekly hours",
            "hours_in_informal_jobs": "Share of hours in informal jobs",
        },
        universes={
            "employed": "employed persons aged 15 and over",
            "informal": "persons with an informal main job",
            "employees": "employees",
            "employed_13": "employed persons on the 13th ICLS basis",
            "employed_19": "employed persons on the 19th ICLS basis",
            "persons": "persons aged 15 and over",
        },
        units={"hours": "hours", "persons": "persons", "share": "share"},
    )


class _Rows:
    """Collects results rows with plausible errors, intervals and grades."""

    def __init__(self) -> None:
        self.rng = np.random.default_rng(17)
        self.rows: list[dict[str, Any]] = []

    def add(
        self, table: str, indicator: str, value: float, n: float, by: dict[str, str | None] | None = None, **more: Any
    ) -> None:
        unit = more.pop("unit", "share")
        se = (
            float(np.sqrt(2.2 * value * (1 - value) / max(n, 1)))
            if unit == "share"
            else value * float(np.sqrt(2.2 / max(n, 1)))
        )
        grade = "good" if n >= 100 else "caution" if n >= 40 else "unreliable" if n >= 15 else "suppressed"
        low, high = max(value - 1.96 * se, 0), value + 1.96 * se
        row: dict[str, Any] = {
            "study": "mock",
            "survey": "lao-mock",
            "wave": "2022",
            "definition": "ilo-17icls",
            "table": table,
            "indicator": indicator,
            "statistic": "total" if unit == "persons" else "share",
            "universe": "employed",
            "value": value,
            "unit": unit,
            "se": se,
            "ci_low": low,
            "ci_high": min(high, 1) if unit == "share" else high,
            "confidence": 0.95,
            "n": float(round(n)),
            "n_weighted": n * 142.0,
            "cv": se / value,
            "deff": 2.2,
            "df": 320.0,
            "grade": grade,
            "status": "verified",
            "note": None,
        }
        for i, (dim, level) in enumerate((by or {}).items(), 1):
            row[f"dim{i}"], row[f"level{i}"] = dim, level
        row.update(more)
        if row["grade"] == "suppressed":
            row.update(
                value=HIDDEN, se=HIDDEN, ci_low=HIDDEN, ci_high=HIDDEN, cv=HIDDEN, n=np.nan if n < 5 else row["n"]
            )
        if row["grade"] == "not_determinable":
            row.update(value=np.nan, se=np.nan, ci_low=np.nan, ci_high=np.nan, cv=np.nan, n=np.nan)
        self.rows.append(row)

    def model(self, table: str) -> None:
        """A logit with a reference, an unreliable and a suppressed level; numbers that mean nothing."""
        levels = [("male", 900), ("female", 800)], [("none", 4), ("primary", 400), ("tertiary", 30)]
        for statistic, unit in (("coefficient", "coefficient"), ("ratio", "odds ratio"), ("effect", "points")):
            for variable, of in zip(("sex", "education"), levels, strict=True):
                for i, (level, n) in enumerate(of):
                    base = 1.0 if statistic == "ratio" else 0.0
                    value, more = base + 0.05 * i, {"p": 0.04 / (i + 1)}
                    if level in ("male", "primary"):
                        value, more = base, {"se": np.nan, "ci_low": np.nan, "ci_high": np.nan, "note": "reference"}
                    given = {"se": 0.012, "ci_low": value - 0.024, "ci_high": value + 0.024, **more}
                    self.add(table, table, value or 1e-9, n, {variable: level}, statistic=statistic, unit=unit, **given)
        self.add(table, table, 3.5, 1700, {"sex": None}, statistic="joint_test", unit="F", p=0.0002)
        self.add(table, table, 0.77, 1700, statistic="auc", unit="area", ci_low=0.75, ci_high=0.79)
        self.add(table, table, 240_000.0, 1700, statistic="cases", unit="persons",
                 note="12 of 1,712 sampled persons are left out, without a usable answer on: Education (12)")  # fmt: skip

    def frame(self) -> pd.DataFrame:
        return pd.DataFrame(self.rows).reindex(columns=list(COLUMNS))


def _levels(variable: str) -> list[str]:
    if variable == "region":
        return list(REGIONS)
    return [c for c in read_schema()[variable].categories if c != "other_band"]


def results() -> pd.DataFrame:
    """The long results table."""
    out = _Rows()
    rng = out.rng
    out.model("determinants")
    for by, gap, p in (({"sex": "female-male"}, 0.031, 0.004), ({"area": "rural-urban"}, 0.012, 0.31)):
        out.add("differences", "informal_employment", gap, SAMPLE / 2, by, statistic="difference", unit="points", se=0.011,
                ci_low=gap - 0.022, ci_high=gap + 0.022, p=p)  # fmt: skip
    headline = {
        "informal_employment": 0.864,
        "informal_sector": 0.713,
        "outside_formal_sector": 0.772,
        "household_sector": 0.059,
    }
    for name, value in headline.items():
        out.add("headline", name, value, SAMPLE)
    out.add("headline", "women_in_informal", 0.482, SAMPLE * 0.864, universe="informal")

    totals = {
        "employed": 1.0,
        "informal_jobs": 0.864,
        "formal_jobs": 0.136,
        "informal_sector_jobs": 0.713,
        "unemployed": 0.024,
        "labour_force": 1.024,
    }
    for name, share in totals.items():
        for by, part in (
            ({}, 1.0),
            ({"sex": "male"}, 0.53),
            ({"sex": "female"}, 0.47),
            ({"area": "urban"}, 0.33),
            ({"area": "rural"}, 0.67),
        ):
            out.add(
                "numbers", name, EMPLOYED * share * part, SAMPLE * share * part, by, unit="persons", universe="persons"
            )

    size = {d: rng.dirichlet(np.full(len(_levels(d)), 2.0)) for d in DIMS}
    size["sex"], size["area"], size["agriculture"] = (
        np.array([0.53, 0.47]),
        np.array([0.33, 0.67]),
        np.array([0.56, 0.435, 0.0009]),
    )
    size["industry"][-2:] = 0.0006, 0.0018
    size["industry"][1] = 0.0035
    size["region"][14] = 0.0017
    size["occupation"][-2] = 0.0008
    rate = {d: np.clip(rng.normal(0.85, 0.12, len(_levels(d))), 0.15, 0.985) for d in DIMS}
    rate["sex"], rate["area"], rate["agriculture"] = (
        np.array([0.851, 0.879]),
        np.array([0.704, 0.943]),
        np.array([0.985, 0.707, 0.7]),
    )
    rate["education"] = np.array([0.981, 0.962, 0.934, 0.861, 0.643, 0.291])
    rate["age_group"] = np.array([0.917, 0.842, 0.829, 0.844, 0.905, 0.972])
    for table, factor in (("informal_employment", 1.0), ("informal_sector", 0.82)):
        total = headline[table]
        out.add(table, table, total, SAMPLE)
        for d in DIMS:
            if table == "informal_sector" and d in ("education", "industry", "occupation", "size_group"):
                continue
            for level, w, r in zip(_levels(d), size[d], rate[d], strict=True):
                out.add(table, table, r * factor, SAMPLE * w, {d: level})
    pairs = [("sex", "area"), ("sex", "age_group"), ("sex", "agriculture"), ("sex", "status"), ("area", "agriculture")]
    for a, b in pairs:
        for la, wa in zip(_levels(a), size[a], strict=True):
            for lb, wb, rb in zip(_levels(b), size[b], rate[b], strict=True):
                shift = 0.02 if la in ("female", "rural") else -0.02
                out.add(
                    "informal_employment",
                    "informal_employment",
                    min(rb + shift, 0.99),
                    SAMPLE * wa * wb,
                    {a: la, b: lb},
                )

    shares = {"IE_IS": 0.70, "IE_FS": 0.106, "IE_HH": 0.058, "FE_FS": 0.122, "FE_IS": 0.013, "FE_HH": 0.001}
    groups = [
        ({}, 1.0),
        *(({"sex": s}, w) for s, w in zip(_levels("sex"), size["sex"], strict=True)),
        *(({"area": s}, w) for s, w in zip(_levels("area"), size["area"], strict=True)),
    ]
    for by, w in groups:
        drawn = rng.dirichlet(np.array(list(shares.values())) * 400)
        for component, share in zip(shares, drawn, strict=True):
            hidden = {"grade": "suppressed"} if component == "FE_HH" else {}
            out.add("composition", "composition", share, SAMPLE * w, {"component": component, **by}, **hidden)
        for component, share in zip(list(shares)[:3], drawn[:3] / drawn[:3].sum(), strict=True):
            out.add(
                "informal_composition",
                "informal_composition",
                share,
                SAMPLE * w * 0.86,
                {"component": component, **by},
                universe="informal",
            )
    for by in ({}, {"sex": "male"}, {"sex": "female"}):
        for level, share in zip(_levels("status"), (0.18, 0.02, 0.49, 0.005, 0.30, 0.005), strict=True):
            out.add(
                "status_of_informal",
                "status_of_informal",
                share,
                SAMPLE * 0.86 * (0.5 if by else 1),
                {"status": level, **by},
                universe="informal",
            )

        for level, share in zip(
            _levels("industry_aggregate"), (0.62, 0.07, 0.05, 0.01, 0.18, 0.065, 0.005), strict=True
        ):
            out.add(
                "industry_of_informal",
                "industry_of_informal",
                share,
                SAMPLE * 0.86 * (0.5 if by else 1),
                {"industry_aggregate": level, **by},
                universe="informal",
            )

    protections = {
        "social_security": ("yes", 0.31, 0.94, 0.02),
        "annual_leave": ("yes", 0.34, 0.88, 0.09),
        "contract": ("written", 0.47, 0.93, 0.25),
    }
    employees = SAMPLE * 0.25
    for variable, (level, every, formal, informal) in protections.items():
        for by, share in (
            ({}, every),
            ({"sex": "male"}, every - 0.02),
            ({"sex": "female"}, every + 0.03),
            ({"area": "urban"}, every + 0.1),
            ({"area": "rural"}, every - 0.1),
            ({"job": "formal"}, formal),
            ({"job": "informal"}, informal),
        ):
            out.add(
                "protection",
                variable,
                share,
                employees * (0.5 if by else 1),
                {variable: level, **by},
                universe="employees",
            )
    lacking = {"universe": "employees", "grade": "not_determinable", "note": "the survey did not ask: Paid sick leave"}
    for dims in (("sick_leave",), ("sick_leave", "sex"), ("sick_leave", "job")):
        out.add("protection", "sick_leave", 0.5, employees, dict.fromkeys(dims, None), **lacking)
    out.add("protection_count", "protection_count", 0.5, employees, {"protection_count": None}, **lacking)

    for by, hours in (
        ({}, 41.2),
        ({"job": "informal"}, 39.8),
        ({"job": "formal"}, 44.6),
        ({"sex": "male", "job": "informal"}, 41.3),
        ({"sex": "male", "job": "formal"}, 45.2),
        ({"sex": "female", "job": "informal"}, 38.1),
        ({"sex": "female", "job": "formal"}, 43.7),
    ):
        out.add(
            "hours",
            "hours_usual",
            hours,
            SAMPLE,
            by,
            unit="hours",
            statistic="mean",
            se=0.31,
            ci_low=hours - 0.6,
            ci_high=hours + 0.6,
        )
    out.add("hours", "hours_in_informal_jobs", 0.833, SAMPLE, statistic="ratio")

    for i, name in enumerate(("ilo-17icls", "ilo-21icls", "lao-lfs2017")):
        for indicator, value in (("informal_employment", 0.864), ("informal_sector", 0.713)):
            for by, shift in (
                ({}, 0.0),
                ({"sex": "male"}, -0.01),
                ({"sex": "female"}, 0.012),
                ({"area": "urban"}, -0.16),
                ({"area": "rural"}, 0.07),
            ):
                status = "assumption" if name == "lao-lfs2017" else "verified"
                out.add(
                    "definitions",
                    indicator,
                    value + shift - 0.021 * i,
                    SAMPLE * (0.5 if by else 1),
                    by,
                    definition=name,
                    status=status,
                )
    for universe, share, persons in (("employed_13", 0.905, 3_509_000.0), ("employed_19", 0.864, EMPLOYED)):
        for by, part in (({}, 1.0), ({"sex": "male"}, 0.52), ({"sex": "female"}, 0.48)):
            out.add("bases", "informal_employment", share, SAMPLE * part, by, universe=universe)
            out.add("bases", "employed", persons * part, SAMPLE * part, by, universe=universe, unit="persons")
    return out.frame()


def _definition(id: str, title: str, summary: str) -> DefinitionNote:
    rules = [
        (
            "unit",
            "Kind of unit",
            "S1",
            "Formal",
            "public, incorporated or non-profit units are formal",
            False,
            2400,
            0.14,
        ),
        ("unit", "Kind of unit", "S4", "Formal", "complete accounts", False, 610, 0.035),
        ("unit", "Kind of unit", "S10", "Informal", NASTY, True, 900, 0.052),
        ("job", "Kind of job", "J1", "Formal", "social security is paid", False, 2300, 0.132),
        ("job", "Kind of job", "J2", "Informal", "no social security, no leave", False, 3100, 0.178),
    ]
    frame = pd.DataFrame(rules, columns=["step", "step_title", "rule", "outcome", "why", "assumed", "n", "share"])
    frame["n_weighted"], frame["note"] = frame["n"] * 142.0, ""
    return DefinitionNote(
        id,
        title,
        summary,
        "verified",
        ("17th ICLS guidelines, 2003, paragraph 3", "15th ICLS resolution, 1993"),
        "No figure has been reproduced.",
        steps(),
        (OptionNote("size_threshold", "Workers that are enough", "6 persons", "5 persons", "ILO do-files (verified)"),),
        pd.DataFrame(
            [("Civil servant", "Kind: Government", "Kind of unit: Formal (rule S1)", NASTY)],
            columns=["example", "answers", "outcome", "why"],
        ),
        frame,
        {"unit": 0.052, "job": 0.0},
    )


def steps() -> tuple[Step, ...]:
    """Two small tables, with labels in Lao and one that tries to be markup."""
    kinds = {"public": "ລັດຖະບານ Government", "private": NASTY}
    known = {
        "kind": Variable("kind", "category", (*kinds, "unknown"), "ປະເພດ Kind", {**kinds, "unknown": "Not known"}),
        "books": Variable("books", "category", ("yes", "no"), "Contabilidad", {"yes": "Sí", "no": "No"}),
    }
    open_: list[str | int | float] = ["private", "unknown"]
    specs = [
        StepSpec(
            decides="unit",
            title="Kind of unit",
            match="only_one",
            outcomes={"formal": "Formal", "informal": "Informal"},
            rules=[
                RuleSpec(when={"kind": "public"}, then="formal", id="S1", why="public units are formal"),
                RuleSpec(when={"kind": open_, "books": "yes"}, then="formal", id="S4", cite="15th ICLS 5"),
                RuleSpec(when={"kind": open_, "books": "no"}, then="informal", id="S10", why=NASTY, assumed=True),
            ],
        ),
        StepSpec(
            decides="job",
            title="Kind of job",
            outcomes={"formal": "Formal", "informal": "Informal"},
            rules=[
                RuleSpec(when={"unit": "formal"}, then="formal", id="J1", why="social security is paid"),
                RuleSpec(then="informal", id="J2", why="no social security, no leave"),
            ],
        ),
    ]  # fmt: skip
    compiled, problems = compile_steps(specs, known, place=lambda *loc: "mock")
    assert not problems
    return compiled


def mapping() -> pd.DataFrame:
    """How raw codes were read: a long table, with hostile labels of the file."""
    rows = []
    for variable in ("sex", "area", "education", "status", "industry", "institution", "social_security"):
        for code, category in enumerate(_levels(variable), 1):
            rows.append(
                (variable, f"q{len(variable)}", str(code), category.replace("_", " ").title(), category, 40_000 // code)
            )
    rows.append(("region", "prov", "18", NASTY, "r18", 1200))
    rows.append(("status", "q6", "9", "ບໍ່ຮູ້ (don't know)", "unknown", 12))
    return pd.DataFrame(rows, columns=["variable", "column", "code", "code_label", "category", "n"])


def inputs(**changes: Any) -> ReportInputs:
    """The inputs of a report; ``changes`` replace single fields."""
    study = {
        "id": "mock",
        "title": "Informal employment in the Lao PDR",
        "subtitle": "Results for the validation workshop",
        "country": "Lao PDR",
        "country_code": "LAO",
        "place": "Lao PDR",
        "survey": "lao-mock",
        "survey_title": "Labour Force Survey (mock)",
        "agency": "Statistics Office",
        "wave": "2022",
        "wave_title": "2022",
        "basis": "19",
        "headline": "ilo-17icls",
        "language": "en",
        "made_up": True,
    }
    fields: dict[str, Any] = {
        "study": study,
        "made_up_notice": NOTICE,
        "results": results(),
        "labels": labels(),
        "definitions": (
            _definition(
                "ilo-17icls",
                "Informal employment, ILO harmonised rule (17th ICLS)",
                "The unit comes first, the job second.",
            ),
            _definition(
                "ilo-21icls",
                "Informal employment, 21st ICLS",
                "The job of an employee comes first; a formal job makes its unit formal.",
            ),
            _definition(
                "lao-lfs2017", "Informal employment, national rule of 2017", "The rule of the national report of 2017."
            ),
        ),
        "mapping": mapping(),
        "accounting": pd.DataFrame(
            [
                ("file", "rows in the file", 61_204),
                ("harmonised", "persons aged 15 and over", 42_880),
                ("employed", "employed", SAMPLE),
            ],
            columns=["stage", "what", "rows"],
        ),
        "quality": pd.DataFrame(
            [
                ("warning", "q6 (status)", "a code without a label", "9 in 12 rows", "read as unknown", 12),
                ("note", "weight", "weights differ widely", "largest 9 times the mean", "kept as delivered", 3),
            ],
            columns=["severity", "place", "what", "found", "fix", "n"],
        ),
        "benchmarks": pd.DataFrame(
            [
                (
                    "Informal employment, 13th ICLS",
                    0.9049,
                    0.905,
                    0.0001,
                    0.001,
                    "share",
                    "reproduced",
                    "ILOSTAT, EMP_NIFL",
                    "verified",
                    None,
                ),
                (
                    "Employed persons, 13th ICLS",
                    3_509_261.0,
                    3_509_000.0,
                    -261.0,
                    500.0,
                    "persons",
                    "reproduced",
                    "ILOSTAT",
                    "verified",
                    None,
                ),
                (
                    "Informal sector, national report",
                    0.823,
                    0.713,
                    -0.11,
                    0.005,
                    "share",
                    "not comparable",
                    "Report of 2018",
                    "recall",
                    "the report counts own-use producers",
                ),
            ],
            columns=[
                "title",
                "official",
                "ours",
                "difference",
                "tolerance",
                "unit",
                "verdict",
                "source",
                "status",
                "note",
            ],
        ),
        "reliability": pd.DataFrame(
            [
                (
                    "good",
                    "",
                    "reliable enough to be used without a caution",
                    "CV at most 15 per cent and at least 100 interviews",
                ),
                ("caution", "c", "use with caution: a wide margin", "at least 40 interviews"),
                ("unreliable", "u", "not reliable: shown only for completeness", "at least 15 interviews"),
                ("suppressed", "··", "not shown: too few interviews", "fewer than 15 interviews"),
                ("not_determinable", "nd", "the survey lacks the question", "the definition cannot be applied"),
            ],
            columns=["grade", "symbol", "meaning", "rule"],
        ),
        "design": {
            "strata": 36,
            "psus": 1024,
            "df": 988,
            "weight": "wgt",
            "stratum": "strat",
            "psu": "ea",
            "lonely": "fail",
            "ignores": "Finite population corrections and the calibration of the weights are not taken into account.",
        },
        "provenance": {
            "files": [{"name": "lao_mock_2022.sav", "sha256": "9f2c" * 16, "bytes": 18_224_310}],
            "versions": {"informality": "0.1.0", "python": "3.11", "pandas": "3.1.1"},
            "run_time": "2026-11-23 18:00 UTC",
            "code_version": "0.1.0",
            "manifest": "data_clean/mock/manifest.json",
            "engine": "embedded renderer, pandoc 3.9",
            "fingerprint": "a1b2c3d4",
        },
    }
    return ReportInputs(**{**fields, **changes})
