// What can be kept out of 8 bits, one thing at a time.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "measure/calibrate/ground.h"

namespace quern {

/// One thing that 8 bits cost, and what takes the cost away.
///   * The rounding of a stored value (and all that share its scale): 16 bits take it away. Full-integer models have no
///     16 bits; there the operators that make and read the value are kept in float, so that nothing is stored.
///   * The rounding of an operator's weights: only float takes it away.
struct DropStep {
  Kept kept;
  std::set<std::string> operators;  ///< that are kept by it, for people; an input by its own name
  std::vector<ValueId> rounded;     ///< made values whose rounding it saves
  int weights = -1;                 ///< the operator whose weights' rounding it saves; -1: none's
  double burden = 0;                ///< noise over signal at the outputs, by this alone (burdens.h)

  double weight() const { return burden / static_cast<double>(operators.size()); }
};

/// In the order of the network. What the user keeps already is not among them.
std::vector<DropStep> drop_steps(const Assignment& assignment, bool full_integer);

/// The name under which people know who makes a stored value: the operator (the product, where an activation is
/// computed with it), or the model's input.
std::string maker_name(const Assignment& assignment, const Uses& uses, ValueId id);

/// By those names, in the order of the network: operators whose arithmetic stays float, and whose results are wide.
std::vector<std::string> kept_float_names(const Assignment& assignment);
std::vector<std::string> kept_int16_names(const Assignment& assignment);

}  // namespace quern
