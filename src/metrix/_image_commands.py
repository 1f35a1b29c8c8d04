"""``metrix images``."""

from __future__ import annotations

import argparse
import csv
import json
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from metrix._segmentation_commands import _counting

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm"}

#: Functions of metrix.image_quality by the names that people use.
METRICS = {
    "psnr": "peak_signal_noise_ratio",
    "ssim": "structural_similarity",
    "ms-ssim": "multiscale_structural_similarity",
    "gmsd": "gradient_magnitude_similarity_deviation",
    "vif": "visual_information_fidelity",
}
VARIANTS = ("wang", "skimage", "tensorflow", "pytorch-msssim", "torchmetrics", "opencv", "matlab")

EPILOG = """\
examples:
  metrix images results/ references/
  metrix images results/ references/ --metrics psnr,ssim --channels y --crop-border 4   # super-resolution
  metrix images results/ references/ --variant skimage --csv > table.csv
"""


def add_images_command(commands: Any, thread_count: Callable[[str], int]) -> None:
    """Add it to the parser of ``metrix``."""
    images = commands.add_parser(
        "images",
        help="PSNR, SSIM, MS-SSIM, GMSD and VIF of the images of two folders",
        description="Compares images that have the same path in both folders but for the ending. Each needs its partner.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    images.set_defaults(run=_images)
    images.add_argument("images", metavar="IMAGES", type=Path, help="a folder of images, or one image")
    images.add_argument("references", metavar="REFERENCES", type=Path, help="the same of what they should be")
    images.add_argument(
        "--metrics",
        type=_metrics,
        default=("psnr", "ssim"),
        metavar="M,M,...",
        help="psnr, ssim, ms-ssim, gmsd, vif (default: psnr,ssim); papers take the last two of --channels gray",
    )
    images.add_argument(
        "--variant",
        choices=VARIANTS,
        default="wang",
        help="whose SSIM; MS-SSIM is there as of wang, tensorflow and pytorch-msssim (default: wang)",
    )
    images.add_argument(
        "--data-range",
        type=float,
        metavar="R",
        help="largest less smallest value that pixels can have (default: 255, 65535 for 16 bits)",
    )
    images.add_argument(
        "--channels",
        choices=("color", "y", "gray"),
        default="color",
        help="color: the mean of the channels; y: BT.601 luma from 16 to 235, not rounded, as papers on super-resolution "
        "have it; gray: the same from 0 to 255 (default: color)",
    )
    images.add_argument(
        "--crop-border", type=_pixels, default=0, metavar="N", help="pixels to leave out at each side (default: 0)"
    )
    images.add_argument(
        "--pooled", action="store_true", help="mean PSNR from the squared errors of all pixels, not that of the images'"
    )
    images.add_argument("--common", action="store_true", help="leave out images that lack a partner")
    output = images.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="print JSON instead of a table; infinite is null")
    output.add_argument("--csv", action="store_true", help="print CSV, a row for each image and no means")
    images.add_argument(
        "--threads",
        type=thread_count,
        metavar="N",
        help="threads to use; the numbers do not depend on it (default: OMP_NUM_THREADS, else all usable CPUs)",
    )
    images.add_argument("--quiet", action="store_true", help="no progress")


def _metrics(text: str) -> tuple[str, ...]:
    names = tuple(text.replace("_", "-").split(","))
    for name in names:
        if name not in METRICS:
            raise argparse.ArgumentTypeError(f"expected names among {', '.join(METRICS)}, got {name!r}")
    return tuple(dict.fromkeys(names))


def _pixels(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"expected a whole number >= 0, got {text!r}")
    return int(text)


def _images(options: argparse.Namespace) -> int:
    from metrix._pictures import read_pairs, read_picture
    from metrix._threads import resolve_num_threads

    pairs = _pairs(options.images, options.references, common=options.common)
    metrics: Any = None
    with _counting(quiet=options.quiet or options.json or options.csv) as progress:
        reading = read_pairs([pair[1:] for pair in pairs], resolve_num_threads(options.threads), read_picture)
        for done, (image, reference) in enumerate(reading):
            if metrics is None:
                metrics = _metrics_of(options, image.dtype)
            try:
                metrics.update(*_prepared(image, reference, options), num_threads=options.threads)
            except (TypeError, ValueError) as error:
                raise ValueError(f"{pairs[done][1]}: {error}") from error
            progress(done + 1, len(pairs))
    _print([name for name, _, _ in pairs], metrics, options)
    return 0


