#include "measure/calibrate/taps.h"

namespace quern {

namespace {

Shape as_image(const Shape& shape) {
  if (shape.size() == 4) return shape;
  int64_t rows = 1;
  for (size_t i = 0; i + 1 < shape.size(); ++i) rows *= shape[i];
  return {1, 1, rows, shape.back()};
}

}  // namespace

TapSums::TapSums(const Graph& graph, const Op& op)
    : in_(as_image(graph.value(op.inputs[0]).shape)), out_(as_image(graph.value(op.outputs[0]).shape)) {
  if (op.kind == OpKind::Conv) {
    attrs_ = std::get<ConvAttrs>(op.attrs);
    kernel_height_ = graph.value(op.inputs[1]).shape[1];
    kernel_width_ = graph.value(op.inputs[1]).shape[2];
  }
  sums_.mean.assign(static_cast<size_t>(kernel_height_ * kernel_width_ * in_[3]), 0);
  sums_.square.assign(static_cast<size_t>(in_[3]), 0);
}

void TapSums::add_tap(const Tensor& input, int64_t kh, int64_t kw) {
  const auto x = input.data<float>();
  const int64_t channels = in_[3];
  std::vector<float> row_sum(static_cast<size_t>(channels));
  double* sum = sums_.mean.data() + (kh * kernel_width_ + kw) * channels;
  for (int64_t n = 0; n < in_[0]; ++n) {
    for (int64_t oy = 0; oy < out_[1]; ++oy) {
      const int64_t y = oy * attrs_.strides[0] - attrs_.pads[0] + kh * attrs_.dilations[0];
      if (y < 0 || y >= in_[1]) continue;
      std::fill(row_sum.begin(), row_sum.end(), 0.0F);
      for (int64_t ox = 0; ox < out_[2]; ++ox) {
        const int64_t px = ox * attrs_.strides[1] - attrs_.pads[1] + kw * attrs_.dilations[1];
        if (px < 0 || px >= in_[2]) continue;
        const float* pixel = x.data() + ((n * in_[1] + y) * in_[2] + px) * channels;
        for (int64_t c = 0; c < channels; ++c) row_sum[static_cast<size_t>(c)] += pixel[c];
      }
      for (int64_t c = 0; c < channels; ++c) sum[c] += row_sum[static_cast<size_t>(c)];
    }
  }
}

void TapSums::add(const Tensor& input) {
  const auto x = input.data<float>();
  const auto channels = static_cast<size_t>(in_[3]);
  for (size_t i = 0; i < x.size(); i += channels) {
    for (size_t c = 0; c < channels; ++c) sums_.square[c] += double{x[i + c]} * x[i + c];
  }
  elements_ += static_cast<double>(x.size() / channels);
  positions_ += static_cast<double>(out_[0] * out_[1] * out_[2]);
  for (int64_t kh = 0; kh < kernel_height_; ++kh) {
    for (int64_t kw = 0; kw < kernel_width_; ++kw) add_tap(input, kh, kw);
  }
}

TapMeans TapSums::means() const {
  TapMeans means = sums_;
  for (double& v : means.mean) v /= positions_;
  for (double& v : means.square) v /= elements_;
  return means;
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
