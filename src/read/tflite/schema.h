// The generated view of a TFLite file, and what is missing from it.
#pragma once

#include "tflite_generated.h"

namespace quern::tflite {

/// A table without fields: every accessor gives the format's default. Stands in for options that a file left out.
template <typename T>
const T& empty_table() {
  alignas(4) static constexpr uint8_t kBytes[] = {4, 0, 4, 0, 4, 0, 0, 0};  // vtable: sizes 4 and 4; table: 4 back
  return *reinterpret_cast<const T*>(kBytes + 4);
}

}  // namespace quern::tflite
