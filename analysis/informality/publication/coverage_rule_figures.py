"""Figures of what the rules of schemes ask and give: contributions, pay and pensions, without any sample behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from informality.foundation.language import say
from informality.publication.coverage_fact_tables import LARGE
from informality.publication.coverage_figures import FOCUS, THIRD, Drawn, axes_of, dash, draw, key_height, legend
from informality.publication.coverage_views import Told
from informality.publication.figures import GRID, INK, LOOKS, SOFT
from informality.publication.formats import marked, plain_number
from informality.publication.notes import lower_first

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas


def schedule_figure(told: Told) -> Drawn | str:
    """What is paid in all, as a share of a wage, by wage: the kinks at floor and ceiling; now, and in the focus "
    "scenario."""
    year, found = told.facts["years"]["shown"], pd.DataFrame(told.facts["schedule"])
    if found.empty:
        return say("No scheme of this study has rates.")
    whole = found.groupby(["scenario", "scheme", "wage"], as_index=False)[["amount", "share"]].sum()
    schemes = list(dict.fromkeys(whole["scheme"]))
    colours = dict(zip(schemes, ("#6f7536", FOCUS, THIRD, "#7b3f8c"), strict=False))
    limits = whole.groupby("scheme")["wage"].max()
    large = float(limits.min()) >= LARGE
    million = 1e-6 if large else 1.0

    def make() -> Canvas:
        names = [s for s in schemes if s in colours]
        dashed = say("Dashed: {scenario}", scenario=told.scenarios[told.focus])
        key = key_height([*(told.schemes[s] for s in names), dashed])
        canvas, axes = axes_of(2.3, 0.5, 0.2, above=0.35 + key)
        for name in names:
            for scenario, style, width in ((told.quo, "-", 1.8), (told.focus, (0, (4, 2)), 1.4)):
                part = whole[(whole["scheme"] == name) & (whole["scenario"] == scenario)]
                axes.plot(
                    part["wage"] * million, part["share"] * 100, color=colours[name], linestyle=style, linewidth=width
                )
        axes.set(xlim=(0, float(limits.min()) * million), ylim=(0, min(float(whole["share"].max() * 100) * 1.05, 40)))
        axes.set_xlabel(
            say("Earnings a month, {currency} million", currency=told.facts["currency"])
            if large
            else say("Earnings a month, {currency}", currency=told.facts["currency"])
        )
        axes.set_title(say("Per cent of earnings, all payers together"), loc="left", fontsize=9, color=SOFT, pad=6)
        axes.grid(axis="y", color=GRID, linewidth=0.8)
        lines = [*((colours[s], told.schemes[s]) for s in names), (INK, dashed)]
        legend(canvas, lines, ["-"] * len(names) + ["--"])
        return canvas

    said = []
    for name in schemes:
        part = whole[(whole["scheme"] == name) & (whole["scenario"] == told.quo)].sort_values("wage")
        flat = part[(part["share"] - part["share"].median()).abs() < 1e-9]
        said.append(
            say(
                "{scheme}: {share} per cent between {low} and {high}, more below, less above",
                scheme=told.schemes[name],
                share=marked(f"{100 * part['share'].median():.1f}"),
                low=marked(f"{flat['wage'].min():,.0f}"),
                high=marked(f"{flat['wage'].max():,.0f}"),
            )
        )
    note = say(
        (
            "Below the floor everybody pays on the floor, so the share rises as earnings fall; above a "
            "ceiling it falls. Rules of {year}."
        ),
        year=year,
    )
    return draw(make), say("Line chart of contributions by earnings. {numbers}.", numbers="; ".join(said)), [note]


