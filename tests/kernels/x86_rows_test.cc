// Every row of kernels_x86.inc against the reference: on emulated instructions everywhere, on real ones where the
// processor has them. Integer results are equal; float results differ by the order of additions alone.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <ostream>

#include "kernels/row_cases.h"

namespace quern::emulated {
#define QUERN_KERNEL(name, isa, factory) std::unique_ptr<Kernel> factory(const OpCall& call);
#include "kernels/kernels_x86.inc"
#undef QUERN_KERNEL
}  // namespace quern::emulated

namespace quern {
#define QUERN_KERNEL(name, isa, factory) std::unique_ptr<Kernel> factory(const OpCall& call);
#include "kernels/kernels_x86.inc"
#undef QUERN_KERNEL
}  // namespace quern

namespace quern::test {
namespace {

struct TestedRow {
  const char* name;
  Isa isa;
  KernelFactory native;
  KernelFactory emulated;
};

void PrintTo(const TestedRow& row, std::ostream* out) {
  *out << row.name;
}

constexpr TestedRow kRows[] = {
#define QUERN_KERNEL(name, isa, factory) {#name, Isa::isa, quern::factory, emulated::factory},
#include "kernels/kernels_x86.inc"
#undef QUERN_KERNEL
};

/// A case, and what the reference makes of it.
struct SolvedCase {
  RowCase question;
  Tensor answer;
  std::vector<float> tolerance;  ///< sums of floats: how far each may be away; empty: equal to the bit
};

/// The bound on the error of a float sum in any order: its length times the unit roundoff times the sum of magnitudes.
std::vector<float> tolerances(const RowCase& c) {
  RowCase magnitudes = c;
  for (In& in : magnitudes.inputs) {
    in.tensor = in.tensor.clone();
    for (float& v : in.tensor.mutable_data<float>()) v = std::abs(v);
  }
  if (c.kind == OpKind::Conv) std::get<ConvAttrs>(magnitudes.attrs).clamp = {};
  if (c.kind == OpKind::MatMul) std::get<MatMulAttrs>(magnitudes.attrs).clamp = {};
  if (c.kind == OpKind::FullyConnected) std::get<ClampAttrs>(magnitudes.attrs).clamp = {};
  auto sums = run_kernel(magnitudes.kind, magnitudes.attrs, magnitudes.inputs, {magnitudes.output});
  if (!sums.ok()) return {};
  std::vector<float> bounds;
  for (float sum : sums->front().data<float>()) bounds.push_back(static_cast<float>(c.depth + 2) * 0x1p-24f * sum);
  return bounds;
}

std::vector<SolvedCase> solve(std::vector<RowCase> cases) {
  std::vector<SolvedCase> solved;
  for (RowCase& c : cases) {
    auto answer = run_kernel(c.kind, c.attrs, c.inputs, {c.output}, {.arithmetic = c.arithmetic});
    EXPECT_TRUE(answer.ok()) << c.text << ": " << answer.error().message;
    if (!answer.ok()) continue;
    const bool sums_floats = c.output.dtype == DType::float32 && c.inputs[0].tensor.dtype() == DType::float32;
    auto bounds = sums_floats ? tolerances(c) : std::vector<float>{};
    solved.push_back({std::move(c), answer->front(), std::move(bounds)});
  }
  return solved;
}

constexpr uint32_t kSeed = 20261121;

const std::vector<SolvedCase>& all_cases() {
  static const std::vector<SolvedCase> cases = [] {
    std::vector<RowCase> drawn;
    uint32_t seed = kSeed;
    for (DType type : {DType::int8, DType::uint8, DType::float32, DType::int16, DType::uint16}) {
      for (auto make :
           {product_cases, wide_line_cases, depthwise_cases, binary_cases, pool_cases, quantize_cases, byte_cases}) {
        auto more = make(type, seed++);
        drawn.insert(drawn.end(), more.begin(), more.end());
      }
    }
    return solve(std::move(drawn));
  }();
  return cases;
}

void expect_close(const SolvedCase& solved, const Tensor& result) {
  const auto wanted = solved.answer.data<float>();
  const auto got = result.data<float>();
  for (size_t i = 0; i < got.size(); ++i) {
    ASSERT_NEAR(got[i], wanted[i], solved.tolerance[i]) << solved.question.text << ", element " << i;
  }
}

void expect_agrees(const SolvedCase& solved, const Tensor& result) {
  if (!solved.tolerance.empty()) return expect_close(solved, result);
  const auto* wanted = static_cast<const uint8_t*>(solved.answer.raw());
  const auto* got = static_cast<const uint8_t*>(result.raw());
  for (int64_t i = 0; i < result.bytes(); ++i) {
    ASSERT_EQ(static_cast<int>(got[i]), static_cast<int>(wanted[i])) << solved.question.text << ", element " << i;
  }
}

/// Compares a factory's kernels with the reference wherever it makes one; gives how many cases it did.
int compare_with_reference(KernelFactory make, std::initializer_list<int> thread_counts) {
  int reached = 0;
  for (const SolvedCase& solved : all_cases()) {
    const auto kernel = make(solved.question.call());
    if (kernel == nullptr) continue;
    ++reached;
    Tensor first;
    for (int threads : thread_counts) {
      const Tensor result = run_chosen(*kernel, solved.question.inputs, {solved.question.output}, threads).front();
      if (first.size() == 0) {
        first = result;
        expect_agrees(solved, result);
      } else {
        EXPECT_EQ(std::memcmp(first.raw(), result.raw(), static_cast<size_t>(first.bytes())), 0)
            << solved.question.text << " differs with " << threads << " threads";
      }
      if (testing::Test::HasFatalFailure()) return reached;
    }
  }
  return reached;
}

class X86Row : public testing::TestWithParam<TestedRow> {
 protected:
  void SetUp() override { RecordProperty("seed", static_cast<int>(kSeed)); }
};

TEST_P(X86Row, EqualsReferenceWhenEmulated) {
  EXPECT_GT(compare_with_reference(GetParam().emulated, {1}), 0) << "no case reaches this row (seed " << kSeed << ")";
}

TEST_P(X86Row, EqualsReferenceOnAnyNumberOfThreads) {
  if (!supported(GetParam().isa)) GTEST_SKIP() << "this processor lacks " << to_string(GetParam().isa);
  EXPECT_GT(compare_with_reference(GetParam().native, {1, 2, 3}), 0)
      << "no case reaches this row (seed " << kSeed << ")";
}

INSTANTIATE_TEST_SUITE_P(All, X86Row, testing::ValuesIn(kRows),
                         [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace quern::test
