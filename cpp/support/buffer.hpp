// A vector whose elements are not written before they are assigned, in huge pages where it is large: the first touch of
// fresh memory costs as much as the work on it.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace metrix {

template <class T>
class UninitializedAllocator {
    static_assert(std::is_trivially_destructible_v<T>);
    static constexpr std::size_t huge_page = std::size_t{1} << 21;

  public:
    using value_type = T;

    UninitializedAllocator() = default;
    template <class Other>
    UninitializedAllocator(const UninitializedAllocator<Other>& /*other*/) noexcept {}  // NOLINT: allocators convert

    T* allocate(std::size_t count) {
        if (count > std::size_t(-1) / sizeof(T)) throw std::bad_array_new_length();
        const std::size_t size = count * sizeof(T);
        if (size < 2 * huge_page) return static_cast<T*>(::operator new(size));
        void* const memory = ::operator new(size, std::align_val_t{huge_page});
#if defined(__linux__) && defined(MADV_HUGEPAGE)
        // Advice, which the system is free to ignore; the part of a page at the end stays small.
        madvise(memory, size / huge_page * huge_page, MADV_HUGEPAGE);
#endif
        return static_cast<T*>(memory);
    }

    void deallocate(T* memory, std::size_t count) noexcept {
        if (count * sizeof(T) < 2 * huge_page) {
            ::operator delete(memory);
        } else {
            ::operator delete(memory, std::align_val_t{huge_page});
        }
    }

    template <class Element>
    void construct(Element* place) {
        ::new (static_cast<void*>(place)) Element;  // default, not value: leaves plain data as it is
    }
    template <class Element, class... Arguments>
    void construct(Element* place, Arguments&&... arguments) {
        ::new (static_cast<void*>(place)) Element(std::forward<Arguments>(arguments)...);
    }

    friend bool operator==(const UninitializedAllocator& /*a*/, const UninitializedAllocator& /*b*/) { return true; }
};

template <class T>
using Buffer = std::vector<T, UninitializedAllocator<T>>;

}  // namespace metrix
