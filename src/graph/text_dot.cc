// graph -> Graphviz: one box an operator, one arrow a value that flows, constants named inside the box that reads them.
#include <fmt/format.h>

#include "graph/text.h"

namespace quern {

namespace {

std::string escaped(const std::string& text) {
  std::string out;
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return out;
}

bool known(const Graph& graph, ValueId id) {
  return id >= 0 && static_cast<size_t>(id) < graph.values.size();
}

std::string type_of(const Value& value) {
  return fmt::format("{} {}{}", to_string(value.dtype), value.shape_known ? to_string(value.shape) : "?",
                     value.quantization.empty() ? "" : " q");
}

std::string op_label(const Graph& graph, const Op& op) {
  std::string label = fmt::format("{}\\n{}", info(op.kind).name, escaped(op.name));
  for (size_t i = 0; i < op.inputs.size(); ++i) {
    if (known(graph, op.inputs[i]) && graph.is_constant(op.inputs[i])) {
      label += fmt::format("\\ninput {}: {}", i, type_of(graph.value(op.inputs[i])));
    }
  }
  return label;
}

}  // namespace

std::string to_dot(const Graph& graph) {
  const Uses uses(graph);
  std::string out =
      fmt::format("digraph \"{}\" {{\n  node [shape=box, fontname=\"sans-serif\"];\n", escaped(graph.name));
  const auto end_node = [&](const char* role, ValueId id) {
    if (!known(graph, id)) return;
    out += fmt::format("  {}{} [shape=ellipse, label=\"{}\\n{}\"];\n", role, id, escaped(graph.value(id).name),
                       type_of(graph.value(id)));
  };
  const auto source = [&](ValueId id) {
    const int maker = uses.producer[static_cast<size_t>(id)];
    return maker >= 0 ? fmt::format("op{}", maker) : fmt::format("in{}", id);
  };
  for (ValueId id : graph.inputs) end_node("in", id);
  for (size_t i = 0; i < graph.ops.size(); ++i) {
    out += fmt::format("  op{} [label=\"{}\"];\n", i, op_label(graph, graph.ops[i]));
    for (ValueId id : graph.ops[i].inputs) {
      if (!known(graph, id) || graph.is_constant(id)) continue;
      out += fmt::format("  {} -> op{} [label=\"{}\"];\n", source(id), i, type_of(graph.value(id)));
    }
  }
  for (ValueId id : graph.outputs) {
    if (!known(graph, id)) continue;
    end_node("out", id);
    out += fmt::format("  {} -> out{};\n", source(id), id);
  }
  return out + "}\n";
}

}  // namespace quern
