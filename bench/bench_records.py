#!/usr/bin/env python3
"""Reading COCO's JSON into columns: metrix against json and orjson, which stop at Python objects.

    python bench/bench_records.py                       200 000 boxes, 50 000 masks
    python bench/bench_records.py --records 20000       a tenth

Runs with the metrix of the Python that runs it; orjson is left out where it is not installed. Checks first that every
column has the bits of what json.load gives, and only then times; prints the best of the repetitions, as ratios are
steadier than times. Exit status: 0 done, 1 the columns differ.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from metrix import masks
from metrix.records import read_detections


def main() -> int:
    """Write the files, compare, time."""
    introduction, _, rest = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(
        description=introduction, epilog=rest, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=int, default=200_000, metavar="N", help="boxes (default: 200000)")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2], metavar="N", help="(default: 1 2)")
    parser.add_argument("--repeat", type=int, default=5, metavar="N", help="repetitions (default: 5)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for name, records in (("boxes", boxes(options.records)), ("masks", run_lengths(options.records // 4))):
            path = Path(folder) / f"{name}.json"
            path.write_text(json.dumps(records))
            different = differences(path)
            if different:
                print(f"{name}: not the bits of json.load: {different}", file=sys.stderr)
                return 1
            print_table(name, path, options)
    return 0


def boxes(count: int) -> list[dict[str, Any]]:
    """Detections as a network gives them: float32 numbers, spelled as doubles."""
    rng = np.random.default_rng(1)
    numbers = rng.uniform(0, 640, (count, 5)).astype(np.float32).astype(np.float64)
    return [
        {"image_id": i // 100, "category_id": i % 80 + 1, "bbox": row[:4], "score": row[4] / 640}
        for i, row in enumerate(numbers.tolist())
    ]


def run_lengths(count: int) -> list[dict[str, Any]]:
    """Masks of a few hundred runs."""
    rng = np.random.default_rng(2)
    patterns = [masks.to_string(rng.integers(1, 400, 300)).decode() for _ in range(64)]
    return [
        {
            "image_id": i // 100,
            "category_id": 1,
            "segmentation": {"size": [480, 640], "counts": patterns[i % 64]},
            "score": score,
        }
        for i, score in enumerate(rng.random(count).tolist())
    ]


def differences(path: Path) -> list[str]:
    """The columns whose bits are not those of json.load."""
    records = json.loads(path.read_text())
    found = read_detections(path)
    absent = [float("nan")] * 4
    expected = {
        "image_id": np.array([record["image_id"] for record in records]),
        "category_id": np.array([record["category_id"] for record in records]),
        "score": np.array([record["score"] for record in records]),
        "bbox": np.array([record.get("bbox", absent) for record in records]),
        "counts": "".join(record["segmentation"]["counts"] for record in records if "segmentation" in record).encode(),
    }
    assert found.bbox is not None
    assert found.masks is not None
    columns = {
        "image_id": found.image_id.values,
        "category_id": found.category_id.values,
        "score": found.score,
        "bbox": found.bbox,
        "counts": found.masks.payload,
    }
    return [name for name, column in columns.items() if column.tobytes() != bytes(memoryview(expected[name]).cast("B"))]


def print_table(name: str, path: Path, options: argparse.Namespace) -> None:
    """One row per reader."""
    readers: dict[str, Callable[[], Any]] = {"json": lambda: json.loads(path.read_bytes())}
    try:
        orjson = importlib.import_module("orjson")
        readers["orjson"] = lambda: orjson.loads(path.read_bytes())
    except ImportError:
        pass
    for threads in options.threads:
        readers[f"metrix, {threads} threads"] = lambda threads=threads: read_detections(path, num_threads=threads)
    size = path.stat().st_size / 1e6
    best = dict.fromkeys(readers, float("inf"))
    for _ in range(options.repeat):  # in turn, so that a disturbance meets all of them
        for reader, read in readers.items():
            start = time.perf_counter()
            read()
            best[reader] = min(best[reader], time.perf_counter() - start)
    print(f"\n{name}, {size:.1f} MB\n\n| reader | seconds | MB/s | against json |\n|---|---:|---:|---:|")
    for reader, seconds in best.items():
        print(f"| {reader} | {seconds:.3f} | {size / seconds:.0f} | {best['json'] / seconds:.1f}x |")


if __name__ == "__main__":
    sys.exit(main())
