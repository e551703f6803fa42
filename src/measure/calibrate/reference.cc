#include "measure/calibrate/reference.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "measure/calibrate/taps.h"

namespace quern {

namespace {

/// Numbers looked at in one array: enough to tell recipes apart, few enough to keep for all layers.
constexpr double kLooked = 16384;
/// Beyond so many samples less is looked at in each, so that more samples take no more memory.
constexpr double kLookedInFull = 10;

template <typename T>
void look_at(const Tensor& value, size_t channels, size_t step, std::vector<float>& numbers) {
  const auto x = value.data<T>();
  const float scale = value.quantization.empty() ? 1 : value.quantization.scales[0];
  const float zero = value.quantization.empty() ? 0 : static_cast<float>(value.quantization.zero_points[0]);
  for (size_t i = 0; i + channels <= x.size(); i += step * channels) {
    for (size_t c = 0; c < channels; ++c) numbers.push_back((static_cast<float>(x[i + c]) - zero) * scale);
  }
}

std::vector<float> by_channel(const TapMeans& taps) {
  const size_t channels = taps.square.size();
  std::vector<float> means(channels, 0);
  const auto windows = static_cast<float>(taps.mean.size() / std::max<size_t>(channels, 1));
  for (size_t i = 0; i < taps.mean.size(); ++i) means[i % channels] += static_cast<float>(taps.mean[i]) / windows;
  return means;
}

std::vector<float> as_floats(const std::vector<double>& numbers) {
  return {numbers.begin(), numbers.end()};
}

/// Fills in one sample after the other.
class Watch {
 public:
  Watch(const Assignment& assignment, Reference& reference)
      : assignment_(assignment), uses_(assignment.graph), reference_(reference) {
    reference_.layers.resize(assignment.graph.ops.size());
  }

  void see(ValueId id, const Tensor& value) {
    const Graph& graph = assignment_.graph;
    const int maker = uses_.producer[static_cast<size_t>(id)];
    if (maker >= 0 && assignment_.integer[static_cast<size_t>(maker)])
      reference_.layers[static_cast<size_t>(maker)].looked.push_back(look(value, reference_.looked_share));
    for (int reader : uses_.consumers[static_cast<size_t>(id)]) {
      const Op& op = graph.ops[static_cast<size_t>(reader)];
      if (assignment_.integer[static_cast<size_t>(reader)] && op.inputs[0] == id && Taps::knows(op))
        sum_up(op, value, reference_.layers[static_cast<size_t>(reader)]);
    }
    for (size_t i = 0; i < graph.outputs.size(); ++i) {
      if (graph.outputs[i] == id) reference_.outputs.back()[i] = value;
    }
  }

 private:
  void sum_up(const Op& op, const Tensor& input, ReferenceLayer& layer) {
    const Tensor& weights = *assignment_.graph.value(op.inputs[1]).constant;
    const TapMeans means = Taps(assignment_.graph, op).means(input);
    const int64_t groups = static_cast<int64_t>(means.square.size()) / weights.shape().back();
    layer.sums.push_back(as_floats(on_means(weights, means, groups)));
    layer.squares.push_back(as_floats(means.square));
    layer.means.push_back(by_channel(means));
  }

  const Assignment& assignment_;
  Uses uses_;
  Reference& reference_;
};

}  // namespace

std::vector<float> look(const Tensor& value, double share) {
  std::vector<float> numbers;
  if (value.empty()) return numbers;
  const size_t channels = value.shape().empty() ? 1 : static_cast<size_t>(value.shape().back());
  const auto size = static_cast<double>(value.size());
  const double wanted = share * std::min(size, kLooked);
  // Odd: never the same columns of an even picture.
  const size_t step = static_cast<size_t>(std::ceil(size / wanted)) | 1;
  if (value.dtype() == DType::int8) look_at<int8_t>(value, channels, step, numbers);
  if (value.dtype() == DType::uint8) look_at<uint8_t>(value, channels, step, numbers);
  if (value.dtype() == DType::int16) look_at<int16_t>(value, channels, step, numbers);
  if (value.dtype() == DType::float32) look_at<float>(value, channels, step, numbers);
  return numbers;
}

Result<Reference> run_reference(const Assignment& assignment, const GraphRunner& runner,
                                const std::vector<std::vector<Tensor>>& samples) {
  Reference reference;
  reference.looked_share = std::min(1.0, kLookedInFull / std::max(1.0, static_cast<double>(samples.size())));
  Watch watch(assignment, reference);
  for (const auto& sample : samples) {
    reference.outputs.emplace_back(assignment.graph.outputs.size());
    QUERN_CHECK(runner.show(sample, [&](ValueId id, const Tensor& value) { watch.see(id, value); }));
  }
  return reference;
}

std::vector<float> bias_of(const Graph& graph, const Op& op) {
  const auto channels = static_cast<size_t>(graph.value(op.inputs[1]).shape[0]);
  if (op.inputs.size() < 3 || op.inputs[2] == kNoValue) return std::vector<float>(channels, 0);
  const auto values = graph.value(op.inputs[2]).constant->data<float>();
  if (values.size() == 1) return std::vector<float>(channels, values[0]);
  return {values.begin(), values.end()};
}

}  // namespace quern
