// A graph's way through a file and back.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "base/error.h"
#include "graph/infer.h"
#include "graph/text.h"
#include "onnx.pb.h"
#include "prepare/prepare.h"
#include "prepare/run_graph.h"
#include "read/reader.h"
#include "write/writer.h"

namespace quern::test {

/// The graph of a text, inferred; a failure of the test when it is none.
inline Graph graph_of(const std::string& text) {
  auto graph = parse_text(text);
  EXPECT_TRUE(graph.ok()) << graph.error().message;
  if (!graph.ok()) return {};
  const Status inferred = infer(*graph);
  EXPECT_TRUE(inferred.ok()) << inferred.error().message;
  return *std::move(graph);
}

/// Written, and parsed as the file's own messages.
inline onnx::ModelProto written(const Graph& graph) {
  const auto bytes = write_onnx(graph);
  EXPECT_TRUE(bytes.ok()) << bytes.error().message;
  onnx::ModelProto model;
  EXPECT_TRUE(bytes.ok() && model.ParseFromString(*bytes));
  return model;
}

/// Written, read and prepared again.
inline Result<Graph> read_back(const Graph& graph) {
  QUERN_TRY(const std::string bytes, write_onnx(graph));
  QUERN_TRY(Graph back, read_model(std::as_bytes(std::span(bytes.data(), bytes.size())), "written.onnx"));
  QUERN_CHECK(prepare(back));
  return back;
}

/// Both graphs give the same outputs under the same names: floats up to rounding, integers to the bit.
inline void expect_same_behaviour(const Graph& before, const Graph& after) {
  ASSERT_EQ(before.outputs.size(), after.outputs.size());
  for (size_t i = 0; i < before.outputs.size(); ++i) {
    EXPECT_EQ(before.value(before.outputs[i]).name, after.value(after.outputs[i]).name);
  }
  const auto inputs = inputs_of(before);
  const auto expected = run_graph(before, inputs);
  ASSERT_TRUE(expected.ok()) << expected.error().message;
  const auto given = run_graph(after, inputs);
  ASSERT_TRUE(given.ok()) << given.error().message;
  for (size_t i = 0; i < expected->size(); ++i) expect_same((*expected)[i], (*given)[i]);
}

inline void expect_round_trip(const Graph& graph) {
  const auto back = read_back(graph);
  ASSERT_TRUE(back.ok()) << back.error().message;
  expect_same_behaviour(graph, *back);
}

/// The op types of a file in order, e.g. "Conv Relu".
inline std::string types_of(const onnx::ModelProto& model) {
  std::string types;
  for (const auto& node : model.graph().node()) types += (types.empty() ? "" : " ") + node.op_type();
  return types;
}

}  // namespace quern::test
