#include "support/radix_sort.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "support/parallel.hpp"

namespace metrix {
namespace {

constexpr int digit_bits = 11;
constexpr std::size_t digit_values = std::size_t{1} << digit_bits;
constexpr std::size_t few = 1024;             // below this, comparing is faster
constexpr Index least_part = Index{1} << 16;  // of a thread

using Counts = std::array<Index, digit_values>;

// Least significant digit first. Each thread counts and moves a part of its own, to places that the counts of all leave
// it.
template <class Key>
void sort(View1<Key> keys, View1<Key> scratch, int num_threads) {
    if (keys.size() < few) return std::sort(keys.begin(), keys.end());
    const Index size = ssize(keys);
    const Index part_count = std::clamp<Index>(size / least_part, 1, std::max(1, num_threads));
    const auto edge = [&](Index part) { return size * part / part_count; };
    std::vector<Counts> counts(static_cast<std::size_t>(part_count));
    Key* from = keys.data();
    Key* to = scratch.data();
    for (int shift = 0; shift < static_cast<int>(8 * sizeof(Key)); shift += digit_bits) {
        const auto digit = [shift](Key key) { return static_cast<std::size_t>(key >> shift) & (digit_values - 1); };
        parallel_for(part_count, num_threads, [&](Index part, int) {
            Counts& own = counts[static_cast<std::size_t>(part)];
            own.fill(0);
            for (Index i = edge(part); i < edge(part + 1); ++i) ++own[digit(from[i])];
        });
        Index place = 0;
        bool is_shared = false;  // by all keys: nothing to do
        for (std::size_t value = 0; value < digit_values; ++value) {
            const Index before = place;
            for (Counts& of_part : counts) place += std::exchange(of_part[value], place);
            is_shared = is_shared || place - before == size;
        }
        if (is_shared) continue;
        parallel_for(part_count, num_threads, [&](Index part, int) {
            Counts& own = counts[static_cast<std::size_t>(part)];
            for (Index i = edge(part); i < edge(part + 1); ++i) {
                const Key key = from[i];
                to[own[digit(key)]++] = key;
            }
        });
        std::swap(from, to);
    }
    if (from != keys.data()) std::copy_n(from, size, keys.data());
}

}  // namespace

void radix_sort(View1<std::uint32_t> keys, View1<std::uint32_t> scratch, int num_threads) {
    sort(keys, scratch, num_threads);
}

void radix_sort(View1<std::uint64_t> keys, View1<std::uint64_t> scratch, int num_threads) {
    sort(keys, scratch, num_threads);
}

}  // namespace metrix
