// Along an axis: softmax, normalizations, running sums, the largest k.
#include "read/onnx/rows.h"
#include "read/onnx/softmax.h"

namespace quern::onnx {

Status emit_softmax(Context& cx, Node& node, OpKind kind, int64_t axis, bool flattens) {
  SoftmaxAttrs attrs;
  attrs.axis = axis;
  const int rank = cx.rank(node.inputs[0]);
  const bool last = axis == -1 || (rank >= 0 && axis == rank - 1);
  if (!flattens || last) {
    cx.emit(node, kind, {node.inputs[0]}, {node.outputs[0]}, attrs);
    return {};
  }
  // Before opset 13 everything from the axis on is one long axis.
  const ValueId x = node.inputs[0];
  const ValueId y = node.outputs[0];
  const std::string name = cx.graph.value(y).name;
  const ValueId flat = cx.make_like(name + "@flat_input", x);
  const ValueId result = cx.make_like(name + "@flat", y);
  const ValueId shape = cx.make_like(name + "@shape", x);
  cx.graph.value(shape).quantization = {};
  cx.graph.value(shape).dtype = DType::int64;
  cx.emit_helper(OpKind::Flatten, {x}, flat, AxisAttrs{axis}, node.kind);
  cx.emit_helper(OpKind::Shape, {x}, shape, ShapeOfAttrs{}, node.kind);
  attrs.axis = -1;
  cx.emit(node, kind, {flat}, {result}, attrs);
  cx.emit_helper(OpKind::Reshape, {result, shape}, y, ReshapeAttrs{}, node.kind);
  return {};
}

namespace {

Status read_softmax(Context& cx, Node& node) {
  const bool flattens = node.opset < 13;
  return emit_softmax(cx, node, node.op, node.attributes.integer("axis", flattens ? 1 : -1), flattens);
}

Status read_batch_norm(Context& cx, Node& node) {
  node.attributes.ignore({"momentum", "is_test"});
  if (node.attributes.flag("training_mode", false)) {
    return node.fail(ErrorCode::unsupported, "attribute 'training_mode' is 1; export the model for inference");
  }
  if (node.attributes.integer("spatial", 1) != 1) {
    return node.fail(ErrorCode::unsupported, "attribute 'spatial' is 0; only statistics per channel are read");
  }
  cx.emit(node, OpKind::BatchNorm, node.inputs, node.outputs, NormAttrs{1, node.attributes.number("epsilon", 1e-5f)});
  return {};
}

Status read_instance_norm(Context& cx, Node& node) {
  cx.emit(node, OpKind::InstanceNorm, node.inputs, node.outputs,
          NormAttrs{1, node.attributes.number("epsilon", 1e-5f)});
  return {};
}

Status read_layer_norm(Context& cx, Node& node) {
  if (node.attributes.integer("stash_type", 1) != 1) {
    return node.fail(ErrorCode::unsupported, "attribute 'stash_type' is {}; only 1 (float32) is read",
                     node.attributes.integer("stash_type", 1));
  }
  const NormAttrs attrs{node.attributes.integer("axis", -1), node.attributes.number("epsilon", 1e-5f)};
  cx.emit(node, OpKind::LayerNorm, node.inputs, node.outputs, attrs);
  return {};
}

Result<ValueId> filled_vector(Context& cx, const std::string& wish, int64_t count, float value) {
  if (count < 1 || count > int64_t{1} << 24) return fail(ErrorCode::invalid_file, "'num_groups' is {}", count);
  QUERN_TRY(Tensor tensor, Tensor::make(DType::float32, {count}));
  for (float& element : tensor.mutable_data<float>()) element = value;
  return cx.make_constant(wish, std::move(tensor));
}

/// [C] as [C, 1, …], to stand beside N C ….
ValueId per_channel(Context& cx, const Node& node, ValueId vector, int rank, const std::string& wish) {
  Ints axes;
  for (int i = 1; i < rank - 1; ++i) axes.push_back(i);
  if (axes.empty()) return vector;
  const ValueId tall = cx.make_like(wish, vector);
  cx.emit_helper(OpKind::Unsqueeze, {vector}, tall, AxesAttrs{axes}, node.kind);
  return tall;
}

/// N C … seen as N G rest, each group normalized, and seen as it was again.
Status read_group_norm(Context& cx, Node& node) {
  node.attributes.ignore({"stash_type"});
  const int rank = cx.rank(node.inputs[0]);
  if (rank < 3) return node.fail(ErrorCode::unsupported, "the number of axes of its input is not known, or below 3");
  const bool scale_per_group = node.opset < 21;
  const int64_t groups = node.attributes.integer("num_groups", 0);
  const std::string name = cx.graph.value(node.outputs[0]).name;
  const ValueId x = node.inputs[0];
  const ValueId grouped = cx.make_like(name + "@groups", x);
  const ValueId normalized = cx.make_like(name + "@normalized", x);
  const ValueId shape = cx.make_like(name + "@shape", x);
  cx.graph.value(shape).dtype = DType::int64;
  ValueId scale = node.inputs[1];
  ValueId bias = node.inputs[2];
  if (!scale_per_group) {
    QUERN_TRY(scale, filled_vector(cx, name + "@ones", groups, 1));
    QUERN_TRY(bias, filled_vector(cx, name + "@zeros", groups, 0));
  }
  ReshapeAttrs to_groups;
  to_groups.shape = {0, groups, -1};
  cx.emit_helper(OpKind::Reshape, {x}, grouped, to_groups, node.kind);
  cx.emit_helper(OpKind::Shape, {x}, shape, ShapeOfAttrs{}, node.kind);
  cx.emit(node, OpKind::InstanceNorm, {grouped, scale, bias}, {normalized},
          NormAttrs{1, node.attributes.number("epsilon", 1e-5f)});
  if (scale_per_group) {
    cx.emit_helper(OpKind::Reshape, {normalized, shape}, node.outputs[0], ReshapeAttrs{}, node.kind);
    return {};
  }
  const ValueId back = cx.make_like(name + "@back", x);
  const ValueId product = cx.make_like(name + "@scaled", x);
  cx.emit_helper(OpKind::Reshape, {normalized, shape}, back, ReshapeAttrs{}, node.kind);
  cx.emit_helper(OpKind::Mul, {back, per_channel(cx, node, node.inputs[1], rank, name + "@scale")}, product,
                 ClampAttrs{}, node.kind);
  cx.emit_helper(OpKind::Add, {product, per_channel(cx, node, node.inputs[2], rank, name + "@bias")}, node.outputs[0],
                 ClampAttrs{}, node.kind);
  return {};
}

Status read_mean_variance(Context& cx, Node& node) {
  AxesAttrs attrs;
  attrs.axes = node.attributes.integers("axes");
  if (attrs.axes.empty()) attrs.axes = {0, 2, 3};
  cx.emit(node, OpKind::MeanVarianceNorm, node.inputs, node.outputs, attrs);
  return {};
}

Status read_lp_norm(Context& cx, Node& node) {
  const LpNormAttrs attrs{node.attributes.integer("axis", -1), node.attributes.integer("p", 2)};
  if (attrs.p != 1 && attrs.p != 2)
    return node.fail(ErrorCode::unsupported, "attribute 'p' is {}; 1 and 2 are read", attrs.p);
  cx.emit(node, OpKind::LpNorm, node.inputs, node.outputs, attrs);
  return {};
}

Status read_lrn(Context& cx, Node& node) {
  LrnAttrs attrs;
  attrs.axis = 1;
  attrs.size = node.attributes.integer("size", 1);
  attrs.alpha = node.attributes.number("alpha", 1e-4f);
  attrs.beta = node.attributes.number("beta", 0.75f);
  attrs.bias = node.attributes.number("bias", 1);
  cx.emit(node, OpKind::Lrn, node.inputs, node.outputs, attrs);
  return {};
}

Status read_cum_sum(Context& cx, Node& node) {
  CumSumAttrs attrs;
  attrs.exclusive = node.attributes.flag("exclusive", false);
  attrs.reverse = node.attributes.flag("reverse", false);
  cx.emit(node, OpKind::CumSum, node.inputs, node.outputs, attrs);
  return {};
}

/// k is an attribute before opset 10.
Status read_top_k(Context& cx, Node& node) {
  TopKAttrs attrs;
  attrs.axis = node.attributes.integer("axis", -1);
  if (node.opset < 10) attrs.k = node.attributes.integer("k", 1);
  if (node.opset >= 11) {
    attrs.largest = node.attributes.flag("largest", true);
    attrs.sorted = node.attributes.flag("sorted", true);
  }
  if ((node.opset >= 10) != node.has_input(1)) {
    return node.fail(ErrorCode::invalid_file, "k must be an {} at opset {}", node.opset < 10 ? "attribute" : "input",
                     node.opset);
  }
  std::vector<ValueId> outputs = node.outputs;
  // Both results are always computed; a name of our own stands for one the file leaves out.
  if (outputs[1] == kNoValue) outputs[1] = cx.make_like(cx.graph.value(outputs[0]).name + "@indices", outputs[0]);
  cx.graph.value(outputs[1]).dtype = DType::int64;
  cx.emit(node, OpKind::TopK, node.inputs, std::move(outputs), attrs);
  return {};
}

constexpr Row kRows[] = {
    {"Softmax", read_softmax, OpKind::Softmax, 1, 1, 1, Fold::compute},
    {"LogSoftmax", read_softmax, OpKind::LogSoftmax, 1, 1, 1, Fold::compute},
    {"BatchNormalization", read_batch_norm, OpKind::BatchNorm, 5, 5},
    {"InstanceNormalization", read_instance_norm, OpKind::InstanceNorm, 3, 3},
    {"LayerNormalization", read_layer_norm, OpKind::LayerNorm, 2, 3},
    {"GroupNormalization", read_group_norm, OpKind::InstanceNorm, 3, 3},
    {"MeanVarianceNormalization", read_mean_variance, OpKind::MeanVarianceNorm},
    {"LpNormalization", read_lp_norm, OpKind::LpNorm},
    {"LRN", read_lrn, OpKind::Lrn},
    {"CumSum", read_cum_sum, OpKind::CumSum, 2, 2},
    {"TopK", read_top_k, OpKind::TopK, 1, 2, 2},
};

}  // namespace

std::span<const Row> normalize_rows() {
  return kRows;
}

}  // namespace quern::onnx
