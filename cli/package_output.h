// How a package is shown: by build after writing it, and by inspect.
#pragma once

#include <string>

#include "output.h"

namespace quern::cli {

/// What it is, what goes in and comes out, where operators run, where it came from, and its sections.
std::string package_text(const PackageSummary& package);
Json package_json(const PackageSummary& package);

}  // namespace quern::cli
