// Text that arrives in blocks from a file, a decompressor or memory, of which only a window is held.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/records/json.hpp"
#include "support/parallel.hpp"
#include "support/view.hpp"

namespace metrix::records {

// Writes at most `capacity` bytes to `destination` and returns how many; 0 means the end of the text.
using ReadFunction = FunctionRef<Index(char* destination, Index capacity)>;

class Input {
  public:
    explicit Input(ReadFunction read, Index block_size);

    // The window: text not consumed yet, followed by text_padding zero bytes.
    [[nodiscard]] const char* begin() const { return begin_; }
    [[nodiscard]] const char* end() const { return end_; }
    [[nodiscard]] bool exhausted() const { return exhausted_; }  // nothing follows the window
    [[nodiscard]] std::uint64_t position(const char* text) const {
        return begin_position_ + static_cast<std::uint64_t>(text - begin_);
    }

    void consume(const char* text);

    // Reads the next block to the side, so that it can happen while others work on the window.
    void prefetch();

    // Lets the window grow by the next block. Pointers into the window become invalid.
    void extend();

  private:
    struct Block {
        std::vector<char> storage;  // head room for what the window still holds, then the block, then padding
        Index head_room = 0;
        Index size = 0;
        bool is_last = false;
    };

    void fill(Block& block);

    ReadFunction read_;
    Index block_size_;
    Block current_;
    Block next_;
    bool next_is_filled_ = false;
    const char* begin_ = nullptr;
    const char* end_ = nullptr;
    std::uint64_t begin_position_ = 0;
    bool exhausted_ = false;
};

}  // namespace metrix::records
