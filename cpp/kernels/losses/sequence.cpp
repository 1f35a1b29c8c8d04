#include "kernels/losses/sequence.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "kernels/losses/sequence_blocks.hpp"
#include "support/buffer.hpp"
#include "support/instruction_set.hpp"
#include "support/parallel.hpp"
#include "support/prefetch.hpp"

namespace metrix::losses {

METRIX_DECLARE_FOR_EACH_LEVEL(SequenceBlocks, sequence_blocks);

const SequenceBlocks& sequence_blocks() {
    return METRIX_OF_THIS_MACHINE(sequence_blocks);
}

namespace {

// A mantissa grows to at most 3 sqrt(2) times itself in a frame, and shrinks to no less than sqrt(1/2) of itself.
constexpr Index frames_between_normalisations = 32;
constexpr Index frames_ahead = 4;
constexpr double ln2 = 0.6931471805599453;

template <class T>
const RowBlocks<T>& row_blocks(const SequenceBlocks& blocks) {
    if constexpr (sizeof(T) == sizeof(float)) {
        return blocks.of_floats;
    } else {
        return blocks.of_doubles;
    }
}

// One item of a batch after the other, in room that is kept.
template <class T>
class Item {
  public:
    explicit Item(const Ctc<T>& problem)
        : problem_(problem), blocks_(sequence_blocks()), rows_(row_blocks<T>(blocks_)) {}

    void work_on(Index item) {
        set_up(item);
        const bool wants_gradient = problem_.gradient != nullptr;
        const double upstream = wants_gradient ? problem_.upstream[static_cast<std::size_t>(item)] : 0;
        keeps_alpha_ = wants_gradient && upstream != 0;
        const double value = go_forward();
        const double infinity = std::numeric_limits<double>::infinity();
        const bool is_zeroed = problem_.zero_infinity && value == infinity;
        problem_.values[static_cast<std::size_t>(item)] = is_zeroed ? 0 : value;
        if (!wants_gradient) return;
        if (upstream == 0 || is_zeroed) {
            fill_gradient(0, frames_, T(0));
        } else if (value - value == 0) {
            go_backward(upstream);
        } else {
            fill_gradient(0, frames_, std::numeric_limits<T>::quiet_NaN());
        }
        fill_gradient(frames_, problem_.frames, T(0));
    }

  private:
    void set_up(Index item) {
        item_ = item;
        frames_ = problem_.input_lengths[static_cast<std::size_t>(item)];
        const std::int64_t begin = problem_.target_offsets[static_cast<std::size_t>(item)];
        const std::int64_t end = problem_.target_offsets[static_cast<std::size_t>(item) + 1];
        targets_ = problem_.targets.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
        labels_ = end - begin;
        places_ = (labels_ + places_at_once) / places_at_once * places_at_once;
        skips_.assign(static_cast<std::size_t>(places_) + 1, 0.0);
        barriers_.assign(static_cast<std::size_t>(places_) + 1, exponent_of_zero);
        for (std::size_t k = 1; k < targets_.size(); ++k) {
            if (targets_[k] == targets_[k - 1]) continue;
            skips_[k] = 1;
            barriers_[k] = 0;
        }
        log_probabilities_.assign(static_cast<std::size_t>(places_) + 1, -std::numeric_limits<double>::infinity());
    }

    // Slots of the labels that differ: several states may have one class.
    void find_slots() {
        first_of_slot_.clear();
        slot_of_label_.resize(targets_.size());
        slot_of_class_.resize(static_cast<std::size_t>(problem_.classes), -1);
        for (std::size_t k = 0; k < targets_.size(); ++k) {
            Index& slot = slot_of_class_[static_cast<std::size_t>(targets_[k])];
            if (slot < 0) {
                slot = std::ssize(first_of_slot_);
                first_of_slot_.push_back(static_cast<Index>(k));
            }
            slot_of_label_[k] = slot;
        }
        for (const std::int64_t label : targets_) slot_of_class_[static_cast<std::size_t>(label)] = -1;
        occupancy_.resize(first_of_slot_.size());
    }

    [[nodiscard]] Index place(Index frame) const { return (frame * problem_.batch + item_) * problem_.classes; }

    void fill_gradient(Index first, Index last, T value) const {
        for (Index t = first; t < last; ++t) std::fill_n(problem_.gradient + place(t), problem_.classes, value);
    }

    [[nodiscard]] Index row_size() const { return 4 * (places_ + 1); }

