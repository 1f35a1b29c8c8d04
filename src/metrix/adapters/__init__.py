"""Losses where people train: PyTorch, JAX, and gradient boosting. Each needs its framework and is imported by name.

No kernel: wraps ``metrix.losses``.
"""
