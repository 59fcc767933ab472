"""The methods annex: definitions, reading of the codes, row accounts, checks, design and provenance.

Each function returns Markdown for one included file. The tables show what the pipeline recorded, row by
row; nothing is left out because it is long (what is long folds away).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from informality.publication.definition_chapter import PERCENT, anchor, chapter
from informality.publication.formats import COUNT, NumberFormat
from informality.publication.inputs import DefinitionNote, QualityNote, ReportInputs, StandardNote
from informality.publication.model_tables import table_of_model
from informality.publication.notes import undetermined, why_missing
from informality.publication.published import Publication
from informality.publication.table import Column, Labels, html_text, markdown_text, table_of_frame, to_quarto
from informality.publication.view_specs import ViewsSpec
from informality.publication.views import further_models, further_views, lay_out, table_of_view

STANDING = {
    "verified": "read in the source itself",
    "derived": "worked out from a source",
    "recall": "quoted from memory, not yet checked",
    "assumption": "an assumption of ours",
}
DESIGN_WORDS = {
    "strata": "Strata",
    "psus": "Primary sampling units",
    "df": "Degrees of freedom",
    "weight": "Weight",
    "stratum": "Stratum variable",
    "psu": "Primary sampling unit variable",
    "lonely": "Strata with one unit only",
    "caution": "All in all the standard errors and intervals are",
    "waves": "Waves together",
}
ENGINE = "embedded renderer"


def _number(key: str, label: str, number: NumberFormat = COUNT) -> Column:
    return Column(key, label, number, align="right")


def parts(inputs: ReportInputs, pub: Publication, views: ViewsSpec) -> dict[str, str]:
    """Every included file of the annex, by name."""
    return {
        "compared.md": compared(inputs, pub),
        "missing.md": missing(views, pub),
        "readings.md": readings(inputs),
        "further.md": further(views, pub),
        "definitions.md": "\n".join(
            chapter(note, STANDING, folded=note.id != inputs.study["headline"]) for note in inputs.definitions
        ),
        "assumed.md": assumed(inputs.definitions),
        "design.md": design(inputs.design),
        "mapping.md": mapping(inputs),
        "accounting.md": accounting(inputs.accounting),
        "quality.md": quality(inputs.quality, inputs.labels, inputs.quality_note),
        "benchmarks.md": benchmarks(inputs.benchmarks),
        "comparisons.md": comparisons(inputs),
        "reliability.md": reliability(inputs.reliability, inputs.standard),
        "provenance.md": provenance(inputs.provenance),
    }


def compared(inputs: ReportInputs, pub: Publication) -> str:
    """The definitions of the study, one line each, the headline one named."""
    in_table = set(pub.results.loc[pub.results["table"] == "definitions", "definition"])
    lines = []
    for note in inputs.definitions:
        words = [f"**{markdown_text(note.title)}.** {markdown_text(note.summary)}"]
        if note.id == inputs.study["headline"]:
            words.append("This is the definition of the headline figures.")
        if note.id not in in_table:
            words.append("It decides other things than informal employment, so it has no row in @tbl-definitions.")
        lines.append(f"- {' '.join(words)} See @sec-definition-{anchor(note.id)}.")
    return "\n".join(lines) + "\n"


def missing(views: ViewsSpec, pub: Publication) -> str:
    """What the report could not show, in whole or in part, and why, one line per table."""
    lines = []
    for id, model in views.models.items():
        made = table_of_model(id, model, pub)
        if isinstance(made, str):
            lines.append(f"- {markdown_text(model.title)} (@tbl-model-{id}). {markdown_text(made)}")
    for id, view in views.tables.items():
        laid = lay_out(view, pub)
        reason = why_missing(laid) or (f"In part: {undetermined(laid)}." if undetermined(laid) else "")
        if reason:
            lines.append(f"- {markdown_text(view.title)} (@tbl-{id}). {markdown_text(reason)}")
    return "\n".join(lines or ["Every table of this report could be worked out from the survey."]) + "\n"


def readings(inputs: ReportInputs) -> str:
    """What each other reading of the questionnaire is, why somebody would prefer it, and where that comes from."""
    lines = [
        f"- **{markdown_text(what)}.** {markdown_text(why.rstrip('.'))}. {markdown_text(source)}."
        for what, why, source in inputs.readings
    ]
    return "\n".join(lines) + "\n"


def further(views: ViewsSpec, pub: Publication) -> str:
    """The study's own results tables, which the body of the report does not name."""
    shown = [(f"further-{id}", view) for id, view in further_views(views, pub).items()]
    made = [table_of_view(id, view, pub) for id, view in shown]
    made += [table_of_model(f"further-{id}", view, pub) for id, view in further_models(views, pub).items()]
    tables = [to_quarto(table) for table in made if not isinstance(table, str)]
    return "\n".join(tables or ["This study has no further tables."]) + "\n"


