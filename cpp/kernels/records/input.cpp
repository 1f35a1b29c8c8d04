#include "kernels/records/input.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "support/error.hpp"

namespace metrix::records {
namespace {

constexpr Index initial_head_room = Index{1} << 16;
// A window that had to grow this far without finding the end of one record is no detection file.
constexpr Index largest_window = Index{1} << 30;

}  // namespace

Input::Input(ReadFunction read, Index block_size) : read_(read), block_size_(block_size) {
    next_.head_room = initial_head_room;
    extend();
}

void Input::consume(const char* text) {
    begin_position_ += static_cast<std::uint64_t>(text - begin_);
    begin_ = text;
}

void Input::fill(Block& block) {
    // A value that fills the window is read again with each block: blocks as large as the window keep that linear.
    const Index wanted = std::max(block_size_, end_ - begin_);
    const Index capacity = block.head_room + wanted + text_padding;
    if (ssize(block.storage) < capacity) block.storage.resize(static_cast<std::size_t>(capacity));
    char* const data = block.storage.data() + block.head_room;
    block.size = 0;
    while (block.size < wanted) {  // a stream may give less than it is asked for
        const Index got = read_(data + block.size, wanted - block.size);
        if (got == 0) break;
        block.size += got;
    }
    block.is_last = block.size < wanted;
    std::memset(data + block.size, 0, text_padding);
}

void Input::prefetch() {
    if (exhausted_ || next_is_filled_) return;
    fill(next_);
    next_is_filled_ = true;
}

void Input::extend() {
    if (exhausted_) return;
    prefetch();
    next_is_filled_ = false;
    exhausted_ = next_.is_last;

    const Index kept = end_ - begin_;
    if (kept > largest_window) {
        throw_value_error("byte " + std::to_string(begin_position_) + ": one value takes more than 1 GiB");
    }
    if (kept > next_.head_room) {  // doubling, so that a long value is moved a few times only
        Block wider;
        wider.head_room = 2 * kept;
        wider.storage.resize(static_cast<std::size_t>(wider.head_room + next_.size + text_padding));
        std::memcpy(wider.storage.data() + wider.head_room, next_.storage.data() + next_.head_room,
                    static_cast<std::size_t>(next_.size + text_padding));
        wider.size = next_.size;
        wider.is_last = next_.is_last;
        next_ = std::move(wider);
    }
    char* const data = next_.storage.data() + next_.head_room;
    if (kept > 0) std::memcpy(data - kept, begin_, static_cast<std::size_t>(kept));
    begin_ = data - kept;
    end_ = data + next_.size;
    std::swap(current_, next_);
}

}  // namespace metrix::records
