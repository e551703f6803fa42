#include "targets/sim/estimate.h"

#include <algorithm>
#include <set>

namespace quern {

namespace {

int64_t up(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

/// Multiply-accumulates of the engine: channels rounded up, a kernel row folded into few channels.
int64_t padded_macs(const EstimateLayer& layer, const TargetProfile& profile) {
  const auto [height, width] = layer.kernel;
  const int64_t gi = profile.figures.channels_in, go = profile.figures.channels_out;
  if (layer.kind == WorkKind::depthwise) return up(layer.cout, go) * height * width * layer.pixels;
  if (layer.kind != WorkKind::conv) return 0;
  const int64_t cin = layer.cin / layer.groups, cout = layer.cout / layer.groups;
  const bool folds = profile.fold_kernel_row && cin < gi;
  const int64_t depth = folds ? up(cin * width, gi) * height : up(cin, gi) * height * width;
  return layer.groups * depth * up(cout, go) * layer.pixels;
}

int64_t operand_bytes(const EstimateLayer& layer) {
  int64_t sum = 0;
  for (const EstimateOperand& operand : layer.operands) sum += operand.bytes;
  return sum;
}

/// Whether each layer's result stays in scratch: it and all that read it fit there with what they read and write.
std::vector<bool> residency(const std::vector<EstimateLayer>& layers, int64_t scratch) {
  std::vector<bool> stays(layers.size()), read(layers.size());
  for (size_t i = 0; i < layers.size(); ++i) {
    const bool fits = operand_bytes(layers[i]) + layers[i].output_bytes <= scratch;
    stays[i] = fits;
    for (const EstimateOperand& operand : layers[i].operands) {
      if (operand.producer < 0) continue;
      const auto producer = static_cast<size_t>(operand.producer);
      read[producer] = true;
      stays[producer] = stays[producer] && fits;
    }
  }
  for (size_t i = 0; i < layers.size(); ++i) stays[i] = stays[i] && read[i];
  return stays;
}

/// The list under a profile, one layer after the other.
class Estimator {
 public:
  Estimator(const std::vector<EstimateLayer>& layers, const TargetProfile& profile)
      : layers_(layers),
        profile_(profile),
        figures_(profile.figures),
        stays_(residency(layers, figures_.scratch_bytes)) {
    for (const EstimateLayer& layer : layers) missing_.push_back(static_cast<double>(layer.weight_bytes));
  }

  Estimate run() {
    made_.layers.resize(layers_.size());
    for (size_t i = 0; i < layers_.size(); ++i) {
      weigh(i);
      time(i);
      made_.total_ms += made_.layers[i].total_ms;
    }
    made_.run_ms = figures_.run_us / 1e3;
    made_.total_ms += made_.run_ms;
    return std::move(made_);
  }

 private:
  bool is_fused(const EstimateLayer& layer) const {
    const auto behind_conv = [&](const EstimateOperand& operand) {
      if (operand.producer < 0) return false;
      const WorkKind kind = layers_[static_cast<size_t>(operand.producer)].kind;
      return kind == WorkKind::conv || kind == WorkKind::depthwise;
    };
    return layer.kind == WorkKind::join && profile_.fuse_add && std::ranges::any_of(layer.operands, behind_conv);
  }

  int64_t crossing(size_t i) const {
    const EstimateLayer& layer = layers_[i];
    if (layer.crossing_bytes) return *layer.crossing_bytes;
    if (layer.kind == WorkKind::move) return 0;
    int64_t sum = stays_[i] ? 0 : layer.output_bytes;
    for (const EstimateOperand& operand : layer.operands) {
      if (operand.producer < 0 || !stays_[static_cast<size_t>(operand.producer)]) sum += operand.bytes;
    }
    return sum;
  }

  /// What does not depend on the layers before it in time: level, fusing, bytes, products.
  void weigh(size_t i) {
    const EstimateLayer& layer = layers_[i];
    LayerEstimate& made = made_.layers[i];
    made.fused = is_fused(layer);
    const bool free = made.fused || layer.kind == WorkKind::move;
    for (const EstimateOperand& operand : layer.operands) {
      if (operand.producer >= 0)
        made.level = std::max(made.level, made_.layers[static_cast<size_t>(operand.producer)].level);
    }
    if (!free) ++made.level;
    const bool charged = !free && (charged_.insert(made.level).second || profile_.overhead == OverheadRule::layer);
    made.overhead_ms = charged ? figures_.layer_us / 1e3 : 0;
    made.padded_macs = padded_macs(layer, profile_);
    made.crossing_bytes = crossing(i);
  }

  int64_t vector_bytes(size_t i) const {
    const EstimateLayer& layer = layers_[i];
    const bool works = layer.kind == WorkKind::vector || (layer.kind == WorkKind::join && !made_.layers[i].fused);
    const bool looks_up =
        layer.activation && std::ranges::find(profile_.lookup_pass, *layer.activation) != profile_.lookup_pass.end();
    return (works ? operand_bytes(layer) + layer.output_bytes : 0) + (looks_up ? 2 * layer.output_bytes : 0);
  }

  /// Multiply-accumulates a millisecond of the engine the layer runs on.
  double rate(const EstimateLayer& layer) const {
    if (layer.kind == WorkKind::depthwise) return figures_.depthwise_gmac_per_s * 1e6;
    const bool wide = layer.wide && figures_.macs_per_cycle_int16 > 0;
    return peak_macs_per_s(figures_, wide) * figures_.mac_efficiency / 1e3;
  }

  void time(size_t i) {
    LayerEstimate& made = made_.layers[i];
    const double products = static_cast<double>(made.padded_macs) / rate(layers_[i]);
    const double vector = static_cast<double>(vector_bytes(i)) / (figures_.vector_gb_per_s * 1e6);
    const double bandwidth = figures_.dma_gb_per_s * 1e6;  // bytes a millisecond
    const double own = static_cast<double>(made.crossing_bytes) + missing_[i];
    made.compute_ms = products + vector;
    made.dma_ms = own > 0 ? own / bandwidth + figures_.dma_latency_us / 1e3 : 0;
    made.total_ms = std::max(made.compute_ms + made.overhead_ms, made.dma_ms);
    ahead_ -= static_cast<double>(layers_[i].weight_bytes) - missing_[i];
    made.bound_by = bound_by(made, products, vector, layers_[i].kind == WorkKind::depthwise);
    load_ahead(i, (made.total_ms - made.dma_ms) * bandwidth);
  }

  static BoundBy bound_by(const LayerEstimate& made, double products, double vector, bool depthwise) {
    if (made.total_ms <= 0) return BoundBy::nothing;
    if (made.dma_ms > made.compute_ms + made.overhead_ms) return BoundBy::dma;
    if (made.overhead_ms >= std::max(products, vector)) return BoundBy::overhead;
    if (vector > products) return BoundBy::vector;
    return depthwise ? BoundBy::depthwise : BoundBy::compute;
  }

  /// While the DMA engine would be idle it loads the weights of the next layers, at most half the scratch memory ahead.
  void load_ahead(size_t i, double left) {
    const double room = static_cast<double>(figures_.scratch_bytes) / 2;
    for (size_t j = i + 1; j < layers_.size(); ++j) {
      const double taken = std::min({left, missing_[j], room - ahead_});
      if (taken > 0) {
        missing_[j] -= taken;
        ahead_ += taken;
        left -= taken;
      }
      if (missing_[j] > 0) return;
    }
  }

  const std::vector<EstimateLayer>& layers_;
  const TargetProfile& profile_;
  const TargetFigures& figures_;
  std::vector<bool> stays_;
  std::vector<double> missing_;  ///< weight bytes not yet loaded
  double ahead_ = 0;             ///< weight bytes loaded for later layers
  std::set<int> charged_;        ///< levels that the overhead was charged for
  Estimate made_;
};

}  // namespace

const char* to_string(BoundBy bound) {
  constexpr const char* kNames[] = {"nothing", "compute", "depthwise", "vector", "dma", "overhead"};
  return kNames[static_cast<size_t>(bound)];
}

Estimate estimate(const std::vector<EstimateLayer>& layers, const TargetProfile& profile) {
  return Estimator(layers, profile).run();
}

}  // namespace quern
