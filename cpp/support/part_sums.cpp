#include "support/part_sums.hpp"

#include <algorithm>
#include <vector>

namespace metrix {

void sum_parts(Index size_of_item, Index size_of_part, int num_threads, AddPart add_part, View2<double> sums) {
    const Index count = sums.columns / 2;
    const Index parts = (size_of_item + size_of_part - 1) / size_of_part;
    std::vector<Exact> room(static_cast<std::size_t>(sums.rows * parts * count));
    parallel_for(sums.rows * parts, num_threads, [&](Index work, int) {
        const Index item = work / parts;
        const Index first = work % parts * size_of_part;
        add_part(item, first, std::min(size_of_item, first + size_of_part), room.data() + work * count);
    });
    for (Index item = 0; item < sums.rows; ++item) {
        for (Index which = 0; which < count; ++which) {
            Exact total;
            for (Index part = 0; part < parts; ++part) {
                total = total + room[static_cast<std::size_t>((item * parts + part) * count + which)];
            }
            sums(item, 2 * which) = total.high;
            sums(item, 2 * which + 1) = total.low;
        }
    }
}

}  // namespace metrix
