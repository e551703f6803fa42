// Bytes on the way: transfers, and pieces gathered into dense arrays and scattered back.
#pragma once

#include <cstddef>

#include "plan/program.h"

namespace quern::machine {

/// Scratch to `outside` (the value's or the image's first byte).
void store(const Transfer& transfer, const std::byte* scratch, std::byte* outside);
/// `outside` to scratch.
void load(const Transfer& transfer, const std::byte* outside, std::byte* scratch);

/// The elements of a piece into a dense array, and back.
void gather(const Piece& piece, const std::byte* scratch, std::byte* dense);
void scatter(const Piece& piece, const std::byte* dense, std::byte* scratch);

}  // namespace quern::machine
