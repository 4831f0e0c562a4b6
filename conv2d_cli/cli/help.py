"""`conv2d help`: topics that no single option explains, and the pages of the commands."""

from __future__ import annotations

from typing import Annotated

import typer

from conv2d_cli.cli import choices
from conv2d_cli.cli.options import OTHER, completion, option

USAGES = ("[TOPIC]", "COMMAND", "--man")
EXAMPLES = ("conv2d help padding", "conv2d help exit-codes", "conv2d help shape", "conv2d help --man > conv2d.1")


def help(  # noqa: A001 - the command's name
    topic: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TOPIC]", help="a topic or a command", autocompletion=completion(choices.topics)),
    ] = None,
    *,
    man: Annotated[bool, option("--man", section=OTHER, help="all of it as a page for man")] = False,
) -> int:
    """What padding, groups, counting, formats, exit codes and accuracy mean here; or the page of a command."""
    from conv2d_cli.cli.commands import COMMANDS, CONTEXT, load
    from conv2d_cli.cli.output import write
    from conv2d_cli.cli.topic_page import page
    from conv2d_cli.cli.topics import TOPICS
    from conv2d_cli.errors import UsageError, did_you_mean, nearest

    name = "-".join(topic or ()).lower().replace("_", "-")
    if man:
        from conv2d_cli.cli.manual import manual

        if name:
            raise UsageError(f"--man is one page of all topics, and not of {name} alone", "conv2d help --man")
        write(manual())
    elif not name:
        width = max(map(len, TOPICS))
        write("Topics\n" + "".join(f"  {key:{width}}  {text.summary}\n" for key, text in TOPICS.items()))
        write("\nconv2d help TOPIC shows one; conv2d --help the commands.\n")
    elif name in TOPICS:
        write(page(name))
    elif name in COMMANDS:
        command = load(name)
        typer.echo(command.get_help(typer.Context(command, info_name=name, **CONTEXT)))
    else:
        # A topic is what was probably meant; commands have a page of their own.
        known = [*TOPICS] if nearest(name, TOPICS) else [*TOPICS, *COMMANDS]
        raise UsageError(f"no such topic: {' '.join(topic or ())}", did_you_mean(name, known, "conv2d help "))
    return 0
