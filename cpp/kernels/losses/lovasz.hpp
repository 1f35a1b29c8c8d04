// The Lovasz extension of the Jaccard loss of a class: errors e in descending order, each times what it adds to the
// Jaccard loss of those before it:
//
//   lovasz_softmax_loss   e = |t - p|, the mean over classes
//   lovasz_hinge_loss     e = max(0, 1 - s z) with the side s of a target: 1 above 0, else -1
//
// With G pixels of the class, of which i are not among those before, and u = G + the others among them, the step is 1 /
// u for a pixel of the class and i / (u (u + 1)) for another: no difference of nearly equal ratios. Steps are the
// gradient by the errors.
//
// Equal errors keep the order of their pixels; NaN comes first. An error of 0 has the gradient 0 and is not sorted:
// where a model is right, a hinge loss costs one pass. Sorting is by the bits of the errors, 32 at once, as their order
// is that of the numbers; doubles that agree in these are ordered after it. Each class of each region is one item of
// work, with 24 bytes of room a pixel.
#pragma once

#include "kernels/losses/pixels.hpp"

namespace metrix::losses {

template <class T>
struct Lovasz {
    Pixels<T> pixels;
    bool is_per_image = false;
    View1<const Index> classes;  // that count
    bool only_present = false;   // of these, the ones that have a target in a region

    [[nodiscard]] Index region_count() const { return is_per_image ? pixels.layout.samples : 1; }
};

// values: (regions), 0 without any class or pixel that counts. gradient: of the layout of the predictions, or null.
// Targets are labels.
template <class T>
void lovasz_softmax_loss(const Lovasz<T>& problem, View1<double> values, T* gradient, int num_threads);

// Targets are of the layout of the predictions; one that equals the ignored label takes no part.
template <class T>
void lovasz_hinge_loss(const Lovasz<T>& problem, View1<double> values, T* gradient, int num_threads);

}  // namespace metrix::losses
