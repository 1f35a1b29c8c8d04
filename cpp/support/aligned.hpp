// A vector that begins where a line of the cache does: loads of whole registers then never touch two lines.
#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace metrix {

inline constexpr std::size_t cache_line = 64;

template <class T>
struct LineAllocator {
    using value_type = T;

    LineAllocator() = default;
    template <class Other>
    LineAllocator(const LineAllocator<Other>& /*other*/) noexcept {}  // NOLINT: allocators convert

    T* allocate(std::size_t count) {
        if (count > std::size_t(-1) / sizeof(T)) throw std::bad_array_new_length();
        return static_cast<T*>(::operator new(count * sizeof(T), std::align_val_t{cache_line}));
    }
    void deallocate(T* memory, std::size_t /*count*/) noexcept {
        ::operator delete(memory, std::align_val_t{cache_line});
    }

    friend bool operator==(const LineAllocator& /*a*/, const LineAllocator& /*b*/) { return true; }
};

template <class T>
using AlignedVector = std::vector<T, LineAllocator<T>>;

}  // namespace metrix
