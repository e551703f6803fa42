// Matrix products.
#include "graph/infer_rules.h"

namespace quern::infer_rules {

Status fully_connected(InferCall& call) {
  QUERN_CHECK(call.need_rank(1, 2, "[O, I]"));
  const Shape& w = call.shape(1);
  Shape out = call.shape(0);
  if (out.empty() || out.back() != w[1]) {
    return call.wrong("its input of shape {} does not end in the {} columns of its weights {}", to_string(out), w[1],
                      to_string(w));
  }
  if (call.has(2) && call.shape(2) != Shape{w[0]}) {
    return call.wrong("its bias has the shape {}, but there are {} outputs", to_string(call.shape(2)), w[0]);
  }
  out.back() = w[0];
  return call.give(std::move(out), call.dtype(0));
}

Status matmul(InferCall& call) {
  const auto& attrs = call.attrs<MatMulAttrs>();
  Shape a = call.shape(0), b = call.shape(1);
  if (a.empty() || b.empty()) return call.wrong("a scalar cannot be a factor of a matrix product");
  // A vector is a row on the left and a column on the right; that axis leaves the result again.
  const bool row = a.size() == 1, column = b.size() == 1;
  if (row) a.insert(a.begin(), 1);
  if (column) b.push_back(1);
  if (attrs.transpose_a && !row) std::swap(a[a.size() - 1], a[a.size() - 2]);
  if (attrs.transpose_b && !column) std::swap(b[b.size() - 1], b[b.size() - 2]);
  if (a.back() != b[b.size() - 2]) {
    return call.wrong("{} columns on the left do not meet {} rows on the right (shapes {} and {})", a.back(),
                      b[b.size() - 2], to_string(call.shape(0)), to_string(call.shape(1)));
  }
  auto out = broadcast(Shape(a.begin(), a.end() - 2), Shape(b.begin(), b.end() - 2));
  if (!out) {
    return call.wrong("the leading axes of {} and {} do not broadcast", to_string(call.shape(0)),
                      to_string(call.shape(1)));
  }
  if (!row) out->push_back(a[a.size() - 2]);
  if (!column) out->push_back(b.back());
  return call.give(*std::move(out), call.dtype(0));
}

}  // namespace quern::infer_rules
