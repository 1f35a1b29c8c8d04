#include "kernels/depth.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "kernels/depth/blocks.hpp"
#include "support/instruction_set.hpp"
#include "support/part_sums.hpp"

namespace metrix::depth {

METRIX_DECLARE_FOR_EACH_LEVEL(Formulas, formulas_of_level);
METRIX_DECLARE_FOR_EACH_LEVEL(Gather<float>, gather_floats);
METRIX_DECLARE_FOR_EACH_LEVEL(Gather<double>, gather_doubles);

const Formulas& formulas() {
    return METRIX_OF_THIS_MACHINE(formulas_of_level);
}

template <>
Gather<float> gather<float>() {
    return METRIX_OF_THIS_MACHINE(gather_floats);
}

template <>
Gather<double> gather<double>() {
    return METRIX_OF_THIS_MACHINE(gather_doubles);
}

namespace {

constexpr Index part_size = Index{1} << 15;
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

template <class T>
Index window_size(const Images<T>& images) {
    return (images.window.bottom - images.window.top) * (images.window.right - images.window.left);
}

// Calls body(block) with the valid pixels of places first .. last - 1 of the window of one image.
template <class T, class Body>
void each_block(const Images<T>& images, Index image, Index first, Index last, const Range& range, const Body& body) {
    const Gather<T> append = gather<T>();
    const Window& window = images.window;
    const Index width = window.right - window.left;
    const auto block = std::make_unique<Block>();
    while (first < last) {
        const Index row = first / width, column = first % width;
        const Index count = std::min({width - column, last - first, gathered_at_once});
        const Index from = (image * images.height + window.top + row) * images.width + window.left + column;
        append(images.target + from, images.prediction + from, images.mask == nullptr ? nullptr : images.mask + from,
               count, range, *block);
        first += count;
        if (block->count >= gathered_at_once || (first == last && block->count > 0)) {
            body(*block);
            block->count = 0;
        }
    }
}

template <class T>
void errors_of_part(const Images<T>& images, Index image, Index first, Index last, const Range& range,
                    const double* scale_and_shift, const double* within, unsigned groups, Exact* sums) {
    const Formulas& work = formulas();
    const auto of_block = std::make_unique<BlockSums>();
    const auto add = [&](SumOf from, SumOf to) {
        for (int which = static_cast<int>(from); which <= static_cast<int>(to); ++which) {
            sums[which] = sums[which] + total(of_block->of[which]);
        }
    };
    each_block(images, image, first, last, range, [&](Block& block) {
        work.prepare(block, scale_and_shift[0], scale_and_shift[1], range);
        const Index filled = (block.count + LaneSums::lanes - 1) / LaneSums::lanes * LaneSums::lanes;
        std::fill(block.target + block.count, block.target + filled, 1.0);
        std::fill(block.prediction + block.count, block.prediction + filled, 1.0);
        Exact& pixels = sums[static_cast<int>(SumOf::pixels)];
        pixels = pixels + Exact{static_cast<double>(block.count), 0};
        work.errors(block, filled, *of_block);
        add(SumOf::error, SumOf::squared_relative);
        if ((groups & with_inverses) != 0) {
            work.inverses(block, filled, *of_block);
            add(SumOf::inverse, SumOf::squared_inverse);
        }
        if ((groups & with_logarithms) != 0) {
            work.logarithms(block, filled, *of_block);
            add(SumOf::logarithm, SumOf::squared_logarithm);
        }
        if ((groups & with_thresholds) != 0) {
            work.thresholds(block, filled, within, *of_block);
            add(SumOf::within_first, SumOf::within_third);
            const Exact equal_pairs{static_cast<double>(block.count - filled), 0};
            for (int k = 0; k < threshold_count; ++k) {
                Exact& count = sums[static_cast<int>(SumOf::within_first) + k];
                count = count + equal_pairs;
            }
        }
    });
}

// The upper half of the bits of a double, in the order of numbers.
std::size_t bin_of(double value) {
    const auto bits = std::bit_cast<std::uint64_t>(value);
    const std::uint64_t sign = std::uint64_t{1} << 63;
    return static_cast<std::size_t>(((bits & sign) != 0 ? ~bits : bits | sign) >> 48);
}

// The mean of the two middle values of an even number; NaN of none, and where there is one. Values are counted by their
// first bits, so that only those of the middle's bin are put in order.
double median(const std::vector<double>& values) {
    if (values.empty()) return nan;
    std::vector<std::uint32_t> counts(std::size_t{1} << 16);
    bool has_nan = false;
    for (const double value : values) {
        ++counts[bin_of(value)];
        has_nan |= value != value;
    }
    if (has_nan) return nan;
    const std::size_t upper = values.size() / 2, lower = (values.size() - 1) / 2;
    const auto bin_at = [&](std::size_t rank, std::size_t& before) {
        std::size_t bin = 0;
        for (before = 0; before + counts[bin] <= rank; ++bin) before += counts[bin];
        return bin;
    };
    std::size_t before_lower = 0, before_upper = 0;
    const std::size_t first = bin_at(lower, before_lower), last = bin_at(upper, before_upper);
    std::vector<double> near;
    for (const double value : values) {
        const std::size_t bin = bin_of(value);
        if (bin == first || bin == last) near.push_back(value);
    }
    const auto middle = near.begin() + static_cast<Index>(upper - before_lower);
    std::nth_element(near.begin(), middle, near.end());
    if (lower == upper) return *middle;
    const double below = *std::max_element(near.begin(), middle);
    return below + (*middle - below) / 2;
}

// Ratio of the medians of true depths and of predictions.
template <class T>
double ratio_of_medians(const Images<T>& images, Index image, const Range& range) {
    std::vector<double> truth, predicted;
    each_block(images, image, 0, window_size(images), range, [&](const Block& block) {
        truth.insert(truth.end(), block.target, block.target + block.count);
        predicted.insert(predicted.end(), block.prediction, block.prediction + block.count);
    });
    if (range.is_inverse) {
        for (double& value : truth) value = 1 / value;
    }
    return median(truth) / median(predicted);
}

// Sums of p - p_0, t - t_0, their products, and their number; t is what predictions should be.
struct Moments {
    static constexpr int count = 5;
    double prediction_origin;
    double target_origin;

