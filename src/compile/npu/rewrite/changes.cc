#include "compile/npu/rewrite/changes.h"

namespace quern::npu {

namespace {

constexpr Change kChanges[] = {
    {"move_codes", move_codes},  // costs nothing
    {"raise_rank", raise_rank},  // nor does this
    {"equal_kind", equal_kind},
    {"more_columns", more_columns},
    {"crop_behind", crop_behind},
    {"pad_before", pad_before},
    {"spread_taps", spread_taps},
    {"chain_pools", chain_pools},
    {"join_pads", join_pads},
    {"fit_channels", fit_channels},
    {"fold_blocks", fold_blocks},      // multiplies by zeros
    {"pick_elements", pick_elements},  // behind fold_blocks: computes what is then dropped
    {"identity_convolution", identity_convolution},
};

}  // namespace

std::span<const Change> changes() {
  return kChanges;
}

}  // namespace quern::npu
