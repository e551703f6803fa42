// Random layers and graphs: the simulated NPU gives the processor's bytes.
// npu_fuzz --layers N --graphs N [--seed S] [--rewrite]: with the last, on targets with random limits after rewrites
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>

#include "compile/npu/equal.h"
#include "compile/npu/random_network.h"
#include "graph/text.h"

namespace quern {
namespace {

struct Tally {
  int64_t runs = 0, on_npu = 0, rewritten = 0, failed = 0;
};

/// A plain machine with limits that few models meet.
TargetProfile strict_profile(uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto chance = [&] { return random() % 2 == 0; };
  TargetProfile profile = plain_profile(1 << 17);
  OperatorRule spatial = profile.operators[0];
  spatial.kinds = {OpKind::Conv, OpKind::ConvTranspose, OpKind::MaxPool, OpKind::AveragePool};
  for (OpKind kind : spatial.kinds) std::erase(profile.operators[0].kinds, kind);
  if (chance()) spatial.dilation = Bounds{1, 1};
  if (chance()) spatial.kernel_extent = Bounds{1, 2 + static_cast<int64_t>(random() % 3)};
  if (chance()) spatial.strides = {{1, 1}, {2, 2}};
  if (chance()) spatial.output_width_in_strides = true;
  if (chance()) spatial.symmetric_pads = spatial.no_include_pad = true;
  if (chance()) spatial.channels_out = Bounds{4, 24};
  if (chance()) spatial.pad = Bounds{0, 1};
  profile.operators.push_back(spatial);
  OperatorRule moves = profile.operators[0];
  moves.kinds = {OpKind::Slice, OpKind::Pad};
  for (OpKind kind : moves.kinds) std::erase(profile.operators[0].kinds, kind);
  moves.step = Bounds{1, 1};
  moves.modes = {"constant"};
  profile.operators.push_back(moves);
  OperatorRule activations = profile.operators[0];
  activations.kinds = {OpKind::Sigmoid, OpKind::HardSwish, OpKind::Tanh};
  if (chance()) activations.only_after = {OpKind::Conv};
  OperatorRule reductions = profile.operators[0];
  reductions.kinds = {OpKind::ReduceMean, OpKind::ReduceSum};
  reductions.rank = Bounds{4, 4};
  for (OperatorRule* rule : {&activations, &reductions}) {
    for (OpKind kind : rule->kinds) std::erase(profile.operators[0].kinds, kind);
    profile.operators.push_back(*rule);
  }
  for (OpKind kind : {OpKind::Relu, OpKind::ReduceMax, OpKind::Max, OpKind::Min}) {
    if (chance()) std::erase(profile.operators[0].kinds, kind);
  }
  return profile;
}

void try_rewrites(const Graph& graph, uint64_t seed, Tally& tally) {
  const EqualRun run = run_both(graph, strict_profile(seed), seed, true);
  ++tally.runs;
  tally.on_npu += run.npu_operators > 0 ? 1 : 0;
  tally.rewritten += run.changes.empty() ? 0 : 1;
  if (run.equal) return;
  ++tally.failed;
  std::printf("seed %llu, rewritten: %s\n%s%s\n", static_cast<unsigned long long>(seed), run.problem.c_str(),
              run.changes.c_str(), to_text(graph).c_str());
  std::fflush(stdout);
}

/// Scratch memories from far too small for most layers to ample; a layer that does not fit is tried with twice as much,
/// so that many run at the limit.
void try_graph(const Graph& graph, uint64_t seed, Tally& tally) {
  int64_t scratch = int64_t{1} << (9 + seed % 9);
  EqualRun run;
  for (; scratch <= int64_t{1} << 22; scratch *= 2) {
    run = run_both(graph, plain_profile(scratch + static_cast<int64_t>(seed % 3) * 64), seed);
    if (!run.equal || run.cpu_operators == 0) break;
  }
  ++tally.runs;
  tally.on_npu += run.npu_operators > 0 ? 1 : 0;
  if (run.equal) return;
  ++tally.failed;
  std::printf("seed %llu, scratch %lld: %s\n%s\n", static_cast<unsigned long long>(seed),
              static_cast<long long>(scratch), run.problem.c_str(), to_text(graph).c_str());
  std::fflush(stdout);
}

int64_t number_after(int count, char** words, const char* name, int64_t otherwise) {
  for (int i = 1; i + 1 < count; ++i) {
    if (std::strcmp(words[i], name) == 0) return std::atoll(words[i + 1]);
  }
  return otherwise;
}

bool has_word(int count, char** words, const char* name) {
  return std::any_of(words + 1, words + count, [&](const char* word) { return std::strcmp(word, name) == 0; });
}

int fuzz(int count, char** words) {
  const int64_t seed = number_after(count, words, "--seed", 1);
  const auto try_one = has_word(count, words, "--rewrite") ? try_rewrites : try_graph;
  Tally layers;
  for (int64_t i = 0; i < number_after(count, words, "--layers", 300); ++i)
    try_one(RandomNetwork(static_cast<uint64_t>(seed + i)).layer(), static_cast<uint64_t>(seed + i), layers);
  Tally graphs;
  for (int64_t i = 0; i < number_after(count, words, "--graphs", 30); ++i)
    try_one(RandomNetwork(static_cast<uint64_t>(seed + i)).network(), static_cast<uint64_t>(seed + i), graphs);
  for (const auto& [what, tally] : {std::pair{"layers", layers}, {"graphs", graphs}}) {
    std::printf("%s: %lld, of them on the npu %lld, rewritten %lld, failed %lld\n", what,
                static_cast<long long>(tally.runs), static_cast<long long>(tally.on_npu),
                static_cast<long long>(tally.rewritten), static_cast<long long>(tally.failed));
  }
  return layers.failed + graphs.failed == 0 && layers.on_npu > 0 ? 0 : 1;
}

}  // namespace
}  // namespace quern

int main(int count, char** words) {
  return quern::fuzz(count, words);
}
