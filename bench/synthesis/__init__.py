"""Seeded generators of COCO-format data: scenes, outlines, ground truth, detections.

Nothing here is timed. Everything is drawn from explicit ``numpy.random.Generator`` objects, so a workload is a
function of its name and version alone.
"""
