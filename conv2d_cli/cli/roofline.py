"""What the options of the roofline stand for: a machine as typed, or this one, measured when it is first asked for."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING

from conv2d_cli.arithmetic.roofline import Rate, Roofline
from conv2d_cli.errors import UsageError, cut
from conv2d_cli.report.quantities import names_of_quantities
from conv2d_cli.report.roofline import RooflineReport

if TYPE_CHECKING:
    from conv2d_cli.cli.options import OutputOptions
    from conv2d_cli.cli.output import Output
    from conv2d_cli.cli.roofline_options import RooflineOptions
    from conv2d_cli.report.roofline import Machine

AUTO = "auto"
_FLOPS_EXAMPLE, _BYTES_EXAMPLE = "--peak-flops 1.2TFLOPS", "--bandwidth 40GB/s"
_BOTH = f"{_FLOPS_EXAMPLE} {_BYTES_EXAMPLE}"
_NO_MACHINE = "depends on a machine, and none is given"
_RATE = re.compile(
    r"(?P<number>(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,2})?)\s*(?P<unit>[A-Za-z/]*)",
    re.ASCII,
)
# Less than one in a second is a mistake, and would make times longer than a float can say.
_LEAST_RATE = 1
# A number alone that is smaller was meant in billions: `--bandwidth 40`.
_LEAST_WITHOUT_UNIT = 10**6
_PREFIXES = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4, "P": 5, "E": 6}
_OPERATIONS = re.compile(r"(?P<prefix>[KMGTPE]?)(?:(?:FL)?OPS|(?:FL)?OP/S|(?:FL)?OP)?", re.IGNORECASE)
# A B is a byte, a b may be a bit: what is eight times less is not guessed.
_BYTES = re.compile(r"(?P<prefix>[kKMGTPE]?)(?P<binary>i?)(?:B(?:/?[sS]|[pP][sS])?)?")
_BITS = re.compile(r"(?P<prefix>[kKMGTPE]?)(?P<binary>i?)b(?:it)?s?(?:/s|ps)?", re.IGNORECASE)
_BITS_IN_BYTE = 8


def keys_with(options: RooflineOptions) -> tuple[str, ...]:
    """Return the keys that the options add."""
    return RooflineReport._fields if options.given else ()


def quantities_with(options: RooflineOptions) -> tuple[str, ...]:
    """Return the names of the numbers that the options add."""
    return names_of_quantities(RooflineReport) if options.given else ()


def quantities_without(options: RooflineOptions, *, has_size: bool = True) -> dict[str, tuple[str, str]]:
    """Return the numbers that are missing without the options: why, and what adds them."""
    names = () if options.given else names_of_quantities(RooflineReport)
    return {name: (f"{name} {_NO_MACHINE}", _both(has_size=has_size)) for name in names}


def refuse_keys_without(options: RooflineOptions, output_options: OutputOptions, *, has_size: bool = True) -> None:
    """Refuse to get a least time of which no machine is told; without a size, the hint names one too.

    Raises:
        UsageError: it is asked for.
    """
    asked = (key.strip() for word in output_options.get for key in word.split(","))
    key = next((key for key in asked if key in RooflineReport._fields), None)
    if key is not None and not options.given:
        raise without_machine(f"--get {key}", has_size=has_size)


def without_machine(said: str, *, has_size: bool) -> UsageError:
    """Return the fault of asking for a least time of which no machine is told."""
    return UsageError(f"{said}: it {_NO_MACHINE}", _both(has_size=has_size))


def _both(*, has_size: bool) -> str:
    return _BOTH if has_size else f"-i 224 {_BOTH}"


def machine_of(options: RooflineOptions, output: Output) -> Machine | None:
    """Return the machine that the options tell of, None without them; one that is measured is told of in a note.

    Raises:
        UsageError: an option without the other, no rate, or options that exclude each other.
    """
    if not options.given:
        return None
    peak_flops, bandwidth, peak = options
    if peak is not None:
        return _measured(options, output)
    if peak_flops is None or bandwidth is None:
        missing = _FLOPS_EXAMPLE if peak_flops is None else _BYTES_EXAMPLE
        other = f"--bandwidth {cut(bandwidth or '')}" if peak_flops is None else f"--peak-flops {cut(peak_flops)}"
        raise UsageError(f"{other} alone: a least time depends on the peak and on the bandwidth", missing)
    roofline = Roofline(flops_of(peak_flops), bytes_of(bandwidth))
    return lambda _: roofline


def _measured(options: RooflineOptions, output: Output) -> Machine:
    if options.peak != AUTO:
        raise UsageError(
            f"--peak {cut(options.peak or '')}: it is auto, which measures this machine; --peak-flops takes a rate",
            "--peak auto",
        )
    if options.peak_flops is not None or options.bandwidth is not None:
        other = "--bandwidth" if options.peak_flops is None else "--peak-flops"
        raise UsageError(f"--peak auto and {other} exclude each other", "leave --peak out")
    found: dict[str, Roofline] = {}

    def machine(dtype: str) -> Roofline:
        from conv2d_cli.cli.processors import processors
        from conv2d_cli.jobs.roofline import accumulator_of, measured

        accumulator = accumulator_of(dtype)
        if accumulator not in found:
            found[accumulator] = roofline = measured(accumulator, processors())
            typed = (
                f"--peak-flops {_billions(roofline.peak_flops)}GFLOPS --bandwidth {_billions(roofline.bandwidth)}GB/s"
            )
            output.note(f"measured on this machine, products in {accumulator} and copies on all threads: {typed}")
        return found[accumulator]

    return machine


def flops_of(text: str) -> Rate:
    """Return operations a second from `1.2TFLOPS`, `95 GFLOP/s` or `1.2e12`.

    Raises:
        UsageError: it is no rate from 1 on, or a small number without a unit.

    >>> flops_of("1.2TFLOPS"), flops_of("2.5e9")
    (1200000000000, 2500000000)
    """
    number, unit = _number_of("--peak-flops", text, _FLOPS_EXAMPLE)
    match = _OPERATIONS.fullmatch(unit)
    rate = number * 1000 ** _PREFIXES[match["prefix"].upper()] if match is not None else 0
    if rate < _LEAST_RATE:
        raise UsageError(
            f"--peak-flops {cut(text)}: not a rate from 1 FLOPS on, in kFLOPS, MFLOPS, GFLOPS, TFLOPS or PFLOPS",
            _FLOPS_EXAMPLE,
        )
    return _whole(rate)


def bytes_of(text: str) -> Rate:
    """Return bytes a second from `40GB/s`, `12 GiB/s` or `4e10`.

    Raises:
        UsageError: it is no rate from 1 on, one in bits, or a small number without a unit.

    >>> bytes_of("40GB/s"), bytes_of("1KiB/s")
    (40000000000, 1024)
    """
    number, unit = _number_of("--bandwidth", text, _BYTES_EXAMPLE)
    match = _BYTES.fullmatch(unit)
    base = 1024 if match is not None and match["binary"] else 1000
    rate = number * base ** _PREFIXES[match["prefix"].upper()] if match is not None else 0
    if rate >= _LEAST_RATE:
        return _whole(rate)
    bits = _BITS.fullmatch(unit)
    if number and match is None and bits is not None:
        prefix = bits["prefix"].upper() + bits["binary"].lower()
        same = f"{float(number):g}{prefix}B/s"
        fewer = f"{float(number / _BITS_IN_BYTE):g}{prefix}B/s"
        raise UsageError(
            f"--bandwidth {cut(text)}: a b stands for bits, a B for bytes",
            f"--bandwidth {same}, or --bandwidth {fewer} where bits are meant",
        )
    raise UsageError(
        f"--bandwidth {cut(text)}: not a rate from 1 B/s on, in kB/s, MB/s, GB/s, TB/s, MiB/s, GiB/s or TiB/s",
        _BYTES_EXAMPLE,
    )


def _number_of(option: str, text: str, example: str) -> tuple[Fraction, str]:
    """Return the number and the unit of a rate; 0 where there is none.

    Raises:
        UsageError: it has no unit, and is hardly meant as it stands.
    """
    match = _RATE.fullmatch(text.strip())
    if match is None:
        return Fraction(0), ""
    number = Fraction(match["number"])
    if _LEAST_RATE <= number < _LEAST_WITHOUT_UNIT and not match["unit"]:
        raise UsageError(f"{option} {cut(text)}: a number below a million needs its unit", example)
    return number, match["unit"]


def _billions(rate: Rate) -> str:
    return f"{float(rate) / 1e9:g}"


def _whole(rate: Rate) -> Rate:
    return rate.numerator if rate.denominator == 1 else rate
