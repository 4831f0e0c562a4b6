"""`conv2d version`: what `--version` says."""

from __future__ import annotations

from conv2d_cli import __version__

USAGES = ("",)
EXAMPLES = ("conv2d version",)


def version() -> int:
    """The version, in one word."""
    from conv2d_cli.cli.output import write
    from conv2d_cli.cli.typed import PROGRAM

    write(f"{PROGRAM} {__version__}\n")
    return 0
