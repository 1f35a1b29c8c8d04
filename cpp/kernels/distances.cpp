#include "kernels/distances.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>
#include <vector>

#include "kernels/distances/passes.hpp"
#include "support/instruction_set.hpp"
#include "support/parallel.hpp"

namespace metrix::distances {

METRIX_DECLARE_FOR_EACH_LEVEL(Passes<std::int32_t>, passes_of_integers);
METRIX_DECLARE_FOR_EACH_LEVEL(Passes<double>, passes_of_doubles);

template <>
const Passes<std::int32_t>& passes<std::int32_t>() {
    return METRIX_OF_THIS_MACHINE(passes_of_integers);
}

template <>
const Passes<double>& passes<double>() {
    return METRIX_OF_THIS_MACHINE(passes_of_doubles);
}

namespace {

// What stands for infinity is the square of one less: with the square of any length below, the sum is no overflow.
constexpr std::int32_t largest_root = 30000;

// Squares live in the memory of the result, at the beginning of each of its rows.
template <class Square>
class Transform {
  public:
    Transform(const Mask& mask, double* distance, int num_threads)
        : mask_(mask),
          passes_(passes<Square>()),
          distance_(distance),
          depth_(mask.shape[0]),
          height_(mask.shape[1]),
          width_(mask.shape[2]),
          num_threads_(num_threads) {}

    // The first axis that is longer than 1 is swept, or the middle one.
    void run() {
        const bool is_flat = depth_ == 1;
        if (is_flat) {
            sweep(height_, 1, mask_.spacing[1]);
        } else {
            sweep(depth_, height_, mask_.spacing[0]);
            envelopes_of_columns();
        }
        envelopes_of_rows();
    }

  private:
    static constexpr bool is_exact = std::is_same_v<Square, std::int32_t>;

    static constexpr Square infinite() {
        if constexpr (is_exact) {
            return (largest_root - 1) * (largest_root - 1);
        } else {
            return std::numeric_limits<double>::infinity();
        }
    }

    [[nodiscard]] double* row(Index y) const { return distance_ + y * width_; }

    // Along the first of (length, inner rows, width), in strips of a row that stay in the cache.
    void sweep(Index length, Index inner, double spacing) {
        constexpr Index strip = 256;
        const Index strips = (width_ + strip - 1) / strip;
        const std::int32_t most = static_cast<std::int32_t>(
            is_exact ? largest_root - 1 : std::min<Index>(length, std::numeric_limits<std::int32_t>::max() - 1));
        parallel_for(inner * strips, num_threads_, [&](Index item, int) {
            const Index y = item / strips, first = item % strips * strip;
            const Index count = std::min(strip, width_ - first);
            std::int32_t steps[strip], above[strip];
            Square squares[strip];
            std::fill_n(steps, count, most);
            for (Index z = 0; z < length; ++z) {
                std::byte* const to = place(z * inner + y, first);
                const std::uint8_t* const mask = mask_.data + (z * inner + y) * width_ + first;
                passes_.down(mask, steps, reinterpret_cast<std::int32_t*>(to), most, count);
            }
            std::fill_n(steps, count, most);
            for (Index z = length - 1; z >= 0; --z) {
                std::byte* const to = place(z * inner + y, first);
                if constexpr (is_exact) {
                    auto* const own = reinterpret_cast<std::int32_t*>(to);
                    passes_.up(own, steps, most, spacing, own, count);
                } else {
                    std::memcpy(above, to, static_cast<std::size_t>(count) * sizeof *above);
                    passes_.up(above, steps, most, spacing, squares, count);
                    std::memcpy(to, squares, static_cast<std::size_t>(count) * sizeof *squares);
                }
            }
        });
    }

    // Where the squares of a row stand.
    [[nodiscard]] std::byte* place(Index y, Index x) const {
        return reinterpret_cast<std::byte*>(row(y)) + static_cast<std::size_t>(x) * sizeof(Square);
    }

    // Room for the envelope along an axis, of each thread.
    struct Room {
        std::vector<Square> squares, result;
        std::vector<std::int32_t> nearest;
    };

    class Envelopes {
      public:
        Envelopes(Index count, double spacing, int num_threads)
            : count_(count), spacing_(spacing), rooms_(static_cast<std::size_t>(std::max(num_threads, 1))) {
            const Index reach = count + 2 * lanes;
            table_.resize(static_cast<std::size_t>(2 * reach + 1));
            for (Index k = -reach; k <= reach; ++k) {
                auto& value = table_[static_cast<std::size_t>(k + reach)];
                if constexpr (is_exact) {
                    value = static_cast<Square>(k * k);
                } else {
                    const double length = static_cast<double>(k) * spacing;
                    value = length * length;
                }
            }
        }

