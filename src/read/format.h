// Which format a file is in, told by its content alone: names lie.
#pragma once

#include <cstddef>
#include <span>

namespace quern {

enum class FileFormat {
  tflite,
  onnx,
  text,  ///< Quern's own text graph
  empty,
  torch_zip,     ///< PyTorch since 1.6
  torch_legacy,  ///< PyTorch before 1.6, or another pickle
  zip,           ///< a zip that is no PyTorch file
  hdf5,          ///< Keras .h5
  ncnn_param,
  tensorflow_pb,  ///< SavedModel or frozen GraphDef
  json,
  plan,  ///< a compiled .quern plan
  unknown,
};

FileFormat tell_format(std::span<const std::byte> bytes);

}  // namespace quern
