"""What `conv2d shape` answers with: the keys of its contract, in their order."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, get_type_hints

SCHEMA_VERSION = 1


class ShapeReport(NamedTuple):
    """The facts of one layer, on one input when its shape is known; what is not known is None.

    Pairs are (H, W), shapes as in torch (without a batch axis for an unbatched input), sizes in bytes by `dtype`.
    """

    in_channels: int
    out_channels: int
    kernel_size: tuple[int, int]
    stride: tuple[int, int]
    padding: str | tuple[int, ...]
    dilation: tuple[int, int]
    groups: int
    bias: bool
    padding_mode: str
    device: str
    dtype: str
    input_shape: tuple[int, ...] | None
    output_shape: tuple[int, ...] | None
    weight_shape: tuple[int, int, int, int]
    bias_shape: tuple[int] | None
    effective_kernel_size: tuple[int, int]
    padding_top: int | None
    padding_bottom: int | None
    padding_left: int | None
    padding_right: int | None
    parameters: int
    weight_parameters: int
    bias_parameters: int
    macs: int | None
    effective_macs: int | None
    bias_adds: int | None
    flops: int | None
    input_bytes: int | None
    output_bytes: int | None
    parameter_bytes: int
    im2col_bytes: int | None
    arithmetic_intensity: float | None
    receptive_field: tuple[int, int]
    unused_rows: int | None
    unused_columns: int | None


def record_of(report: NamedTuple) -> dict[str, Any]:
    """Return a report as a flat mapping that begins with its schema's version."""
    return {"schema_version": SCHEMA_VERSION, **report._asdict()}


def json_schema() -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of what `conv2d shape --json` prints."""
    from pydantic import ConfigDict, create_model

    fields: dict[str, Any] = {name: (hint, ...) for name, hint in get_type_hints(ShapeReport).items()}
    model = create_model(
        "ShapeReport", __config__=ConfigDict(extra="forbid"), schema_version=(Literal[1], ...), **fields
    )
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **model.model_json_schema()}
