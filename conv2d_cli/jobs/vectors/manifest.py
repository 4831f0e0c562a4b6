"""`manifest.json`: what a folder of test vectors holds, as a Pydantic model, its schema and its bounded reading."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, Field, ValidationError

from conv2d_cli.dtypes import COMPUTABLE, DTYPES
from conv2d_cli.errors import DataError, cut
from conv2d_cli.jobs.vectors.choices import DATA
from conv2d_cli.layer.model import Conv2d  # noqa: TC001 - Pydantic reads the annotations
from conv2d_cli.limits import MANIFEST_BYTES
from conv2d_cli.tensors.layout import LAYOUTS, WEIGHT_LAYOUTS

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from pydantic_core import ErrorDetails

MANIFEST = "manifest.json"
_LARGEST, _MOST_AXES, _LONGEST_NAME = 2**62, 4, 200
_MOST_FAULTS = 5
# Letters that no file system, compiler or shell takes for more than letters.
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*", re.ASCII)
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*", re.ASCII)
# What a text of these fields is that has not their pattern.
_NO_MATCH = {
    "file": "no plain name of a file in the folder",
    "name": "no name that begins with a letter and goes on with letters, digits and _",
    "sha256": "no SHA-256 in 64 hexadecimal digits, small letters",
}


def _no_manifest(name: str) -> str:
    if name.lower() == MANIFEST:
        raise ValueError(f"{name} holds no tensor")
    return name


def _listed(known: Collection[str]) -> Any:  # noqa: ANN401 - what Pydantic has for a field
    """Have the schema list the values that there are."""
    return Field(max_length=_LONGEST_NAME, json_schema_extra={"enum": [*known]})


def _one_of(known: Collection[str], what: str) -> AfterValidator:
    def check(value: str) -> str:
        if value not in known:
            raise ValueError(f"{cut(value)!r} is no {what}")
        return value

    return AfterValidator(check)


_DTYPES = [name for name in DTYPES if name in COMPUTABLE]
_Text = Annotated[str, Field(max_length=_LONGEST_NAME)]
_Dtype = Annotated[str, _listed(_DTYPES), _one_of(_DTYPES, "element type that is computed in")]
_ImageLayout = Annotated[str, _listed(LAYOUTS), _one_of(LAYOUTS, "order of axes")]
_WeightLayout = Annotated[str, _listed(WEIGHT_LAYOUTS), _one_of(WEIGHT_LAYOUTS, "order of a weight's axes")]
_File = Annotated[str, Field(pattern=f"^{_FILE.pattern}$", max_length=_LONGEST_NAME), AfterValidator(_no_manifest)]
_Sum = Annotated[str, Field(pattern="^[0-9a-f]{64}$", description="of the whole file, in hexadecimal digits")]
_Size = Annotated[int, Field(strict=True, ge=0, le=_LARGEST)]


class TensorFile(BaseModel, frozen=True, extra="forbid"):
    """One tensor: the file that holds it, and what it is there, in the order of axes of the file."""

    file: _File
    shape: Annotated[tuple[_Size, ...], Field(min_length=1, max_length=_MOST_AXES)]
    dtype: _Dtype
    sha256: _Sum


class Orders(BaseModel, frozen=True, extra="forbid"):
    """The order of axes that tensors have in their files."""

    input: _ImageLayout
    weight: _WeightLayout
    output: _ImageLayout


class Case(BaseModel, frozen=True, extra="forbid"):
    """One layer on one input, with the correctly rounded output; `bias` is null where the layer has none."""

    name: Annotated[str, Field(pattern=rf"^{NAME.pattern}$", max_length=_LONGEST_NAME)]
    layer: Conv2d
    seed: Annotated[int, Field(strict=True, ge=-(2**63), lt=2**64)]
    data: Annotated[str, _listed(DATA), _one_of(DATA, "kind of data")]
    dtype: _Dtype
    layout: Orders
    input: TensorFile
    weight: TensorFile
    bias: TensorFile | None
    output: TensorFile


class Manifest(BaseModel, frozen=True, extra="forbid"):
    """What a folder of `conv2d vectors` holds."""

    schema_version: Literal[1] = 1
    tool: Literal["conv2d"] = "conv2d"
    version: Annotated[_Text, Field(description="of conv2d: one version gives the same bytes for the same seed")]
    cases: Annotated[tuple[Case, ...], Field(min_length=1)]


def read_manifest(content: bytes, typed: Path) -> Manifest:
    """Return the manifest that bytes spell.

    Raises:
        DataError: they spell none, or one whose files cannot be one another's.
    """
    if len(content) > MANIFEST_BYTES:
        raise DataError(f"{typed}: it is longer than {MANIFEST_BYTES} bytes", "a folder of fewer cases")
    try:
        manifest = Manifest.model_validate_json(content)
    except ValidationError as error:
        raise DataError(f"{typed}: {_told(error)}", "write the folder anew with conv2d vectors") from None
    names = [case.name.lower() for case in manifest.cases]
    if len({*names}) != len(names):
        raise DataError(f"{typed}: two cases have the same name", "write the folder anew with conv2d vectors")
    return manifest


def _told(error: ValidationError) -> str:
    """Return the first faults, each with its place."""
    details = error.errors(include_url=False, include_input=False, include_context=False)
    # A case that is bad is left out before cases are counted.
    details = [one for one in details if one["type"] != "too_short" or one["loc"] != ("cases",)] or details
    told = [
        ": ".join(filter(None, (".".join(map(str, one["loc"])), cut(_words_of(one))))) for one in details[:_MOST_FAULTS]
    ]
    more = len(details) - _MOST_FAULTS
    return "; ".join(told) + (f"; and {more} more faults" if more > 0 else "")


def _words_of(detail: ErrorDetails) -> str:
    if detail["type"] == "string_pattern_mismatch":
        return _NO_MATCH[str(detail["loc"][-1])]
    return detail["msg"].removeprefix("Value error, ")


def written_manifest(manifest: Manifest) -> bytes:
    """Return a manifest as its file holds it: a line for each fact of a case, the same bytes for the same facts."""
    record = manifest.model_dump(mode="json")
    cases = record.pop("cases")
    head = "".join(f"  {_line(key, value)},\n" for key, value in record.items())
    bodies = (",\n".join(f"      {_line(key, value)}" for key, value in case.items()) for case in cases)
    body = ",\n".join(f"    {{\n{lines}\n    }}" for lines in bodies)
    return f'{{\n{head}  "cases": [\n{body}\n  ]\n}}\n'.encode()


def _line(key: str, value: object) -> str:
    return f"{json.dumps(key)}: {json.dumps(value)}"


def manifest_schema() -> dict[str, Any]:
    """Return the JSON schema of a manifest."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | Manifest.model_json_schema()
