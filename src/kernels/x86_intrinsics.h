// The vector intrinsics of x86. A per-ISA file (x86_*.cc) includes them only through this header, because the test
// suite compiles each such file a second time with QUERN_EMULATE_ISA: the same source then runs on any processor,
// through portable code, so that the arithmetic of every row is checked everywhere (tests/kernels).
#pragma once

#include "kernels/x86_namespace.h"

#ifdef QUERN_EMULATE_ISA
#include "support/emulated_isa.h"
#else
#include <immintrin.h>
#endif
