"""What is printed, written out by hand: text in 80 and 60 columns, and HTML in which every word of a survey is text.

The tables of the four villages were worked out on paper (see test_estimates.py for the numbers).
"""

from __future__ import annotations

from html.parser import HTMLParser
from textwrap import dedent

import numpy as np
import pandas as pd
import pytest

import informality as inf
from informality.publication.plain import Block, Head, folded, grid, padded, width_of

LAO = "ສະຫວັນນະເຂດ"  # 11 letters and signs, of which one stands above another


def plain(text: str) -> str:
    """Narrow spaces and the sign of minus as one types them."""
    return text.replace("\u202f", " ").replace("\u2212", "-").replace("\u00a0", " ")


def test_a_share_by_groups(villages: inf.Survey) -> None:
    """Men: 6 of 9 = 2/3; women: 0 of 9. Villages of men: a 1 of 2, b 1 of 1; c 0 of 2 persons (1 man, weight 2), d 4 of 4.

    Error of the men's share, residuals w (y - 2/3) / 9 by village: a (1 - 4/3)/9, b (1/3)/9, c (-4/3)/9, d (4/3)/9:
    -1, 1, -4, 4 over 27; differences 2 and 8: variance (4 + 64)/729, error 0.3054. Logit interval with 2 degrees of
    freedom: log 2 -+ 4.3027 x 0.3054 / (2/9) = 0.6931 -+ 5.9131, from 0.54 to 99.86 per cent.
    """
    share = inf.share(villages, of={"covered": "yes"}, by="sex")
    expected = """\
        Share with Covered: yes

                         95% interval
        Sex    Per cent     Low  High  Std. error  Sample n  CV %
        ─────────────────────────────────────────────────────────
        Men          67       1   100        30.5         6  45.8
        Women         0       –     –         0.0         6     –

        1 sampled person without a usable answer is in the base, but not counted as
        having it.
        Four villages"""
    assert plain(share.to_text(80)) == dedent(expected)
    assert str(share) == repr(share)


def test_the_same_on_a_narrow_screen(villages: inf.Survey) -> None:
    """Heads are folded and the least important column goes. Men in the north: 2 of 3, totals by village -1/9 and 1/9;
    in the south: 2 of 3, -2/9 and 2/9: errors 2/9 and 4/9, with one degree of freedom.
    """
    share = inf.share(villages, of={"covered": "yes"}, by=["stratum", "sex"])
    expected = """\
        Share with Covered: yes

                          95%
                       interval
                  Per              Std.
        Sex      cent  Low  High  error  Sample n
        ─────────────────────────────────────────
        north
          Men      67    0   100   22.2         3
          Women     0    –     –    0.0         3
        south
          Men      67    0   100   44.4         3
          Women     0    –     –    0.0         3

        1 sampled person without a usable answer is
        in the base, but not counted as having it.
        Four villages"""
    assert plain(share.to_text(44)) == dedent(expected)


def test_one_number_and_a_difference(villages: inf.Survey) -> None:
    """Mean pay 290/9 and 100/7. The difference is tested, so p stands where the coefficient of variation would."""
    pay = inf.mean(villages, of="pay", by="sex")
    gap = pay["f"] - pay["m"]
    assert gap.value == pytest.approx(100 / 7 - 290 / 9)
    lines = plain(gap.to_text(80)).splitlines()
    assert lines[0] == "Mean of Pay"
    assert lines[3].split() == ["USD", "Low", "High", "Std.", "error", "Sample", "n", "p"]
    assert lines[5].startswith("Women - Men")
    assert lines[-2:] == ["1 sampled person without a usable answer is left out.", "Four villages"]


def test_a_regression_table(villages: inf.Survey) -> None:
    """Two means as a regression: the constant is the men's, 290/9 = 32.22, and women have 100/7 less that, -17.94.

    Influence of the men's mean by village, residuals over 9: a (50 - 2 x 290/9), b (40 - 290/9), c 2 (10 - 290/9),
    d 2 (90 - 2 x 290/9): -130, 70, -400, 460 over 81. Two villages in a stratum: variance (200^2 + 860^2) / 81^2, error 10.90.
    Of the women's, over 7: a (10 - 100/7), b (50 - 200/7), c 2 (20 - 200/7), d 0: -30, 150, -120, 0 over 49. The
    difference of the two: 3940, 8720, 9880, -22540 over 3969: variance (4780^2 + 32420^2) / 3969^2, error 8.26.
    Degrees of freedom 4 - 2 + 1 - 2 = 1: t quantile 12.706, p = 2/pi x atan(se / |value|): 0.2746 and 0.2077.
    R squared: between (9 x 7.847^2 + 7 x 10.089^2) = 1266.8 of 13100 - 390^2 / 16 = 3593.75.
    """
    fit = inf.linear(villages, of="pay", on="sex")
    np.testing.assert_allclose(fit.core.se, [np.hypot(200, 860) / 81, np.hypot(4780, 32420) / 3969], rtol=1e-12)
    expected = """\
        Linear regression of Pay

                                           95% interval
                  Coefficient  Std. error     Low   High       p
        ────────────────────────────────────────────────────────
        Sex
          Men       reference
          Women         -17.9        8.26  -122.8   87.0  0.2746
        Constant         32.2       10.90  -106.3  170.7  0.2077

        11 sampled persons standing for 16; 2 degrees of freedom of the design, 1 for
        each coefficient.
        R squared: 0.352.
        Formula: pay ~ sex.
        1 of 12 sampled persons is left out, because an answer is not known (Pay: 1).
        Four villages"""
    assert plain(fit.to_text(80)) == dedent(expected)


