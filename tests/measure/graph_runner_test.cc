#include "measure/graph_runner.h"

#include <gtest/gtest.h>

#include "graph/infer.h"
#include "graph/text.h"

namespace quern {
namespace {

Graph graph_of(const std::string& text) {
  auto graph = parse_text("graph \"test\" {\n" + text + "}\n");
  EXPECT_TRUE(graph.ok() && infer(*graph).ok());
  return *std::move(graph);
}

const char* const kTwoBranches = R"(
    input %x : float32[4]
    const %k : float32[4] = [1, 2, 3, 4]
    %a = Relu(%x)
    %b = Add(%a, %k)
    %y = Mul(%a, %b)
    output %y
)";

std::unique_ptr<GraphRunner> runner_of(const Graph& graph) {
  auto runner = GraphRunner::create(std::make_shared<const Graph>(graph), std::make_shared<ThreadPool>(1));
  EXPECT_TRUE(runner.ok());
  return std::make_unique<GraphRunner>(*std::move(runner));
}

TEST(GraphRunner, ShowsEveryValueOnceAsARunComputesIt) {
  const Graph graph = graph_of(kTwoBranches);
  const auto runner = runner_of(graph);
  const std::vector<Tensor> inputs = {Tensor::of<float>({4}, {-1, 2, 3, -4})};
  const RunValues all = *runner->run(inputs);
  std::vector<std::string> shown;
  ASSERT_TRUE(runner
                  ->show(inputs,
                         [&](ValueId id, const Tensor& value) {
                           shown.push_back(graph.value(id).name);
                           for (size_t i = 0; i < 4; ++i)
                             EXPECT_EQ(value.data<float>()[i], all[static_cast<size_t>(id)].data<float>()[i]);
                         })
                  .ok());
  EXPECT_EQ(shown, (std::vector<std::string>{"x", "a", "b", "y"}));
}

TEST(OperatorRunner, TakesItsConstantsFromTheGraph) {
  const Graph graph = graph_of(kTwoBranches);
  const auto add = OperatorRunner::create(graph, graph.ops[1]);
  ASSERT_TRUE(add.ok());
  const Tensor a = Tensor::of<float>({4}, {10, 20, 30, 40});
  ThreadPool pool(1);
  const std::vector<const Tensor*> inputs = {&a, nullptr};
  const auto results = add->run(inputs, pool);
  ASSERT_TRUE(results.ok());
  EXPECT_EQ((*results)[0].data<float>()[3], 44);
}

TEST(LastUses, NeverDropAnOutput) {
  const Graph graph = graph_of(kTwoBranches);
  const auto dead = last_uses(graph);
  EXPECT_EQ(dead[1], (std::vector<ValueId>{}));  // %a is read again
  EXPECT_EQ(dead[2], (std::vector<ValueId>{graph.find("a"), graph.find("b")}));
}

}  // namespace
}  // namespace quern
