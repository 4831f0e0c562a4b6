"""A command line as it was typed: errors tell it in its own words, hints repeat it mended."""

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

PROGRAM = "conv2d"
# Where the context of a command keeps what was typed.
TYPED = "conv2d_cli.typed"


def normal(name: str) -> str:
    """Return an option's name in its own spelling: `--padding_mode` is torch's.

    >>> normal("--padding_mode")
    '--padding-mode'
    """
    return name.replace("_", "-") if name.startswith("--") else name


class Option(NamedTuple):
    """An option as typed: its name without a value, the words that it takes, and its value (None for a flag)."""

    name: str
    positions: tuple[int, ...]
    value: str | None


class Typed(NamedTuple):
    """The words after a command's name. `takes_value` says it of every option that the command has."""

    command: str
    words: tuple[str, ...]
    takes_value: Mapping[str, bool]

    def operands(self) -> list[int]:
        """Return the positions of the words that are neither options nor their values."""
        taken = {position for option in self.options() for position in option.positions}
        return [position for position, word in enumerate(self.words) if position not in taken and word != "--"]

    def options(self) -> Iterator[Option]:
        """Yield the options; one that the command does not have takes the next word unless that is an option."""
        position = 0
        while position < len(self.words):
            word = self.words[position]
            if word == "--":
                return
            if is_option(word):
                option = self._option(position)
                yield option
                position = option.positions[-1]
            position += 1

    def _option(self, position: int) -> Option:
        word = self.words[position]
        name, sign, value = word.partition("=")
        if not word.startswith("--"):
            # Letters stand together: `-vs2` is -v and -s 2.
            name, value = word[:2], word[2:].removeprefix("=")
            for letter in word[1:]:
                if self.takes_value.get(f"-{letter}", False):
                    name, value = f"-{letter}", word.partition(letter)[2].removeprefix("=")
                    break
            sign = value if self.takes_value.get(name) else ""
        if sign:
            return Option(name, (position,), value)
        following = self.words[position + 1] if position + 1 < len(self.words) else None
        takes = self.takes_value.get(normal(name), following is not None and not is_option(following))
        if not takes or following is None:
            return Option(name, (position,), None)
        return Option(name, (position, position + 1), following)

    def option(self, names: Collection[str]) -> Option | None:
        """Return the last of these options, which is the one that counts."""
        return next((option for option in reversed([*self.options()]) if normal(option.name) in names), None)

    def spelled(self, names: Collection[str]) -> str | None:
        """Return an option with its value, word by word as typed: `-s two`, `--stride=two`."""
        option = self.option(names)
        return option and " ".join(self.words[position] for position in option.positions)

    def only(self, *names: str) -> str:
        """Return the line with nothing but these options."""
        kept = {position for option in self.options() if normal(option.name) in names for position in option.positions}
        return self.line(dict.fromkeys(place for place in range(len(self.words)) if place not in kept))

    def line(self, replaced: Mapping[int, str | None], *added: str, command: str | None = None) -> str:
        """Return the whole line again, quoted for a shell: words replaced, left out where None, and some added."""
        import shlex

        words = [replaced.get(position, word) for position, word in enumerate(self.words)]
        kept = [word for word in words if word is not None]
        return shlex.join([PROGRAM, command or self.command, *kept, *added])


def is_option(word: str) -> bool:
    """Whether a word is an option; `-` is a stream and `-1` a number."""
    return len(word) > 1 and word.startswith("-") and not (word[1].isdigit() or word[1] == ".")
