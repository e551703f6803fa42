// Random layers and graphs: the simulated NPU gives the processor's bytes. npu_fuzz --layers N --graphs N [--seed S]
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "compile/npu/equal.h"
#include "compile/npu/random_network.h"
#include "graph/text.h"

namespace quern {
namespace {

struct Tally {
  int64_t runs = 0, on_npu = 0, failed = 0;
};

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

int fuzz(int count, char** words) {
  const int64_t seed = number_after(count, words, "--seed", 1);
  Tally layers;
  for (int64_t i = 0; i < number_after(count, words, "--layers", 300); ++i)
    try_graph(RandomNetwork(static_cast<uint64_t>(seed + i)).layer(), static_cast<uint64_t>(seed + i), layers);
  Tally graphs;
  for (int64_t i = 0; i < number_after(count, words, "--graphs", 30); ++i)
    try_graph(RandomNetwork(static_cast<uint64_t>(seed + i)).network(), static_cast<uint64_t>(seed + i), graphs);
  std::printf("layers: %lld, of them on the npu %lld, failed %lld; graphs: %lld, on the npu %lld, failed %lld\n",
              static_cast<long long>(layers.runs), static_cast<long long>(layers.on_npu),
              static_cast<long long>(layers.failed), static_cast<long long>(graphs.runs),
              static_cast<long long>(graphs.on_npu), static_cast<long long>(graphs.failed));
  return layers.failed + graphs.failed == 0 && layers.on_npu > 0 ? 0 : 1;
}

}  // namespace
}  // namespace quern

int main(int count, char** words) {
  return quern::fuzz(count, words);
}
