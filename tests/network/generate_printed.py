"""Writes `printed_models.json.xz`: what torch prints of torchvision's classification models, and their exact figures.

Needs torch and torchvision; nothing is computed: models and images are on the device `meta`. Run it as
`python tests/network/generate_printed.py` when a model is added.
"""

from __future__ import annotations

import json
import lzma
import sys
import warnings
from pathlib import Path
from typing import Any

# Swin pads its windows there.
OTHER = (250, 198)
FILE = Path(__file__).with_name("printed_models.json.xz")
# Operators that torchvision compiles, and whose absence keeps it from being imported beside another build of torch.
_MISSING = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)


def torchvision_models() -> tuple[Any, Any]:
    """Return torchvision's models, and what must be kept alive beside them."""
    import torch

    make: Any = torch.library.Library
    library = make("torchvision", "DEF")
    for schema in _MISSING:
        library.define(schema)
    from torchvision import models
    from torchvision.models.regnet import BlockParams

    made = BlockParams.from_init_params

    def with_numbers(*arguments: Any, **named: Any) -> Any:
        # RegNet works out its widths with tensors, which on the device meta have no values.
        with torch.device("cpu"):
            return made(*arguments, **named)

    BlockParams.from_init_params = with_numbers
    return models, library


def macs_of(model: Any, image: Any) -> int:
    """Return half of what torch's counter counts."""
    from torch.utils.flop_counter import FlopCounterMode

    counter = FlopCounterMode(display=False)
    with counter:
        model(image)
    flops = int(counter.get_total_flops())
    assert flops % 2 == 0
    return flops // 2


def figures_of(build: Any, size: int, other: tuple[int, int] | None) -> dict[str, Any]:
    """Return the text of a model and what torch says of it at a size, and on images of another if it takes them."""
    import torch

    with torch.device("meta"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = build().eval()
        image = torch.empty(1, 3, size, size)
    shapes: dict[str, list[int]] = {}
    for name, module in model.named_modules():
        if type(module) in {torch.nn.Conv2d, torch.nn.Linear}:
            module.register_forward_hook(
                lambda _module, _input, output, name=name: shapes.update({name: list(output.shape)})
            )
    output = model(image)
    expected = dict(shapes)
    other_macs = None if other is None else macs_of(model, image.new_empty(1, 3, *other))
    return {
        "text": str(model),
        "size": size,
        "parameters": sum(one.numel() for one in model.parameters()),
        "macs": macs_of(model, image),
        "other_size": other,
        "other_macs": other_macs,
        "output": list(output.shape),
        "shapes": expected,
    }


def main() -> None:
    models, _library = torchvision_models()
    found = {}
    for name in models.list_models(module=models):
        try:
            # A position embedding and a partition into windows are for one size.
            other = None if name.startswith(("vit", "maxvit")) else OTHER
            found[name] = figures_of(lambda name=name: models.get_model(name, weights=None), 224, other)
        except Exception as error:  # noqa: BLE001 - a model that cannot be built is told and left out
            print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr)
        else:
            print(name, found[name]["parameters"], found[name]["macs"])
    FILE.write_bytes(lzma.compress(json.dumps(found, separators=(",", ":")).encode(), preset=9 | lzma.PRESET_EXTREME))
    print(f"{FILE}: {len(found)} models, {FILE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
