#include "base/error.h"
#include "read/reader.h"

namespace quern {

Result<Graph> read_onnx(std::span<const std::byte> bytes, const std::string& path) {
  (void)bytes;
  return Error{.code = ErrorCode::unsupported, .message = "this build of Quern does not read ONNX files", .file = path};
}

}  // namespace quern
