#include "support/instruction_set.hpp"

#include <atomic>

namespace metrix {
namespace {

InstructionSet best() {
#ifdef METRIX_X86_LEVELS
    __builtin_cpu_init();
    const bool has_v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2") &&
                        __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
    const bool has_v4 = has_v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                        __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                        __builtin_cpu_supports("avx512vl");
    if (has_v4) return InstructionSet::v4;
    if (has_v3) return InstructionSet::v3;
#endif
    return InstructionSet::baseline;
}

std::atomic<InstructionSet> chosen{best()};

}  // namespace

InstructionSet instruction_set() {
    return chosen.load(std::memory_order_relaxed);
}

bool use_instruction_set(std::string_view name) {
    for (const InstructionSet set : {InstructionSet::baseline, InstructionSet::v3, InstructionSet::v4}) {
        if (name_of(set) != name || set > best()) continue;
        chosen.store(set, std::memory_order_relaxed);
        return true;
    }
    return false;
}

std::string_view name_of(InstructionSet set) {
    switch (set) {
        case InstructionSet::v4:
            return "v4";
        case InstructionSet::v3:
            return "v3";
        default:
            return "baseline";
    }
}

}  // namespace metrix
