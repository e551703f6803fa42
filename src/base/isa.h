// Instruction sets a kernel row can ask for, what this machine has, and which one a user forced.
#pragma once

#include <string>
#include <vector>

#include "quern/status.h"

namespace quern {

/// In order of preference: a session that may use X may use every row below X too, as far as the processor has it (some
/// have avx512 and no avxvnni). `reference` is plain C++.
enum class Isa : int { reference = 0, avx2 = 1, avxvnni = 2, avx512 = 3, avx512vnni = 4, avx512vbmi = 5, amx = 6 };

/// "reference", "avx2", "avxvnni", "avx512", "avx512vnni", "avx512vbmi", "amx".
const char* to_string(Isa isa);
/// invalid_argument with the list of known names when there is no such instruction set.
Result<Isa> parse_isa(const std::string& name);
/// Every instruction set this build knows, lowest first.
std::vector<Isa> known_isas();
/// True when this processor and operating system can run it (avx2 includes FMA; avx512 means F+BW+VL+DQ; amx means
/// tiles of int8). Asking for amx asks the operating system for leave to use the tiles.
bool supported(Isa isa);
/// The highest supported one.
Isa best_isa();

}  // namespace quern
