"""What the checks of the data found, as it stands in the methods annex: findings, what was measured, the limits."""

from __future__ import annotations

import re

import pandas as pd

from informality.foundation.language import say
from informality.publication.formats import grouped, plain_number
from informality.publication.inputs import QualityNote
from informality.publication.table import Column, Labels, html_text, markdown_text, table_of_frame, to_quarto

SEVERITY = {"error": "✖ Errors", "warning": "▲ Warnings", "note": "○ Notes"}


def quality(frame: pd.DataFrame, labels: Labels, note: QualityNote | None = None) -> str:
    """What the checks found, worst first, variables by their titles; what the checks measured; their limits."""
    parts = [] if note is None else [_checks_made(frame, note, labels)]
    if len(frame):
        frame = frame.sort_values("severity", key=lambda s: s.map(list(SEVERITY).index), kind="stable")
        frame = frame.assign(
            severity=[say(SEVERITY[level]) for level in frame["severity"]],
            **{c: [_in_words(text, labels) for text in frame[c]] for c in ("what", "found", "fix")},
        )
        columns = [
            Column("what", say("What")),
            Column("found", say("Found")),
            Column("fix", say("What was done or can be done")),
            Column("block", say("Part of the checks")),
            Column("wave", say("Wave")),
            Column("place", say("Where")),
        ]
        several = "wave" in frame and len(set(frame["wave"]) - {""}) > 1
        columns = [c for c in columns if c.key in frame and (c.key != "wave" or several)]
        parts.append(
            to_quarto(table_of_frame("quality", say("What the data checks found"), frame, columns, "severity"))
        )
    elif note is None:
        return say("The checks found nothing to report.") + "\n"
    if note is not None:
        limits = note.limits.assign(value=[plain_number(v) for v in note.limits["value"]])
        columns = [
            Column("name", say("Limit")),
            Column("value", say("Value"), align="right"),
            Column("unit", say("Unit")),
        ]
        columns += [Column("source", say("Source")), Column("status", say("Standing"))]
        table = to_quarto(table_of_frame("quality-limits", say("Limits of the data checks"), limits, columns))
        title = say("The limits behind these checks")
        parts.append(f'::::: {{.callout-note collapse="true" title="{html_text(title)}"}}\n\n{table}\n:::::\n')
    return "\n".join(parts)


def _in_words(text: str, labels: Labels) -> str:
    """Names of variables in backticks as their titles, other words in backticks in quotation marks; thousands grouped."""
    return grouped(re.sub(r"`([^`]+)`", lambda m: f"“{labels.variable(m.group(1))}”", text))


def _checks_made(frame: pd.DataFrame, note: QualityNote, labels: Labels) -> str:
    """How many checks were made and found what, those that could not be made, and what was measured."""
    count = {level: int((frame["severity"] == level).sum()) for level in SEVERITY}
    one = {"error": say("1 error"), "warning": say("1 warning"), "note": say("1 note")}
    more = {
        "error": say("{n} errors", n=count["error"]),
        "warning": say("{n} warnings", n=count["warning"]),
        "note": say("{n} notes", n=count["note"]),
    }
    words = [one[level] if n == 1 else more[level] for level, n in count.items()]
    text = [
        say(
            (
                "{made} checks of the file, the answers, the weights, the official figures and the tables were "
                "made. They found {errors}, {warnings} and {notes}. What rests on an error is wrong until it is "
                "explained; a warning needs a look before publishing; a note is good to know."
            ),
            made=note.made,
            errors=words[0],
            warnings=words[1],
            notes=words[2],
        ),
        "",
        *(f"- {markdown_text(what)}: {markdown_text(grouped(value))}" for what, value in note.facts),
        *(
            (
                "- "
                + say(
                    "Not checked: {check} ({why})",
                    check=markdown_text(check),
                    why=markdown_text(_in_words(why, labels)),
                )
            )
            for check, why in note.not_made
        ),
        "",
    ]
    return "\n".join(text)
