"""The command line: ``metrix eval``, ``segment``, ``panoptic``, ``images``, ``fid``, ``losses``."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import sys
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

import metrix
from metrix._arrow import is_table
from metrix._detection_input import fields_to_read
from metrix._generative_commands import add_fid_command
from metrix._image_commands import add_images_command
from metrix._segmentation_commands import add_commands
from metrix.build_info import build_info
from metrix.protocols import PROTOCOLS, IouType
from metrix.readers import read_voc_detections, read_voc_ground_truth
from metrix.records import Detections, read_detections, read_ground_truth
from metrix.report import DetectionReport

EXIT_DATA = 3
EXIT_FILE = 4
EXIT_INTERRUPTED = 130
EXIT_PIPE = 141

EPILOG = """\
examples:
  metrix eval instances_val2017.json bbox_results.json
  metrix eval instances_val2017.json.gz segm_results.json --iou-type segm --per-category
  metrix eval person_keypoints_val2017.json keypoint_results.json --json > report.json
  metrix eval lvis_v1_val.json results.json --protocol lvis
  metrix eval VOC2012/Annotations results/VOC2012/Main --protocol voc2012 --per-category

exit codes:
  0  the numbers were printed
  2  the command line is wrong
  3  a file's content is wrong; the message names the record and the field or byte
  4  a file cannot be read, or the memory does not suffice
  130  interrupted
  141  whoever read the output went away
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        code: int = options.run(options)
        sys.stdout.flush()  # so that a pipe that has closed is noticed here
    except BrokenPipeError:
        # Whoever reads has seen enough. Python's own flush at exit must find a pipe that takes it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_PIPE
    except ValueError as error:
        return _fail(EXIT_DATA, str(error))
    except OSError as error:
        return _fail(EXIT_FILE, f"{error.filename}: {error.strerror}" if error.filename else str(error))
    except ImportError as error:
        return _fail(EXIT_FILE, str(error))
    except MemoryError:
        return _fail(EXIT_FILE, "not enough memory")
    except KeyboardInterrupt:
        return _fail(EXIT_INTERRUPTED, "interrupted")
    return code


