// What the steps on pictures ask of a Picture before they touch its pixels.
#pragma once

#include "quern/task.h"

namespace quern {

/// Errors: invalid_argument for a bad extent or channel count, out_of_memory beyond the limits of a picture.
Status check_extents(int64_t width, int64_t height, int channels);
/// The same of a whole picture, and that it has the bytes its fields promise: callers outside fill them by hand.
Status check_picture(const Picture& picture);

}  // namespace quern
