// The page of a comparison, and what stands on it of how the candidate was made.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quern/measure.h"

namespace quern {
namespace {

using testing::HasSubstr;
using testing::Not;

Comparison equal() {
  Comparison found;
  found.samples = 3;
  found.outputs.push_back({"scores", Distance{}});
  found.verdict = "All outputs are equal.";
  return found;
}

QuantizationFacts facts() {
  QuantizationFacts facts;
  facts.samples = 40;
  facts.held_out = true;
  facts.recipe = {{"ranges", "mse <1.1>"}};
  facts.methods = {{"equalize", 20.5, 23.25, 1.5}, {"bias-correct", 23.25, 23, 0.5}};
  facts.kept_float = {"conv_7"};
  facts.notes = {"joined & loose"};
  return facts;
}

std::string page_of(std::optional<QuantizationFacts> how) {
  ReportDetails details;
  details.reference = "float.onnx";
  details.candidate = "int8.onnx";
  details.facts = std::move(how);
  auto page = comparison_html(equal(), details);
  EXPECT_TRUE(page.ok());
  return page.ok() ? *page : "";
}

TEST(Page, SaysHowTheCandidateWasMade) {
  const std::string page = page_of(facts());
  EXPECT_THAT(page, HasSubstr("Calibrated with 40 samples; this page is of 3 samples kept back from it."));
  EXPECT_THAT(page, HasSubstr("mse &lt;1.1&gt;"));
  EXPECT_THAT(page, HasSubstr("<td class=w>equalize</td><td>20.50</td><td>23.25</td><td class=gain>+2.75</td>"));
  EXPECT_THAT(page, HasSubstr("<td>-0.25</td>"));
  EXPECT_THAT(page, HasSubstr("conv_7"));
  EXPECT_THAT(page, HasSubstr("joined &amp; loose"));
  EXPECT_THAT(page, HasSubstr("Written by quern quantize"));
}

TEST(Page, SaysWhenCalibrationHasSeenItsSamples) {
  QuantizationFacts seen = facts();
  seen.held_out = false;
  EXPECT_THAT(page_of(seen), HasSubstr("this page is of 3 samples that calibration has seen."));
}

TEST(Page, OfAPlainComparisonSaysNothingOfIt) {
  EXPECT_THAT(page_of({}), Not(HasSubstr("How it was quantized")));
  EXPECT_THAT(page_of({}), HasSubstr("Written by quern compare"));
}

}  // namespace
}  // namespace quern
