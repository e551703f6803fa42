// Small ONNX models, built field by field with the classes of the file format.
#pragma once

#include <cstring>
#include <string>
#include <vector>

#include "graph/text.h"
#include "onnx.pb.h"
#include "read/reader.h"

namespace quern::test {

struct OnnxBuilder {
  onnx::ModelProto model;

  explicit OnnxBuilder(int64_t opset = 17) {
    model.set_ir_version(8);
    model.set_producer_name("by hand");
    import("", opset);
    model.mutable_graph()->set_name("main");
  }

  onnx::GraphProto& graph() { return *model.mutable_graph(); }

  void import(const std::string& domain, int64_t version) {
    auto* set = model.add_opset_import();
    set->set_domain(domain);
    set->set_version(version);
  }

  onnx::ValueInfoProto& declare(onnx::ValueInfoProto* info, const std::string& name, const Shape& shape, int type) {
    info->set_name(name);
    auto* tensor = info->mutable_type()->mutable_tensor_type();
    tensor->set_elem_type(type);
    for (const int64_t extent : shape) tensor->mutable_shape()->add_dim()->set_dim_value(extent);
    tensor->mutable_shape();
    return *info;
  }
  onnx::ValueInfoProto& input(const std::string& name, const Shape& shape, int type = onnx::TensorProto::FLOAT) {
    return declare(graph().add_input(), name, shape, type);
  }
  void output(const std::string& name, int type = onnx::TensorProto::FLOAT) {
    auto* info = graph().add_output();
    info->set_name(name);
    info->mutable_type()->mutable_tensor_type()->set_elem_type(type);
  }

  template <typename T>
  onnx::TensorProto& constant(const std::string& name, const Shape& shape, int type, const std::vector<T>& values) {
    onnx::TensorProto* tensor = graph().add_initializer();
    tensor->set_name(name);
    tensor->set_data_type(type);
    for (const int64_t extent : shape) tensor->add_dims(extent);
    tensor->set_raw_data(std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)));
    return *tensor;
  }
  void floats(const std::string& name, const Shape& shape, const std::vector<float>& values) {
    constant<float>(name, shape, onnx::TensorProto::FLOAT, values);
  }
  void int64s(const std::string& name, const std::vector<int64_t>& values) {
    constant<int64_t>(name, {static_cast<int64_t>(values.size())}, onnx::TensorProto::INT64, values);
  }
  void scale(const std::string& name, float value) { floats(name, {}, {value}); }
  void zero(const std::string& name, uint8_t value) { constant<uint8_t>(name, {}, onnx::TensorProto::UINT8, {value}); }

  onnx::NodeProto& node(const std::string& type, const std::vector<std::string>& inputs,
                        const std::vector<std::string>& outputs, const std::string& domain = "") {
    onnx::NodeProto* added = graph().add_node();
    added->set_op_type(type);
    added->set_domain(domain);
    for (const std::string& name : inputs) added->add_input(name);
    for (const std::string& name : outputs) added->add_output(name);
    return *added;
  }
  /// name -> dequantized name_dq, with the scale and zero point constants name_s and name_z.
  void dequantize(const std::string& name, float s, uint8_t z) {
    scale(name + "_s", s);
    zero(name + "_z", z);
    node("DequantizeLinear", {name, name + "_s", name + "_z"}, {name + "_dq"});
  }
  void quantize(const std::string& from, const std::string& to, float s, uint8_t z) {
    scale(to + "_s", s);
    zero(to + "_z", z);
    node("QuantizeLinear", {from, to + "_s", to + "_z"}, {to});
  }

  Result<Graph> read(const std::string& path = "model.onnx") const {
    const std::string bytes = model.SerializeAsString();
    return read_onnx(std::as_bytes(std::span(bytes)), path);
  }
};

inline void set(onnx::NodeProto& node, const std::string& name, int64_t value) {
  auto* a = node.add_attribute();
  a->set_name(name);
  a->set_type(onnx::AttributeProto::INT);
  a->set_i(value);
}
inline void set(onnx::NodeProto& node, const std::string& name, float value) {
  auto* a = node.add_attribute();
  a->set_name(name);
  a->set_type(onnx::AttributeProto::FLOAT);
  a->set_f(value);
}
inline void set(onnx::NodeProto& node, const std::string& name, const std::vector<int64_t>& values) {
  auto* a = node.add_attribute();
  a->set_name(name);
  a->set_type(onnx::AttributeProto::INTS);
  for (const int64_t v : values) a->add_ints(v);
}
inline void set(onnx::NodeProto& node, const std::string& name, const char* text) {
  auto* a = node.add_attribute();
  a->set_name(name);
  a->set_type(onnx::AttributeProto::STRING);
  a->set_s(text);
}

/// The kinds of all operators, in order.
inline std::vector<std::string> kinds(const Graph& graph) {
  std::vector<std::string> names;
  for (const Op& op : graph.ops) names.emplace_back(info(op.kind).name);
  return names;
}
inline const Op& only(const Graph& graph, OpKind kind) {
  for (const Op& op : graph.ops) {
    if (op.kind == kind) return op;
  }
  static const Op kNone;
  return kNone;
}
inline std::string onnx_message(const Result<Graph>& graph) {
  return graph.ok() ? "" : graph.error().message;
}

}  // namespace quern::test
