#include "kernels/losses/triplets.hpp"

#include <pybind11/stl.h>

#include "bindings/convert.hpp"
#include "kernels/losses/pairwise.hpp"
#include "support/buffer.hpp"

namespace metrix::bindings {
namespace {

Array<double> pairwise_distances(const Array<double>& x, const Array<double>& y, bool squared, int num_threads) {
    const View2<const double> of_x = view2(x, "x");
    const View2<const double> of_y = view2(y, "y", of_x.columns);
    Array<double> result({of_x.rows, of_y.rows});
    const View2<double> room = mutable_view2(result);
    const py::gil_scoped_release release;
    losses::pairwise_distances(of_x, of_y, squared, num_threads, room);
    return result;
}

losses::Batch batch_of(const Array<double>& distances, const Array<std::int64_t>& labels, const std::string& mining,
                       double margin) {
    losses::Batch batch;
    batch.labels = view1(labels, "labels");
    batch.distances = view2(distances, "distances", ssize(batch.labels));
    if (batch.distances.rows != batch.distances.columns)
        throw_value_error("distances: expected as many rows as labels");
    batch.mining = mining == "all"    ? losses::Mining::all
                   : mining == "hard" ? losses::Mining::hard
                                      : losses::Mining::semihard;
    batch.margin = margin;
    return batch;
}

py::tuple mine_triplets(const Array<double>& distances, const Array<std::int64_t>& labels, const std::string& mining,
                        int num_threads) {
    const losses::Batch batch = batch_of(distances, labels, mining, 0);
    losses::Triplets triplets;
    {
        const py::gil_scoped_release release;
        triplets = losses::mine_triplets(batch, num_threads);
    }
    return py::make_tuple(to_numpy(std::move(triplets.anchors)), to_numpy(std::move(triplets.positives)),
                          to_numpy(std::move(triplets.negatives)));
}

// (sum of terms, how many triplets, how many of them active)
py::tuple batch_triplet_loss(const Array<double>& distances, const Array<std::int64_t>& labels,
                             const std::string& mining, double margin, int num_threads) {
    const losses::Batch batch = batch_of(distances, labels, mining, margin);
    losses::TripletLoss loss;
    {
        const py::gil_scoped_release release;
        loss = losses::batch_triplet_loss(batch, num_threads, {});
    }
    return py::make_tuple(loss.sum, loss.count, loss.active);
}

// As batch_triplet_loss, and the gradient of the sum of terms by the embeddings.
py::tuple batch_triplet_gradient(const Array<double>& embeddings, const Array<double>& distances, bool squared,
                                 const Array<std::int64_t>& labels, const std::string& mining, double margin,
                                 int num_threads) {
    const losses::Batch batch = batch_of(distances, labels, mining, margin);
    const View2<const double> points = view2(embeddings, "embeddings");
    if (points.rows != batch.distances.rows) throw_value_error("embeddings: expected as many rows as labels");
    Buffer<double> by_distances(static_cast<std::size_t>(batch.distances.size()));
    const View2<double> slopes{by_distances.data(), points.rows, points.rows};
    Array<double> gradient({points.rows, points.columns});
    const View2<double> room = mutable_view2(gradient);
    losses::TripletLoss loss;
    {
        const py::gil_scoped_release release;
        loss = losses::batch_triplet_loss(batch, num_threads, slopes);
        losses::through_distances(points, batch.distances, squared, slopes, num_threads, room);
    }
    return py::make_tuple(loss.sum, loss.count, loss.active, gradient);
}

}  // namespace

void bind_losses_triplets(py::module_ module) {
    module.def("pairwise_distances", &pairwise_distances, py::arg("x").noconvert(), py::arg("y").noconvert(),
               py::arg("squared"), py::arg("num_threads"));
    module.def("mine_triplets", &mine_triplets, py::arg("distances").noconvert(), py::arg("labels").noconvert(),
               py::arg("mining"), py::arg("num_threads"));
    module.def("batch_triplet_loss", &batch_triplet_loss, py::arg("distances").noconvert(),
               py::arg("labels").noconvert(), py::arg("mining"), py::arg("margin"), py::arg("num_threads"));
    module.def("batch_triplet_gradient", &batch_triplet_gradient, py::arg("embeddings").noconvert(),
               py::arg("distances").noconvert(), py::arg("squared"), py::arg("labels").noconvert(), py::arg("mining"),
               py::arg("margin"), py::arg("num_threads"));
}

}  // namespace metrix::bindings
