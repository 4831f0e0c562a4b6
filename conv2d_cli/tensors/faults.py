"""Which file a fault is in."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from conv2d_cli.errors import Conv2dError, DataError, FileError, hint_of

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def faults_of(typed: str) -> Iterator[None]:
    """Say of every fault which file it is in."""
    try:
        yield
    except DataError as error:
        raise DataError(f"{typed}: {error.message}", error.hint) from error
    except Conv2dError:
        raise
    except OSError as error:
        raise FileError(
            f"cannot read {typed}: {error.strerror or error}", hint_of(error, "give a tensor file, or - for stdin")
        ) from error
