"""The levers of a scenario in sentences: what changes, from when, to what, and what holds if nothing changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from informality.foundation.language import listed, say
from informality.publication.formats import plain_number
from informality.publication.lever_words import (
    Record,
    Words,
    condition_words,
    figure,
    following,
    in_place_of,
    money,
    odds,
    only_for,
    percent,
    spread,
)
from informality.publication.notes import lower_first, upper_first


def lever_lines(levers: Sequence[Record], words: Words) -> list[str]:
    """A line for each lever: whom it concerns and from when, then what it sets."""
    return [f"{_lead(lever, words)}: {' '.join(_said(lever, words))}" for lever in levers]


def _lead(lever: Record, words: Words) -> str:
    begins, until = _day(lever["from"]), lever["until"]
    if lever["scheme"] is None:
        return say("From {day}", day=begins) if until is None else _span(begins, _day(until))
    scheme = words.schemes.get(lever["scheme"], lever["scheme"])
    if until is None:
        return say("{scheme}, from {day}", scheme=scheme, day=begins)
    return f"{scheme}, {lower_first(_span(begins, _day(until)))}"


def _span(begins: str, until: str) -> str:
    return say("From {day} until {end}", day=begins, end=until)


def _day(iso: str) -> str:
    """``2026`` for its first day, else the day itself."""
    return iso[:4] if iso.endswith("-01-01") else iso


def _said(lever: Record, words: Words) -> list[str]:
    said = [*_KINDS[lever["type"]](lever, words)]
    if lever["whole"]:
        said.append(say("It comes in equal steps and is whole in {year}.", year=lever["whole"]))
    if lever["why"]:
        said.append(say("Why: {reason}.", reason=say(lever["why"]).rstrip(".")))
    first, *others = filter(None, said)
    return [first, *map(upper_first, others)]


# -- kinds of levers -----------------------------------------------------------------------------------


def _complying(path: Record) -> str:
    """The path of compliance of those newly obliged."""
    return say(
        "Of them {start} are insured in the first year, {step} more each year, and {cap} at most.",
        start=percent(path["start"]),
        step=percent(path["step"]),
        cap=percent(path["cap"]),
    )


def _mandate(lever: Record, words: Words) -> list[str]:
    whom = condition_words(lever["sets"]["who"], words.labels)
    return [say("insurance becomes an obligation for {whom}.", whom=whom), _complying(lever["sets"]["compliance"])]


def _size(lever: Record, words: Words) -> list[str]:
    n = lever["sets"]["persons_at_least"]
    return [
        say("all employees must be insured in units of {n} persons or more.", n=n)
        if n > 1
        else say("all employees must be insured, whatever the size of the unit."),
        _complying(lever["sets"]["compliance"]),
    ]


def _enforcement(lever: Record, words: Words) -> list[str]:
    sets = lever["sets"]
    if "log_odds" in sets:
        text = say(
            "the odds that somebody who must be insured is so are multiplied by {odds}.", odds=odds(sets["log_odds"])
        )
    elif lever["base"] == "covered":
        text = say(
            "of those who must be insured {share} are, in place of the share that is insured now.",
            share=percent(sets["target"]),
        )
    else:
        text = say(
            "of those who must be insured and are not, {share} become insured, in place of none.",
            share=percent(sets["target"]),
        )
    return [text, only_for(sets.get("who", {}), words)]


def _subsidy(lever: Record, words: Words) -> list[str]:
    sets, groups = lever["sets"], lever["groups"]
    if lever["base"] == "floor":
        on = say("of what is due at the floor")
    elif lever["base"] == "own":
        on = say("of what a member has to pay")
    else:
        on = say("of what is due on the poverty line")
    share = percent(sets["share"]["default"])
    said = [
        say("the State pays {share} {on}, where that is more than it pays already.", share=share, on=on)
        if lever["now"]["subsidised"]
        else say("the State pays {share} {on}, in place of nothing.", share=share, on=on)
    ]
    said += [
        say("It pays {share} for {whom}.", share=percent(n), whom=condition_words(groups[g], words.labels))
        for g, n in sets["share"].items()
        if g != "default"
    ]
    if "cap" in sets:
        said.append(say("It pays at most {amount} a month.", amount=money(sets["cap"], words)))
    if "max_months" in sets:
        said.append(say("It pays for at most {n} months in a life.", n=spread(sets["max_months"])))
    return said


def _match(lever: Record, words: Words) -> list[str]:
    sets = lever["sets"]
    said = [
        say(
            "the State adds {share} of what members pay to their accounts, in place of what it adds now.",
            share=percent(sets["rate"]),
        )
        if lever["now"]["matched"]
        else say(
            "the State adds {share} of what members pay to their accounts, in place of nothing.",
            share=percent(sets["rate"]),
        )
    ]
    if "yearly_cap" in sets:
        said.append(say("It adds at most {amount} a year.", amount=money(sets["yearly_cap"], words)))
    if sets["vesting"]["low"] < 1:
        said.append(say("Members keep {share} of it.", share=percent(sets["vesting"])))
    return said


def _flat(lever: Record, words: Words) -> list[str]:
    sets, rate = lever["sets"], say("{number} per cent", number=plain_number(100 * lever["now"]["rate"]))
    amount = money(sets["amount"], words)
    if "tax" in sets:
        text = say(
            "one payment of {amount} a month, of which {tax} is tax, whatever is earned, in place of {rate} of earnings.",
            amount=amount,
            tax=money(sets["tax"], words),
            rate=rate,
        )
    else:
        text = say(
            "a contribution of {amount} a month, whatever is earned, in place of {rate} of earnings.",
            amount=amount,
            rate=rate,
        )
    return [text, following(sets)]


def _limit(lever: Record, words: Words) -> list[str]:
    sets, floor = lever["sets"], lever["type"] == "floor_rebase"
    now = lever["now"].get("floor" if floor else "ceiling")
    amount = money(sets["value"], words)
    text = (
        say("contributions are paid on at least {amount} a month", amount=amount)
        if floor
        else say("contributions are paid on at most {amount} a month", amount=amount)
    )
    return [in_place_of(text, say("no limit") if now is None else figure(now)), following(sets)]


def _index(lever: Record, words: Words) -> list[str]:
    of = lever["sets"]["of"]
    name = (
        say("the floor of earnings on which contributions are paid")
        if of == "floor"
        else say("the ceiling of earnings on which contributions are paid")
        if of == "ceiling"
        else say("the most that new members may declare")
    )
    now = lever["now"].get(of)
    begins = name if now is None else f"{name}, {words.currency} {figure(now)}"
    return [say("another rule for {what}.", what=begins), following(lever["sets"])]


def _assistance(lever: Record, words: Words) -> list[str]:
    said = []
    for reach in lever["sets"]["reach"]:
        share, who = percent(reach["share"]), reach.get("who")
        said.append(
            say(
                "of those who may join, {share} are helped to register, in place of nobody ({whom}).",
                whom=condition_words(who, words.labels),
                share=share,
            )
            if who
            else say("of those who may join, {share} are helped to register, in place of nobody.", share=share)
        )
    if shift := lever["sets"].get("log_odds"):
        said.append(say("For those who are helped the odds of joining are multiplied by {odds}.", odds=odds(shift)))
    return said


def _enrolment(lever: Record, words: Words) -> list[str]:
    return [
        say(
            "all are enrolled and may leave; {share} do. This is for {whom}.",
            share=percent(lever["sets"]["opt_out"]),
            whom=condition_words(lever["sets"]["who"], words.labels),
        )
    ]


def _domestic(lever: Record, words: Words) -> list[str]:
    return [
        say(
            "employers must insure domestic workers, which they need not now. The floor is in proportion to hours, and whole "
            "from {hours} hours a week.",
            hours=spread(lever["sets"]["full_time_hours"]),
        ),
        _complying(lever["sets"]["compliance"]),
    ]


def _collective(lever: Record, words: Words) -> list[str]:
    sets = lever["sets"]
    now = say("{number} per cent", number=plain_number(100 * lever["now"]["paid"]))
    said = [
        say("members may pay every month.")
        if sets["every_months"] == 1
        else say("members may pay every {n} months.", n=sets["every_months"]),
        say("They then pay in {share} of months, in place of {now}.", share=percent(sets["paid"]), now=now),
        only_for(sets.get("who", {}), words),
    ]
    if sets["admin_per_member"]["high"] > 0:
        amount = money(sets["admin_per_member"], words)
        said.append(say("Administration costs {amount} more a year for each member.", amount=amount))
    return said


def _platforms(lever: Record, words: Words) -> list[str]:
    sets = lever["sets"]
    return [
        say(
            "platforms keep back {rate} of gross earnings as the contribution, for {share} of those concerned ({whom}).",
            rate=percent(sets["rate"]),
            share=percent(sets["in_scope"]),
            whom=condition_words(sets["who"], words.labels),
        )
    ]


def _package(lever: Record, words: Words) -> list[str]:
    sets, now = lever["sets"], lever["now"]
    said = []
    if sets.get("keep") or sets.get("drop"):
        names = listed([lower_first(words.branches.get(b, b)) for b in (sets.get("keep") or sets["drop"])])
        told = (
            say("paid for and insured are only: {branches}.", branches=names)
            if sets.get("keep")
            else say("no longer paid for and insured: {branches}.", branches=names)
        )
        rates = [say("{number} per cent", number=figure(100 * now[k])) for k in ("kept", "rate")]
        said += [
            told,
            in_place_of(say("the contribution of all payers together is {rate} of earnings", rate=rates[0]), rates[1]),
        ]
    for benefit, months in (sets.get("waiting") or {}).items():
        known = now["waiting"].get(benefit, {"title": benefit, "months": None})
        text = say(
            "months that must be paid before a benefit, {benefit}: {n}",
            benefit=lower_first(say(known["title"])),
            n=months,
        )
        said.append(in_place_of(text, None if known["months"] is None else str(known["months"])))
    if shift := sets.get("log_odds"):
        said.append(say("The odds of joining are multiplied by {odds}.", odds=odds(shift)))
    return said


def _pillar(lever: Record, words: Words) -> list[str]:
    sets = lever["sets"]
    whom = (
        say("everybody aged {age} or more", age=sets["age"])
        if sets["test"] == "none"
        else say("everybody aged {age} or more who has no other pension", age=sets["age"])
        if sets["test"] == "pension"
        else say("everybody aged {age} or more who is poor", age=sets["age"])
    )
    said = [
        say(
            "{whom} has a right to {amount} a month out of taxes, in place of nothing.",
            whom=whom,
            amount=money(sets["amount"], words),
        ),
        following(sets),
        say(
            "{share} of those with the right take it up; administration adds {cost} to what is paid.",
            share=percent(sets["take_up"]),
            cost=percent(sets["admin"]),
        ),
    ]
    if "without_pension" in sets:
        said.insert(1, say("{share} have no other pension.", share=percent(sets["without_pension"])))
    return said


def _pension(lever: Record, words: Words) -> list[str]:
    sets, now = lever["sets"], lever["now"]
    said = []
    for key, name in (
        ("age_female", say("the pension age of women")),
        ("age_male", say("the pension age of men")),
        ("min_years", say("the years of contributions that a pension asks for")),
    ):
        if key in sets:
            said.append(
                say("{what}: {new} years, in place of {now}.", what=name, new=spread(sets[key]), now=figure(now[key]))
            )
    for key, name in (
        ("accrual", say("the pension earned in a year, of average insured earnings")),
        ("cap", say("the largest pension, of average insured earnings")),
    ):
        if key in sets:
            told = say("{what}: {share}", what=name, share=percent(sets[key]))
            said.append(in_place_of(told, figure(100 * now[key])))
    if "minimum" in sets:
        told = say("the least pension: {amount} a month", amount=money(sets["minimum"], words))
        said.append(in_place_of(told, figure(now["minimum"])))
    if sets.get("below_min_years") == "proportional":
        said.append(
            say("who stops short of the years that are asked for gets a pension for what was paid.")
            if now["proportional"]
            else say(
                "who stops short of the years that are asked for gets a pension for what was paid, in place of none."
            )
        )
    elif sets.get("below_min_years") == "nothing":
        said.append(say("who stops short of the years that are asked for gets no pension."))
    return said


_KINDS: Mapping[str, Callable[[Record, Words], list[str]]] = {
    "mandate_group": _mandate,
    "size_threshold": _size,
    "enforcement": _enforcement,
    "subsidy": _subsidy,
    "match_dc": _match,
    "flat_contribution": _flat,
    "monotax": _flat,
    "floor_rebase": _limit,
    "ceiling_rebase": _limit,
    "index_rule": _index,
    "assisted_registration": _assistance,
    "auto_enrol": _enrolment,
    "domestic_workers": _domestic,
    "agri_collective": _collective,
    "platform_withholding": _platforms,
    "package": _package,
    "tax_pillar": _pillar,
    "parametric": _pension,
}
