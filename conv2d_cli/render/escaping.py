"""What is not ours, shown to people: names of files and tensors may hold codes that a terminal would obey."""

from __future__ import annotations


def printable(text: str, *, keep: str = "") -> str:
    r"""Return a text whose control characters are spelled, but for those to `keep`.

    Control characters of either set, newlines, marks that turn the direction of writing, and bytes of names that are
    no text: all that Python does not call printable.

    >>> printable("a\x1b[31m\u202eb\n"), printable("x y")
    ('a\\x1b[31m\\u202eb\\n', 'x y')
    """
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() or sign in keep else repr(sign)[1:-1] for sign in text)
