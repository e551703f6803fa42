#include <algorithm>

#include "compile/npu/rewrite/changes.h"

namespace quern::npu {

void identity_convolution(const Spot& spot, std::vector<Alternative>& ways) {
  const OperatorRule* rule = spot.rule();
  if (rule == nullptr || spot.refused().inputs.size() != 1) return;
  if (std::find(rule->only_after.begin(), rule->only_after.end(), OpKind::Conv) == rule->only_after.end()) return;
  const Value& x = spot.input(0);
  if (!is_8bit(x.dtype) || x.quantization.scales.size() != 1 || x.shape.empty()) return;
  const bool reshapes = x.shape.size() != 4;
  if (reshapes && info(spot.refused().kind).family != OpFamily::unary) return;
  Rework rework(spot);
  const int64_t channels = x.shape.back();
  int64_t rows = 1;
  for (size_t axis = 0; axis + 1 < x.shape.size(); ++axis) rows *= x.shape[axis];
  if (reshapes) rework.before(0, OpKind::Reshape, ReshapeAttrs{{1, 1, rows, channels}}, "flat");
  // One times each code: the sum is the code's distance to its zero point, its factor is 1, and nothing is rounded.
  Tensor ones = *Tensor::make(DType::int8, {channels, 1, 1, 1});
  std::fill_n(ones.mutable_data<int8_t>().data(), channels, int8_t{1});
  ones.quantization = {{1.0f}, {0}, 0};
  ConvAttrs conv;
  conv.groups = channels;
  rework.before(0, OpKind::Conv, conv, "identity");
  Graph& graph = rework.graph();
  const ValueId weights = graph.add_constant(graph.fresh_name(spot.refused().name + "/ones"), std::move(ones));
  graph.ops.back().inputs.push_back(weights);
  if (reshapes) rework.behind(OpKind::Reshape, ReshapeAttrs{spot.output().shape}, "shape");
  ways.push_back(std::move(rework).done("follows a convolution by ones, which changes nothing"));
}

}  // namespace quern::npu
