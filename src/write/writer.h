// A graph becomes a model file here. The graph is prepared: shapes known, parameters in the attributes, channels last.
#pragma once

#include <string>

#include "graph/graph.h"

namespace quern {

/// The bytes of an ONNX file, float or Q/DQ (docs/formats_onnx.md, "What is written"). Names, order, types and shapes
/// of the graph's inputs and outputs are kept. Errors: invalid_argument (the graph is not prepared), unsupported
/// (naming the operator that ONNX cannot say), out_of_memory (beyond the 2 GiB of the format).
Result<std::string> write_onnx(const Graph& graph);

/// The bytes of a TFLite file, float or integer (docs/formats_tflite.md, "What is written"). Names, order, types and
/// shapes of the graph's inputs and outputs are kept. Errors: invalid_argument (the graph is not prepared), unsupported
/// (naming the operator that TFLite cannot say), out_of_memory (beyond the 2 GiB of the format).
Result<std::string> write_tflite(const Graph& graph);

}  // namespace quern
