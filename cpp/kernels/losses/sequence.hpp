// Connectionist temporal classification (A. Graves et al., 2006).
//
// The loss of an item is -log P, where P sums the probabilities of all paths that spell its target once repeats are
// joined and blanks removed. A path is in one of 2 S + 1 states: a blank before, between and after S labels. With
// alpha_t(s) the probability of all ways to be in state s at frame t, that frame included, and beta_t(s) that of all
// ways to end from there, alpha_t(s) beta_t(s) / P is how likely the state is, and summed over the states of a class
// its occupancy.
//
// Gradients: by log-probabilities, -occupancy; by logits, softmax - occupancy.
//
// Probabilities are kept as m 2^e with both parts in doubles, as products over thousands of frames leave the range of a
// double and logarithms would take three exponentials and a logarithm for each state. Nothing underflows, whatever is
// rare.
//
// Cost: frames x (classes + states) for each item; room for frames x states where gradients are wanted.
#pragma once

#include <cstdint>

#include "support/view.hpp"

namespace metrix::losses {

template <class T>
struct Ctc {
    const T* scores = nullptr;  // (frames, batch, classes)
    Index frames = 0;
    Index batch = 0;
    Index classes = 0;
    View1<const std::int64_t> targets;         // labels of all items, one after the other
    View1<const std::int64_t> target_offsets;  // where those of each begin, and where the last end: batch + 1
    View1<const std::int64_t> input_lengths;   // batch: frames of each item; those beyond have gradient 0
    Index blank = 0;
    bool from_logits = true;  // scores become log-probabilities by log_softmax; else they are such
    bool zero_infinity =
        false;  // a target that no path spells: 0 instead of infinity, and its gradient 0 instead of NaN
    View1<const double>
        upstream;           // what the gradient of each item is multiplied by; 0: it is 0, whatever the item holds
    View1<double> values;   // batch
    T* gradient = nullptr;  // of the shape of scores, or null
};

// Every length and label must be within its range. The same bits for any number of threads.
template <class T>
void ctc_loss(const Ctc<T>& problem, int num_threads);

}  // namespace metrix::losses
