#include "calibration.h"

#include <algorithm>

#include "progress.h"

namespace quern::cli {

namespace {

constexpr double kBrokenShare = 0.1;
/// Broken samples that are named one by one.
constexpr size_t kNamed = 5;

}  // namespace

Result<CalibrationSet> CalibrationSet::open(const CalibrationChoice& choice, const Model& model, const Voice& voice) {
  auto data = DataSet::open(choice.data, choice.selection);
  if (!data.ok()) return data.status();
  for (const std::string& sentence : data->notes()) note(voice, sentence);
  CalibrationSet set(*std::move(data), choice.preprocess, model.inputs());
  if (const Status status = set.find_usable(voice); !status.ok()) return status;
  return set;
}

CalibrationData CalibrationSet::source() {
  return {static_cast<int64_t>(usable_.size()), [this](int64_t i) { return tensors(usable_[static_cast<size_t>(i)]); },
          ranges_};
}

Result<std::vector<Tensor>> CalibrationSet::tensors(int64_t index) {
  auto sample = data_.read(index);
  if (!sample.ok()) return sample.status();
  auto prepared = prepare_sample(*sample, record_, inputs_);
  if (!prepared.ok()) return prepared.status();
  if (ranges_.empty()) find_ranges(*sample);
  notes_ = prepared->notes;
  return std::move(prepared->tensors);
}

/// A picture's bytes are 0 to 255, whatever these pictures show; the record says which numbers that makes.
void CalibrationSet::find_ranges(const Sample& sample) {
  const auto parts = assign_parts(sample, inputs_);
  if (!parts.ok()) return;
  InputRange bytes{true, 0, 1};  // without mean and std
  if (!record_.mean.empty() || !record_.std_dev.empty()) {
    const std::vector<double> mean = record_.mean.empty() ? std::vector<double>{0} : record_.mean;
    const std::vector<double> std_dev = record_.std_dev.empty() ? std::vector<double>{1} : record_.std_dev;
    for (size_t i = 0; i < std::max(mean.size(), std_dev.size()); ++i) {
      const double m = mean[std::min(i, mean.size() - 1)];
      const double s = std_dev[std::min(i, std_dev.size() - 1)];
      const auto low = static_cast<float>((0 - m) / s);
      const auto high = static_cast<float>((255 - m) / s);
      bytes.low = i == 0 ? low : std::min(bytes.low, low);
      bytes.high = i == 0 ? high : std::max(bytes.high, high);
    }
  }
  for (const SamplePart* part : *parts)
    ranges_.push_back(std::holds_alternative<Picture>(part->content) ? bytes : InputRange{});
}

Status CalibrationSet::find_usable(const Voice& voice) {
  Progress progress(voice, "samples looked at", data_.size());
  std::vector<std::string> broken;
  for (int64_t i = 0; i < data_.size(); ++i) {
    auto read = tensors(i);
    progress.show(i + 1);
    if (read.ok()) {
      usable_.push_back(i);
    } else if (read.error().code == ErrorCode::invalid_file) {
      broken.push_back(read.error().message);
    } else {
      return read.status();
    }
  }
  for (const std::string& sentence : notes_) note(voice, sentence);
  return judge(broken, voice);
}

Status CalibrationSet::judge(const std::vector<std::string>& broken, const Voice& voice) const {
  for (size_t i = 0; i < std::min(broken.size(), kNamed); ++i) note(voice, fmt::format("left out: {}", broken[i]));
  if (broken.size() > kNamed) note(voice, fmt::format("left out: {} more that are broken", broken.size() - kNamed));
  if (!broken.empty()) note(voice, fmt::format("{} of {} samples are broken", broken.size(), data_.size()));
  if (static_cast<double>(broken.size()) <= kBrokenShare * static_cast<double>(data_.size())) return {};
  return Error{ErrorCode::invalid_file,
               fmt::format("{} of {} samples cannot be read (at most {:.0f} % may be broken); is --data right?",
                           broken.size(), data_.size(), 100 * kBrokenShare)};
}

}  // namespace quern::cli
