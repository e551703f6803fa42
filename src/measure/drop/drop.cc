#include "measure/drop/drop.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "measure/drop/burdens.h"
#include "measure/drop/fewest.h"
#include "measure/drop/fingerprint.h"
#include "quern/measure.h"

namespace quern {

int64_t DropTrial::kept() const {
  std::set<std::string> names(int16.begin(), int16.end());
  names.insert(kept_float.begin(), kept_float.end());
  return static_cast<int64_t>(names.size());
}

namespace {

/// Beyond every drop of use; what a ledger can hold.
constexpr double kGreatestDrop = 1e6;

class Search {
 public:
  Search(const DropGround& ground, Ledger ledger)
      : ground_(ground.ground), seat_(ground), limit_(*ground.ground.options().max_drop), ledger_(std::move(ledger)) {}

  Result<DropFound> run() {
    report_.most = limit_.most;
    report_.metric = limit_.metric;
    if (limit_.measure) {
      QUERN_TRY(report_.reference, limit_.measure(ground_.model()));
    }
    std::vector<DropStep> steps = drop_steps(ground_.assignment(), ground_.options().full_integer);
    const SearchGround now = here();
    ground_.tell("measuring operators one by one", 0);
    QUERN_CHECK(measure_burdens(now, seat_.recipe, steps));
    QUERN_CHECK(fewest_kept(std::move(steps), limit_.most, [&](const auto& kept) { return drop_with(kept); }).status());
    return choose();
  }

 private:
  struct Tried {
    Kept kept;
    DropTrial trial;
  };

  SearchGround here() const {
    return {ground_.assignment(), ground_.parts(), ground_.samples(), ground_.options(), ground_.pool()};
  }

  Result<double> drop_with(const std::vector<DropStep>& steps) {
    Tried now;
    std::set<std::string> wide;
    std::set<std::string> floats;
    for (const DropStep& step : steps) {
      now.kept.add(step.kept);
      (step.kept.floats.empty() ? wide : floats).insert(step.operators.begin(), step.operators.end());
    }
    const auto same = [&](const Tried& other) { return other.kept == now.kept; };
    if (const auto found = std::ranges::find_if(tried_, same); found != tried_.end()) return found->trial.drop;
    now.trial.int16.assign(wide.begin(), wide.end());
    now.trial.kept_float.assign(floats.begin(), floats.end());
    std::optional<TrialFigures> figures = ledger_.find(now.kept);
    if (figures) ++report_.remembered;
    if (!figures) {
      ground_.tell(fmt::format("model {}: {} kept", tried_.size() + 1, now.trial.kept()), 0);
      QUERN_TRY(figures, judged(now.kept));
      QUERN_CHECK(ledger_.add(now.kept, *figures));
    }
    now.trial.measured = figures->measured;
    now.trial.drop = figures->drop;
    tried_.push_back(now);
    return now.trial.drop;
  }

  Result<TrialFigures> judged(const Kept& kept) {
    QUERN_CHECK(ground_.keep(kept));
    if (limit_.measure) {
      QUERN_TRY(const Model model, seat_.make());
      QUERN_TRY(const double measured, limit_.measure(model));
      return TrialFigures{measured, *report_.reference - measured};
    }
    QUERN_TRY(const Judgement errors, judge(here(), seat_.recipe));
    return worst_of(errors.outputs());
  }

  /// Outputs that are silent on all samples say nothing.
  static Result<TrialFigures> worst_of(const std::vector<ErrorSum>& outputs) {
    TrialFigures worst{Distance::kMaxDb, 0};
    bool any = false;
    for (const ErrorSum& sum : outputs) {
      if (!(sum.signal > 0)) continue;
      any = true;
      worst.measured = std::min(worst.measured, std::max(sum.sqnr_db(), -Distance::kMaxDb));
      worst.drop = std::max(worst.drop, std::min(100 * sum.relative_l2(), kGreatestDrop));
    }
    if (any) return worst;
    return fail(ErrorCode::invalid_argument,
                "--max-drop: no output of the model is float and other than 0, so that its error could be measured; "
                "give labelled pictures by --labels");
  }

  Result<DropFound> choose() {
    std::ranges::stable_sort(tried_, [](const Tried& a, const Tried& b) {
      return std::tuple(a.trial.kept(), a.trial.drop, a.trial.kept_float.size()) <
             std::tuple(b.trial.kept(), b.trial.drop, b.trial.kept_float.size());
    });
    std::vector<Kept> kept;
    for (const Tried& one : tried_) {
      if (!report_.pareto.empty() && !(one.trial.drop < report_.pareto.back().drop)) continue;
      report_.pareto.push_back(one.trial);
      kept.push_back(one.kept);
    }
    report_.tried = static_cast<int64_t>(tried_.size());
    const auto meets = [&](const DropTrial& trial) { return trial.drop <= limit_.most; };
    const auto first = std::ranges::find_if(report_.pareto, meets);
    report_.met = first != report_.pareto.end();
    report_.chosen = report_.met ? static_cast<size_t>(first - report_.pareto.begin()) : report_.pareto.size() - 1;
    QUERN_CHECK(ground_.keep(kept[report_.chosen]));
    return DropFound{kept[report_.chosen], std::move(report_)};
  }

  Ground& ground_;
  const DropGround& seat_;
  const DropLimit& limit_;
  Ledger ledger_;
  std::vector<Tried> tried_;
  DropReport report_;
};

}  // namespace

Result<Ledger> open_ledger(const Ground& ground) {
  const DropLimit& limit = *ground.options().max_drop;
  DropFingerprint mark;
  if (!limit.ledger.empty()) {
    QUERN_TRY(mark, fingerprint(ground.model(), ground.data(), ground.options()));
  }
  return Ledger::open(limit.ledger, mark);
}

Result<DropFound> hold_limit(const DropGround& ground, Ledger ledger) {
  return Search(ground, std::move(ledger)).run();
}

}  // namespace quern
