"""The file that keeps a table of costs measured on this machine: it is used only on the machine that it is of."""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, get_type_hints

from conv2d_cli.engine.api import Costs
from conv2d_cli.errors import Conv2dError, DataError, FileError, shown
from conv2d_cli.limits import COSTS_BYTES
from conv2d_cli.report.bench import CostsReport
from conv2d_cli.tensors.replacement import replacement

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pydantic import BaseModel

_ANEW = "conv2d bench --calibrate measures them here"
_ELSEWHERE = "CONV2D_COSTS=FILE names another place"
# What says where and when, beside the rates.
_WORDS = ("machine", "date")
# Rates that a machine may have none of; every other one is more than nothing.
_MAY_BE_ZERO = frozenset({
    "gemm_pack", "gemm_product", "gemm_call", "gemv_call", "copy_run", "copy_step", "dispatch", "wait", "blas_dispatch",
    "uncached", "tlb_miss",
})  # fmt: skip
# A second for what takes nanoseconds, and caches of a tebibyte: no sum of such costs overflows.
_MOST_NANOSECONDS, _MOST_BYTES = 1e9, 1 << 40
_LONGEST_NAME = 200
_DIGITS = 4


class Platform(NamedTuple):
    """What costs depend on; each is a name as the system, NumPy and BLAS have it."""

    cpu: str
    numpy: str
    blas: str


def platform_of(cpu: str) -> Platform:
    """Return the platform of this process, which loads NumPy."""
    import numpy as np

    from conv2d_cli.engine.api import blas_name

    return Platform(cpu, np.__version__, blas_name())


def read_costs(path: Path, here: Platform) -> Costs:
    """Return the table that a file keeps.

    Raises:
        FileError: it cannot be read.
        DataError: it is no table of costs, or one of another platform.
    """
    record = _record_in(_text_of(path), f"{path} is no table of costs")
    names = {"cpu": "processor", "numpy": "NumPy", "blas": "BLAS"}
    for field, name in names.items():
        there, ours = record[field], getattr(here, field)
        if there != ours:
            raise DataError(f"the costs in {path} are of another {name}, {shown(there)}; here is {shown(ours)}", _ANEW)
    return Costs(_machine(here), record["date"], **record["costs"])


def write_costs(path: Path, costs: Costs, here: Platform) -> None:
    """Write a table to a file, which has it whole or not at all.

    Raises:
        FileError: it cannot be written.
        DataError: the rates are none.
    """
    with _opened(path) as file:
        file.write_text(_text(costs, here), "utf-8")


def calibrate(path: Path, cpu: str) -> CostsReport:
    """Measure the costs of this machine on one thread, which takes some seconds, and keep them in a file.

    Raises:
        FileError: it cannot be written; nothing is measured then.
        DataError: what was measured cannot be costs.
    """
    from threadpoolctl import threadpool_limits

    from conv2d_cli.jobs.bench import calibration

    here, today = platform_of(cpu), datetime.now(tz=UTC).date().isoformat()
    with _opened(path) as file:
        with threadpool_limits(1, user_api="blas"):
            costs = _rounded(calibration.measured_costs(_machine(here), today))
        file.write_text(_text(costs, here), "utf-8")
    return CostsReport(*costs, costs_file=str(path))


def _machine(platform: Platform) -> str:
    return f"{platform.cpu}, {platform.blas}"


def _rounded(costs: Costs) -> Costs:
    """Return the rates with as many digits as a measurement has."""
    rates = {name: float(f"{rate:.{_DIGITS}g}") for name, rate in costs._asdict().items() if isinstance(rate, float)}
    return costs._replace(**rates)  # type: ignore[arg-type]


def _text(costs: Costs, platform: Platform) -> str:
    rates = {name: rate for name, rate in costs._asdict().items() if name not in _WORDS}
    record = {"schema_version": 1, **platform._asdict(), "date": costs.date, "costs": rates}
    text = json.dumps(record, indent=2, ensure_ascii=False) + "\n"
    _record_in(text.encode(), "what was measured is no table of costs")
    return text


def _record_in(text: bytes, fault: str) -> dict[str, Any]:
    """Return the record that a text holds.

    Raises:
        DataError: it is none; the message begins with `fault` and tells the first thing that is wrong.
    """
    from pydantic import ValidationError

    try:
        return _model().model_validate_json(text).model_dump(mode="json", by_alias=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise DataError(f"{fault}: {shown(place) + ': ' if place else ''}{first['msg']}", _ANEW) from None


@cache
def _model() -> type[BaseModel]:
    """Return the Pydantic model of the file, which takes longer to define than a small plan to be made."""
    from datetime import date

    from pydantic import ConfigDict, Field, create_model

    strict = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
    kinds = {name: kind for name, kind in get_type_hints(Costs).items() if name not in _WORDS}
    rates: dict[str, Any] = {}
    for name, kind in kinds.items():
        most = _MOST_BYTES if kind is int else _MOST_NANOSECONDS
        field = Field(alias=name, ge=0, le=most) if name in _MAY_BE_ZERO else Field(alias=name, gt=0, le=most)
        # A model has a method `copy`.
        rates[f"rate_{name}"] = (kind, field)
    fields: dict[str, Any] = dict.fromkeys(Platform._fields, (str, Field(max_length=_LONGEST_NAME)))
    fields |= {"schema_version": (int, Field(ge=1, le=1)), "date": (date, ...)}
    fields["costs"] = (create_model("Rates", __config__=strict, **rates), ...)
    return create_model("CostsFile", __config__=strict, **fields)


def _text_of(path: Path) -> bytes:
    """Return the bytes of a small file; what is no file is not opened, for a pipe would be waited for."""
    try:
        if path.exists() and not path.is_file():
            raise FileError(f"cannot read the costs in {path}: it is no regular file", _ELSEWHERE)
        with path.open("rb") as stream:
            text = stream.read(COSTS_BYTES + 1)
    except Conv2dError:
        raise
    except OSError as error:
        raise FileError(f"cannot read the costs in {path}: {error.strerror}", _ELSEWHERE) from error
    if len(text) > COSTS_BYTES:
        raise DataError(f"{path} is no table of costs: it has more than {COSTS_BYTES} bytes", _ANEW)
    return text


@contextmanager
def _opened(path: Path) -> Iterator[Path]:
    """Yield a new file that takes the path's name when it is whole; folders that lack are made."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file():
            # A device would be replaced.
            raise FileError(f"cannot write {path}: it is no regular file", _ELSEWHERE)
        with replacement(path, str(path), force=True) as file:
            yield file
    except Conv2dError:
        raise
    except OSError as error:
        raise FileError(f"cannot write {path}: {error.strerror or error}", _ELSEWHERE) from error