# -- definitions ---------------------------------------------------------------------------------------


def assumed(definitions: Sequence[DefinitionNote]) -> str:
    """Which share of the employed was decided by a rule that assumes something, by definition and step."""
    rows = []
    for note in definitions:
        titles = {step.decides: step.title for step in note.steps}
        rows += [(note.title, titles.get(step, step), share) for step, share in note.share_assumed.items()]
    frame = pd.DataFrame(rows, columns=["definition", "step", "share"])
    columns = [Column("step", "Step"), _number("share", "Per cent", PERCENT)]
    title = "Employed persons whom an assumed rule decided, per cent"
    return to_quarto(table_of_frame("assumed", title, frame, columns, "definition"))


# -- data ----------------------------------------------------------------------------------------------


def design(facts: Mapping[str, Any]) -> str:
    """How the sample was drawn, and what the errors leave out."""
    lines = [
        f"- {markdown_text(DESIGN_WORDS.get(key, key))}: {fact(value)}"
        for key, value in facts.items()
        if key != "ignores" and value is not None
    ]
    ignored = facts.get("ignores") or ()
    for text in [ignored] if isinstance(ignored, str) else ignored:
        lines.append(f"- What the errors leave out: {markdown_text(text)}")
    return "\n".join(lines) + "\n"


def fact(value: Any) -> str:
    """One fact of the design as Markdown; whole numbers grouped."""
    whole = isinstance(value, int | float) and not isinstance(value, bool) and value == int(value)
    return COUNT(value) if whole else markdown_text(value)


def mapping(inputs: ReportInputs) -> str:
    """How each raw code was read, with the number of rows."""
    frame = inputs.mapping
    labels = inputs.labels
    frame = frame.assign(
        variable=[
            wave + (f"{labels.variable(v)} ({v})" if labels.variable(v) != v else v)
            for v, wave in zip(frame["variable"], _wave_before(frame), strict=True)
        ],
        category=[
            labels.level(v, c) if pd.notna(c) else c for v, c in zip(frame["variable"], frame["category"], strict=True)
        ],
    )
    columns = [
        Column("column", "Column in the file"),
        Column("code", "Code"),
        Column("code_label", "Label in the file"),
        Column("category", "Read as"),
        _number("n", "Rows"),
    ]
    return to_quarto(table_of_frame("mapping", "How each code of the file was read", frame, columns, "variable"))


def accounting(frame: pd.DataFrame) -> str:
    """Rows from the file as delivered to the published tables."""
    columns = [Column("stage", "Stage"), Column("what", "What"), _number("rows", "Rows")]
    several = _several_waves(frame)
    title = f"Where the rows of the {'files' if several else 'file'} went"
    return to_quarto(table_of_frame("accounting", title, frame, columns, "wave" if several else ""))


def _several_waves(frame: pd.DataFrame) -> bool:
    return "wave" in frame and len(frame["wave"].unique()) > 1


def _wave_before(frame: pd.DataFrame) -> list[str]:
    """``April to June 2017: `` for each row where the rows are of several waves, else nothing."""
    return [f"{wave}: " for wave in frame["wave"]] if _several_waves(frame) else [""] * len(frame)


