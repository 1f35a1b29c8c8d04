// What is done with run lengths alone: areas, boxes, unions, pixels.
#pragma once

#include "kernels/masks.hpp"

namespace metrix::masks {

// h * w; below 2^64 for any 32-bit sides.
inline std::uint64_t pixel_count(std::uint32_t height, std::uint32_t width) {
    return static_cast<std::uint64_t>(height) * width;
}

// True if the runs sum to h * w < 2^31 and none is 0 but perhaps the first. Two regular masks of one size have one
// sequence of borders each, strictly ascending, and no sum of two run lengths wraps: the short cuts rest on this.
bool is_regular(const RunLengths& mask);

// The reference's walk along two masks side by side, to the bit and to its end, whatever the run lengths. Calls
// step(length, a, b) for each stretch where neither mask changes, a and b being its pixels. `last` tells the step that
// ends the walk. Returns what is wrong if the reference would never end.
template <class Step>
[[nodiscard]] Problem walk(View1<const std::uint32_t> a, View1<const std::uint32_t> b, Step step) {
    std::uint32_t left_a = a[0];
    std::uint32_t left_b = b[0];
    std::size_t next_a = 1;
    std::size_t next_b = 1;
    bool pixel_a = false;
    bool pixel_b = false;
    for (;;) {
        const std::uint32_t length = left_a < left_b ? left_a : left_b;
        const bool was_a = pixel_a;
        const bool was_b = pixel_b;
        left_a -= length;
        left_b -= length;
        bool moved = length > 0;
        if (left_a == 0 && next_a < a.size()) {
            left_a = a[next_a++];
            pixel_a = !pixel_a;
            moved = true;
        }
        if (left_b == 0 && next_b < b.size()) {
            left_b = b[next_b++];
            pixel_b = !pixel_b;
            moved = true;
        }
        const bool last = left_a + left_b == 0;  // modulo 2^32, as the reference
        step(length, was_a, was_b, pixel_a, pixel_b, last);
        if (last) return nullptr;
        if (!moved) return "its runs sum to another total than those of the mask it is compared with";
    }
}

}  // namespace metrix::masks
