// Finished trials in a file, so that a search that was stopped goes on where it was.
//
//   <sha256 of all that follows this line>\n
//   {"schema":"quern.drop-ledger/1","model":"…","data":"…","options":"…",
//    "trials":[{"int16":[…],"float":[…],"measured":…,"drop":…},…]}\n
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "measure/calibrate/ground.h"

namespace quern {

/// What a ledger's trials depend on, each as a digest.
struct DropFingerprint {
  std::string model;
  std::string data;     ///< every sample
  std::string options;  ///< all that decides integers or judges them, but for how much may be lost
  bool operator==(const DropFingerprint&) const = default;
};

struct TrialFigures {
  double measured = 0;
  double drop = 0;
};

class Ledger {
 public:
  /// An empty path: nothing is read or written. A file that does not exist yet: no trial is known.
  /// Errors: invalid_file (damaged, or no ledger); invalid_argument (of another model, other data or options); io.
  static Result<Ledger> open(const std::string& path, DropFingerprint fingerprint);

  std::optional<TrialFigures> find(const Kept& kept) const;
  /// Writes the file anew, whole or not at all.
  Status add(const Kept& kept, const TrialFigures& figures);

 private:
  Ledger(std::string path, DropFingerprint fingerprint)
      : path_(std::move(path)), fingerprint_(std::move(fingerprint)) {}
  Status read(const std::string& text);
  Status take(const nlohmann::ordered_json& json);
  std::string text() const;

  std::string path_;
  DropFingerprint fingerprint_;
  std::map<Kept, TrialFigures> trials_;
};

}  // namespace quern
