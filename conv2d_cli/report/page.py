"""What an interactive page of a layer opens with, and what it says of every other layer: formulas, and faults."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.dtypes import COMMON, DTYPES
from conv2d_cli.layer.choices import PADDING_MODES, PADDING_WORDS
from conv2d_cli.report.fault_sentences import fault_sentences
from conv2d_cli.report.formulas import templates_of
from conv2d_cli.report.keys import KEYS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conv2d_cli.report.fault_sentences import Sentence
    from conv2d_cli.report.shape import ShapeReport

# In the order of the page.
SHOWN = (
    *("output_shape", "parameters", "weight_parameters", "macs", "effective_macs", "bias_adds", "flops"),
    *("input_bytes", "output_bytes", "parameter_bytes", "im2col_bytes"),
    *("effective_kernel_size", "receptive_field", "unused_rows", "unused_columns"),
)


class PageReport(NamedTuple):
    """A layer on an input, with which a page opens, and what is said of the layers that its reader makes of it.

    `formulas` have names in braces, `meanings` say what a key is, both by key in the order of the page. `element_bytes`
    are the types that can be chosen, each with the bytes of an element.
    """

    shape: ShapeReport
    formulas: Mapping[str, tuple[str, ...]]
    meanings: Mapping[str, str]
    faults: Mapping[str, Sentence]
    element_bytes: Mapping[str, int]
    padding_words: tuple[str, ...]
    padding_modes: tuple[str, ...]


def page_report(shape: ShapeReport) -> PageReport:
    """Return what a page says that opens with a layer on an input; without one, it opens with 224x224.

    >>> from conv2d_cli import Conv2d, analyze
    >>> page_report(analyze(Conv2d(3, 64, 7), 224)).faults["stride.zero"].message
    'stride={given}: the stride must be 1 or more (torch: non-positive stride is not supported)'
    """
    types = dict.fromkeys((*COMMON, shape.dtype))
    return PageReport(
        shape,
        {key: templates_of(key) for key in SHOWN},
        {key: KEYS[key].says for key in SHOWN},
        fault_sentences(),
        {name: DTYPES[name].bytes for name in types},
        PADDING_WORDS,
        PADDING_MODES,
    )
