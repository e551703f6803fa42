// The graph as text, both ways: for `quern inspect --graph text`, for tests of passes, for people.
#pragma once

#include <string>

#include "graph/graph.h"

namespace quern {

struct TextOptions {
  /// Constants longer than this are printed as a digest, and the text cannot be read back.
  int64_t inline_elements = 64;
};

/// The form is drawn in docs/graph_text.md.
std::string to_text(const Graph& graph, const TextOptions& options = {});
/// invalid_argument with line and column.
Result<Graph> parse_text(const std::string& text);
/// Graphviz.
std::string to_dot(const Graph& graph);

}  // namespace quern
