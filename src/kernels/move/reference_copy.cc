// Moves that keep the order of the elements: Reshape, Flatten, Squeeze, Unsqueeze, Identity.
#include <algorithm>
#include <cstring>

#include "kernels/reference_kernel.h"

namespace quern {

std::unique_ptr<Kernel> copy_reference(const OpCall& call) {
  const bool copies = call.kind == OpKind::Reshape || call.kind == OpKind::Flatten || call.kind == OpKind::Squeeze ||
                      call.kind == OpKind::Unsqueeze || call.kind == OpKind::Identity;
  if (!copies || !same_codes(call.inputs[0], call.outputs[0])) return nullptr;
  const auto bytes = call.outputs[0].size() * static_cast<int64_t>(size_of(call.outputs[0].dtype));
  return make_kernel([bytes](const Buffers& b, ThreadPool& pool) {
    pool.parallel_for(bytes, 1 << 18, [&](int64_t begin, int64_t end) {
      std::memcpy(b.out<std::byte>(0) + begin, b.in<std::byte>(0) + begin, static_cast<size_t>(end - begin));
    });
  });
}

}  // namespace quern
