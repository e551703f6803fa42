// What a package says of itself, as JSON: section `info`.
#pragma once

#include <string>

#include "quern/compile.h"

namespace quern {

/// Everything but the table, which has a section of its own.
std::string info_json(const PackageInfo& info, const Placement& placement);

struct ReadInfo {
  PackageInfo info;
  Placement placement;
};
/// Error: invalid_file naming the key.
Result<ReadInfo> read_info(const std::string& text);

}  // namespace quern
