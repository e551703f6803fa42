// Small pieces of HTML.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace quern::html {

/// Text for element content and attribute values.
std::string escaped(const std::string& text);
/// A "data:" address for a picture's bytes.
std::string data_uri(const std::string& type, std::span<const std::byte> bytes);
/// Decibels with one digit, "equal" where nothing differs.
std::string db(double value);
/// The last `count` characters behind an ellipsis, when there are more.
std::string tail(const std::string& text, size_t count);

/// A box with a heading, a line on how to read it, and what it holds.
std::string card(const std::string& head, const std::string& hint, const std::string& body);

/// The style sheet of every report, light and dark.
extern const char* const kStyle;

}  // namespace quern::html
