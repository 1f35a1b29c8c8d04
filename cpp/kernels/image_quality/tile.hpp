// One tile of an image after the other, in room that is kept: rings of rows, filtered first downwards, then along the
// row.
#pragma once

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <vector>

#include "kernels/image_quality.hpp"
#include "kernels/image_quality/blocks.hpp"
#include "support/aligned.hpp"
#include "support/prefetch.hpp"

namespace metrix::image_quality {

constexpr Index tile_width = 10 * lanes;

// Rows are worked on in whole vectors, beyond their end if need be.
constexpr Index vector_slack = 16;

constexpr Index rows_ahead = 4;

inline Index round_up(Index count) {
    return (count + vector_slack - 1) / vector_slack * vector_slack;
}

// Four maps of so many rows.
template <class T>
class Ring {
  public:
    Ring(Index rows, Index stride)
        : rows_(rows), stride_(stride), values_(static_cast<std::size_t>(4 * rows * stride)) {}

    [[nodiscard]] Four<T> row(Index row) { return at(offset(row)); }
    // Where a row begins in each map.
    [[nodiscard]] Index offset(Index row) const { return row % rows_ * stride_; }
    [[nodiscard]] Four<T> at(Index offset) {
        T* const first = values_.data() + offset;
        const Index size = rows_ * stride_;
        return {first, first + size, first + 2 * size, first + 3 * size};
    }
    void clear(Index row) {
        const Four<T> maps = this->row(row);
        for (T* const map : {maps.u, maps.v, maps.uu, maps.vv}) std::fill_n(map, stride_, T(0));
    }

  private:
    Index rows_;
    Index stride_;
    AlignedVector<T> values_;
};

template <class In, class T>
class Tile {
  public:
    Tile(const Images<In>& images, const Similarity& similarity)
        : images_(images),
          filter_(filter_blocks()),
          spread_(spread_blocks()),
          radius_(static_cast<int>(ssize(similarity.window)) - 1),
          reach_(2 * radius_),
          over_depth_(similarity.over_depth),
          depth_radius_(over_depth_ ? radius_ : 0),
          slice_size_(images.height * images.width * images.channels),
          halo_(reach_ * images.channels),
          stride_(round_up(round_up(tile_width + 2 * halo_) + halo_ + vector_slack)),
          window_(similarity.window.begin(), similarity.window.end()),
          constants_{static_cast<T>(similarity.c1), static_cast<T>(similarity.c2),
                     static_cast<T>(similarity.covariance_factor)},
          period_(reach_ + rows_at_once),
          offsets_(static_cast<std::size_t>(period_)),
          input_(period_, stride_),
          partial_(period_, stride_),
          filtered_(rows_at_once, stride_),
          means_(1, stride_),
          lines_(8, AlignedVector<T>(static_cast<std::size_t>(stride_))) {}

    // Adds the sums of ssim or cs of each channel to `total`; `map` is where the tile of the first row begins. Slices
    // are those of all images in a row, and windows reach from `slice` on.
    void similarity(Index slice, Index first_row, Index last_row, Index first, Index count, bool of_structure, T* map,
                    Index map_stride, double* total) {
        begin(slice, first_row, std::min(last_row + reach_, images_.height), first, count + halo_);
        double sums[lanes] = {};
        T* const values = line(value_line);
        for (Index row = first_row; row < last_row; row += rows_at_once) {
            load_until(row + period_);
            filter_downwards(input_, row, count_);
            for (Index next = 0; next < std::min<Index>(rows_at_once, last_row - row); ++next) {
                filter_along(next, count);
                (of_structure ? filter_.structure : filter_.similarity)(
                    means_.row(0), line(centre_u_line), line(centre_v_line), constants_, round_up(count), values);
                filter_.add(values, count, sums);
                if (map != nullptr) std::copy_n(values, count, map + (row + next) * map_stride);
            }
        }
        for (Index lane = 0; lane < lanes; ++lane) total[lane % images_.channels] += sums[lane];
    }

    // What the windows' statistics are; maps as in `similarity`.
    void moments(Index image, Index first_row, Index last_row, Index first, Index count, T* const (&maps)[4],
                 Index map_stride) {
        begin(image, first_row, std::min(last_row + reach_, images_.height), first, count + halo_);
        const Four<T> means = means_.row(0);
        for (Index row = first_row; row < last_row; row += rows_at_once) {
            load_until(row + period_);
            filter_downwards(input_, row, count_);
            for (Index next = 0; next < std::min<Index>(rows_at_once, last_row - row); ++next) {
                filter_along(next, count);
                filter_.moments(means, line(centre_u_line), line(centre_v_line), round_up(count));
                const T* const from[] = {means.u, means.v, means.uu, means.vv};
                for (int map = 0; map < 4; ++map) std::copy_n(from[map], count, maps[map] + (row + next) * map_stride);
            }
        }
    }

