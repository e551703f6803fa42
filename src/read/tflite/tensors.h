// The tensors of a TFLite subgraph, doubted one by one as operators name them.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "quern/tensor.h"
#include "read/tflite/names.h"
#include "read/tflite/schema.h"

namespace quern::tflite {

/// One tensor as the file declares it. The shape of a tensor that is neither constant nor a graph input is only a hint.
struct TensorInfo {
  std::string name;  ///< unique in the graph
  DType dtype = DType::float32;
  Shape shape;
  Quantization quantization;
  bool constant = false;
  std::span<const std::byte> bytes;  ///< of a constant; exactly as many as shape and dtype ask for
};

/// What reading may still allocate. A small file can refer to the same bytes a million times; its sum is bounded here.
class Budget {
 public:
  explicit Budget(int64_t file_bytes);
  Status charge(int64_t bytes);

 private:
  int64_t limit_;
  int64_t left_;
};

/// Owns nothing of the file: `model` must outlive it.
class Tensors {
 public:
  Tensors(const schema::Model& model, const schema::SubGraph& subgraph, int64_t file_bytes);

  int count() const { return static_cast<int>(infos_.size()); }
  /// The tensor at an index of the file's own. Errors name the tensor. The pointer stays valid.
  Result<const TensorInfo*> info(int index);
  /// The array of a constant; float16 becomes float32. Requires info(index)->constant.
  Result<Tensor> constant(int index);

  Names names;
  Budget budget;
  /// What was mended in passing, as sentences for Origin::notes.
  std::vector<std::string> notes() const;

 private:
  Result<TensorInfo> parse(int index);
  Status read_bytes(const schema::Tensor& tensor, TensorInfo& info) const;
  Status read_quantization(const schema::Quantization& stored, TensorInfo& info);

  const schema::Model& model_;
  const schema::SubGraph& subgraph_;
  std::vector<std::unique_ptr<TensorInfo>> infos_;
  int renamed_ = 0;
  std::string renamed_example_;
  int axis_mended_ = 0;
  std::string axis_example_;
};

}  // namespace quern::tflite
