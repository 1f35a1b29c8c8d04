// Boxes as columns: one contiguous array per corner and one for the areas, so that a loop over boxes is vectorised.
#pragma once

#include <vector>

#include "kernels/boxes/overlap.hpp"
#include "support/view.hpp"

namespace metrix::boxes {

template <class T>
class Columns {
  public:
    explicit Columns(Index count) : count_(count), values_(static_cast<std::size_t>(5 * count)) {}

    Columns(View2<const T> rows, Format format) : Columns(rows.rows) {
        for (Index i = 0; i < count_; ++i) set(i, from_row(rows.row(i), format));
    }

    void set(Index i, const Box<T>& box) {
        T* at = values_.data() + i;
        at[0] = box.x1;
        at[count_] = box.y1;
        at[2 * count_] = box.x2;
        at[3 * count_] = box.y2;
        at[4 * count_] = box.area;
    }

    [[nodiscard]] Index size() const { return count_; }

    // Raw columns for inner loops; the compiler sees five pointers with one index.
    struct Pointers {
        const T* x1;
        const T* y1;
        const T* x2;
        const T* y2;
        const T* area;
        [[nodiscard]] Box<T> operator[](Index i) const { return {x1[i], y1[i], x2[i], y2[i], area[i]}; }
    };
    [[nodiscard]] Pointers from(Index first) const {
        const T* at = values_.data() + first;
        return {at, at + count_, at + 2 * count_, at + 3 * count_, at + 4 * count_};
    }
    [[nodiscard]] Box<T> operator[](Index i) const { return from(i)[0]; }

  private:
    Index count_;
    std::vector<T> values_;
};

}  // namespace metrix::boxes