    // The gradient of rows and columns of the image itself. A pixel lies in the windows that begin up to a window's
    // size before it: their partial derivatives make a ring of their own, zero where there is no window.
    template <class Out>
    void gradient(Index image, Index first_row, Index last_row, Index first, Index count,
                  View1<const double> ssim_factor, View1<const double> cs_factor, Out* by_x, Out* by_y) {
        const Index rows = images_.height - reach_;
        const Index width = (images_.width - reach_) * images_.channels;
        const Index begin_column = std::max<Index>(0, first - halo_);
        const Index windows = std::min(first + count, width) - begin_column;  // may be none
        const Index input_end = std::min(first + count, width) + halo_;
        const Index input_columns = std::max(input_end, first + count) - begin_column;
        const Index before = (reach_ + rows_at_once - 1) / rows_at_once * rows_at_once;
        begin(image, std::max<Index>(0, first_row - before), std::min(last_row + reach_, images_.height), begin_column,
              input_columns);
        set_factors(ssim_factor, cs_factor, rows);
        for (Index row = first_row - before; row < last_row; row += rows_at_once) {
            make_partials(row, rows, windows, begin_column - (first - halo_));
            if (row < first_row) continue;
            load_until(std::min(row + rows_at_once, images_.height));
            filter_downwards(partial_, row - reach_, count + halo_);
            for (Index next = 0; next < std::min<Index>(rows_at_once, last_row - row); ++next) {
                filter_along(next, count);
                const Four<T> own = input_.at(input_.offset(row + next) + (first - begin_column));
                filter_.gather(means_.row(0), own, count, line(by_x_line), line(by_y_line));
                const Index place = (row + next) * images_.width * images_.channels;
                std::transform(line(by_x_line), line(by_x_line) + count, by_x + place, to<Out>);
                if (by_y != nullptr) std::transform(line(by_y_line), line(by_y_line) + count, by_y + place, to<Out>);
            }
        }
    }

  private:
    enum Line {
        value_line,
        by_x_line = value_line,
        by_y_line,
        centre_x_line,
        centre_y_line,
        centre_u_line,
        centre_v_line,
        ssim_factors,
        cs_factors
    };

    static const FilterBlocks<T>& filter_blocks() {
        if constexpr (std::is_same_v<T, float>) {
            return blocks().of_floats;
        } else {
            return blocks().of_doubles;
        }
    }

    static const SpreadBlocks<In, T>& spread_blocks() {
        if constexpr (std::is_same_v<T, float> && sizeof(In) == 1) {
            return blocks().bytes_to_floats;
        } else if constexpr (std::is_same_v<T, float>) {
            return blocks().floats_to_floats;
        } else if constexpr (sizeof(In) == 1) {
            return blocks().bytes_to_doubles;
        } else if constexpr (std::is_same_v<In, float>) {
            return blocks().floats_to_doubles;
        } else {
            return blocks().doubles_to_doubles;
        }
    }

    template <class Out>
    static Out to(T value) {
        return static_cast<Out>(value);
    }

    [[nodiscard]] T* line(Line name) { return lines_[static_cast<std::size_t>(name)].data(); }

    [[nodiscard]] Index place(Index row) const {
        return (slice_ * images_.height + row) * images_.width * images_.channels + first_column_;
    }

    // A tile whose input is rows from first_row up to last_row and so many columns from the first one.
    void begin(Index slice, Index first_row, Index last_row, Index first_column, Index count) {
        slice_ = slice;
        first_column_ = first_column;
        count_ = count;
        loaded_ = first_row;
        last_row_ = last_row;
        centre(images_.x, line(centre_x_line), first_row);
        centre(images_.y, line(centre_y_line), first_row);
        for (Index k = 0; k < stride_; ++k) {
            line(centre_u_line)[k] = line(centre_x_line)[k] + line(centre_y_line)[k];
            line(centre_v_line)[k] = line(centre_x_line)[k] - line(centre_y_line)[k];
        }
    }

    // About the mean of each channel of the tile, from some of its rows, of a volume those of the middle slice: any
    // number near does.
    void centre(const In* pixels, T* centres, Index first_row) {
        constexpr Index rows_apart = 8;
        double sums[lanes] = {};
        Index rows = 0;
        pixels += depth_radius_ * slice_size_;
        for (Index row = first_row; row < last_row_; row += rows_apart, ++rows) {
            look_ahead(pixels, row + rows_apart);
            spread_.add(pixels + place(row), count_, sums);
        }
        const Index channels = images_.channels;
        for (Index channel = 0; channel < channels; ++channel) {
            double sum = 0;
            for (Index lane = channel; lane < lanes; lane += channels) sum += sums[lane];
            const double mean = sum / static_cast<double>(rows * (count_ / channels));
            T own = static_cast<T>(std::is_integral_v<In> ? std::floor(mean + 0.5) : mean);
            if (!(own - own == 0)) own = 0;  // NaN and infinities concern the windows that hold them alone
            for (Index k = channel; k < stride_; k += channels) centres[k] = own;
        }
    }

