#include "quern/tensor.h"

#include <gtest/gtest.h>

namespace quern {
namespace {

TEST(Tensor, HoldsWhatItWasGiven) {
  const Tensor t = Tensor::of<float>({2, 2}, {1, 2, 3, 4});
  EXPECT_EQ(t.size(), 4);
  EXPECT_EQ(t.data<float>()[3], 4.0f);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(t.raw()) % 64, 0U);
}

TEST(Tensor, CloneDoesNotShare) {
  Tensor a = Tensor::of<int8_t>({2}, {1, 2});
  Tensor b = a.clone();
  b.mutable_data<int8_t>()[0] = 9;
  EXPECT_EQ(a.data<int8_t>()[0], 1);
}

TEST(Tensor, RefusesSizesBeyondTheLimit) {
  EXPECT_EQ(Tensor::make(DType::float32, {1 << 20, 1 << 20}).error().code, ErrorCode::out_of_memory);
  EXPECT_EQ(Tensor::make(DType::float32, {int64_t{1} << 62, int64_t{1} << 62, 0}).error().code,
            ErrorCode::out_of_memory);
  EXPECT_EQ(Tensor::make(DType::float32, {-1}).error().code, ErrorCode::invalid_argument);
}

TEST(Tensor, EmptyExtentsAreFine) {
  const auto t = Tensor::make(DType::float32, {0, 3});
  ASSERT_TRUE(t.ok());
  EXPECT_EQ(t->size(), 0);
}

}  // namespace
}  // namespace quern
