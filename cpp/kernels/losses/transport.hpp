// Distances of distributions by optimal transport: on a line exactly, in space with an entropic term.
#pragma once

#include "support/view.hpp"

namespace metrix::losses {

// Points on a line; weights of at least 0 whose sum is above 0, or none for equal ones.
template <class T>
struct LinePoints {
    View1<const T> values;
    View1<const double> weights;
};

// The area between the two distribution functions (Wasserstein-1), of at least one point each and
// fewer than 2^31; NaN if a value is.
//
// Gradients go to by_u and by_v unless these are empty. Where numbers meet, the gradient is the mean of those with the
// u moved a little up and a little down, shared by mass: it lies in the generalized gradient, and is 0 where equal
// masses of both meet.
template <class T>
double wasserstein_distance(const LinePoints<T>& u, const LinePoints<T>& v, View1<T> by_u, View1<T> by_v,
                            int num_threads);

// Rows of x are the points, whose weights have the sum 1.
struct Cloud {
    View2<const double> points;
    View1<const double> weights;
};

struct EntropicProblem {
    Cloud x;
    Cloud y;
    bool is_same = false;  // y is x: half the work
    int power = 2;         // of the Euclidean distance, which is the cost of a move: 1 or 2
    double epsilon = 1;    // of the entropic term, in units of the cost
    Index most_iterations = 1000;
    double tolerance = 1e-9;    // of the sum of what the rows of the plan are off their weights
    View1<const double> start;  // potential of x to begin with, as another call left it; or none
};

struct EntropicTransport {
    double cost = 0;
    double error = 0;      // of the last iteration; above the tolerance: it did not converge
    double tolerance = 0;  // what was asked for, or what rounding allows where that is more
    Index iterations = 0;
};

// The least of sum P C + epsilon KL(P | weights of x times weights of y) over plans P with these margins, by Sinkhorn's
// iteration on logarithms, of at least one point each. Its potential of x, over epsilon, has room in `potential`.
// Gradients by points, if they have room: of the plan's cost with the plan held fixed, as it is optimal; that by y, for
// a cloud and itself, is that by x.
EntropicTransport entropic_transport(const EntropicProblem& problem, int num_threads, View1<double> potential,
                                     View2<double> by_x, View2<double> by_y);

}  // namespace metrix::losses
