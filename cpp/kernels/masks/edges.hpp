// One edge of an outline on the grid of fifths of pixels: where it steps over the middles of pixel columns.
// masks/polygons.hpp says what that means and why it is the reference's answer to the bit.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#ifdef __SSE4_1__
#include <smmintrin.h>
#endif

namespace metrix::masks {

// Pixel columns first .. end - 1.
struct ColumnRange {
    std::uint32_t first = 0;
    std::uint32_t end = 0;

    [[nodiscard]] std::uint32_t size() const { return end - first; }
};

// The pixel columns with their middle between two grid columns; may come out with end < first.
inline ColumnRange columns_between(int least, int largest, ColumnRange within) {
    const std::uint32_t first = least <= 2 ? 0 : static_cast<std::uint32_t>(least + 2) / 5;
    const std::uint32_t end = largest < 3 ? 0 : static_cast<std::uint32_t>(largest + 2) / 5;
    return {std::max(first, within.first), std::min(end, within.end)};
}

// The pixel row of a border at grid row v.
inline std::uint32_t border_row(int v, std::uint32_t height) {
    return v <= 2 ? 0 : std::min(static_cast<std::uint32_t>(v + 2) / 5, height);
}

// Beyond this many fifths, rounding can carry an edge over two grid columns in one step.
constexpr int largest_exact = 1 << 25;

// An edge that is longer in x: from the point with the smaller x to the other.
struct FlatEdge {
    double ay, slope, step;  // the step at which the border of the first column stands

    FlatEdge(int ax, int from_y, int bx, int by, std::uint32_t first_column) : ay(from_y) {
        if (ax > bx) {
            std::swap(ax, bx);
            ay = by;
            by = from_y;
        }
        slope = (by - ay) / (bx - ax);
        step = static_cast<double>(static_cast<int>(5 * first_column) + 2 - ax) + (slope < 0 ? 1 : 0);
    }

    // The grid rows of the borders of `count` columns.
    void rows(std::uint32_t count, int* rows) const {
        std::uint32_t i = 0;
        double at = step;
#ifdef __SSE4_1__
        __m128d steps = _mm_add_pd(_mm_set1_pd(at), _mm_set_pd(5, 0));
        for (; i + 2 <= count; i += 2) {
            const __m128d y = _mm_add_pd(_mm_set1_pd(ay), _mm_mul_pd(_mm_set1_pd(slope), steps));
            const __m128i cut = _mm_cvttpd_epi32(_mm_add_pd(y, _mm_set1_pd(0.5)));
            _mm_storel_epi64(reinterpret_cast<__m128i*>(rows + i), cut);
            steps = _mm_add_pd(steps, _mm_set1_pd(10));
        }
        at = _mm_cvtsd_f64(steps);
#endif
        for (; i < count; ++i, at += 5) rows[i] = static_cast<int>(ay + slope * at + 0.5);
    }
};

// An edge that is longer in y: from the point with the smaller y to the other.
struct SteepEdge {
    double ax, slope, per_column;
    int ay, length;
    bool upwards;  // as it stands in the outline

    SteepEdge(int from_x, int from_y, int bx, int by) : ax(from_x), ay(from_y), upwards(from_y > by) {
        if (upwards) {
            std::swap(ay, by);
            ax = bx;
            bx = from_x;
        }
        length = by - ay;
        slope = (bx - ax) / length;
        per_column = length / (bx - ax);  // for estimates only; 1 / slope would have to wait for the slope
    }

    [[nodiscard]] double grid_x(double step) const { return ax + slope * step + 0.5; }
    [[nodiscard]] bool is_over(int step, int middle) const {
        return slope > 0 ? grid_x(step) >= middle : grid_x(step) < middle;
    }

    // The first step beyond the middle of a column, whose right grid column is `middle`.
    [[nodiscard]] int first_over(int middle) const {
        const double estimate = (middle - 0.5 - ax) * per_column;
        int step = std::clamp(static_cast<int>(estimate) + 1, 1, length);
        while (is_over(step - 1, middle)) --step;
        while (!is_over(step, middle)) ++step;
        return step;
    }

    // Whether the reference sees a border there: it does not if the step leads over two grid columns and lands wrong.
    [[nodiscard]] bool counts(int step, int middle) const {
        const int before = static_cast<int>(grid_x(step - 1));
        const int after = static_cast<int>(grid_x(step));
        const bool rightwards = (slope > 0) != upwards;
        return rightwards ? std::max(before, after) == middle : std::min(before, after) == middle - 1;
    }

    // The grid rows of the borders of `count` columns, none of which must need counts().
    void rows(std::uint32_t first_column, std::uint32_t count, int* rows) const {
        std::uint32_t i = 0;
        int middle = static_cast<int>(5 * first_column) + 3;
#ifdef __SSE4_1__
        const __m128d one = _mm_set1_pd(1);
        const __m128d half = _mm_set1_pd(0.5);
        const __m128d x = _mm_set1_pd(ax);
        const __m128d s = _mm_set1_pd(slope);
        const int not_over_before = slope > 0 ? 3 : 0;
        for (; i + 2 <= count; i += 2, middle += 10) {
            const __m128d middles = _mm_add_pd(_mm_set1_pd(middle), _mm_set_pd(5, 0));
            const __m128d estimate = _mm_mul_pd(_mm_sub_pd(_mm_sub_pd(middles, half), x), _mm_set1_pd(per_column));
            const __m128d before = _mm_min_pd(_mm_floor_pd(estimate), _mm_set1_pd(length - 1));
            const __m128d after = _mm_add_pd(before, one);
            const __m128d x_before = _mm_add_pd(_mm_add_pd(x, _mm_mul_pd(s, before)), half);
            const __m128d x_after = _mm_add_pd(_mm_add_pd(x, _mm_mul_pd(s, after)), half);
            const int less_before = _mm_movemask_pd(_mm_cmplt_pd(x_before, middles));
            const int less_after = _mm_movemask_pd(_mm_cmplt_pd(x_after, middles));
            if (less_before == not_over_before && less_after == 3 - not_over_before) [[likely]] {
                const __m128i steps = _mm_add_epi32(_mm_cvttpd_epi32(before), _mm_set1_epi32(ay));
                _mm_storel_epi64(reinterpret_cast<__m128i*>(rows + i), steps);
            } else {
                rows[i] = ay + first_over(middle) - 1;
                rows[i + 1] = ay + first_over(middle + 5) - 1;
            }
        }
#endif
        for (; i < count; ++i, middle += 5) rows[i] = ay + first_over(middle) - 1;
    }
};

inline bool is_flat(int ax, int ay, int bx, int by) {
    return std::abs(bx - ax) >= std::abs(by - ay);
}

inline bool is_exact(int ax, int ay, int bx, int by) {
    return std::max({std::abs(ax), std::abs(ay), std::abs(bx), std::abs(by)}) < largest_exact;
}

}  // namespace metrix::masks
