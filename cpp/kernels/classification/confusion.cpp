#include "kernels/classification/confusion.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include "kernels/classification/codes.hpp"
#include "support/exact_sum.hpp"
#include "support/instruction_set.hpp"
#include "support/parallel.hpp"

namespace metrix::classification {

METRIX_DECLARE_FOR_EACH_LEVEL(Encoders, encoders_of_level);

const Encoders& encoders() {
    return METRIX_OF_THIS_MACHINE(encoders_of_level);
}

namespace {

constexpr Index block_size = 4096;
constexpr Index chunk_size = Index{1} << 20;
constexpr std::size_t byte_values = 256;
constexpr std::size_t pair_count = byte_values * byte_values;

bool is_byte(const Labels& labels) {
    return labels.type == LabelType::uint8 || labels.type == LabelType::int8;
}

void encode(const Labels& labels, Index first, Index count, const Coding& coding, bool is_true, std::uint8_t* codes) {
    encoders().bytes[static_cast<int>(labels.type)](labels.data, first, count, coding, is_true && coding.ignores,
                                                    codes);
}

void encode(const Labels& labels, Index first, Index count, const Coding& coding, bool is_true, std::int32_t* codes) {
    encoders().wide[static_cast<int>(labels.type)](labels.data, first, count, coding, is_true && coding.ignores, codes);
}

constexpr std::uint64_t repeated(std::uint64_t byte) {
    return (byte & 0xff) * 0x0101010101010101U;
}

// Pairs of bytes, in two tables that take turns.
class PairCounts {
  public:
    PairCounts() : tables_(2 * pair_count, 0), totals_(pair_count, 0) {}

    void add(const std::uint8_t* first, const std::uint8_t* second, Index count) {
        if (pending_ + count > largest_pending) flush();
        pending_ += count;
        std::uint64_t run_first = 0;
        std::uint64_t run_second = 0;
        std::uint32_t run = 0;
        std::uint32_t* const even = tables_.data();
        std::uint32_t* const odd = even + pair_count;
        Index i = 0;
        for (; i + 8 <= count; i += 8) {
            std::uint64_t a;
            std::uint64_t b;
            std::memcpy(&a, first + i, sizeof a);
            std::memcpy(&b, second + i, sizeof b);
            if (a == run_first && b == run_second) {
                run += 8;
                continue;
            }
            even[(run_first & 0xff) << 8 | (run_second & 0xff)] += run;
            run = 0;
            if (a == repeated(a) && b == repeated(b)) {
                run_first = a;
                run_second = b;
                run = 8;
                continue;
            }
            const std::uint8_t* const t = first + i;
            const std::uint8_t* const p = second + i;
            const std::uint32_t cells[8] = {pair(t[0], p[0]), pair(t[1], p[1]), pair(t[2], p[2]), pair(t[3], p[3]),
                                            pair(t[4], p[4]), pair(t[5], p[5]), pair(t[6], p[6]), pair(t[7], p[7])};
            for (int k = 0; k < 8; k += 2) {
                ++even[cells[k]];
                ++odd[cells[k + 1]];
            }
        }
        even[(run_first & 0xff) << 8 | (run_second & 0xff)] += run;
        for (; i < count; ++i) ++even[pair(first[i], second[i])];
    }

    void flush() {
        for (std::size_t cell = 0; cell < pair_count; ++cell) {
            totals_[cell] += static_cast<std::int64_t>(tables_[cell]) + tables_[pair_count + cell];
        }
        std::fill(tables_.begin(), tables_.end(), 0U);
        pending_ = 0;
    }

    // Of what has been flushed.
    [[nodiscard]] std::int64_t operator()(std::size_t first, std::size_t second) const {
        return totals_[first << 8 | second];
    }

  private:
    static constexpr Index largest_pending = Index{1} << 30;

    static std::uint32_t pair(std::uint8_t first, std::uint8_t second) {
        return static_cast<std::uint32_t>(first) << 8 | second;
    }

