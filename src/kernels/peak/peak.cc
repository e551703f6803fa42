#include "kernels/peak/peak.h"

namespace quern {

std::span<const PeakLoop> peak_loops() {
#if defined(__x86_64__)
  static constexpr PeakLoop kLoops[] = {
      {Isa::amx, true, int64_t{4} * 16 * 16 * 64, amx_peak_bytes},
      {Isa::avx512vnni, true, int64_t{12} * 64, avx512vnni_peak_bytes},
      {Isa::avx512, false, int64_t{12} * 16, avx512_peak_floats},
      {Isa::avxvnni, true, int64_t{12} * 32, avxvnni_peak_bytes},
      {Isa::avx2, true, int64_t{12} * 16, avx2_peak_bytes},
      {Isa::avx2, false, int64_t{12} * 8, avx2_peak_floats},
  };
  return kLoops;
#else
  return {};
#endif
}

}  // namespace quern
