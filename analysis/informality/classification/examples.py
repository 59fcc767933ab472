"""The worked examples of a definition: run as a check, and laid out so that the methods annex can print them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from informality.classification.definition import Definition, decide_one, worked_with, wrong_examples
from informality.foundation.errors import Problem
from informality.foundation.language import say

if TYPE_CHECKING:
    import pandas as pd


def check_examples(definition: Definition) -> list[Problem]:
    """Every worked example that comes out otherwise, each worked with its own options."""
    settings = {tuple(sorted(worked_with(definition, e).items())) for e in definition.spec.examples}
    return [
        problem
        for values in sorted(settings, key=str)
        for problem in wrong_examples(definition.with_options(dict(values)))
    ]


def example_table(definition: Definition) -> pd.DataFrame:
    """The worked examples in words, one row each: columns ``example``, ``answers``, ``outcome``, ``why``.

    Options that an example sets otherwise than the others stand among its answers; each outcome names the rule that
    decided it, under the options the example is worked with.
    """
    import pandas as pd

    grammar, outcomes, options = definition.schema.grammar, definition.outcomes, definition.spec.options
    rows = []
    for example in definition.spec.examples:
        answers = [
            f"{say(grammar[n].title)}: {say(grammar[n].label(v)) if isinstance(v, str) else f'{v:g}'}"
            for n, v in example.worker.items()
        ]
        answers += [
            f"{say(options[n].title or n.replace('_', ' ').capitalize())}: {say(options[n].words(v))}"
            for n, v in example.options.items()
        ]
        decided = decide_one(definition.with_options(worked_with(definition, example)), example.worker)
        outcome = [
            say(
                "{title}: {label} (rule {rule})",
                title=say(outcomes[n].title),
                label=say(outcomes[n].label(decided[n][0])),
                rule=decided[n][1],
            )
            for n in example.expect
        ]
        rows.append((example.title, "; ".join(answers), "; ".join(outcome), example.why or ""))
    return pd.DataFrame(rows, columns=["example", "answers", "outcome", "why"])
