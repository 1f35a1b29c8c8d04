# -DMETRIX_SANITIZE=ON: address and undefined-behaviour sanitizers for kernels and bindings (see .ci/sanitize and cpp/fuzz/README.md).
add_library(metrix_sanitizers INTERFACE)
if(METRIX_SANITIZE)
  # -O1: at -O3 GCC spends a quarter of an hour on each file of losses that is compiled for every instruction set.
  set(flags -O1 -fsanitize=address -fsanitize=undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -g)
  target_compile_options(metrix_sanitizers INTERFACE ${flags} -D_GLIBCXX_ASSERTIONS)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(metrix_sanitizers INTERFACE -Wno-maybe-uninitialized)  # wrong about std::optional with them
  endif()
  target_link_options(metrix_sanitizers INTERFACE ${flags})
endif()