    [[nodiscard]] States states_at(double* row) const {
        const Index size = places_ + 1;
        return {{row, row + size}, {row + 2 * size, row + 3 * size}};
    }

    // All zero.
    [[nodiscard]] States clear(double* row) const {
        const States states = states_at(row);
        for (const Scaled& some : {states.blanks, states.labels}) {
            std::fill_n(some.mantissa, places_ + 1, 0.0);
            std::fill_n(some.exponent, places_ + 1, exponent_of_zero);
        }
        return states;
    }

    // The one place that no step writes.
    static void clear(const Scaled& values, Index place) {
        values.mantissa[place] = 0;
        values.exponent[place] = exponent_of_zero;
    }

    void normalise(const States& states, Index frame) const {
        if (frame % frames_between_normalisations != 0) return;
        blocks_.normalise(states.blanks, places_);
        blocks_.normalise(states.labels, places_ + 1);
    }

    // An item's rows lie too far apart for the processor to foresee the next ones.
    void look_ahead(const T* rows, Index frame) const {
        if (frame < 0 || frame >= frames_) return;
        const T* const row = rows + place(frame);
        constexpr Index line = 64 / sizeof(T);
        for (Index c = 0; c < std::min<Index>(problem_.classes, 8 * line); c += line) prefetch(row + c);
    }

    // Emissions of a frame: labels, then the blank. Where the gradient wants it, its rows hold exponentials meanwhile.
    [[nodiscard]] Scaled emit(Index frame) {
        const T* const row = problem_.scores + place(frame);
        look_ahead(problem_.scores, frame + frames_ahead);
        if (keeps_alpha_) look_ahead(problem_.gradient, frame + frames_ahead);
        double normaliser = 0;
        if (problem_.from_logits) {
            T* const exponentials = keeps_alpha_ ? problem_.gradient + place(frame) : nullptr;
            const Greatest of_row = rows_.exponentials(row, problem_.classes, exponentials);
            if (keeps_alpha_) sums_[static_cast<std::size_t>(frame)] = of_row.sum;
            for (std::size_t k = 0; k < targets_.size(); ++k) {
                log_probabilities_[k] = static_cast<double>(row[targets_[k]]) - of_row.greatest;
            }
            log_probabilities_.back() = static_cast<double>(row[problem_.blank]) - of_row.greatest;
            normaliser = blocks_.log(of_row.sum);
        } else {
            for (std::size_t k = 0; k < targets_.size(); ++k) {
                log_probabilities_[k] = static_cast<double>(row[targets_[k]]);
            }
            log_probabilities_.back() = static_cast<double>(row[problem_.blank]);
        }
        for (double& value : log_probabilities_) value -= normaliser;
        const Index size = places_ + 1;
        double* const room = emissions_.data() + (keeps_alpha_ ? frame * 2 * size : 0);
        const Scaled result = {room, room + size};
        blocks_.emit(log_probabilities_.data(), size, result);
        return result;
    }

    // -log P.
    double go_forward() {
        const Index kept = keeps_alpha_ ? frames_ : 1;
        alpha_.resize(static_cast<std::size_t>((kept + 1) * row_size()));
        emissions_.resize(static_cast<std::size_t>(2 * kept * (places_ + 1)));
        if (keeps_alpha_) sums_.resize(static_cast<std::size_t>(frames_));
        double* row = alpha_.data();
        States states = clear(row);
        states.blanks.mantissa[0] = 1;
        states.blanks.exponent[0] = 0;
        for (Index t = 0; t < frames_; ++t) {
            const Scaled emission = emit(t);
            row = alpha_.data() + (keeps_alpha_ ? t + 1 : (t + 1) % 2) * row_size();
            const States after = states_at(row);
            clear(after.blanks, places_);
            clear(after.labels, 0);
            blocks_.advance(places_, states, emission, skips_.data(), barriers_.data(), after);
            normalise(after, t + 1);
            states = after;
        }

        // P is the sum of the last two states.
        const double top = std::max(states.blanks.exponent[labels_], states.labels.exponent[labels_]);
        double total = 0;
        for (const Scaled& last : {states.blanks, states.labels}) {
            total += std::ldexp(last.mantissa[labels_], whole(last.exponent[labels_] - top));
        }
        double exponent = top;
        blocks_.normalise({&total, &exponent}, 1);
        if (total == 0) return std::numeric_limits<double>::infinity();
        return -(blocks_.log(total) + exponent * ln2);
    }

