// Labels of any integer type as codes (kernels/classification/confusion.hpp): loops that exist once for each
// instruction set (codes.cpp is compiled for each).
#pragma once

#include "kernels/classification/confusion.hpp"

namespace metrix::classification {

inline constexpr int label_types = 8;

struct Encoders {
    // ignores: whether coding.ignored gets the code span + 1.
    void (*bytes[label_types])(const void* labels, Index first, Index count, const Coding& coding, bool ignores,
                               std::uint8_t* codes);
    void (*wide[label_types])(const void* labels, Index first, Index count, const Coding& coding, bool ignores,
                              std::int32_t* codes);
};

// Those of this machine.
const Encoders& encoders();

}  // namespace metrix::classification
