#include "kernels/losses/similarities.hpp"

#include <algorithm>
#include <cmath>

#include "support/buffer.hpp"
#include "support/instruction_set.hpp"
#include "support/parallel.hpp"
#include "support/vector_math.hpp"

namespace metrix::losses {

METRIX_DECLARE_FOR_EACH_LEVEL(SimilarityBlocks<float>, similarities_of_floats);
METRIX_DECLARE_FOR_EACH_LEVEL(SimilarityBlocks<double>, similarities_of_doubles);

template <>
const SimilarityBlocks<float>& similarity_blocks<float>() {
    return METRIX_OF_THIS_MACHINE(similarities_of_floats);
}

template <>
const SimilarityBlocks<double>& similarity_blocks<double>() {
    return METRIX_OF_THIS_MACHINE(similarities_of_doubles);
}

namespace {

template <class T>
constexpr T infinity = std::numeric_limits<T>::infinity();

std::size_t at(Index i) {
    return static_cast<std::size_t>(i);
}

// As parallel_for over rows; an item is as many of them as are worth its own costs.
template <class Body>
void for_rows(Index count, Index columns, int num_threads, const Body& body) {
    constexpr Index worth = 8192;
    const Index rows = std::max<Index>(1, worth / std::max<Index>(1, columns));
    parallel_for((count + rows - 1) / rows, num_threads, [&](Index item, int) {
        for (Index i = item * rows; i < std::min(count, (item + 1) * rows); ++i) body(i);
    });
}

template <class T>
class SoftmaxRow {
  public:
    SoftmaxRow(T* row, Index count, View1<const std::int64_t> positives, Index self)
        : blocks_(similarity_blocks<T>()), row_(row), count_(count), positives_(positives), self_(self) {
        if (self >= 0) row[self] = -infinity<T>;
        positive_count_ = ssize(positives) - (self >= 0 ? 1 : 0);
    }

    double work(const double* upstream) {
        if (positive_count_ == 0) {
            if (upstream != nullptr) std::fill_n(row_, count_, T(0));
            return 0;
        }
        T most = blocks_.greatest(row_, count_);
        if (most == -infinity<T>) most = 0;
        double mean = 0;
        for (const std::int64_t j : positives_) {
            if (j != self_) mean += static_cast<double>(row_[j]) - static_cast<double>(most);
        }
        mean /= static_cast<double>(positive_count_);
        // A single positive that is the greatest counts 1, to which the rest is added at the end: so what it lacks to a
        // likelihood of 1 has all its digits.
        const Index winner = positive_count_ == 1 && mean == 0 ? first_positive() : -1;
        if (winner >= 0) row_[winner] = -infinity<T>;
        const double rest = blocks_.powers(row_, most, count_, upstream == nullptr ? nullptr : row_);
        const double total = winner >= 0 ? 1 + rest : rest;
        if (upstream != nullptr) {
            blocks_.scale(row_, static_cast<T>(*upstream / total), count_);
            const double share = *upstream / static_cast<double>(positive_count_);
            for (const std::int64_t j : positives_) {
                if (j != self_) row_[j] -= static_cast<T>(share);
            }
            if (winner >= 0) row_[winner] = static_cast<T>(-*upstream * (rest / total));
        }
        return winner >= 0 ? vector_math::log1p(rest) : vector_math::log(total) - mean;
    }

  private:
    [[nodiscard]] Index first_positive() const {
        return static_cast<Index>(positives_[positives_.front() == self_ ? 1 : 0]);
    }

