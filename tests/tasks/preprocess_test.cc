#include <gmock/gmock.h>

#include "quern/task.h"

namespace quern {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(PreprocessText, IsReadAsWritten) {
  const auto record = parse_preprocess("fit=stretch order=bgr mean=104,117,123 std=1");
  ASSERT_TRUE(record.ok());
  EXPECT_EQ(record->order, Order::bgr);
  EXPECT_THAT(record->mean, ElementsAre(104, 117, 123));
  EXPECT_THAT(record->std_dev, ElementsAre(1));
}

TEST(PreprocessText, JsonAndTextAreTheSameRecord) {
  const auto json =
      parse_preprocess(R"({"fit":"crop:80","filter":"bicubic","mean":[123.675,116.28,103.53],"std":58.5})");
  ASSERT_TRUE(json.ok());
  EXPECT_EQ(json->fit, Fit::crop);
  EXPECT_EQ(json->crop_pct, 80);
  const auto text = parse_preprocess(to_text(*json));
  ASSERT_TRUE(text.ok());
  EXPECT_EQ(*text, *json);
  EXPECT_EQ(*parse_preprocess(to_json(*json)), *json);
}

TEST(PreprocessText, EmptyIsTheDefault) {
  EXPECT_EQ(*parse_preprocess(""), Preprocess{});
}
TEST(PreprocessText, AreaNamesBox) {
  EXPECT_EQ(parse_preprocess("filter=area")->filter, Filter::box);
}

struct Refusal {
  const char* text;
  const char* says;
};
class PreprocessRefusal : public testing::TestWithParam<Refusal> {};

TEST_P(PreprocessRefusal, SaysWhatIsWrong) {
  const auto record = parse_preprocess(GetParam().text);
  ASSERT_FALSE(record.ok());
  EXPECT_EQ(record.error().code, ErrorCode::invalid_argument);
  EXPECT_THAT(record.error().message, HasSubstr(GetParam().says));
}

const Refusal kRefusals[] = {
    {"fit=strech", "did you mean fit=stretch"},
    {"oder=bgr", "did you mean 'order'"},
    {"std=0", "must not be 0"},
    {"std=1,0,1", "must not be 0"},
    {"mean=1,2", "2 numbers"},
    {"mean=1e99", "not a number"},
    {"mean=nan", "not a number"},
    {"mean=", "0 numbers"},
    {"fit=crop:0", "percentage"},
    {"fit=letterbox:50", "only crop"},
    {"order=bgr order=rgb", "twice"},
    {"bgr", "key=value"},
    {"{\"fit\":", "not a JSON object"},
    {"{\"mean\":[1,\"2\",3]}", "list of numbers"},
    {"{\"fit\":{}}", "fit must be"},
};
INSTANTIATE_TEST_SUITE_P(Records, PreprocessRefusal, testing::ValuesIn(kRefusals));

TEST(PreprocessFile, ThatIsNotThereIsNotFound) {
  EXPECT_EQ(load_preprocess("no/such/record.json").error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace quern
