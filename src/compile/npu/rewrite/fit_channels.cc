#include <fmt/format.h>

#include "compile/npu/rewrite/changes.h"
#include "compile/npu/rewrite/weights.h"

namespace quern::npu {

namespace {

/// Output channels [begin, begin + count) of a bias.
Tensor some_of(const Tensor& bias, int64_t begin, int64_t count) {
  Tensor made = *Tensor::make(bias.dtype(), {count});
  const auto element = static_cast<int64_t>(size_of(bias.dtype()));
  std::copy_n(static_cast<const std::byte*>(bias.raw()) + begin * element, count * element,
              static_cast<std::byte*>(made.mutable_raw()));
  made.quantization = bias.quantization;
  return made;
}

/// Scales and zero points of channels [begin, begin + count).
Quantization some_of(const Quantization& q, int64_t begin, int64_t count) {
  if (!q.per_axis()) return q;
  Quantization made;
  made.axis = q.axis;
  made.scales.assign(q.scales.begin() + begin, q.scales.begin() + begin + count);
  made.zero_points.assign(q.zero_points.begin() + begin, q.zero_points.begin() + begin + count);
  return made;
}

Tensor some_weights(const Tensor& w, int64_t begin, int64_t count) {
  const Shape& s = w.shape();
  Tensor made = moved_weights(w, {count, s[1], s[2], s[3]}, [&](const WeightIndex& at) {
    return WeightIndex{at[0] + begin, at[1], at[2], at[3]};
  });
  made.quantization = some_of(w.quantization, begin, count);
  return made;
}

/// One operator for each part, and a Concat that gives what the graph knows.
void split_outputs(const Spot& spot, int64_t most, std::vector<Alternative>& ways) {
  const Op first = spot.refused();
  if (tail_of(spot.graph, spot.op) != spot.op) return;
  const int64_t channels = spot.output().shape[3];
  const int64_t parts = (channels + most - 1) / most;
  Rework rework(spot);
  Graph& graph = rework.graph();
  std::vector<ValueId> pieces;
  for (int64_t part = 0; part < parts; ++part) {
    const int64_t begin = channels * part / parts;
    const int64_t count = channels * (part + 1) / parts - begin;
    rework.op().inputs = first.inputs;
    rework.set_constant(1, some_weights(*spot.input(1).constant, begin, count), "part");
    if (spot.has_input(2)) {
      Tensor bias = some_of(*spot.input(2).constant, begin, count);
      bias.quantization = some_of(bias.quantization, begin, count);
      rework.set_constant(2, std::move(bias), "part");
    }
    pieces.push_back(rework.value_like(first.outputs[0], "part"));
    const std::vector<ValueId> inputs = rework.op().inputs;
    graph.add_op(first.kind, rework.name("part"), inputs, {pieces.back()}).attrs = first.attrs;
  }
  Op& join = rework.op();
  join.kind = OpKind::Concat;
  join.attrs = AxisAttrs{3};
  join.inputs = pieces;
  ways.push_back(std::move(rework).done(fmt::format("computes its output channels in {} parts", parts)));
}

/// Zeros for the input channels that the target asks for and the model has not.
void pad_inputs(const Spot& spot, int64_t least, std::vector<Alternative>& ways) {
  const int64_t channels = spot.input(0).shape[3];
  const Shape& s = spot.input(1).shape;
  Rework rework(spot);
  PadAttrs pad;
  pad.pads = {0, 0, 0, 0, 0, 0, 0, least - channels};
  rework.before(0, OpKind::Pad, pad, "channels");
  rework.set_constant(1,
                      moved_weights(*spot.input(1).constant, {s[0], s[1], s[2], least},
                                    [&](const WeightIndex& at) { return at[3] < channels ? at : WeightIndex{-1}; }),
                      "channels");
  ways.push_back(std::move(rework).done(fmt::format("reads {} channels of zeros besides", least - channels)));
}

/// Channels of zeros in the output, which are dropped.
void pad_outputs(const Spot& spot, int64_t least, std::vector<Alternative>& ways) {
  const int64_t channels = spot.output().shape[3];
  const Shape& s = spot.input(1).shape;
  Rework rework(spot);
  rework.set_constant(1,
                      moved_weights(*spot.input(1).constant, {least, s[1], s[2], s[3]},
                                    [&](const WeightIndex& at) { return at[0] < channels ? at : WeightIndex{-1}; }),
                      "channels");
  if (spot.has_input(2))
    rework.set_constant(2, some_of(repeated(*spot.input(2).constant, (least + channels - 1) / channels), 0, least),
                        "channels");
  if (spot.has_input(2)) {
    Quantization& q = rework.operand(2).constant->quantization;
    q = some_of(q, 0, q.per_axis() ? least : 0);
    rework.operand(2).quantization = q;
  }
  rework.keep(3, 0, channels, "channels");
  ways.push_back(std::move(rework).done(fmt::format("computes {} channels of zeros besides", least - channels)));
}

}  // namespace

void fit_channels(const Spot& spot, std::vector<Alternative>& ways) {
  const OperatorRule* rule = spot.rule();
  if (spot.refused().kind != OpKind::Conv || rule == nullptr || !has_known_weights(spot)) return;
  if (spot.attrs<ConvAttrs>().groups != 1) return;
  const int64_t in = spot.input(0).shape[3];
  const int64_t out = spot.output().shape[3];
  if (rule->channels_in && in < rule->channels_in->low) pad_inputs(spot, rule->channels_in->low, ways);
  if (!rule->channels_out) return;
  if (out < rule->channels_out->low) pad_outputs(spot, rule->channels_out->low, ways);
  if (out > rule->channels_out->high) split_outputs(spot, rule->channels_out->high, ways);
}

}  // namespace quern::npu
