"""What `conv2d draw` is asked for, and which file of `cli/` answers."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple, Protocol, cast

from conv2d_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conv2d_cli.cli.draw_options import DrawOptions
    from conv2d_cli.cli.layer_words import LayerWords
    from conv2d_cli.cli.options import OutputOptions
    from conv2d_cli.cli.reading_options import ReadingOptions
    from conv2d_cli.cli.run_options import RunOptions

PLANE = "plane"
# A picture, and the module of `cli/` whose `show(request)` makes it. But for the plane, a picture has the name of the
# option that asks for it, a field of `DrawOptions`: `volume` of --volume.
_MODULES = {
    PLANE: "draw_layer",
    "volume": "draw_layer",
    "receptive_field": "draw_field",
    "values": "draw_values",
    "interactive": "draw_interactive",
}


def option_of(field: str) -> str:
    """Return the option of a field: `--receptive-field`."""
    return f"--{field.replace('_', '-')}"


class Request(NamedTuple):
    """A command line, in parts."""

    words: LayerWords
    options: DrawOptions
    output: OutputOptions
    run: RunOptions
    readings: ReadingOptions

    @property
    def picture(self) -> str:
        """Return the name of the picture that is asked for, the plane where no option asks for another.

        Raises:
            UsageError: options ask for several.
        """
        asked = [name for name in _MODULES if getattr(self.options, name, None) not in {None, False}]
        if "values" not in asked:
            self._refuse_operands()
        if len(asked) > 1:
            first, second = map(self._option, asked[:2])
            raise UsageError(f"{first} and {second} are two pictures", f"{first}, or {second} alone")
        return asked[0] if asked else PLANE

    def _option(self, picture: str) -> str:
        if picture == "receptive_field" and self.options.node is not None:
            return "--node"
        return option_of(picture)

    def _refuse_operands(self) -> None:
        """Refuse what is said of tensors where no numbers are drawn.

        Raises:
            UsageError: something is.
        """
        said = next((name for name, value in self._of_operands() if value is not None and value is not False), None)
        if said is not None:
            option = option_of(said)
            raise UsageError(f"{option} is of a picture with numbers, which --values asks for", "--values x.npy")

    def _of_operands(self) -> Iterator[tuple[str, object]]:
        yield from ((name, getattr(self.run, name)) for name in ("weight", "bias", "seed"))
        yield from self.readings._asdict().items()


class Picture(Protocol):
    """A module of `cli/` that makes a picture."""

    def show(self, request: Request) -> int:
        """Make the picture, or tell what is wrong; return the exit code."""


def module_of(request: Request) -> Picture:
    """Return what makes the picture that is asked for.

    Raises:
        UsageError: options ask for several, or for one that there is not of the layer.
    """
    picture = request.picture
    if _MODULES[picture] != _MODULES[PLANE]:
        from conv2d_cli.cli.draw_transposed import refuse_transposed

        refuse_transposed(request, option_of(picture))
    return cast("Picture", import_module(f"conv2d_cli.cli.{_MODULES[picture]}"))
