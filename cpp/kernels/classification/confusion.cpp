#include "kernels/classification/confusion.hpp"

#include <algorithm>
#include <limits>
#include <vector>

#include "kernels/classification/codes.hpp"
#include "kernels/classification/pairs.hpp"
#include "support/exact_sum.hpp"
#include "support/instruction_set.hpp"
#include "support/parallel.hpp"

namespace metrix::classification {

METRIX_DECLARE_FOR_EACH_LEVEL(Encoders, encoders_of_level);

const Encoders& encoders() {
    return METRIX_OF_THIS_MACHINE(encoders_of_level);
}

METRIX_DECLARE_FOR_EACH_LEVEL(PairLoops, pair_loops_of_level);

const PairLoops& pair_loops() {
    return METRIX_OF_THIS_MACHINE(pair_loops_of_level);
}

namespace {

constexpr Index block_size = 4096;
constexpr Index chunk_size = Index{1} << 20;
constexpr std::size_t byte_values = 256;

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

// One side as bytes.
class ByteSide {
  public:
    ByteSide(const Labels& labels, const Coding& coding, bool is_true, bool dense)
        : labels_(labels), coding_(coding), is_true_(is_true) {
        if (is_byte(labels) && dense) {
            const bool is_signed = labels.type == LabelType::int8;
            const std::int64_t least = is_signed ? std::numeric_limits<std::int8_t>::min() : 0;
            // Differences of bytes are those of labels if all classes are within the type.
            bytes_.clamps = coding.low >= least && coding.low + coding.span <= least + 256;
            bytes_.low = static_cast<std::uint8_t>(coding.low);
            bytes_.span = static_cast<std::uint8_t>(coding.span);
            bytes_.ignores = is_true && coding.ignores && coding.ignored >= least && coding.ignored < least + 256;
            bytes_.ignored = static_cast<std::uint8_t>(coding.ignored);
        }
        encodes_ = !is_byte(labels) || (dense && !bytes_.clamps);
    }

    [[nodiscard]] const ByteCoding& coding() const { return bytes_; }
    [[nodiscard]] bool encodes() const { return encodes_; }

    [[nodiscard]] const std::uint8_t* bytes(Index first, Index count, std::uint8_t* room) const {
        if (!encodes_) return static_cast<const std::uint8_t*>(labels_.data) + first;
        encode(labels_, first, count, coding_, is_true_, room);
        return room;
    }

    // The code of each byte that `bytes` gives.
    [[nodiscard]] std::vector<std::int32_t> codes() const {
        std::vector<std::int32_t> codes(byte_values);
        if (encodes_) {
            const auto last = static_cast<std::int32_t>(coding_.codes() - 1);
            for (std::size_t byte = 0; byte < byte_values; ++byte) {
                codes[byte] = std::min(static_cast<std::int32_t>(byte), last);
            }
            return codes;
        }
        std::vector<std::uint8_t> every(byte_values);
        for (std::size_t byte = 0; byte < byte_values; ++byte) every[byte] = static_cast<std::uint8_t>(byte);
        const auto count = static_cast<Index>(byte_values);
        encode({every.data(), labels_.type, count}, 0, count, coding_, is_true_, codes.data());
        return codes;
    }

  private:
    Labels labels_;
    Coding coding_;
    bool is_true_;
    bool encodes_ = false;
    ByteCoding bytes_;
};

// Tables take room in caches, and those of quads time in the end.
Tables tables_for(Index cells, Index count) {
    if (cells <= quad_cells && count >= Index{1} << 22) return quads;
    return cells <= 128 ? eight : cells <= 8192 ? four : two;
}

// Pairs of bytes, counted by one thread.
class PairCounts {
  public:
    PairCounts(const PairCoding& coding, Tables choice)
        : coding_(coding),
          choice_(choice),
          tables_(choice == quads ? static_cast<std::size_t>(quad_cells + quad_count)
                                  : static_cast<std::size_t>(coding.cells) * (std::size_t{8} >> choice)),
          totals_(static_cast<std::size_t>(choice == quads ? quad_cells : coding.cells)) {}

