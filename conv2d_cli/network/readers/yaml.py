"""The network format in YAML, read by ruamel.yaml, safely: https://yaml.dev/doc/ruamel-yaml."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from conv2d_cli.errors import DataError, MissingExtraError
from conv2d_cli.limits import YAML_BYTES
from conv2d_cli.network.notation import graph_of
from conv2d_cli.network.plain_values import MOST_VALUES

if TYPE_CHECKING:
    from conv2d_cli.network.graph import Graph
    from conv2d_cli.network.readers.base import Content

# `layers:`, `---` or a directive, behind comments.
_YAML_LINE = re.compile(
    rb"\A(?:\xef\xbb\xbf)?(?:\s|#[^\n]*(?:\n|\Z))*(?:%YAML|---\s|[A-Za-z_\"'][\w\"']*[ \t]*:(?:\s|\Z))"
)
_LONGEST_REASON = 300


class YamlReader:
    """YAML 1.2, of plain values: no tags make objects, and aliases count wherever they stand."""

    notation = "YAML"

    def recognises(self, content: Content) -> bool:
        """Whether it begins with a key of a mapping, or a document."""
        return _YAML_LINE.match(content.data) is not None

    def read(self, content: Content, *, assume: bool) -> Graph:  # noqa: ARG002 - nothing is left to assume
        """Return the graph of a file.

        Raises:
            DataError: it is no YAML, or no network.
            MissingExtraError: the extra `yaml` is not installed.
        """
        return graph_of(_plain_data(content), content.name)


def _plain_data(content: Content) -> object:
    try:
        from ruamel.yaml import YAML
        from ruamel.yaml.error import MarkedYAMLError, YAMLError
    except ImportError as error:
        raise MissingExtraError("a network in YAML", "yaml") from error
    if len(content.data) > YAML_BYTES:
        raise DataError(f"{content.name}: YAML of more than {YAML_BYTES >> 20} MiB", "write it as JSON or TOML")
    loader = YAML(typ="safe", pure=True)
    try:
        node = loader.compose(content.text)
        _check_aliases(node, content.name)
        return loader.constructor.construct_document(node)
    except DataError:
        raise
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f" (at line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise DataError(f"{content.name} is no YAML: {_words(error.problem or error.context)}{where}") from None
    except RecursionError:
        raise DataError(f"{content.name} is no YAML: nested too deeply") from None
    except (YAMLError, ValueError, TypeError) as error:
        raise DataError(f"{content.name} is no YAML: {_words(error)}") from None


def _words(problem: object) -> str:
    return " ".join(str(problem).split())[:_LONGEST_REASON]


def _check_aliases(root: Any, name: str) -> None:  # noqa: ANN401 - a node of ruamel.yaml
    """Check what a document comes to with every alias written out, before anything is made of it.

    Raises:
        DataError: it is nothing, too much, or it holds itself.
    """
    if root is None:
        raise DataError(f"{name} is empty")
    sizes: dict[int, int | None] = {}
    waiting: list[tuple[Any, bool]] = [(root, False)]
    while waiting:
        node, behind = waiting.pop()
        inner = _inside(node)
        if behind:
            sizes[id(node)] = 1 + sum(sizes[id(one)] or 0 for one in inner)
            if (sizes[id(node)] or 0) > MOST_VALUES:
                raise DataError(f"{name}: more than {MOST_VALUES} values{_at(node)}, aliases written out")
        elif id(node) not in sizes:
            # None says that the node is being looked into: whoever meets it again stands inside it.
            sizes[id(node)] = None
            waiting.append((node, True))
            waiting.extend((one, False) for one in inner)
        elif sizes[id(node)] is None:
            raise DataError(f"{name}: a value holds itself{_at(node)}")


def _inside(node: Any) -> list[Any]:  # noqa: ANN401 - a node of ruamel.yaml
    if isinstance(node.value, str):
        return []
    return [part for one in node.value for part in (one if isinstance(one, tuple) else (one,))]


def _at(node: Any) -> str:  # noqa: ANN401 - a node of ruamel.yaml
    return f" (at line {node.start_mark.line + 1})"
