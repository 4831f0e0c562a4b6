"""The mistakes that are tried, in the order in which those that fit equally are told."""

from __future__ import annotations

from conv2d_cli.jobs.compare.mistakes import axes, precision, shifts, terms, values, windows
from conv2d_cli.jobs.compare.mistakes.base import Mistake

MISTAKES = (
    Mistake("flipped_kernel", of_operation=axes.flipped_kernel),
    Mistake("swapped_axes", axes.swapped_output, axes.swapped_in_operation),
    Mistake("nhwc", axes.nhwc, axes.nhwc_in_operation),
    Mistake("hwio", of_operation=axes.hwio),
    Mistake("padding_side", of_operation=windows.padding_side),
    Mistake("padding_off_by_one", of_operation=windows.padding_off_by_one),
    Mistake("stride_phase", of_operation=windows.stride_phase),
    Mistake("missing_bias", of_operation=terms.missing_bias, of_output_alone=terms.constant_of_channels),
    Mistake("missing_groups", of_operation=terms.missing_groups),
    Mistake("dilation_ignored", of_operation=windows.dilation_ignored),
    Mistake("overflow", values.overflow),
    Mistake("saturation", values.saturation),
    Mistake("half_precision", of_operation=precision.half_precision),
    Mistake("bfloat16_operands", of_operation=precision.bfloat16_operands),
    Mistake("tf32_operands", of_operation=precision.tf32_operands),
    Mistake("symmetric_same", of_operation=windows.symmetric_same),
    Mistake("byte_order", values.byte_order),
    Mistake("shifted_rows", shifts.shifted_rows),
    Mistake("shifted_columns", shifts.shifted_columns),
)
