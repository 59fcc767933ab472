"""What every reader of a coverage report should take home, with the numbers of the country."""

from __future__ import annotations

from informality.foundation.language import say
from informality.publication.coverage_views import Told
from informality.publication.formats import NumberFormat, marked, plain_number


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
                goal=plain_number(100 * t["goal"]),
                pilot=plain_number(100 * t["pilot"]),
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
                    "**Who earns a pension gets more than was paid; who stops short earns none.** For those who always "
                    "pay in the scheme of the self-employed, a pension is worth {low} to {high} times the pension "
                    "contributions, by age of joining and sex, so each adds a debt of the fund; a pension contribution "
                    "of {least} to {most} per cent of insured earnings would balance. What those pay who stop short "
                    "goes in part to the others; a lump sum in place of a pension is not counted. The rate at which "
                    "rights accrue is from memory: a sign and a scale, not a valuation."
                ),
                low=marked(f"{min(worth):.1f}"),
                high=marked(f"{max(worth):.1f}"),
                least=marked(f"{min(level):.0f}"),
                most=marked(f"{max(level):.0f}"),
            )
        )
    return out
