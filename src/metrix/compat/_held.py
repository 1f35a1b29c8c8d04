"""Attributes that hold the dicts of a file, which are made when somebody looks at one of them."""

from __future__ import annotations

from typing import Any

from metrix.compat._pending import PendingGroundTruth, PendingResults


class Held:
    """An attribute that is made when somebody looks at it; from then on the columns do not count any more."""

    def __set_name__(self, owner: type, name: str) -> None:
        """Remember the name."""
        self._name = name

    def __get__(self, holder: HeldDicts | None, owner: type) -> Any:
        """Make all dicts, and give up the columns: the dicts may be changed from now on."""
        if holder is None:
            return self
        held = holder._peek()
        holder._pending = None
        if self._name not in held:
            raise AttributeError(f"{owner.__name__!r} object has no attribute {self._name!r}")
        return held[self._name]

    def __set__(self, holder: HeldDicts, value: Any) -> None:
        """Put something else into its place."""
        holder._peek()[self._name] = value
        holder._pending = None


class HeldDicts:
    """An object with such attributes: annotations, or results."""

    dataset = Held()

    #: Columns that say the same as the dicts, made or not; None once the dicts may have been changed.
    _pending: PendingGroundTruth | PendingResults | None = None
    _is_made = True

    @staticmethod
    def _index_of(dataset: Any) -> dict[str, Any]:
        """The other attributes, by name."""
        raise NotImplementedError

    def _wait_for(self, pending: PendingGroundTruth | PendingResults) -> None:
        self._pending, self._is_made = pending, False

    def _make(self) -> None:
        """Make the dicts, which alone changes nothing that anybody could have changed."""
        if not self._is_made:
            assert self._pending is not None
            dataset = self._pending.dataset()
            vars(self).update(self._index_of(dataset), dataset=dataset)
            self._is_made = True

    def _peek(self) -> dict[str, Any]:
        """The dicts by name, for one who hands none of them out."""
        self._make()
        return vars(self)

    def __getstate__(self) -> dict[str, Any]:
        """The dicts alone: what is open stays here."""
        return {**self._peek(), "_pending": None}


def has_own_methods(thing: Any, methods: dict[str, Any]) -> bool:
    """Whether no subclass, no patch and not the object itself has something else in the place of one of these methods."""
    return all(getattr(type(thing), name) is function and name not in vars(thing) for name, function in methods.items())
