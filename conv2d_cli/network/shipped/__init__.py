"""Networks that come with the package, as files in the network format, under torchvision's names."""

from __future__ import annotations

from pathlib import Path

SHIPPED = (
    *("alexnet", "vgg16", "resnet18", "resnet50", "mobilenet_v1", "mobilenet_v2", "squeezenet1_1", "googlenet"),
    *("efficientnet_b0", "convnext_tiny"),
)


def shipped_text(name: str) -> str:
    """Return the file of a network."""
    # `importlib.resources` would take longer to load than the file to read.
    return Path(__file__).with_name(f"{name}.toml").read_text("utf-8")
