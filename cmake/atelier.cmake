# What every target of Atelier shares: language flags, sanitizers, warnings.
add_library(atelier_flags INTERFACE)
target_include_directories(atelier_flags INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_definitions(atelier_flags INTERFACE
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION
  BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_REGEX
  $<$<CONFIG:Debug>:_GLIBCXX_ASSERTIONS>)
target_compile_options(atelier_flags INTERFACE
  -Wall -Wextra -Wconversion -Wshadow -Werror -fno-omit-frame-pointer
  # GCC 12 takes the pooled frames of inlined coroutines for mismatched allocations.
  $<$<CXX_COMPILER_ID:GNU>:-fcoroutines> $<$<CXX_COMPILER_ID:GNU>:-Wno-mismatched-new-delete>
  # Clang warns of what libstdc++'s own algorithms call, and of fields that the macros of libseccomp and FFmpeg leave out.
  # GCC, which builds everything too, tells of such things in our own code.
  $<$<CXX_COMPILER_ID:Clang>:-Wno-deprecated-declarations> $<$<CXX_COMPILER_ID:Clang>:-Wno-missing-field-initializers>
  # The build folder's place must not change the bytes of the result.
  -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)
target_link_options(atelier_flags INTERFACE -Wl,-z,relro,-z,now -Wl,--as-needed)
target_link_libraries(atelier_flags INTERFACE Threads::Threads)
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1")

if(ATELIER_SANITIZE)
  # Instrumented code hides from GCC 12 what is initialised: it warns of std::variant and std::optional that are.
  target_compile_options(atelier_flags INTERFACE -fsanitize=${ATELIER_SANITIZE} -fno-sanitize-recover=all
    $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  target_link_options(atelier_flags INTERFACE -fsanitize=${ATELIER_SANITIZE})
  if(ATELIER_SANITIZE MATCHES "thread")
    # GCC 12 warns that TSan does not see atomic_thread_fence, which Asio uses.
    target_compile_options(atelier_flags INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-error=tsan>)
  endif()
endif()

if(ATELIER_FUZZ)
  # All code of the house tells libFuzzer what it covers, not the targets alone.
  target_compile_options(atelier_flags INTERFACE -fsanitize=fuzzer-no-link)
  target_link_options(atelier_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

if(ATELIER_UNITY)
  # To GCC a source that another one includes is a header, whose types should not depend on what is local to a source.
  target_compile_options(atelier_flags INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
endif()

# Has the sources of one folder compiled six at a time, in the order of their names: most of a source's compilation is
# reading what its neighbours read as well. Who changes one compiles those six. What has flags of its own, or was generated,
# is compiled by itself.
function(atelier_unite name)
  get_target_property(sources ${name} SOURCES)
  list(FILTER sources INCLUDE REGEX "\\.cpp$")
  list(FILTER sources EXCLUDE REGEX "^${CMAKE_BINARY_DIR}")
  set(folders "")
  foreach(source ${sources})
    cmake_path(GET source PARENT_PATH folder)
    cmake_path(GET folder STEM place)
    if(NOT folder IN_LIST folders)
      list(APPEND folders "${folder}")
      set("count_${place}" 0)
    endif()
    math(EXPR is_more "${count_${place}} % 6")
    if(NOT is_more)
      cmake_path(GET source STEM "first_${place}")
    endif()
    math(EXPR "count_${place}" "${count_${place}} + 1")
    set_source_files_properties(${source} PROPERTIES UNITY_GROUP "${place}_${first_${place}}")
  endforeach()
  set_target_properties(${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
endfunction()

# atelier_library(<name> [UNITY] [PCH <header>...] [LINK <library>...]): a static library of all sources in this folder
# (not of folders below it). UNITY where no two sources have local names in common: they are compiled a few at a time. What more than half of them include is worth a precompiled header.
function(atelier_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "UNITY" "" "PCH;SOURCES;LINK")
  if(NOT arg_SOURCES)
    file(GLOB arg_SOURCES CONFIGURE_DEPENDS *.cpp)
  endif()
  add_library(${name} STATIC ${arg_SOURCES})
  target_link_libraries(${name} PUBLIC atelier_flags ${arg_LINK})
  if(ATELIER_PCH AND arg_PCH)
    target_precompile_headers(${name} PRIVATE ${arg_PCH})
  endif()
  if(ATELIER_UNITY AND arg_UNITY)
    atelier_unite(${name})
  endif()
endfunction()

# atelier_test(<name> LINK <library>... [PCH <header>...] [TIMEOUT s] [ALONE <filter>]): one GoogleTest executable of all
# *_test.cpp in this folder, each test listed to ctest by itself so that they run in parallel, but for those that must have
# the machine for themselves.
function(atelier_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT;ALONE" "PCH;LINK;LABELS")
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  file(GLOB sources CONFIGURE_DEPENDS *.cpp)
  add_executable(${name} ${sources})
  # What is tested is optimised as it is shipped; optimising the tests as well would add a third to their compilation.
  target_compile_options(${name} PRIVATE -O0)
  target_link_libraries(${name} PRIVATE atelier_flags ${arg_LINK} GTest::gmock GTest::gtest_main)
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
  # Most of a test's compilation is reading GoogleTest and the headers of what it tests.
  if(ATELIER_PCH AND arg_PCH)
    target_precompile_headers(${name} PRIVATE <gmock/gmock.h> ${arg_PCH})
  endif()
  target_compile_definitions(${name} PRIVATE ATELIER_SOURCE_DIR="${CMAKE_SOURCE_DIR}" ATELIER_BIN_DIR="${CMAKE_BINARY_DIR}/bin")
  set(others "*")
  # Libraries that are not built with ThreadSanitizer lock in ways it does not see: only our own code is judged.
  set(environment "")
  if(ATELIER_SANITIZE MATCHES "thread")
    set(environment ENVIRONMENT "TSAN_OPTIONS=ignore_noninstrumented_modules=1")
  endif()
  if(arg_ALONE)
    # Of time limits that mean little while another test has the processor, or under a sanitizer.
    set(others "-${arg_ALONE}")
    gtest_discover_tests(${name} TEST_PREFIX "${name}." TEST_FILTER "${arg_ALONE}" DISCOVERY_MODE PRE_TEST PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS plain RUN_SERIAL TRUE ${environment})
  endif()
  gtest_discover_tests(${name} TEST_PREFIX "${name}." TEST_FILTER "${others}" DISCOVERY_MODE PRE_TEST PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS "${arg_LABELS}" ${environment})
endfunction()