    void add(const std::uint8_t* first, const std::uint8_t* second, Index count) {
        if (pending_ + count > largest_pending) flush();
        pending_ += count;
        pair_loops().count[choice_](first, second, count, coding_, tables_.data());
    }

    void flush() {
        const std::size_t plain = choice_ == quads ? totals_.size() : tables_.size();
        for (std::size_t i = 0; i < plain; ++i) totals_[i % totals_.size()] += tables_[i];
        for (std::size_t i = plain; i < tables_.size(); ++i) {
            for (std::size_t place = 0; place < 16; place += 4) totals_[((i - plain) >> place) & 15] += tables_[i];
        }
        std::fill(tables_.begin(), tables_.end(), 0U);
        pending_ = 0;
    }

    // Of what has been flushed.
    [[nodiscard]] std::int64_t operator[](std::size_t cell) const { return totals_[cell]; }

  private:
    static constexpr Index largest_pending = Index{1} << 30;

    const PairCoding& coding_;
    Tables choice_;
    std::vector<std::uint32_t> tables_;
    std::vector<std::int64_t> totals_;
    Index pending_ = 0;
};

void count_bytes(const Labels& y_true, const Labels& y_pred, const Coding& coding, int num_threads,
                 View2<std::int64_t> counts) {
    // Tables of codes; or of all bytes, if there are more codes than bytes.
    const bool dense = coding.codes() <= static_cast<Index>(byte_values);
    const ByteSide truth(y_true, coding, true, dense);
    const ByteSide prediction(y_pred, coding, false, dense);
    const auto true_code = truth.codes();
    const auto predicted_code = prediction.codes();
    PairCoding pairs;
    pairs.truth = truth.coding();
    pairs.prediction = prediction.coding();
    pairs.stride = static_cast<std::uint32_t>(dense ? coding.codes() : static_cast<Index>(byte_values));
    pairs.cells = static_cast<Index>(pairs.stride) * pairs.stride;
    for (std::size_t byte = 0; byte < byte_values; ++byte) {
        const auto same = static_cast<std::uint32_t>(byte);
        pairs.of_true[byte] = pairs.stride * (dense ? static_cast<std::uint32_t>(true_code[byte]) : same);
        pairs.predicted[byte] = dense ? static_cast<std::uint32_t>(predicted_code[byte]) : same;
    }
    const Index chunk_count = (y_true.count + chunk_size - 1) / chunk_size;
    std::vector<PairCounts> of_thread(static_cast<std::size_t>(std::clamp<Index>(chunk_count, 1, num_threads)),
                                      PairCounts(pairs, tables_for(pairs.cells, y_true.count)));
    parallel_for(chunk_count, static_cast<int>(of_thread.size()), [&](Index chunk, int thread) {
        std::uint8_t room[2][block_size];
        const Index end = std::min(y_true.count, (chunk + 1) * chunk_size);
        const Index step = truth.encodes() || prediction.encodes() ? block_size : chunk_size;
        for (Index first = chunk * chunk_size; first < end; first += step) {
            const Index count = std::min(step, end - first);
            of_thread[static_cast<std::size_t>(thread)].add(truth.bytes(first, count, room[0]),
                                                            prediction.bytes(first, count, room[1]), count);
        }
    });
    for (PairCounts& thread : of_thread) thread.flush();
    for (std::size_t cell = 0; cell < static_cast<std::size_t>(pairs.cells); ++cell) {
        const std::size_t i = cell / pairs.stride;
        const std::size_t j = cell % pairs.stride;
        const Index row = dense ? static_cast<Index>(i) : true_code[i];
        const Index column = dense ? static_cast<Index>(j) : predicted_code[j];
        for (const PairCounts& thread : of_thread) counts(row, column) += thread[cell];
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
    if (fits && y_true.count > std::min(2 * cells, static_cast<Index>(byte_values * byte_values))) {
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
