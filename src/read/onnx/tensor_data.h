// TensorProto to Tensor.
#pragma once

#include "onnx.pb.h"
#include "quern/tensor.h"
#include "read/onnx/external_data.h"

namespace quern::onnx {

/// "FLOAT8E4M3FN" and the like; the number for a type nobody knows.
std::string type_name(int32_t data_type);

/// The element type of a value whose file type is `data_type`. unsupported, by name, when there is none; bfloat16 has
/// none either, though its constants can be read.
Result<DType> element_type(int32_t data_type);

/// The array, from whichever field or file holds it. float16 and bfloat16 come out as float32: computing is done in
/// float32. Errors name the tensor.
Result<Tensor> read_tensor(const TensorProto& proto, ExternalData& external);

}  // namespace quern::onnx
