// Panoptic quality of one image: how predicted segments match the true ones (Kirillov et al. 2019), with the rules of
// panopticapi for void and crowds.
//
//   PQ = sum of IoU over matches / (TP + FP/2 + FN/2)
//
// A pair matches if both have one category and IoU > 1/2, where the union leaves out what is void in the truth; so no
// segment matches twice. Crowds never match and are never missed. A prediction without a match is left out if more than
// half of it is void or lies in the crowd of its category; of several such crowds the last one alone counts, as there.
//
// Pixels are counted by pairs of ids: by runs, as ids seldom change along a row, and a run is one look into a hash
// table. Threads count parts of the image in tables of their own.
#pragma once

#include <cstdint>

#include "support/view.hpp"

namespace metrix::panoptic {

// rgb: three bytes a pixel, id = r + 256 g + 65536 b.
enum class PixelType { uint8, int8, uint16, int16, uint32, int32, uint64, int64, rgb };

struct Pixels {
    const void* data = nullptr;
    PixelType type = PixelType::uint32;
    Index count = 0;
};

// Of void pixels.
inline constexpr std::uint32_t void_id = 0;

struct Segments {
    View1<const std::uint32_t> id;
    View1<const std::int32_t> category;  // a row of the state
    View1<const std::int64_t> area;      // as stated, in pixels; below 0: as counted
    View1<const std::uint8_t> is_crowd;
};

// Columns of the state. An IoU of a match is a whole number of 2^-53: the sums of its upper and of its lower 32 bits
// have no rounding, so that they do not depend on the order of images.
enum Column : int { true_positives, false_positives, false_negatives, iou_high, iou_low, state_size };

// Adds one image to the state, (categories, state_size). Throws, with the state as it was, for a predicted id on the
// map that is no segment, a predicted segment that has no pixel, and a stated area that a match contradicts.
void panoptic_quality(const Pixels& y_true, const Pixels& y_pred, const Segments& truth, const Segments& predicted,
                      int num_threads, View2<std::int64_t> state);

}  // namespace metrix::panoptic
