"""A property that is worked out when it is first asked for, without a lock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Callable

Value = TypeVar("Value")


class once(Generic[Value]):  # noqa: N801 - used as a decorator, as `property` is
    """As `functools.cached_property` is from Python 3.12 on.

    That of 3.11 has one lock for all objects: a process that was forked while another thread held it hung here.
    """

    def __init__(self, function: Callable[[Any], Value]) -> None:
        """Work out by `function`, whose name the value takes in the object; its documentation stays."""
        self._function, self.__doc__ = function, function.__doc__

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...

    @overload
    def __get__(self, instance: object, owner: type) -> Value: ...

    def __get__(self, instance: object | None, owner: type) -> Self | Value:
        """Return the value, which the object itself answers with from now on."""
        if instance is None:
            return self
        value = instance.__dict__[self._function.__name__] = self._function(instance)
        return value
