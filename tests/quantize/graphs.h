// Small float graphs for the tests of quantization.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "graph/graph.h"
#include "graph/infer.h"
#include "graph/text.h"

namespace quern {

/// The graph of a text, inferred; the test fails when it is none.
inline Graph graph_of(const std::string& text) {
  auto graph = parse_text("graph \"test\" {\n" + text + "}\n");
  if (!graph.ok()) {
    ADD_FAILURE() << graph.error().message;
    return {};
  }
  const Status status = infer(*graph);
  EXPECT_TRUE(status.ok()) << (status.ok() ? "" : status.error().message);
  return *std::move(graph);
}

/// The operator of that name.
inline size_t op_named(const Graph& graph, const std::string& name) {
  for (size_t i = 0; i < graph.ops.size(); ++i) {
    if (graph.ops[i].name == name) return i;
  }
  ADD_FAILURE() << "no operator " << name;
  return 0;
}

}  // namespace quern
