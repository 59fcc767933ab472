"""What `informality new` and `informality codebook` make of small files written here.

Authority: the files are written by the test, so what each column is and how often each code occurs is known; labels in Lao,
French, Portuguese and English are read by hand.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyreadstat
import pytest

from informality import cli
from informality.foundation.errors import ExitCode, InformalityError
from informality.foundation.specfile import read_yaml
from informality.survey.suggesting import facts as facts_module
from informality.survey.suggesting.codebook import matching as fitting
from informality.survey.suggesting.codebook import page, short_list, write_page
from informality.survey.suggesting.facts import look_at
from informality.survey.suggesting.reading import answer_of, band_of, missing_of
from informality.survey.suggesting.skeleton import skeleton
from informality.survey.suggesting.starting import start
from informality.survey.suggesting.words import fit, language_of, read_words

N = 400
LABELS = {
    "lo": (
        {"a": "ເພດ", "b": "ອາຍຸ", "c": "ເຂດ", "d": "ປະກັນສັງຄົມ", "w": "ນ້ຳໜັກ"},
        {"a": {1: "ຊາຍ", 2: "ຍິງ"}, "c": {1: "ຕົວເມືອງ", 2: "ຊົນນະບົດ"}, "d": {1: "ແມ່ນ", 2: "ບໍ່ແມ່ນ", 97: "ບໍ່ຮູ້"}},
    ),
    "fr": (
        {"a": "Sexe", "b": "Âge en années", "c": "Milieu de résidence", "d": "Cotise à la sécurité sociale", "w": "Poids"},
        {"a": {1: "Masculin", 2: "Féminin"}, "c": {1: "Urbain", 2: "Rural"}, "d": {1: "Oui", 2: "Non", 97: "Ne sait pas"}},
    ),
    "pt": (
        {"a": "Sexo", "b": "Idade", "c": "Situação do domicílio", "d": "Contribuinte da previdência", "w": "Peso"},
        {"a": {1: "Homem", 2: "Mulher"}, "c": {1: "Urbana", 2: "Rural"}, "d": {1: "Sim", 2: "Não", 97: "Não sabe"}},
    ),
    "en": (
        {"a": "Sex", "b": "Age", "c": "Urban or rural area", "d": "Social security", "w": "Sampling weight"},
        {"a": {1: "Male", 2: "Female"}, "c": {1: "Urban", 2: "Rural"}, "d": {1: "Yes", 2: "No", 97: "Don't know"}},
    ),
}  # fmt: skip


def people() -> pd.DataFrame:
    """400 persons: 220 men, half urban, 100 insured, 90 not and 10 unknown, the others not asked; ages 0 to 99."""
    i = np.arange(N)
    return pd.DataFrame(
        {
            "hh": i // 4 + 1.0,
            "line": i % 4 + 1.0,
            "a": np.where(i < 220, 1.0, 2.0),
            "b": i % 100 + 0.0,
            "c": np.where(i % 8 < 4, 1.0, 2.0),
            "d": np.select([i < 100, i < 190, i < 200], [1.0, 2.0, 97.0], np.nan),
            "w": 10.5 + i % 50,
        }
    )


@pytest.fixture
def labelled(tmp_path: Path) -> Callable[[str], Path]:
    def write(language: str) -> Path:
        columns, values = LABELS[language]
        path = tmp_path / f"{language}.sav"
        pyreadstat.write_sav(people(), path, column_labels=columns, variable_value_labels=values)
        return path

    return write


def written(path: Path, tmp_path: Path) -> tuple[dict[str, Any], str]:
    """The unfinished profile of a file, as values and as text."""
    text = skeleton([look_at(path)], "small")
    out = tmp_path / "small.yml"
    out.write_text(text, encoding="utf-8")
    return read_yaml(out)[0], text


@pytest.mark.parametrize("language", LABELS)
def test_labels_in_each_language_are_understood(language: str, labelled: Callable[[str], Path], tmp_path: Path) -> None:
    profile, text = written(labelled(language), tmp_path)
    found = profile["variables"]
    assert found["sex"]["map"] == {1: "male", 2: "female"}
    assert found["area"]["map"] == {1: "urban", 2: "rural"}
    assert found["social_security"]["map"] == {1: "yes", 2: "no", 97: "unknown"}
    assert found["age"]["from"] == "b" and found["age"]["number"]["max"] == 120
    assert profile["design"]["weight"] == "w"
    assert profile["keys"] == {"person": ["hh", "line"], "household": ["hh"]}
    assert f"1: male  # {LABELS[language][1]['a'][1]}: 220\n" in text
    assert re.search(r"97: unknown  # .*: 10\n", text)
    assert found["labour_force_13"] == "TODO"  # nothing is known without it
    assert found["sick_leave"] == "not_asked"


@pytest.mark.parametrize("language", ["fr", "pt", "en", "lo"])
def test_the_language_is_told(language: str) -> None:
    texts = [t for v in LABELS[language][1].values() for t in v.values()] + list(LABELS[language][0].values())
    small = {
        "fr": "dans le travail de la personne",
        "pt": "no trabalho da pessoa com um",
        "en": "in the job of your own",
        "lo": "",
    }
    assert language_of([*texts, small[language]])[0] == language


def test_every_suggestion_has_its_reason_and_every_code_its_count(
    labelled: Callable[[str], Path], tmp_path: Path
) -> None:
    _, text = written(labelled("fr"), tmp_path)
    for line in text.split("variables:")[1].split("blocks:")[0].splitlines():
        if re.match(r"  \w+:", line):
            assert "CONFIRM" in line or "TODO" in line, line
        if re.match(r"      \S+: \w+$", line):
            assert line.strip().startswith(("min", "max")), line


def test_a_file_without_labels_is_left_open_but_for_its_counts(tmp_path: Path) -> None:
    """Codes are listed with their rows; what they mean is for a person to say."""
    path = tmp_path / "plain.csv"
    people().rename(columns={"a": "sexo", "c": "x9"}).to_csv(path, index=False)
    profile, text = written(path, tmp_path)
    assert profile["variables"]["sex"]["map"] == {1: "TODO", 2: "TODO"}
    assert "      1: TODO  # no label: 220\n      2: TODO  # no label: 180\n" in text
    assert profile["variables"]["area"] == "not_asked"
    assert profile["language"] == "TODO"
    assert "    # as age would: b: whole numbers 0 to 99, 0 blank\n" in text


def test_numbers_written_as_text_and_codes_of_nines(tmp_path: Path) -> None:
    path = tmp_path / "text.csv"
    data = people().assign(edad=[f"{int(b):02d}" for b in people()["b"]])
    data["whours"] = np.where(np.arange(N) < 7, 999, 40)
    data.drop(columns="b").to_csv(path, index=False)
    profile, text = written(path, tmp_path)
    assert profile["variables"]["age"]["from"] == "edad"
    assert profile["variables"]["hours_usual"]["number"] == {"unknown": [999], "min": 0, "max": 168}
    assert "unknown: [999]  # CONFIRM: no label, 7 rows, and the next largest is 40\n" in text


def test_bands_are_read_from_their_labels() -> None:
    bands = {
        "Solo": (1, 1), "2 a 5 personas": (2, 5), "Más de 500 personas": (501, np.inf), "Menos de 100": (1, 99),
        "100 y más": (100, np.inf), "10 a menos de 20": (10, 19), "between 2 and 4 employees": (2, 4),
        "50 or more employees": (50, np.inf), "more than 50": (51, np.inf), "7": (7, 7), "1.001 a 5.000": (1001, 5000),
        "plus de 500": (501, np.inf), "100 ou mais": (100, np.inf),
    }  # fmt: skip
    assert {label: band_of(label) for label in bands} == bands
    assert band_of("Empleado doméstico") is None


def test_an_answer_between_two_categories_is_left_to_a_person() -> None:
    industry = read_words().variables["industry"]
    assert answer_of("Electricidad, Gas y Agua", industry).category == "TODO"
    assert answer_of("suministro de electricidad, gas, vapor y aire acondicionado", industry).category == "D"
    assert answer_of("Pesquera del mar", industry).category is None
    assert missing_of("NS/NR").category == "unknown"
    assert missing_of("No aplica").category == "not_applicable"
    assert missing_of("Empleador").category is None


def test_words_fit_by_stem_and_language() -> None:
    labels = read_words().variables["sex"].labels
    assert fit("Sexo", labels).share == 1
    assert 0 < fit("Sexo del jefe", labels).share < 1
    assert fit("ເພດ ຂອງຜູ້ຕອບ", labels).language == "lo"
    assert fit("Edad", labels).share == 0


def test_files_described_in_turns_are_the_same(
    labelled: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = look_at(labelled("fr"))
    read: list[int] = []
    original = facts_module.read_raw
    monkeypatch.setattr(facts_module, "CELLS", 2 * N)
    monkeypatch.setattr(
        facts_module, "read_raw", lambda path, names, **how: (read.append(len(names)), original(path, names, **how))[1]
    )
    turns = look_at(labelled("fr"))
    assert read == [2, 2, 2, 1]  # never more columns at once than the cells allow
    assert turns.columns == whole.columns


def test_further_waves_and_other_files(labelled: Callable[[str], Path], tmp_path: Path) -> None:
    first = labelled("en")
    second = tmp_path / "q2_2021.sav"
    pyreadstat.write_sav(people().drop(columns="d"), second)
    homes = tmp_path / "homes.csv"
    pd.DataFrame({"hh": range(1, 101), "roof": 1}).to_csv(homes, index=False)
    text = skeleton([look_at(first), look_at(second), look_at(homes)], "small")
    (tmp_path / "three.yml").write_text(text, encoding="utf-8")
    waves = read_yaml(tmp_path / "three.yml")[0]["waves"]
    assert {name: (wave["file"], wave["rows"]) for name, wave in waves.items()} == {
        "wave1": ("en.sav", N), "2021": ("q2_2021.sav", N),
    }  # fmt: skip
    assert "    # not in this file, or written otherwise: d\n" in text
    assert "# homes.csv has other columns (100 rows)." in text
    assert "#         by: [hh]  # the columns both have; keep those that are keys\n" in text


def test_a_psu_that_repeats_between_strata_takes_both(tmp_path: Path) -> None:
    i = np.arange(N)
    data = people().assign(estrato=i // 100 + 1, upm=i // 20 % 5 + 1)
    path = tmp_path / "design.csv"
    data.to_csv(path, index=False)
    profile, text = written(path, tmp_path)
    assert profile["design"] | {"weight": 0} == {
        "weight": 0, "stratum": "estrato", "psu": ["estrato", "upm"], "lonely": "fail",
    }  # fmt: skip
    assert (
        "  # 5 of 5 values of upm lie in several values of estrato, so both make a PSU; each of 4 strata has two PSUs or more"
        in text
    )


# Writing


def test_nothing_is_overwritten_or_hidden(labelled: Callable[[str], Path], tmp_path: Path) -> None:
    surveys = tmp_path / "surveys"
    first = start([labelled("fr")], surveys)
    assert first.path == surveys / "fr.yml"
    text = first.path.read_text(encoding="utf-8")
    assert first.open == len(re.findall(r"TODO(?!.*only you)", re.sub(r"#.*", "", text)))
    for again in ({}, {"out": first.path}):
        with pytest.raises(InformalityError, match="exists and is not overwritten") as failure:
            start([labelled("en")], surveys, "fr", **again)
        assert failure.value.code == ExitCode.OUTPUT
    assert first.path.read_text(encoding="utf-8") == text
    with pytest.raises(InformalityError, match="the library has a profile `ecu-enemdu`, which this file would hide"):
        start([labelled("fr")], surveys, "ecu-enemdu")
    with pytest.raises(InformalityError, match="cannot be the name of a profile"):
        start([labelled("fr")], surveys, "../fr")
    with pytest.raises(InformalityError, match="is not there"):
        start([tmp_path / "none.sav"], surveys, "none")
    assert [p.name for p in surveys.iterdir()] == ["fr.yml"]


def test_the_command_line(
    labelled: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["informality", "new", str(labelled("fr")), "--id", "x-fr"])
    cli.main()
    said = " ".join(capsys.readouterr().out.split())
    assert "places say TODO" in said and "Next step: open it, fill the TODO places, then run: informality check" in said
    assert (tmp_path / "analysis" / "surveys" / "x-fr.yml").is_file()
    monkeypatch.setattr("sys.argv", ["informality", "codebook", str(labelled("fr")), "--find", "securite"])
    cli.main()
    said = " ".join(capsys.readouterr().out.split())
    assert (
        "d Cotise à la sécurité sociale number, labelled, 50.0 % blank; 1 Oui (100); 2 Non (90); 97 Ne sait pas (10)"
        in said
    )
    assert "1 of 7 variables fit “securite”" in said
    monkeypatch.setattr("sys.argv", ["informality", "codebook", str(labelled("fr"))])
    cli.main()
    assert (tmp_path / "fr-codebook.html").is_file()


# The codebook


class Page(HTMLParser):
    """Every address a page would load, and the text of each variable."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.variables: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.loads += [str(value) for name, value in attrs if name in ("src", "href", "action")]
        if tag == "details":
            self.variables.append("")

    def handle_data(self, data: str) -> None:
        if self.variables:
            self.variables[-1] += f" {data}"


