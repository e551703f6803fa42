// The estimates of scripts/npu_estimate.py, which the figures were fitted with, and those of the library are the same.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "targets/sim/estimate.h"

namespace quern {
namespace {

using Json = nlohmann::json;

Json read_json(const std::string& path) {
  std::ifstream file(path);
  return Json::parse(file);
}

std::vector<EstimateOperand> operands_of(const Json& list, const std::vector<EstimateLayer>& layers) {
  std::vector<EstimateOperand> operands;
  for (const Json& item : list) {
    if (item.is_array()) {
      operands.push_back({item[0].get<int>(), item[1].get<int64_t>()});
    } else {
      operands.push_back({item.get<int>(), layers[item.get<size_t>()].output_bytes});
    }
  }
  return operands;
}

/// A row of config/targets/published/networks.json; scripts/npu_estimate.py says what stands where.
EstimateLayer layer_of(const Json& row, const std::vector<EstimateLayer>& layers) {
  EstimateLayer layer;
  const std::string kind = row[0];
  if (kind == "conv") {
    layer.groups = row[1], layer.cin = row[2], layer.cout = row[3], layer.pixels = row[6];
    layer.kernel = {row[4].get<int64_t>(), row[5].get<int64_t>()};
    const bool depthwise = layer.groups > 1 && layer.groups == layer.cin && layer.cin == layer.cout;
    layer.kind = depthwise ? WorkKind::depthwise : WorkKind::conv;
    layer.weight_bytes = layer.cin * layer.cout / layer.groups * layer.kernel[0] * layer.kernel[1] + 4 * layer.cout;
    for (const OpKind known : {OpKind::Swish, OpKind::Sigmoid, OpKind::LeakyRelu}) {
      if (row[7] == info(known).name) layer.activation = known;
    }
    layer.operands = operands_of(row[8], layers);
    layer.output_bytes = row.size() > 9 ? row[9].get<int64_t>() : layer.pixels * layer.cout;
  } else if (kind == "matmul") {
    layer.kind = WorkKind::conv;
    layer.cin = row[1], layer.cout = row[2], layer.pixels = row[3];
    layer.operands = operands_of(row[4], layers);
    layer.output_bytes = row.size() > 5 ? row[5].get<int64_t>() : layer.pixels * layer.cout;
  } else {
    layer.kind = kind == "join" ? WorkKind::join : kind == "move" ? WorkKind::move : WorkKind::vector;
    layer.operands = operands_of(row[1], layers);
    layer.output_bytes = row[2];
  }
  return layer;
}

TEST(GoldenEstimates, LibraryAndScriptAgree) {
  const Json networks = read_json("config/targets/published/networks.json");
  const Json golden = read_json("tests/targets/sim/golden_estimates.json");
  std::map<std::string, std::vector<EstimateLayer>> layers;
  std::map<std::string, size_t> targets;
  for (const Json& row : golden) {
    std::vector<EstimateLayer>& network = layers[row["network"]];
    if (network.empty()) {
      for (const Json& line : networks[row["network"].get<std::string>()]) network.push_back(layer_of(line, network));
    }
    const auto profile = find_profile(row["target"]);
    ASSERT_TRUE(profile.ok()) << profile.error().message;
    const auto mode = with_mode(*profile, row["mode"]);
    ASSERT_TRUE(mode.ok()) << mode.error().message;
    const double expected = row["ms"];
    EXPECT_NEAR(estimate(network, *mode).total_ms, expected, 1e-6 * expected) << row;
    ++targets[row["target"]];
  }
  EXPECT_EQ(targets.size(), shipped_profiles().size());
  EXPECT_GE(layers.size(), 3u);
}

}  // namespace
}  // namespace quern