def _metrics_of(options: argparse.Namespace, dtype: Any) -> Any:
    from metrix.image_quality import ImageQualityMetrics

    of_dtype = float(2 ** (8 * dtype.itemsize) - 1) if dtype.kind == "u" else None
    return ImageQualityMetrics(
        [METRICS[name] for name in options.metrics],
        data_range=of_dtype if options.data_range is None else options.data_range,
        channel_axis=-1,
        variant=options.variant,
        pooled=options.pooled,
    )


def _prepared(image: Any, reference: Any, options: argparse.Namespace) -> tuple[Any, Any]:
    """Both as (H, W, channels)."""
    from metrix.image_quality import luma

    if image.shape != reference.shape:
        raise ValueError(f"expected the size of its reference, {_size(reference)}, got {_size(image)}")
    if image.dtype != reference.dtype:
        raise ValueError(f"expected {reference.dtype} as its reference is, got {image.dtype}")
    border = options.crop_border
    if 2 * border >= min(image.shape[:2]):
        raise ValueError(f"expected more than {2 * border} rows and columns to crop, got {_size(image)}")
    rows, columns = (slice(border, size - border) for size in image.shape[:2])
    sides = [side[rows, columns] for side in (image, reference)]
    if options.channels != "color" and image.ndim == 3:
        sides = [luma(side, full=options.channels == "gray") for side in sides]
    x, y = (side if side.ndim == 3 else side[:, :, None] for side in sides)
    return x, y


def _size(image: Any) -> str:
    kind = "gray" if image.ndim == 2 else f"{image.shape[2]} channels"
    return f"{image.shape[1]} x {image.shape[0]} {kind}"


def _print(names: list[str], metrics: Any, options: argparse.Namespace) -> None:
    columns = {short: metrics.values[METRICS[short]].tolist() for short in options.metrics}
    means = {short: metrics.compute()[METRICS[short]] for short in options.metrics}
    rows = [dict(zip(columns, row)) for row in zip(*columns.values())]
    if options.json:
        answer = {
            "images": len(names),
            "means": {short: _plain(value) for short, value in means.items()},
            "per_image": [
                {"image": name, **{short: _plain(value) for short, value in row.items()}}
                for name, row in zip(names, rows)
            ],
        }
        print(json.dumps(answer, indent=2))
        return
    if options.csv:
        writer = csv.DictWriter(sys.stdout, ["image", *columns], lineterminator="\n")
        writer.writeheader()
        writer.writerows({"image": name, **row} for name, row in zip(names, rows))
        return
    label = f"mean of {len(names)}"
    width = max(map(len, [label, *names]))
    print("  ".join([f"{'image':{width}}", *(f"{short:>9}" for short in columns)]))
    for name, row in zip([*names, label], [*rows, means]):
        print("  ".join([f"{name:{width}}", *(f"{value:9.4f}" for value in row.values())]))


def _plain(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _pairs(images: Path, references: Path, *, common: bool) -> list[tuple[str, Path, Path]]:
    """Name, image and reference, in the order of names."""
    from metrix._pictures import pictures_in

    for path in (images, references):
        if not path.exists():
            raise FileNotFoundError(2, "no such file or folder", str(path))
    if images.is_file() != references.is_file():
        raise ValueError(f"{references}: expected a {'file' if images.is_file() else 'folder'} as {images} is one")
    if images.is_file():
        return [(images.name, images, references)]
    found = [pictures_in(folder, SUFFIXES) for folder in (images, references)]
    for own, others, folder in ((found[0], found[1], references), (found[1], found[0], images)):
        missing = [path for key, path in own.items() if key not in others]
        if missing and not common:
            raise ValueError(
                f"{missing[0]}: expected its partner in {folder} ({len(missing)} of {len(own)} lack one; --common leaves "
                "them out)"
            )
    keys = [key for key in found[0] if key in found[1]]
    if not keys:
        raise ValueError(f"{images}: expected images ({', '.join(sorted(SUFFIXES))})")
    return [(str(found[0][key].relative_to(images)), found[0][key], found[1][key]) for key in keys]