def test_a_table_of_odds_ratios() -> None:
    """Six villages of a man and a woman. Men are covered in villages 1 to 4, women in 1 and 2: odds 2 and 1/2, ratio 1/4.

    Influence on a logit of 6 persons, (y - p) / (6 p (1 - p)): men 1/4 if covered, else -1/2; women 1/2, else -1/4. The
    women's less the men's by village: 1/4, 1/4, -1/2, -1/2, 1/4, 1/4; variance 6/5 x 3/4 = 0.9, error 0.9487; the same of
    the men's alone. 6 - 1 + 1 - 2 = 4 degrees of freedom, t quantile 2.7764: exp(-1.3863 -+ 2.6340), 0.018 to 3.482;
    p of t = 1.461 and 0.731. Deviance: 4 (2 log 1.5 + log 3) = 15.276 of 24 log 2 = 16.636.
    """
    village = np.repeat(np.arange(1, 7), 2)
    sex = np.tile(["Men", "Women"], 6)
    covered = np.where(sex == "Men", village <= 4, village <= 2)
    frame = pd.DataFrame({"w": 1.0, "village": village, "sex": sex, "covered": covered})
    survey = inf.from_frame(
        frame, weight="w", psu="village", title="Six villages", titles={"sex": "Sex", "covered": "Covered"}
    )
    expected = """\
        Logit of Covered: Yes

                                                       95% interval
                  Coefficient  Std. error  Odds ratio    Low   High       p
        ───────────────────────────────────────────────────────────────────
        Sex
          Men                               reference
          Women        -1.386      0.9487       0.250  0.018  3.482  0.2177
        Constant        0.693      0.9487                            0.5055

        12 sampled persons standing for 12; 5 degrees of freedom of the design, 4 for
        each coefficient.
        Share of the deviance explained: 0.082.
        Formula: covered_True ~ sex.
        Six villages"""
    fit = inf.logit(survey, of={"covered": True}, on="sex")
    assert plain(fit.to_text(80)) == dedent(expected)
    assert "Coefficient" not in fit.to_text(48) and "Odds" in fit.to_text(48)


def test_long_tables_say_that_they_are_cut() -> None:
    frame = pd.DataFrame({"w": 1.0, "place": [f"p{i:03}" for i in range(100)] * 2, "y": np.arange(200.0)})
    result = inf.mean(inf.from_frame(frame, weight="w"), of="y", by="place")
    text = result.to_text(80)
    assert "40 more rows are not shown; to_pandas() has them all." in text
    assert "p059" in text and "p060" not in text
    assert len(result.to_pandas()) == 100


class Text(HTMLParser):
    """Tags and text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        assert not [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.text.append(data)


HOSTILE = ["<script>alert(1)</script>", '<b>bold</b> & "quoted"', "=HYPERLINK(1)", LAO, "`{{< x >}}`", "a\nb"]


def test_every_word_of_a_survey_is_text_in_html(villages: inf.Survey) -> None:
    rng = np.random.default_rng(7)
    n = 600
    frame = pd.DataFrame(
        {"w": 1.0, "v": np.arange(n) // 10, "group": rng.integers(0, 6, n), "y": rng.integers(0, 2, n) == 1}
    )
    survey = inf.from_frame(
        frame,
        weight="w",
        psu="v",
        title=HOSTILE[0],
        labels={"group": dict(enumerate(HOSTILE))},
        titles={"y": HOSTILE[1], "group": HOSTILE[3]},
    )
    share = inf.share(survey, of={"y": True}, by="group")
    fit = inf.logit(survey, of={"y": True}, on="group")
    for shown in (share, share[HOSTILE[0]], fit, fit.margins(), fit.predicted("group")):
        page = Text()
        page.feed(shown._repr_html_())
        assert page.tags <= {"style", "div", "p", "table", "thead", "tbody", "tr", "th", "td", "sup", "span"}
        said = "".join(page.text)
        assert HOSTILE[0] in said and HOSTILE[1] in said
        assert HOSTILE[0] in " ".join(shown.to_text(200).split())
    page = Text()
    page.feed(share._repr_html_())
    for label in HOSTILE[:5]:
        assert label in page.text


def test_lao_words_line_up() -> None:
    assert (len(LAO), width_of(LAO)) == (11, 10)
    assert width_of(padded(LAO, 20)) == width_of(padded("abc", 20)) == 20
    assert folded(f"{LAO} {LAO}", 12) == [LAO, LAO]
    assert "".join(folded(LAO, 4)) == LAO
    assert all(width_of(line) <= 4 for line in folded(LAO, 4))
    assert folded("a bb cccccccccccc dd", 5) == ["a bb", "ccccc", "ccccc", "cc dd"]
    drawn = grid([Head(""), Head("n", align="right")], [Block("", [[LAO, "1"], ["abc", "22"]])], 80)
    assert drawn.splitlines() == [" " * 13 + "n", "─" * 14, f"{LAO}   1", "abc         22"]
