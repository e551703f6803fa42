// What each command must wait for, from the bytes that commands read and write.
#pragma once

#include "plan/program.h"

namespace quern::npu {

/// Fills the waits of all commands, with as few as keep the order of the list wherever two commands touch the same
/// bytes and one of them writes. Bytes between the first and the last of a strided piece count as touched.
void derive_waits(std::vector<Command>& commands);

}  // namespace quern::npu
