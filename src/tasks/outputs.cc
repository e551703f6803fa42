#include "tasks/outputs.h"

#include "base/checked.h"
#include "base/error.h"

namespace quern {

namespace {

/// Whether the channels come first: only ones before an extent that is theirs.
bool channels_first(const Shape& shape, int64_t channels) {
  for (int64_t extent : shape) {
    if (extent == channels) return true;
    if (extent != 1) return false;
  }
  return false;
}

}  // namespace

std::optional<Cells> as_cells(const Tensor& tensor, int64_t cells, int64_t channels) {
  const Shape& shape = tensor.shape();
  if (shape.empty() || tensor.size() == 0 || checked_mul(cells, channels) != tensor.size()) return std::nullopt;
  const float* data = tensor.data<float>().data();
  const bool last = shape.back() == channels || channels == 1;
  if (channels_first(shape, channels) && (!last || shape.size() >= 4)) return Cells{data, cells, channels, 1, cells};
  if (last) return Cells{data, cells, channels, channels, 1};
  return std::nullopt;
}

std::string list_outputs(std::span<const NamedTensor> outputs) {
  std::vector<std::string> items;
  for (const NamedTensor& output : outputs)
    items.push_back(fmt::format("'{}' {}", output.name, to_string(output.tensor.shape())));
  return items.empty() ? "none" : fmt::format("{}", fmt::join(items, ", "));
}

Result<std::vector<Cells>> match_outputs(const std::string& task, std::span<const NamedTensor> outputs,
                                         std::span<const Want> wants) {
  std::vector<std::optional<Cells>> found(wants.size());
  std::vector<bool> taken(outputs.size(), false);
  const auto look = [&](bool by_name) {
    for (size_t w = 0; w < wants.size(); ++w) {
      for (size_t o = 0; o < outputs.size() && !found[w]; ++o) {
        if (taken[o] || (by_name && outputs[o].name != wants[w].name)) continue;
        found[w] = as_cells(outputs[o].tensor, wants[w].cells, wants[w].channels);
        taken[o] = found[w].has_value();
      }
    }
  };
  look(true);
  look(false);
  std::vector<Cells> cells;
  for (const auto& one : found) {
    if (one) cells.push_back(*one);
  }
  if (cells.size() == wants.size()) return cells;
  std::vector<std::string> expected;
  for (const Want& want : wants)
    expected.push_back(fmt::format("'{}' of {} cells x {}", want.name, want.cells, want.channels));
  return fail(ErrorCode::invalid_argument,
              "task {} needs the outputs {}, but the model gives {}; is this the task of this model?", task,
              fmt::join(expected, ", "), list_outputs(outputs));
}

}  // namespace quern
