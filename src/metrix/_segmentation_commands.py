"""``metrix segment`` and ``metrix panoptic``."""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

SUFFIXES = {".png", ".tif", ".tiff", ".bmp", ".pgm", ".gif"}

Progress = Callable[[int, int], None]


def add_commands(commands: Any, thread_count: Callable[[str], int]) -> None:
    """Add both to the parser of ``metrix``."""
    segment = commands.add_parser(
        "segment",
        help="pixel accuracy, mean IoU and Dice of label maps in two folders",
        description="Compares label maps, images of one channel, that have the same path in both folders but for the "
        "ending. Every image of the truth needs a prediction.",
    )
    segment.set_defaults(run=_segment)
    segment.add_argument("truth", metavar="TRUTH", type=Path, help="a folder of images, or one image")
    segment.add_argument("predictions", metavar="PREDICTIONS", type=Path, help="the same of predicted labels")
    segment.add_argument("--num-classes", type=thread_count, required=True, metavar="C", help="labels are 0 to C - 1")
    segment.add_argument(
        "--ignore", type=_labels, default=(), metavar="L,L,...", help="labels of the truth to leave out, such as 255"
    )
    segment.add_argument(
        "--absent",
        type=_absent,
        default="skip",
        metavar="X",
        help="what a class counts in means that occurs nowhere: skip, 0 or 1 (default: skip)",
    )
    segment.add_argument(
        "--per-image", action="store_true", help="means of the images' numbers, not of all pixels together"
    )
    segment.add_argument(
        "--per-class", action="store_true", help="the IoU of each class as well, of all pixels together"
    )

    panoptic = commands.add_parser(
        "panoptic",
        help="panoptic quality of COCO's panoptic files",
        description="Panoptic, segmentation and recognition quality as panopticapi computes them, from COCO's JSON and the "
        "PNG files beside it.",
    )
    panoptic.set_defaults(run=_panoptic)
    panoptic.add_argument("ground_truth", metavar="GROUND_TRUTH", help="JSON, plain or gzip")
    panoptic.add_argument("predictions", metavar="PREDICTIONS", help="JSON, plain or gzip")
    for part in ("ground-truth", "predictions"):
        panoptic.add_argument(
            f"--{part}-folder",
            metavar="FOLDER",
            help="of its PNG files (default: the path of the JSON without its ending)",
        )
    panoptic.add_argument("--per-category", action="store_true", help="a row of numbers for each category as well")

    for command in (segment, panoptic):
        command.add_argument("--json", action="store_true", help="print JSON instead of a table")
        command.add_argument(
            "--threads",
            type=thread_count,
            metavar="N",
            help="threads to use; the numbers do not depend on it (default: OMP_NUM_THREADS, else all usable CPUs)",
        )
        command.add_argument("--quiet", action="store_true", help="no progress")


def _labels(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected labels separated by commas, got {text!r}") from None


def _absent(text: str) -> Any:
    if text not in ("skip", "0", "1"):
        raise argparse.ArgumentTypeError(f"expected skip, 0 or 1, got {text!r}")
    return text if text == "skip" else float(text)


def _panoptic(options: argparse.Namespace) -> int:
    from metrix.panoptic import panoptic_quality_of_files

    with _counting(quiet=options.quiet or options.json) as progress:
        report = panoptic_quality_of_files(
            options.ground_truth,
            options.predictions,
            ground_truth_folder=options.ground_truth_folder,
            predictions_folder=options.predictions_folder,
            num_threads=options.threads,
            progress=progress,
        )
    if options.json:
        print(report.to_json(per_category=options.per_category))
        return 0
    print(report)
    if options.per_category:
        print()
        print(report.per_category)
    return 0


def _segment(options: argparse.Namespace) -> int:
    from metrix._pictures import read_pairs
    from metrix._threads import resolve_num_threads
    from metrix.report import Table
    from metrix.segmentation import SegmentationMetrics

    pairs = _pairs(options.truth, options.predictions)
    metrics = SegmentationMetrics(
        options.num_classes, ignore_index=options.ignore, absent=options.absent, per_image=options.per_image
    )
    with _counting(quiet=options.quiet or options.json) as progress:
        for done, sides in enumerate(read_pairs(pairs, resolve_num_threads(options.threads))):
            try:
                for side, name in zip(sides, ("y_true", "y_pred")):
                    if side.ndim != 2:
                        raise ValueError(f"{name}: expected an image of one channel, got shape {side.shape}")
                metrics.update(*sides, num_threads=1)
            except ValueError as error:
                raise ValueError(f"{pairs[done][0]}: {error}") from error
            progress(done + 1, len(pairs))
    values = metrics.compute()
    ious = metrics.iou_per_class
    if options.json:
        answer: dict[str, Any] = {"images": len(pairs), **{name: _plain(value) for name, value in values.items()}}
        if options.per_class:
            answer["iou_per_class"] = [_plain(value) for value in ious.tolist()]
        print(json.dumps(answer, indent=2))
        return 0
    print(f"{len(pairs)} images, {options.num_classes} classes")
    for name, value in values.items():
        print(f"{name:24s} {value:.4f}")
    if options.per_class:
        import numpy as np

        print()
        print(Table({"class": np.arange(options.num_classes), "iou": ious}))
    return 0


def _plain(value: float) -> float | None:
    return None if math.isnan(value) else value


def _pairs(truth: Path, predictions: Path) -> list[tuple[Path, Path]]:
    """Files of one path but for their endings, in the order of paths."""
    from metrix._pictures import pictures_in

    for path in (truth, predictions):
        if not path.exists():
            raise FileNotFoundError(2, "no such file or folder", str(path))
    if truth.is_file():
        return [(truth, predictions)]
    found = [pictures_in(folder, SUFFIXES) for folder in (truth, predictions)]
    missing = [path for key, path in found[0].items() if key not in found[1]]
    if missing:
        raise ValueError(
            f"{missing[0]}: expected a prediction in {predictions} ({len(missing)} of {len(found[0])} lack one)"
        )
    if not found[0]:
        raise ValueError(f"{truth}: expected images ({', '.join(sorted(SUFFIXES))})")
    return [(path, found[1][key]) for key, path in found[0].items()]


@contextlib.contextmanager
def _counting(*, quiet: bool) -> Iterator[Progress]:
    """A bar on standard error where a person looks at it, and rich is there."""
    if quiet or not sys.stderr.isatty():
        yield lambda done, count: None
        return
    try:
        from rich.console import Console
        from rich.progress import Progress as Bars
    except ImportError:
        yield lambda done, count: print(f"\r{done} of {count} images", end="\n" * (done == count), file=sys.stderr)
        return
    with Bars(console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task("images", total=None)
        yield lambda done, count: bars.update(task, completed=done, total=count)
