// Fills one node of the file, attribute by attribute.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "onnx.pb.h"

namespace quern::onnx_writer {

using onnx::AttributeProto;
using onnx::NodeProto;
using onnx::TensorProto;

/// Refers to a node of the graph being written; valid as long as that.
class NodeBuilder {
 public:
  explicit NodeBuilder(NodeProto* node) : node_(node) {}

  NodeBuilder& domain(const char* name) {
    node_->set_domain(name);
    return *this;
  }
  NodeBuilder& integer(const char* name, int64_t value) {
    add(name, AttributeProto::INT)->set_i(value);
    return *this;
  }
  NodeBuilder& number(const char* name, double value) {
    add(name, AttributeProto::FLOAT)->set_f(static_cast<float>(value));
    return *this;
  }
  NodeBuilder& text(const char* name, const std::string& value) {
    add(name, AttributeProto::STRING)->set_s(value);
    return *this;
  }
  template <typename List>
  NodeBuilder& integers(const char* name, const List& values) {
    AttributeProto* attribute = add(name, AttributeProto::INTS);
    for (const int64_t value : values) attribute->add_ints(value);
    return *this;
  }
  TensorProto* tensor(const char* name) { return add(name, AttributeProto::TENSOR)->mutable_t(); }

 private:
  AttributeProto* add(const char* name, AttributeProto::AttributeType type) {
    AttributeProto* attribute = node_->add_attribute();
    attribute->set_name(name);
    attribute->set_type(type);
    return attribute;
  }

  NodeProto* node_;
};

}  // namespace quern::onnx_writer
