"""Formulas come to what Python's arithmetic on fractions comes to; whatever else is typed is told in words, at once."""

from __future__ import annotations

import keyword
import re
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conv2d_cli.arithmetic.formula import Formula, FormulaError

VALUES: dict[str, int | float] = {"macs": 118_013_952, "a": -3, "tenth": 0.1, "zero": 0}
EXACT = {name: Fraction(str(value)) for name, value in VALUES.items()}
JOINING = {"and", "or", "not"}
NAMES = st.sampled_from([*VALUES])
NUMBERS = NAMES | st.integers(0, 10**6).map(str)


def nested(numbers: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.tuples(numbers, st.sampled_from(["+", " - ", "*", " / ", "//", "%"]), numbers)
    return (
        pairs.map("".join)
        | numbers.map("({})".format)
        | st.tuples(st.sampled_from("-+"), numbers).map("".join)
        | st.tuples(numbers, st.integers(-3, 3)).map(lambda pair: f"({pair[0]})**{pair[1]}")
    )


ARITHMETIC = st.recursive(NUMBERS, nested, max_leaves=12)
COMPARISON = st.tuples(ARITHMETIC, st.sampled_from(["<", "<=", "==", "!=", ">", " >= "]), ARITHMETIC).map("".join)
CHAIN = st.tuples(COMPARISON, st.sampled_from(["<", "=="]), ARITHMETIC).map("".join)
CONDITION = st.recursive(
    COMPARISON | CHAIN,
    lambda parts: (
        st.tuples(parts, st.sampled_from([" and ", " or "]), parts).map("".join)
        | parts.map("not {}".format)
        | parts.map("({})".format)
    ),
    max_leaves=6,
)


def by_python(text: str) -> object:
    """Return what Python makes of a formula whose every number is a fraction."""
    exact = re.sub(r"\*\*(-?\d+)|(?<![\w.])(\d+)", lambda found: found[0] if found[1] else f"F({found[2]})", text)
    return eval(exact, {"F": Fraction} | EXACT)  # noqa: S307 - drawn above


@given(ARITHMETIC | CONDITION)
def test_a_formula_is_what_python_makes_of_fractions(text: str) -> None:
    try:
        expected = by_python(text)
    except (ZeroDivisionError, SyntaxError):
        # `1 + not a` is no Python either, and is not drawn.
        with pytest.raises(FormulaError, match="division by 0"):
            Formula(text).value(VALUES)
        return
    try:
        formula = Formula(text)
    except FormulaError as error:
        # What has no names and no value is told when it is read, also where Python would never get to it.
        if "too large" not in str(error) and "division by 0" not in str(error):
            raise
        return
    try:
        found = formula.value(VALUES)
    except FormulaError as error:
        if "too large" not in str(error):
            raise
        return
    assert found == expected
    assert isinstance(found, bool) is isinstance(expected, bool) is formula.is_condition
    assert isinstance(found, int) or found.denominator > 1


@given(ARITHMETIC, st.sampled_from([" \t", "\n", "\r\n"]))
def test_blanks_mean_nothing(text: str, blanks: str) -> None:
    spread = "".join(f"{blanks}{sign}{blanks}" if sign in "+-()%" else sign for sign in text)
    if len(spread) > 1000:
        return
    results = []
    for one in (text, spread):
        try:
            results.append(str(Formula(one).value(VALUES)))
        except FormulaError as error:
            results.append(str(error).partition(" at character")[0])
    assert results[0] == results[1]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("-2**2", -4),
        ("2**-1", Fraction(1, 2)),
        ("2**3**2", 512),
        ("7 - 2 - 1", 4),
        ("2 * 3 % 4 - 1", 1),
        ("2 + 3 * 4 ** 2 / 2", 26),
        ("not 1 == 2 and 3 < 4 or 1 > 2", True),
        ("600e6", 600_000_000),
        ("1.5e-3", Fraction(3, 2000)),
        (".5 + 5.", Fraction(11, 2)),
        ("1 < 2 < 3 < 2", False),
        ("1e300 * 1e300 / 1e300", 10**300),
        ("(-1) ** 1000000001", -1),
        ("0 ** 0", 1),
        ("*".join(["a"] * 499), -(3**499)),
    ],
)
def test_values(text: str, value: int | Fraction | bool) -> None:
    assert Formula(text).value(VALUES) == value


