// What a board runs: a package, by this and nothing else of Quern than package, plan, kernels and run.
//   board_runtime PACKAGE [THREADS]   fills the inputs with zeros and prints a sum over each output's bytes
#include <cstdio>
#include <cstdlib>
#include <numeric>

#include "quern/compile.h"
#include "quern/session.h"

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const auto package = quern::load_package(argv[1]);
  if (!package.ok()) return std::fprintf(stderr, "%s\n", package.error().message.c_str()), 3;
  auto session = quern::Session::create(package->model, {.threads = argc > 2 ? std::atoi(argv[2]) : 1});
  if (!session.ok()) return std::fprintf(stderr, "%s\n", session.error().message.c_str()), 3;
  std::vector<quern::Tensor> inputs;
  for (const quern::ValueInfo& input : session->inputs())
    inputs.push_back(*quern::Tensor::make(input.dtype, input.shape));
  const auto outputs = session->run(inputs);
  if (!outputs.ok()) return std::fprintf(stderr, "%s\n", outputs.error().message.c_str()), 3;
  for (const quern::Tensor& output : *outputs) {
    const auto* bytes = static_cast<const unsigned char*>(output.raw());
    std::printf("%llu\n", std::accumulate(bytes, bytes + output.bytes(), 0ULL));
  }
  return 0;
}
