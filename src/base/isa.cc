#include "base/isa.h"

#include "base/error.h"

namespace quern {

namespace {
constexpr const char* kNames[] = {"reference", "avx2", "avx512", "avx512vnni"};
}

const char* to_string(Isa isa) {
  return kNames[static_cast<int>(isa)];
}

std::vector<Isa> known_isas() {
  return {Isa::reference, Isa::avx2, Isa::avx512, Isa::avx512vnni};
}

Result<Isa> parse_isa(const std::string& name) {
  for (Isa isa : known_isas()) {
    if (name == to_string(isa)) return isa;
  }
  return fail(ErrorCode::invalid_argument,
              "'{}' is not an instruction set; known are reference, avx2, avx512, avx512vnni", name);
}

bool supported(Isa isa) {
#if defined(__x86_64__)
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
  switch (isa) {
    case Isa::reference:
      return true;
    case Isa::avx2:
      return avx2;
    case Isa::avx512:
      return avx512;
    case Isa::avx512vnni:
      return avx512 && __builtin_cpu_supports("avx512vnni");
  }
#endif
  return isa == Isa::reference;
}

Isa best_isa() {
  Isa best = Isa::reference;
  for (Isa isa : known_isas()) {
    if (supported(isa)) best = isa;
  }
  return best;
}

}  // namespace quern