    void add(const Block& block, const Range& range, Exact* sums) const {
        for (Index i = 0; i < block.count; ++i) {
            const double p = block.prediction[i] - prediction_origin;
            const double t = (range.is_inverse ? 1 / block.target[i] : block.target[i]) - target_origin;
            const double terms[] = {1, p, t};
            for (int k = 0; k < 3; ++k) sums[k] = sums[k] + Exact{terms[k], 0};
            sums[3] = sums[3] + exact_product(p, p);
            sums[4] = sums[4] + exact_product(p, t);
        }
    }
};

template <class T>
Moments origin_of(const Images<T>& images, Index image, const Range& range) {
    Moments origin{0, 0};
    bool is_known = false;
    const Index size = window_size(images);
    for (Index first = 0; first < size && !is_known; first += gathered_at_once) {
        each_block(images, image, first, std::min(size, first + gathered_at_once), range, [&](const Block& block) {
            origin = {block.prediction[0], range.is_inverse ? 1 / block.target[0] : block.target[0]};
            is_known = true;
        });
    }
    return origin;
}

Exact of(const double* sums, int which) {
    return {sums[2 * which], sums[2 * which + 1]};
}

}  // namespace

template <class T>
void depth_alignment(const Images<T>& images, const Range& range, Fit fit, int num_threads, View2<double> result) {
    if (fit == Fit::median) {
        parallel_for(images.count, num_threads, [&](Index image, int) {
            result(image, 0) = ratio_of_medians(images, image, range);
            result(image, 1) = 0;
        });
        return;
    }
    std::vector<Moments> origins(static_cast<std::size_t>(images.count));
    if (fit == Fit::scale_and_shift) {
        for (Index image = 0; image < images.count; ++image) {
            origins[static_cast<std::size_t>(image)] = origin_of(images, image, range);
        }
    }
    std::vector<double> room(static_cast<std::size_t>(images.count * 2 * Moments::count));
    const View2<double> sums{room.data(), images.count, 2 * Moments::count};
    sum_parts(
        window_size(images), part_size, num_threads,
        [&](Index image, Index first, Index last, Exact* of_part) {
            each_block(images, image, first, last, range, [&](const Block& block) {
                origins[static_cast<std::size_t>(image)].add(block, range, of_part);
            });
        },
        sums);
    for (Index image = 0; image < images.count; ++image) {
        const double* const row = sums.row(image);
        const Exact number = of(row, 0), p = of(row, 1), t = of(row, 2);
        double& scale = result(image, 0);
        double& shift = result(image, 1);
        if (fit == Fit::scale) {
            scale = (of(row, 4) / of(row, 3)).value();
            shift = 0;
            continue;
        }
        const double variation = (of(row, 3) + -(p * p / number)).value();
        const double common = (of(row, 4) + -(p * t / number)).value();
        const Moments& origin = origins[static_cast<std::size_t>(image)];
        scale = variation == 0 ? 0 : common / variation;
        shift =
            (origin.target_origin + (t / number).value()) - scale * (origin.prediction_origin + (p / number).value());
    }
}

template <class T>
void depth_errors(const Images<T>& images, const Range& range, View2<const double> alignment,
                  const double (&within)[threshold_count], unsigned groups, int num_threads, View2<double> sums) {
    sum_parts(
        window_size(images), part_size, num_threads,
        [&](Index image, Index first, Index last, Exact* of_part) {
            errors_of_part(images, image, first, last, range, alignment.row(image), within, groups, of_part);
        },
        sums);
}

#define METRIX_FOR(T)                                                                                                  \
    template void depth_alignment(const Images<T>&, const Range&, Fit, int, View2<double>);                            \
    template void depth_errors(const Images<T>&, const Range&, View2<const double>, const double (&)[threshold_count], \
                               unsigned, int, View2<double>)
METRIX_FOR(float);
METRIX_FOR(double);
#undef METRIX_FOR

void log_variance(View2<const double> sums, double share, View1<double> result) {
    for (Index i = 0; i < sums.rows; ++i) {
        const auto sum = [&](SumOf which) { return of(sums.row(i), static_cast<int>(which)); };
        const Exact mean = sum(SumOf::logarithm) / sum(SumOf::pixels);
        const Exact squares = sum(SumOf::squared_logarithm) / sum(SumOf::pixels);
        const double value = (squares + -(Exact{share, 0} * mean * mean)).value();
        result[static_cast<std::size_t>(i)] = value < 0 ? 0 : value;
    }
}

}  // namespace metrix::depth