    void load_until(Index row) {
        for (; loaded_ < std::min(row, last_row_); ++loaded_) {
            const In* const x = images_.x + place(loaded_);
            const In* const y = images_.y + place(loaded_);
            const Four<T> row_of_ring = input_.row(loaded_);
            if (over_depth_) {
                spread_.stack(x, y, slice_size_, window_.data(), radius_, line(centre_x_line), line(centre_y_line),
                              count_, row_of_ring);
                continue;
            }
            spread_.spread(x, y, line(centre_x_line), line(centre_y_line), count_, row_of_ring);
            look_ahead(images_.x, loaded_ + rows_ahead);
            look_ahead(images_.y, loaded_ + rows_ahead);
        }
    }

    // The processor foresees what follows in a row, not the next row.
    void look_ahead(const In* pixels, Index row) const {
        if (row >= last_row_) return;
        constexpr Index line_size = cache_line / sizeof(In);
        for (Index k = 0; k < count_; k += line_size) prefetch(pixels + place(row) + k);
    }

    // Rows of windows that begin at `row` and after it, into `filtered_`.
    void filter_downwards(Ring<T>& ring, Index row, Index count) {
        // Rows before the first one stand in the ring where later ones will.
        for (Index i = 0; i < period_; ++i) offsets_[static_cast<std::size_t>(i)] = ring.offset(row + i + 2 * period_);
        Index places[rows_at_once];
        for (Index next = 0; next < rows_at_once; ++next) places[next] = filtered_.offset(next);
        const Four<T> from = ring.at(0);
        const Four<T> into = filtered_.at(0);
        const auto filter = [&](const T* map, T* results) {
            filter_.vertical(map, offsets_.data(), window_.data(), radius_, round_up(count), places, results);
        };
        filter(from.u, into.u);
        filter(from.v, into.v);
        filter(from.uu, into.uu);
        filter(from.vv, into.vv);
    }

    // One of those rows into `means_`.
    void filter_along(Index next, Index count) {
        const Four<T> from = filtered_.row(next);
        const Four<T> means = means_.row(0);
        const auto filter = [&](const T* map, T* result) {
            filter_.horizontal(map, images_.channels, window_.data(), radius_, round_up(count), result);
        };
        filter(from.u, means.u);
        filter(from.v, means.v);
        filter(from.uu, means.uu);
        filter(from.vv, means.vv);
    }

    void set_factors(View1<const double> ssim_factor, View1<const double> cs_factor, Index rows) {
        const auto pixels = static_cast<double>(rows * (images_.width - reach_));
        for (Index k = 0; k < stride_; ++k) {
            const auto channel = static_cast<std::size_t>(k % images_.channels);
            line(ssim_factors)[k] = static_cast<T>(ssim_factor[channel] / pixels);
            line(cs_factors)[k] = static_cast<T>(cs_factor[channel] / pixels);
        }
    }

    // Partial derivatives of rows of windows into their ring, from `offset` on. Rows are multiples of `rows_at_once`:
    // all of them come before the first or none.
    void make_partials(Index row, Index rows, Index windows, Index offset) {
        const Index later = row + 2 * period_;  // the same place in the ring
        for (Index next = 0; next < rows_at_once; ++next) partial_.clear(later + next);
        if (row < 0 || row >= rows || windows <= 0) return;
        load_until(row + period_);
        filter_downwards(input_, row, count_);
        for (Index next = 0; next < std::min<Index>(rows_at_once, rows - row); ++next) {
            filter_along(next, windows);
            filter_.partials(means_.row(0), line(centre_u_line), line(centre_v_line), constants_, line(ssim_factors),
                             line(cs_factors), windows);
            const Four<T> from = means_.row(0);
            const Four<T> into = partial_.at(partial_.offset(later + next) + offset);
            std::copy_n(from.u, windows, into.u);
            std::copy_n(from.v, windows, into.v);
            std::copy_n(from.uu, windows, into.uu);
            std::copy_n(from.vv, windows, into.vv);
        }
    }

    const Images<In>& images_;
    const FilterBlocks<T>& filter_;
    const SpreadBlocks<In, T>& spread_;
    int radius_;
    Index reach_;
    bool over_depth_;
    Index depth_radius_;
    Index slice_size_;
    Index halo_;
    Index stride_;
    std::vector<T> window_;
    Constants<T> constants_;
    Index period_;
    std::vector<Index> offsets_;
    Ring<T> input_;
    Ring<T> partial_;
    Ring<T> filtered_;
    Ring<T> means_;
    std::vector<AlignedVector<T>> lines_;
    Index slice_ = 0;
    Index first_column_ = 0;
    Index count_ = 0;
    Index loaded_ = 0;
    Index last_row_ = 0;
};

}  // namespace metrix::image_quality
