#include "kernels/losses/lovasz.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <type_traits>

#include "kernels/losses/reduction.hpp"
#include "support/buffer.hpp"
#include "support/error.hpp"
#include "support/ordering.hpp"
#include "support/parallel.hpp"
#include "support/prefetch.hpp"

namespace metrix::losses {
namespace {

template <class T>
using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;

// Bits of a number that is not negative order as the number; NaN, of whatever sign, comes after infinity.
template <class T>
Bits<T> ordered_bits(T error) {
    return std::bit_cast<Bits<T>>(error) & ~(Bits<T>{1} << (8 * sizeof(T) - 1));
}

// The errors of one class in one region, until they are in order.
template <class T>
class Errors {
  public:
    void reset(Index pixel_count) {
        const auto count = static_cast<std::size_t>(pixel_count);
        if (rows_.size() < count) {
            rows_.resize(count);
            scratch_.resize(count);
            if constexpr (!keys_are_whole) errors_.resize(count);
        }
        count_ = 0;
        most_ = 0;
        positives_ = 0;
    }

    // An error that is not negative; one of 0 only counts.
    void add(Index pixel, T error, bool is_positive) {
        positives_ += is_positive ? 1 : 0;
        const Bits<T> bits = ordered_bits(error);
        std::uint32_t key = 0;
        if constexpr (keys_are_whole) {
            key = bits;
        } else {
            key = static_cast<std::uint32_t>(bits >> 31);
            errors_[static_cast<std::size_t>(pixel)] = error;
        }
        most_ = std::max(most_, key);
        rows_[count_] = {key, static_cast<std::uint32_t>(pixel) << 1 | static_cast<std::uint32_t>(is_positive)};
        count_ += bits != 0 ? 1 : 0;
    }

    // Calls use(pixel, step, is_positive) in the order of errors, and will_use(pixel) some time before; the sum of
    // errors times steps.
    template <class WillUse, class Use>
    double walk(WillUse&& will_use, Use&& use) {
        const View1<KeyedPlace> rows(rows_.data(), count_);
        for (KeyedPlace& row : rows) row.key = most_ - row.key;  // descending
        stable_sort_by_key(rows, {scratch_.data(), count_});
        if constexpr (!keys_are_whole) order_what_is_left(rows);
        Total total;
        auto left = static_cast<double>(positives_);
        double either = left;
        for (std::size_t rank = 0; rank < count_; ++rank) {
            if (rank + lead < count_) {
                const std::uint32_t pixel = rows[rank + lead].place >> 1;
                if constexpr (!keys_are_whole) prefetch(&errors_[pixel]);
                will_use(static_cast<Index>(pixel));
            }
            const KeyedPlace row = rows[rank];
            const bool is_positive = (row.place & 1) != 0;
            // Of a class without pixels the first error is the only one that counts.
            const double top = is_positive || either == 0 ? 1 : left;
            const double bottom = is_positive ? either : std::max(either * (either + 1), 1.0);
            const double step = top / bottom;
            left -= is_positive ? 1 : 0;
            either += is_positive ? 0 : 1;
            total.add(static_cast<double>(error_of(row)) * step);
            use(static_cast<Index>(row.place >> 1), step, is_positive);
        }
        return total.value();
    }

  private:
    static constexpr bool keys_are_whole = sizeof(T) == sizeof(std::uint32_t);
    static constexpr std::size_t lead = 32;

    T error_of(const KeyedPlace& row) const {
        if constexpr (keys_are_whole) {
            return std::bit_cast<T>(most_ - row.key);
        } else {
            return errors_[row.place >> 1];
        }
    }

    // Among doubles of the same 32 bits.
    void order_what_is_left(View1<KeyedPlace> rows) const {
        const auto before = [&](const KeyedPlace& a, const KeyedPlace& b) {
            return ordered_bits(errors_[a.place >> 1]) > ordered_bits(errors_[b.place >> 1]);
        };
        for (std::size_t first = 0; first < rows.size();) {
            std::size_t end = first + 1;
            while (end < rows.size() && rows[end].key == rows[first].key) ++end;
            const auto same = rows.subspan(first, end - first);
            if (same.size() > 1 && !std::is_sorted(same.begin(), same.end(), before)) {
                std::stable_sort(same.begin(), same.end(), before);
            }
            first = end;
        }
    }

    Buffer<KeyedPlace> rows_, scratch_;
    Buffer<T> errors_;  // by pixel, where keys hold a part of them
    std::size_t count_ = 0;
    std::uint32_t most_ = 0;
    Index positives_ = 0;
};

template <class T>
class Evaluation {
  public:
    Evaluation(const Lovasz<T>& problem, View1<double> values, T* gradient, int num_threads)
        : problem_(problem),
          layout_(problem.pixels.layout),
          samples_per_region_(problem.is_per_image ? 1 : layout_.samples),
          values_(values),
          gradient_(gradient),
          num_threads_(num_threads),
          errors_(static_cast<std::size_t>(std::max(num_threads, 1))) {
        if (samples_per_region_ * layout_.pixels >= std::numeric_limits<std::int32_t>::max()) {
            throw_value_error("pred: expected fewer than 2^31 pixels in a region");
        }
    }

