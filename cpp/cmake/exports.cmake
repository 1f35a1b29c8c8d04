# A module exports the function that Python calls and nothing else: not even templates of the standard library, whose
# headers make them visible and which another library of the process would then share.
file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/exports.map "{ global: PyInit_*; local: *; };\n")
function(metrix_export_module_alone target)
  if(APPLE)
    target_link_options(${target} PRIVATE "LINKER:-exported_symbol,_PyInit_*")
  elseif(UNIX)
    target_link_options(${target} PRIVATE "LINKER:--version-script=${CMAKE_CURRENT_BINARY_DIR}/exports.map")
  endif()
endfunction()
