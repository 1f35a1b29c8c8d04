// The inner loops of sequence losses; like blocks.hpp, they exist once for each instruction set and give the same bits.
#pragma once

#include "support/view.hpp"

namespace metrix::losses {

// Numbers m 2^e side by side. Zero has an exponent below all others.
struct Scaled {
    double* mantissa = nullptr;
    double* exponent = nullptr;
};

// One frame's states: S labels, and S + 1 blanks before, between and after them. There is room for a few more, `places`
// in all, so that loops over vectors leave nothing over; labels there are never emitted. Both have places + 1 numbers.
//
// Where states look back, label k stands at k + 1, and what is before the first one is zero; where they look ahead, at
// k, and all after the last one are zero.
struct States {
    Scaled blanks;
    Scaled labels;
};

constexpr Index places_at_once = 8;

constexpr double exponent_of_zero = -1e300;

// Of a frame.
struct Occupancy {
    double blanks;
    double all;
};

struct Greatest {
    double greatest;
    double sum;
};

template <class T>
struct RowBlocks {
    // The greatest of a row and the sum of exp(row - greatest), which are written where `result` is not null.
    Greatest (*exponentials)(const T* row, Index count, T* result);
    void (*scale)(T* values, double factor, Index count);
};

struct SequenceBlocks {
    RowBlocks<float> of_floats;
    RowBlocks<double> of_doubles;
    double (*log)(double x);
    // exp of log-probabilities.
    void (*emit)(const double* log_probabilities, Index count, Scaled result);
    // From the states of one frame to those of the next, whose emission is that of all places, then of the blank.
    // `skips` is 1 where the blank before a label may be left out, and `barriers` 0; else 0 and the exponent of zero.
    void (*advance)(Index places, const States& before, const Scaled& emission, const double* skips,
                    const double* barriers, const States& after);
    // Likewise backwards: `after` holds beta times emission of the next frame, `before` is to hold that of this one.
    // How likely each state is, alpha beta, over what all states of the frame have in common: their sum takes it out,
    // which no exponent is too large for.
    Occupancy (*retreat)(Index places, const States& after, const Scaled& emission, const double* skips,
                         const double* barriers, const States& before, const States& alpha, double* of_labels,
                         double* of_blanks);
    // As doubles; exponents up to 1000.
    void (*plain)(Scaled values, Index count, double* result);
    // Mantissas back to between 1 and 2.
    void (*normalise)(Scaled values, Index count);
};

// Those of this machine.
const SequenceBlocks& sequence_blocks();

}  // namespace metrix::losses
