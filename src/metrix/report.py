"""The result of an evaluation: numbers, tables and curves, each worked out when it is asked for."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from metrix import _core
from metrix._outcomes import Outcomes
from metrix._quirks import Quirk, listed
from metrix.curves import average_precision
from metrix.protocols import DetectionProtocol, SummaryRow

FloatArray = npt.NDArray[np.float64]


class Table(Mapping[str, npt.NDArray[Any]]):
    """Named columns of equal length: a Mapping, so ``pandas.DataFrame(table)`` and ``pyarrow.table(table)`` take it."""

    def __init__(self, columns: Mapping[str, npt.NDArray[Any]]) -> None:
        """Keep the columns in their order."""
        self._columns = dict(columns)

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        """One column."""
        return self._columns[name]

    def __iter__(self) -> Iterator[str]:
        """Names of the columns."""
        return iter(self._columns)

    def __len__(self) -> int:
        """Number of columns, as of any Mapping; see ``row_count``."""
        return len(self._columns)

    @property
    def row_count(self) -> int:
        """Number of rows."""
        return len(next(iter(self._columns.values()), ()))

    def rows(self) -> list[dict[str, Any]]:
        """The rows as dicts of plain Python values."""
        values = [column.tolist() for column in self._columns.values()]
        return [dict(zip(self._columns, row, strict=True)) for row in zip(*values, strict=True)]

    def _cells(self) -> list[list[str]]:
        return [[_cell(row[name]) for name in self._columns] for row in self.rows()]

    def __str__(self) -> str:
        """Aligned text."""
        cells = [list(self._columns), *self._cells()]
        widths = [max(len(row[i]) for row in cells) for i in range(len(self._columns))]
        is_text = [column.dtype.kind == "U" for column in self._columns.values()]
        lines = []
        for row in cells:
            padded = (
                text.ljust(width) if left else text.rjust(width)
                for text, width, left in zip(row, widths, is_text, strict=True)
            )
            lines.append("  ".join(padded).rstrip())
        return "\n".join(lines)

    def __repr__(self) -> str:
        """Short: sizes and names."""
        return f"Table({self.row_count} rows: {', '.join(self._columns)})"

    def _repr_html_(self) -> str:
        return _html_table(list(self._columns), self._cells())


@dataclass(frozen=True)
class PrecisionRecallCurve:
    """Precision and recall at each counted detection of one category, by descending score; nothing is interpolated."""

    recall: FloatArray
    precision: FloatArray
    score: FloatArray


@dataclass(frozen=True)
class DetectionReport:
    """Numbers of one evaluation. ``print(report)`` shows them as people know them from the benchmark.

    Arrays have the reference's layout: T IoU thresholds, R recall thresholds, K categories, A area ranges, M caps on the
    detections per image and category; -1 stands where there is no ground truth. Where the protocol caps the detections
    of an image or of a category (LVIS), there is no axis M.
    """

    protocol: DetectionProtocol
    iou_type: str
    semantics: Literal["pycocotools", "corrected"]
    #: (K,) ids of the evaluated categories; the single -1 when categories are not used.
    category_ids: npt.NDArray[Any]
    category_names: tuple[str, ...]
    #: (I,) ids of the evaluated images.
    image_ids: npt.NDArray[Any]
    outcomes: Outcomes = field(repr=False)
    #: Counts of the quirks that the input shows; see ``quirks``.
    quirk_counts: Mapping[str, int] = field(repr=False)
    #: Wall time of the parts: load, match, accumulate.
    seconds: Mapping[str, float] = field(repr=False)
    num_threads: int = field(repr=False)
    #: (K,) "r", "c" or "f", or "" where the ground truth does not say (LVIS).
    category_frequencies: tuple[str, ...] = ()

    # ---- arrays -----------------------------------------------------------------------------------------------------

    @cached_property
    def stats(self) -> dict[str, float]:
        """The published numbers by name, in the reference's order: twelve of COCO's boxes and masks, thirteen of LVIS."""
        return {name: self._mean(row, cap) for name, row, cap in self._summary_rows()}

    @cached_property
    def precision(self) -> FloatArray:
        """(T, R, K, A, M) precision at each recall threshold."""
        return self._curves[0]

    @cached_property
    def scores(self) -> FloatArray:
        """(T, R, K, A, M) score at which each recall threshold is reached."""
        return self._curves[1]

    @cached_property
    def recall(self) -> FloatArray:
        """(T, K, A, M) highest recall."""
        return self._without_lone_cap(self._recall_by_cap)

    def _without_lone_cap(self, array: FloatArray) -> FloatArray:
        return array if self.protocol.cap_scope == "cell" else array[..., 0]

    @cached_property
    def _recall_by_cap(self) -> FloatArray:
        caps = np.array(self.protocol.cell_caps, dtype=np.int64)
        return _core.curves.final_recall(self.outcomes.view, max_detections=caps, num_threads=self.num_threads)

    @cached_property
    def _curves(self) -> tuple[FloatArray, FloatArray]:
        precision, scores = self._precision_at_recalls(self.protocol.cell_caps, scores=True)
        return self._without_lone_cap(precision), self._without_lone_cap(scores)

    def _precision_at_recalls(self, caps: tuple[int, ...], *, scores: bool) -> tuple[FloatArray, Any]:
        precision, score_at = _core.curves.precision_at_recalls(
            self.outcomes.view,
            max_detections=np.array(caps, dtype=np.int64),
            recall_thresholds=self.protocol.recall_thresholds,
            epsilon=self.protocol.epsilon if self.semantics == "pycocotools" else 0.0,
            scores=scores,
            num_threads=self.num_threads,
        )
        return precision, score_at

    @cached_property
    def _precision_by_cap(self) -> dict[int, FloatArray]:
        return {}

    def _precision_of(self, area: int, cap: int) -> FloatArray:
        """(T, R, K) of one area range and cap: the published numbers need one cap, so only this one is worked out."""
        if cap not in self._precision_by_cap:
            caps = (cap,) if self.protocol.cap_scope == "cell" else self.protocol.cell_caps
            self._precision_by_cap[cap] = self._precision_at_recalls(caps, scores=False)[0][..., 0]
        return self._precision_by_cap[cap][..., area]

    def _average_precisions(self, area: int, cap: int) -> FloatArray:
        """(T, R, K) values whose mean is AP: precision at the recall thresholds, or one number where R is 1."""
        if self.protocol.average == "mean":
            return self._precision_of(area, cap)
        return self._areas_under_curves[:, None, :, area]

    @cached_property
    def _areas_under_curves(self) -> FloatArray:
        """(T, K, A) average precision by the protocol's method; -1 without ground truth."""
        positives = self.outcomes.positives
        values = np.full((len(self.protocol.iou_thresholds), *positives.shape), -1.0)
        for category, area in zip(*np.nonzero(positives), strict=True):
            for threshold in range(len(values)):
                curve = self._curve_of(int(category), threshold, int(area), self.protocol.cell_caps[-1])
                values[threshold, category, area] = average_precision(
                    curve.recall, curve.precision, method=self.protocol.average
                )
        return values

    # ---- published numbers ------------------------------------------------------------------------------------------

    def _summary_rows(self) -> Iterator[tuple[str, SummaryRow, int]]:
        """Name, row and cap of each published number; the cap is -1 where the reference finds none."""
        caps = self.protocol.max_detections
        for row in self.protocol.summary:
            if row.cap is not None:
                # Where the cap is missing the reference finds nothing; corrected: the cap of the numbers beside it.
                other = -1 if self.semantics == "pycocotools" else caps[min(2, len(caps) - 1)]
                cap = row.cap if row.cap in caps else other
            else:
                assert row.cap_place is not None
                # With fewer caps than the protocol has, the numbers of the missing ones are left out, and the last cap
                # serves the rest; the reference stops with an IndexError.
                if row.name == "AR{cap}" and row.cap_place >= len(caps):
                    continue
                cap = caps[min(row.cap_place, len(caps) - 1)]
            yield row.name.format(cap=cap), row, cap

    def _mean(self, row: SummaryRow, cap: int) -> float:
        labels = list(self.protocol.area_ranges)
        if cap not in self.protocol.max_detections or row.area not in labels:
            return -1.0
        area = labels.index(row.area)
        if row.kind == "AP":
            values = self._average_precisions(area, cap)
        else:
            values = self._recall_by_cap[:, :, area, self.protocol.max_detections.index(cap)]
        if row.iou_threshold is not None:
            values = values[self.protocol.iou_thresholds == row.iou_threshold]
        if row.frequency is not None:
            values = values[..., self._is_of_frequency(row.frequency)]
        values = values[values > -1]
        return float(np.mean(values)) if values.size else -1.0

    def _is_of_frequency(self, frequency: str) -> npt.NDArray[np.bool_]:
        return np.array([some == frequency for some in self.category_frequencies], dtype=np.bool_)

    def average_precision(
        self,
        *,
        iou_threshold: float | None = None,
        area: str = "all",
        max_detections: int | None = None,
        category_id: int | str | None = None,
    ) -> float:
        """Mean precision over whichever thresholds and categories are chosen; -1 without ground truth.

        Args:
            iou_threshold: one of the evaluated ones, or None for the mean over all.
            area: label of an area range.
            max_detections: one of the evaluated caps, or None for the last.
            category_id: one category, or None for the mean over all.
        """
        slab = self._average_precisions(self._area(area), self._cap(max_detections))
        if iou_threshold is not None:
            slab = slab[[self._threshold(iou_threshold)]]
        if category_id is not None:
            slab = slab[:, :, [self._category(category_id)]]
        values = slab[slab > -1]
        return float(np.mean(values)) if values.size else -1.0

    def curve(
        self,
        category_id: int | str,
        *,
        iou_threshold: float = 0.5,
        area: str = "all",
        max_detections: int | None = None,
    ) -> PrecisionRecallCurve:
        """The raw precision-recall curve of one category.

        Args:
            category_id: the category.
            iou_threshold: one of the evaluated ones.
            area: label of an area range.
            max_detections: one of the evaluated caps, or None for the last.

        Returns:
            One point for each detection that is not ignored, by descending score. Recall is NaN without ground truth.
        """
        cap = self._cap(max_detections) if self.protocol.cap_scope == "cell" else self.protocol.cell_caps[0]
        return self._curve_of(self._category(category_id), self._threshold(iou_threshold), self._area(area), cap)

    def _curve_of(self, category: int, threshold: int, breakdown: int, cap: int) -> PrecisionRecallCurve:
        found, counted, score = _core.curves.precision_recall_curve(
            self.outcomes.view, category=category, threshold=threshold, breakdown=breakdown, max_detections=cap
        )
        positives = self.outcomes.positives[category, breakdown]
        with np.errstate(invalid="ignore"):
            return PrecisionRecallCurve(recall=found / positives, precision=found / counted, score=score)

    @cached_property
    def quirks(self) -> tuple[Quirk, ...]:
        """Which of the reference's surprises touched these numbers, with counts."""
        counts = dict(self.quirk_counts)
        if self.semantics == "pycocotools":
            counts["cap_not_listed"] = sum(cap < 0 for _, _, cap in self._summary_rows())
            counts["lone_true_positive"] = self._lone_true_positives() if self.protocol.epsilon else 0
        found = listed(counts)
        return found if self.semantics == "pycocotools" else tuple(quirk for quirk in found if not quirk.is_corrected)

    def _lone_true_positives(self) -> int:
        lone = 1 / (1 + self.protocol.epsilon)
        slabs = [self._precision_of(area, self._cap(None)) for area in range(len(self.protocol.area_ranges))]
        return sum(int((slab == lone).any(axis=1).sum()) for slab in slabs)

    # ---- tables -----------------------------------------------------------------------------------------------------

    @cached_property
    def per_category(self) -> Table:
        """Each category's numbers: those of ``stats``, and how many ground truths and detections it has."""
        labels = list(self.protocol.area_ranges)
        columns: dict[str, npt.NDArray[Any]] = {
            "category_id": self.category_ids,
            "name": np.array(self.category_names, dtype=np.str_),
            **(
                {"frequency": np.array(self.category_frequencies, dtype=np.str_)}
                if any(self.category_frequencies)
                else {}
            ),
            "ground_truths": self.outcomes.positives[:, 0],
            "detections": np.diff(self.outcomes.category_offset),
        }
        for name, row, cap in self._summary_rows():
            if row.frequency is not None:
                continue
            if cap not in self.protocol.max_detections or row.area not in labels:
                columns[name] = np.full(len(self.category_ids), -1.0)
                continue
            area = labels.index(row.area)
            if row.kind == "AP":
                values = self._average_precisions(area, cap)
            else:
                values = self._recall_by_cap[:, None, :, area, self.protocol.max_detections.index(cap)]
            if row.iou_threshold is not None:
                values = values[self.protocol.iou_thresholds == row.iou_threshold]
            columns[name] = np.array([_mean_of_present(values[:, :, k]) for k in range(len(self.category_ids))])
        return Table(columns)

    def per_image(self, *, iou_threshold: float = 0.5, min_score: float = -np.inf, area: str = "all") -> Table:
        """Counts of each image at one IoU threshold: true and false positives, misses, and ignored detections.

        Args:
            iou_threshold: one of the evaluated ones.
            min_score: detections of lower score are left out.
            area: label of an area range.
        """
        threshold, breakdown = self._threshold(iou_threshold), self._area(area)
        matched = self.outcomes.matched(breakdown, threshold)
        ignored = self.outcomes.ignored(breakdown, threshold)
        kept = self.outcomes.score >= min_score
        image = self.outcomes.image

        def count(chosen: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
            return np.bincount(image[chosen & kept], minlength=len(self.image_ids)).astype(np.int64)

        true_positives = count(matched & ~ignored)
        ground_truths = self.outcomes.image_positives[:, breakdown].astype(np.int64)
        return Table(
            {
                "image_id": self.image_ids,
                "ground_truths": ground_truths,
                "detections": count(np.ones(len(self.outcomes), dtype=np.bool_)),
                "true_positives": true_positives,
                "false_positives": count(~matched & ~ignored),
                "false_negatives": ground_truths - true_positives,
                "ignored": count(ignored),
            }
        )

    def per_detection(self, *, iou_threshold: float = 0.5, area: str = "all") -> Table:
        """Each detection within the caps: what became of it at one IoU threshold, and what it lies on.

        Rows stand by category and descending score.

        Args:
            iou_threshold: one of the evaluated ones.
            area: label of an area range.

        Returns:
            A table of ``image_id``, ``category_id``, ``score``, ``rank`` (in its image and category), ``row`` (of the
            detections; from a :class:`metrix.DetectionEvaluator` the place among those of its image), ``matched`` and
            ``ignored``. With ``diagnostics=True`` of the evaluation also ``ground_truth``: the row of the annotation that
            it matches at the lowest threshold in the first area range, or -1 (where ground truth came with the batches,
            its place among those of its image); and ``best_overlap`` and ``best_other_overlap``, float32: its highest
            similarity to a ground truth of its own category and to one of any other, crowds and other ignored ones left
            out; 0 where there is none.

        Example:
            >>> import metrix
            >>> truth = metrix.GroundTruth.from_arrays(image_id=[7, 7], category_id=[1, 2],
            ...     bbox=[[0, 0, 10, 10], [0, 0, 10, 5]], area=[100, 50], iscrowd=[0, 0])
            >>> found = metrix.Detections.from_arrays(image_id=[7], category_id=[1], score=[0.5], bbox=[[0, 0, 10, 8]])
            >>> report = metrix.evaluate_detections(truth, found, diagnostics=True)
            >>> report.per_detection(iou_threshold=0.75).rows()[0]["matched"]
            True
            >>> report.per_detection()["best_other_overlap"].tolist()
            [0.625]
        """
        threshold, breakdown = self._threshold(iou_threshold), self._area(area)
        outcomes = self.outcomes
        columns: dict[str, npt.NDArray[Any]] = {
            "image_id": self.image_ids[outcomes.image],
            "category_id": np.repeat(self.category_ids, np.diff(outcomes.category_offset)),
            "score": outcomes.score,
            "rank": outcomes.rank,
            "row": outcomes.row,
            "matched": outcomes.matched(breakdown, threshold),
            "ignored": outcomes.ignored(breakdown, threshold),
        }
        for name in ("ground_truth", "best_overlap", "best_other_overlap"):
            if (column := getattr(outcomes, name)) is not None:
                columns[name] = column
        return Table(columns)

    # ---- for people and machines ------------------------------------------------------------------------------------

    def __str__(self) -> str:
        """The lines that the reference prints, to the character where it has them."""
        lines = []
        first, last = self.protocol.iou_thresholds[0], self.protocol.iou_thresholds[-1]
        for name, row, cap in self._summary_rows():
            title = "Average Precision" if row.kind == "AP" else "Average Recall"
            iou = f"{first:0.2f}:{last:0.2f}" if row.iou_threshold is None else f"{row.iou_threshold:0.2f}"
            shown_cap = cap if cap > 0 else row.cap
            lines.append(
                self.protocol.line.format(
                    name=name,
                    title=title,
                    kind=row.kind,
                    iou=iou,
                    area=row.area,
                    area_initial=row.area if row.area == "all" else row.area[:1],
                    cap=shown_cap,
                    frequency=row.frequency or "all",
                    value=self.stats[name],
                )
            )
        return "\n".join(lines)

    def to_dict(self, *, per_category: bool = False) -> dict[str, Any]:
        """Plain Python values, the same for the same input: no times, no thread counts."""
        result: dict[str, Any] = {
            "protocol": self.protocol.name,
            "iou_type": self.iou_type,
            "semantics": self.semantics,
            "stats": dict(self.stats),
            "images": len(self.image_ids),
            "categories": len(self.category_ids),
            "ground_truths": int(self.outcomes.positives[:, 0].sum()),
            "detections": len(self.outcomes),
            "iou_thresholds": self.protocol.iou_thresholds.tolist(),
            "area_ranges": {label: list(limits) for label, limits in self.protocol.area_ranges.items()},
            "max_detections": list(self.protocol.max_detections) if self.protocol.cap_scope else [],
            "use_categories": self.protocol.use_categories,
            "quirks": [{"name": q.name, "count": q.count, "description": q.description} for q in self.quirks],
        }
        if per_category:
            result["per_category"] = self.per_category.rows()
        return result

    def to_json(self, *, per_category: bool = False, indent: int | None = 2) -> str:
        """``to_dict`` as JSON text, in which an infinite area limit is null, as JSON has no infinity."""
        content = self.to_dict(per_category=per_category)
        content["area_ranges"] = {
            label: [limit if np.isfinite(limit) else None for limit in limits]
            for label, limits in content["area_ranges"].items()
        }
        return json.dumps(content, indent=indent, allow_nan=False)

    def _repr_html_(self) -> str:
        cells = [[name, f"{value:0.3f}"] for name, value in self.stats.items()]
        notes = "".join(f"<li>{html.escape(str(quirk))}</li>" for quirk in self.quirks)
        return _html_table([f"{self.protocol.name} {self.iou_type}", ""], cells) + (
            f"<ul>{notes}</ul>" if notes else ""
        )

    # ---- places by name ---------------------------------------------------------------------------------------------

    def _area(self, label: str) -> int:
        labels = list(self.protocol.area_ranges)
        if label not in labels:
            raise ValueError(f"area: expected one of {labels}, got {label!r}")
        return labels.index(label)

    def _cap(self, max_detections: int | None) -> int:
        caps = self.protocol.max_detections
        if max_detections is None:
            return caps[-1]
        if max_detections not in caps:
            raise ValueError(f"max_detections: expected one of {list(caps)}, got {max_detections}")
        return max_detections

    def _threshold(self, iou_threshold: float) -> int:
        # 0.55 as people write it and 0.55 as linspace makes it differ in the last bit.
        distance = np.abs(self.protocol.iou_thresholds - iou_threshold)
        place = int(np.argmin(distance))
        if not distance[place] <= 1e-9:
            shown = ", ".join(f"{value:g}" for value in self.protocol.iou_thresholds)
            raise ValueError(f"iou_threshold: expected one of {shown}, got {iou_threshold}")
        return place

    def _category(self, category_id: int | str) -> int:
        places = np.flatnonzero(self.category_ids == category_id)
        if not places.size:
            raise ValueError(f"category_id: {category_id!r} was not evaluated")
        return int(places[0])


def _mean_of_present(values: FloatArray) -> float:
    present = values[values > -1]
    return float(np.mean(present)) if present.size else -1.0


def _cell(value: Any) -> str:
    """Three digits, and a dash for the -1 of a number that has no ground truth."""
    if isinstance(value, float):
        return "-" if value == -1 else f"{value:.3f}"
    return str(value)


def _html_table(header: list[str], cells: list[list[str]]) -> str:
    head = "".join(f"<th>{html.escape(text)}</th>" for text in header)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(text)}</td>" for text in row) + "</tr>" for row in cells)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
