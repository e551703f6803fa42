// Calibration data that is the same on every machine.
#pragma once

#include "quern/quantize.h"

namespace quern::test {

/// Pictures of [1,8,8,3] floats in 0..1, from a linear congruential generator.
inline CalibrationData noise_samples(int64_t count) {
  return {count, [](int64_t i) -> Result<std::vector<Tensor>> {
            Tensor tensor = *Tensor::make(DType::float32, {1, 8, 8, 3});
            auto state = static_cast<uint32_t>(i * 7919 + 1);
            for (float& v : tensor.mutable_data<float>()) {
              state = state * 1664525U + 1013904223U;
              v = static_cast<float>(state >> 8) / 16777216.0F;
            }
            return std::vector<Tensor>{tensor};
          }};
}

}  // namespace quern::test
