// Samples for two models at once: from --data, --input or --random.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "output.h"
#include "quern/measure.h"

namespace quern::cli {

struct CompareSource {
  std::vector<std::string> data;    ///< --data
  std::vector<std::string> inputs;  ///< --input
  std::optional<uint64_t> random;   ///< --random
  int64_t samples = 0;
  uint64_t seed = 0;
};

/// Reads samples by index and keeps the last one.
class CompareSamples {
 public:
  /// Errors: invalid_argument when not exactly one kind of source is given; those of opening.
  static Result<CompareSamples> open(const CompareSource& source, const Model& reference, const Voice& voice);

  /// What a selection left of the data, at most `most` of it, evenly spread; where it left nothing, of what it took,
  /// and a note says so. Broken samples are left out. Errors: those of opening; invalid_file when all are broken.
  static Result<CompareSamples> held_out(const std::vector<std::string>& data, const DataOptions& selection,
                                         int64_t most, const Voice& voice);

  int64_t size() const;
  Result<Sample> read(int64_t index);
  bool pictures() const { return pictures_; }
  /// Of held_out: calibration left nothing, so it has seen these.
  bool seen() const { return seen_; }

 private:
  Status choose(const std::vector<int64_t>& from, int64_t most, const Voice& voice);
  Result<Sample> random_sample(int64_t index) const;

  std::optional<DataSet> set_;
  std::vector<int64_t> chosen_;  ///< of the set; empty: all
  std::optional<Sample> fixed_;
  std::optional<uint64_t> random_;
  std::vector<ValueInfo> inputs_;
  int64_t size_ = 0;
  bool pictures_ = false;
  bool seen_ = false;
};

}  // namespace quern::cli
