#include "targets/sim/machine/moves.h"

#include <cstring>

#include "plan/program_pieces.h"

namespace quern::machine {

void store(const Transfer& transfer, const std::byte* scratch, std::byte* outside) {
  each_row(transfer, [&](int64_t out, int64_t in, int64_t bytes) {
    std::memcpy(outside + out, scratch + in, static_cast<size_t>(bytes));
  });
}

void load(const Transfer& transfer, const std::byte* outside, std::byte* scratch) {
  each_row(transfer, [&](int64_t out, int64_t in, int64_t bytes) {
    std::memcpy(scratch + in, outside + out, static_cast<size_t>(bytes));
  });
}

void gather(const Piece& piece, const std::byte* scratch, std::byte* dense) {
  PieceRuns(piece).each([&](const PieceRun& run) {
    std::memcpy(dense + run.dense, scratch + run.address, static_cast<size_t>(run.bytes));
  });
}

void scatter(const Piece& piece, const std::byte* dense, std::byte* scratch) {
  PieceRuns(piece).each([&](const PieceRun& run) {
    std::memcpy(scratch + run.address, dense + run.dense, static_cast<size_t>(run.bytes));
  });
}

}  // namespace quern::machine
