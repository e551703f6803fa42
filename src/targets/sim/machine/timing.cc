#include "targets/sim/machine/timing.h"

#include "base/checked.h"
#include "plan/program_pieces.h"

namespace quern::machine {

namespace {

int64_t elements(const Shape& shape, size_t first, size_t last) {
  int64_t n = 1;
  for (size_t i = first; i < last; ++i) n *= shape[i];
  return n;
}

/// x N H W C by weights O KH KW I.
ProductExtents convolution(const Computation& c) {
  const Shape& w = c.inputs[1].shape;
  const bool transposed = c.kind == OpKind::ConvTranspose;
  const Shape& swept = transposed ? c.inputs[0].shape : c.outputs[0].shape;
  ProductExtents p;
  p.groups = transposed ? std::get<ConvTransposeAttrs>(c.attrs).groups : std::get<ConvAttrs>(c.attrs).groups;
  p.in = w[3];
  p.out = w[0] / p.groups;
  p.kernel_h = w[1];
  p.kernel_w = w[2];
  p.pixels = elements(swept, 0, 3);
  return p;
}

/// x [..., I] by weights [O, I].
ProductExtents fully_connected(const Computation& c) {
  ProductExtents p;
  p.in = c.inputs[1].shape[1];
  p.out = c.inputs[1].shape[0];
  p.pixels = elements(c.inputs[0].shape, 0, c.inputs[0].shape.size() - 1);
  return p;
}

/// [..., M, K] by [..., K, N]: as many products as the output has rows.
ProductExtents matmul(const Computation& c) {
  const auto& attrs = std::get<MatMulAttrs>(c.attrs);
  const Shape& a = c.inputs[0].shape;
  const Shape& b = c.inputs[1].shape;
  ProductExtents p;
  p.in = a.size() > 1 && attrs.transpose_a ? a[a.size() - 2] : a.back();
  if (b.size() > 1) p.out = attrs.transpose_b ? b[b.size() - 2] : b.back();
  p.pixels = elements(c.outputs[0].shape, 0, c.outputs[0].shape.size()) / p.out;
  return p;
}

}  // namespace

ProductExtents product_extents(const Computation& computation) {
  ProductExtents p;
  if (computation.kind == OpKind::FullyConnected) {
    p = fully_connected(computation);
  } else if (computation.kind == OpKind::MatMul) {
    p = matmul(computation);
  } else {
    p = convolution(computation);
  }
  p.wide = size_of(computation.inputs[0].dtype) == 2;
  return p;
}

double product_cycles(const ProductExtents& p, const MachineFigures& f) {
  const auto real = [](int64_t n) { return static_cast<double>(n); };
  const double taps = real(p.kernel_h * p.kernel_w);
  if (p.depthwise()) {
    return real(round_up(p.groups * p.out, f.go)) * taps * real(p.pixels) / f.depthwise_per_cycle;
  }
  const bool folded = f.fold_kernel_row && p.in < f.gi;
  const double depth =
      folded ? real(round_up(p.in * p.kernel_w, f.gi) * p.kernel_h) : real(round_up(p.in, f.gi)) * taps;
  const double work = real(p.groups) * depth * real(round_up(p.out, f.go)) * real(p.pixels);
  return work / ((p.wide ? f.macs_per_cycle_16 : f.macs_per_cycle_8) * f.efficiency);
}

int64_t vector_bytes(const Computation& computation) {
  int64_t bytes = 0;
  for (const Piece& input : computation.inputs) bytes += is_absent(input) ? 0 : dense_bytes(input);
  for (const Piece& output : computation.outputs) bytes += dense_bytes(output);
  return bytes;
}

Cost cost_of(const Command& command, const MachineFigures& figures) {
  if (const auto* transfer = std::get_if<Transfer>(&command.body)) {
    return {figures.dma_latency_cycles, static_cast<double>(transfer_bytes(*transfer)), false};
  }
  const auto& computation = std::get<Computation>(command.body);
  if (command.engine == Engine::vector) {
    return {static_cast<double>(vector_bytes(computation)) / figures.vector_bytes_per_cycle, 0, false};
  }
  const ProductExtents product = product_extents(computation);
  return {product_cycles(product, figures), 0, product.depthwise()};
}

}  // namespace quern::machine
