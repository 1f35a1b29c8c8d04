// Where the surface of a mask lies, and distances from one surface to another.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "kernels/distances.hpp"

namespace metrix::distances {

struct Points {
    std::vector<std::array<std::int32_t, 3>> places;
    std::vector<std::uint8_t> codes;  // of surfels alone
};

// In the order of memory. A picture (axes = 2) has no neighbours in front and behind.
Points surface_points(const Mask& mask, int axes, Surface surface, int num_threads);

// Of each point to the nearest of the others, which are some.
std::vector<double> nearest_distances(const Points& from, const Points& to, const std::array<double, 3>& spacing,
                                      int num_threads);

}  // namespace metrix::distances