    void softmax() {
        prepare_pixels();
        count_classes();
        join(for_each_class(
            [&](Index region, Index c, Errors<T>& errors) { collect_softmax_errors(region, c, errors); }));
        if (gradient_ != nullptr) return_through_softmax();
    }

    void hinge() {
        counted_.assign(static_cast<std::size_t>(problem_.region_count()), ssize(problem_.classes));
        is_counted_.assign(static_cast<std::size_t>(problem_.region_count() * layout_.classes), std::uint8_t{1});
        join(
            for_each_class([&](Index region, Index c, Errors<T>& errors) { collect_hinge_errors(region, c, errors); }));
    }

  private:
    [[nodiscard]] bool is_counted(Index region, Index c) const {
        return is_counted_[static_cast<std::size_t>(region * layout_.classes + c)] != 0;
    }

    // Labels of all pixels in order, and what their softmax divides by.
    void prepare_pixels() {
        const auto count = static_cast<std::size_t>(layout_.samples * layout_.pixels);
        labels_.resize(count);
        if (problem_.pixels.activation == Activation::softmax) {
            most_.resize(count);
            inverse_.resize(count);
        }
        for_each_block([&](Index sample, Index first, Index block_count, PixelBlock<T>& block) {
            const Index place = sample * layout_.pixels + first;
            std::copy_n(block.labels(), block_count, labels_.data() + place);
            if (most_.empty()) return;
            std::copy_n(block.most(), block_count, most_.data() + place);
            std::copy_n(block.inverse(), block_count, inverse_.data() + place);
        });
    }

    template <class Work>
    void for_each_block(Work&& work) {
        const Index size = PixelBlock<T>::size(layout_.classes);
        const Index blocks_per_item = 16;
        const Index per_sample = (layout_.pixels + size - 1) / size;
        const Index items_per_sample = (per_sample + blocks_per_item - 1) / blocks_per_item;
        parallel_for(layout_.samples * items_per_sample, num_threads_, [&](Index item, int) {
            PixelBlock<T> block(problem_.pixels);
            const Index sample = item / items_per_sample;
            const Index begin = item % items_per_sample * blocks_per_item * size;
            const Index end = std::min(layout_.pixels, begin + blocks_per_item * size);
            for (Index first = begin; first < end; first += size) {
                const Index count = std::min(size, end - first);
                block.load(sample, first, count);
                work(sample, first, count, block);
            }
        });
    }

    // Which classes of a region count, and how many.
    void count_classes() {
        const Index regions = problem_.region_count();
        is_counted_.assign(static_cast<std::size_t>(regions * layout_.classes), std::uint8_t{0});
        counted_.assign(static_cast<std::size_t>(regions), 0);
        for (Index region = 0; region < regions; ++region) {
            std::vector<std::uint8_t> is_present(static_cast<std::size_t>(layout_.classes));
            bool has_pixels = false;
            const Index pixels = samples_per_region_ * layout_.pixels;
            for (Index i = region * pixels; i < (region + 1) * pixels; ++i) {
                const std::int32_t label = labels_[static_cast<std::size_t>(i)];
                if (label < 0) continue;
                has_pixels = true;
                is_present[static_cast<std::size_t>(label)] = 1;
            }
            for (const Index c : problem_.classes) {
                const bool counts = problem_.only_present ? is_present[static_cast<std::size_t>(c)] != 0 : has_pixels;
                is_counted_[static_cast<std::size_t>(region * layout_.classes + c)] = counts ? 1 : 0;
                counted_[static_cast<std::size_t>(region)] += counts ? 1 : 0;
            }
        }
    }

    // The loss of each class of each region, and its gradient by what the errors are of: they fall as the prediction of
    // a positive rises.
    template <class Collect>
    std::vector<double> for_each_class(Collect&& collect) {
        const Index regions = problem_.region_count();
        std::vector<double> losses(static_cast<std::size_t>(regions * layout_.classes));
        parallel_for(regions * layout_.classes, num_threads_, [&](Index item, int thread) {
            const Index region = item / layout_.classes, c = item % layout_.classes;
            if (gradient_ != nullptr) clear_gradient(region, c);
            if (!is_counted(region, c)) return;
            Errors<T>& errors = errors_[static_cast<std::size_t>(thread)];
            errors.reset(samples_per_region_ * layout_.pixels);
            collect(region, c, errors);
            const double scale = 1 / static_cast<double>(counted_[static_cast<std::size_t>(region)]);
            losses[static_cast<std::size_t>(item)] = errors.walk(
                [&](Index pixel) {
                    if (gradient_ != nullptr) prefetch(gradient_ + place(region, c, pixel));
                },
                [&](Index pixel, double step, bool is_positive) {
                    if (gradient_ == nullptr) return;
                    const double slope = scale * step;
                    gradient_[place(region, c, pixel)] = static_cast<T>(is_positive ? -slope : slope);
                });
        });
        return losses;
    }

    // Of a pixel of a region.
    [[nodiscard]] Index place(Index region, Index c, Index pixel) const {
        if (samples_per_region_ == 1) return layout_.place(region, c, pixel);
        return layout_.place(pixel / layout_.pixels, c, pixel % layout_.pixels);
    }

