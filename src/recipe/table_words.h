// The words of the table's text, shared by who writes and who reads it.
#pragma once

#include <string>
#include <utility>

#include "quern/quantize.h"

namespace quern {

/// The first line of a table.
inline constexpr const char* kTableHead = "# quern table 1";

/// Kinds of lines by their first word.
inline constexpr std::pair<TableRow::Kind, const char*> kTableKinds[] = {
    {TableRow::Kind::value, "value"},      {TableRow::Kind::weights, "weights"}, {TableRow::Kind::bias, "bias"},
    {TableRow::Kind::balance, "balance"},  {TableRow::Kind::absorb, "absorb"},   {TableRow::Kind::rounding, "rounding"},
    {TableRow::Kind::keep_float, "float"},
};

}  // namespace quern
