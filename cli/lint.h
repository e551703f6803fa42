// What lint found, before a model is quantized and on its own.
#pragma once

#include <string>
#include <vector>

#include "output.h"
#include "quern/quantize.h"
#include "quern/task.h"

namespace quern::cli {

/// One paragraph a finding: level, rule and operator; what was measured; what to do. Notes are counted unless `notes`.
std::string lint_text(const std::vector<LintFinding>& findings, bool notes);
Json to_json(const std::vector<LintFinding>& findings);
/// Whether one is a warning or an error.
bool needs_attention(const std::vector<LintFinding>& findings);

/// What a task's record makes of bytes; nothing without a task, or where the record leaves it to the model.
std::optional<ExpectedInput> expected_input(const std::string& task, const Preprocess& record);

}  // namespace quern::cli
