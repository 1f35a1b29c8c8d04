"""Similarity of 1080p images and of volumes, PSNR of 4K images, beside what people call and five lines of OpenCV."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from harness.rounds import contest, optional, print_heading, quick_from_arguments
from metrix.image_quality import (
    SCALE_WEIGHTS,
    gradient_magnitude_similarity_deviation,
    multiscale_structural_similarity,
    peak_signal_noise_ratio,
    structural_similarity,
    visual_information_fidelity,
)

cv2 = optional("cv2")
skimage = optional("skimage.metrics")
torch = optional("torch")
pytorch_msssim = optional("pytorch_msssim")
torchmetrics = optional("torchmetrics.functional.image")

Calls = dict[str, Callable[[], Any]]


def images(shape: tuple[int, ...], dtype: type) -> tuple[Any, Any]:
    """Smooth areas, edges and texture, and the same with noise."""
    rng = np.random.default_rng(1)
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    plain = 120 + 60 * np.sin(rows / 97) * np.cos(columns / 61) + 40 * ((rows // 50 + columns // 70) % 2)
    plain = plain[..., None] + 6 * rng.normal(size=(*shape[:2], shape[2] if len(shape) == 3 else 1))
    image = np.clip(plain, 0, 255).reshape(shape)
    other = np.clip(image + rng.normal(scale=8, size=shape), 0, 255)
    return image.astype(dtype), other.astype(dtype)


def own_ssim(x: Any, y: Any, blur: Callable[[Any], Any]) -> tuple[float, float]:
    """Means of ssim and cs by five filters over single-precision copies; the border is cut off."""
    x, y = x.astype(np.float32), y.astype(np.float32)
    mx, my = blur(x), blur(y)
    sx, sy, sxy = blur(x * x) - mx * mx, blur(y * y) - my * my, blur(x * y) - mx * my
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    cs = (2 * sxy + c2) / (sx + sy + c2)
    ssim = (2 * mx * my + c1) / (mx * mx + my * my + c1) * cs
    return ssim[5:-5, 5:-5].mean(dtype=np.float64), cs[5:-5, 5:-5].mean(dtype=np.float64)


def opencv_ssim(x: Any, y: Any, threads: int) -> float:
    cv2.setNumThreads(threads)
    return own_ssim(x, y, lambda image: cv2.GaussianBlur(image, (11, 11), 1.5))[0]


def opencv_ms_ssim(x: Any, y: Any, threads: int) -> float:
    cv2.setNumThreads(threads)
    x, y, product = x.astype(np.float32), y.astype(np.float32), 1.0
    for scale, weight in enumerate(SCALE_WEIGHTS):
        if scale:
            x, y = (
                cv2.resize(side, (side.shape[1] // 2, side.shape[0] // 2), interpolation=cv2.INTER_AREA)
                for side in (x, y)
            )
        ssim, cs = own_ssim(x, y, lambda image: cv2.GaussianBlur(image, (11, 11), 1.5))
        product *= max(ssim if scale == len(SCALE_WEIGHTS) - 1 else cs, 0.0) ** weight
    return product


def torch_ssim(name: str, x: Any, y: Any, threads: int) -> float:
    torch.set_num_threads(threads)
    sides = (torch.from_numpy(np.atleast_3d(side).astype(np.float32)).permute(2, 0, 1)[None] for side in (x, y))
    return float(getattr(pytorch_msssim, name)(*sides, data_range=255))


def bench_structural_similarity(shape: tuple[int, ...], dtype: type, threads: int, rounds: int) -> None:
    x, y = images(shape, dtype)
    axis = -1 if len(shape) == 3 else None
    common: dict[str, Any] = {"data_range": 255, "channel_axis": axis}
    calls: Calls = {"metrix": lambda: structural_similarity(x, y, num_threads=threads, **common)}
    if cv2 is not None:
        calls["own OpenCV"] = lambda: opencv_ssim(x, y, threads)
    if skimage is not None:
        wang = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
        calls["scikit-image"] = lambda: skimage.structural_similarity(x, y, **wang, **common)
    if pytorch_msssim is not None:
        calls["pytorch-msssim"] = lambda: torch_ssim("ssim", x, y, threads)
    title = f"structural_similarity {shape} {np.dtype(dtype).name}, {threads} threads"
    contest(title, calls, inexact=list(calls), rounds=rounds)


def bench_multiscale_structural_similarity(shape: tuple[int, ...], dtype: type, threads: int, rounds: int) -> None:
    x, y = images(shape, dtype)
    axis = -1 if len(shape) == 3 else None
    calls: Calls = {
        "metrix": lambda: multiscale_structural_similarity(
            x, y, data_range=255, channel_axis=axis, odd_side="drop", num_threads=threads
        )
    }
    if cv2 is not None:
        calls["own OpenCV"] = lambda: opencv_ms_ssim(x, y, threads)
    if pytorch_msssim is not None:
        calls["pytorch-msssim"] = lambda: torch_ssim("ms_ssim", x, y, threads)
    title = f"multiscale_structural_similarity {shape} {np.dtype(dtype).name}, {threads} threads"
    contest(title, calls, inexact=list(calls), rounds=rounds)


def bench_peak_signal_noise_ratio(dtype: type, threads: int, rounds: int) -> None:
    x, y = images((2160, 3840, 3), dtype)
    calls: Calls = {
        "metrix": lambda: peak_signal_noise_ratio(x, y, data_range=255, channel_axis=-1, num_threads=threads)
    }
    if cv2 is not None:
        calls["cv2.PSNR"] = lambda: cv2.PSNR(x, y, 255)
    if skimage is not None:
        calls["scikit-image"] = lambda: skimage.peak_signal_noise_ratio(x, y, data_range=255)
    title = f"peak_signal_noise_ratio (2160, 3840, 3) {np.dtype(dtype).name}, {threads} threads"
    contest(title, calls, inexact=list(calls), rounds=rounds)


def bench_volumes(size: int, threads: int, rounds: int) -> None:
    rng = np.random.default_rng(2)
    x = rng.random((size, size, size), dtype=np.float32)
    y = np.clip(x + rng.normal(scale=0.1, size=x.shape), 0, 1).astype(np.float32)
    calls: Calls = {
        "metrix": lambda: structural_similarity(x, y, data_range=1, dimensions=3, num_threads=threads),
    }
    if skimage is not None:
        wang = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
        calls["scikit-image"] = lambda: skimage.structural_similarity(x, y, data_range=1, **wang)
    contest(f"structural_similarity of volumes {size}^3, {threads} threads", calls, inexact=list(calls), rounds=rounds)


def bench_features(threads: int, rounds: int) -> None:
    """The published definitions over images of even sides, where all of them agree."""
    x, y = (side.astype(np.float64) for side in images((1080, 1920), np.uint8))
    calls: Calls = {"metrix": lambda: visual_information_fidelity(x, y, data_range=255, num_threads=threads)}
    if torchmetrics is not None:
        torch.set_num_threads(threads)
        sides = [torch.from_numpy(side)[None, None] for side in (x, y)]
        calls["torchmetrics"] = lambda: float(torchmetrics.visual_information_fidelity(*sides))
    contest(f"visual_information_fidelity (1080, 1920), {threads} threads", calls, inexact=list(calls), rounds=rounds)
    calls = {"metrix": lambda: gradient_magnitude_similarity_deviation(x, y, data_range=255, ddof=0)}
    if cv2 is not None:
        calls["own OpenCV"] = lambda: opencv_gmsd(x, y)
    contest("gradient_magnitude_similarity_deviation (1080, 1920)", calls, inexact=list(calls), rounds=rounds)


def opencv_gmsd(x: Any, y: Any) -> float:
    prewitt = np.array([[1.0, 0, -1]] * 3) / 3

    def gradient(image: Any) -> Any:
        small = cv2.resize(image / 255, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        by_column, by_row = (cv2.filter2D(small, -1, k, borderType=cv2.BORDER_CONSTANT) for k in (prewitt, prewitt.T))
        return np.sqrt(by_column**2 + by_row**2)

    gx, gy = gradient(x), gradient(y)
    constant = 170 / 255**2
    return float(np.std((2 * gx * gy + constant) / (gx**2 + gy**2 + constant)))


if __name__ == "__main__":
    quick = quick_from_arguments(__doc__ or "")
    print_heading("Quality of images", ["opencv-python-headless", "scikit-image", "pytorch_msssim"])
    rounds = 3 if quick else 7
    for threads in (1,) if quick else (1, 2):
        for dtype in (np.uint8, np.float32) if quick else (np.uint8, np.float32, np.float64):
            for shape in [(1080, 1920)] if quick else [(1080, 1920), (1080, 1920, 3)]:
                bench_structural_similarity(shape, dtype, threads, rounds)
                bench_multiscale_structural_similarity(shape, dtype, threads, rounds)
            bench_peak_signal_noise_ratio(dtype, threads, rounds)
        bench_volumes(64 if quick else 128, threads, rounds)
        bench_features(threads, 3)
