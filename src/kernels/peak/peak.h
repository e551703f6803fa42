// Loops of nothing but multiply-adds in registers: what an instruction set can do at most on this machine. They bound
// what a kernel can reach (quern bench --profile), and compute nothing.
#pragma once

#include <cstdint>
#include <span>

#include "base/isa.h"
#include "kernels/x86_namespace.h"

namespace quern {

struct PeakLoop {
  Isa isa;
  bool integer;          ///< products of bytes, else of float32
  int64_t macs_a_round;  ///< multiply-adds
  void (*run)(int64_t rounds);
};

/// Best first, as kernels.inc has them.
std::span<const PeakLoop> peak_loops();

}  // namespace quern

namespace QUERN_X86_NAMESPACE {

// One file an instruction set.
void amx_peak_bytes(int64_t rounds);
void avx512vnni_peak_bytes(int64_t rounds);
void avxvnni_peak_bytes(int64_t rounds);
void avx2_peak_bytes(int64_t rounds);
void avx512_peak_floats(int64_t rounds);
void avx2_peak_floats(int64_t rounds);

}  // namespace QUERN_X86_NAMESPACE
