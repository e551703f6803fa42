#include "graph/text_lexer.h"

namespace quern {

Error TextLexer::error_at(size_t at, const std::string& sentence) const {
  size_t line = 1, column = 1;
  for (size_t i = 0; i < at && i < text_.size(); ++i) {
    column = text_[i] == '\n' ? 1 : column + 1;
    if (text_[i] == '\n') ++line;
  }
  return fail(ErrorCode::invalid_argument, "graph text, line {}, column {}: {}", line, column, sentence);
}

std::string TextLexer::found() {
  if (at_end()) return ", but the text ends";
  const std::string_view seen = peek_word();
  if (!seen.empty()) return fmt::format(", found '{}'", seen.substr(0, 40));
  const char c = peek();
  return c >= 0x20 && c < 0x7F ? fmt::format(", found '{}'", c) : std::string(", found a byte that is not text");
}

void TextLexer::skip_blanks() {
  while (position_ < text_.size()) {
    const char c = text_[position_];
    if (c == '#') {
      while (position_ < text_.size() && text_[position_] != '\n') ++position_;
    } else if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      ++position_;
    } else {
      return;
    }
  }
}

Result<char> TextLexer::escape() {
  if (position_ == text_.size()) return error("the text ends inside a quoted name");
  const char c = text_[position_++];
  if (c == '"' || c == '\\') return c;
  if (c == 'n') return '\n';
  if (c == 't') return '\t';
  unsigned value = 0;
  if (c == 'x' && position_ + 2 <= text_.size()) {
    const char* digits = text_.data() + position_;
    const auto [end, code] = std::from_chars(digits, digits + 2, value, 16);
    if (code == std::errc() && end == digits + 2) {
      position_ += 2;
      return static_cast<char>(value);
    }
  }
  return error("unknown escape in a quoted name; known are \\\", \\\\, \\n, \\t and \\xHH");
}

}  // namespace quern