def test_a_float_is_the_number_that_is_printed() -> None:
    assert Formula("tenth == 0.1 and tenth * 3 == 0.3").value(VALUES) is True
    assert Formula("x > 1").value({"x": 1e-7}) is False
    with pytest.raises(FormulaError, match="no number to count with"):
        Formula("x > 1").value({"x": float("inf")})


@pytest.mark.parametrize("name", sorted({*keyword.kwlist, *keyword.softkwlist, "__debug__", "e5", "_"} - JOINING))
def test_words_of_python_are_names_like_any_other(name: str) -> None:
    formula = Formula(f"{name} * 2 > {name} // 3 and {name}")
    assert (formula.names, formula.truths) == (frozenset({name}), frozenset({name}))
    assert formula.value({name: 5}) is True


def test_names_that_are_conditions_are_told_of() -> None:
    formula = Formula("a == 3 or (macs) and not zero")
    assert (formula.truths, formula.is_condition) == (frozenset({"macs", "zero"}), True)
    assert Formula("a == 3 or macs > 2").truths == frozenset()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "a number or a key is missing before the end"),
        (" \n", "missing before the end"),
        ("macs >", "missing before the end"),
        ("* 2", "missing before '*' at character 1"),
        ("()", "'()' at character 1: a formula has"),
        ("(1", "'(' at character 1 is not closed"),
        ("1)", "')' at character 2 closes a bracket that was not opened"),
        ("1 2", "an operator is missing before '2' at character 3"),
        ("a if b else c", "an operator is missing before 'if' at character 3"),
        ("a in 3", "an operator is missing before 'in' at character 3"),
        ("a << 1 > 2", "'a << 1' at character 1: a formula has"),
        ("(1 2)", "an operator is missing in '1 2' at character 2"),
        ("print a", "an operator is missing before 'a' at character 7"),
        ("(*a)", "missing before '*' at character 2"),
        ("a 'b'", "no text"),
        ("2 (3)", "'2(' at character 1 is a call"),
        ("a <", "missing before the end"),
        ("  a + * b", "missing before '*' at character 5"),
        ("(\n1 > 2", "'(' at character 1 is not closed"),
        ("007 < a", "'007' at character 1 is no number"),
        ("max(1)", "'max(' at character 1 is a call"),
        ("max(1, 2)", "',' at character 6: there are no commas"),
        ("__import__('os')", "at character 12: there is no text"),
        ("a.b", "'.' at character 2: a key has no points"),
        ("a[0]", "brackets are round"),
        ("{1}", "brackets are round"),
        ("'a' == 1", "no text"),
        ('f"{a}"', "no text"),
        ("lambda: 1", "':' at character 7: a formula has"),
        ("(x := 1)", "':' at character 4"),
        ("a = 1", "'=' at character 3: write =="),
        ("a && b", "'&&' at character 3: write and"),
        ("a || b", "write or"),
        ("!a", "write not"),
        ("a <> 1", "write !="),
        ("a => 1", "write >="),
        ("2^10", "write **"),
        ("a ≤ 1", "write <="),
        ("1_000", "'1_000' at character 1 is no number: write 1000"),
        ("0x10", "is no number"),
        ("1j", "is no number"),
        ("600M", "is no number"),
        ("1,000", "no commas, in numbers as in 1000"),
        ("1..2", "is no number"),
        ("1e301", "its exponent is beyond 300"),
        ("1e-301", "its exponent is beyond 300"),
        ("１", "at character 1: a formula has"),  # noqa: RUF001 - a digit that int() takes
        ("ｍａｃｓ > 1", "at character 1: a formula has"),  # noqa: RUF001 - Python reads it as macs
        ("macsé", "at character 5"),
        ("a\0", r"'\x00' at character 2"),
        ("a\f", r"'\x0c' at character 2"),
        ("1 \\\n+ 2", "at character 3"),
        ("\ud800", r"'\ud800' at character 1"),
        ("1 + not a", "'not' at character 5 needs brackets"),
        ("a < 1 or 5", "'5' at character 10: a number stands where a condition belongs"),
        ("not a + 1", "a number stands where a condition belongs"),
        ("(a < 1) + 1", "a condition stands where a number belongs"),
        ("-(a < 1)", "a condition stands where a number belongs"),
        ("(a < 1) == (a < 2)", "a condition stands where a number belongs"),
        ("9**9**9", "too large"),
        ("2**2**2**2**2**2", "too large"),
        ("1e300*1e300*1e300*1e300*1e300", "too large"),
        ("2 ** 0.5", "exponent is no whole number"),
        ("0 ** -1", "a division by 0"),
        ("1 // 0", "a division by 0"),
        ("1 % 0", "a division by 0"),
        ("(" * 250 + "1" + ")" * 250, "is nested more than 50 deep"),
        ("-" * 999 + "1", "is nested more than 50 deep"),
        ("(a+" * 240 + "1" + ")" * 240, "is nested more than 50 deep"),
        ("-" * 60 + "1", "nested more than 50 deep"),
        ("not " * 60 + "a > 1", "nested more than 50 deep"),
        ("2**" * 60 + "1", "nested more than 50 deep"),
        ("1" * 1001, "has 1,001 characters, the most is 1,000"),
    ],
)
def test_what_is_no_formula_is_told_when_it_is_read(text: str, told: str) -> None:
    with pytest.raises(FormulaError) as error:
        Formula(text)
    assert told in str(error.value)


