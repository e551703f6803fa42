// What --auto-rewrite did, in words.
#pragma once

#include "output.h"
#include "quern/compile.h"

namespace quern::cli {

/// A row an operator that was replaced, and what it gained; empty without --auto-rewrite.
std::string rewrites_text(const Placement& placement);

}  // namespace quern::cli
