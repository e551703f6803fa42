#include "read/onnx/attributes.h"

#include "base/error.h"

namespace quern::onnx {

const AttributeProto* Attributes::find(std::string_view name) const {
  for (const AttributeProto& attribute : node_->attribute()) {
    if (attribute.name() == name) return &attribute;
  }
  return nullptr;
}

const AttributeProto* Attributes::take(std::string_view name, AttributeProto::AttributeType type,
                                       const char* type_name) {
  asked_.emplace(name);
  const AttributeProto* attribute = find(name);
  if (attribute == nullptr) return nullptr;
  if (!attribute->ref_attr_name().empty()) {
    complain(
        fail(ErrorCode::unsupported, "attribute '{}' refers to a function's parameter; inline the functions", name));
    return nullptr;
  }
  // IR 3 files of old exporters leave the type out; then the value's field decides.
  if (attribute->type() != type && attribute->type() != AttributeProto::UNDEFINED) {
    complain(fail(ErrorCode::invalid_file, "attribute '{}' must be {}, but has type {}", name, type_name,
                  static_cast<int>(attribute->type())));
    return nullptr;
  }
  return attribute;
}

int64_t Attributes::integer(std::string_view name, int64_t fallback) {
  const AttributeProto* attribute = take(name, AttributeProto::INT, "an integer");
  return attribute != nullptr ? attribute->i() : fallback;
}

float Attributes::number(std::string_view name, float fallback) {
  const AttributeProto* attribute = take(name, AttributeProto::FLOAT, "a number");
  return attribute != nullptr ? attribute->f() : fallback;
}

std::string Attributes::text(std::string_view name, std::string_view fallback) {
  const AttributeProto* attribute = take(name, AttributeProto::STRING, "a text");
  return attribute != nullptr ? attribute->s() : std::string(fallback);
}

Ints Attributes::integers(std::string_view name) {
  const AttributeProto* attribute = take(name, AttributeProto::INTS, "a list of integers");
  return attribute != nullptr ? Ints(attribute->ints().begin(), attribute->ints().end()) : Ints{};
}

std::vector<float> Attributes::numbers(std::string_view name) {
  const AttributeProto* attribute = take(name, AttributeProto::FLOATS, "a list of numbers");
  if (attribute == nullptr) return {};
  return {attribute->floats().begin(), attribute->floats().end()};
}

const TensorProto* Attributes::tensor(std::string_view name) {
  const AttributeProto* attribute = take(name, AttributeProto::TENSOR, "a tensor");
  return attribute != nullptr && attribute->has_t() ? &attribute->t() : nullptr;
}

void Attributes::ignore(std::initializer_list<std::string_view> names) {
  for (std::string_view name : names) asked_.emplace(name);
}

void Attributes::complain(Error error) {
  if (complaint_.ok()) complaint_ = std::move(error);
}

void Attributes::complain_word(std::string_view name, const std::string& word) {
  complain(fail(ErrorCode::unsupported, "attribute '{}' is '{}', which is not known", name, word.substr(0, 80)));
}

Status Attributes::finish() const {
  QUERN_CHECK(complaint_);
  for (const AttributeProto& attribute : node_->attribute()) {
    if (asked_.contains(attribute.name())) continue;
    return fail(ErrorCode::unsupported, "attribute '{}' is not known for this operator", attribute.name());
  }
  return {};
}

}  // namespace quern::onnx
