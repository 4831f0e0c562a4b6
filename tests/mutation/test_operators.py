"""The mutation tool's own promises: every mutant differs, compiles and changes one place."""

from __future__ import annotations

import ast
from pathlib import Path

import operators
import pytest

FILE = Path(operators.__file__)


def mutants(source: str) -> set[str]:
    return {operators.mutated(source, mutation) for mutation in operators.mutations_of(source)}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a < b", {"a <= b", "a >= b", "pass"}),
        ("x = a == b", {"x = a != b"}),
        ("x = a is None", {"x = a is not None"}),
        ("x = a in b", {"x = a not in b"}),
        ("x = a + 1", {"x = a - 1", "x = a + 2", "x = a + 0"}),
        ("x = a // b", {"x = a * b"}),
        ("x += y", {"x -= y", "pass"}),
        ("x = a and b", {"x = a or b"}),
        ("x = not a", {"x = a"}),
        ("x = -a", {"x = a"}),
        ("x = True", {"x = False"}),
        ("x = 'text'", {"x = ''"}),
        ("x = ''", {"x = 'mutated'"}),
        ("x = b'text'", {"x = b''"}),
        ("x = a if b else c", {"x = a if not b else c"}),
        ("x = [a for a in b if a]", {"x = [a for a in b if not a]"}),
        ("x.y = z", {"pass"}),
        ("x = f(a, b)", {"x = f(b, a)"}),
        ("x = f(a, k=b)", {"x = f(a)"}),
        ("x = f(a, a)", set()),
        ("x = max(a, b)", set()),
        ("x = y[a:b]", {"x = y[:b]", "x = y[a:]"}),
        ("raise a", {"pass"}),
        ("def f():\n    return a", {"def f():\n    return None"}),
        ("while a:\n    break", {"while not a:\n    break", "while a:\n    pass", "while a:\n    continue"}),
        ("def f(x: 'int'=a) -> 'int':\n    'A docstring.'", set()),
        ("if TYPE_CHECKING:\n    x = 1 + 2", set()),
        ("from a import b", set()),
    ],
)
def test_each_operator_makes_what_it_says(source: str, expected: set[str]) -> None:
    assert mutants(source) == expected


def test_every_mutant_of_the_tool_itself_differs_and_compiles() -> None:
    source = FILE.read_text("utf-8")
    plain = ast.unparse(ast.parse(source))
    mutations = operators.mutations_of(source)
    assert len(mutations) > 100
    for mutation in mutations:
        changed = operators.mutated(source, mutation)
        assert changed != plain, mutation
        compile(changed, "mutant", "exec")
