// How often each pair of two bytes occurs (kernels/classification/confusion.hpp): loops that exist once for each
// instruction set (pairs.cpp is compiled for each).
#pragma once

#include <cstdint>

#include "support/view.hpp"

namespace metrix::classification {

// Codes of bytes of one side: min(byte - low, span), and span + 1 for the ignored one; or bytes that are codes already.
struct ByteCoding {
    bool clamps = false;
    std::uint8_t low = 0;
    std::uint8_t span = 0;
    bool ignores = false;
    std::uint8_t ignored = 0;
};

// The cell of a pair is code of truth * stride + code of prediction.
struct PairCoding {
    ByteCoding truth;
    ByteCoding prediction;
    std::uint32_t stride = 0;
    Index cells = 0;               // of one table, at most 2^16
    std::uint32_t of_true[256];    // code of each byte * stride
    std::uint32_t predicted[256];  // code of each byte
};

// Counts of pairs, in several tables whose sum counts: a cell that has just been written is slow to read, so that
// neighbours go to different tables. Or, of at most 16 cells, one table of pairs and one of four pairs in a row: no
// machine stores more than one number per cycle at any place, so that fewer stores are all that helps.
enum Tables { eight, four, two, quads, table_choices };

inline constexpr Index quad_cells = 16;
inline constexpr Index quad_count = quad_cells * quad_cells * quad_cells * quad_cells;

struct PairLoops {
    // Adds to these tables, one after the other in memory.
    using Function = void (*)(const std::uint8_t* truth, const std::uint8_t* prediction, Index count,
                              const PairCoding& coding, std::uint32_t* tables);
    Function count[table_choices];
};

// Those of this machine.
const PairLoops& pair_loops();

}  // namespace metrix::classification
