"""Sentences of the coverage report: numbers with both their doubts, the lessons, the scenarios, what is left out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pandas as pd

from informality.foundation.language import say
from informality.publication.coverage_lessons import lessons
from informality.publication.coverage_levers import lever_lines
from informality.publication.coverage_tables import MARKS, number_of, unit_words
from informality.publication.coverage_views import ALL, Told
from informality.publication.formats import NumberFormat, grouped, marked
from informality.publication.lever_words import Words
from informality.publication.notes import lower_first
from informality.publication.table import markdown_text

SAID = (
    "members", "members_voluntary", "members_mandatory", "active", "newly_insured", "contributions", "state_support",
    "state_cost", "benefits", "administration", "liability.0.03",
)  # fmt: skip
SHARES = (
    "member_rate", "active_rate", "state_cost_gdp", "state_cost_revenue", "liability.0.03_gdp", "contributions_gdp",
)  # fmt: skip


def variables(told: Told) -> dict[str, Any]:
    """Every number of the prose: ``now`` (status quo, first year), ``quo``, ``focus`` and ``change`` (last year)."""
    years, facts = told.facts["years"], told.facts
    first, last = years["first"], years["last"]
    return {
        "cov": {
            "country": markdown_text(facts["country"]),
            "currency": facts["currency"],
            "draws": grouped(f"{facts['draws']:,}"),
            "seed": str(facts["seed"]),
            "base": str(years["base"]),
            "first": str(first),
            "last": str(last),
            "by": say("In {year}", year=last) if first == last else say("By {year}", year=last),
            "shown": str(years["shown"]),
            "quo": markdown_text(told.scenarios[told.quo]),
            "focus": markdown_text(told.scenarios[told.focus]),
            "scenarios": str(len(told.scenarios)),
        },
        "now": _numbers(told, told.quo, first),
        "quo": _numbers(told, told.quo, last),
        "focus": _numbers(told, told.focus, last),
        "change": _numbers(told, told.focus, last, "coverage_change"),
    }


def _numbers(told: Told, scenario: str, year: int, table: str = "coverage") -> dict[str, str]:
    found = {name: said(told, scenario, year, table, name) for name in SAID}
    if table == "coverage":
        found |= {name: said(told, scenario, year, "coverage_share", name) for name in SHARES}
        found |= {
            name: said(told, scenario, year, "coverage_people", name)
            for name in ("legal_mandatory", "legal_voluntary", "employed")
        }
    return {name.replace(".", "_"): text for name, text in found.items()}


def said(told: Told, scenario: str, year: int, table: str, indicator: str) -> str:
    """``405 thousand persons (sample 398 to 412; assumptions 399 to 415)``."""
    rows = told.pub.results
    keep = (
        (rows["table"] == table)
        & (rows["indicator"] == indicator)
        & (rows["scenario"] == scenario)
        & (rows["year"] == year)
    )
    keep &= (rows["scheme"] == ALL) & (rows["payer"] == ALL) & (rows["branch"] == ALL) & rows["dim1"].isna()
    keep &= rows["definition"] == told.pub.headline
    found = rows[keep].to_dict("records")
    if not found or pd.isna(found[0]["value"]):
        return say("not available")
    row = found[0]
    return words(row, str(told.facts["currency"]))


def words(row: Mapping[str, Any], currency: str) -> str:
    """A number with its unit, its sampling error and its range; a raised letter for its standing."""
    if row["value"] == 0 and not row["se"] and not row["hi80"]:
        return "nothing"
    least_error = 1e-6 * abs(row["value"])  # what is smaller is the noise of a sum, and supports no digit
    errors = [e for e in (row["se"], row["se_parameters"]) if pd.notna(e) and e > least_error]
    least = pd.DataFrame({"se": [min(errors)] if errors else [], "se_parameters": 0.0})
    number = number_of(row["unit"], least, currency)
    amount, unit = number(row["value"]), unit_words(number)
    size = unit.removeprefix(currency).strip()
    text = f"{currency} {amount} {size}" if size != unit else f"{amount} {unit}"
    if mark := MARKS[row["status"]]:
        text += f"^{mark}^"
    doubts = []
    if pd.notna(row["ci_low"]):
        doubts.append(say("sample {low} to {high}", low=number(row["ci_low"]), high=number(row["ci_high"])))
    if pd.notna(row["lo80"]) and row["hi80"] > row["lo80"]:
        low, high = number(row["lo80"]), number(row["hi80"])
        same = low == high == amount
        doubts.append(
            say("assumptions hardly move it") if same else say("assumptions {low} to {high}", low=low, high=high)
        )
    return f"{text} ({'; '.join(doubts)})" if doubts else text


# -- parts ---------------------------------------------------------------------------------------------


def parts(told: Told) -> dict[str, str]:
    return {
        "scenarios.md": scenarios(told),
        "lessons.md": lessons(told),
        "ranking.md": ranking(told),
        "left-out.md": left_out(told),
        "poverty.md": poverty(told),
        "projection.md": projection(told),
        "scenario-doubts.md": scenario_doubts(told),
        "scenarios-in-brief.md": in_brief(told),
        "vesting-year.md": vesting_year(told),
    }


def scenarios(told: Told) -> str:
    """Each scenario in a paragraph with the name of its file, and a line for each of its levers."""
    out, spoken = [], Words(told.schemes, told.words.branches, told.pub.labels, str(told.facts["currency"]))
    for s in told.facts["scenarios"]:
        text = f"**{markdown_text(say(s['title']))}** (`{s['id']}`). {markdown_text(say(s['summary']))}"
        out += [" ".join([text, *(markdown_text(say(note)) for note in s["notes"])]), ""]
        own = [lever for lever in s["levers"] if lever["of"] == s["id"] or lever["of"] not in told.scenarios]
        built_on = dict.fromkeys(lever["of"] for lever in s["levers"] if lever not in own)
        lines = [say("All that “{scenario}” changes.", scenario=told.scenarios[id]) for id in built_on]
        out += [f"- {markdown_text(line)}" for line in [*lines, *lever_lines(own, spoken)]]
        out.append("")
    return "\n".join(out) + "\n"


def named(text: str, told: Told) -> str:
    """A recorded sentence with the titles of schemes in place of their identifiers."""
    for id, title in told.schemes.items():
        text = re.sub(rf"(?<![\w-]){re.escape(id)}(?![\w-])", lower_first(title), text)
    return text


def ranking(told: Told) -> str:
    """Which scenarios add most members, and what they ask of the budget."""
    rows = told.pub.results
    keep = (rows["table"] == "coverage_change") & (rows["year"] == told.last) & rows["value"].notna()
    rows = rows[keep & (rows["definition"] == told.pub.headline)]
    members = rows[rows["indicator"] == "members"].sort_values("value", ascending=False)
    members = members[members["value"] > 0]
    if members.empty:
        return say("No scenario of this study adds members.") + "\n"
    currency, lines = str(told.facts["currency"]), []
    for row in members.head(3).to_dict("records"):
        cost = rows[(rows["indicator"] == "state_cost") & (rows["scenario"] == row["scenario"])].to_dict("records")
        text = "- " + say(
            "**{scenario}** adds {number}.",
            scenario=markdown_text(told.scenarios[row["scenario"]]),
            number=words(row, currency),
        )
        if cost:
            spent = words(cost[0], currency)
            text += (
                (" " + say("It adds nothing to what the State budget pays in cash."))
                if spent == "nothing" or cost[0]["value"] == 0
                else (" " + say("It changes the cost to the State budget by {spent} a year.", spent=spent))
            )
        promised = rows[(rows["indicator"] == "liability.0.03") & (rows["scenario"] == row["scenario"])].to_dict(
            "records"
        )
        if promised and promised[0]["value"]:
            number = words(promised[0], currency)
            text += " " + (
                say("It adds to the pension rights earned by {year}: {number}.", year=told.last, number=number)
                if promised[0]["value"] > 0
                else say("It changes the pension rights earned by {year} by {number}.", year=told.last, number=number)
            )
        lines.append(text)
    return "\n".join(lines) + "\n"


def in_brief(told: Told) -> str:
    """What the scenarios would do, what that costs and how sure it is, on a quarter of a page."""
    now = variables(told)
    lead = say(
        "If nothing changes {quo} will be registered with social security in {year}, and {paying} will pay in an average "
        "month. Under “{scenario}” it would be {focus}, and {focus_paying} would pay. Employees whom their employer begins to "
        "insure get formal jobs; those who join freely are insured, and their jobs stay informal. Scenarios that add most:",
        quo=now["quo"]["members"],
        year=told.last,
        scenario=now["cov"]["focus"],
        focus=now["focus"]["members"],
        paying=now["quo"]["active"],
        focus_paying=now["focus"]["active"],
    )
    doubts = say(
        "“Sample” is the margin that comes from asking a sample, “assumptions” the range in which the middle 80 per cent of "
        "{draws} draws of every number lie that nobody has measured; the two are not added up. A raised *a* marks a number "
        "that rests in part on an assumption. Money is that of the year named; the rise of prices is not taken out. A "
        "scenario is not a forecast.",
        draws=now["cov"]["draws"],
    )
    return f"{lead}\n\n{ranking(told)}\n{doubts}\n"


def vesting_year(told: Told) -> str:
    found = {r["scheme"]: r["first_vesting"] for r in told.facts["vesting"] if r["scenario"] == told.quo}
    return "\n".join(f"- {markdown_text(told.schemes[s])}: {year}" for s, year in found.items()) + "\n"


def left_out(told: Told) -> str:
    """What files and data say of the limits of the model."""
    notes = [say(note).rstrip(".") for note in told.facts["baseline"]["notes"]]
    lines = [
        *notes,
        *(_of_people(note) for note in told.facts["people"]),
        *(_held(r, told) for r in told.facts["held"]),
    ]
    return "\n".join(f"- {markdown_text(line[:1].upper() + line[1:])}." for line in lines) + "\n"


def _of_people(note: Mapping[str, Any]) -> str:
    """What is not known of the workers of the survey."""
    if note["of"] == "means":
        return say(
            "Means are labour income per head of the household: poverty, fifths and household tests are indicative; {share} per "
            "cent of people live in households without any, whose means are not known",
            share=NumberFormat("", 100, 0)(note["unknown"]),
        )
    counts = {name: marked(f"{note[name]:,}") for name in ("lacking", "workers", "answers", "without")}
    text = say(
        "Earnings of {lacking} of {workers} sampled workers are not known; each is stood for by {answers} answers of similar "
        "workers",
        **counts,
    )
    if not note["without"]:
        return text
    return say("{text}; {without} without any similar worker cannot be taken to join", text=text, **counts)


def _held(record: Mapping[str, Any], told: Told) -> str:
    """A floor that would outgrow another limit."""
    scheme = told.schemes[record["scheme"]]
    if record["at"] == "ceiling":
        return say(
            "{scheme}: from {year} the floor would lie above the ceiling, and is held there",
            scheme=scheme,
            year=record["year"],
        )
    return say(
        "{scheme}: from {year} the floor would lie above the most that new members may declare, and is held there",
        scheme=scheme,
        year=record["year"],
    )


def poverty(told: Told) -> str:
    """Headcount before and after what members pay, in words."""
    rows = told.facts["poverty"]
    if not rows:
        return (
            say(
                "The baseline has no measure of household means, so what contributions do to poverty cannot be "
                "determined."
            )
            + "\n"
        )
    share, lines = NumberFormat("", 100, 1), []
    for name in dict.fromkeys(r["scenario"] for r in rows):
        by = {r["when"]: r for r in rows if r["scenario"] == name}
        lines.append(
            "- "
            + say(
                "{scenario}: {before} per cent below the line before contributions, {after} after.",
                scenario=markdown_text(told.scenarios[name]),
                before=share(by["before"]["headcount"]),
                after=share(by["after"]["headcount"]),
            )
        )
    return "\n".join(lines) + "\n"


def projection(told: Told) -> str:
    rows = told.facts["projection"]
    if not rows:
        return say("Weights are those of the survey: there is no population path for this country.") + "\n"
    row, whole = rows[-1], NumberFormat("", 1, 0)
    return (
        say(
            (
                "Weights grow with the population of each age and sex. In {year} the sample is worth {number} "
                "persons drawn at random (effective size), and no weight grew more than {ratio} times as much as "
                "the mean."
            ),
            year=row["year"],
            number=whole(row["effective_n"]),
            ratio=marked(f"{row['largest_ratio']:.2f}"),
        )
        + "\n"
    )


def scenario_doubts(told: Told) -> str:
    """How the doubts about a scenario are worked out, with what was drawn."""
    said = say(
        "The sampling error of a scenario is that of any other number of this study: what was tied to a record has none. "
        "Beside it stands the range of assumptions: {draws} draws by Latin hypercube (seed {seed}), in each of which every "
        "number that nobody has measured is drawn within its range. The two are never added up. Every number with its range "
        "stands in the coverage report.",
        draws=grouped(f"{told.facts['draws']:,}"),
        seed=told.facts["seed"],
    )
    return f"{said}\n\n{projection(told)}"
