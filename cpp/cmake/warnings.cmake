add_library(metrix_warnings INTERFACE)
if(MSVC)
  target_compile_options(metrix_warnings INTERFACE /W4 /permissive-)
else()
  target_compile_options(
    metrix_warnings INTERFACE -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Wdouble-promotion
                              -Wnon-virtual-dtor -Wold-style-cast)
endif()
