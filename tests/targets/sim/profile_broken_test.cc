// Files of targets that are wrong: each is refused with a sentence that says where, or read as what it says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "small_profile.h"

namespace quern {
namespace {

using Json = nlohmann::ordered_json;
using test::small_profile_json;
using testing::HasSubstr;

std::string refusal(const std::string& text) {
  const auto profile = parse_profile(text, "f.json");
  if (profile.ok()) return "taken";
  EXPECT_EQ(profile.error().code, ErrorCode::invalid_file);
  EXPECT_EQ(profile.error().file, "f.json");
  EXPECT_THAT(profile.error().message, testing::StartsWith("'f.json': "));
  return profile.error().message;
}

/// The small profile with one value set, and what is said of it.
std::string refusal_with(const std::string& pointer, const Json& value) {
  Json json = small_profile_json();
  json[Json::json_pointer(pointer)] = value;
  return refusal(json.dump());
}

/// Every object and array of a document, as pointers.
void containers(const Json& json, const std::string& at, std::vector<std::string>& found) {
  if (!json.is_structured()) return;
  found.push_back(at);
  for (const auto& [key, value] : json.items()) {
    std::string escaped;
    for (const char c : key) escaped += c == '/' ? "~1" : c == '~' ? "~0" : std::string(1, c);
    containers(value, at + "/" + escaped, found);
  }
}

TEST(BrokenProfile, EveryRequiredFieldIsMissedByName) {
  const Json whole = small_profile_json();
  std::vector<std::string> places;
  containers(whole, "", places);
  size_t tried = 0;
  for (const std::string& place : places) {
    const Json& object = whole[Json::json_pointer(place)];
    if (!object.is_object() || place.starts_with("/operators") || place.starts_with("/modes")) continue;
    for (const auto& [key, value] : object.items()) {
      if (key == "fit") continue;
      Json json = whole;
      json[Json::json_pointer(place)].erase(key);
      EXPECT_THAT(refusal(json.dump()), HasSubstr("lacks the field '" + key + "'")) << place;
      ++tried;
    }
  }
  EXPECT_GT(tried, 45u);
}

TEST(BrokenProfile, EveryValueOfAnotherTypeIsRefused) {
  const Json flat = small_profile_json().flatten();
  for (const auto& [pointer, value] : flat.items()) {
    if (value == "-inf") continue;  // a number or this word
    for (const Json& other :
         {Json(nullptr), Json::object(), Json::array(), Json(value.is_string() ? Json(1) : Json("x")),
          Json(value.is_boolean() ? Json(0) : Json(true))}) {
      EXPECT_THAT(refusal_with(pointer, other), testing::Not("taken")) << pointer << " " << other;
    }
  }
}

TEST(BrokenProfile, EveryUnknownFieldIsNamedWithTheNearest) {
  const Json whole = small_profile_json();
  std::vector<std::string> places;
  containers(whole, "", places);
  for (const std::string& place : places) {
    if (!whole[Json::json_pointer(place)].is_object()) continue;
    Json json = whole;
    json[Json::json_pointer(place)]["no_such"] = 1;
    EXPECT_THAT(refusal(json.dump()), HasSubstr("'no_such' that is none; did you mean '")) << place;
  }
  EXPECT_THAT(refusal_with("/clock_mzh", 1), HasSubstr("did you mean 'clock_mhz'?"));
}

TEST(BrokenProfile, RangesAreSaidWithTheValue) {
  EXPECT_EQ(refusal_with("/dma/gb_per_s", -3), "'f.json': dma.gb_per_s is -3; a number from 0.001 to 100000 is needed");
  EXPECT_EQ(refusal_with("/mac_efficiency", 1.5),
            "'f.json': mac_efficiency is 1.5; a number from 0.001 to 1 is needed");
  EXPECT_EQ(refusal_with("/scratch/banks", 2.5),
            "'f.json': scratch.banks is 2.5; a whole number from 1 to 65536 is needed");
  EXPECT_EQ(refusal_with("/modes/1/share", 0), "'f.json': modes[1].share is 0; a number from 0.001 to 1 is needed");
  EXPECT_EQ(refusal_with("/operators/0/pad", Json::array({4, 2})),
            "'f.json': operators[0].pad[1] is 2; a whole number from 4 to 1099511627776 is needed");
  EXPECT_THAT(refusal_with("/scratch/bytes", 18446744073709551615u),
              HasSubstr("scratch.bytes is 18446744073709551615;"));
  EXPECT_THAT(refusal_with("/clock_mhz", 0), HasSubstr("clock_mhz is 0;"));
}

TEST(BrokenProfile, WordsAreSpelled) {
  EXPECT_EQ(refusal_with("/operators/0/kinds/0", "Convolution"),
            "'f.json': operators[0].kinds[0] is 'Convolution', which is not known; did you mean 'Conv'?");
  EXPECT_THAT(refusal_with("/overhead/counted", "layers"), HasSubstr("did you mean 'layer'?"));
  EXPECT_THAT(refusal_with("/provenance/clock_mhz/0", "guessed"), HasSubstr("provenance.clock_mhz[0] is 'guessed'"));
  EXPECT_THAT(refusal_with("/schema", "quern.target/2"), HasSubstr("did you mean 'quern.target/1'?"));
  EXPECT_THAT(refusal_with("/name", "My Chip"), HasSubstr("a-z, 0-9"));
}

TEST(BrokenProfile, PartsThatContradictEachOther) {
  EXPECT_THAT(refusal_with("/default_mode", 5), HasSubstr("default_mode is 5, and no mode has that id"));
  EXPECT_THAT(refusal_with("/modes/1/id", 0), HasSubstr("modes[1] has id 0, as another has"));
  EXPECT_THAT(refusal_with("/operators/1/kinds/0", "Conv"),
              HasSubstr("operators[1] names Conv, which stands in a row"));
  EXPECT_THAT(refusal_with("/macs_per_cycle/int16", 0),
              HasSubstr("takes 16-bit values, but macs_per_cycle.int16 is 0"));
  EXPECT_THAT(refusal_with("/scratch/banks", 3), HasSubstr("65536 bytes of scratch memory in 3 banks"));
  EXPECT_THAT(refusal_with("/operators/0/types/0", "float32"), HasSubstr("gives float32 to Conv"));
  EXPECT_THAT(refusal_with("/fit/0/mode", 3), HasSubstr("fit[0] is about mode 3"));
  EXPECT_THAT(refusal_with("/modes/1/figures", Json{{"clock_mhz", 5}}),
              HasSubstr("modes[1] lacks the field 'provenance'"));
  EXPECT_THAT(refusal_with("/modes/1/provenance", Json::object()), HasSubstr("but no 'figures' of its own"));
  EXPECT_THAT(refusal_with("/scratch/bytes", 2048), HasSubstr("modes[2] leaves 512 of scratch.bytes"));
}

TEST(BrokenProfile, KeyGivenTwiceIsRefused) {
  std::string text = small_profile_json().dump();
  text.insert(1, "\"about\": \"first\",");
  EXPECT_THAT(refusal(text), HasSubstr("gives 'about' twice"));
}

TEST(BrokenProfile, WhatIsNotJsonIsPlaced) {
  EXPECT_EQ(refusal("{\n  \"a\" 1}"), "'f.json': this is not JSON from line 2, column 7 on");
  EXPECT_THAT(refusal(""), HasSubstr("not JSON"));
  EXPECT_THAT(refusal("[]"), HasSubstr("an object {...} is needed"));
  EXPECT_THAT(refusal(std::string((1 << 20) + 1, ' ')), HasSubstr("the limit is 1048576"));
  EXPECT_THAT(refusal("{\"clock_mhz\": 1e999}"), HasSubstr("too large"));
  EXPECT_THAT(refusal("{\"a\": \"\xff\"}"), HasSubstr("not JSON"));
}

TEST(BrokenProfile, CutAtEveryByteIsRefused) {
  const std::string text = small_profile_json().dump();
  for (size_t size = 0; size < text.size(); ++size)
    EXPECT_THAT(refusal(text.substr(0, size)), HasSubstr("not JSON")) << size;
}

TEST(BrokenProfile, EveryByteChangedIsRefusedOrRead) {
  const std::string text = small_profile_json().dump();
  size_t refused = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    std::string changed = text;
    changed[i] = static_cast<char>(changed[i] ^ 0x15);
    const auto profile = parse_profile(changed, "f.json");
    if (profile.ok()) continue;
    ++refused;
    EXPECT_EQ(profile.error().code, ErrorCode::invalid_file);
    EXPECT_FALSE(profile.error().message.empty());
  }
  EXPECT_GT(refused, text.size() / 2);
}

}  // namespace
}  // namespace quern
