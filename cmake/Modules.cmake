# Only for speed: headers are read once for sixteen files, so that these must not name their helpers alike. The preset dev
# compiles each file by itself, which is quicker when few have changed, and shows what a file forgot to include.
function(fsdfs_unite name)
  if(FSDFS_SANITIZE OR CMAKE_BUILD_TYPE STREQUAL "Release")
    set_target_properties(${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 16)
    # It tells main files from headers, of which there are none here.
    target_compile_options(${name} PRIVATE -Wno-subobject-linkage)
  endif()
endfunction()

# fsdfs_library(NAME SOURCES ... DEPENDS ...): one module's static library.
function(fsdfs_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_include_directories(${name} PUBLIC "${PROJECT_SOURCE_DIR}")
  target_link_libraries(${name} PUBLIC ${ARG_DEPENDS} PRIVATE fsdfs_warnings)
  fsdfs_unite(${name})
endfunction()

# fsdfs_program(NAME SOURCES ... DEPENDS ...): an executable in bin/.
function(fsdfs_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}")
  target_link_libraries(${name} PRIVATE ${ARG_DEPENDS} fsdfs_warnings)
  fsdfs_unite(${name})
endfunction()

# fsdfs_test(NAME SOURCES ... DEPENDS ... [LABELS ...] [TIMEOUT seconds]): a GoogleTest program; ctest sees each of its tests.
function(fsdfs_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;DEPENDS;LABELS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  fsdfs_program(${name} SOURCES ${ARG_SOURCES} DEPENDS ${ARG_DEPENDS} GTest::gtest GTest::gmock GTest::gtest_main)
  # What is tested is optimised, the tests less: they compile in half the time so.
  if(FSDFS_SANITIZE)
    target_compile_options(${name} PRIVATE -O0)
  elseif(CMAKE_BUILD_TYPE STREQUAL "Release")
    target_compile_options(${name} PRIVATE -O1)
  endif()
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
    PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}")
endfunction()

# fsdfs_long_run(NAME LABELS ... TIMEOUT seconds): the tests of that program once more, as Long.*, with what
# tests/harness/long_run.h chooses for a long run.
function(fsdfs_long_run name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "LABELS" ${ARGN})
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60 TEST_PREFIX Long. TEST_LIST ${name}_LONG_TESTS
    PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}" ENVIRONMENT FSDFS_LONG=1)
endfunction()
