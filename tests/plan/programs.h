// Programs of a simulated NPU made by hand, command by command.
#pragma once

#include <cstring>
#include <initializer_list>
#include <utility>

#include "plan/plan.h"
#include "plan/program.h"

namespace quern::test {

/// A dense piece of int8 with quantization 0.
inline Piece piece(int64_t address, Shape shape, int32_t quantization = 0, DType dtype = DType::int8) {
  Piece made;
  made.address = address;
  made.dtype = dtype;
  made.quantization = quantization;
  made.strides.resize(shape.size());
  auto stride = static_cast<int64_t>(size_of(dtype));
  for (size_t i = shape.size(); i-- > 0;) {
    made.strides[i] = stride;
    stride *= shape[i];
  }
  made.shape = std::move(shape);
  return made;
}

/// A part of a piece along one axis, in place.
inline Piece part(Piece whole, size_t axis, int64_t begin, int64_t count) {
  whole.address += begin * whole.strides[axis];
  whole.shape[axis] = count;
  return whole;
}

inline Piece absent() {
  Piece none;
  none.address = -1;
  return none;
}

/// Appends commands to a program; each gives its index, for others to wait for.
class ProgramMaker {
 public:
  Program program;
  std::vector<PlanValue> values;

  explicit ProgramMaker(int64_t scratch = 1 << 16) {
    program.target = "sim:test";
    program.scratch_bytes = program.scratch_used = scratch;
    program.quantizations.push_back({{0.5f}, {0}, 0});
    layer("first");
  }

  uint32_t layer(const std::string& name, const std::string& kind = "Conv") {
    program.layers.push_back({name, kind, 0, true, ""});
    return static_cast<uint32_t>(program.layers.size() - 1);
  }

  int32_t quantization(Quantization q) {
    program.quantizations.push_back(std::move(q));
    return static_cast<int32_t>(program.quantizations.size() - 1);
  }

  /// A value of the plan behind those before it in the arena.
  int32_t value(const std::string& name, Shape shape, DType dtype = DType::int8) {
    PlanValue made{name, dtype, std::move(shape), {}};
    made.bytes = static_cast<int64_t>(size_of(dtype));
    for (int64_t extent : made.shape) made.bytes *= extent;
    made.offset = values.empty() ? 0 : (values.back().offset + values.back().bytes + 63) / 64 * 64;
    values.push_back(std::move(made));
    return static_cast<int32_t>(values.size() - 1);
  }
  int32_t input(const std::string& name, Shape shape, DType dtype = DType::int8) {
    program.reads.push_back(value(name, std::move(shape), dtype));
    return program.reads.back();
  }
  int32_t output(const std::string& name, Shape shape, DType dtype = DType::int8) {
    program.writes.push_back(value(name, std::move(shape), dtype));
    return program.writes.back();
  }

  /// Constants in the image; gives their offset.
  int64_t constants(const Tensor& tensor) {
    const auto at = static_cast<int64_t>(program.image.size());
    const auto* bytes = static_cast<const std::byte*>(tensor.raw());
    program.image.insert(program.image.end(), bytes, bytes + tensor.bytes());
    return at;
  }

  /// One row of bytes.
  static Transfer row(Space space, int32_t value, int64_t outside, int64_t scratch, int64_t bytes) {
    Transfer t;
    t.space = space;
    t.value = value;
    t.outside = outside;
    t.scratch = scratch;
    t.counts = {1, 1, bytes};
    return t;
  }

  uint32_t command(Engine engine, std::variant<Transfer, Computation> body, std::vector<uint32_t> waits = {},
                   uint32_t layer = 0) {
    program.commands.push_back({engine, layer, std::move(waits), std::move(body)});
    return static_cast<uint32_t>(program.commands.size() - 1);
  }
  uint32_t load(int32_t value, int64_t offset, int64_t scratch, int64_t bytes, std::vector<uint32_t> waits = {},
                uint32_t layer = 0) {
    return command(Engine::load, row(Space::dram, value, offset, scratch, bytes), std::move(waits), layer);
  }
  uint32_t load_image(const Tensor& tensor, int64_t scratch, std::vector<uint32_t> waits = {}, uint32_t layer = 0) {
    return command(Engine::load, row(Space::image, -1, constants(tensor), scratch, tensor.bytes()), std::move(waits),
                   layer);
  }
  uint32_t store(int32_t value, int64_t offset, int64_t scratch, int64_t bytes, std::vector<uint32_t> waits,
                 uint32_t layer = 0) {
    return command(Engine::store, row(Space::dram, value, offset, scratch, bytes), std::move(waits), layer);
  }
  uint32_t conv(ConvAttrs attrs, std::vector<Piece> inputs, Piece output, std::vector<uint32_t> waits,
                uint32_t layer = 0) {
    return command(Engine::conv, Computation{OpKind::Conv, attrs, std::move(inputs), {std::move(output)}},
                   std::move(waits), layer);
  }
  uint32_t vector(OpKind kind, std::vector<Piece> inputs, Piece output, std::vector<uint32_t> waits,
                  uint32_t layer = 0) {
    return command(Engine::vector, Computation{kind, default_attrs(kind), std::move(inputs), {std::move(output)}},
                   std::move(waits), layer);
  }

  Computation& computation(uint32_t index) { return std::get<Computation>(program.commands[index].body); }
  Transfer& transfer(uint32_t index) { return std::get<Transfer>(program.commands[index].body); }
};

/// int8 numbers that are all over the range, from a seed.
inline Tensor noise(const Shape& shape, uint32_t seed) {
  Tensor tensor = *Tensor::make(DType::int8, shape);
  uint32_t state = seed * 2654435761U + 1;
  for (int8_t& v : tensor.mutable_data<int8_t>()) {
    state = state * 1664525U + 1013904223U;
    v = static_cast<int8_t>(state >> 24);
  }
  return tensor;
}

}  // namespace quern::test
