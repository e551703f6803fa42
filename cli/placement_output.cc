#include "placement_output.h"

namespace quern::cli {

namespace {

std::string totals_text(const PlacementTotals& totals) {
  return fmt::format("{:.2f} % of the macs on the npu, {} operators on the cpu, {} partition{}, {:.3f} ms + {:.3f} ms",
                     totals.npu_macs_pct, totals.cpu_operators, totals.partitions, totals.partitions == 1 ? "" : "s",
                     totals.npu_ms, totals.cpu_ms);
}

}  // namespace

std::string estimate_text(const PlacementTotals& totals) {
  return fmt::format("estimated {:.3f} ms on the npu ({:.3f} ms by the formula) and {:.3f} ms on the cpu",
                     totals.npu_ms, totals.formula_ms, totals.cpu_ms);
}

std::string rewrites_text(const Placement& placement) {
  if (!placement.unchanged) {
    const bool npu = placement.target.starts_with("sim:") && placement.cpu_operators > 0;
    return npu ? "--auto-rewrite looks for equal computations that the npu takes (docs/npu_rewrites.md)\n" : "";
  }
  if (placement.rewrites.empty()) return "--auto-rewrite: nothing that a known rewrite would bring onto the npu\n";
  std::vector<std::vector<std::string>> rows;
  for (const PlacementRewrite& one : placement.rewrites)
    rows.push_back({one.name, one.kind, grouped(one.macs), "it " + one.change});
  std::string text = fmt::format("--auto-rewrite: {} operator{} brought onto the npu, with the same bytes\n",
                                 rows.size(), rows.size() == 1 ? "" : "s");
  text += table({"operator", "kind", "macs", "instead"}, rows);
  text += fmt::format("without: {}\nwith:    {}  (estimated time on the npu + on the cpu)\n",
                      totals_text(*placement.unchanged), totals_text(placement));
  return text;
}

}  // namespace quern::cli
