# Kernels of x86 against the reference. Their sources are compiled a second time on emulated instructions, so that every
# row is checked on every machine.
find_path(SIMDE_INCLUDE_DIR simde/x86/avx512.h)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64" AND SIMDE_INCLUDE_DIR)
  file(GLOB X86_SOURCES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/kernels/*/x86_*.cc)
  add_library(quern_kernels_emulated STATIC ${X86_SOURCES})
  target_compile_definitions(quern_kernels_emulated PRIVATE QUERN_EMULATE_ISA)
  # SIMDe adds and subtracts int32 lanes as int, where the instruction wraps.
  target_compile_options(quern_kernels_emulated PRIVATE -O1 -Wno-psabi -Wno-ignored-attributes -fno-sanitize=signed-integer-overflow)
  target_include_directories(quern_kernels_emulated PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_link_libraries(quern_kernels_emulated PRIVATE quern_options quern_kernels)
  quern_test(kernels_x86
    SOURCES
      byte_cases.cc
      row_cases.cc
      x86_rows_test.cc
      x86_store_test.cc
    LIBRARIES
      quern_kernels_emulated quern_kernels)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  message(WARNING "SIMDe (Debian: libsimde-dev) was not found: the kernels of x86 stay untested")
endif()
