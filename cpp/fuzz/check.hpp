// What a fuzzer demands of the kernels besides not breaking memory.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace metrix::fuzz {

inline void check(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "not true: %s\n", what);
    std::abort();
}

}  // namespace metrix::fuzz
