#include "report/quantization.h"

#include <fmt/format.h>

#include <algorithm>

#include "report/html.h"

namespace quern {

namespace {

std::string counted(int64_t samples) {
  return fmt::format("{} sample{}", samples, samples == 1 ? "" : "s");
}

std::string samples_sentence(const QuantizationFacts& facts, int64_t shown) {
  if (facts.samples == 0) return fmt::format("Nothing was calibrated; this page is of {}.", counted(shown));
  return fmt::format("Calibrated with {}; this page is of {}.", counted(facts.samples),
                     facts.held_out ? fmt::format("{} kept back from it", counted(shown))
                                    : fmt::format("{} that calibration has seen", counted(shown)));
}

std::string recipe_table(const QuantizationFacts& facts) {
  std::string rows;
  for (const auto& [what, choice] : facts.recipe)
    rows +=
        fmt::format("<tr><td class=w>{}</td><td class=text>{}</td></tr>", html::escaped(what), html::escaped(choice));
  const size_t count = facts.kept_float.size();
  if (count > 0) {
    std::string names;
    for (const std::string& name : facts.kept_float) names += (names.empty() ? "" : ", ") + name;
    rows += fmt::format("<tr><td class=w>kept float</td><td class=text>{}: {}</td></tr>", count, html::escaped(names));
  }
  return "<table class=facts>" + rows + "</table>";
}

std::string gain_cell(double gain) {
  return fmt::format("<td{}>{:+.2f}</td>", gain > 0 ? " class=gain" : "", gain);
}

std::string methods_table(const QuantizationFacts& facts) {
  if (facts.methods.empty()) return "";
  std::string rows;
  for (const MethodRow& row : facts.methods)
    rows += fmt::format("<tr><td class=w>{}</td><td>{:.2f}</td><td>{:.2f}</td>{}<td>{:.1f}</td></tr>",
                        html::escaped(row.name), row.sqnr_db_before, row.sqnr_db_after,
                        gain_cell(row.sqnr_db_after - row.sqnr_db_before), row.seconds);
  return "<div class=scroll><table><tr><th class=w>method</th><th>dB before</th><th>dB after</th><th>gain</th>"
         "<th>seconds</th></tr>" +
         rows + "</table></div>";
}

std::string notes_list(const QuantizationFacts& facts) {
  std::string items;
  for (const std::string& note : facts.notes) items += "<li>" + html::escaped(note) + "</li>";
  return items.empty() ? "" : "<ul class=notes>" + items + "</ul>";
}

}  // namespace

std::string quantization_section(const QuantizationFacts& facts, int64_t shown) {
  const std::string hint =
      samples_sentence(facts, shown) +
      (facts.methods.empty() ? ""
                             : " What each method gave is the mean SQNR of the outputs on samples that took turns in "
                               "being kept back; from the plainest recipe on, one method after the other, and search: "
                               "the recipe chosen against the standing one.");
  return html::card("How it was quantized", hint,
                    "<div class=pairs>" + recipe_table(facts) + methods_table(facts) + "</div>" + notes_list(facts));
}

}  // namespace quern
