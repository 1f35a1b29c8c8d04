#!/usr/bin/env python3
"""Boundary AP side by side: ``bench_detection.py`` on masks and their boundaries, for the packages that know them.

    python bench/bench_boundary.py [options of bench_detection.py]

The reference is pycocotools with the boundaries of boundary-iou-api, by OpenCV.
"""

from __future__ import annotations

import sys

import bench_detection

CHOICES = {
    "--workload": ("val2017_boundary_36k", "val2017_boundary_125k"),
    "--package": ("metrix", "pycocotools", "faster_coco_eval", "vernier", "ultrafast_pycocotools"),
    "--route": ("files",),
}


def main() -> int:
    for option, values in CHOICES.items():
        if option not in sys.argv:
            sys.argv += [word for value in values for word in (option, value)]
    return bench_detection.main()


if __name__ == "__main__":
    sys.exit(main())
