// Boundaries of masks: the foreground within `distance` pixels of the background, or of the edge of the canvas.
//
//   boundary(M) = M \ erode(M), with the square of (2 distance + 1)^2 pixels
//
// The boundary IoU of an evaluation needs no boundary at all. What erosion leaves of a mask lies inside of it, so
//
//   |bd A n bd B| = |A n B| - |A' n B| - |A n B'| + |A' n B'|    A', B': eroded
//
// are four overlaps of spans, which cost next to nothing. Masks without spans, or with too ragged ones, get their
// boundaries as run lengths.
//
// Source: B. Cheng et al., Boundary IoU, 2021; boundary-iou-api 37d2558, boundary_iou/utils/boundary_utils.py.
#pragma once

#include "kernels/masks.hpp"

namespace metrix::masks {

// A ready mask's boundary; it refers to the same scratch.
struct ReadyBoundary {
    std::uint32_t area = 0;
    const ColumnSpans* mask = nullptr;    // the spans of the mask itself, if `eroded` holds as well
    const ColumnSpans* eroded = nullptr;  // nullptr if nothing is left, so that the boundary is the mask
    View1<const std::uint32_t> counts{};  // of the boundary, where there are no spans

    [[nodiscard]] bool is_whole_mask() const { return mask != nullptr && eroded == nullptr; }
};

// Throws Error "<name>[i]: ..." for a mask that has no pixels to speak of: see boundary() in kernels/masks.hpp.
ReadyBoundary make_boundary(const ReadyMask& mask, std::uint32_t distance, Scratch& scratch, const char* name);

// IoU of the boundaries of two masks of one size, none a crowd.
double boundary_iou(const ReadyMask& detection, const ReadyBoundary& of_detection, const ReadyMask& ground_truth,
                    const ReadyBoundary& of_ground_truth, std::uint32_t distance, Scratch& scratch);

}  // namespace metrix::masks
