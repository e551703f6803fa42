// The words of the text form: a cursor over the text that knows line and column. Used by text_parse.cc alone.
#pragma once

#include <charconv>
#include <string>
#include <string_view>

#include "base/error.h"

namespace quern {

/// Reads forwards only; every error says where. Blanks, line ends and `#` comments are skipped between words.
class TextLexer {
 public:
  explicit TextLexer(std::string_view text) : text_(text) {}

  /// Where the next word starts.
  size_t position() {
    skip_blanks();
    return position_;
  }

  bool at_end() {
    skip_blanks();
    return position_ == text_.size();
  }

  /// The next character, or 0 at the end; nothing is taken.
  char peek() {
    skip_blanks();
    return position_ < text_.size() ? text_[position_] : '\0';
  }

  /// Takes `wanted` if it comes next.
  bool accept(char wanted) {
    if (peek() != wanted || at_end()) return false;
    ++position_;
    return true;
  }

  Status expect(char wanted) {
    if (accept(wanted)) return {};
    return error("expected '{}'{}", wanted, found());
  }

  /// A run of name and number characters; empty when none comes next.
  std::string_view word() {
    skip_blanks();
    const size_t start = position_;
    while (position_ < text_.size() && is_word(text_[position_])) ++position_;
    return text_.substr(start, position_ - start);
  }

  /// The word that comes next, left where it is.
  std::string_view peek_word() {
    skip_blanks();
    const size_t start = position_;
    const std::string_view seen = word();
    position_ = start;
    return seen;
  }

  bool accept_word(std::string_view wanted) {
    if (peek_word() != wanted) return false;
    word();
    return true;
  }

  /// A name: a word, or anything in quotes.
  Result<std::string> name() {
    if (peek() == '"') return quoted();
    const std::string_view plain = word();
    if (plain.empty()) return error("expected a name{}", found());
    return std::string(plain);
  }

  Result<std::string> quoted() {
    QUERN_CHECK(expect('"'));
    std::string out;
    while (position_ < text_.size()) {
      const char c = text_[position_++];
      if (c == '"') return out;
      if (c != '\\') {
        out += c;
        continue;
      }
      QUERN_TRY(const char escaped, escape());
      out += escaped;
    }
    return error("the text ends inside a quoted name");
  }

  /// An integer or float of exactly type T, in the form std::from_chars reads.
  template <typename T>
  Result<T> number() {
    skip_blanks();
    const size_t start = position_;
    const std::string_view seen = word();
    T value{};
    const auto [end, code] = std::from_chars(seen.data(), seen.data() + seen.size(), value);
    if (!seen.empty() && code == std::errc() && end == seen.data() + seen.size()) return value;
    position_ = start;
    if (seen.empty()) return error("expected a number{}", found());
    return error("'{}' is not a number that fits here", seen);
  }

  /// An invalid_argument that names the place: where the cursor stands, or `at`.
  template <typename... Args>
  Error error(fmt::format_string<Args...> sentence, Args&&... args) const {
    return error_at(position_, fmt::format(sentence, std::forward<Args>(args)...));
  }
  Error error_at(size_t at, const std::string& sentence) const;

  /// ", found …" for the word or character that stands where something else should.
  std::string found();

 private:
  static bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == '/' || c == '@' || c == '$' || c == '+' || c == '-';
  }
  void skip_blanks();
  Result<char> escape();

  std::string_view text_;
  size_t position_ = 0;
};

}  // namespace quern
