# Each header alone: one generated source apiece, which holds nothing but its #include. Compiled, not only parsed, so that
# ninja knows what is done already.
file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/src/*.hpp)
set(sources)
foreach(header ${headers})
  set(source ${CMAKE_BINARY_DIR}/headers/${header}.cpp)
  file(CONFIGURE OUTPUT ${source} CONTENT "#include \"${header}\"\n")
  list(APPEND sources ${source})
endforeach()
add_library(headers OBJECT ${sources})
target_link_libraries(headers PRIVATE atelier_app atelier_model
  atelier_media_process atelier_media_sound atelier_media_caption atelier_media_picture atelier_media_container)
set_target_properties(headers PROPERTIES CXX_CLANG_TIDY "")

# Sources that were generated are nobody's style. clang-tidy wants one check at least.
file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/.clang-tidy CONTENT "Checks: '-*,misc-definitions-in-headers'\n")