def _fail(code: int, message: str) -> int:
    print(f"metrix: {message}", file=sys.stderr)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="metrix",
        description="The metrics of deep learning, exact and fast.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"metrix {metrix.__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    evaluate = commands.add_parser(
        "eval",
        help="average precision and recall of detections (COCO, LVIS, VOC)",
        description="Average precision and recall of detections, bit for bit as pycocotools 2.0.11 and lvis 0.5.3 compute "
        "them.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    evaluate.set_defaults(run=_evaluate)
    evaluate.add_argument(
        "ground_truth",
        metavar="GROUND_TRUTH",
        help="COCO annotations: JSON, plain, gzip or zstd; or a folder of VOC's XML files",
    )
    evaluate.add_argument(
        "detections",
        metavar="DETECTIONS",
        help="COCO results: JSON, plain, gzip or zstd; or a folder of VOC's text files",
    )
    evaluate.add_argument(
        "--iou-type",
        choices=["auto", "bbox", "segm", "boundary", "keypoints"],
        default="auto",
        help="what is compared; auto: boxes if the first detection has one, else masks, else keypoints (default: auto)",
    )
    evaluate.add_argument(
        "--protocol",
        choices=sorted(PROTOCOLS),
        default="coco",
        help="the benchmark whose rules and numbers these are (default: coco)",
    )
    evaluate.add_argument(
        "--semantics",
        choices=["pycocotools", "corrected"],
        default="pycocotools",
        help="corrected repairs the quirks of the reference that the notes below the table name (default: pycocotools)",
    )
    evaluate.add_argument("--per-category", action="store_true", help="a row of numbers for each category as well")
    evaluate.add_argument("--json", action="store_true", help="print JSON instead of tables")
    evaluate.add_argument("--iou-thresholds", type=_numbers, metavar="T,T,...", help="IoU thresholds (default: COCO's)")
    evaluate.add_argument(
        "--max-detections",
        type=_whole_numbers,
        metavar="N,N,...",
        help="caps on the detections per image and category (default: 1,10,100; keypoints: 20; lvis: 300 per image)",
    )
    evaluate.add_argument("--categories", type=_ids, metavar="ID,ID,...", help="categories to evaluate (default: all)")
    evaluate.add_argument("--images", type=_ids, metavar="ID,ID,...", help="images to evaluate (default: all)")
    evaluate.add_argument("--class-agnostic", action="store_true", help="take all categories as one")
    evaluate.add_argument(
        "--sigmas", type=_numbers, metavar="S,S,...", help="one for each keypoint (default: COCO's 17)"
    )
    evaluate.add_argument(
        "--dilation-ratio",
        type=float,
        metavar="R",
        help="width of boundaries as a part of the image's diagonal (default: 0.02)",
    )
    evaluate.add_argument(
        "--threads",
        type=_thread_count,
        metavar="N",
        help="threads to use; the numbers do not depend on it (default: OMP_NUM_THREADS, else all usable CPUs)",
    )
    evaluate.add_argument("--quiet", action="store_true", help="no progress and no notes")

    add_commands(commands, _thread_count)
    add_images_command(commands, _thread_count)

    listing = commands.add_parser(
        "losses",
        help="which losses there are, what each needs, and what is known of it",
        description="Losses by name, task and properties; with a NAME all that is known of it.",
    )
    listing.set_defaults(run=_losses)
    listing.add_argument("name", nargs="?", metavar="NAME", help='in any spelling, or another name such as "log loss"')
    listing.add_argument("--task", metavar="TASK", help='such as "object detection"')
    listing.add_argument(
        "--properties", default="", metavar="WORD,WORD,...", help='each must hold, such as "convex,not smooth"'
    )
    listing.add_argument("--words", action="store_true", help="the tasks and properties that there are")
    listing.add_argument("--errata", action="store_true", help="what is often printed wrong, and what metrix does")
    listing.add_argument("--json", action="store_true", help="print JSON instead of a table")
    listing.add_argument("--plain", action="store_true", help="print a plain table, which a pipe gets anyway")

    add_fid_command(commands, _thread_count)

    info = commands.add_parser("info", help="how this installation was built", description="Print build facts.")
    info.set_defaults(run=_info)
    return parser


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected numbers separated by commas, got {text!r}") from None


def _whole_numbers(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected whole numbers separated by commas, got {text!r}") from None


def _thread_count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"expected a whole number >= 1, got {text!r}")
    return int(text)


def _ids(text: str) -> list[int] | list[str]:
    parts = text.split(",")
    try:
        return [int(part) for part in parts]
    except ValueError:
        return parts


def _info(options: argparse.Namespace) -> int:
    for name, value in build_info().items():
        print(f"{name:<16} {value}")
    return 0


def _losses(options: argparse.Namespace) -> int:
    from metrix.losses import PROPERTIES, TASKS, find

    if options.words:
        print("tasks:", *(f"  {task}" for task in TASKS), "properties:", sep="\n")
        print(*(f"  {word:<16} {meaning}" for word, meaning in PROPERTIES.items()), sep="\n")
        return 0
    if options.errata:
        from metrix.losses.errata import errata_text

        print(errata_text(), end="")
        return 0
    found = find(options.name, task=options.task, properties=options.properties)
    if options.json:
        print(json.dumps([entry.as_dict() for entry in found.entries], indent=2))
    elif options.name is not None:
        print(*found.entries, sep="\n\n")
    elif options.plain or not sys.stdout.isatty() or not _print_rich(found.rows()):
        print(found)
    return 0


def _print_rich(rows: list[tuple[str, str, str, str]]) -> bool:
    """A table as wide as the terminal, if that can be."""
    try:
        from rich.console import Console
        from rich.markup import escape
        from rich.table import Table
    except ImportError:
        return False
    table = Table(box=None)
    for title in ("loss", "summary", "range", "properties"):
        table.add_column(title, no_wrap=title in ("loss", "range"))
    for row in rows:
        table.add_row(*(escape(cell) for cell in row))
    Console().print(table)
    return True


def _evaluate(options: argparse.Namespace) -> int:
    with _progress(quiet=options.quiet or options.json) as progress:
        detections = progress.read(options.detections, "detections", options)
        iou_type: IouType = options.iou_type if options.iou_type != "auto" else _shape_of_first(detections)
        ground_truth = progress.read(options.ground_truth, "ground truth", options, iou_type)
        report = metrix.evaluate_detections(
            ground_truth,
            detections,
            iou_type=iou_type,
            protocol=options.protocol,
            semantics=options.semantics,
            iou_thresholds=options.iou_thresholds,
            max_detections=options.max_detections,
            categories=options.categories,
            images=options.images,
            use_categories=False if options.class_agnostic else None,
            sigmas=options.sigmas,
            dilation_ratio=options.dilation_ratio,
            num_threads=options.threads,
            progress=progress.begin,
        )
    if options.json:
        print(report.to_json(per_category=options.per_category))
    else:
        _print_tables(report, options)
    return 0


def _shape_of_first(detections: Detections) -> IouType:
    """What the reference takes a results file for."""
    first = {field for field in ("bbox", "segmentation", "keypoints") if len(detections) and detections.has(field)[0]}
    if "bbox" in first or not first:
        return "bbox"
    return "segm" if "segmentation" in first else "keypoints"


def _print_tables(report: DetectionReport, options: argparse.Namespace) -> None:
    images, categories = len(report.image_ids), len(report.category_ids)
    print(f"{report.iou_type}: {len(report.outcomes)} detections, {images} images, {categories} categories")
    print(report)
    if options.per_category:
        print()
        print(report.per_category)
    if report.quirks and not options.quiet:
        print("\nnotes:")
        for quirk in report.quirks:
            print(f"  {quirk}")


class _Silent:
    """Reads and says nothing."""

    def begin(self, part: str) -> None:
        """A part of the work begins."""

    def open(self, path: str, part: str) -> Any:
        """A context manager around what the readers take."""
        return contextlib.nullcontext(path)

    def read(self, path: str, part: str, options: argparse.Namespace, iou_type: IouType = "bbox") -> Any:
        """Ground truth or detections."""
        suffix, read_voc = (".xml", read_voc_ground_truth) if part == "ground truth" else (".txt", read_voc_detections)
        if path.endswith(suffix) or (os.path.isdir(path) and any(name.endswith(suffix) for name in os.listdir(path))):
            self.begin(f"reading {part}")
            return read_voc(path)
        with contextlib.nullcontext(path) if is_table(path) else self.open(path, part) as source:
            if part == "ground truth":
                fields = fields_to_read(iou_type, PROTOCOLS[options.protocol].get(iou_type))
                return read_ground_truth(source, fields=fields, num_threads=options.threads)
            return read_detections(source, num_threads=options.threads)


class _Lines(_Silent):
    """A line for each part of the work."""

    def begin(self, part: str) -> None:
        print(f"{part} ...", file=sys.stderr)

    def open(self, path: str, part: str) -> Any:
        self.begin(f"reading {part}")
        return super().open(path, part)


class _Bars(_Silent):
    """A bar for each file, and a spinner for what follows."""

    def __init__(self, bars: Any) -> None:
        self.bars = bars
        self.task: Any = None

    def begin(self, part: str) -> None:
        if part not in ("ground truth", "detections"):  # these have been read by then
            if self.task is not None:
                self.bars.update(self.task, total=1, completed=1)
            self.task = self.bars.add_task(part, total=None)

    def open(self, path: str, part: str) -> Any:
        return self.bars.open(path, "rb", buffering=0, description=f"reading {part}")


@contextlib.contextmanager
def _progress(*, quiet: bool) -> Iterator[_Silent]:
    """Progress on standard error where a person looks at it."""
    if quiet or not sys.stderr.isatty():
        yield _Silent()
        return
    try:
        from rich.console import Console
        from rich.progress import Progress
    except ImportError:
        yield _Lines()
        return
    with Progress(console=Console(stderr=True), transient=True) as bars:
        yield _Bars(bars)


def run() -> NoReturn:
    """Entry point that exits."""
    for stream in (sys.stdout, sys.stderr):  # a name that the terminal cannot show is no reason to fail
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    sys.exit(main())


if __name__ == "__main__":
    run()