    std::vector<std::uint32_t> tables_;
    std::vector<std::int64_t> totals_;
    Index pending_ = 0;
};

// Bytes as they are, or codes that are bytes.
const std::uint8_t* as_bytes(const Labels& labels, Index first, Index count, const Coding& coding, bool is_true,
                             std::uint8_t* room) {
    if (is_byte(labels)) return static_cast<const std::uint8_t*>(labels.data) + first;
    encode(labels, first, count, coding, is_true, room);
    return room;
}

// The code of each byte that as_bytes gives.
std::vector<std::int32_t> codes_of_bytes(const Labels& labels, const Coding& coding, bool is_true) {
    std::vector<std::uint8_t> bytes(byte_values);
    for (std::size_t byte = 0; byte < byte_values; ++byte) bytes[byte] = static_cast<std::uint8_t>(byte);
    std::vector<std::int32_t> codes(byte_values);
    if (is_byte(labels)) {
        encode({bytes.data(), labels.type, static_cast<Index>(byte_values)}, 0, static_cast<Index>(byte_values), coding,
               is_true, codes.data());
    } else {
        const auto last = static_cast<std::int32_t>(coding.codes() - 1);
        for (std::size_t byte = 0; byte < byte_values; ++byte) codes[byte] = std::min<std::int32_t>(bytes[byte], last);
    }
    return codes;
}

void count_bytes(const Labels& y_true, const Labels& y_pred, const Coding& coding, int num_threads,
                 View2<std::int64_t> counts) {
    const Index chunk_count = (y_true.count + chunk_size - 1) / chunk_size;
    std::vector<PairCounts> of_thread(static_cast<std::size_t>(std::clamp<Index>(chunk_count, 1, num_threads)));
    parallel_for(chunk_count, static_cast<int>(of_thread.size()), [&](Index chunk, int thread) {
        std::uint8_t room[2][block_size];
        const Index end = std::min(y_true.count, (chunk + 1) * chunk_size);
        const Index step = is_byte(y_true) && is_byte(y_pred) ? chunk_size : block_size;
        for (Index first = chunk * chunk_size; first < end; first += step) {
            const Index count = std::min(step, end - first);
            of_thread[static_cast<std::size_t>(thread)].add(as_bytes(y_true, first, count, coding, true, room[0]),
                                                            as_bytes(y_pred, first, count, coding, false, room[1]),
                                                            count);
        }
    });
    for (PairCounts& pairs : of_thread) pairs.flush();
    const auto true_code = codes_of_bytes(y_true, coding, true);
    const auto predicted_code = codes_of_bytes(y_pred, coding, false);
    for (std::size_t i = 0; i < byte_values; ++i) {
        for (std::size_t j = 0; j < byte_values; ++j) {
            for (const PairCounts& pairs : of_thread) counts(true_code[i], predicted_code[j]) += pairs(i, j);
        }
    }
}

// Calls add(cell, element) for each element of a range.
template <class Add>
void for_each_cell(const Labels& y_true, const Labels& y_pred, const Coding& coding, Index first, Index end,
                   Add&& add) {
    std::int32_t codes[2][block_size];
    constexpr Index step = block_size;
    for (Index begin = first; begin < end; begin += step) {
        const Index count = std::min(step, end - begin);
        encode(y_true, begin, count, coding, true, codes[0]);
        encode(y_pred, begin, count, coding, false, codes[1]);
        for (Index i = 0; i < count; ++i) add(codes[0][i] * coding.codes() + codes[1][i], begin + i);
    }
}

}  // namespace

void confusion_matrix(const Labels& y_true, const Labels& y_pred, const Coding& coding, int num_threads,
                      View2<std::int64_t> counts) {
    std::fill_n(counts.data, counts.size(), 0);
    const Index cells = counts.size();
    const bool fits_bytes = coding.codes() <= static_cast<Index>(byte_values);
    const bool fits = (is_byte(y_true) || fits_bytes) && (is_byte(y_pred) || fits_bytes);
    if (fits && y_true.count > static_cast<Index>(pair_count)) {
        return count_bytes(y_true, y_pred, coding, num_threads, counts);
    }
    const Index step = std::max(chunk_size, 4 * cells);
    const Index chunk_count = (y_true.count + step - 1) / step;
    std::vector<std::vector<std::int64_t>> of_thread(
        static_cast<std::size_t>(std::clamp<Index>(chunk_count, 1, num_threads)));
    parallel_for(chunk_count, static_cast<int>(of_thread.size()), [&](Index chunk, int thread) {
        std::vector<std::int64_t>& own = of_thread[static_cast<std::size_t>(thread)];
        if (own.empty()) own.resize(static_cast<std::size_t>(cells));
        for_each_cell(y_true, y_pred, coding, chunk * step, std::min(y_true.count, (chunk + 1) * step),
                      [&](Index cell, Index) { ++own[static_cast<std::size_t>(cell)]; });
    });
    for (const auto& own : of_thread) {
        for (std::size_t cell = 0; cell < own.size(); ++cell) counts.data[cell] += own[cell];
    }
}

void weighted_confusion_matrix(const Labels& y_true, const Labels& y_pred, View1<const double> weight,
                               const Coding& coding, int num_threads, View2<double> sums) {
    const Index cells = sums.size();
    // So that the tables of all chunks take no more room than the weights.
    const Index step = std::max(chunk_size, 4 * cells);
    const Index chunk_count = (y_true.count + step - 1) / step;
    std::vector<std::vector<Exact>> of_chunk(static_cast<std::size_t>(chunk_count));
    parallel_for(chunk_count, num_threads, [&](Index chunk, int) {
        std::vector<Exact>& own = of_chunk[static_cast<std::size_t>(chunk)];
        own.resize(static_cast<std::size_t>(cells));
        for_each_cell(y_true, y_pred, coding, chunk * step, std::min(y_true.count, (chunk + 1) * step),
                      [&](Index cell, Index i) {
                          Exact& sum = own[static_cast<std::size_t>(cell)];
                          sum = sum + Exact{weight[static_cast<std::size_t>(i)], 0};
                      });
    });
    for (Index cell = 0; cell < cells; ++cell) {
        Exact sum;
        for (const auto& own : of_chunk) sum = sum + own[static_cast<std::size_t>(cell)];
        sums.data[cell] = sum.value();
    }
}

}  // namespace metrix::classification
