"""Annotations that are columns as long as nobody has looked at their dicts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from metrix.compat._json_file import JsonFile
from metrix.records import Detections, GroundTruth, IdColumn, read_detections, read_ground_truth

Record = dict[str, Any]
STRING = 1  # MaskKind.string


class PendingGroundTruth:
    """An annotation file."""

    def __init__(self, path: Any, fields: tuple[str, ...]) -> None:
        """Read these optional columns; ``ValueError`` for what is no such file, ``OSError`` if it cannot be read.

        Masks, most of a file, are better read when they are wanted.
        """
        self._file = JsonFile(path)
        self._fields: tuple[str, ...] = ()
        self.truth = self.columns(fields)

    def columns(self, fields: tuple[str, ...]) -> GroundTruth:
        """The ground truth with at least these optional columns."""
        if not set(fields) <= set(self._fields):
            self._fields = fields
            self.truth = read_ground_truth(self._file.source(), fields=fields)
        return self.truth

    def dataset(self) -> Any:
        """What the file holds."""
        return self._file.load()


class PendingResults(ABC):
    """Results that were loaded."""

    def __init__(self, head: Callable[[], Record]) -> None:
        """``head`` gives info, images and categories."""
        self._head = head

    @abstractmethod
    def columns(self, fields: tuple[str, ...]) -> DetectionColumns:
        """The detections with at least these optional columns."""

    @abstractmethod
    def annotations(self) -> list[Record]:
        """The dicts, with all that loading adds."""

    def dataset(self) -> Record:
        """The whole as the reference makes it."""
        return {**self._head(), "annotations": self.annotations()}


@dataclass(frozen=True)
class DetectionColumns:
    """Detections, and what the columns of :class:`metrix.records.Detections` do not hold."""

    found: Detections
    ids: Any  # N
    scores: Any  # N
    #: (N,), where dicts say it; None: worked out from the shapes, as loading does.
    area: npt.NDArray[np.float64] | None


class ResultsInList(PendingResults):
    """The caller's own dicts, already completed: they count as they are when they are evaluated."""

    def __init__(self, head: Callable[[], Record], records: list[Record]) -> None:
        """Keep the list."""
        super().__init__(head)
        self._records = records

    def columns(self, fields: tuple[str, ...]) -> DetectionColumns:
        return detection_columns(self._records, fields)

    def annotations(self) -> list[Record]:
        return self._records


def detection_columns(records: list[Record], fields: tuple[str, ...]) -> DetectionColumns:
    """Columns of dicts that have ``id`` and ``area``, as after loading; ``KeyError`` where one has not."""
    return DetectionColumns(
        found=read_detections(records, fields=fields),
        ids=[record["id"] for record in records],
        scores=[record["score"] for record in records],
        area=np.array([record["area"] for record in records], dtype=np.float64).reshape(len(records)),
    )


def are_known(ids: IdColumn, known: npt.NDArray[Any]) -> bool:
    """Whether all ids are among the ascending ``known`` ones."""
    return bool((ids.positions_in(known) >= 0).all())
