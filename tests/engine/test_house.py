"""The house rules of the engine that can be counted: its size, its numbers, its functions and its words."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from pathlib import Path
from types import CodeType
from typing import TYPE_CHECKING

import pytest

from conv2d_cli import engine

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(engine.__path__[0])
FILES = sorted(FOLDER.rglob("*.py"))
COST_TABLE = FOLDER / "planning" / "cost_table.py"
# 2,500 lines make the engine, and 40 more let exact arithmetic and that of integers in.
MOST_LINES, MOST_NUMBERS, MOST_COSTS = 2500 + 40, 35, 25
MOST_FUNCTION_LINES, MOST_LOCALS = 40, 15
# Folders that are counted apart from the rest, with the most lines and numbers of each.
APART = {"integer": (770, 14), "exact": (690, 23)}
_NO_CODE = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def code_lines(path: Path) -> set[int]:
    """Return the numbers of the lines that hold code: no blank ones, comments and docstrings."""
    source = path.read_text()
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in _NO_CODE:
            lines |= {*range(token.start[0], token.end[0] + 1)}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | Function) and ast.get_docstring(node, clean=False) is not None:
            docstring = node.body[0]
            lines -= {*range(docstring.lineno, (docstring.end_lineno or docstring.lineno) + 1)}
    return lines


def has_number(node: ast.AST | None) -> bool:
    """Whether an expression holds a numeric literal."""
    return node is not None and any(
        isinstance(part, ast.Constant) and isinstance(part.value, int | float) and not isinstance(part.value, bool)
        for part in ast.walk(node)
    )


def numbers_of(path: Path) -> Iterator[str]:
    """Yield the names that a module, or the fields of its classes, bind to an expression with a number in it."""
    tree = ast.parse(path.read_text())
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    for body in (tree.body, *(node.body for node in classes)):
        for node in body:
            if isinstance(node, ast.Assign) and has_number(node.value):
                targets = [part for target in node.targets for part in ast.walk(target) if isinstance(part, ast.Name)]
                yield from (f"{path.name}:{target.id}" for target in targets)
            elif isinstance(node, ast.AnnAssign) and has_number(node.value):
                yield f"{path.name}:{ast.unparse(node.target)}"


def functions_of(path: Path) -> Iterator[tuple[str, Function]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, Function):
            yield f"{path.relative_to(FOLDER)}:{node.name}", node


def codes_of(code: CodeType) -> Iterator[CodeType]:
    """Yield the code objects within one, of functions and comprehensions alike."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from codes_of(constant)


def files_of(part: str | None) -> list[Path]:
    """Return the files of a folder that is counted apart, or of all that is not."""
    apart = {path: next((name for name in APART if path.is_relative_to(FOLDER / name)), None) for path in FILES}
    return [path for path, name in apart.items() if name == part]


@pytest.mark.parametrize("part", [None, *APART])
def test_the_engine_stays_small_enough_to_be_read(part: str | None) -> None:
    sizes = {str(path.relative_to(FOLDER)): len(code_lines(path)) for path in files_of(part)}
    most = MOST_LINES if part is None else APART[part][0]
    assert 0 < sum(sizes.values()) <= most, sorted(sizes.items(), key=lambda one: -one[1])


@pytest.mark.parametrize("part", [None, *APART])
def test_few_numbers_are_left_to_be_chosen(part: str | None) -> None:
    found = [name for path in files_of(part) if path != COST_TABLE for name in numbers_of(path)]
    assert len(found) <= (MOST_NUMBERS if part is None else APART[part][1]), found


def test_the_cost_table_has_few_rates() -> None:
    calls = [node for node in ast.walk(ast.parse(COST_TABLE.read_text())) if isinstance(node, ast.keyword)]
    assert len([call.arg for call in calls if has_number(call.value)]) <= MOST_COSTS


def test_functions_are_short() -> None:
    long = {}
    for path in FILES:
        lines = code_lines(path)
        for name, node in functions_of(path):
            length = len(lines & {*range(node.lineno, (node.end_lineno or node.lineno) + 1)})
            if length > MOST_FUNCTION_LINES:
                long[name] = length
    assert not long


def test_functions_have_few_locals() -> None:
    many = {}
    for path in FILES:
        for code in codes_of(compile(path.read_text(), str(path), "exec")):
            arguments = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
            own = {*code.co_varnames, *code.co_cellvars} - {*arguments}
            if len(own) > MOST_LOCALS:
                many[f"{path.relative_to(FOLDER)}:{code.co_qualname}"] = len(own)
    assert not many


# What no engineer of the field would look for, and what is said instead. Where an expression is longer than the word,
# the word has another sense that stays.
WORDS = {
    r"\blayouts?\b(?! in memory)": "a candidate plan; a layout is NCHW or NHWC",
    r"\brun_taps\b": "an accumulation block",
    r"\bspares\b|\bspare (products|sums)\b|\bspare_products\b": "partial-sum buffers",
    r"(?<!no )\broom\b|\bscratch\b(?!_bytes)": "workspace",
    r"\bbands?\b": "a padded strip",
    r"\bpanels?\b": "a GEMM tile",
    r"\bstays? near\b(?! \d)|\bnearest cache\b|\bfar\b(?= =)": "cached, uncached",
    r"\bshar(e|es|ing) out\b|\bhand(s|ed|ing)? over\b|\bworth sharing\b": "parallelise, dispatch, pays to parallelise",
    r"\bjobs?\b": "a work item",
    r"\bvalues ask\b|\basks_values\b|\bsettled\b": "no word: data does not change the plan",
    r"\bmix(es)? pixels\b": "works in a transform domain",
    r"\bpassing[_ ]bytes\b": "temporary bytes",
    r"\bpicked\b": "rows gathered for padding",
    r"\berrands?\b": "background I/O",
    r"\bhow manieth\b|\bso many\b": "the number's name",
}


@pytest.mark.parametrize("word", WORDS)
def test_words_are_those_of_the_field(word: str) -> None:
    found = [
        f"{path.relative_to(FOLDER)}:{number}: {line.strip()}"
        for path in FILES
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(word, line, re.IGNORECASE)
    ]
    assert not found, f"say {WORDS[word]}: {found}"


def test_the_counters_count() -> None:
    here = Path(__file__)
    imports = next(number for number, line in enumerate(here.read_text().splitlines(), 1) if line == "import ast")
    assert imports in code_lines(here)
    assert not {1, 2, imports - 1} & code_lines(here)
    assert {"test_house.py:MOST_LINES", "test_house.py:MOST_LOCALS"} <= {*numbers_of(here)}
    assert "test_house.py:COST_TABLE" not in {*numbers_of(here)}
