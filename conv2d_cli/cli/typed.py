"""A command line as it was typed: errors tell it in its own words, hints repeat it mended."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from conv2d_cli.errors import UsageError

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
            # What follows the letter of an option that the command does not have is its value: `-k3`.
            sign = value if self.takes_value.get(name, True) else ""
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

    def without(self, *names: str, operands: bool = False) -> str:
        """Return the line without these options, and without operands."""
        removed = [place for option in self.options() if normal(option.name) in names for place in option.positions]
        return self.line(dict.fromkeys([*removed, *(self.operands() if operands else ())]))

    def line(self, replaced: Mapping[int, Sequence[str] | None], *added: str) -> str:
        """Return the whole line again, quoted for a shell: words replaced, left out where None, and some added."""
        import shlex

        words = [replaced.get(position, (word,)) or () for position, word in enumerate(self.words)]
        return shlex.join([PROGRAM, self.command, *(word for some in words for word in some), *added])


# A value of each option, for where it was left out.
_VALUES = {
    "--stride": "2", "--padding": "1", "--dilation": "2", "--groups": "1", "--padding-mode": "replicate",
    "--device": "cpu", "--dtype": "float16", "--input": "224", "--format": "json", "--get": "help",
    "--color": "never", "--seed": "1", "--threads": "1", "--memory-limit": "1GiB", "--algorithm": "im2col",
    "--accuracy": "fast", "--suite": "vgg16", "--rounds": "5", "--engines": "conv2d", "--engine": "numpy",
    "--input-shape": "1,3,224,224", "--input-dtype": "float32", "--save-parameters": "p.npz", "--output": "y.npy",
    "--assume": "none", "--node": "conv1", "--depth": "1", "--only": "conv", "--convention": "flops", "--fit": "16GiB",
    "--assert": "macs > 0", "--diff": "resnet50", "--at": "0,0,0,0", "--count": "2", "--data": "ramp", "--files": "hex",
    "--kernel-size": "3", "--input-size": "224", "--output-size": "112", "--for": "same-size", "--limit": "10",
    "--check": "golden", "--reconcile": "70470400", "--layout": "NHWC", "--weight-layout": "HWIO",
    "-s": "2", "-p": "1", "-d": "2", "-g": "1", "-i": "224", "-k": "3", "-o": "y.npy",
    "--peak-flops": "1.2TFLOPS", "--bandwidth": "40GB/s", "--peak": "auto",
    "--weights": "parameters.npz",
    "--where": "groups==1", "--sort": "parameters", "--top": "10", "--pareto": "parameters,-kernel_size",
    "--plot": "x=macs,y=parameters",
    "--workers": "2", "--scheduler": "tcp://127.0.0.1:8786", "--scheduler-file": "scheduler.json",
}  # fmt: skip
# Where an option of a command is of another kind.
_VALUES_OF_COMMANDS = {
    "vectors": {"--output": "golden", "-o": "golden", "--suite": "corners"},
    "code": {"--output": "layer.py", "-o": "layer.py", "--for": "pytorch"},
    "draw": {"--output": "plane.svg", "-o": "plane.svg", "--at": "0,0"},
    "explain": {"--for": "pytorch"},
    "sweep": {"--bias": "true,false", "--output": "plot.svg", "-o": "plot.svg"},
}


def no_value(option: str, command: str) -> UsageError:
    """Return the error of an option of a command that was left without its value."""
    import shlex

    return UsageError(f"{option} takes a value", f"{option} {shlex.quote(_value_of(option, command))}")


def _value_of(option: str, command: str) -> str:
    return _VALUES_OF_COMMANDS.get(command, {}).get(normal(option)) or _VALUES.get(normal(option), "FILE")


def refuse_options_as_values(typed: Typed) -> None:
    """Refuse `-s -i 8`: the value of -s is missing, and not -i.

    Raises:
        UsageError: the name of an option stands where a value belongs.
    """
    for option in typed.options():
        # Not `--get file`: what is no option may have the name of an argument.
        is_name = option.value is not None and is_option(option.value) and normal(option.value) in typed.takes_value
        if is_name and len(option.positions) > 1:
            first = option.positions[0]
            value = _value_of(option.name, typed.command)
            raise UsageError(f"{option.name} takes a value", typed.line({first: (option.name, value)}))


def is_option(word: str) -> bool:
    """Whether a word is an option; `-` is a stream and `-1` a number."""
    return len(word) > 1 and word.startswith("-") and not (word[1].isdigit() or word[1] == ".")
