#include "compile/npu/scratch.h"

#include <algorithm>

#include "compile/npu/cost.h"
#include "compile/pack.h"

namespace quern::npu {

namespace {

/// Visits every scratch address of a command.
template <typename Visit>
void each_address(Command& command, Visit&& visit) {
  if (auto* transfer = std::get_if<Transfer>(&command.body)) return visit(transfer->scratch);
  auto& computation = std::get<Computation>(command.body);
  for (Piece& piece : computation.inputs) {
    if (piece.address >= 0) visit(piece.address);
  }
  for (Piece& piece : computation.outputs) visit(piece.address);
}

}  // namespace

int64_t place_buffers(const std::vector<int64_t>& buffers, std::vector<Command>& commands, int64_t room) {
  std::vector<Block> blocks(buffers.size());
  for (size_t i = 0; i < commands.size(); ++i) {
    each_address(commands[i], [&](int64_t& address) {
      Block& block = blocks[static_cast<size_t>(buffer_of(address))];
      const int at = static_cast<int>(i);
      if (!block.needed()) block.first = at;
      block.last = at;
    });
  }
  for (size_t b = 0; b < blocks.size(); ++b) blocks[b].bytes = buffer_bytes(buffers[b]);
  const int64_t peak = pack(blocks, room);
  if (peak > room) return peak;
  for (Command& command : commands) {
    each_address(command, [&](int64_t& address) {
      address = blocks[static_cast<size_t>(buffer_of(address))].offset + offset_of(address);
    });
  }
  return peak;
}

}  // namespace quern::npu
