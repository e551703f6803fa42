// What a simulated NPU executes: commands over a scratch memory, as plain data. docs/npu.md specifies the machine.
// A program is one partition of a plan: a stretch of operators that all run on the NPU.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "graph/op.h"
#include "plan/machine_figures.h"
#include "quern/tensor.h"

namespace quern {

/// The machine's engines. Each takes its own commands in the order of the program, one at a time.
enum class Engine : uint8_t {
  load,    ///< DMA: dram or image to scratch
  store,   ///< DMA: scratch to dram
  conv,    ///< matrix products: Conv, depthwise, FullyConnected, MatMul
  vector,  ///< everything else: pools, element-wise, look-up, resize, moves within scratch
};
inline constexpr int kEngines = 4;

/// What a DMA command reads or writes outside the scratch memory.
enum class Space : uint8_t {
  dram,   ///< a value of the plan, by its index
  image,  ///< the program's constants
};

/// Bytes moved between a place outside and scratch: `counts[0]` x `counts[1]` rows of `counts[2]` bytes. A row's place
/// is base + i * strides[0] + j * strides[1].
struct Transfer {
  Space space = Space::dram;
  int32_t value = -1;   ///< dram: index into Plan::values
  int64_t outside = 0;  ///< byte offset in the value, or in the image
  int64_t scratch = 0;  ///< byte address in the scratch memory
  std::array<int64_t, 3> counts{1, 1, 0};
  std::array<int64_t, 2> outside_strides{};
  std::array<int64_t, 2> scratch_strides{};
};

/// An operand of a computation: a piece of an array in scratch. Elements of the innermost axis are adjacent; `strides`
/// (bytes, one an axis) may leave gaps elsewhere, so that a piece of a larger array can be read or written in place.
/// A row buffer that wraps is one operand: indices of `wrap_axis` below `wrap_at` start at `address`, those from it on
/// continue at `wrapped` (which is where index `wrap_at` lies).
struct Piece {
  int64_t address = 0;
  DType dtype = DType::int8;
  Shape shape;
  std::vector<int64_t> strides;
  int32_t quantization = -1;  ///< index into Program::quantizations, or -1: not quantized
  int32_t wrap_axis = -1;     ///< -1: does not wrap
  int64_t wrap_at = 0;
  int64_t wrapped = 0;
};

/// One operator on pieces: the arithmetic of docs/quantization.md, exactly, with the piece's own shapes and pads.
struct Computation {
  OpKind kind = OpKind::Identity;
  Attrs attrs;
  std::vector<Piece> inputs;  ///< an absent optional input has an empty `shape` and address -1
  std::vector<Piece> outputs;
};

/// One command. It starts when its engine is free and every command in `waits` has ended.
struct Command {
  Engine engine = Engine::load;
  uint32_t layer = 0;           ///< index into Program::layers: the user's operator it works for
  std::vector<uint32_t> waits;  ///< indices of earlier commands, of other engines
  std::variant<Transfer, Computation> body;
};

/// A user's operator in the program.
struct ProgramLayer {
  std::string name;
  std::string kind;  ///< the file's word
  int64_t macs = 0;
  bool overhead = true;    ///< pays the machine's overhead a layer (not: a parallel branch that hides it)
  std::string fused_into;  ///< of an operator that another one's commands carry out: that one's name, else empty
};

/// A partition as commands.
struct Program {
  std::string target;  ///< "sim:ax620"
  std::string mode;    ///< virtual-NPU mode, or empty
  Arithmetic arithmetic = Arithmetic::fixed_rule;
  MachineFigures figures;       ///< of the machine it was made for: what its cycles are counted with
  int64_t scratch_bytes = 0;    ///< of that machine
  int64_t scratch_used = 0;     ///< the highest address touched
  std::vector<int32_t> reads;   ///< plan values it may load
  std::vector<int32_t> writes;  ///< plan values it may load and store
  std::vector<Quantization> quantizations;
  std::vector<std::byte> image;  ///< weights, biases and tables
  std::vector<ProgramLayer> layers;
  std::vector<Command> commands;
};

}  // namespace quern
