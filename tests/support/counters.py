"""Other people's counters, as they are called: a model and a batch of images to the number that each prints."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from typing import TYPE_CHECKING, Any

import pytest
from torchvision_models import models

if TYPE_CHECKING:
    from collections.abc import Callable


def by_torchinfo(model: Any, images: Any) -> int:
    summary = pytest.importorskip("torchinfo").summary(model, input_data=images, verbose=0)
    return int(summary.total_mult_adds)


def by_fvcore(model: Any, images: Any) -> int:
    analysis = pytest.importorskip("fvcore.nn").FlopCountAnalysis(model, images)
    analysis.unsupported_ops_warnings(enabled=False).uncalled_modules_warnings(enabled=False)
    return int(analysis.tracer_warnings("none").total())


def by_ptflops(backend: str) -> Callable[[Any, Any], int]:
    def count(model: Any, images: Any) -> int:
        # It imports torchvision itself.
        models()
        found = pytest.importorskip("ptflops").get_model_complexity_info(
            model,
            tuple(images.shape[1:]),
            input_constructor=lambda _: images,
            backend=backend,
            as_strings=False,
            print_per_layer_stat=False,
        )
        return int(found[0])

    return count


def by_thop(model: Any, images: Any) -> int:
    return int(pytest.importorskip("thop").profile(model, (images,), verbose=False)[0])


def by_flop_counter(model: Any, images: Any) -> int:
    from torch.utils.flop_counter import FlopCounterMode

    counter = FlopCounterMode(display=False)
    with counter:
        model(images)
    return int(counter.get_total_flops())


COUNTERS: dict[str, Callable[[Any, Any], int]] = {
    "torchinfo": by_torchinfo,
    "fvcore": by_fvcore,
    "ptflops/pytorch": by_ptflops("pytorch"),
    "ptflops/aten": by_ptflops("aten"),
    "thop": by_thop,
    "torch.utils.flop_counter": by_flop_counter,
}


def printed(tool: str, model: Any, images: Any) -> int:
    """Return what a tool counts, its own remarks and warnings left aside."""
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            return COUNTERS[tool](model, images)
    finally:
        logging.disable(logging.NOTSET)
