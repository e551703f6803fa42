#include <limits>

#include "kernels/lanes/lane_kernels.h"
#include "kernels/reference_kernel.h"
#include "kernels/requantize.h"

namespace quern {

namespace {

/// A kernel of function(from, count, to) over all elements.
template <typename Function>
std::unique_ptr<Kernel> make_map(const OpCall& call, Function function) {
  return make_kernel([count = call.outputs[0].size(), function](const Buffers& buffers, ThreadPool& pool) {
    pool.parallel_for(count, 8192, [&](int64_t begin, int64_t end) {
      function(buffers.in<float>(0) + begin, end - begin, buffers.out<float>(0) + begin);
    });
  });
}

std::unique_ptr<Kernel> make_bound(const OpCall& call, const Lanes& lanes, float low, float high) {
  return make_map(call, [bound = lanes.bound, low, high](const float* from, int64_t count, float* to) {
    bound(from, low, high, count, to);
  });
}

}  // namespace

std::unique_ptr<Kernel> make_lane_unary(const OpCall& call, const Lanes& lanes) {
  if (call.inputs.size() != 1 || !is_real(call.inputs[0]) || !is_real(call.outputs[0])) return nullptr;
  switch (call.kind) {
    case OpKind::Sigmoid:
      return make_map(call, lanes.sigmoid);
    case OpKind::LeakyRelu: {
      const auto slope = static_cast<float>(call.as<UnaryAttrs>().alpha);
      return make_map(call, [leaky = lanes.leaky, slope](const float* from, int64_t count, float* to) {
        leaky(from, slope, count, to);
      });
    }
    case OpKind::Relu:
      return make_bound(call, lanes, 0, std::numeric_limits<float>::infinity());
    case OpKind::Clip: {
      const auto& attrs = call.as<UnaryAttrs>();
      return make_bound(call, lanes, static_cast<float>(attrs.alpha), static_cast<float>(attrs.beta));
    }
    case OpKind::HardSwish:
      return make_map(call, lanes.hard_swish);
    default:
      return nullptr;
  }
}

}  // namespace quern
