#include "base/isa.h"

#include "base/error.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#if defined(__x86_64__) && defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace quern {

namespace {

constexpr const char* kNames[] = {"reference", "avx2", "avxvnni", "avx512", "avx512vnni", "avx512vbmi", "amx"};

#if defined(__x86_64__)
// Bits of CPUID leaf 7, which compilers of our age do not all know by name.
constexpr unsigned kAvxVnni = 1U << 4;   // subleaf 1, EAX
constexpr unsigned kAmxTile = 1U << 24;  // subleaf 0, EDX
constexpr unsigned kAmxInt8 = 1U << 25;

bool has_avx_vnni() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid_count(7, 1, &a, &b, &c, &d) != 0 && (a & kAvxVnni) != 0;
}

/// Tiles are state that a process has to ask for, once; its threads then have it too.
bool may_use_tiles() {
#if defined(__linux__)
  constexpr long kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr long kTileData = 18;
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
#else
  return false;
#endif
}

bool has_amx_int8() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) return false;
  return (d & kAmxTile) != 0 && (d & kAmxInt8) != 0 && may_use_tiles();
}
#endif

}  // namespace

const char* to_string(Isa isa) {
  return kNames[static_cast<int>(isa)];
}

std::vector<Isa> known_isas() {
  return {Isa::reference, Isa::avx2, Isa::avxvnni, Isa::avx512, Isa::avx512vnni, Isa::avx512vbmi, Isa::amx};
}

Result<Isa> parse_isa(const std::string& name) {
  for (Isa isa : known_isas()) {
    if (name == to_string(isa)) return isa;
  }
  return fail(ErrorCode::invalid_argument,
              "'{}' is not an instruction set; known are reference, avx2, avxvnni, avx512, avx512vnni, avx512vbmi, amx",
              name);
}

bool supported(Isa isa) {
#if defined(__x86_64__)
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
  const bool vnni = avx512 && __builtin_cpu_supports("avx512vnni");
  static const bool avxvnni = has_avx_vnni();
  const bool vbmi = vnni && __builtin_cpu_supports("avx512vbmi");
  static const bool amx = vbmi && has_amx_int8();
  switch (isa) {
    case Isa::reference:
      return true;
    case Isa::avx2:
      return avx2;
    case Isa::avxvnni:
      return avx2 && avxvnni;
    case Isa::avx512:
      return avx512;
    case Isa::avx512vnni:
      return vnni;
    case Isa::avx512vbmi:
      return vbmi;
    case Isa::amx:
      return amx;
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