SEVERITY = {"error": "✖ Errors", "warning": "▲ Warnings", "note": "○ Notes"}


def quality(frame: pd.DataFrame, labels: Labels, note: QualityNote | None = None) -> str:
    """What the checks found, worst first, variables by their titles; what the checks measured; their limits."""
    parts = [] if note is None else [_checks_made(frame, note)]
    if len(frame):
        frame = frame.sort_values("severity", key=lambda s: s.map(list(SEVERITY).index), kind="stable")
        frame = frame.assign(
            severity=frame["severity"].map(SEVERITY),
            **{c: [_in_words(text, labels) for text in frame[c]] for c in ("what", "found", "fix")},
        )
        columns = [
            Column("what", "What"),
            Column("found", "Found"),
            Column("fix", "What was done or can be done"),
            Column("block", "Part of the checks"),
            Column("wave", "Wave"),
            Column("place", "Where"),
        ]
        several = "wave" in frame and len(set(frame["wave"]) - {""}) > 1
        columns = [c for c in columns if c.key in frame and (c.key != "wave" or several)]
        parts.append(to_quarto(table_of_frame("quality", "What the data checks found", frame, columns, "severity")))
    elif note is None:
        return "The checks found nothing to report.\n"
    if note is not None:
        limits = note.limits.assign(value=[f"{v:g}" for v in note.limits["value"]])
        columns = [Column("name", "Limit"), Column("value", "Value", align="right"), Column("unit", "Unit")]
        columns += [Column("source", "Source"), Column("status", "Standing")]
        table = to_quarto(table_of_frame("quality-limits", "Limits of the data checks", limits, columns))
        parts.append(
            f'::::: {{.callout-note collapse="true" title="The limits behind these checks"}}\n\n{table}\n:::::\n'
        )
    return "\n".join(parts)


def _in_words(text: str, labels: Labels) -> str:
    """Names of variables in backticks as their titles, other words in backticks in quotation marks."""
    return re.sub(r"`([^`]+)`", lambda m: f"“{labels.variable(m.group(1))}”", text)


def _checks_made(frame: pd.DataFrame, note: QualityNote) -> str:
    """How many checks were made and found what, those that could not be made, and what was measured."""
    count = {level: int((frame["severity"] == level).sum()) for level in SEVERITY}
    words = [f"{n} {level if n == 1 else level + 's'}" for level, n in count.items()]
    text = [
        f"{note.made} checks of the file, the answers, the weights, the official figures and the tables were made. They found "
        f"{words[0]}, {words[1]} and {words[2]}. What rests on an error is wrong until it is explained; a warning needs a "
        "look before publishing; a note is good to know.",
        "",
        *(f"- {markdown_text(what)}: {markdown_text(value)}" for what, value in note.facts),
        *(f"- Not checked: {markdown_text(check)} ({markdown_text(why)})" for check, why in note.not_made),
        "",
    ]
    return "\n".join(text)


def benchmarks(frame: pd.DataFrame) -> str:
    """Official figures beside ours."""
    if frame.empty:
        return "No official figure was found to compare with.\n"
    frame = frame.assign(
        **{k: [_amount(v, u, k) for v, u in zip(frame[k], frame["unit"], strict=True)] for k in AMOUNTS},
        source=[
            f"{source} ({STANDING.get(status, status)})" + (f". {note}" if pd.notna(note) else "")
            for source, status, note in zip(frame["source"], frame["status"], frame["note"], strict=True)
        ],
    )
    columns = [
        Column("title", "Figure"),
        *(Column(k, k.capitalize(), align="right") for k in AMOUNTS),
        Column("verdict", "Verdict"),
        Column("source", "Source"),
    ]
    return to_quarto(table_of_frame("benchmarks", "Official figures and ours", frame, columns, _wave(frame)))


def _wave(frame: pd.DataFrame) -> str:
    """The column that groups figures of several waves; none in a study of one."""
    return "wave" if "wave" in frame else ""


