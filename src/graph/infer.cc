#include "graph/infer.h"

#include <algorithm>

#include "base/error.h"
#include "graph/infer_rules.h"

namespace quern {

namespace {

using Rule = Status (*)(InferCall&);

Rule rule_for(OpKind kind) {
  namespace r = infer_rules;
  switch (kind) {
    case OpKind::Conv:
      return r::conv;
    case OpKind::ConvTranspose:
      return r::conv_transpose;
    case OpKind::MaxPool:
    case OpKind::AveragePool:
      return r::pool;
    case OpKind::DepthToSpace:
      return r::depth_to_space;
    case OpKind::SpaceToDepth:
      return r::space_to_depth;
    case OpKind::FullyConnected:
      return r::fully_connected;
    case OpKind::MatMul:
      return r::matmul;
    case OpKind::Add:
    case OpKind::Sub:
    case OpKind::Mul:
    case OpKind::Div:
    case OpKind::Mod:
    case OpKind::Min:
    case OpKind::Max:
      return r::binary;
    case OpKind::Pow:
      return r::power;
    case OpKind::PRelu:
      return r::prelu;
    case OpKind::Equal:
    case OpKind::Less:
    case OpKind::LessOrEqual:
    case OpKind::Greater:
    case OpKind::GreaterOrEqual:
      return r::comparison;
    case OpKind::And:
    case OpKind::Or:
    case OpKind::Xor:
      return r::logic;
    case OpKind::Where:
      return r::where;
    case OpKind::Clip:
      return r::clip;
    case OpKind::Not:
      return r::logic_not;
    case OpKind::IsNaN:
    case OpKind::IsInf:
      return r::float_test;
    case OpKind::Relu:
    case OpKind::LeakyRelu:
    case OpKind::Elu:
    case OpKind::Selu:
    case OpKind::Celu:
    case OpKind::ThresholdedRelu:
    case OpKind::HardSigmoid:
    case OpKind::HardSwish:
    case OpKind::Sigmoid:
    case OpKind::Tanh:
    case OpKind::Swish:
    case OpKind::Gelu:
    case OpKind::Mish:
    case OpKind::Softplus:
    case OpKind::Softsign:
    case OpKind::Exp:
    case OpKind::Log:
    case OpKind::Sqrt:
    case OpKind::Rsqrt:
    case OpKind::Square:
    case OpKind::Reciprocal:
    case OpKind::Abs:
    case OpKind::Neg:
    case OpKind::Sign:
    case OpKind::Floor:
    case OpKind::Ceil:
    case OpKind::Round:
    case OpKind::Erf:
    case OpKind::Sin:
    case OpKind::Cos:
    case OpKind::Tan:
    case OpKind::Asin:
    case OpKind::Acos:
    case OpKind::Atan:
    case OpKind::Sinh:
    case OpKind::Cosh:
    case OpKind::Identity:
      return r::unary;
    case OpKind::ReduceMean:
    case OpKind::ReduceSum:
    case OpKind::ReduceMax:
    case OpKind::ReduceMin:
    case OpKind::ReduceProd:
    case OpKind::ReduceL1:
    case OpKind::ReduceL2:
    case OpKind::ReduceSumSquare:
    case OpKind::ReduceLogSum:
    case OpKind::ReduceLogSumExp:
      return r::reduce;
    case OpKind::ArgMax:
    case OpKind::ArgMin:
      return r::arg_reduce;
    case OpKind::Softmax:
    case OpKind::LogSoftmax:
      return r::softmax;
    case OpKind::BatchNorm:
    case OpKind::InstanceNorm:
      return r::channel_norm;
    case OpKind::LayerNorm:
      return r::layer_norm;
    case OpKind::MeanVarianceNorm:
      return r::mean_variance_norm;
    case OpKind::LpNorm:
      return r::lp_norm;
    case OpKind::Lrn:
      return r::lrn;
    case OpKind::CumSum:
      return r::cumulative_sum;
    case OpKind::TopK:
      return r::top_k;
    case OpKind::Concat:
      return r::concat;
    case OpKind::Split:
      return r::split;
    case OpKind::Slice:
      return r::slice;
    case OpKind::Pad:
      return r::pad;
    case OpKind::Transpose:
      return r::transpose;
    case OpKind::Reshape:
      return r::reshape;
    case OpKind::Flatten:
      return r::flatten;
    case OpKind::Squeeze:
      return r::squeeze;
    case OpKind::Unsqueeze:
      return r::unsqueeze;
    case OpKind::Expand:
      return r::expand;
    case OpKind::Tile:
      return r::tile;
    case OpKind::Gather:
      return r::gather;
    case OpKind::GatherElements:
      return r::gather_elements;
    case OpKind::GatherNd:
      return r::gather_nd;
    case OpKind::OneHot:
      return r::one_hot;
    case OpKind::Resize:
      return r::resize;
    case OpKind::Cast:
      return r::cast;
    case OpKind::Quantize:
      return r::quantize;
    case OpKind::Dequantize:
      return r::dequantize;
    case OpKind::Shape:
      return r::shape_of;
    case OpKind::Size:
      return r::size_of_value;
    case OpKind::Fill:
      return r::fill;
    case OpKind::Range:
      return r::range;
  }
  return nullptr;
}

Status inputs_are_fixed(const Graph& graph) {
  for (ValueId id : graph.inputs) {
    const Value& input = graph.value(id);
    const bool fixed = std::all_of(input.shape.begin(), input.shape.end(), [](int64_t d) { return d >= 0; });
    if (input.shape_known && fixed) continue;
    return fail(ErrorCode::invalid_argument,
                "the input '{}' has the shape {}; give every '?' a number before shapes can be inferred", input.name,
                to_string(input.shape));
  }
  return {};
}

}  // namespace

Status infer_op(Graph& graph, Op& op) {
  InferCall call(graph, op);
  QUERN_CHECK(call.check());
  const Rule rule = rule_for(op.kind);
  if (rule == nullptr) return fail(ErrorCode::internal, "an operator of unknown kind {}", static_cast<int>(op.kind));
  return rule(call);
}

Status infer(Graph& graph) {
  QUERN_CHECK(inputs_are_fixed(graph));
  std::vector<Op> kept;
  kept.reserve(graph.ops.size());
  for (Op& op : graph.ops) {
    QUERN_CHECK(infer_op(graph, op));
    QUERN_TRY(const bool folded, fold_extents(graph, op));
    if (!folded) kept.push_back(op);
  }
  graph.ops = std::move(kept);
  return {};
}

}  // namespace quern
