"""A definition as people read it: what it says, how well it is known, its rules with how many workers each decided, its flow
chart, and worked examples.

The tables print the rules that were run. What a rule tests stands in one cell, a line for each answer, so that a step which
looks at many answers is no wider than one that looks at two.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import pandas as pd

from informality.foundation.language import english_mark, say
from informality.foundation.reading import words
from informality.foundation.rules import Rule, Step
from informality.publication.flow_chart import step_charts
from informality.publication.formats import COUNT, NumberFormat
from informality.publication.inputs import DefinitionNote
from informality.publication.table import (
    NOTHING,
    Column,
    Table,
    html_text,
    markdown_text,
    quarto_block,
    table_of_frame,
    to_markdown,
    to_quarto,
)

PERCENT = NumberFormat("Per cent", 100, 1)
PERSONS = NumberFormat("Persons, weighted", 1, 0)
COUNTED = (("share", "Per cent", PERCENT), ("n_weighted", "Persons, weighted", PERSONS), ("n", "Sample n", COUNT))
UNTOLD = "x"
"""Stands for numbers of workers that disclosure control does not show."""
DASHED = "A dashed edge marks a rule that assumes something. In square brackets stands where the source says so."


def anchor(text: str) -> str:
    """``text`` as the end of an identifier: letters, digits and hyphens."""
    return re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-") or "x"


def chapter(note: DefinitionNote, standing: Mapping[str, str], folded: bool) -> str:
    """One definition as a section of the methods annex; rules ``folded`` away, chart and examples always."""
    name = anchor(note.id)
    text = [
        f"### {markdown_text(note.title)} {{#sec-definition-{name}}}",
        "",
        markdown_text(note.summary),
        "",
        say(
            "**How well it is confirmed.** {standing}",
            standing=markdown_text(note.confirmed or say("The file of the definition does not say.")),
        ),
        "",
        say("Standing: {standing}. Sources:", standing=standing.get(note.status, markdown_text(note.status))),
        "",
        *(f"- {markdown_text(source)}" for source in note.sources),
        "",
    ]
    if note.options:
        text.append(_stacked("options", options_table(note)))
    rules = _rules(note, name)
    text += _fold(say("The rules, and how many workers each decided"), rules) if folded else rules
    text += _fold(say("The same rules as a flow chart"), _chart(note, name))
    if len(note.examples):
        text += _fold(say("Worked examples"), [_stacked("examples", examples_table(note))])
    return "\n".join(text)


def plain_chapter(note: DefinitionNote, standing: Mapping[str, str]) -> str:
    """The same as Markdown that stands alone, without the chart."""
    text = [
        f"# {markdown_text(note.title)}",
        markdown_text(note.summary),
        say(
            "**How well it is confirmed.** {standing}",
            standing=markdown_text(note.confirmed or say("The file of the definition does not say.")),
        ),
        say("Standing: {standing}. Sources:", standing=standing.get(note.status, markdown_text(note.status))),
        "\n".join(f"- {markdown_text(source)}" for source in note.sources),
    ]
    tables = ([options_table(note)] if note.options else []) + rule_tables(note.steps) + [examples_table(note)]
    return "\n\n".join([*text, *(to_markdown(table).strip() for table in tables)]) + "\n"


def _fold(title: str, inside: Sequence[str]) -> list[str]:
    return [f':::::: {{.callout-note collapse="true" title="{title}"}}', "", *inside, "::::::", ""]


def _stacked(kind: str, table: Table) -> str:
    """A table whose rows a narrow screen shows as short paragraphs, each with the head of its column before it."""
    heads = "; ".join(f"--head-{n}: '{html_text(c.label)}: '" for n, c in enumerate(table.columns, 1))
    return f'::::: {{.stacked .{kind} style="{heads}"}}\n{to_quarto(table)}:::::\n'


# -- tables --------------------------------------------------------------------------------------------


def options_table(note: DefinitionNote) -> Table:
    """What the standard leaves open: the value in force, the usual one, and who says so."""
    rows = [
        (o.title, o.name, o.value, say("the same") if o.default == o.value else o.default, o.source)
        for o in note.options
    ]
    frame = pd.DataFrame(rows, columns=["title", "name", "value", "default", "source"])
    frame["title"] = [f"{title} ({name})" for title, name in zip(frame["title"], frame["name"], strict=True)]
    columns = [
        Column("title", say("Option")),
        Column("value", say("In force")),
        Column("default", say("Usual value")),
        Column("source", say("Source")),
    ]
    return table_of_frame(
        f"options-{anchor(note.id)}", say("Options of the definition: {title}", title=note.title), frame, columns
    )


def examples_table(note: DefinitionNote) -> Table:
    """Worked examples: a worker's answers, what is decided, and by which rule."""
    columns = [
        Column("example", say("Worker")),
        Column("answers", say("Answers")),
        Column("outcome", say("What is decided")),
        Column("why", say("Because")),
    ]
    name = anchor(note.id)
    return table_of_frame(f"examples-{name}", say("Worked examples: {title}", title=note.title), note.examples, columns)


