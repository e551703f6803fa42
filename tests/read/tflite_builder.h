// TFLite files made by hand, a few lines each.
#pragma once

#include <cstring>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "read/reader.h"
#include "read/tflite/schema.h"

namespace quern::test {

namespace tfl = tflite::schema;
using Builtin = tfl::BuiltinOperator;

/// One subgraph, filled step by step. Every field of `model` may be bent afterwards.
class TfliteBuilder {
 public:
  TfliteBuilder() {
    model.version = 3;
    model.description = "by hand";
    model.subgraphs.push_back(std::make_unique<tfl::SubGraphT>());
    model.subgraphs[0]->name = "main";
    model.buffers.push_back(std::make_unique<tfl::BufferT>());
  }

  tfl::SubGraphT& subgraph() { return *model.subgraphs[0]; }
  tfl::TensorT& at(int tensor) { return *subgraph().tensors[static_cast<size_t>(tensor)]; }

  int tensor(const std::string& name, std::vector<int> shape, tfl::TensorType type = tfl::TensorType::FLOAT32) {
    auto made = std::make_unique<tfl::TensorT>();
    made->name = name;
    made->shape = std::move(shape);
    made->type = type;
    subgraph().tensors.push_back(std::move(made));
    return static_cast<int>(subgraph().tensors.size()) - 1;
  }

  int input(const std::string& name, std::vector<int> shape, tfl::TensorType type = tfl::TensorType::FLOAT32) {
    const int made = tensor(name, std::move(shape), type);
    subgraph().inputs.push_back(made);
    return made;
  }

  template <typename T>
  int constant(const std::string& name, std::vector<int> shape, const std::vector<T>& values, tfl::TensorType type) {
    auto buffer = std::make_unique<tfl::BufferT>();
    buffer->data.resize(values.size() * sizeof(T));
    if (!values.empty()) std::memcpy(buffer->data.data(), values.data(), buffer->data.size());
    model.buffers.push_back(std::move(buffer));
    const int made = tensor(name, std::move(shape), type);
    at(made).buffer = static_cast<uint32_t>(model.buffers.size() - 1);
    return made;
  }
  int ints(const std::string& name, const std::vector<int>& values) {
    return constant<int>(name, {static_cast<int>(values.size())}, values, tfl::TensorType::INT32);
  }
  int floats(const std::string& name, std::vector<int> shape, float value = 1) {
    size_t count = 1;
    for (const int extent : shape) count *= static_cast<size_t>(extent);
    return constant<float>(name, std::move(shape), std::vector<float>(count, value), tfl::TensorType::FLOAT32);
  }
  int bytes_of(const std::string& name, std::vector<int> shape, int8_t value = 1) {
    size_t count = 1;
    for (const int extent : shape) count *= static_cast<size_t>(extent);
    return constant<int8_t>(name, std::move(shape), std::vector<int8_t>(count, value), tfl::TensorType::INT8);
  }

  void quantize(int tensor, std::vector<float> scales, std::vector<int64_t> zeros, int axis = 0) {
    at(tensor).quantization = std::make_unique<tfl::QuantizationT>();
    at(tensor).quantization->scale = std::move(scales);
    at(tensor).quantization->zero_point = std::move(zeros);
    at(tensor).quantization->quantized_dimension = axis;
  }

  tfl::OperatorT& op(Builtin code, std::vector<int> inputs, std::vector<int> outputs) {
    auto listed = std::make_unique<tfl::OperatorCodeT>();
    listed->builtin_code = static_cast<int>(code);
    listed->deprecated_builtin_code = static_cast<int8_t>(std::min(static_cast<int>(code), 127));
    model.operator_codes.push_back(std::move(listed));
    auto made = std::make_unique<tfl::OperatorT>();
    made->opcode_index = static_cast<uint32_t>(model.operator_codes.size() - 1);
    made->inputs = std::move(inputs);
    made->outputs = std::move(outputs);
    subgraph().operators.push_back(std::move(made));
    return *subgraph().operators.back();
  }
  template <typename Options>
  tfl::OperatorT& op(Builtin code, std::vector<int> inputs, std::vector<int> outputs, Options options) {
    tfl::OperatorT& made = op(code, std::move(inputs), std::move(outputs));
    made.builtin_options.Set(std::move(options));
    return made;
  }

  /// The file. `outputs` are the graph's.
  std::vector<std::byte> file(std::vector<int> outputs) {
    if (!model.subgraphs.empty()) subgraph().outputs = std::move(outputs);
    flatbuffers::FlatBufferBuilder builder;
    tfl::FinishModelBuffer(builder, tfl::Model::Pack(builder, &model));
    const auto bytes = std::as_bytes(std::span(builder.GetBufferPointer(), builder.GetSize()));
    return {bytes.begin(), bytes.end()};
  }
  Result<Graph> read(std::vector<int> outputs) { return read_tflite(file(std::move(outputs)), "hand.tflite"); }

  tfl::ModelT model;
};

/// The attributes of operator `i`.
template <typename A>
const A& attrs(const Graph& graph, size_t i) {
  return std::get<A>(graph.ops[i].attrs);
}

/// The message of an error, or "" of a success.
template <typename T>
std::string message(const Result<T>& result) {
  return result.ok() ? "" : result.error().message;
}

}  // namespace quern::test
