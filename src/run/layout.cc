#include "run/layout.h"

#include <cstring>
#include <set>
#include <string_view>

#include "base/error.h"

namespace quern {

namespace {

constexpr std::string_view kTwin = "@nhwc";

Result<Tensor> to_channels_first(const Tensor& nhwc) {
  const Shape& from = nhwc.shape();
  QUERN_TRY(Tensor out, Tensor::make(nhwc.dtype(), {from[0], from[3], from[1], from[2]}));
  out.quantization = nhwc.quantization;
  const size_t unit = size_of(nhwc.dtype());
  const auto* source = static_cast<const std::byte*>(nhwc.raw());
  auto* target = static_cast<std::byte*>(out.mutable_raw());
  const int64_t pixels = from[1] * from[2];
  for (int64_t n = 0; n < from[0]; ++n) {
    for (int64_t c = 0; c < from[3]; ++c) {
      for (int64_t p = 0; p < pixels; ++p) {
        std::memcpy(target, source + static_cast<size_t>((n * pixels + p) * from[3] + c) * unit, unit);
        target += unit;
      }
    }
  }
  return out;
}

}  // namespace

Result<NamedTensors> in_file_layout(NamedTensors values) {
  std::set<std::string> names;
  for (const auto& [name, tensor] : values) names.insert(name);
  NamedTensors out;
  for (auto& [name, tensor] : values) {
    if (!name.ends_with(kTwin) || tensor.rank() != 4) {
      out.emplace_back(std::move(name), std::move(tensor));
      continue;
    }
    std::string own = name.substr(0, name.size() - kTwin.size());
    if (names.count(own) != 0) continue;
    QUERN_TRY(Tensor turned, to_channels_first(tensor));
    out.emplace_back(std::move(own), std::move(turned));
  }
  return out;
}

}  // namespace quern
