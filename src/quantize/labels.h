// Which channels of which values may be scaled together without changing what a float graph computes.
//
// Scaling a channel by 1/s goes unnoticed when every operator up to the next matrix operators is homogeneous
// (f(x/s) = f(x)/s: Relu, LeakyRelu, pools, Add of two values scaled alike, whatever only moves elements), because the
// matrix operators at both ends can take s into their weights. The class of a channel is all channels of all values
// that must have the same s.
#pragma once

#include <vector>

#include "graph/graph.h"

namespace quern {

/// Channel classes of every value along its last axis.
class ChannelClasses {
 public:
  static constexpr int kFixed = 0;  ///< the class that cannot be scaled

  /// Requires a prepared float graph; edges that still pass float through are taken as fixed.
  static Result<ChannelClasses> find(const Graph& graph);

  /// The class of each index of the value's last axis; empty when channels cannot be told apart (all are kFixed then).
  const std::vector<int>& of(ValueId id) const { return classes_[static_cast<size_t>(id)]; }
  int count() const { return static_cast<int>(ceilings_.size()); }
  /// A Relu6's 6: a scaled channel must not exceed it. Infinity where there is none.
  float ceiling(int cls) const { return ceilings_[static_cast<size_t>(cls)]; }

 private:
  friend class ClassFinder;
  std::vector<std::vector<int>> classes_;
  std::vector<float> ceilings_;
};

}  // namespace quern
