// Operators that work along one axis and keep the shape.
#include <cmath>

#include "read/tflite/operators.h"

namespace quern::tflite {

Status read_softmax(Node& node) {
  QUERN_TRY(const auto* options, node.options<schema::SoftmaxOptions>());
  if (!std::isfinite(options->beta()) || options->beta() <= 0) {
    return fail(ErrorCode::invalid_file, "its beta is {}; it must be above 0", options->beta());
  }
  QUERN_TRY(const ValueId x, node.value(0));
  node.add(OpKind::Softmax, {x}, {node.result()}).attrs = SoftmaxAttrs{.axis = -1, .beta = options->beta()};
  return {};
}

Status read_l2_normalization(Node& node) {
  QUERN_TRY(const auto* options, node.options<schema::L2NormOptions>());
  if (options->activation() != schema::Activation::NONE) {
    return fail(ErrorCode::unsupported, "its fused activation {} is not read",
                schema::EnumNameActivation(options->activation()));
  }
  QUERN_TRY(const ValueId x, node.value(0));
  node.add(OpKind::LpNorm, {x}, {node.result()}).attrs = LpNormAttrs{.axis = -1, .p = 2};
  return {};
}

Status read_lrn(Node& node) {
  QUERN_TRY(const auto* options, node.options<schema::LocalResponseNormalizationOptions>());
  constexpr int kMaxRadius = 1 << 20;
  if (options->radius() < 0 || options->radius() > kMaxRadius) {
    return fail(ErrorCode::invalid_file, "its radius is {}; it must be 0 to {}", options->radius(), kMaxRadius);
  }
  LrnAttrs attrs;
  attrs.size = 2 * int64_t{options->radius()} + 1;
  attrs.alpha = options->alpha() * static_cast<float>(attrs.size);  // TFLite's factor is on the sum, ours on the mean
  attrs.beta = options->beta();
  attrs.bias = options->bias();
  QUERN_TRY(const ValueId x, node.value(0));
  node.add(OpKind::Lrn, {x}, {node.result()}).attrs = attrs;
  return {};
}

Status read_cumsum(Node& node) {
  QUERN_TRY(const auto* options, node.options<schema::CumsumOptions>());
  CumSumAttrs attrs;
  QUERN_TRY(attrs.axis, node.scalar_int(1, "axis"));
  attrs.exclusive = options->exclusive();
  attrs.reverse = options->reverse();
  QUERN_TRY(const ValueId x, node.value(0));
  node.add(OpKind::CumSum, {x}, {node.result()}).attrs = attrs;
  return {};
}

Status read_topk(Node& node) {
  TopKAttrs attrs;
  QUERN_TRY(attrs.k, node.scalar_int(1, "k"));
  QUERN_CHECK(check_positive(attrs.k, "k"));
  QUERN_TRY(const ValueId x, node.value(0));
  node.add(OpKind::TopK, {x}, node.all_results()).attrs = attrs;
  return {};
}

}  // namespace quern::tflite
