// Choosing: a profile by name or file, a mode, the row of an operator.
#include <algorithm>

#include "base/error.h"
#include "base/spelling.h"
#include "quern/file.h"
#include "targets/sim/profile.h"

namespace quern {

Result<TargetProfile> with_mode(TargetProfile profile, int64_t mode) {
  std::vector<int64_t> ids;
  for (const TargetMode& row : profile.modes) {
    ids.push_back(row.id);
    if (row.id != mode) continue;
    profile.figures = row.figures;
    profile.mode = mode;
    return profile;
  }
  return fail(ErrorCode::not_found, "target '{}' has no mode {}; it has {}", profile.name, mode, fmt::join(ids, ", "));
}

const OperatorRule* rule_for(const TargetProfile& profile, OpKind kind) {
  for (const OperatorRule& rule : profile.operators) {
    if (std::ranges::find(rule.kinds, kind) != rule.kinds.end()) return &rule;
  }
  return nullptr;
}

Result<TargetProfile> find_profile(const std::string& name_or_file) {
  const std::string wanted = name_or_file.starts_with("sim:") ? name_or_file.substr(4) : name_or_file;
  if (wanted.ends_with(".json")) {
    QUERN_TRY(const auto bytes, read_file(wanted));
    return parse_profile({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, wanted);
  }
  std::vector<std::string> known;
  for (const ShippedProfile& shipped : shipped_profiles()) {
    if (shipped.name == wanted) return parse_profile(shipped.json, fmt::format("sim:{}", wanted));
    known.emplace_back(shipped.name);
  }
  return fail(
      ErrorCode::not_found,
      "there is no simulated target '{}'; did you mean 'sim:{}'? (`quern targets` lists them; a file of your own "
      "is sim:FILE.json)",
      wanted, nearest_word(wanted, known));
}

}  // namespace quern