def test_the_page_holds_every_variable_and_loads_nothing(tmp_path: Path) -> None:
    columns = {"a": "ເພດ <script>alert(1)</script>", "b": "العمر", "d": 'Dijo "sí" & {{variables}}'}
    values = {"a": {1: "ຊາຍ", 2: "ຍິງ"}, "d": {1: "نعم", 2: "<b>no</b>", 98: "refused"}}
    path = tmp_path / "odd.sav"
    pyreadstat.write_sav(
        people(), path, column_labels=columns, variable_value_labels=values, missing_ranges={"d": [97, 98]}
    )
    text = page(look_at(path))
    seen = Page()
    seen.feed(text.split("<script>\n")[0])
    assert seen.loads == [] and "@import" not in text and "http" not in text
    assert len(seen.variables) == 7
    assert "<script>alert" not in text and "<b>no" not in text
    d = " ".join(next(v for v in seen.variables if v.startswith(" d ")).split())
    assert d.startswith(
        'd Dijo "sí" & {{variables}} number, labelled 50.0 % blank answered 200 blank 200 different 3 least 1'
    )
    assert "Declared missing in the file: 97, 98." in d
    assert d.endswith("1 نعم 100 50.0 % 2 <b>no</b> 90 45.0 % 97 10 5.0 % 98 refused 0 0.0 %")
    b = " ".join(next(v for v in seen.variables if v.startswith(" b ")).split())
    assert "least 0 lower quartile 24.75 median 49.5 upper quartile 74.25 greatest 99" in b
    assert "font/ttf;base64" in text  # Lao letters come along
    assert page(look_at(path)) == text


def test_the_page_goes_over_an_older_one_and_nothing_else(labelled: Callable[[str], Path], tmp_path: Path) -> None:
    seen, path = look_at(labelled("fr")), tmp_path / "page.html"
    write_page(seen, path)
    assert "base64" not in path.read_text(encoding="utf-8")
    write_page(seen, path)
    path.write_text("<html>mine</html>", encoding="utf-8")
    with pytest.raises(InformalityError, match="this is no codebook and is not overwritten"):
        write_page(seen, path)
    assert path.read_text(encoding="utf-8") == "<html>mine</html>"


def test_a_search_takes_every_word_and_no_accents(labelled: Callable[[str], Path]) -> None:
    seen = look_at(labelled("fr"))
    assert [c.name for c in fitting(seen, "AGE annees")] == ["b"]
    assert [c.name for c in fitting(seen, "feminin")] == ["a"]
    assert fitting(seen, "feminin annees") == []
    assert short_list(fitting(seen, "poids")) == [("w", "number, none blank", "Poids", "10.5 to 59.5, median 35")]
