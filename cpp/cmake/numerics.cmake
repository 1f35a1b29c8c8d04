# Every flag that can change a number or how fast it is made stands here and nowhere else.
#
# -ffp-contract=off     A fused multiply-add rounds once where the references round twice: with it, box IoUs differ from
#                       pycocotools in the last bit, and results depend on the instruction set.
# -fno-trapping-math    Nobody reads the floating-point status flags; without it a loop with a guarded division
#                       (`union > 0 ? intersection / union : 0`) is not vectorised. Results are bit-identical.
# -fno-math-errno       std::sqrt need not set errno. Results are bit-identical.
#
# Never: -ffast-math, -Ofast, -ffinite-math-only, -fassociative-math, -march=native.
add_library(metrix_numerics INTERFACE)
if(MSVC)
  target_compile_options(metrix_numerics INTERFACE /O2 /fp:precise)
else()
  target_compile_options(metrix_numerics INTERFACE -O3 -ffp-contract=off -fno-trapping-math -fno-math-errno)
endif()

# The least instruction set that the package claims to run on: x86-64-v2, which NumPy needs as well.
add_library(metrix_least_instruction_set INTERFACE)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$" AND NOT MSVC)
  target_compile_options(metrix_least_instruction_set INTERFACE -march=x86-64-v2)
endif()
