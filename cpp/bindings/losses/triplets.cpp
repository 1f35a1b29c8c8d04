#include "kernels/losses/triplets.hpp"

#include <pybind11/stl.h>

#include "bindings/convert.hpp"

namespace metrix::bindings {
namespace {

losses::Batch batch_of(const Array<double>& embeddings, const Array<std::int64_t>& labels, const std::string& mining,
                       double margin, bool squared) {
    losses::Batch batch;
    batch.embeddings = view2(embeddings, "embeddings");
    batch.labels = view1(labels, "labels", batch.embeddings.rows);
    batch.mining = mining == "all"    ? losses::Mining::all
                   : mining == "hard" ? losses::Mining::hard
                                      : losses::Mining::semihard;
    batch.margin = margin;
    batch.squared = squared;
    return batch;
}

py::tuple mine_triplets(const Array<double>& embeddings, const Array<std::int64_t>& labels, const std::string& mining,
                        bool squared, int num_threads) {
    const losses::Batch batch = batch_of(embeddings, labels, mining, 0, squared);
    losses::Triplets triplets;
    {
        const py::gil_scoped_release release;
        triplets = losses::mine_triplets(batch, num_threads);
    }
    return py::make_tuple(to_numpy(std::move(triplets.anchors)), to_numpy(std::move(triplets.positives)),
                          to_numpy(std::move(triplets.negatives)));
}

// (sum of terms, how many triplets, how many of them active, gradient of the sum)
py::tuple batch_triplet_loss(const Array<double>& embeddings, const Array<std::int64_t>& labels,
                             const std::string& mining, double margin, bool squared, bool wants_gradient,
                             int num_threads) {
    const losses::Batch batch = batch_of(embeddings, labels, mining, margin, squared);
    Array<double> gradient({wants_gradient ? batch.embeddings.rows : 0, batch.embeddings.columns});
    const View2<double> room = wants_gradient ? mutable_view2(gradient) : View2<double>{};
    losses::TripletLoss loss;
    {
        const py::gil_scoped_release release;
        loss = losses::batch_triplet_loss(batch, num_threads, room);
    }
    return py::make_tuple(loss.sum, loss.count, loss.active, gradient);
}

}  // namespace

void bind_losses_triplets(py::module_ module) {
    module.def("mine_triplets", &mine_triplets, py::arg("embeddings").noconvert(), py::arg("labels").noconvert(),
               py::arg("mining"), py::arg("squared"), py::arg("num_threads"));
    module.def("batch_triplet_loss", &batch_triplet_loss, py::arg("embeddings").noconvert(),
               py::arg("labels").noconvert(), py::arg("mining"), py::arg("margin"), py::arg("squared"),
               py::arg("wants_gradient"), py::arg("num_threads"));
}

}  // namespace metrix::bindings
