"""File names as literals of a language: whatever a name holds, it stays a name and becomes no code."""

from __future__ import annotations

import os

_PLAIN_IN_C = frozenset(range(0x20, 0x7F)) - {*b'"\\?'}


def python_literal(text: str) -> str:
    r"""Return a text as Python writes it in ASCII, between double quotes where it holds none.

    >>> print(python_literal("p.npz"), python_literal("a'b\n\udcff"), python_literal('"'))
    "p.npz" "a'b\n\udcff" '"'
    """
    literal = ascii(text)
    return f'"{literal[1:-1]}"' if literal[0] == "'" and '"' not in literal else literal


def c_literal(text: str) -> str:
    r"""Return a file name as a string of C99: each byte that is not plain is octal, a question mark too (trigraphs).

    >>> print(c_literal('p.bin'), c_literal('a"b??/\n'))
    "p.bin" "a\042b\077\077/\012"
    """
    characters = (chr(byte) if byte in _PLAIN_IN_C else f"\\{byte:03o}" for byte in os.fsencode(text))
    return f'"{"".join(characters)}"'
