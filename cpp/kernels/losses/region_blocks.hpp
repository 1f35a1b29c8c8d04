// The inner loops of region losses, over a block of pixels that stays in the cache: its classes are rows of `stride`
// numbers each. They exist once for each instruction set (region_blocks.cpp is compiled for each); all give the same
// bits.
#pragma once

#include <cstdint>

#include "kernels/losses/blocks.hpp"
#include "support/view.hpp"

namespace metrix::losses {

// What is summed for each class of a region, p being probabilities and t targets.
enum class Sums {
    overlap,  // p t, p, t
    squares,  // p t, p^2, t^2
    errors,   // (p - t)^2 t, (p - t)^2 (1 - t), t
    count
};
constexpr int sum_count = 3;

template <class T>
struct RegionBlocks {
    // Rows of probabilities from rows of logits; of each pixel its largest logit and the inverse of its sum of powers.
    void (*softmax)(const T* const* z, T* p, Index classes, Index stride, Index count, T* most, T* inverse);
    // One row of the same probabilities, once the others have been seen.
    void (*softmax_row)(const T* z, const T* most, const T* inverse, T* p, Index count);
    // And how p changes by z, to all its digits.
    void (*sigmoid)(const T* z, T* p, T* slope, Index count);
    void (*one_hot)(const std::int32_t* labels, std::int32_t label, T* t, Index count);
    // Adds to three sums.
    void (*add[static_cast<int>(Sums::count)])(const T* p, const T* t, Index count, Sum* sums);
    // Derivatives by p of `first` times the first sum and `second` times the second one.
    void (*derive[static_cast<int>(Sums::count)])(const T* p, const T* t, T first, T second, T* gradient, Index count);
    // From derivatives by the probabilities to those by the logits. `room` holds a row.
    void (*through_softmax)(T* gradient, const T* p, Index classes, Index stride, Index count, T* room);
    void (*multiply)(T* values, const T* factors, Index count);
    void (*clear)(T* values, const std::uint8_t* kept, Index count);
};

// Those of this machine.
template <class T>
const RegionBlocks<T>& region_blocks();

}  // namespace metrix::losses
