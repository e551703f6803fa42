#include "calibration.h"

namespace quern::cli {

namespace {

constexpr double kBrokenShare = 0.1;

}  // namespace

Result<CalibrationSet> CalibrationSet::open(const CalibrationChoice& choice, const Model& model, const Voice& voice) {
  auto data = DataSet::open(choice.data, choice.selection);
  if (!data.ok()) return data.status();
  for (const std::string& sentence : data->notes()) note(voice, sentence);
  if (choice.selection.samples > data->size()) {
    note(voice,
         fmt::format("--samples {}: the data holds {}; all of them are used", choice.selection.samples, data->size()));
  }
  CalibrationSet set(*std::move(data), choice.preprocess, model.inputs());
  if (const Status status = set.find_usable(voice); !status.ok()) return status;
  return set;
}

CalibrationData CalibrationSet::source() {
  return {static_cast<int64_t>(usable_.size()), [this](int64_t i) { return tensors(usable_[static_cast<size_t>(i)]); }};
}

Result<std::vector<Tensor>> CalibrationSet::tensors(int64_t index) {
  auto sample = data_.read(index);
  if (!sample.ok()) return sample.status();
  auto prepared = prepare_sample(*sample, record_, inputs_);
  if (!prepared.ok()) return prepared.status();
  notes_ = prepared->notes;
  return std::move(prepared->tensors);
}

Status CalibrationSet::find_usable(const Voice& voice) {
  for (int64_t i = 0; i < data_.size(); ++i) {
    auto read = tensors(i);
    if (read.ok()) {
      usable_.push_back(i);
      continue;
    }
    if (read.error().code != ErrorCode::invalid_file) return read.status();
    note(voice, fmt::format("left out: {}", read.error().message));
  }
  for (const std::string& sentence : notes_) note(voice, sentence);
  const int64_t broken = data_.size() - static_cast<int64_t>(usable_.size());
  if (static_cast<double>(broken) <= kBrokenShare * static_cast<double>(data_.size())) return {};
  return Error{ErrorCode::invalid_file,
               fmt::format("{} of {} samples cannot be read (at most {:.0f} % may be broken); is --data right?", broken,
                           data_.size(), 100 * kBrokenShare)};
}

}  // namespace quern::cli
