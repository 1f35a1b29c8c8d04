// Which of the compiled instruction sets this machine runs: some kernels exist for several (see CMakeLists.txt).
#pragma once

#include <string_view>

namespace metrix {

enum class InstructionSet { baseline, v3, v4 };  // x86-64-v3: AVX2; x86-64-v4: AVX-512

// The best one that was compiled and that this machine has, or a lesser one that was asked for.
InstructionSet instruction_set();

// "baseline", "v3" or "v4": for the tests. False if this machine or this build lacks it. Before any kernel is called.
bool use_instruction_set(std::string_view name);

std::string_view name_of(InstructionSet set);

}  // namespace metrix

// A table of functions that is compiled once for each instruction set (cmake/instruction_sets.cmake), in a namespace of
// that name: its declaration, and the one to call.
#ifdef METRIX_X86_LEVELS
#define METRIX_DECLARE_FOR_EACH_LEVEL(Table, name) \
    namespace baseline {                           \
    extern const Table name;                       \
    }                                              \
    namespace v3 {                                 \
    extern const Table name;                       \
    }                                              \
    namespace v4 {                                 \
    extern const Table name;                       \
    }                                              \
    static_assert(true)
#define METRIX_OF_THIS_MACHINE(name)                      \
    (instruction_set() == InstructionSet::v4   ? v4::name \
     : instruction_set() == InstructionSet::v3 ? v3::name \
                                               : baseline::name)
#else
#define METRIX_DECLARE_FOR_EACH_LEVEL(Table, name) \
    namespace baseline {                           \
    extern const Table name;                       \
    }                                              \
    static_assert(true)
#define METRIX_OF_THIS_MACHINE(name) baseline::name
#endif
