"""Categories, segments and reports of panoptic quality, and the files of COCO that hold them."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from metrix.report import Table

Array = npt.NDArray[Any]
PathLike = str | os.PathLike[str]


@dataclass(frozen=True)
class Categories:
    """Ids, names and kinds of categories, in their order."""

    ids: tuple[int, ...]
    names: tuple[str, ...]
    is_thing: tuple[bool, ...]

    @classmethod
    def of(cls, given: Any) -> Categories:
        """Of COCO's list of dicts, or of a mapping from ids to whether they are things."""
        if isinstance(given, Categories):
            return given
        if isinstance(given, Mapping):
            given = [{"id": key, "isthing": kind} for key, kind in given.items()]
        rows = list(given)
        for i, row in enumerate(rows):
            if not isinstance(row, Mapping) or "id" not in row or "isthing" not in row:
                raise ValueError(f"categories[{i}]: expected a dict with 'id' and 'isthing', got {row!r}")
        ids = tuple(int(row["id"]) for row in rows)
        if len(set(ids)) != len(ids):
            raise ValueError("categories: expected no id twice")
        return cls(
            ids, tuple(str(row.get("name", row["id"])) for row in rows), tuple(bool(row["isthing"]) for row in rows)
        )

    @cached_property
    def places(self) -> dict[int, int]:
        """Which one an id is."""
        return {key: place for place, key in enumerate(self.ids)}


def segment_rows(segments: Iterable[Mapping[str, Any]], categories: Categories, name: str) -> Array:
    """(S, 4): id, place of the category, area, crowd."""
    rows: list[tuple[int, int, int, int]] = []
    for i, segment in enumerate(segments):
        try:
            key, category = int(segment["id"]), segment["category_id"]
        except (KeyError, TypeError):
            raise ValueError(f"{name}[{i}]: expected a dict with 'id' and 'category_id', got {segment!r}") from None
        if category not in categories.places:
            raise ValueError(f"{name}[{i}]: expected a category_id among categories, got {category!r}")
        area = segment.get("area", -1)
        if area != int(area):
            raise ValueError(f"{name}[{i}]: expected a whole number of pixels as area, got {area!r}")
        rows.append((key, categories.places[category], int(area), int(segment.get("iscrowd", 0) == 1)))
    if len({row[0] for row in rows}) != len(rows):
        raise ValueError(f"{name}: expected no id twice")
    return np.array(rows, dtype=np.int64).reshape(-1, 4)


class PanopticReport:
    """Panoptic quality, and what it is made of.

    Args:
        categories: of the rows.
        state: (K, 5) counts: true positives, false positives, false negatives, and the upper and lower 32 bits of the sum
            of IoU in units of 2^-53.
    """

    def __init__(self, categories: Categories, state: Array) -> None:
        """Of counts."""
        self._categories = categories
        self._state = state.copy()

    @cached_property
    def per_category(self) -> Table:
        """Quality and counts of each category; NaN without any segment."""
        state = self._state
        tp, fp, fn = (state[:, i].astype(np.float64) for i in range(3))
        iou = np.array([((high << 32) + low) / 2**53 for high, low in state[:, 3:].tolist()], dtype=np.float64)
        with np.errstate(all="ignore"):
            half = tp + 0.5 * fp + 0.5 * fn
            pq, rq, sq = iou / half, tp / half, np.where((half > 0) & (tp == 0), 0.0, iou / tp)
        return Table(
            {
                "category_id": np.array(self._categories.ids, dtype=np.int64),
                "name": np.array(self._categories.names, dtype=np.str_),
                "is_thing": np.array(self._categories.is_thing, dtype=np.bool_),
                "pq": pq,
                "sq": sq,
                "rq": rq,
                **{name: state[:, i] for i, name in enumerate(("tp", "fp", "fn"))},
            }
        )

    def _means(self, kinds: Sequence[bool]) -> dict[str, float]:
        is_counted = np.isin(self.per_category["is_thing"], kinds) & ~np.isnan(self.per_category["pq"])
        count = int(is_counted.sum())
        means = {
            name: sum(self.per_category[name][is_counted].tolist()) / count if count else float("nan")
            for name in ("pq", "sq", "rq")
        }
        return {**means, "n": count}

    @property
    def all(self) -> dict[str, float]:
        """Means over categories that occur in the truth or in what was predicted: pq, sq, rq, and n, their number."""
        return self._means([False, True])

    @property
    def things(self) -> dict[str, float]:
        """Means over things."""
        return self._means([True])

    @property
    def stuff(self) -> dict[str, float]:
        """Means over stuff."""
        return self._means([False])

    @property
    def pq(self) -> float:
        """Panoptic quality."""
        return self.all["pq"]

    @property
    def sq(self) -> float:
        """Segmentation quality: the mean IoU of matches."""
        return self.all["sq"]

    @property
    def rq(self) -> float:
        """Recognition quality: the F1 score of segments."""
        return self.all["rq"]

    def as_dict(self, *, per_category: bool = False) -> dict[str, Any]:
        """Plain Python values; NaN becomes None."""
        parts: dict[str, Any] = {"all": self.all, "things": self.things, "stuff": self.stuff}
        if per_category:
            parts["per_category"] = self.per_category.rows()
            return {
                name: [_plain(row) for row in part] if isinstance(part, list) else _plain(part)
                for name, part in parts.items()
            }
        return {name: _plain(part) for name, part in parts.items()}

    def to_json(self, *, per_category: bool = False) -> str:
        """The dict as text."""
        return json.dumps(self.as_dict(per_category=per_category), indent=2)

    def __str__(self) -> str:
        """The usual table, in percent."""
        lines = [f"{'':10s}| {'PQ':>5s}  {'SQ':>5s}  {'RQ':>5s} {'N':>5s}", "-" * 38]
        for title, part in (("All", self.all), ("Things", self.things), ("Stuff", self.stuff)):
            numbers = "  ".join(f"{100 * part[name]:5.1f}" for name in ("pq", "sq", "rq"))
            lines.append(f"{title:10s}| {numbers} {part['n']:5d}")
        return "\n".join(lines)

    __repr__ = __str__


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: None if value != value else value for name, value in row.items()}


