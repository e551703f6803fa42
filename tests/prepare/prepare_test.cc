#include "prepare/prepare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "graph/infer.h"
#include "graph/text.h"
#include "graph/verify.h"
#include "support/assets.h"

namespace quern {
namespace {

TEST(Prepare, SaysWhichInputIsOpen) {
  auto graph = parse_text("graph \"g\" { input %x : float32[N?,2] %y = Relu(%x) output %y }");
  ASSERT_TRUE(graph.ok());
  const Status status = prepare(*graph);
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(status.error().message, testing::HasSubstr("input 'x' is ?x2: extent 0 is not fixed"));
}

TEST(Prepare, TellsTheObserverOfEachPassInOrder) {
  auto graph = parse_text("graph \"g\" { input %x : float32[2] %a = Identity(%x) %y = Relu(%a) output %y }");
  ASSERT_TRUE(graph.ok());
  std::vector<std::string> seen, changed;
  ASSERT_TRUE(prepare(*graph, [&](const Pass& pass, const Graph&, bool did) {
                seen.push_back(pass.name);
                if (did) changed.push_back(pass.name);
              }).ok());
  EXPECT_EQ(seen.size(), prepare_passes().size());
  EXPECT_EQ(seen.front(), "fix_shapes");
  EXPECT_EQ(seen.back(), "remove_dead");
  EXPECT_THAT(changed, testing::ElementsAre("remove_no_ops"));
}

}  // namespace
}  // namespace quern
