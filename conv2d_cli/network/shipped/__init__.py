"""Networks that come with the package, as files in the network format, under torchvision's names."""

from __future__ import annotations

from pkgutil import get_data

SHIPPED = (
    *("alexnet", "vgg16", "resnet18", "resnet50", "mobilenet_v1", "mobilenet_v2", "squeezenet1_1", "googlenet"),
    *("efficientnet_b0", "convnext_tiny"),
)


def shipped_text(name: str) -> str:
    """Return the file of a network."""
    # `importlib.resources` would take ten times as long to load.
    return (get_data(__package__, f"{name}.toml") or b"").decode()