    void go_backward(double upstream) {
        find_slots();
        const Index size = places_ + 1;
        weights_.resize(static_cast<std::size_t>(2 * row_size()));
        probabilities_.resize(static_cast<std::size_t>(size));
        label_occupancy_.resize(static_cast<std::size_t>(size));
        blank_occupancy_.resize(static_cast<std::size_t>(size));
        States states = clear(weights_.data());
        states.blanks.mantissa[labels_] = 1;
        states.blanks.exponent[labels_] = 0;
        for (Index t = frames_ - 1; t >= 0; --t) {
            double* const room = emissions_.data() + t * 2 * size;
            const Scaled emission = {room, room + size};
            const States before = states_at(weights_.data() + (frames_ - t) % 2 * row_size());
            const States alpha = states_at(alpha_.data() + (t + 1) * row_size());
            clear(before.blanks, places_);
            clear(before.labels, places_);
            const Occupancy occupancy =
                blocks_.retreat(places_, states, emission, skips_.data(), barriers_.data(), before, alpha,
                                label_occupancy_.data(), blank_occupancy_.data());
            normalise(before, frames_ - t);
            states = before;
            set_gradient(t, emission, occupancy, upstream);
        }
    }

    void set_gradient(Index frame, const Scaled& emission, const Occupancy& of_frame, double upstream) {
        const double inverse = 1 / of_frame.all;
        std::fill(occupancy_.begin(), occupancy_.end(), 0.0);
        for (std::size_t k = 0; k < targets_.size(); ++k) {
            occupancy_[static_cast<std::size_t>(slot_of_label_[k])] += label_occupancy_[k];
        }
        T* const row = problem_.gradient + place(frame);
        look_ahead(problem_.gradient, frame - frames_ahead);
        if (problem_.from_logits) {
            rows_.scale(row, upstream / sums_[static_cast<std::size_t>(frame)], problem_.classes);
        } else {
            std::fill_n(row, problem_.classes, T(0));
        }
        // Doubles tell a probability from an occupancy that is almost the same.
        const auto gradient = [&](Index place, double occupancy) {
            const double probability = problem_.from_logits ? probabilities_[static_cast<std::size_t>(place)] : 0;
            return static_cast<T>((probability - occupancy * inverse) * upstream);
        };
        if (problem_.from_logits) blocks_.plain(emission, places_ + 1, probabilities_.data());
        for (std::size_t slot = 0; slot < first_of_slot_.size(); ++slot) {
            const Index k = first_of_slot_[slot];
            row[targets_[static_cast<std::size_t>(k)]] = gradient(k, occupancy_[slot]);
        }
        row[problem_.blank] = gradient(places_, of_frame.blanks);
    }

    // For ldexp: nothing of a probability is left below.
    static int whole(double exponent) { return static_cast<int>(std::max(exponent, -2000.0)); }

    const Ctc<T>& problem_;
    const SequenceBlocks& blocks_;
    const RowBlocks<T>& rows_;
    Index item_ = 0;
    Index frames_ = 0;
    Index labels_ = 0;
    Index places_ = 0;
    View1<const std::int64_t> targets_;
    bool keeps_alpha_ = false;
    std::vector<double> skips_;
    std::vector<double> barriers_;
    std::vector<double> log_probabilities_;
    Buffer<double> alpha_;
    Buffer<double> emissions_;
    Buffer<double> weights_;
    std::vector<double> sums_;
    std::vector<double> probabilities_;
    std::vector<double> label_occupancy_;
    std::vector<double> blank_occupancy_;
    std::vector<double> occupancy_;
    std::vector<Index> slot_of_label_;
    std::vector<Index> slot_of_class_;
    std::vector<Index> first_of_slot_;
};

}  // namespace

template <class T>
void ctc_loss(const Ctc<T>& problem, int num_threads) {
    const Index threads = std::max<Index>(1, std::min<Index>(num_threads, problem.batch));
    std::vector<Item<T>> items(static_cast<std::size_t>(threads), Item<T>(problem));
    parallel_for(problem.batch, static_cast<int>(threads),
                 [&](Index item, int thread) { items[static_cast<std::size_t>(thread)].work_on(item); });
}

template void ctc_loss(const Ctc<float>&, int);
template void ctc_loss(const Ctc<double>&, int);

}  // namespace metrix::losses
