#include "compile/npu/equal.h"

#include <cstring>
#include <random>

#include "compile/allocate.h"
#include "compile/lower.h"
#include "compile/npu/npu.h"
#include "compile/npu/rewrite/rewrite.h"
#include "prepare/prepare.h"
#include "quern/session.h"

namespace quern {

namespace {

std::vector<Tensor> random_inputs(const Plan& plan, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<Tensor> inputs;
  for (int id : plan.inputs) {
    const PlanValue& value = plan.values[static_cast<size_t>(id)];
    Tensor tensor = *Tensor::make(value.dtype, value.shape);
    if (value.dtype == DType::float32) {
      for (float& real : tensor.mutable_data<float>())
        real = static_cast<float>(static_cast<int>(random() % 4001) - 2000) / 97;
      inputs.push_back(std::move(tensor));
      continue;
    }
    auto* bytes = static_cast<uint8_t*>(tensor.mutable_raw());
    for (int64_t i = 0; i < tensor.bytes(); ++i) bytes[i] = static_cast<uint8_t>(random());
    inputs.push_back(std::move(tensor));
  }
  return inputs;
}

Result<std::vector<Tensor>> outputs_of(Plan plan, uint64_t seed) {
  const std::vector<Tensor> inputs = random_inputs(plan, seed);
  auto session = Session::create(std::make_shared<Plan>(std::move(plan)), {1});
  if (!session.ok()) return session.error();
  return session->run(inputs);
}

Result<EqualRun> compare(const Graph& graph, const TargetProfile& profile, uint64_t seed, bool rewrite) {
  Graph prepared = graph;
  Status status = prepare(prepared);
  if (!status.ok()) return status.error();
  LoweredPlan cpu = lower(prepared, Arithmetic::fixed_rule);
  LoweredPlan npu = cpu;
  status = allocate(cpu, false);
  if (!status.ok()) return status.error();
  const CompileOptions options{"sim:test"};
  auto placement =
      rewrite ? npu::compile_rewritten(prepared, npu, profile, options) : npu::compile_for_npu(npu, profile, options);
  if (!placement.ok()) return placement.error();
  status = allocate(npu, false);
  if (!status.ok()) return status.error();
  auto expected = outputs_of(std::move(cpu.plan), seed);
  if (!expected.ok()) return expected.error();
  auto got = outputs_of(std::move(npu.plan), seed);
  if (!got.ok()) return got.error();
  EqualRun run{true, placement->npu_operators, placement->cpu_operators};
  for (size_t i = 0; i < expected->size(); ++i) {
    const Tensor& a = (*expected)[i];
    const Tensor& b = (*got)[i];
    if (a.bytes() == b.bytes() && std::memcmp(a.raw(), b.raw(), static_cast<size_t>(a.bytes())) == 0) continue;
    run.equal = false;
    run.problem = "output " + std::to_string(i) + " differs";
  }
  for (const PlacementRow& row : placement->rows) {
    if (row.device == "cpu") run.problem += row.kind + ": " + row.reason + "; ";
  }
  for (const PlacementRewrite& one : placement->rewrites) run.changes += one.change + "\n";
  return run;
}

}  // namespace

TargetProfile plain_profile(int64_t scratch_bytes) {
  TargetProfile profile;
  profile.name = "test";
  TargetFigures& f = profile.figures;
  f.macs_per_cycle_int8 = 1024;
  f.macs_per_cycle_int16 = 512;
  f.channels_in = f.channels_out = 8;
  f.depthwise_gmac_per_s = 100;
  f.vector_gb_per_s = 8;
  f.dma_gb_per_s = 4;
  f.layer_us = 1;
  f.scratch_bytes = scratch_bytes;
  OperatorRule rule;
  rule.types = {DType::int8, DType::uint8, DType::int16, DType::uint16};
  for (int kind = 0; kind < kOpCount; ++kind) rule.kinds.push_back(static_cast<OpKind>(kind));
  profile.operators.push_back(std::move(rule));
  return profile;
}

EqualRun run_both(const Graph& graph, const TargetProfile& profile, uint64_t seed, bool rewrite) {
  auto run = compare(graph, profile, seed, rewrite);
  return run.ok() ? *run : EqualRun{false, 0, 0, run.error().message};
}

}  // namespace quern
