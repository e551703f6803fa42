// Changes of type and of quantization.
#include "read/tflite/operators.h"

namespace quern::tflite {

Status read_cast(Node& node) {
  QUERN_TRY(const ValueId x, node.value(0));
  node.add(OpKind::Cast, {x}, {node.result()}).attrs = CastAttrs{.to = node.output().dtype};
  return {};
}

// Weights that are stored in float16 and widened by an operator become float32 constants.
Status read_dequantize(Node& node) {
  if (node.output().dtype != DType::float32) {
    return fail(ErrorCode::invalid_file, "it gives {}; it must give float32", to_string(node.output().dtype));
  }
  if (node.input(0).dtype == DType::float16 && node.is_constant(0)) {
    QUERN_TRY(Tensor tensor, node.importer().tensors.constant(node.input_tensor(0)));
    Value& value = node.graph().value(node.result());
    value.shape = tensor.shape();
    value.shape_known = true;
    value.quantization = {};
    value.constant = std::move(tensor);
    return {};
  }
  QUERN_TRY(const ValueId x, node.value(0));
  node.add(OpKind::Dequantize, {x}, {node.result()});
  return {};
}

}  // namespace quern::tflite
