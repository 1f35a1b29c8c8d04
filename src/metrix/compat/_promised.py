"""Attributes that are made when somebody looks at them, and then stand in the instance like any other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any


class Promised:
    """One such attribute."""

    def __set_name__(self, owner: type, name: str) -> None:
        """Remember the name."""
        self._name = name

    def __get__(self, promiser: Promiser | None, owner: type) -> Any:
        """Keep the promise."""
        if promiser is None:
            return self
        if self._name not in promiser._promises:
            raise AttributeError(f"{owner.__name__!r} object has no attribute {self._name!r}")
        value = vars(promiser)[self._name] = promiser._promises[self._name]()
        return value


class Promiser:
    """An object with such attributes."""

    #: Makers of what nobody has looked at yet, by name.
    _promises: Mapping[str, Callable[[], Any]] = MappingProxyType({})

    def _promise(self, promises: Mapping[str, Callable[[], Any]]) -> None:
        self._promises = {**self._promises, **promises}
        for name in promises:
            vars(self).pop(name, None)

    def _is_promised(self, name: str) -> bool:
        """Whether nobody has looked at it, or put something else into its place."""
        return name in self._promises and name not in vars(self)

    def _kept(self) -> dict[str, Any]:
        """All attributes, with every promise kept."""
        for name in self._promises:
            getattr(self, name)
        return {**vars(self), "_promises": {}}
