// Non-owning views of contiguous data: what kernels take instead of pointers with loose sizes.
#pragma once

#include <cstddef>
#include <iterator>
#include <span>

namespace metrix {

using Index = std::ptrdiff_t;

template <class T>
using View1 = std::span<T>;

// Row-major matrix with contiguous rows that follow each other without gaps.
template <class T>
struct View2 {
    T* data = nullptr;
    Index rows = 0;
    Index columns = 0;

    [[nodiscard]] T* row(Index i) const { return data + i * columns; }
    [[nodiscard]] T& operator()(Index i, Index j) const { return data[i * columns + j]; }
    [[nodiscard]] Index size() const { return rows * columns; }
    [[nodiscard]] View1<T> flat() const { return {data, static_cast<std::size_t>(size())}; }
    operator View2<const T>() const { return {data, rows, columns}; }  // NOLINT(google-explicit-constructor)
};

// Sizes as signed numbers.
using std::ssize;

}  // namespace metrix
