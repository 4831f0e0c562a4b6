"""The layers of `conv2d vectors --suite`: each is there for something that implementations get wrong."""

from __future__ import annotations

from typing import NamedTuple

from conv2d_cli.layer.model import Conv2d


class Corner(NamedTuple):
    """One layer on one size; `data` is the kind that shows it best, None where any does."""

    name: str
    layer: Conv2d
    input_shape: tuple[int, ...]
    data: str | None = None


_IMAGES = (2, 3, 8, 9)
# Every padding mode, even kernels, dilation, groups, strides that leave rows unused, outputs of one element, no image.
CORNERS = (
    Corner("zeros_3x3", Conv2d(3, 4, 3, padding=1), _IMAGES),
    Corner("reflect_3x3", Conv2d(3, 4, 3, padding=(2, 1), padding_mode="reflect"), _IMAGES),
    Corner("replicate_3x3", Conv2d(3, 4, 3, padding=(1, 2), padding_mode="replicate"), _IMAGES),
    Corner("circular_3x3", Conv2d(3, 4, 3, padding=(2, 1), padding_mode="circular"), _IMAGES),
    Corner("reflect_to_the_edge", Conv2d(2, 2, 5, padding=4, padding_mode="reflect"), (1, 2, 5, 6)),
    Corner("circular_all_around", Conv2d(2, 2, 3, stride=2, padding=4, padding_mode="circular"), (1, 2, 4, 5)),
    Corner("replicate_dilated", Conv2d(2, 4, 3, padding=3, dilation=3, padding_mode="replicate"), (1, 2, 7, 8)),
    Corner("even_2x2", Conv2d(3, 4, 2), _IMAGES),
    Corner("even_4x4_same", Conv2d(3, 4, 4, padding="same"), _IMAGES),
    Corner("even_4x2_same_reflect", Conv2d(3, 4, (4, 2), padding="same", padding_mode="reflect"), _IMAGES),
    Corner("oblong_1x5", Conv2d(3, 4, (1, 5), padding=(0, 2)), _IMAGES),
    Corner("oblong_5x1_stride_1x2", Conv2d(3, 4, (5, 1), stride=(1, 2), padding=(2, 0)), _IMAGES),
    Corner("dilated_2", Conv2d(3, 4, 3, padding=2, dilation=2), _IMAGES),
    Corner("dilated_3x1_same", Conv2d(3, 4, 3, padding="same", dilation=(3, 1)), _IMAGES),
    Corner("dilated_even_strided", Conv2d(3, 4, 2, stride=2, padding=1, dilation=3), _IMAGES),
    Corner("stride_2", Conv2d(3, 4, 3, stride=2, padding=1), (1, 3, 9, 9)),
    Corner("stride_leaves_rows_unused", Conv2d(3, 4, 3, stride=3), (1, 3, 11, 10)),
    Corner("stride_beyond_the_kernel", Conv2d(3, 4, 2, stride=5), (1, 3, 12, 14)),
    Corner("stride_2_same_upper", Conv2d(3, 4, 3, stride=2, padding="same_upper"), (1, 3, 8, 8)),
    Corner("stride_2_same_lower", Conv2d(3, 4, 3, stride=2, padding="same_lower"), (1, 3, 8, 8)),
    Corner("four_paddings", Conv2d(3, 4, 3, padding=(0, 1, 2, 3)), _IMAGES),
    Corner("padding_beyond_the_kernel", Conv2d(2, 2, 2, padding=3), (1, 2, 3, 3)),
    Corner("groups_2", Conv2d(4, 6, 3, padding=1, groups=2), (2, 4, 6, 7)),
    Corner("groups_2_pointwise", Conv2d(4, 6, 1, groups=2), (2, 4, 6, 7)),
    Corner("depthwise", Conv2d(5, 5, 3, padding=1, groups=5), (2, 5, 6, 7)),
    Corner("depthwise_multiplied_strided", Conv2d(3, 6, 3, stride=2, padding=1, groups=3), _IMAGES),
    Corner("pointwise", Conv2d(5, 7, 1), (2, 5, 6, 7)),
    Corner("pointwise_strided_padded", Conv2d(5, 7, 1, stride=2, padding=1), (2, 5, 6, 7)),
    Corner("without_bias", Conv2d(3, 4, 3, padding=1, bias=False), _IMAGES),
    Corner("output_1x1", Conv2d(3, 4, (6, 7)), (2, 3, 6, 7)),
    Corner("output_1x1_of_a_pixel", Conv2d(3, 4, 3, padding=1), (2, 3, 1, 1)),
    Corner("one_row", Conv2d(3, 4, 3, padding=1), (1, 3, 1, 9)),
    Corner("unbatched", Conv2d(3, 4, 3, padding=1), (3, 8, 9)),
    Corner("no_image", Conv2d(3, 4, 3, padding=1), (0, 3, 8, 9)),
    Corner("many_channels", Conv2d(64, 8, 3, padding=1), (1, 64, 5, 5)),
    Corner("large_kernel", Conv2d(1, 2, 11, padding=5), (1, 1, 16, 16)),
    Corner("integers", Conv2d(3, 4, 3, padding=1), _IMAGES, "integers"),
    Corner("ramp", Conv2d(3, 4, 3, padding=1), _IMAGES, "ramp"),
    Corner("impulse", Conv2d(3, 4, (3, 4), padding=2), (2, 3, 5, 6), "impulse"),
    Corner("extremes", Conv2d(3, 4, 3, padding=1), _IMAGES, "extremes"),
)
SUITES = {"corners": CORNERS}
