// OpenCV's picture codecs, loaded when the first picture is read or written: they bring well over a hundred libraries
// with them, which would cost every start of the program 50 ms and 40 MiB.
#pragma once

#include <opencv2/core.hpp>

#include "quern/status.h"

namespace quern {

/// The two functions of opencv2/imgcodecs.hpp that pictures need.
struct Codecs {
  cv::Mat (*decode)(cv::InputArray bytes, int flags) = nullptr;
  bool (*encode)(const cv::String& suffix, cv::InputArray picture, std::vector<uint8_t>& bytes,
                 const std::vector<int>& parameters) = nullptr;
};

/// unsupported when the library is not there or is not the one that Quern was built with.
Result<Codecs> codecs();

}  // namespace quern
