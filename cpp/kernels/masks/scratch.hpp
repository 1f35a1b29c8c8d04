// Memory that is handed out in order and taken back at once: expanding a mask allocates nothing once it has run a
// while.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <vector>

#include "support/view.hpp"

namespace metrix::masks {

// What take() returned stays valid and in place until clear().
class Arena {
  public:
    // Room for `count` uninitialised values.
    template <class T>
    [[nodiscard]] View1<T> take(std::size_t count) {
        return {reinterpret_cast<T*>(take_bytes(count * sizeof(T))), count};
    }

    // Gives back what the latest take() has too much: only its first `kept` values are wanted.
    template <class T>
    [[nodiscard]] View1<T> keep(View1<T> latest, std::size_t kept) {
        used_ = std::min(used_, latest_ + round_up(kept * sizeof(T)));
        return latest.first(kept);
    }

    void clear() {
        chunk_ = 0;
        used_ = latest_ = 0;
    }

    // Takes back, at its end of life, what was taken during it.
    class Frame {
      public:
        explicit Frame(Arena& arena) : arena_(arena), chunk_(arena.chunk_), used_(arena.used_) {}
        ~Frame() {
            arena_.chunk_ = chunk_;
            arena_.used_ = used_;
        }
        Frame(const Frame&) = delete;
        Frame& operator=(const Frame&) = delete;

      private:
        Arena& arena_;
        std::size_t chunk_;
        std::size_t used_;
    };

  private:
    struct Chunk {
        std::unique_ptr<std::byte[]> bytes;
        std::size_t size = 0;
    };
    static constexpr std::size_t alignment = 16;
    static constexpr std::size_t least_chunk = std::size_t{1} << 16;

    static std::size_t round_up(std::size_t size) { return (size + alignment - 1) / alignment * alignment; }

    std::byte* take_bytes(std::size_t size) {
        const std::size_t wanted = round_up(size);
        while (chunk_ < chunks_.size() && chunks_[chunk_].size - used_ < wanted) {
            ++chunk_;
            used_ = 0;
        }
        if (chunk_ == chunks_.size()) {
            const std::size_t doubled = chunks_.empty() ? least_chunk : 2 * chunks_.back().size;
            const std::size_t bytes = std::max(wanted, std::min(doubled, largest_growth));
            chunks_.push_back({std::unique_ptr<std::byte[]>(new std::byte[bytes]), bytes});
            used_ = 0;
        }
        latest_ = used_;
        used_ += wanted;
        return chunks_[chunk_].bytes.get() + latest_;
    }

    static constexpr std::size_t largest_growth = std::size_t{1} << 22;

    std::vector<Chunk> chunks_;
    std::size_t chunk_ = 0;
    std::size_t used_ = 0;
    std::size_t latest_ = 0;
};

// What the functions of one thread work in. `results` holds what they return, until the caller clears it; `work` is
// theirs alone, each call leaves it as it was found.
struct Scratch {
    Arena results;
    Arena work;

    void clear() { results.clear(); }
};

}  // namespace metrix::masks
