"""What the options of a definition are set to: the defaults of the file, or what a study says instead."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping

from informality.classification.spec import DefinitionSpec, Value
from informality.foundation.errors import Problem, did_you_mean
from informality.foundation.grammar import Choice, Variable
from informality.foundation.specfile import SpecFile


def settle(file: SpecFile[DefinitionSpec], given: Mapping[str, Value]) -> tuple[dict[str, Value], list[Problem]]:
    """Every option with its value, and a problem for each that is unknown, has a wrong value, or has none at all."""
    spec = file.spec
    problems = wrong_values(file, given, file.path.name)
    values = {name: option.value for name, option in spec.options.items() if option.value is not None}
    values |= {name: value for name, value in given.items() if name in spec.options and spec.options[name].takes(value)}
    for name, option in spec.options.items():
        if name not in values and name not in given:
            allowed = (
                " or ".join(f"{word} ({meaning})" for word, meaning in option.choices.items()) or option.unit or ""
            )
            word = next(iter(option.choices), "…")
            problems.append(
                Problem(
                    file.place("options", name),
                    f"`{spec.id}` has no default for `{name}`: the standard leaves it to the country",
                    allowed,
                    f"say in the study which it is: `options: {{{spec.id}: {{{name}: {word}}}}}`",
                )
            )
    return values, problems


def wrong_values(file: SpecFile[DefinitionSpec], given: Mapping[str, Value], place: str) -> list[Problem]:
    """A problem for each value given to an option that does not exist or does not take it."""
    options = file.spec.options
    problems = []
    for name, value in given.items():
        if name not in options:
            problems.append(
                Problem(place, f"`{name}` is not an option of `{file.spec.id}`", fix=did_you_mean(name, options))
            )
        elif not options[name].takes(value):
            fix = did_you_mean(value, options[name].choices) if options[name].choices else "write a number"
            problems.append(
                Problem(place, f"option `{name}` of `{file.spec.id}` does not take this value", f"`{value}`", fix)
            )
    return problems


def numbers(spec: DefinitionSpec, values: Mapping[str, Value]) -> dict[str, float]:
    """The options that are numbers, for comparisons."""
    return {name: float(value) for name, value in values.items() if not spec.options[name].choices}


def choices(spec: DefinitionSpec, values: Mapping[str, Value]) -> dict[str, Choice]:
    """The options that are choices, each with what was chosen."""
    return {
        name: Choice(option.title or name, option.choices, str(values[name]))
        for name, option in spec.options.items()
        if option.choices
    }


def as_variables(spec: DefinitionSpec) -> dict[str, Variable]:
    """The options that are choices, as variables: a table compiled with them holds the rules of every choice."""
    return {
        name: Variable(name, "category", tuple(option.choices), option.title or name, option.choices)
        for name, option in spec.options.items()
        if option.choices
    }


def every_choice(spec: DefinitionSpec, values: Mapping[str, Value]) -> Iterator[dict[str, Value]]:
    """Every combination of choices, numbers as in ``values``."""
    names = [name for name, option in spec.options.items() if option.choices]
    for words in itertools.product(*(spec.options[name].choices for name in names)):
        yield {**values, **dict(zip(names, words, strict=True))}