        Room& room(int thread) {
            Room& own = rooms_[static_cast<std::size_t>(thread)];
            if (own.squares.empty()) {
                const auto padded = static_cast<std::size_t>((count_ + lanes - 1) / lanes * lanes + lanes);
                own.squares.assign(padded, infinite());
                own.result.resize(padded);
                own.nearest.resize(padded / lanes + 1);
            }
            return own;
        }

        void find(const Passes<Square>& kernels, Room& own) const {
            kernels.envelope(own.squares.data(), table_.data() + table_.size() / 2, count_, 1 / spacing_,
                             own.nearest.data(), own.result.data());
        }

      private:
        Index count_;
        double spacing_;
        std::vector<Square> table_;
        std::vector<Room> rooms_;
    };

    // Along the middle axis, in tiles of some columns.
    void envelopes_of_columns() {
        constexpr Index tile = 16;
        Envelopes envelopes(height_, mask_.spacing[1], num_threads_);
        const Index tiles = (width_ + tile - 1) / tile;
        parallel_for(depth_ * tiles, num_threads_, [&](Index item, int thread) {
            const Index z = item / tiles, first = item % tiles * tile;
            const Index count = std::min(tile, width_ - first);
            Room& room = envelopes.room(thread);
            std::vector<Square>& columns = room_of_tile(thread, tile * height_);
            Square some[tile];
            for (Index y = 0; y < height_; ++y) {
                std::memcpy(some, place(z * height_ + y, first), static_cast<std::size_t>(count) * sizeof(Square));
                for (Index i = 0; i < count; ++i) columns[static_cast<std::size_t>(i * height_ + y)] = some[i];
            }
            for (Index i = 0; i < count; ++i) {
                Square* const column = columns.data() + i * height_;
                std::copy_n(column, height_, room.squares.data());
                envelopes.find(passes_, room);
                std::copy_n(room.result.data(), height_, column);
            }
            for (Index y = 0; y < height_; ++y) {
                for (Index i = 0; i < count; ++i) some[i] = columns[static_cast<std::size_t>(i * height_ + y)];
                std::memcpy(place(z * height_ + y, first), some, static_cast<std::size_t>(count) * sizeof(Square));
            }
        });
    }

    std::vector<Square>& room_of_tile(int thread, Index count) {
        std::vector<Square>& own = tiles_[static_cast<std::size_t>(thread)];
        own.resize(static_cast<std::size_t>(count));
        return own;
    }

    // Along the last axis, and the roots.
    void envelopes_of_rows() {
        constexpr Index rows_per_item = 8;
        Envelopes envelopes(width_, mask_.spacing[2], num_threads_);
        const Index rows = depth_ * height_;
        parallel_for((rows + rows_per_item - 1) / rows_per_item, num_threads_, [&](Index item, int thread) {
            Room& room = envelopes.room(thread);
            const Index end = std::min(rows, (item + 1) * rows_per_item);
            for (Index y = item * rows_per_item; y < end; ++y) {
                std::memcpy(room.squares.data(), place(y, 0), static_cast<std::size_t>(width_) * sizeof(Square));
                envelopes.find(passes_, room);
                passes_.roots(room.result.data(), infinite(), row(y), width_);
            }
        });
    }

    const Mask& mask_;
    const Passes<Square>& passes_;
    double* distance_;
    Index depth_, height_, width_;
    int num_threads_;
    std::vector<std::vector<Square>> tiles_{static_cast<std::size_t>(std::max(num_threads_, 1))};
};

}  // namespace

void distance_transform_edt(const Mask& mask, double* distance, int num_threads) {
    const auto [depth, height, width] = mask.shape;
    if (depth * height * width == 0) return;
    const bool is_unit = mask.spacing == std::array<double, 3>{1, 1, 1};
    // The square of the diagonal must stay below what stands for infinity.
    const double diagonal = std::hypot(depth, height, width);
    with_team(num_threads, [&] {
        if (is_unit && diagonal < largest_root - 2) {
            Transform<std::int32_t>(mask, distance, num_threads).run();
        } else {
            Transform<double>(mask, distance, num_threads).run();
        }
    });
}

}  // namespace metrix::distances
