// The samples that a model is calibrated with: those of a data set that can be read.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "output.h"
#include "quern/data.h"
#include "quern/quantize.h"

namespace quern::cli {

/// Which samples, and what pictures are turned into.
struct CalibrationChoice {
  std::vector<std::string> data;
  DataOptions selection;
  Preprocess preprocess;
};

/// Samples that can be read and prepared; the others are left out, counted and said.
class CalibrationSet {
 public:
  /// Reads every sample once. Errors: as DataSet::open and prepare_sample; invalid_file when more than a tenth of the
  /// samples are broken: the data is not what the user believes it to be.
  static Result<CalibrationSet> open(const CalibrationChoice& choice, const Model& model, const Voice& voice);

  /// Valid as long as the set.
  CalibrationData source();

 private:
  CalibrationSet(DataSet data, Preprocess record, std::vector<ValueInfo> inputs)
      : data_(std::move(data)), record_(std::move(record)), inputs_(std::move(inputs)) {}

  Result<std::vector<Tensor>> tensors(int64_t index);
  Status find_usable(const Voice& voice);
  Status judge(const std::vector<std::string>& broken, const Voice& voice) const;
  void find_ranges(const Sample& sample);

  DataSet data_;
  Preprocess record_;
  std::vector<ValueInfo> inputs_;
  std::vector<int64_t> usable_;
  std::vector<InputRange> ranges_;
  std::vector<std::string> notes_;
};

}  // namespace quern::cli
