// The namespace that per-ISA files define their kernels in. The test suite compiles each such file a second time with
// QUERN_EMULATE_ISA, see kernels/x86_intrinsics.h.
#pragma once

#ifdef QUERN_EMULATE_ISA
#define QUERN_X86_NAMESPACE quern::emulated
#else
#define QUERN_X86_NAMESPACE quern
#endif
