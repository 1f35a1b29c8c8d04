"""``metrix fid``."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from metrix._segmentation_commands import Progress, _counting


def add_fid_command(commands: Any, thread_count: Callable[[str], int]) -> None:
    """Add it to the parser of ``metrix``."""
    fid = commands.add_parser(
        "fid",
        help="Fréchet distance of two sets of images or features (FID), also KID, precision and recall",
        description="Compares two of these: a folder of images, whose features --model makes; features, .npy of shape "
        "(N, D); statistics, .npz as pytorch-fid writes them. One alone can be saved.",
    )
    fid.set_defaults(run=_fid)
    fid.add_argument("real", metavar="REAL", type=Path, help="folder, .npy or .npz")
    fid.add_argument("generated", metavar="GENERATED", type=Path, nargs="?", help="the same of the other images")
    fid.add_argument("--model", metavar="FILE", help="ONNX file of the network that makes features of images")
    fid.add_argument("--size", type=thread_count, metavar="N", help="resize images to N x N (default: the network's)")
    fid.add_argument(
        "--resize",
        choices=["pytorch-fid", "clean-fid"],
        default="pytorch-fid",
        help="bilinear without antialiasing, or bicubic with it (default: pytorch-fid)",
    )
    for name, default in (("mean", 0.0), ("std", 1.0)):
        fid.add_argument(
            f"--{name}",
            type=_colours,
            default=default,
            metavar="X[,X,X]",
            help=f"of pixels from 0 to 1, as the network expects (default: {default})",
        )
    fid.add_argument("--batch-size", type=thread_count, default=32, metavar="N", help="images at a time (default: 32)")
    fid.add_argument("--kid", action="store_true", help="kernel distance as well (KID); needs features of both")
    fid.add_argument("--kid-subsets", type=thread_count, default=100, metavar="N", help="default: 100")
    fid.add_argument("--kid-subset-size", type=thread_count, default=1000, metavar="N", help="default: 1000")
    fid.add_argument(
        "--prdc", action="store_true", help="precision, recall, density, coverage as well; needs features of both"
    )
    fid.add_argument("--neighbours", type=thread_count, default=5, metavar="K", help="for --prdc (default: 5)")
    fid.add_argument("--save", metavar="FILE", help="write the statistics of REAL, an .npz as pytorch-fid reads it")
    fid.add_argument("--json", action="store_true", help="print JSON instead of a table")
    fid.add_argument(
        "--threads",
        type=thread_count,
        metavar="N",
        help="threads to use (default: OMP_NUM_THREADS, else all usable CPUs)",
    )
    fid.add_argument("--quiet", action="store_true", help="no progress")


def _colours(text: str) -> float | list[float]:
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        values = []
    if len(values) not in (1, 3):
        raise argparse.ArgumentTypeError(f"expected one number or three separated by commas, got {text!r}")
    return values[0] if len(values) == 1 else values


def _fid(options: argparse.Namespace) -> int:
    from metrix.generative import frechet_distance, kernel_inception_distance, prdc, write_statistics

    if options.generated is None and options.save is None:
        raise ValueError("expected two sets to compare, or --save")
    paths = [path for path in (options.real, options.generated) if path is not None]
    with _counting(quiet=options.quiet or options.json) as progress:
        sides = [_side(path, options, progress) for path in paths]
    if options.save is not None:
        write_statistics(options.save, sides[0])
    if len(sides) == 1:
        return 0
    values: dict[str, float] = {"fid": frechet_distance(*sides)}
    if options.kid:
        kid = kernel_inception_distance(*sides, subsets=options.kid_subsets, subset_size=options.kid_subset_size)
        values |= {"kid_mean": kid.mean, "kid_std": kid.std}
    if options.prdc:
        values |= prdc(*sides, k=options.neighbours, num_threads=options.threads)._asdict()
    if options.json:
        print(json.dumps(values, indent=2))
        return 0
    for name, value in values.items():
        print(f"{name:12s} {value:.6g}")
    return 0


def _side(path: Path, options: argparse.Namespace, progress: Progress) -> Any:
    """Features where they are needed or are there, else statistics."""
    import numpy as np

    from metrix.generative import FeatureExtractor, read_statistics

    if not path.exists():
        raise FileNotFoundError(2, "no such file or folder", str(path))
    needs_features = options.kid or options.prdc
    if path.is_dir():
        if options.model is None:
            raise ValueError(f"{path}: expected --model to make features of images")
        extractor = FeatureExtractor(
            options.model,
            size=options.size,
            resize=options.resize,
            mean=options.mean,
            std=options.std,
            batch_size=options.batch_size,
            num_threads=options.threads,
        )
        make = extractor.features if needs_features else extractor.statistics
        return make(path, progress=progress)
    if path.suffix == ".npz":
        if needs_features:
            raise ValueError(f"{path}: expected features for --kid and --prdc, got statistics")
        return read_statistics(path)
    return np.load(path, mmap_mode="r", allow_pickle=False)
