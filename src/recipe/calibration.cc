#include "quern/quantize.h"

namespace quern {

const char* to_string(Calibration calibration) {
  switch (calibration) {
    case Calibration::minmax:
      return "minmax";
    case Calibration::moving_average:
      return "moving-average";
    case Calibration::percentile:
      return "percentile";
    case Calibration::entropy:
      return "entropy";
    case Calibration::mse:
      return "mse";
    case Calibration::automatic:
      break;
  }
  return "auto";
}

}  // namespace quern
