// Each tests/prepare/<pass>.graph holds cases of one pass: a graph, a line of ---, the graph the pass leaves. Cases are
// divided by a line of ===. With QUERN_BLESS set the expected halves are written anew, to be read before they are kept.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "graph/infer.h"
#include "graph/text.h"
#include "graph/verify.h"
#include "prepare/prepare.h"

namespace quern {
namespace {

struct Case {
  std::string before;
  std::string after;
};

std::string path_of(const std::string& pass) {
  return "tests/prepare/" + pass + ".graph";
}

std::vector<Case> read_cases(const std::string& pass) {
  std::ifstream file(path_of(pass));
  std::vector<Case> cases(1);
  bool after = false;
  for (std::string line; std::getline(file, line);) {
    if (line == "===") {
      cases.emplace_back();
      after = false;
    } else if (line == "---") {
      after = true;
    } else {
      (after ? cases.back().after : cases.back().before) += line + "\n";
    }
  }
  return cases;
}

void write_cases(const std::string& pass, const std::vector<Case>& cases) {
  std::ofstream file(path_of(pass));
  for (size_t i = 0; i < cases.size(); ++i) {
    file << (i == 0 ? "" : "===\n") << cases[i].before << "---\n" << cases[i].after;
  }
}

std::string sentence(const Status& status) {
  return status.ok() ? "" : "error: " + status.error().message + "\n";
}

/// What the pass leaves, as text, or the sentence of its error.
std::string run_pass(const Pass& pass, const std::string& text) {
  auto graph = parse_text(text);
  if (!graph.ok()) return sentence(graph.status());
  const bool infers_itself = std::string(pass.name) == "fix_shapes";
  if (!infers_itself) {
    if (const Status status = infer(*graph); !status.ok()) return sentence(status);
  }
  const auto changed = pass.run(*graph);
  if (!changed.ok()) return sentence(changed.status());
  if (const Status status = infer(*graph); !status.ok()) return sentence(status);
  if (const Status status = verify(*graph); !status.ok()) return sentence(status);
  return (*changed ? "" : "# unchanged\n") + to_text(*graph);
}

class EachPass : public testing::TestWithParam<Pass> {};

TEST_P(EachPass, LeavesTheGraphInItsFile) {
  std::vector<Case> cases = read_cases(GetParam().name);
  ASSERT_FALSE(cases[0].before.empty()) << path_of(GetParam().name) << " is missing";
  for (Case& c : cases) {
    const std::string after = run_pass(GetParam(), c.before);
    if (std::getenv("QUERN_BLESS") != nullptr) c.after = after;
    EXPECT_EQ(after, c.after) << "from\n" << c.before;
  }
  if (std::getenv("QUERN_BLESS") != nullptr) write_cases(GetParam().name, cases);
}

std::vector<Pass> different_passes() {
  std::vector<Pass> passes;
  for (const Pass& pass : prepare_passes()) {
    bool known = false;
    for (const Pass& other : passes) known = known || other.run == pass.run;
    if (!known) passes.push_back(pass);
  }
  return passes;
}

INSTANTIATE_TEST_SUITE_P(Prepare, EachPass, testing::ValuesIn(different_passes()),
                         [](const auto& each) { return std::string(each.param.name); });

}  // namespace
}  // namespace quern
