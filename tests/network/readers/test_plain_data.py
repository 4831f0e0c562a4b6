"""TOML, JSON and YAML: told apart by content, and their faults with lines."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from conv2d_cli.errors import DataError, MissingExtraError
from conv2d_cli.network.readers.base import Content
from conv2d_cli.network.readers.plain_data import JsonReader, TomlReader
from conv2d_cli.network.readers.registry import READERS, read_graph
from conv2d_cli.network.readers.yaml import YamlReader
from conv2d_cli.network.shipped import SHIPPED, shipped_text

if TYPE_CHECKING:
    from conv2d_cli.network.graph import Graph

YAML = """
# Two layers.
input: [1, 3, 8, 8]
layers:
  - {type: Conv2d, out_channels: &width 8, kernel_size: 3}
  - ReLU
  - {type: Conv2d, out_channels: *width, kernel_size: 3}
"""
BOMB = "a: &a0 [x, x]\n" + "".join(f"b{n}: &a{n + 1} [*a{n}, *a{n}]\n" for n in range(40)) + "layers: *a40\n"
MERGE_BOMB = "b0: &a0 {x: 1}\n" + "".join(f"b{n + 1}: &a{n + 1} {{<<: [*a{n}, *a{n}]}}\n" for n in range(40))


def read(text: str | bytes) -> Graph:
    return read_graph(Content(text if isinstance(text, bytes) else text.encode(), "a file"))


def reader_of(text: str) -> type[Any]:
    return next(type(reader) for reader in READERS if reader.recognises(Content(text.encode(), "")))


def dumped(value: Any) -> str:
    """Return a value as YAML, with the library that reads it."""
    from io import StringIO

    import ruamel.yaml

    stream = StringIO()
    ruamel.yaml.YAML(typ="safe", pure=True).dump(value, stream)
    return stream.getvalue()


@pytest.mark.parametrize("name", SHIPPED)
def test_the_same_network_in_three_notations(name: str) -> None:
    text = shipped_text(name)
    content = tomllib.loads(text)
    pytest.importorskip("ruamel.yaml")
    in_json, in_yaml = json.dumps(content, indent=1), dumped(content)
    assert [reader_of(one) for one in (text, in_json, in_yaml)] == [TomlReader, JsonReader, YamlReader]
    assert read(text) == read(in_json) == read(in_yaml)


@pytest.mark.parametrize(
    ("text", "reader"),
    [
        ("layers = []", TomlReader),
        ("# a comment\n\n[blocks.A]\nlayers = []", TomlReader),
        ('[[layers]]\ntype = "ReLU"', TomlReader),
        (' \n{"layers": []}', JsonReader),
        ("layers: []", YamlReader),
        ("---\nlayers: []", YamlReader),
        ("# a comment\nlayers:\n- ReLU", YamlReader),
        ("%YAML 1.2\n---\nlayers: []", YamlReader),
    ],
)
def test_notations_are_told_apart(text: str, reader: type[Any]) -> None:
    assert reader_of(text) is reader


def test_aliases_of_yaml_stand_for_their_values() -> None:
    pytest.importorskip("ruamel.yaml")
    assert [node.name for node in read(YAML).nodes] == ["0", "1", "2"]


FAULTS: dict[str, tuple[str | bytes, str]] = {
    "TOML that ends": ("layers = [", "is no TOML: Invalid value (at end of document)"),
    "a TOML key twice": (
        "layers = ['ReLU']\nlayers = ['ReLU']\n",
        "Cannot overwrite a value (at line 2",
    ),
    "a TOML date": ("name = 1979-05-27\nlayers = ['ReLU']", "name: a date, which no layer has"),
    "NaN in TOML": ("layers = [{type = 'BatchNorm2d', eps = nan}]", "layers[0].eps: not a finite number"),
    "deep TOML": ("layers = " + "[" * 100_000, "nested too deeply"),
    "digits in TOML": ("\nlayers = [{type = 'ReLU', repeat = " + "9" * 5000 + "}]", "digits (at line 2)"),
    "hexadecimal digits in TOML": ("layers = [{type = 'ReLU', repeat = 0x" + "f" * 9000 + "}]", "repeat: a number"),
    "JSON that ends": ('{"layers": [', "is no JSON: Expecting value: line 1 column 13"),
    "a JSON key twice": ('{"layers": ["ReLU"], "layers": []}', "the key 'layers' stands twice in one object"),
    "deep JSON": ('{"layers": ' + "[" * 200_000, "nested too deeply"),
    "digits in JSON": ('{"input": [1, ' + "9" * 5000 + '], "layers": ["ReLU"]}', "input[1]: a number beyond 64"),
    "negative digits in JSON": ('{"input": [-' + "9" * 5000 + '], "layers": ["ReLU"]}', "input[0]: a number"),
    "NaN in JSON": ('{"layers": [{"type": "BatchNorm2d", "eps": NaN}]}', "layers[0].eps: not a finite number"),
    "an infinite number in JSON": ('{"layers": [{"type": "BatchNorm2d", "eps": 1e999}]}', "eps: not a finite"),
    "half a character in JSON": ('{"layers": [{"type": "ReLU", "name": "\\ud800"}]}', "name: no text of Unicode"),
    "a YAML tab": ("layers:\n\t- ReLU", "is no YAML: found character '\\t' that cannot start any token (at line 2"),
    "a YAML key twice": ("layers: [ReLU]\nlayers: [ReLU]", "found duplicate key"),
    "an unknown alias": ("layers: [*nothing]", "found undefined alias 'nothing' (at line 1, column 10)"),
    "a Python object": ("layers: [!!python/object/apply:os.system ['true']]", "could not determine a constructor"),
    "aliases of aliases": (BOMB, "more than 5000000 values (at line"),
    "merges of merges": (MERGE_BOMB + "layers: [ReLU]", "more than 5000000 values (at line"),
    "a list that holds itself": ("layers: &a [ReLU, *a]", "a value holds itself (at line 1)"),
    "a mapping that holds itself": ("layers: [&a {type: ReLU, with: *a}]", "a value holds itself (at line 1)"),
    "deep YAML": ("layers: " + "[" * 20_000, "nested too deeply"),
    "digits in YAML": ("input: [1, " + "9" * 5000 + "]\nlayers: [ReLU]", "is no YAML: Exceeds the limit"),
    "infinity in YAML": ("layers: [{type: BatchNorm2d, eps: .inf}]", "layers[0].eps: not a finite number"),
    "a YAML date": ("name: 2001-12-14\nlayers: [ReLU]", "name: a date, which no layer has"),
    "a YAML key that is a number": ("layers: [{type: ReLU, 3.5: 1}]", "layers[0].float: a key that is no text"),
    "a YAML set": ("layers: !!set {ReLU}", "layers: a "),
    "too much YAML": ("layers: [ReLU]\n#" + "x" * (4 << 20), "YAML of more than 4 MiB"),
    "two YAML documents": ("layers: [ReLU]\n---\nlayers: [ReLU]", "but found another document (at line 2"),
    "nothing that is known": ("\x00\x01", "is no network in a notation that is read here"),
    "no text": (b"layers = ['\xff']", "can't decode byte 0xff"),
    "a name with a tag": ('{"layers": [{"type": "</script>"}]}', "there is no layer '</script>'"),
}


@pytest.mark.parametrize(("text", "message"), FAULTS.values(), ids=FAULTS)
def test_faults_of_files(text: str | bytes, message: str) -> None:
    pytest.importorskip("ruamel.yaml")
    with pytest.raises(DataError) as caught:
        read(text)
    assert message in caught.value.message
    assert len(caught.value.message) < 1000


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ruamel.yaml", None)
    with pytest.raises(MissingExtraError) as caught:
        read("layers: [ReLU]")
    assert caught.value.hint == "pip install 'conv2d-cli[yaml]'"


def test_yaml_alone_loads_its_library() -> None:
    code = (
        "import sys; from conv2d_cli.network.network import Network; "
        "Network.read('layers = [\\'ReLU\\']\\n'); print('ruamel' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
