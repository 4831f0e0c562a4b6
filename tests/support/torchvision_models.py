"""torchvision's models, also where it was built without its operators beside this torch."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

torch = pytest.importorskip("torch")

# Operators that the package registers shapes for, and has only where it was built with them.
MISSING = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)


@cache
def library() -> Any:
    """Return what defines the operators; they are gone when it is."""
    defined = torch.library.Library("torchvision", "DEF")
    for operator in MISSING:
        defined.define(operator)
    return defined


@cache
def models() -> Any:
    """Return torchvision's models, where it can be imported."""
    try:
        import torchvision.models as found
    except ImportError:
        pytest.skip("torchvision is not installed")
    except (RuntimeError, AttributeError):
        # A build without its operators beside this torch.
        library()
        try:
            import torchvision.models as found
        except (RuntimeError, AttributeError) as error:
            pytest.skip(f"torchvision cannot be imported: {error}")
    return found
