// The way from int32 sums back to 8 bits against its law, kernels/requantize.h, where rows' cases seldom go: sums at
// the ends of int32, ties, and every shift.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "base/isa.h"
#include "kernels/gemm/store_rule.h"
#include "kernels/gemm/x86.h"

namespace quern::emulated {
void avx2_store_integer(const TileOutput& tile, const StoreRule& rule);
void avx512_store_integer(const TileOutput& tile, const StoreRule& rule);
void avx2_store_words(const TileOutput& tile, const StoreRule& rule);
void avx512_store_words(const TileOutput& tile, const StoreRule& rule);
}  // namespace quern::emulated

namespace quern {
namespace {

constexpr int kChannels = 61;
constexpr uint32_t kSeed = 7;

/// Sums of every magnitude, the ends of int32 among them.
std::vector<int32_t> sums_of_all_sizes(std::mt19937& engine) {
  std::vector<int32_t> sums(kChannels);
  for (int32_t& sum : sums) sum = static_cast<int32_t>(engine()) >> (engine() % 32);
  sums[0] = std::numeric_limits<int32_t>::min();
  sums[1] = std::numeric_limits<int32_t>::max();
  sums[2] = 0;
  return sums;
}

/// Of a signed type whose greatest value is `most`.
Requantization random_rule(std::mt19937& engine, Rounding rounding, int32_t most = 127) {
  Requantization r;
  r.rounding = rounding;
  r.zero_point = static_cast<int32_t>(engine() % static_cast<uint32_t>(2 * most + 2)) - most - 1;
  r.out_min = -most - 1;
  r.out_max = engine() % 2 == 0 ? most : r.zero_point;
  for (int c = 0; c < kChannels; ++c) {
    const int shift = static_cast<int>(engine() % 62) - 31;
    const auto multiplier = static_cast<int32_t>((1u << 30) + engine() % (1u << 30));
    // Half of the factors are powers of two, which make ties.
    const bool even = engine() % 2 == 0;
    r.multiplier.push_back(even ? 1 << 30 : multiplier);
    r.shift.push_back(shift);
    r.scale.push_back(std::ldexp(static_cast<float>(r.multiplier.back()), shift - 31));
  }
  return r;
}

template <typename Code>
void expect_law(StoreInteger store) {
  std::mt19937 engine(kSeed);
  for (Rounding rounding : {Rounding::float_even, Rounding::fixed_double, Rounding::fixed_single}) {
    for (int round = 0; round < 200; ++round) {
      const Requantization law = random_rule(engine, rounding, std::numeric_limits<Code>::max());
      const PreparedStore prepared(law, std::vector<int32_t>(kChannels, 0));
      std::vector<int32_t> sums = sums_of_all_sizes(engine);
      sums.resize(kChannelPadding);
      std::vector<Code> out(kChannels);
      store({sums.data(), kChannelPadding, 1, kChannels, 0, reinterpret_cast<std::byte*>(out.data()), 0},
            prepared.rule());
      for (int c = 0; c < kChannels; ++c) {
        const auto i = static_cast<size_t>(c);
        ASSERT_EQ(static_cast<int>(out[i]), law.store(sums[i], c))
            << "sum " << sums[i] << ", multiplier " << law.multiplier[i] << ", shift " << law.shift[i] << ", rounding "
            << static_cast<int>(rounding) << ", seed " << kSeed;
      }
    }
  }
}

/// Results that stay real: the same float32 to the bit, bounds included.
void expect_real_law(StoreInteger store) {
  std::mt19937 engine(kSeed);
  for (int round = 0; round < 200; ++round) {
    Requantization law = random_rule(engine, Rounding::real);
    if (round % 2 == 0) law.clamp = {0, 6};
    const std::vector<int32_t> bias(kChannels, 5);
    const PreparedStore prepared(law, bias);
    std::vector<int32_t> sums = sums_of_all_sizes(engine);
    sums[1] -= bias[0];
    sums.resize(kChannelPadding);
    std::vector<float> out(kChannels);
    store({sums.data(), kChannelPadding, 1, kChannels, 0, reinterpret_cast<std::byte*>(out.data()), 4 * kChannels},
          prepared.rule());
    for (int c = 0; c < kChannels; ++c) {
      const auto i = static_cast<size_t>(c);
      ASSERT_EQ(out[i], law.to_real(sums[i] + bias[i], c)) << "sum " << sums[i] << ", seed " << kSeed;
    }
  }
}

TEST(X86Store, EqualsTheLawWhenEmulated) {
  for (StoreInteger store : {emulated::avx2_store_integer, emulated::avx512_store_integer}) {
    expect_law<int8_t>(store);
    expect_real_law(store);
  }
  for (StoreInteger store : {emulated::avx2_store_words, emulated::avx512_store_words}) {
    expect_law<int16_t>(store);
    expect_real_law(store);
  }
}

TEST(X86Store, Avx2EqualsTheLaw) {
  if (!supported(Isa::avx2)) GTEST_SKIP() << "this processor lacks avx2";
  expect_law<int8_t>(avx2_store_integer);
  expect_law<int16_t>(avx2_store_words);
  expect_real_law(avx2_store_integer);
}

TEST(X86Store, Avx512EqualsTheLaw) {
  if (!supported(Isa::avx512)) GTEST_SKIP() << "this processor lacks avx512";
  expect_law<int8_t>(avx512_store_integer);
  expect_law<int16_t>(avx512_store_words);
  expect_real_law(avx512_store_integer);
}

}  // namespace
}  // namespace quern
