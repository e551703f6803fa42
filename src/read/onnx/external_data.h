// Tensors whose elements lie in a file beside the model.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "onnx.pb.h"
#include "quern/status.h"

namespace quern::onnx {

/// Reads parts of files that lie in the model's own folder, and nowhere else: no absolute path, no "..", no link that
/// leads out. Over its life it hands out no more bytes than those files hold, so that a small model cannot ask for one
/// big file a thousand times.
class ExternalData {
 public:
  /// `model_path` names the model file; its folder is the only one looked into.
  explicit ExternalData(const std::string& model_path);

  /// Fills `out` from where the tensor says its elements are. Errors: invalid_file, not_found, io.
  Status read(const TensorProto& tensor, std::span<std::byte> out);
  /// Bytes handed out so far.
  int64_t bytes() const { return taken_; }

 private:
  struct File {
    std::string path;
    int64_t size = 0;
  };
  Result<File> open(const std::string& location);

  std::string folder_;
  std::map<std::string, File> files_;  ///< by location
  int64_t allowed_ = 0;                ///< bytes of all files seen
  int64_t taken_ = 0;
};

}  // namespace quern::onnx
