#include "measure/calibrate/taps.h"

#include <algorithm>
#include <type_traits>

namespace quern {

namespace {

Shape as_image(const Shape& shape) {
  if (shape.size() == 4) return shape;
  int64_t rows = 1;
  for (size_t i = 0; i + 1 < shape.size(); ++i) rows *= shape[i];
  return {1, 1, rows, shape.back()};
}

}  // namespace

Taps::Taps(const Graph& graph, const Op& op)
    : in_(as_image(graph.value(op.inputs[0]).shape)), out_(as_image(graph.value(op.outputs[0]).shape)) {
  if (op.kind == OpKind::Conv) {
    attrs_ = std::get<ConvAttrs>(op.attrs);
    kernel_height_ = graph.value(op.inputs[1]).shape[1];
    kernel_width_ = graph.value(op.inputs[1]).shape[2];
  }
}

/// The sums of a row are taken in codes, which is exact and quick.
template <typename T>
void Taps::add_tap(const T* input, int64_t kh, int64_t kw, const Quantization& quantization, double* sum) const {
  using Sum = std::conditional_t<std::is_floating_point_v<T>, float, int32_t>;
  const int64_t channels = in_[3];
  const double scale = quantization.empty() ? 1 : double{quantization.scales[0]};
  const double zero = quantization.empty() ? 0 : quantization.zero_points[0];
  std::vector<Sum> row(static_cast<size_t>(channels));
  for (int64_t line = 0; line < in_[0] * out_[1]; ++line) {
    const int64_t y = line % out_[1] * attrs_.strides[0] - attrs_.pads[0] + kh * attrs_.dilations[0];
    if (y < 0 || y >= in_[1]) continue;
    std::fill(row.begin(), row.end(), Sum{0});
    int64_t met = 0;
    const T* line_input = input + (line / out_[1] * in_[1] + y) * in_[2] * channels;
    for (int64_t ox = 0; ox < out_[2]; ++ox) {
      const int64_t x = ox * attrs_.strides[1] - attrs_.pads[1] + kw * attrs_.dilations[1];
      if (x < 0 || x >= in_[2]) continue;
      ++met;
      const T* pixel = line_input + x * channels;
      for (int64_t c = 0; c < channels; ++c) row[static_cast<size_t>(c)] += pixel[c];
    }
    for (int64_t c = 0; c < channels; ++c)
      sum[c] += scale * (static_cast<double>(row[static_cast<size_t>(c)]) - zero * static_cast<double>(met));
  }
}

template <typename T>
void Taps::add(const Tensor& input, TapMeans& sums) const {
  const auto x = input.data<T>();
  for (int64_t kh = 0; kh < kernel_height_; ++kh) {
    for (int64_t kw = 0; kw < kernel_width_; ++kw)
      add_tap(x.data(), kh, kw, input.quantization, sums.mean.data() + (kh * kernel_width_ + kw) * in_[3]);
  }
}

TapMeans Taps::means(const Tensor& input) const {
  const auto channels = static_cast<size_t>(in_[3]);
  TapMeans means;
  means.mean.assign(static_cast<size_t>(kernel_height_ * kernel_width_) * channels, 0);
  if (input.dtype() == DType::int8) add<int8_t>(input, means);
  if (input.dtype() == DType::uint8) add<uint8_t>(input, means);
  if (input.dtype() == DType::int16) add<int16_t>(input, means);
  if (input.dtype() == DType::float32) add<float>(input, means);
  for (double& v : means.mean) v /= static_cast<double>(out_[0] * out_[1] * out_[2]);
  if (input.dtype() != DType::float32) return means;
  means.square.assign(channels, 0);
  const auto x = input.data<float>();
  for (size_t i = 0; i < x.size(); i += channels) {
    for (size_t c = 0; c < channels; ++c) means.square[c] += double{x[i + c]} * x[i + c];
  }
  for (double& v : means.square) v /= static_cast<double>(x.size() / channels);
  return means;
}

void Taps::gather(std::span<const float> input, int64_t position, std::span<float> taps) const {
  const auto channels = static_cast<size_t>(in_[3]);
  const int64_t batch = position / (out_[1] * out_[2]);
  const int64_t oy = position / out_[2] % out_[1];
  const int64_t ox = position % out_[2];
  for (int64_t k = 0; k < kernel_height_ * kernel_width_; ++k) {
    const int64_t y = oy * attrs_.strides[0] - attrs_.pads[0] + k / kernel_width_ * attrs_.dilations[0];
    const int64_t x = ox * attrs_.strides[1] - attrs_.pads[1] + k % kernel_width_ * attrs_.dilations[1];
    const auto to = taps.subspan(static_cast<size_t>(k) * channels, channels);
    if (y < 0 || y >= in_[1] || x < 0 || x >= in_[2]) {
      std::ranges::fill(to, 0.0F);
      continue;
    }
    const auto at = static_cast<size_t>((batch * in_[1] + y) * in_[2] + x) * channels;
    std::ranges::copy(input.subspan(at, channels), to.begin());
  }
}

std::vector<double> on_means(const Tensor& weights, const TapMeans& taps, int64_t groups) {
  const auto w = weights.data<float>();
  const int64_t outs = weights.shape()[0];
  const int64_t own = weights.shape().back();
  const int64_t windows = weights.size() / outs / own;
  const int64_t channels = own * groups;
  std::vector<double> sums(static_cast<size_t>(outs), 0);
  for (int64_t o = 0; o < outs; ++o) {
    const int64_t first = o / (outs / groups) * own;
    double& sum = sums[static_cast<size_t>(o)];
    for (int64_t k = 0; k < windows; ++k) {
      for (int64_t i = 0; i < own; ++i) {
        sum += double{w[static_cast<size_t>((o * windows + k) * own + i)]} *
               taps.mean[static_cast<size_t>(k * channels + first + i)];
      }
    }
  }
  return sums;
}

}  // namespace quern