def rule_tables(steps: Sequence[Step]) -> list[Table]:
    """One table per step with what each rule tests, decides, and why."""
    columns = [
        Column("rule", say("Rule")),
        Column("if", say("If")),
        Column("then", say("Then")),
        Column("why", say("Because")),
    ]
    tables = []
    for number, step in enumerate(steps, 1):
        rows = [
            (rule.id, "; ".join(tests(step, rule)) or otherwise(step), outcome(step, rule), because(rule))
            for rule in step.rules
        ]
        frame = pd.DataFrame(rows, columns=[c.key for c in columns])
        tables.append(table_of_frame(step.decides, f"{number}. {step.title}. {how_matched(step)}", frame, columns))
    return tables


def tests(step: Step, rule: Rule) -> list[str]:
    """What a rule tests, one line for each answer."""
    asked = [a.variable for a in step.axes if a.variable.name in rule.when]
    return [f"{variable.title or variable.name}: {words(rule.when[variable.name], variable)}" for variable in asked]


def outcome(step: Step, rule: Rule) -> str:
    return step.outcomes[rule.then] + (" " + say("(assumed)") if rule.assumed else "")


def because(rule: Rule) -> str:
    """Why a rule is as it is, where that is said, and the options that put it in force."""
    options = ", ".join(name.replace("_", " ") for name in rule.options)
    return " ".join(
        filter(
            None,
            (
                rule.why,
                f"[{rule.cite}]" if rule.cite else "",
                say("(option {options})", options=options) if options else "",
            ),
        )
    )


def how_matched(step: Step) -> str:
    return say("The first rule that fits decides.") if step.match == "first" else say("Exactly one rule fits.")


def otherwise(step: Step) -> str:
    return say("otherwise") if step.match == "first" else say("always")


def _rules(note: DefinitionNote, name: str) -> list[str]:
    """The rules of every step, with the workers each decided, as a numbered table."""
    counts = note.rule_counts
    heads = [(say("Rule"), "left"), (say("If … because"), "left"), (say("Then"), "left")]
    heads += [] if counts.empty else [(say(label), "right") for _, label, _ in COUNTED]
    title = say("The rules of {title}", title=note.title)
    body = [
        f'<div class="table-scroll" role="region" tabindex="0" aria-label="{html_text(title)}">',
        '<table class="rules">',
        "<thead>",
        "<tr>" + "".join(f'<th scope="col" class="{align}">{html_text(head)}</th>' for head, align in heads) + "</tr>",
        "</thead>",
    ]
    for number, step in enumerate(note.steps, 1):
        heading = f"{number}. {html_text(step.title)}. <small>{how_matched(step)}</small>"
        body += [
            "<tbody>",
            f'<tr class="group"><th scope="rowgroup" colspan="{len(heads)}"><span>{heading}</span></th></tr>',
        ]
        body += [_rule_row(step, rule, counts) for rule in step.rules]
        if not counts.empty and ((counts["step"] == step.decides) & (counts["rule"] == "")).any():
            lacking, then = html_text(say("the survey lacks the questions")), html_text(say("Not determinable"))
            left = f'<td>{lacking}{_untold(step, "", counts)}</td><td class="then">{then}</td>'
            body.append(f'<tr><th scope="row">{NOTHING}</th>{left}{_counted(step, "", counts)}</tr>')
        body.append("</tbody>")
    caption = say("{title}, and the employed persons each decided", title=title) if len(counts) else title
    return [quarto_block(f"tbl-rules-{name}", ["```{=html}", *body, "</table>", "</div>", "```", ""], [], caption)]


def _rule_row(step: Step, rule: Rule, counts: pd.DataFrame) -> str:
    lines = "".join(f"<div>{html_text(line)}</div>" for line in tests(step, rule) or [otherwise(step)])
    why = f'<div class="why"{english_mark(rule.why)}>{html_text(because(rule))}</div>' if because(rule) else ""
    return (
        f'<tr><th scope="row" class="left">{html_text(rule.id)}</th><td>{lines}{why}{_untold(step, rule.id, counts)}</td>'
        f'<td class="then">{html_text(outcome(step, rule))}</td>{_counted(step, rule.id, counts)}</tr>'
    )


def _of_rule(step: Step, rule: str, counts: pd.DataFrame) -> pd.DataFrame:
    return counts[(counts["step"] == step.decides) & (counts["rule"].astype(str) == rule)]


def _untold(step: Step, rule: str, counts: pd.DataFrame) -> str:
    """Why the workers of a rule are not told; empty where they are."""
    notes = [] if counts.empty else [note for note in _of_rule(step, rule, counts)["note"] if note]
    return "".join(f'<div class="why">{UNTOLD}: {html_text(note)}</div>' for note in notes)


def _counted(step: Step, rule: str, counts: pd.DataFrame) -> str:
    if counts.empty:
        return ""
    found = _of_rule(step, rule, counts)
    told = len(found) and found["note"].iloc[0] == ""
    cells = [
        (html_text(say(label)), number(float(found[key].iloc[0])) if told else UNTOLD if len(found) else NOTHING)
        for key, label, number in COUNTED
    ]
    return "".join(f'<td class="right" data-label="{label}">{html_text(shown)}</td>' for label, shown in cells)


def _chart(note: DefinitionNote, name: str) -> list[str]:
    """The flow chart of every step, one below the other."""
    body = ["```{=html}"]
    for number, step in enumerate(note.steps, 1):
        body.append(f'<p class="flow-step">{number}. {html_text(step.title)}</p>')
        body += step_charts(step, f"flow-{name}-{anchor(step.decides)}")
    caption = say("Flow chart of {title}", title=note.title)
    return [quarto_block(f"fig-flow-{name}", [*body, "```", ""], [say(DASHED)], caption)]
