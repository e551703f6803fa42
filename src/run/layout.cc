#include "run/layout.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "base/error.h"

namespace quern {

namespace {

using Permutation = std::vector<size_t>;

/// The permutation that a twin's suffix names, or an empty one when the name is no twin's of this rank.
Permutation permutation_of(const std::string& suffix, size_t rank) {
  if (suffix == "nhwc") return rank == 4 ? Permutation{0, 3, 1, 2} : Permutation{};
  Permutation permutation;
  for (const char digit : suffix) {
    if (digit < '0' || digit > '9') return {};
    permutation.push_back(static_cast<size_t>(digit - '0'));
  }
  Permutation sorted = permutation;
  std::sort(sorted.begin(), sorted.end());
  for (size_t i = 0; i < sorted.size(); ++i) {
    if (sorted[i] != i) return {};
  }
  return permutation.size() == rank ? permutation : Permutation{};
}

Result<Tensor> transposed(const Tensor& tensor, const Permutation& permutation) {
  const Shape& from = tensor.shape();
  std::vector<int64_t> strides(from.size(), 1);
  for (size_t i = from.size() - 1; i-- > 0;) strides[i] = strides[i + 1] * from[i + 1];
  Shape shape;
  std::vector<int64_t> steps;
  for (const size_t axis : permutation) {
    shape.push_back(from[axis]);
    steps.push_back(strides[axis]);
  }
  QUERN_TRY(Tensor out, Tensor::make(tensor.dtype(), shape));
  out.quantization = tensor.quantization;
  const size_t unit = size_of(tensor.dtype());
  const auto* source = static_cast<const std::byte*>(tensor.raw());
  auto* target = static_cast<std::byte*>(out.mutable_raw());
  std::vector<int64_t> index(shape.size(), 0);
  int64_t at = 0;
  for (int64_t i = 0; i < out.size(); ++i, target += unit) {
    std::memcpy(target, source + static_cast<size_t>(at) * unit, unit);
    for (size_t axis = shape.size(); axis-- > 0;) {
      at += steps[axis];
      if (++index[axis] < shape[axis]) break;
      at -= steps[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return out;
}

}  // namespace

Twin twin_of(const std::string& name, size_t rank) {
  const size_t mark = name.rfind('@');
  if (mark == std::string::npos) return {name, {}};
  Permutation order = permutation_of(name.substr(mark + 1), rank);
  return order.empty() ? Twin{name, {}} : Twin{name.substr(0, mark), std::move(order)};
}

Result<NamedTensors> in_file_layout(NamedTensors values) {
  std::set<std::string> names;
  for (const auto& [name, tensor] : values) names.insert(name);
  NamedTensors out;
  for (auto& [name, tensor] : values) {
    Twin twin = twin_of(name, tensor.shape().size());
    if (twin.order.empty()) {
      out.emplace_back(std::move(name), std::move(tensor));
      continue;
    }
    if (names.count(twin.name) != 0) continue;
    QUERN_TRY(Tensor turned, transposed(tensor, twin.order));
    out.emplace_back(std::move(twin.name), std::move(turned));
  }
  return out;
}

}  // namespace quern