@dataclass(frozen=True)
class ImagePair:
    """An image's truth and prediction in files."""

    image_id: Any
    paths: tuple[Path, Path]
    segments: tuple[Any, Any]


def _document(path: PathLike) -> Any:
    with gzip.open(path) if os.fspath(path).endswith(".gz") else open(path, "rb") as file:
        document = json.load(file)
    if not isinstance(document, dict) or "annotations" not in document:
        raise ValueError(f"{os.fspath(path)}: expected COCO's panoptic JSON, an object with 'annotations'")
    return document


def _folder(path: PathLike, folder: PathLike | None) -> Path:
    text = os.fspath(path)
    found = Path(folder) if folder is not None else Path(text.removesuffix(".gz").removesuffix(".json"))
    if not found.is_dir():
        raise FileNotFoundError(2, "no such folder of PNG files", str(found))
    return found


def pairs_of_files(
    ground_truth: PathLike, predictions: PathLike, folders: tuple[PathLike | None, PathLike | None]
) -> tuple[Categories, list[ImagePair]]:
    """Categories, and the images of the ground truth with what was predicted for them."""
    truth, predicted = _document(ground_truth), _document(predictions)
    if "categories" not in truth:
        raise ValueError(f"{os.fspath(ground_truth)}: expected 'categories'")
    true_folder, predicted_folder = _folder(ground_truth, folders[0]), _folder(predictions, folders[1])
    of_image = {row["image_id"]: row for row in predicted["annotations"]}
    pairs = []
    for row in truth["annotations"]:
        if row["image_id"] not in of_image:
            raise ValueError(f"{os.fspath(predictions)}: expected a prediction for image {row['image_id']}")
        other = of_image[row["image_id"]]
        paths = true_folder / row["file_name"], predicted_folder / other["file_name"]
        pairs.append(ImagePair(row["image_id"], paths, (row["segments_info"], other["segments_info"])))
    return Categories.of(truth["categories"]), pairs


def read_ahead(pairs: Sequence[ImagePair], workers: int) -> Iterator[tuple[ImagePair, tuple[Array, Array]]]:
    """Pairs and their pictures, some of which are read while earlier ones are worked on."""
    from collections import deque
    from concurrent.futures import Future, ThreadPoolExecutor

    from metrix._pictures import read_label_map

    def read(pair: ImagePair) -> tuple[Array, Array]:
        return read_label_map(pair.paths[0]), read_label_map(pair.paths[1])

    with ThreadPoolExecutor(workers) as pool:
        waiting: deque[tuple[ImagePair, Future[tuple[Array, Array]]]] = deque()
        for pair in pairs:
            waiting.append((pair, pool.submit(read, pair)))
            if len(waiting) > 2 * workers:
                first, future = waiting.popleft()
                yield first, future.result()
        for first, future in waiting:
            yield first, future.result()
