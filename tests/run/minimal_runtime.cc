// Proof by linking: this program has only base, plan, kernels and run, and runs a plan. Exit status 0 when the numbers
// are right.
#include "plans.h"
#include "quern/session.h"

int main() {
  using quern::Tensor;
  auto plan = std::make_shared<const quern::Plan>(quern::test::add_relu_plan());
  auto session = quern::Session::create(plan, {.threads = 2});
  if (!session.ok()) return 1;
  const auto outputs = session->run({Tensor::of<float>({2, 3}, {1, 1, 1, -5, 5, -5})});
  if (!outputs.ok() || outputs->size() != 1) return 2;
  const float expected[] = {2, 0, 4, 0, 3, 0};
  for (size_t i = 0; i < 6; ++i) {
    if ((*outputs)[0].data<float>()[i] != expected[i]) return 3;
  }
  return 0;
}
