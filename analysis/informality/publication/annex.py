"""The methods annex: definitions, reading of the codes, row accounts, checks, design and provenance.

Each function returns Markdown for one included file. The tables show what the pipeline recorded, row by
row; nothing is left out because it is long (what is long folds away).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from informality.foundation.language import say
from informality.publication.data_checks import quality
from informality.publication.definition_chapter import PERCENT, anchor, chapter
from informality.publication.formats import COUNT, NumberFormat
from informality.publication.inputs import DefinitionNote, DisclosureNote, ReportInputs, StandardNote
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


def parts(inputs: ReportInputs, pub: Publication, views: ViewsSpec, apart: bool = False) -> dict[str, str]:
    """Every included file of the annex, by name. ``apart``: the methods annex is a document of its own."""
    standing = {word: say(meaning) for word, meaning in STANDING.items()}
    main = [note for note in inputs.definitions if note.id == inputs.study["headline"]]
    return {
        "compared.md": compared(inputs, pub, apart),
        "definition-headline.md": "\n".join(chapter(note, standing, folded=False) for note in main),
        "missing.md": missing(views, pub),
        "readings.md": readings(inputs),
        "further.md": further(views, pub),
        "definitions.md": "\n".join(
            chapter(note, standing, folded=note.id != inputs.study["headline"]) for note in inputs.definitions
        ),
        "assumed.md": assumed(inputs.definitions),
        "design.md": design(inputs.design),
        "basis.md": basis(str(inputs.study["basis"])),
        "disclosure.md": disclosure(inputs.disclosure),
        "mapping.md": mapping(inputs),
        "accounting.md": accounting(inputs.accounting),
        "quality.md": quality(inputs.quality, inputs.labels, inputs.quality_note),
        "benchmarks.md": benchmarks(inputs.benchmarks),
        "comparisons.md": comparisons(inputs),
        "reliability.md": reliability(inputs.reliability, inputs.standard),
        "provenance.md": provenance(inputs.provenance),
    }


def compared(inputs: ReportInputs, pub: Publication, apart: bool = False) -> str:
    """The definitions of the study, one line each, the headline one named, and where the rules of each are printed."""
    in_table = set(pub.results.loc[pub.results["table"] == "definitions", "definition"])
    lines = []
    for note in inputs.definitions:
        words = [f"**{markdown_text(note.title)}.** {markdown_text(note.summary)}"]
        if note.id == inputs.study["headline"]:
            words.append(say("This is the definition of the headline figures."))
        if note.id not in in_table:
            words.append(say("It decides other things than informal employment, so it has no row in @tbl-definitions."))
        if apart and note.id != inputs.study["headline"]:
            lines.append("- " + say("{words} Its rules stand in the methods annex.", words=" ".join(words)))
            continue
        lines.append("- " + say("{words} See @sec-definition-{anchor}.", words=" ".join(words), anchor=anchor(note.id)))
    return "\n".join(lines) + "\n"


def missing(views: ViewsSpec, pub: Publication) -> str:
    """What the report could not show, in whole or in part, and why, one line per table."""
    lines = []
    for id, model in views.models.items():
        made = table_of_model(id, model, pub)
        if isinstance(made, str):  # without a reference: not every document has a place for it
            lines.append(f"- {markdown_text(say(model.title))}. {markdown_text(made)}")
    for id, view in views.tables.items():
        laid = lay_out(view, pub)
        reason = why_missing(laid) or (
            say("In part: {reasons}.", reasons=undetermined(laid)) if undetermined(laid) else ""
        )
        if reason:
            lines.append(f"- {markdown_text(say(view.title))} (@tbl-{id}). {markdown_text(reason)}")
    return "\n".join(lines or [say("Every table of this report could be worked out from the survey.")]) + "\n"


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
    return "\n".join(tables or [say("This study has no further tables.")]) + "\n"


# -- definitions ---------------------------------------------------------------------------------------


UNTOLD_ROWS = (
    "In the last column a dash stands for few rows, and for those of one more code where few could be worked out from the "
    "others."
)


def assumed(definitions: Sequence[DefinitionNote]) -> str:
    """Which share of the employed was decided by a rule that assumes something, by definition and step."""
    rows = []
    for note in definitions:
        titles = {step.decides: step.title for step in note.steps}
        rows += [(note.title, titles.get(step, step), share) for step, share in note.share_assumed.items()]
    frame = pd.DataFrame(rows, columns=["definition", "step", "share"])
    columns = [Column("step", say("Step")), _number("share", say("Per cent"), PERCENT)]
    title = say("Employed persons whom an assumed rule decided, per cent")
    return to_quarto(table_of_frame("assumed", title, frame, columns, "definition"))


# -- data ----------------------------------------------------------------------------------------------


def design(facts: Mapping[str, Any]) -> str:
    """How the sample was drawn, and what the errors leave out."""
    lines = [
        f"- {markdown_text(say(DESIGN_WORDS.get(key, key)))}: {fact(value)}"
        for key, value in facts.items()
        if key != "ignores" and value is not None
    ]
    ignored = facts.get("ignores") or ()
    for text in [ignored] if isinstance(ignored, str) else ignored:
        lines.append("- " + say("What the errors leave out: {what}", what=markdown_text(text)))
    return "\n".join(lines) + "\n"


BASES = {
    "13": "Employment is counted on the basis of the 13th International Conference of Labour Statisticians: who grows food or "
    "makes goods only or mainly for the own household is employed.",
    "19": "Employment is counted on the basis of the 19th International Conference of Labour Statisticians: work for pay or "
    "profit. Who grows food or makes goods only or mainly for the own household does another form of work.",
}


def basis(name: str) -> str:
    """Who counts as employed."""
    return say(BASES[name]) + "\n"


def disclosure(note: DisclosureNote | None) -> str:
    """The rules by which numbers are not shown, so that no person can be recognised."""
    if note is None:
        return say("The study names no rules of disclosure control.") + "\n"
    lines = [f"- {markdown_text(what)}: {markdown_text(value)}" for what, value in note.limits]
    sources = [f"- {markdown_text(source)}" for source in note.sources]
    standing = say("Standing: {standing}. Sources:", standing=say(STANDING.get(note.status, note.status)))
    return "\n".join([f"{markdown_text(note.summary)}", "", *lines, "", standing, "", *sources, ""])


def fact(value: Any) -> str:
    """One fact of the design as Markdown; whole numbers grouped."""
    whole = isinstance(value, int | float) and not isinstance(value, bool) and value == int(value)
    return COUNT(value) if whole else markdown_text(value)


def mapping(inputs: ReportInputs) -> str:
    """How each raw code was read, with the number of rows; what was read by rules has the number of the rule."""
    frame, labels = inputs.mapping, inputs.labels
    common = {level: words for levels in labels.levels.values() for level, words in levels.items()}
    pairs = list(zip(frame["variable"], frame["code"], frame["category"], strict=True))
    frame = frame.assign(
        variable=[
            wave + _read_from(v, column, labels)
            for v, column, wave in zip(frame["variable"], frame["column"], _wave_before(frame), strict=True)
        ],
        code=[say("rule {number}", number=c[len(v) + 1 :]) if str(c).startswith(f"{v}-") else c for v, c, _ in pairs],
        category=[
            labels.level(v, c) if pd.isna(c) or c in labels.levels.get(v, {}) else say(common.get(c, c))
            for v, _, c in pairs
        ],
    )
    columns = [
        Column("code", say("Code")),
        Column("code_label", say("Label in the file")),
        Column("category", say("Read as")),
        _number("n", say("Rows")),
    ]
    title, notes = say("How each code of the file was read"), [say(UNTOLD_ROWS)] if frame["n"].isna().any() else []
    return to_quarto(table_of_frame("mapping", title, frame, columns, "variable", notes))


def _read_from(variable: str, column: str, labels: Labels) -> str:
    """``Place of work (place), from ac18``: a variable with the columns of the file it was read from."""
    title = labels.variable(variable)
    names = {"title": title if title == variable else f"{title} ({variable})", "columns": column}
    return say("{title}, from {columns}", **names) if column and pd.notna(column) else names["title"]


def accounting(frame: pd.DataFrame) -> str:
    """Rows from the file as delivered to the published tables."""
    columns = [Column("stage", say("Stage")), Column("what", say("What")), _number("rows", say("Rows"))]
    several = _several_waves(frame)
    title = say("Where the rows of the files went") if several else say("Where the rows of the file went")
    return to_quarto(table_of_frame("accounting", title, frame, columns, "wave" if several else ""))


def _several_waves(frame: pd.DataFrame) -> bool:
    return "wave" in frame and len(frame["wave"].unique()) > 1


def _wave_before(frame: pd.DataFrame) -> list[str]:
    """``April to June 2017: `` for each row where the rows are of several waves, else nothing."""
    return [f"{wave}: " for wave in frame["wave"]] if _several_waves(frame) else [""] * len(frame)


def benchmarks(frame: pd.DataFrame) -> str:
    """Official figures beside ours."""
    if frame.empty:
        return say("No official figure was found to compare with.") + "\n"
    waves = [f"{wave}. " for wave in frame["wave"]] if "wave" in frame else [""] * len(frame)
    frame = frame.assign(
        **{k: [_amount(v, u, k) for v, u in zip(frame[k], frame["unit"], strict=True)] for k in AMOUNTS},
        heading=[
            f"{wave}{source} ({say(STANDING.get(status, status))})"
            for wave, source, status in zip(waves, frame["source"], frame["status"], strict=True)
        ],
    )
    first = {heading: place for place, heading in reversed(list(enumerate(frame["heading"])))}
    frame = frame.sort_values("heading", key=lambda h: h.map(first), kind="stable")  # those of a source together
    notes = [f"{r.title}: {str(r.note).rstrip('.')}." for r in frame[frame["note"].fillna("") != ""].itertuples()]
    columns = [
        Column("title", say("Figure")),
        *(Column(k, say(k.capitalize()), align="right") for k in AMOUNTS),
        Column("verdict", say("Verdict")),
    ]
    title = say("Official figures and ours")
    return to_quarto(table_of_frame("benchmarks", title, frame, columns, "heading", list(dict.fromkeys(notes))))


def _wave(frame: pd.DataFrame) -> str:
    """The column that groups figures of several waves; none in a study of one."""
    return "wave" if "wave" in frame else ""


def comparisons(inputs: ReportInputs) -> str:
    """What others published beside ours, with the reason for each difference."""
    frame = inputs.comparisons
    if frame.empty:
        return say("The survey profile sets no figure of another source beside ours.") + "\n"
    shown = frame.assign(
        **{k: [_amount(v, u, k) for v, u in zip(frame[k], frame["unit"], strict=True)] for k in AMOUNTS[:3]}
    )
    columns = [
        Column("title", say("Figure")),
        Column("official", say("Published"), align="right"),
        Column("ours", say("Ours"), align="right"),
        Column("difference", say("Difference"), align="right"),
    ]
    title = say("Figures that others published, and ours")
    table = to_quarto(table_of_frame("comparisons", title, shown, columns, _wave(shown)))
    lines = [
        (
            "- "
            + say(
                "**{title}.** {why} *Source: {source}; {standing}.*",
                title=markdown_text(row.title),
                why=markdown_text(row.why),
                source=markdown_text(row.source),
                standing=say(STANDING.get(row.status, row.status)),
            )
        )
        for row in frame.drop_duplicates(["title", "why"]).itertuples()
    ]
    return "\n".join([table, say("Why they differ:"), "", *lines, ""])


AMOUNTS = ("official", "ours", "difference", "tolerance")


def _amount(value: float, unit: str, column: str) -> str | None:
    if pd.isna(value):
        return None
    if unit == "share":
        return NumberFormat("", 100, 2)(value) + " " + ("%" if column in ("official", "ours") else say("points"))
    return NumberFormat("", 1, 0 if abs(value) >= 100 or value == int(value) else 2)(value)


def reliability(frame: pd.DataFrame, standard: StandardNote | None = None) -> str:
    """The standard, the legend of the symbols, the rule behind each grade, and the limits with their sources."""
    symbols = frame["symbol"].fillna("")
    grades = [say(grade.replace("_", " ")) for grade in frame["grade"]]
    frame = frame.assign(symbol=symbols.where(symbols != "", say("none")), grade=grades)
    columns = [
        Column("symbol", say("Symbol")),
        Column("grade", say("Grade")),
        Column("meaning", say("Meaning")),
        Column("rule", say("Rule")),
    ]
    standing = [f"- {say(word)}: {say(meaning)}" for word, meaning in STANDING.items()]
    table = to_quarto(table_of_frame("reliability", say("What the symbols mean"), frame, columns))
    lead = say("Rules and figures have a standing, and a result has that of the weakest among them:")
    said = [] if standard is None else [f"{markdown_text(standard.title)}. {markdown_text(standard.summary)}", ""]
    limits = [] if standard is None or standard.limits.empty else [_limits(standard.limits)]
    return "\n".join([*said, table, *limits, lead, "", *standing, ""])


def _limits(frame: pd.DataFrame) -> str:
    """The numbers that the rules of a reliability standard compare with."""
    columns = [Column(n, say(n.capitalize())) for n in frame.columns]
    return to_quarto(table_of_frame("reliability-limits", say("Limits of the reliability standard"), frame, columns))


def engine_of(facts: Mapping[str, Any]) -> str:
    """What renders the documents, with its version."""
    version = facts.get("versions", {}).get("informality")
    own = say("embedded renderer {version}", version=version) if version else say(ENGINE)
    return str(facts.get("engine") or own)


def provenance(facts: Mapping[str, Any]) -> str:
    """Files with their hashes, versions, engine and fingerprint, so that anyone can check the same input."""
    files = pd.DataFrame(list(facts.get("files", ())), columns=["name", "sha256", "bytes"])
    files["sha256"] = files["sha256"].astype(str).str[:12]
    columns = [
        Column("name", say("File")),
        Column("sha256", say("SHA-256, first twelve digits")),
        _number("bytes", say("Bytes")),
    ]
    text = to_quarto(table_of_frame("files", say("Files this report was made from"), files, columns))
    versions = facts.get("versions", {})
    lines = [
        f"- {markdown_text(say(key.replace('_', ' ').capitalize()))}: {markdown_text(value)}"
        for key, value in {"engine": engine_of(facts), **facts}.items()
        if key not in ("files", "versions")
    ]
    if versions:
        lines.append(
            ("- " + say("Versions:") + " ")
            + markdown_text(", ".join(f"{name} {version}" for name, version in versions.items()))
        )
    return "\n".join([text, *lines, ""])


def banner(notice: str) -> str:
    """The made-up notice as real Quarto prints it at the top of the page."""
    return f'<aside class="made-up">{html_text(notice)}</aside>\n' if notice else ""