    const SimilarityBlocks<T>& blocks_;
    T* row_;
    Index count_;
    View1<const std::int64_t> positives_;
    Index self_;
    Index positive_count_ = 0;
};

}  // namespace

template <class T>
void softmax_of_similarities(View2<T> rows, const Positives& positives, View1<const double> upstream, int num_threads,
                             View1<double> values) {
    for_rows(rows.rows, rows.columns, num_threads, [&](Index i) {
        const std::int64_t& label = positives.labels[at(i)];
        View1<const std::int64_t> own(&label, 1);
        if (!positives.starts.empty()) {
            const auto first = static_cast<std::size_t>(positives.starts[at(label)]);
            own = positives.members.subspan(first, static_cast<std::size_t>(positives.starts[at(label + 1)]) - first);
        }
        const Index self = positives.self_of_first < 0 ? -1 : positives.self_of_first + i;
        SoftmaxRow<T> row(rows.row(i), rows.columns, own, self);
        values[at(i)] = row.work(upstream.empty() ? nullptr : &upstream[at(i)]);
    });
}

namespace {

PowerSum joined(const PowerSum& a, const PowerSum& b) {
    const double shift = b.shift > a.shift ? b.shift : a.shift;
    if (shift == -infinity<double>) return {shift, a.sum + b.sum};  // nothing, or what is no number
    const auto part = [&](const PowerSum& of) {
        return of.shift == -infinity<double> ? of.sum : of.sum * vector_math::exp(of.shift - shift);
    };
    return {shift, part(a) + part(b)};
}

}  // namespace

template <class T>
void circle_sums(const Circle<T>& circle, int num_threads, View1<CircleSums> sums) {
    const SimilarityBlocks<T>& blocks = similarity_blocks<T>();
    const Index count = circle.cosines.rows;
    for_rows(count, count, num_threads, [&](Index i) {
        const auto part = [&](Index first, Index last) {
            return blocks.circle_sums(circle.cosines.row(i) + first, circle.labels.data() + first, circle.labels[at(i)],
                                      circle.form, last - first);
        };
        CircleSums own = part(i + 1, count);
        if (!circle.is_triangle) {
            const CircleSums before = part(0, i);
            own = {joined(before.same, own.same), joined(before.other, own.other)};
        }
        sums[at(i)] = own;
    });
}

template <class T>
void circle_slopes(const Circle<T>& circle, View1<const CircleSlopes<T>> slopes, int num_threads) {
    const SimilarityBlocks<T>& blocks = similarity_blocks<T>();
    const Index count = circle.cosines.rows;
    for_rows(count, count, num_threads, [&](Index i) {
        T* const row = circle.cosines.row(i);
        const auto part = [&](Index first, Index last) {
            blocks.circle_slopes(row + first, circle.labels.data() + first, circle.labels[at(i)], circle.form,
                                 slopes[at(i)], last - first);
        };
        part(i + 1, count);
        if (circle.is_triangle) {
            std::fill_n(row, i + 1, T(0));
        } else {
            part(0, i);
            row[i] = 0;
        }
    });
}

template <class T>
void add_transpose(View2<T> matrix, View2<const T> other, int num_threads) {
    constexpr Index tile = 32;
    const Index count = matrix.rows, tiles = (count + tile - 1) / tile;
    // The tile of `other` across the diagonal, as it is seen from here.
    const auto mirror = [&](Index i0, Index j0, T(&mirrored)[tile][tile]) {
        for (Index j = j0; j < std::min(count, j0 + tile); ++j) {
            for (Index i = i0; i < std::min(count, i0 + tile); ++i) mirrored[i - i0][j - j0] = other(j, i);
        }
    };
    const auto add = [&](Index i0, Index j0, const T(&mirrored)[tile][tile]) {
        for (Index i = i0; i < std::min(count, i0 + tile); ++i) {
            for (Index j = j0; j < std::min(count, j0 + tile); ++j) matrix(i, j) += mirrored[i - i0][j - j0];
        }
    };
    parallel_for(tiles, num_threads, [&](Index row, int) {
        for (Index column = row; column < tiles; ++column) {
            T upper[tile][tile], lower[tile][tile];
            mirror(row * tile, column * tile, upper);
            mirror(column * tile, row * tile, lower);
            add(row * tile, column * tile, upper);
            if (column != row) add(column * tile, row * tile, lower);
        }
    });
}

template <class T>
void unit_vectors(View2<const T> rows, int num_threads, View2<T> units, View1<T> lengths) {
    const SimilarityBlocks<T>& blocks = similarity_blocks<T>();
    constexpr double least = 1e-280, most = 1e280;  // squares between lose nothing to speak of
    for_rows(rows.rows, rows.columns, num_threads, [&](Index i) {
        const T* const row = rows.row(i);
        T* const unit = units.row(i);
        const double square = blocks.sum_of_squares(row, rows.columns);
        if (square >= least && square <= most) {
            const double length = std::sqrt(square);
            blocks.divide(row, length, rows.columns, unit);
            lengths[at(i)] = static_cast<T>(length);
            return;
        }
        T greatest = 0;
        for (Index k = 0; k < rows.columns; ++k) greatest = std::max(greatest, std::abs(row[k]));
        if (square == 0 && greatest == 0) {
            std::fill_n(unit, rows.columns, T(0));
            lengths[at(i)] = 0;
            return;
        }
        if (square != square || greatest == infinity<T>) {
            blocks.divide(row, std::sqrt(square), rows.columns, unit);
            lengths[at(i)] = static_cast<T>(std::sqrt(square));
            return;
        }
        int exponent = 0;
        std::frexp(static_cast<double>(greatest), &exponent);
        for (Index k = 0; k < rows.columns; ++k) unit[k] = std::ldexp(row[k], -exponent);
        const double length = std::sqrt(blocks.sum_of_squares(unit, rows.columns));
        blocks.divide(unit, length, rows.columns, unit);
        lengths[at(i)] = static_cast<T>(std::ldexp(length, exponent));
    });
}

template <class T>
void through_unit_vectors(View2<const T> units, View1<const T> lengths, int num_threads, View2<T> gradient) {
    const SimilarityBlocks<T>& blocks = similarity_blocks<T>();
    for_rows(units.rows, units.columns, num_threads, [&](Index i) {
        const auto length = static_cast<double>(lengths[at(i)]);
        T* const own = gradient.row(i);
        if (length == 0) {
            std::fill_n(own, units.columns, T(0));
            return;
        }
        const double along = blocks.dot(own, units.row(i), units.columns);
        blocks.take_across(own, units.row(i), along, length, units.columns);
    });
}

template <class T>
void add_by_label(View2<const T> rows, View1<const std::int64_t> labels, View2<double> sums) {
    const SimilarityBlocks<T>& blocks = similarity_blocks<T>();
    for (Index i = 0; i < rows.rows; ++i) blocks.add(rows.row(i), rows.columns, sums.row(labels[at(i)]));
}

#define METRIX_FOR(T)                                                                                              \
    template void softmax_of_similarities<T>(View2<T>, const Positives&, View1<const double>, int, View1<double>); \
    template void circle_sums<T>(const Circle<T>&, int, View1<CircleSums>);                                        \
    template void circle_slopes<T>(const Circle<T>&, View1<const CircleSlopes<T>>, int);                           \
    template void add_transpose<T>(View2<T>, View2<const T>, int);                                                 \
    template void unit_vectors<T>(View2<const T>, int, View2<T>, View1<T>);                                        \
    template void through_unit_vectors<T>(View2<const T>, View1<const T>, int, View2<T>);                          \
    template void add_by_label<T>(View2<const T>, View1<const std::int64_t>, View2<double>);
METRIX_FOR(float)
METRIX_FOR(double)
#undef METRIX_FOR

}  // namespace metrix::losses
