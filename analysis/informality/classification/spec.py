"""How a definition is written: its steps, what they need to have been asked, its options, its worked examples."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from informality.foundation.grammar import CellValue, StepSpec
from informality.foundation.quantities import Status
from informality.foundation.specfile import SpecModel, Words

Basis = Literal["13", "19"]
Value = float | str
"""What an option is set to: a number, or the word of a choice."""


class NeedSpec(SpecModel):
    """What must have been asked: any one of these variables (or of these groups of variables).

    ``when`` says of whom; it may test the outcomes of earlier steps and the options.
    """

    when: dict[str, CellValue] = Field(default_factory=dict)
    any_of: list[str | list[str]] = Field(min_length=1)
    why: Words


class DefinitionStepSpec(StepSpec):
    needs: list[NeedSpec] = Field(default_factory=list)


class OptionSpec(SpecModel):
    """A parameter that the standard leaves open.

    With ``choices`` it is one of a few words, each with its meaning; otherwise a number with its unit. Without a
    ``value`` there is no default: whoever uses the definition has to say what holds in the country. ``alternatives``:
    other numbers its sources name, at which a study shows what would come out.
    """

    title: Words | None = None
    choices: dict[str, Words] = Field(default_factory=dict)
    value: float | Words | None = None
    unit: Words | None = None
    alternatives: list[float] = Field(default_factory=list)
    source: Words
    status: Status

    @model_validator(mode="after")
    def _number_or_choice(self) -> OptionSpec:
        if self.choices:
            if len(self.choices) < 2:
                raise ValueError("a choice has at least two `choices`")
            if self.unit is not None:
                raise ValueError("a choice has no unit")
            if self.alternatives:
                raise ValueError("`alternatives` are numbers; those of a choice are its `choices`")
            if self.value is not None and self.value not in self.choices:
                raise ValueError(f"`value` is not one of the choices {', '.join(self.choices)}")
        else:
            if isinstance(self.value, str):
                raise ValueError("`value` is a word: list the `choices` it is one of")
            if self.unit is None:
                raise ValueError("a number needs a `unit`, a choice needs `choices`")
        return self

    def takes(self, value: Value) -> bool:
        """Whether the option can be set to this."""
        return value in self.choices if self.choices else not isinstance(value, str)

    def words(self, value: Value) -> str:
        """A value as it is printed: the meaning of a choice, or the number."""
        return self.choices[str(value)] if self.choices else f"{value:g}"


class ExampleSpec(SpecModel):
    """A worker described by answers, and what each step says of them; ``options`` where other than usual."""

    title: Words
    worker: dict[str, str | int | float]
    options: dict[str, float | Words] = Field(default_factory=dict)
    expect: dict[str, Words]
    why: Words | None = None


class DefinitionSpec(SpecModel):
    """A definition file. ``confirmed`` says in plain words how well the rule is known to be the official one;
    ``country`` whose rule it is.

    ``worked_with`` sets the options that have no default, for the worked examples only. ``bases``: the bases of
    employment (13th or 19th ICLS) that the definition is meant for.
    """

    id: Words
    title: Words
    country: Words | None = None
    summary: Words
    status: Status
    confirmed: Words | None = None
    sources: list[Words] = Field(min_length=1)
    applies_to: dict[str, CellValue]
    bases: list[Basis] = Field(default=["13", "19"], min_length=1)
    options: dict[str, OptionSpec] = Field(default_factory=dict)
    steps: list[DefinitionStepSpec] = Field(min_length=1)
    worked_with: dict[str, float | Words] = Field(default_factory=dict)
    examples: list[ExampleSpec] = Field(default_factory=list)
