// Labels from a vector of scores, and the file of labels.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/error.h"
#include "quern/file.h"
#include "tasks/detect.h"
#include "tasks/outputs.h"

namespace quern {

namespace {

constexpr int64_t kMaxLabelBytes = int64_t{16} << 20;

/// Whether a shape is one row of scores: at most one extent beyond 1.
bool is_vector(const Shape& shape) {
  return std::count_if(shape.begin(), shape.end(), [](int64_t extent) { return extent != 1; }) <= 1;
}

/// The longest output that is a vector; the first of equals.
Result<std::vector<float>> scores_of(const Decode& decode) {
  const NamedTensor* best = nullptr;
  for (const NamedTensor& output : decode.outputs) {
    if (!is_vector(output.tensor.shape()) || output.tensor.empty()) continue;
    if (best == nullptr || output.tensor.size() > best->tensor.size()) best = &output;
  }
  if (best == nullptr) {
    return fail(ErrorCode::invalid_argument,
                "task classify needs an output with one score per class, e.g. 1x1000, but the model gives {}",
                list_outputs(decode.outputs));
  }
  const std::span<const float> data = best->tensor.data<float>();
  return std::vector<float>(data.begin(), data.end());
}

void softmax(std::vector<float>& scores) {
  const float most = *std::max_element(scores.begin(), scores.end());
  float sum = 0;
  for (float& score : scores) sum += score = std::exp(score - most);
  for (float& score : scores) score /= sum;
}

/// What a file of 1000 or 1001 lines means for a model of 1001 or 1000 classes.
void doubt_labels(size_t classes, size_t labels, std::vector<std::string>& notes) {
  if (labels == 0 || labels == classes) return;
  if (classes == labels + 1 || labels == classes + 1) {
    notes.push_back(
        fmt::format("the label file has {} lines for {} classes: one of them counts a background class first, so every "
                    "label may be off by one",
                    labels, classes));
  } else {
    notes.push_back(
        fmt::format("the label file has {} lines for {} classes: it is probably not this model's", labels, classes));
  }
}

}  // namespace

Result<TaskResult> decode_tensor(const Decode&) {
  return TaskResult{};
}

Result<TaskResult> decode_classify(const Decode& decode) {
  QUERN_TRY(std::vector<float> scores, scores_of(decode));
  TaskResult result;
  if (std::any_of(scores.begin(), scores.end(), [](float score) { return std::isnan(score); })) {
    result.notes.push_back("some scores are not numbers (NaN); they were placed last");
    std::replace_if(
        scores.begin(), scores.end(), [](float score) { return std::isnan(score); },
        -std::numeric_limits<float>::infinity());
  }
  if (decode.options.softmax) softmax(scores);
  const std::vector<std::string>& names = decode.options.labels;
  doubt_labels(scores.size(), names.size(), result.notes);
  std::vector<size_t> order(scores.size());
  std::iota(order.begin(), order.end(), size_t{0});
  const size_t top = std::min(scores.size(), static_cast<size_t>(std::max(decode.options.top, 1)));
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(top), order.end(),
                    [&](size_t a, size_t b) { return scores[a] != scores[b] ? scores[a] > scores[b] : a < b; });
  for (size_t i = 0; i < top; ++i) {
    const size_t index = order[i];
    result.labels.push_back({static_cast<int>(index), index < names.size() ? names[index] : "", scores[index]});
  }
  return result;
}

Result<std::vector<std::string>> read_labels(const std::string& path) {
  QUERN_TRY(const std::vector<std::byte> bytes, read_file(path, kMaxLabelBytes));
  std::vector<std::string> labels(1);
  for (std::byte byte : bytes) {
    const char c = static_cast<char>(byte);
    if (c == '\n') {
      labels.emplace_back();
    } else if (c != '\r') {
      labels.back() += c;
    }
  }
  while (!labels.empty() && labels.back().find_first_not_of(" \t") == std::string::npos) labels.pop_back();
  if (labels.empty())
    return fail(ErrorCode::invalid_file, "the label file '{}' has no labels; it needs one a line", path);
  return labels;
}

}  // namespace quern
