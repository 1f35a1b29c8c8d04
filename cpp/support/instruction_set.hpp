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
