// The passes change no number: every case of every .graph file, and small random graphs, are run before and after.
#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <string>

#include "graph/infer.h"
#include "graph/text.h"
#include "prepare/prepare.h"
#include "prepare/run_graph.h"

namespace quern {
namespace {

/// A channels-first network as a reader writes it, made of steps drawn by `seed`.
class RandomNet {
 public:
  explicit RandomNet(uint32_t seed) : state_(seed * 7919u + 17u) {}

  std::string text() {
    body_ = "graph \"random\" {\n  input %v0 : float32[1,4,4,6]\n";
    for (int step = 0; step < 8; ++step) add_step();
    return body_ + "  output %" + last_ + "\n}\n";
  }

 private:
  uint32_t draw(uint32_t below) {
    state_ = state_ * 1664525u + 1013904223u;
    return (state_ >> 16) % below;
  }
  std::string fresh() { return "v" + std::to_string(++count_); }
  /// Appends `name = call`; `call` is about the last value.
  void step(const std::string& call) {
    const std::string name = fresh();
    body_ += "  %" + name + " = " + call + "\n";
    last_ = name;
  }
  std::string constant(const std::string& type) {
    const std::string name = fresh();
    body_ += "  const %" + name + " : float32" + type + " = random " + std::to_string(draw(1000)) + "\n";
    return "%" + name;
  }
  void spatial(const std::string& kind, const std::string& more, const std::string& attrs) {
    step("Transpose(%" + last_ + ") {perm=[0, 2, 3, 1]}");
    step(kind + "(%" + last_ + more + ") {" + attrs + "}");
    step("Transpose(%" + last_ + ") {perm=[0, 3, 1, 2]}");
  }
  void shuffle() {
    step("Reshape(%" + last_ + ") {shape=[1, 2, 2, 4, 6]}");
    step("Transpose(%" + last_ + ") {perm=[0, 2, 1, 3, 4]}");
    step("Reshape(%" + last_ + ") {shape=[1, 4, 4, 6]}");
  }
  void halves() {
    const std::string left = fresh(), right = fresh();
    body_ += "  %" + left + ", %" + right + " = Split(%" + last_ + ") {axis=1, sizes=[2, 2]}\n";
    step("Concat(%" + right + ", %" + left + ") {axis=1}");
  }
  void gate() {
    const std::string x = last_;
    step("ReduceMean(%" + x + ") {axes=[2, 3]}");
    step("Sigmoid(%" + last_ + ")");
    step("Mul(%" + x + ", %" + last_ + ")");
  }
  void residual() {
    const std::string x = last_;
    spatial("Conv", ", " + constant("[4,1,1,4]"), "");
    step("Add(%" + x + ", %" + last_ + ")");
  }
  /// Every step keeps the shape 1x4x4x6 (channels first).
  void add_step() {
    switch (draw(12)) {
      case 0:
        return spatial("Conv", ", " + constant("[4,1,1,4]"), "");
      case 1:
        return spatial("Conv", ", " + constant("[4,3,3,1]") + ", " + constant("[4]"), "groups=4, pads=[1, 1, 1, 1]");
      case 2:
        return spatial("MaxPool", "", "kernel=[3, 3], pads=[1, 1, 1, 1]");
      case 3:
        return step("Relu(%" + last_ + ")");
      case 4:
        return step("Mul(%" + last_ + ", " + constant("[4,1,1]") + ")");
      case 5:
        return step("Add(%" + last_ + ", " + constant("[1,4,1,1]") + ")");
      case 6:
        return shuffle();
      case 7:
        return halves();
      case 8:
        return gate();
      case 9:
        return residual();
      case 10:
        return step("Softmax(%" + last_ + ") {axis=1}");
      default:
        return step("Transpose(%" + last_ + ") {perm=[0, 1, 2, 3]}");
    }
  }

  uint32_t state_;
  int count_ = 0;
  std::string body_;
  std::string last_ = "v0";
};

/// Compares the outputs of `text` before and after `change`. The sentence says why it could not be run before.
std::string compare(const std::string& text, const std::function<Status(Graph&)>& change) {
  auto graph = parse_text(text);
  if (!graph.ok()) return graph.error().message;
  if (const Status inferred = infer(*graph); !inferred.ok()) return inferred.error().message;
  if (const auto resolved = resolve(*graph); !resolved.ok()) return resolved.error().message;
  const std::vector<Tensor> inputs = test::inputs_of(*graph);
  const auto before = test::run_graph(*graph, inputs);
  if (!before.ok()) return before.error().message;
  const Status changed = change(*graph);
  EXPECT_TRUE(changed.ok()) << changed.error().message;
  if (!changed.ok() || !infer(*graph).ok()) return "";
  const auto after = test::run_graph(*graph, inputs);
  EXPECT_TRUE(after.ok()) << after.error().message << "\n" << to_text(*graph);
  for (size_t i = 0; after.ok() && i < before->size(); ++i) test::expect_same((*before)[i], (*after)[i]);
  return "";
}

TEST(SameNumbers, PreparedRandomNets) {
  for (uint32_t seed = 0; seed < 100; ++seed) {
    const std::string text = RandomNet(seed).text();
    SCOPED_TRACE("seed " + std::to_string(seed) + "\n" + text);
    const std::string reason = compare(text, [](Graph& graph) { return prepare(graph); });
    EXPECT_TRUE(reason.empty() || reason.starts_with("no kernel computes")) << reason;
    if (testing::Test::HasFailure()) return;
  }
}

TEST(SameNumbers, EachPassOnItsOwnCases) {
  for (const Pass& pass : prepare_passes()) {
    std::ifstream file("tests/prepare/" + std::string(pass.name) + ".graph");
    std::string text;
    bool after = false;
    for (std::string line; std::getline(file, line);) {
      if (line == "---") {
        SCOPED_TRACE(text);
        (void)compare(text, [&pass](Graph& graph) { return pass.run(graph).status(); });
        after = true;
      } else if (line == "===") {
        text.clear();
        after = false;
      } else if (!after) {
        text += line + "\n";
      }
    }
  }
}

}  // namespace
}  // namespace quern
