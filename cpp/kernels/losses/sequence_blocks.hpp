// The inner loops of sequence losses; like blocks.hpp, they exist once for each instruction set and give the same bits.
#pragma once

#include "support/view.hpp"

namespace metrix::losses {

// Numbers m 2^e side by side. Zero has an exponent below all others.
struct Scaled {
    double* mantissa = nullptr;
    double* exponent = nullptr;
};

// One frame's states. Of S labels, `blanks` has S + 1 places and `labels` as many, of which one is a guard that is zero: the
// first one where states look back (label k at k + 1), the last one where they look ahead (label k at k).
struct States {
    Scaled blanks;
    Scaled labels;
};

constexpr double exponent_of_zero = -1e300;

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
    // From the states of one frame to those of the next: the first of both emissions is of the labels. `skips` is 1 where the
    // blank before a label may be left out, else 0; `barriers` then is 0, else the exponent of zero.
    void (*advance)(Index labels, const States& before, const Scaled& emission, double blank_mantissa,
                    double blank_exponent, const double* skips, const double* barriers, const States& after);
    // Likewise backwards: `after` holds beta times emission of the next frame, `before` is to hold that of this one. How
    // likely each state is, from alpha (over `inverse` 2^`exponent`): of labels in `label_occupancy`; the sum of blanks.
    double (*retreat)(Index labels, const States& after, const Scaled& emission, double blank_mantissa,
                      double blank_exponent, const double* skips, const double* barriers, const States& before,
                      const States& alpha, double inverse, double exponent, double* label_occupancy,
                      double* blank_occupancy);
    // Mantissas back to between 1 and 2.
    void (*normalise)(Scaled values, Index count);
};

// Those of this machine.
const SequenceBlocks& sequence_blocks();

}  // namespace metrix::losses
