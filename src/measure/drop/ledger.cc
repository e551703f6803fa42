#include "measure/drop/ledger.h"

#include <span>

#include "base/error.h"
#include "quern/file.h"

namespace quern {

namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kSchema = "quern.drop-ledger/1";
/// A trial is a few lines of names; a search makes some hundreds.
constexpr int64_t kMaxBytes = int64_t{256} << 20;
constexpr size_t kDigest = 64;

std::string digest(const std::string& text) {
  return sha256(std::as_bytes(std::span(text)));
}

Error damaged(const std::string& path) {
  Error error = fail(ErrorCode::invalid_file,
                     "'{}' is no ledger of --max-drop, or was damaged: its first line is not the digest of the rest; "
                     "delete it, or name another file",
                     path);
  error.file = path;
  return error;
}

}  // namespace

Result<Ledger> Ledger::open(const std::string& path, DropFingerprint fingerprint) {
  Ledger ledger(path, std::move(fingerprint));
  if (path.empty()) return ledger;
  const auto bytes = read_file(path, kMaxBytes);
  if (!bytes.ok() && bytes.error().code == ErrorCode::not_found) return ledger;
  if (!bytes.ok()) return bytes.status();
  QUERN_CHECK(ledger.read({reinterpret_cast<const char*>(bytes->data()), bytes->size()}));
  return ledger;
}

/// Behind a right digest everything is as it was written.
Status Ledger::read(const std::string& text) {
  if (text.size() <= kDigest || text[kDigest] != '\n') return damaged(path_);
  const std::string body = text.substr(kDigest + 1);
  if (text.substr(0, kDigest) != digest(body)) return damaged(path_);
  try {
    return take(Json::parse(body));
  } catch (const Json::exception&) {
    return damaged(path_);
  }
}

Status Ledger::take(const Json& json) {
  if (json.at("schema") != kSchema) return damaged(path_);
  const DropFingerprint other{json.at("model"), json.at("data"), json.at("options")};
  const char* differs = other.model != fingerprint_.model       ? "another model"
                        : other.data != fingerprint_.data       ? "other samples"
                        : other.options != fingerprint_.options ? "other options, labels or version of quern"
                                                                : nullptr;
  if (differs != nullptr)
    return fail(ErrorCode::invalid_argument,
                "the ledger '{}' is of {}: its trials say nothing about this run; delete it, or name another file",
                path_, differs);
  for (const Json& row : json.at("trials")) {
    Kept kept;
    for (const Json& name : row.at("int16")) kept.wide.insert(name.get<std::string>());
    for (const Json& name : row.at("float")) kept.floats.insert(name.get<std::string>());
    trials_[kept] = {row.at("measured"), row.at("drop")};
  }
  return {};
}

std::string Ledger::text() const {
  Json json = {{"schema", kSchema},
               {"model", fingerprint_.model},
               {"data", fingerprint_.data},
               {"options", fingerprint_.options},
               {"trials", Json::array()}};
  for (const auto& [kept, figures] : trials_) {
    json["trials"].push_back(
        {{"int16", kept.wide}, {"float", kept.floats}, {"measured", figures.measured}, {"drop", figures.drop}});
  }
  const std::string body = json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  return digest(body) + "\n" + body;
}

std::optional<TrialFigures> Ledger::find(const Kept& kept) const {
  const auto found = trials_.find(kept);
  return found == trials_.end() ? std::nullopt : std::optional(found->second);
}

Status Ledger::add(const Kept& kept, const TrialFigures& figures) {
  trials_[kept] = figures;
  return path_.empty() ? Status{} : write_file(path_, text());
}

}  // namespace quern
