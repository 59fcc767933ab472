"""Sentences of the coverage report: numbers with both their doubts, the lessons, the scenarios, what is left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from informality.foundation.language import say
from informality.publication.coverage_tables import MARKS, number_of, unit_words
from informality.publication.coverage_views import ALL, Told
from informality.publication.formats import NumberFormat, grouped, marked
from informality.publication.table import markdown_text

SAID = (
    "members", "members_voluntary", "members_mandatory", "active", "newly_insured", "contributions", "state_support",
    "state_cost", "benefits", "administration", "liability.0.03",
)  # fmt: skip
SHARES = ("member_rate", "active_rate", "state_cost_gdp", "liability.0.03_gdp", "contributions_gdp")


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
    errors = [e for e in (row["se"], row["se_parameters"]) if pd.notna(e) and e > 0]
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
        doubts.append(say("assumptions {low} to {high}", low=number(row["lo80"]), high=number(row["hi80"])))
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
    """Each scenario in a paragraph, with its levers."""
    out = []
    for s in told.facts["scenarios"]:
        out.append(
            f"**{markdown_text(s['title'])}.** {markdown_text(s['summary'])} {' '.join(map(markdown_text, s['notes']))}".strip()
        )
        out.append("")
        out += [f"- {markdown_text(lever)}" for lever in s["levers"]]
        out.append("")
    return "\n".join(out) + "\n"


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
                (" " + say("It costs the State budget nothing more."))
                if spent == "nothing" or cost[0]["value"] == 0
                else (" " + say("It changes the cost to the State budget by {spent} a year.", spent=spent))
            )
        promised = rows[(rows["indicator"] == "liability.0.03") & (rows["scenario"] == row["scenario"])].to_dict(
            "records"
        )
        if promised and promised[0]["value"]:
            text += " " + say(
                "It changes the pension rights earned by {year} by {number}.",
                year=told.last,
                number=words(promised[0], currency),
            )
        lines.append(text)
    return "\n".join(lines) + "\n"


def in_brief(told: Told) -> str:
    """What the scenarios would do, what that costs and how sure it is, on a quarter of a page."""
    now = variables(told)
    lead = say(
        "If nothing changes {quo} will be registered with social security in {year}. Under “{scenario}” it would be {focus}. "
        "Those who add most:",
        quo=now["quo"]["members"],
        year=told.last,
        scenario=now["cov"]["focus"],
        focus=now["focus"]["members"],
    )
    doubts = say(
        "“Sample” is the margin that comes from asking a sample, “assumptions” the range in which the middle 80 per cent of "
        "{draws} draws of every number lie that nobody has measured; the two are not added up. A raised *a* marks a number "
        "that rests in part on an assumption. A scenario is not a forecast.",
        draws=now["cov"]["draws"],
    )
    return f"{lead}\n\n{ranking(told)}\n{doubts}\n"


def lessons(told: Told) -> str:
    """What every reader should take home, with the numbers of this country."""
    facts, out = told.facts["lessons"], []
    one, two = NumberFormat("", 100, 1), NumberFormat("", 1e-6, 2)
    currency = told.facts["currency"]
    if (t := facts["take_up"]) and len(t["full"]) == 3:
        low, mid, high = (one(x) for x in t["full"])
        text = say(
            (
                "**Price alone does not close the gap.** {now} per cent of informal workers are voluntary "
                "members. At the responses found in trials, a subsidy of the whole contribution would bring that "
                "to {mid} per cent ({low} to {high}). Obligation, help with the form, better benefits and easier "
                "payment do more."
            ),
            now=one(t["now"]),
            mid=mid,
            low=low,
            high=high,
        )
        if "reach" in t:
            text += " " + say(
                (
                    "To bring {goal} per cent in by help alone, at the {pilot} per cent who joined in a pilot of "
                    "mobile registration, about {reach} per cent of informal workers must be met in person."
                ),
                goal=one(t["goal"]),
                pilot=one(t["pilot"]),
                reach=NumberFormat("", 100, 0)(t["reach"]),
            )
        out.append(text)
    for c in facts["ceilings"][:1]:
        text = say(
            (
                "**A frozen ceiling makes contributions and pensions flat.** The ceiling of {ceiling} million "
                "{currency} was {ratio_then} times the minimum wage in {since} and is {ratio_now} times in "
                "{year}."
            ),
            ceiling=two(c["ceiling"]),
            currency=currency,
            ratio_then=marked(f"{c['ratio_then']:.1f}"),
            since=c["since"],
            ratio_now=marked(f"{c['ratio_now']:.1f}"),
            year=c["year"],
        )
        if "prices" in c:
            text += " " + say(
                (
                    "In {price_year} prices were {prices} times those of {since}: the ceiling is worth {low} million "
                    "of then, and {restored} million would restore it."
                ),
                price_year=c["price_year"],
                prices=marked(f"{c['prices']:.2f}"),
                since=c["since"] - 1,
                low=two(c["worth"]),
                restored=two(c["restored"]),
            )
        out.append(text)
    least = facts["least"]
    if len(least) > 1 and least[0]["scheme"] == least[1]["scheme"] and least[0]["least"] != least[1]["least"]:
        a, b = least[:2]
        whole = NumberFormat("", 1, 0)
        text = say(
            (
                "**A floor tied to the minimum wage shuts out the poor.** The least a voluntary member pays a "
                "month goes from {before} {currency} in {then} to {after} in {year}."
            ),
            before=whole(a["least"]),
            currency=currency,
            then=a["year"],
            after=whole(b["least"]),
            year=b["year"],
        )
        if "line" in b:
            text += " " + say(
                (
                    "That is {share} per cent of what one person needs not to be poor (a line from memory, raised "
                    "with prices)."
                ),
                share=NumberFormat("", 100, 0)(b["least"] / b["line"]),
            )
        out.append(text)
    out += _pension_lessons(told)
    if not out:
        return say("The files of this study give no figures for lessons of this kind.") + "\n"
    return "\n".join(f"- {line}" for line in out) + "\n"


def _pension_lessons(told: Told) -> list[str]:
    own = {r["scheme"] for r in told.facts["schedule"] if r["payer"] == "self"}
    rows = [r for r in told.facts["vesting"] if r["scenario"] == told.quo and r["scheme"] in own]
    if not rows:
        return []
    last = {
        s: max((r["age"] for r in rows if r["sex"] == s and r["density_needed"] <= 1), default=None)
        for s in ("male", "female")
    }
    worth = [r["worth"] for r in rows if r["worth"] > 0]
    first = min(r["first_vesting"] for r in rows)
    out = []
    if last["female"] and last["male"]:
        out.append(
            say(
                (
                    "**Who joins late earns no pension.** In the scheme of the self-employed a woman who joins after "
                    "{female} and a man who joins after {male} cannot reach the years that are asked for, even if "
                    "every month is paid."
                ),
                female=last["female"],
                male=last["male"],
            )
        )
    out.append(
        say(
            (
                "**The cost of pensions lies beyond the last year shown.** Who joins in {first} and pays as many "
                "months as is usual has the years in {vesting}. A table of cash to {last} shows almost no "
                "pension, so it stands beside the rights earned."
            ),
            first=told.facts["years"]["first"],
            vesting=first,
            last=told.last,
        )
    )
    if worth:
        level = [100 * r["balancing_rate"] for r in rows if r["worth"] > 0]
        out.append(
            say(
                (
                    "**Who earns a pension gets more than was paid; who stops short gets nothing.** For those who "
                    "always pay, a pension is worth {low} to {high} times the pension contributions, so each adds a "
                    "debt of the fund; a pension contribution of {least} to {most} per cent would balance. Members "
                    "who stop short pay for the others, and they are the poorer ones. The rate at which rights accrue "
                    "is from memory: a sign and a scale, not a valuation."
                ),
                low=marked(f"{min(worth):.1f}"),
                high=marked(f"{max(worth):.1f}"),
                least=marked(f"{min(level):.0f}"),
                most=marked(f"{max(level):.0f}"),
            )
        )
    return out


def vesting_year(told: Told) -> str:
    found = {r["scheme"]: r["first_vesting"] for r in told.facts["vesting"] if r["scenario"] == told.quo}
    return "\n".join(f"- {markdown_text(told.schemes[s])}: {year}" for s, year in found.items()) + "\n"


def left_out(told: Told) -> str:
    """What files and data say of the limits of the model."""
    lines = [*told.facts["baseline"]["notes"], *told.facts["people"], *told.facts["held"][:3]]
    return (
        "\n".join(f"- {markdown_text(line[:1].upper() + line[1:])}." for line in (x.rstrip(".") for x in lines)) + "\n"
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