    void clear_gradient(Index region, Index c) {
        for (Index i = 0; i < samples_per_region_; ++i) {
            T* const first = gradient_ + layout_.place(region * samples_per_region_ + i, c, 0);
            if (layout_.pixel_stride == 1) {
                std::fill_n(first, layout_.pixels, T(0));
            } else {
                for (Index pixel = 0; pixel < layout_.pixels; ++pixel) first[pixel * layout_.pixel_stride] = T(0);
            }
        }
    }

    void collect_softmax_errors(Index region, Index c, Errors<T>& errors) const {
        constexpr Index size = Index{1} << 10;
        T logits[size], probabilities[size];
        const RegionBlocks<T>& blocks = region_blocks<T>();
        for (Index i = 0; i < samples_per_region_; ++i) {
            const Index sample = region * samples_per_region_ + i;
            for (Index first = 0; first < layout_.pixels; first += size) {
                const Index count = std::min(size, layout_.pixels - first);
                const T* row = problem_.pixels.prediction + layout_.place(sample, c, first);
                if (layout_.pixel_stride != 1) {
                    for (Index k = 0; k < count; ++k) logits[k] = row[k * layout_.pixel_stride];
                    row = logits;
                }
                const auto at = static_cast<std::size_t>(sample * layout_.pixels + first);
                if (!most_.empty()) {
                    blocks.softmax_row(row, most_.data() + at, inverse_.data() + at, probabilities, count);
                    row = probabilities;
                }
                const std::int32_t* const labels = labels_.data() + at;
                for (Index k = 0; k < count; ++k) {
                    if (labels[k] < 0) continue;
                    const bool is_positive = labels[k] == c;
                    const T error = (is_positive ? T(1) : T(0)) - row[k];
                    errors.add(i * layout_.pixels + first + k, error < T(0) ? -error : error, is_positive);
                }
            }
        }
    }

    void collect_hinge_errors(Index region, Index c, Errors<T>& errors) const {
        const Pixels<T>& pixels = problem_.pixels;
        const auto ignored = static_cast<T>(pixels.ignored_label);
        for (Index i = 0; i < samples_per_region_; ++i) {
            const Index sample = region * samples_per_region_ + i;
            for (Index pixel = 0; pixel < layout_.pixels; ++pixel) {
                const Index at = layout_.place(sample, c, pixel);
                const T target = pixels.target[at];
                if (target == ignored) continue;
                if (pixels.mask != nullptr && pixels.mask[sample * layout_.pixels + pixel] == 0) continue;
                const bool is_positive = target > T(0);
                const T error = T(1) - (is_positive ? pixels.prediction[at] : -pixels.prediction[at]);
                errors.add(i * layout_.pixels + pixel, error < T(0) ? T(0) : error, is_positive);
            }
        }
    }

    void join(const std::vector<double>& losses) {
        for (Index region = 0; region < problem_.region_count(); ++region) {
            Total total;
            for (Index c = 0; c < layout_.classes; ++c) {
                total.add(losses[static_cast<std::size_t>(region * layout_.classes + c)]);
            }
            const Index counted = counted_[static_cast<std::size_t>(region)];
            values_[static_cast<std::size_t>(region)] = counted == 0 ? 0 : total.value() / static_cast<double>(counted);
        }
    }

    void return_through_softmax() {
        if (problem_.pixels.activation == Activation::none) return;
        for_each_block([&](Index sample, Index first, Index count, PixelBlock<T>& block) {
            for (Index c = 0; c < layout_.classes; ++c) {
                const T* const row = gradient_ + layout_.place(sample, c, first);
                T* const to = block.gradient(c);
                for (Index i = 0; i < count; ++i) to[i] = row[i * layout_.pixel_stride];
            }
            block.store_gradient(gradient_);
        });
    }

    const Lovasz<T>& problem_;
    const Layout& layout_;
    Index samples_per_region_;
    View1<double> values_;
    T* gradient_;
    int num_threads_;
    std::vector<Errors<T>> errors_;  // of each thread
    Buffer<std::int32_t> labels_;
    Buffer<T> most_, inverse_;
    std::vector<std::uint8_t> is_counted_;
    std::vector<Index> counted_;
};

}  // namespace

template <class T>
void lovasz_softmax_loss(const Lovasz<T>& problem, View1<double> values, T* gradient, int num_threads) {
    Evaluation<T>(problem, values, gradient, num_threads).softmax();
}

template <class T>
void lovasz_hinge_loss(const Lovasz<T>& problem, View1<double> values, T* gradient, int num_threads) {
    Evaluation<T>(problem, values, gradient, num_threads).hinge();
}

template void lovasz_softmax_loss(const Lovasz<float>&, View1<double>, float*, int);
template void lovasz_softmax_loss(const Lovasz<double>&, View1<double>, double*, int);
template void lovasz_hinge_loss(const Lovasz<float>&, View1<double>, float*, int);
template void lovasz_hinge_loss(const Lovasz<double>&, View1<double>, double*, int);

}  // namespace metrix::losses
