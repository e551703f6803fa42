// A target made up for tests: round figures, so that estimates can be checked by hand.
#pragma once

#include <nlohmann/json.hpp>

#include "targets/sim/profile.h"

namespace quern::test {

inline nlohmann::ordered_json small_profile_json() {
  return nlohmann::ordered_json::parse(R"({
  "schema": "quern.target/1", "name": "small", "about": "a machine for tests",
  "clock_mhz": 1000, "macs_per_cycle": {"int8": 1000, "int16": 500}, "mac_efficiency": 0.5,
  "granule": {"channels_in": 16, "channels_out": 8},
  "depthwise_gmac_per_s": 10, "vector_gb_per_s": 2,
  "scratch": {"bytes": 65536, "banks": 4}, "dma": {"gb_per_s": 1, "latency_us": 0},
  "overhead": {"layer_us": 10, "run_us": 100, "counted": "layer"},
  "rules": {"fold_kernel_row": true, "fuse_add": true, "lookup_pass": ["Sigmoid"]},
  "default_mode": 0,
  "modes": [{"id": 0, "about": "all of it"}, {"id": 7, "about": "half", "share": 0.5},
            {"id": 8, "about": "a quarter with overhead of its own", "share": 0.25,
             "figures": {"overhead.layer_us": 3}, "provenance": {"overhead.layer_us": ["chosen", "test"]}}],
  "operators": [
    {"kinds": ["Conv"], "types": ["int8", "int16"], "kernel_extent": [1, 18], "strides": [[1, 1], [2, 2]],
     "stride_as_kernel": ["tall"], "stride_line_not": [2, 3], "pad": [0, 4], "note": "a sentence"},
    {"kinds": ["Pad"], "types": ["int8"], "modes": ["constant"], "pad_values": [0, "-inf"]},
    {"kinds": ["ArgMax"], "types": ["int8"], "rank": [4, 4], "only_after": ["Conv"]},
    {"kinds": ["Lrn"], "types": ["int8"], "on_npu": false},
    {"kinds": ["Quantize", "Dequantize"], "types": ["int8", "float32"]}],
  "provenance": {
    "clock_mhz": ["published", "test"], "macs_per_cycle.int8": ["chosen", "test"], "macs_per_cycle.int16": ["chosen", "test"],
    "mac_efficiency": ["fitted", "test"], "granule.channels_in": ["chosen", "test"], "granule.channels_out": ["chosen", "test"],
    "depthwise_gmac_per_s": ["chosen", "test"], "vector_gb_per_s": ["chosen", "test"], "scratch.bytes": ["chosen", "test"],
    "scratch.banks": ["chosen", "test"], "dma.gb_per_s": ["chosen", "test"], "dma.latency_us": ["chosen", "test"],
    "overhead.layer_us": ["chosen", "test"], "overhead.run_us": ["chosen", "test"], "overhead.counted": ["chosen", "test"],
    "rules": ["chosen", "test"], "operators": ["chosen", "test"]},
  "fit": [{"mode": 0, "points": 3, "median_error_pct": 1.5, "p90_error_pct": 2, "max_error_pct": 4,
           "left_out_median_error_pct": 3}]
})");
}

/// Requires that the text is a profile.
inline TargetProfile small_profile() {
  return *parse_profile(small_profile_json().dump(), "small.json");
}

}  // namespace quern::test
