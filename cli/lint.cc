#include "lint.h"

#include <algorithm>

#include "quern/measure.h"

namespace quern::cli {

std::string lint_text(const std::vector<LintFinding>& findings, bool notes) {
  std::string text;
  size_t hidden = 0;
  for (const LintFinding& finding : findings) {
    if (finding.level == LintLevel::note && !notes) {
      ++hidden;
      continue;
    }
    text += fmt::format("lint: {} {}", to_string(finding.level), finding.rule);
    if (!finding.op.empty()) text += fmt::format(" at '{}'", short_name(finding.op));
    if (!finding.value.empty()) text += fmt::format(" ({})", finding.value);
    text += fmt::format("\n  {}\n  to do: {}\n", finding.message, finding.advice);
  }
  if (hidden > 0)
    text += fmt::format("lint: {} note{}; -v shows {}\n", hidden, hidden == 1 ? "" : "s", hidden == 1 ? "it" : "them");
  return text;
}

Json to_json(const std::vector<LintFinding>& findings) {
  Json rows = Json::array();
  for (const LintFinding& finding : findings) {
    rows.push_back({{"rule", finding.rule},
                    {"level", to_string(finding.level)},
                    {"operator", finding.op},
                    {"value", finding.value},
                    {"message", finding.message},
                    {"advice", finding.advice}});
  }
  return rows;
}

bool needs_attention(const std::vector<LintFinding>& findings) {
  return std::ranges::any_of(findings, [](const LintFinding& finding) { return finding.level != LintLevel::note; });
}

std::optional<ExpectedInput> expected_input(const std::string& task, const Preprocess& record) {
  if (task.empty() || (record.mean.empty() && record.std_dev.empty())) return {};
  const auto number = [](const std::vector<double>& list, size_t c, double otherwise) {
    return list.empty() ? otherwise : list[std::min(c, list.size() - 1)];
  };
  ExpectedInput expected{1e30, -1e30, fmt::format("task '{}'", task)};
  for (size_t c = 0; c < std::max(record.mean.size(), record.std_dev.size()); ++c) {
    const double mean = number(record.mean, c, 0), deviation = number(record.std_dev, c, 1);
    expected.low = std::min(expected.low, (0 - mean) / deviation);
    expected.high = std::max(expected.high, (255 - mean) / deviation);
  }
  return expected;
}

}  // namespace quern::cli