@pytest.mark.parametrize("text", ["1 / zero", "zero ** a", "macs ** macs", "b + 1", "x" * 900])
def test_what_has_no_value_is_told_when_it_is_asked(text: str) -> None:
    formula = Formula(text)
    with pytest.raises(FormulaError) as told:
        formula.value(VALUES)
    assert len(str(told.value)) < 200


WORDS = [
    *("macs", "a", "tenth", "0", "1", "2", "9", "1e300", "1e-300", "999999999999", "0.1", "+", "-", "*", "/", "//"),
    *("%", "**", "**", "(", ")", "(", ")", "<", "<=", "==", "!=", ">", ">=", " and ", " or ", " not ", " ", "\n"),
    *("1_0", "0x1", "1j", "True", "lambda", ":=", "f'", "'", '"', "[", "]", "{", ".", ",", "\\\n", "\0", "é", "１"),  # noqa: RUF001
    *("\ud800", "@", "~", "&", "|", "^", "if", "else", "in", "await", "#", "\u2028", "\ufeff", "²", "9**9**9"),
]


def fuzzed(random: Random) -> str:
    """Return text that is a formula, nearly one, or nothing of the kind."""
    kind = random.randrange(4)
    if kind == 0:
        return "".join(chr(random.choice((random.randrange(128), random.randrange(0x110000)))) for _ in range(20))
    if kind == 1:
        operands = (random.choice(WORDS[:11]) for _ in range(random.choice((2, 5, 100))))
        return "".join(operand + random.choice(WORDS[11:18]) for operand in operands) + "2 > 1"
    words = WORDS if kind == 2 else WORDS[:34]
    return "".join(random.choice(words) for _ in range(random.choice((3, 7, 20, 300))))


def test_random_text_is_a_formula_or_told_of() -> None:
    random = Random(24)
    count = 3000
    outcomes = {"read": 0, "refused": 0, "worked out": 0}
    for _ in range(count):
        try:
            formula = Formula(fuzzed(random))
        except FormulaError as error:
            outcomes["refused"] += 0 < len(str(error)) < 300
            continue
        outcomes["read"] += 1
        try:
            formula.value(VALUES)
        except FormulaError:
            continue
        outcomes["worked out"] += 1
    assert outcomes["read"] + outcomes["refused"] == count
    assert min(outcomes.values()) > 20, outcomes