def vesting_figure(told: Told) -> Drawn | str:
    """Months a year that must be paid for a pension, by age of joining and sex, in the voluntary scheme or the "
    "first with a pension."""
    found = pd.DataFrame([r for r in told.facts["vesting"] if r["scenario"] == told.quo])
    if found.empty:
        return say("No scheme of this study pays a pension.")
    own = {r["scheme"] for r in told.facts["schedule"] if r["payer"] == "self"}
    scheme = next((s for s in dict.fromkeys(found["scheme"]) if s in own), found["scheme"].iloc[0])
    found = found[found["scheme"] == scheme]

    def make() -> Canvas:
        canvas, axes = axes_of(2.1, 0.5, 0.75, above=0.35)
        for sex, words in (("male", say("Men")), ("female", say("Women"))):
            part = found[(found["sex"] == sex) & (found["density_needed"] <= 1.0)]
            if part.empty:
                continue
            colour, shape = LOOKS[sex]
            axes.plot(part["age"], 12 * part["density_needed"], color=colour, linewidth=1.8)
            last = part.iloc[-1]
            axes.scatter([last["age"]], [12 * last["density_needed"]], marker=shape, s=22, color=colour, zorder=3)
            axes.text(last["age"], 12.6, words, color=colour, fontweight="bold", va="bottom", ha="center")
        axes.axhline(12, color=SOFT, linewidth=0.9, linestyle=(0, (4, 3)))
        axes.set(ylim=(0, 14.2), yticks=[0, 3, 6, 9, 12], xlabel=say("Age of joining"))
        axes.set_title(
            say("Months a year that must be paid until the pension age"), loc="left", fontsize=9, color=SOFT, pad=6
        )
        axes.grid(axis="y", color=GRID, linewidth=0.8)
        return canvas

    parts = []
    for sex, words in (("male", say("men")), ("female", say("women"))):
        part = found[(found["sex"] == sex) & found["age"].isin([25, 30, 35, 40, 45, 50])]
        parts += [
            (say("{who} joining at {age}:", who=words, age=r["age"]) + " ")
            + (
                say("{number} months", number=marked(f"{12 * r['density_needed']:.1f}"))
                if r["density_needed"] <= 1
                else say("impossible")
            )
            for r in part.to_dict("records")
        ]
    note = say(
        "Where a line ends, even paying every month is not enough: those who join later earn no pension "
        "under present rules."
    )
    return (
        draw(make),
        say("Line chart, {scheme}. {numbers}.", scheme=lower_first(told.schemes[scheme]), numbers="; ".join(parts)),
        [note],
    )


def take_home_figure(told: Told) -> Drawn | str:
    """What becoming insured does to take-home pay and to labour cost, per cent, by wage."""
    found = pd.DataFrame(told.facts["take_home"])
    if found.empty:
        return say("No scheme of this study has employees.")
    found = found[found["scheme"] == found["scheme"].iloc[-1]]
    rise = 100 * (found["cost"] / found["wage"] - 1)
    low, high = (100 * (found[k] / found["wage"] - 1) for k in ("net_low", "net_high"))
    x = found["wage"] * 1e-6

    def make() -> Canvas:
        pay = say("Take-home pay (dashed: all of the employer’s part shifted to pay)")
        cost = say("Labour cost, half shifted")
        canvas, axes = axes_of(2.1, 0.5, 0.2, above=0.35 + key_height([pay, cost]))
        axes.fill_between(x, low, high, color=FOCUS, alpha=0.25, linewidth=0)
        axes.plot(x, high, color=FOCUS, linewidth=1.8)
        axes.plot(x, low, color=FOCUS, linewidth=1.0, linestyle=(0, (4, 2)))
        axes.plot(x, rise, color=THIRD, linewidth=1.8)
        axes.axhline(0, color=SOFT, linewidth=0.9)
        axes.yaxis.set_major_formatter(lambda y, _: dash(plain_number(y)))
        axes.set_xlabel(say("Wage a month, {currency} million", currency=told.facts["currency"]))
        axes.set_title(say("Per cent of the wage"), loc="left", fontsize=9, color=SOFT, pad=6)
        axes.grid(axis="y", color=GRID, linewidth=0.8)
        legend(canvas, [(FOCUS, pay), (THIRD, cost)])
        return canvas

    parts = [
        say(
            "wage {wage}: take-home pay {low} to {high}, labour cost {cost}",
            wage=marked(f"{w:,.0f}"),
            low=marked(f"{b:+.1f}"),
            high=marked(f"{a:+.1f}"),
            cost=marked(f"{c:+.1f}"),
        )
        for w, a, b, c in zip(found["wage"], high, low, rise, strict=True)
    ]
    note = say("At and below the minimum wage pay cannot be lowered, so the employer bears all of its own part.")
    return draw(make), say("Line chart by wage, per cent. {numbers}.", numbers="; ".join(parts)), [note]
