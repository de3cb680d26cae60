set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1")
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1 -fno-omit-frame-pointer")

set(FSDFS_SANITIZE "" CACHE STRING "Sanitizers for every target, as -fsanitize= takes them")
if(FSDFS_SANITIZE)
  add_compile_options(-fsanitize=${FSDFS_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${FSDFS_SANITIZE})
  # Checks at every use of a pointer, a third of the time to compile, of which AddressSanitizer finds most: a null
  # pointer used, an object too small. Our code reads no misaligned values, but copies their bytes.
  add_compile_options(-fno-sanitize=null,object-size,alignment,vptr)
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
endif()
find_program(MOLD_PROGRAM mold)
if(MOLD_PROGRAM)
  add_link_options(-fuse-ld=mold)
endif()

# Our own code; generated code is compiled without them.
add_library(fsdfs_warnings INTERFACE)
target_compile_options(fsdfs_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wconversion -Wno-sign-conversion -Werror)
# GCC 12 takes the unused arm of std::variant and std::optional for an uninitialised value where it inlines most, and
# strings put together of literals for overlapping copies (its bug 105651).
if(FSDFS_SANITIZE)
  target_compile_options(fsdfs_warnings INTERFACE -Wno-maybe-uninitialized)
else()
  target_compile_options(fsdfs_warnings INTERFACE $<$<CONFIG:Release>:-Wno-maybe-uninitialized -Wno-restrict>)
endif()