def comparisons(inputs: ReportInputs) -> str:
    """What others published beside ours, with the reason for each difference."""
    frame = inputs.comparisons
    if frame.empty:
        return "The survey profile sets no figure of another source beside ours.\n"
    shown = frame.assign(
        **{k: [_amount(v, u, k) for v, u in zip(frame[k], frame["unit"], strict=True)] for k in AMOUNTS[:3]}
    )
    columns = [
        Column("title", "Figure"),
        Column("official", "Published", align="right"),
        Column("ours", "Ours", align="right"),
        Column("difference", "Difference", align="right"),
    ]
    title = "Figures that others published, and ours"
    table = to_quarto(table_of_frame("comparisons", title, shown, columns, _wave(shown)))
    lines = [
        f"- **{markdown_text(row.title)}.** {markdown_text(row.why)} *Source: {markdown_text(row.source)}; "
        f"{STANDING.get(row.status, row.status)}.*"
        for row in frame.drop_duplicates(["title", "why"]).itertuples()
    ]
    return "\n".join([table, "Why they differ:", "", *lines, ""])


AMOUNTS = ("official", "ours", "difference", "tolerance")


def _amount(value: float, unit: str, column: str) -> str | None:
    if pd.isna(value):
        return None
    if unit == "share":
        return NumberFormat("", 100, 2)(value) + (" %" if column in ("official", "ours") else " points")
    return NumberFormat("", 1, 0 if abs(value) >= 100 or value == int(value) else 2)(value)


def reliability(frame: pd.DataFrame, standard: StandardNote | None = None) -> str:
    """The standard, the legend of the symbols, the rule behind each grade, and the limits with their sources."""
    symbols = frame["symbol"].fillna("")
    frame = frame.assign(symbol=symbols.where(symbols != "", "none"), grade=frame["grade"].str.replace("_", " "))
    columns = [
        Column("symbol", "Symbol"),
        Column("grade", "Grade"),
        Column("meaning", "Meaning"),
        Column("rule", "Rule"),
    ]
    standing = [f"- {word}: {meaning}" for word, meaning in STANDING.items()]
    table = to_quarto(table_of_frame("reliability", "What the symbols mean", frame, columns))
    lead = "Rules and figures have a standing, and a result has that of the weakest among them:"
    said = [] if standard is None else [f"{markdown_text(standard.title)}. {markdown_text(standard.summary)}", ""]
    limits = [] if standard is None or standard.limits.empty else [_limits(standard.limits)]
    return "\n".join([*said, table, *limits, lead, "", *standing, ""])


def _limits(frame: pd.DataFrame) -> str:
    """The numbers that the rules of a reliability standard compare with."""
    columns = [Column(n, n.capitalize()) for n in frame.columns]
    return to_quarto(table_of_frame("reliability-limits", "Limits of the reliability standard", frame, columns))


def provenance(facts: Mapping[str, Any]) -> str:
    """Files with their hashes, versions, engine and fingerprint, so that anyone can check the same input."""
    files = pd.DataFrame(list(facts.get("files", ())), columns=["name", "sha256", "bytes"])
    files["sha256"] = files["sha256"].astype(str).str[:12]
    columns = [Column("name", "File"), Column("sha256", "SHA-256, first twelve digits"), _number("bytes", "Bytes")]
    text = to_quarto(table_of_frame("files", "Files this report was made from", files, columns))
    versions = facts.get("versions", {})
    lines = [
        f"- {markdown_text(key.replace('_', ' ').capitalize())}: {markdown_text(value)}"
        for key, value in {"engine": ENGINE, **facts}.items()
        if key not in ("files", "versions")
    ]
    if versions:
        lines.append(
            "- Versions: " + markdown_text(", ".join(f"{name} {version}" for name, version in versions.items()))
        )
    return "\n".join([text, *lines, ""])


def banner(notice: str) -> str:
    """The made-up notice as real Quarto prints it at the top of the page."""
    return f'<aside class="made-up">{html_text(notice)}</aside>\n' if notice else ""
