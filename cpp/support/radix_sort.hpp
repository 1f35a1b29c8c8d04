// Ascending order of unsigned keys, which are all that there is to an element: the result is the same whatever the
// number of threads.
#pragma once

#include <cstdint>

#include "support/view.hpp"

namespace metrix {

// `scratch` is as long as `keys`.
void radix_sort(View1<std::uint32_t> keys, View1<std::uint32_t> scratch, int num_threads);
void radix_sort(View1<std::uint64_t> keys, View1<std::uint64_t> scratch, int num_threads);

}  // namespace metrix
