#include "measure/lint/input_forms.h"

#include "base/error.h"

namespace quern {

namespace {

constexpr std::array<float, 3> all(float value) {
  return {value, value, value};
}
constexpr std::array<float, 3> kImageNetMean = {0.485F, 0.456F, 0.406F};
constexpr std::array<float, 3> kImageNetFactor = {1 / 0.229F, 1 / 0.224F, 1 / 0.225F};
constexpr std::array<float, 3> kImageNetBackMean = {-0.485F / 0.229F, -0.456F / 0.224F, -0.406F / 0.225F};
constexpr std::array<float, 3> kImageNetBackFactor = {0.229F, 0.224F, 0.225F};

constexpr InputForm kForms[] = {
    {"as it is", all(0), all(1)},
    {"from 0..1 to -1..1", all(0.5F), all(2)},
    {"from -1..1 to 0..1", all(-1), all(0.5F)},
    {"multiplied by 255", all(0), all(255)},
    {"divided by 255", all(0), all(1 / 255.0F)},
    {"from 0..255 to -1..1", all(127.5F), all(1 / 127.5F)},
    {"from -1..1 to 0..255", all(-1), all(127.5F)},
    {"with ImageNet's mean and std taken away", kImageNetMean, kImageNetFactor},
    {"with ImageNet's mean and std put back", kImageNetBackMean, kImageNetBackFactor},
};

}  // namespace

std::span<const InputForm> input_forms() {
  return kForms;
}

int colour_axis(const Shape& shape) {
  if (shape.empty()) return -1;
  if (shape.back() == 3) return static_cast<int>(shape.size()) - 1;
  return shape.size() == 4 && shape[1] == 3 ? 1 : -1;
}

Result<Tensor> in_form(const Tensor& input, const InputForm& form) {
  QUERN_TRY(Tensor out, Tensor::make(DType::float32, input.shape()));
  const int axis = colour_axis(input.shape());
  const size_t channels = axis < 0 ? 1 : 3;
  size_t inner = 1;
  for (size_t i = static_cast<size_t>(axis + 1); axis >= 0 && i < input.shape().size(); ++i)
    inner *= static_cast<size_t>(input.shape()[i]);
  const auto from = input.data<float>();
  const auto to = out.mutable_data<float>();
  for (size_t i = 0; i < from.size(); ++i) {
    const size_t channel = i / inner % channels;
    const size_t source = form.swap && axis >= 0 ? i + (2 - 2 * channel) * inner : i;
    to[i] = (from[source] - form.mean[channel]) * form.factor[channel];
  }
  return out;
}

}  // namespace quern
