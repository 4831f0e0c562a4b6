"""What stands around a printed model where people paste it from: colours, prompts, numbers, quotation and logs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

# Colours, and what else a terminal takes for itself.
_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?)")
# What pages and editors put in front of a line: signs of quotation, and a number.
_FRONT = re.compile(r"[\s>|#*│┃]*")
_NUMBERED_FRONT = re.compile(r"[\s>|#*│┃]*[0-9]+[:.|│┃]?[\s|#*│┃]*")
_CELL = re.compile(r"(?:Out ?)?\[[0-9]+\]: ?")
_DIGIT = re.compile(r"[0-9]")
# Longer is no class of Python, and no line that a log begins with.
_LONGEST_KIND, _LONGEST_PREFIX = 200, 400
_KIND_AT_END = re.compile(r"[^\W\d]\w*\Z")

CHILD = re.compile(r"\((?P<name>[^()]+)\): (?:(?P<count>[0-9]{1,9}) x )?(?P<rest>.*)\Z", re.DOTALL)
# The head of a table of torchinfo, of torchsummary, and of Keras.
_TABLE = re.compile(r"Layer \(type(?P<depth>:depth-idx)?\)[^\n]{0,200}(?:Shape|Param|Mult)")
_CODE = re.compile(r"^[ \t]*(?:class \w+\(.*\bModule\):|def forward\(|.*\bnn\.[A-Z]\w*\()", re.MULTILINE)


def plain(text: str) -> str:
    r"""Return a text without colours.

    >>> plain("\x1b[1mReLU\x1b[0m()")
    'ReLU()'
    """
    return _ESCAPE.sub("", text) if "\x1b" in text else text


def lines_of(text: str) -> list[str]:
    r"""Return the lines as a terminal would show them: what comes behind a carriage return is written over the line.

    >>> lines_of("ReLU()\r\n50 %\r100 %")
    ['ReLU()', '100 %']
    """
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    return [line.rpartition("\r")[2] for line in lines] if "\r" in text else lines


def bare(line: str) -> str:
    """Return a line without signs of quotation and a number in front."""
    return (_NUMBERED_FRONT if is_numbered(line) else _FRONT).sub("", line, count=1)


def is_numbered(line: str) -> bool:
    """Whether a number stands in front of a line."""
    return _NUMBERED_FRONT.match(line) is not None


def without_cell(line: str) -> str:
    """Return the first line of what a notebook or IPython shows."""
    return _CELL.sub("", line, count=1)


class Front(NamedTuple):
    """What stands in front of the lines of a model: numbers, or what a log writes there."""

    numbered: bool = False
    prefix: str = ""

    def removed(self, line: str) -> str:
        """Return a line without it. Stamps and ranks differ in their digits; a log may mark the first line alone."""
        own = self.prefix
        if own and _DIGIT.sub("0", line[: len(own)]) == _DIGIT.sub("0", own):
            line = line[len(own) :]
        return (_NUMBERED_FRONT if self.numbered else _FRONT).sub("", line, count=1).rstrip()


def front_of_log(lines: Sequence[str], number: int) -> Front | None:
    """Return what stands before a model that begins at the end of a line, if its first child follows; else None.

    >>> front_of_log(["12:30:01 INFO Net(", "12:30:02 INFO   (0): ReLU()", "12:30:03 INFO )"], 0)
    Front(numbered=False, prefix='12:30:01 INFO ')
    """
    line = lines[number].rstrip()
    kind = _KIND_AT_END.search(line[:-1][-_LONGEST_KIND:]) if line.endswith("(") else None
    if kind is None:
        return None
    prefix = line[: len(line) - 1 - len(kind.group())]
    front = Front(prefix=prefix)
    following = next(filter(None, map(str.strip, lines[number + 1 : number + 4])), "")
    is_child = CHILD.match(front.removed(following)) is not None
    return front if is_child and prefix and len(prefix) <= _LONGEST_PREFIX else None


def mistaken_for_model(text: str) -> str | None:
    """Return what a text is that people take for a printed model; None where nothing is known.

    >>> mistaken_for_model("Layer (type:depth-idx)        Output Shape    Param #")
    'a table of torchinfo, which has no kernels, strides and paddings'
    >>> mistaken_for_model("model = nn.Sequential(")
    'the code of a model, which is never run here'
    """
    table = _TABLE.search(text)
    if table is not None:
        tool = "torchinfo" if table["depth"] else "torchsummary or Keras"
        return f"a table of {tool}, which has no kernels, strides and paddings"
    return "the code of a model, which is never run here" if _CODE.search(text) else None
