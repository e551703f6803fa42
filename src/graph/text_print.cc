// graph -> text. The form is drawn in docs/graph_text.md.
#include <cstring>
#include <functional>
#include <vector>

#include "base/half.h"
#include "graph/enum_names.h"
#include "graph/text.h"

#include <fmt/format.h>

namespace quern {

namespace {

bool is_plain(const std::string& name) {
  if (name.empty()) return false;
  for (char c : name) {
    const bool letter_or_digit = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!letter_or_digit && std::strchr("_./@$", c) == nullptr) return false;
  }
  return true;
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string value_ref(const Graph& graph, ValueId id) {
  if (id == kNoValue) return "_";
  if (id < 0 || static_cast<size_t>(id) >= graph.values.size()) return "%\"(no such value)\"";
  const std::string& name = graph.value(id).name;
  return '%' + (is_plain(name) ? name : quoted(name));
}

template <typename T>
std::string list_text(const T& items) {
  std::string out = "[";
  for (const auto& item : items) {
    if (out.size() > 1) out += ", ";
    out += fmt::format("{}", item);
  }
  return out + ']';
}

std::string field_text(int64_t v) {
  return std::to_string(v);
}
std::string field_text(float v) {
  return fmt::format("{}", v);
}
std::string field_text(double v) {
  return fmt::format("{}", v);
}
std::string field_text(bool v) {
  return v ? "true" : "false";
}
std::string field_text(DType v) {
  return to_string(v);
}
std::string field_text(const Clamp& v) {
  return fmt::format("[{}, {}]", v.low, v.high);
}
std::string field_text(const Pair& v) {
  return list_text(v);
}
std::string field_text(const Pads& v) {
  return list_text(v);
}
std::string field_text(const Ints& v) {
  return list_text(v);
}
std::string field_text(const std::vector<float>& v) {
  return list_text(v);
}
template <NamedEnum E>
std::string field_text(E v) {
  const auto names = names_of(v);
  const auto index = static_cast<size_t>(v);
  return std::string(index < names.size() ? names[index] : "?");
}

/// The fields of one attribute struct as (name, text).
struct FieldPrinter {
  std::vector<std::pair<const char*, std::string>> fields;
  template <typename T>
  void operator()(const char* name, const T& v) {
    fields.emplace_back(name, field_text(v));
  }
};

std::string attrs_text(const Attrs& attrs) {
  return std::visit(
      [](auto own) {
        FieldPrinter mine, defaults;
        own.fields(mine);
        decltype(own){}.fields(defaults);
        std::string out;
        for (size_t i = 0; i < mine.fields.size(); ++i) {
          if (mine.fields[i].second == defaults.fields[i].second) continue;
          out += fmt::format("{}{}={}", out.empty() ? " {" : ", ", mine.fields[i].first, mine.fields[i].second);
        }
        return out.empty() ? out : out + '}';
      },
      attrs);
}

std::string shape_text(const Value& value) {
  std::string out = "[";
  for (size_t i = 0; i < value.shape.size(); ++i) {
    if (i > 0) out += ',';
    if (value.shape[i] >= 0) {
      out += std::to_string(value.shape[i]);
      continue;
    }
    const std::string symbol = i < value.symbols.size() ? value.symbols[i] : std::string();
    if (!symbol.empty()) out += is_plain(symbol) ? symbol : quoted(symbol);
    out += '?';
  }
  return out + ']';
}

std::string quantization_text(const Quantization& q) {
  if (q.empty()) return {};
  if (q.scales.size() == 1 && q.zero_points.size() == 1 && q.axis == 0) {
    return fmt::format(" quant({}, {})", q.scales[0], q.zero_points[0]);
  }
  return fmt::format(" quant(axis={}, scales={}, zero_points={})", q.axis, list_text(q.scales),
                     list_text(q.zero_points));
}

/// The type only where shape is not known.
std::string type_text(const Graph& graph, ValueId id) {
  if (id < 0 || static_cast<size_t>(id) >= graph.values.size()) return "_";
  const Value& value = graph.value(id);
  return to_string(value.dtype) + (value.shape_known ? shape_text(value) : std::string()) +
         quantization_text(value.quantization);
}

template <typename T>
std::string element_text(const void* data, int64_t i) {
  return fmt::format("{}", static_cast<const T*>(data)[i]);
}

std::string element_text(const Tensor& tensor, int64_t i) {
  const void* data = tensor.raw();
  switch (tensor.dtype()) {
    case DType::float32:
      return element_text<float>(data, i);
    case DType::float16:
      return fmt::format("{}", half_to_float(static_cast<const uint16_t*>(data)[i]));
    case DType::float64:
      return element_text<double>(data, i);
    case DType::int8:
      return element_text<int8_t>(data, i);
    case DType::uint8:
      return element_text<uint8_t>(data, i);
    case DType::int16:
      return element_text<int16_t>(data, i);
    case DType::uint16:
      return element_text<uint16_t>(data, i);
    case DType::int32:
      return element_text<int32_t>(data, i);
    case DType::uint32:
      return element_text<uint32_t>(data, i);
    case DType::int64:
      return element_text<int64_t>(data, i);
    case DType::uint64:
      return element_text<uint64_t>(data, i);
    case DType::boolean:
      return static_cast<const uint8_t*>(data)[i] != 0 ? "true" : "false";
  }
  return "?";
}

bool all_elements_equal(const Tensor& tensor) {
  const size_t element = size_of(tensor.dtype());
  const auto bytes = static_cast<size_t>(tensor.bytes());
  return bytes > element &&
         std::memcmp(tensor.raw(), static_cast<const std::byte*>(tensor.raw()) + element, bytes - element) == 0;
}

/// FNV-1a: tells two constants apart for a reader's eye; it is no proof.
uint64_t digest(const Tensor& tensor) {
  uint64_t hash = 0xcbf29ce484222325U;
  const auto* bytes = static_cast<const uint8_t*>(tensor.raw());
  for (int64_t i = 0; i < tensor.bytes(); ++i) hash = (hash ^ bytes[i]) * 0x100000001b3U;
  return hash;
}

std::string constant_text(const Tensor& tensor, const TextOptions& options) {
  if (all_elements_equal(tensor)) return "splat " + element_text(tensor, 0);
  if (tensor.size() > options.inline_elements) return fmt::format("elided \"{:016x}\"", digest(tensor));
  std::string out = "[";
  for (int64_t i = 0; i < tensor.size(); ++i) {
    if (i > 0) out += ", ";
    out += element_text(tensor, i);
  }
  return out + ']';
}

std::string joined(const std::vector<ValueId>& ids, const std::function<std::string(ValueId)>& text) {
  std::string out;
  for (ValueId id : ids) {
    if (!out.empty()) out += ", ";
    out += text(id);
  }
  return out;
}

std::string op_text(const Graph& graph, const Op& op) {
  const auto ref = [&](ValueId id) { return value_ref(graph, id); };
  const auto type = [&](ValueId id) { return type_text(graph, id); };
  std::string out = fmt::format("{} = {}({}){}", joined(op.outputs, ref), info(op.kind).name, joined(op.inputs, ref),
                                attrs_text(op.attrs));
  const ValueId first = op.outputs.empty() ? kNoValue : op.outputs[0];
  const bool known = first >= 0 && static_cast<size_t>(first) < graph.values.size();
  if (!known || graph.value(first).name != op.name) out += " name=" + quoted(op.name);
  if (!op.source_kind.empty()) out += " source=" + quoted(op.source_kind);
  return out + " : " + joined(op.outputs, type);
}

std::string origin_text(const Origin& origin) {
  std::string out;
  if (!origin.format.empty() && origin.format != "text") out += "  format " + quoted(origin.format) + "\n";
  if (!origin.producer.empty()) out += "  producer " + quoted(origin.producer) + "\n";
  for (const std::string& note : origin.notes) out += "  note " + quoted(note) + "\n";
  return out;
}

}  // namespace

std::string to_text(const Graph& graph, const TextOptions& options) {
  std::string out = "graph " + quoted(graph.name) + " {\n" + origin_text(graph.origin);
  for (ValueId id : graph.inputs) {
    out += fmt::format("  input {} : {}\n", value_ref(graph, id), type_text(graph, id));
  }
  for (size_t i = 0; i < graph.values.size(); ++i) {
    const auto id = static_cast<ValueId>(i);
    if (!graph.is_constant(id)) continue;
    out += fmt::format("  const {} : {} = {}\n", value_ref(graph, id), type_text(graph, id),
                       constant_text(*graph.values[i].constant, options));
  }
  for (const Op& op : graph.ops) out += "  " + op_text(graph, op) + "\n";
  for (ValueId id : graph.outputs) out += "  output " + value_ref(graph, id) + "\n";
  return out + "}\n";
}

}  // namespace quern
