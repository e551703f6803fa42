// What a verb says: human text, one JSON object, or an error sentence with its exit status.
#pragma once

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "quern/compile.h"
#include "quern/model.h"
#include "quern/status.h"

namespace quern::cli {

using Json = nlohmann::ordered_json;

/// How loud, and whether JSON was asked for.
struct Voice {
  bool json = false;      ///< --json: one object on stdout, human text on stderr
  std::string json_file;  ///< --json=FILE: the object into a file, human text on stdout
  bool quiet = false;
  bool verbose = false;
};

/// Exit statuses of the contract.
enum Exit : int {
  kDone = 0,
  kGate = 1,
  kUsage = 2,
  kBadFile = 3,
  kPlacement = 4,
  kInputOutput = 5,
  kDevice = 6,
  kBug = 70
};
int exit_status(const Error& error);
/// A name the user typed that nothing has is a usage error, not a missing file.
Error as_usage(Error error);

/// Human text goes to stdout, or to stderr when stdout carries JSON; nothing with --quiet.
void say(const Voice& voice, const std::string& text);
/// Always to stderr, unless --quiet: decisions taken for the user.
void note(const Voice& voice, const std::string& sentence);

/// Prints the object where it was asked for. An error when the file cannot be written.
Status give_json(const Voice& voice, const Json& object);
/// The one error sentence on stderr, the error object on stdout with --json; returns the exit status.
int give_error(const Voice& voice, const Error& error);

/// Rows as aligned columns, two blanks apart; columns whose cells all read as numbers are right-aligned.
/// A wide cell is shortened in its middle, but for the last column.
std::string table(const std::vector<std::string>& head, std::vector<std::vector<std::string>> rows);

/// 1234567 as "1,234,567".
std::string grouped(int64_t number);

Json to_json(const ValueInfo& value);
Json to_json(const Placement& placement);

}  // namespace quern::cli
