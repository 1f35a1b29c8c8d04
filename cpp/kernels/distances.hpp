// The exact Euclidean distance transform: of each element the distance to the nearest element that is 0.
//
//   D(p) = min over background q of sum over axes ((p - q) spacing)^2, and its square root
//
// One axis after the other: along the first a sweep in either direction, along each other one the lower envelope of the
// parabolas h(q) + ((p - q) spacing)^2 over the squares h so far (Felzenszwalb and Huttenlocher 2012).
//
// The envelope is found by search, not by intersecting parabolas: where the nearest q of p is known, that of a place to
// its right lies no further left. So the nearest of every sixteenth place is searched between those of its neighbours,
// by halving, and the sixteen places between two of them have as candidates only what lies between theirs. Both are
// loops over vectors, some five operations an element, whatever the distances.
//
// With spacing 1 squares are 32-bit integers, and exact; with any other they are doubles. Work happens in the memory of
// the result: nothing of the input's size is made beside it. Results have the same bits for any number of threads.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "support/view.hpp"

namespace metrix::distances {

// A mask (depth, height, width), 0: background; depth is 1 for a picture.
struct Mask {
    const std::uint8_t* data = nullptr;
    std::array<Index, 3> shape{};
    std::array<double, 3> spacing{1, 1, 1};
};

// distance: of the mask's shape; infinite everywhere if there is no background.
void distance_transform_edt(const Mask& mask, double* distance, int num_threads);

// Which elements are the surface of a mask.
//   inner:   those of the mask with a neighbour outside of it or of the array, along an axis
//   surfels: corners between elements that have some of the mask around them, and some of the rest or of the outside
//   davis:   elements unlike one of those to the right, below and across; in pictures
enum class Surface { inner, surfels, davis };

// Distances from each element of one surface to the nearest of the other, in the order of memory; infinite if that has
// none. Codes tell which of the elements around a surfel are in the mask, the first one in memory by the highest bit.
struct SurfaceDistances {
    std::vector<double> distances[2];
    std::vector<std::uint8_t> codes[2];
};

// axes: 2 for pictures, whose depth is 1.
SurfaceDistances surface_distances(const Mask& y_true, const Mask& y_pred, int axes, Surface surface, int num_threads);

}  // namespace metrix::distances
