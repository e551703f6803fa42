// Truth files: what is read, and every slip named.
#include <gmock/gmock.h>

#include <filesystem>

#include "quern/file.h"
#include "quern/measure.h"

namespace quern {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// A file with this content, gone with the object.
class Scratch {
 public:
  explicit Scratch(const std::string& text)
      : path_((std::filesystem::path(testing::TempDir()) / "quern_truth").string()) {
    EXPECT_TRUE(write_file(path_, text).ok());
  }
  ~Scratch() { std::filesystem::remove(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::string class_complaint(const std::string& text) {
  const auto truth = read_class_truth(Scratch(text).path());
  return truth.ok() ? "none" : truth.error().message;
}

std::string box_complaint(const std::string& text) {
  const auto truth = read_box_truth(Scratch(text).path());
  if (truth.ok()) return "none";
  EXPECT_EQ(truth.error().code, ErrorCode::invalid_file);
  return truth.error().message;
}

TEST(ClassTruth, LinesAreReadWithBlanksOrTabs) {
  const auto truth = read_class_truth(Scratch("# head\n\na.jpg 3 stop sign\r\nb c.jpg\t4\tyield\nd.jpg   5").path());
  ASSERT_TRUE(truth.ok()) << truth.error().message;
  ASSERT_EQ(truth->size(), 3);
  EXPECT_EQ((*truth)[0].class_name, "stop sign");
  EXPECT_EQ((*truth)[1].picture, "b c.jpg");
  EXPECT_EQ((*truth)[1].class_index, 4);
  EXPECT_EQ((*truth)[2].class_index, 5);
}

TEST(ClassTruth, EverySlipNamesItsLine) {
  EXPECT_THAT(class_complaint("a.jpg 1\nb.jpg\n"), HasSubstr("line 2"));
  EXPECT_THAT(class_complaint("a.jpg one"), HasSubstr("is not 'picture class_index"));
  EXPECT_THAT(class_complaint("a.jpg -1"), HasSubstr("is not"));
  EXPECT_THAT(class_complaint("a.jpg 1x"), HasSubstr("is not"));
  EXPECT_THAT(class_complaint("a.jpg 1\na.jpg 2"), HasSubstr("'a.jpg' stands twice"));
  EXPECT_THAT(class_complaint("a.jpg 1 cat\nb.jpg 1 dog"), HasSubstr("class 1 is 'dog' here, but 'cat' before"));
  EXPECT_THAT(class_complaint("# nothing"), HasSubstr("names no picture"));
}

constexpr const char* kSound = R"({"info":{},
  "images":[{"id":7,"file_name":"b.jpg","width":4,"height":3},{"id":2,"file_name":"a.jpg"}],
  "categories":[{"id":9,"name":"hand"},{"id":1,"name":"face"}],
  "annotations":[
    {"image_id":7,"category_id":9,"bbox":[1,2,3,4],"area":5.5,"iscrowd":1,"segmentation":[[1,2],[3]]},
    {"image_id":2,"category_id":1,"bbox":[0,0,2,2]},
    {"image_id":3,"category_id":1,"bbox":[0,0,2,2]},
    {"image_id":2,"category_id":5,"bbox":[0,0,2,2]}]})";

TEST(BoxTruth, PicturesAndCategoriesAreInOrderOfTheirIds) {
  const auto truth = read_box_truth(Scratch(kSound).path());
  ASSERT_TRUE(truth.ok()) << truth.error().message;
  ASSERT_EQ(truth->pictures.size(), 2);
  EXPECT_EQ(truth->pictures[1].file, "b.jpg");
  EXPECT_EQ(truth->pictures[1].width, 4);
  EXPECT_EQ(truth->categories[1].name, "hand");
  ASSERT_EQ(truth->pictures[1].boxes.size(), 1);
  EXPECT_EQ(truth->pictures[1].boxes[0].category, 1);
  EXPECT_EQ(truth->pictures[1].boxes[0].area, 5.5);
  EXPECT_TRUE(truth->pictures[1].boxes[0].crowd);
  EXPECT_EQ(truth->pictures[0].boxes[0].area, 4) << "width times height where the file has none";
}

TEST(BoxTruth, WhatBelongsNowhereIsLeftOutAndSaid) {
  const auto truth = read_box_truth(Scratch(kSound).path());
  EXPECT_THAT(truth->notes, ElementsAre(HasSubstr("1 annotations are of no listed image"),
                                        HasSubstr("1 annotations are of no listed category")));
}

TEST(BoxTruth, EverySlipIsNamed) {
  const std::string images = R"("images":[{"id":1,"file_name":"a"}])";
  const std::string categories = R"("categories":[{"id":1,"name":"c"}])";
  const auto with = [&](const std::string& annotation) {
    return box_complaint("{" + images + "," + categories + ",\"annotations\":[" + annotation + "]}");
  };
  EXPECT_THAT(box_complaint("{"), HasSubstr("not a JSON object"));
  EXPECT_THAT(box_complaint("{}"), HasSubstr("list 'images'"));
  EXPECT_THAT(box_complaint("{" + images + "}"), HasSubstr("list 'categories'"));
  EXPECT_THAT(box_complaint(R"({"images":[{"id":1}],"categories":[],"annotations":[]})"),
              HasSubstr("image 0 has no text"));
  EXPECT_THAT(box_complaint(
                  R"({"images":[{"id":1,"file_name":"a"},{"id":1,"file_name":"b"}],"categories":[],"annotations":[]})"),
              HasSubstr("two images have the id 1"));
  EXPECT_THAT(box_complaint("{" + images + R"(,"categories":[],"annotations":[]})"), HasSubstr("no category"));
  EXPECT_THAT(with("7"), HasSubstr("annotation 0 has no whole number 'image_id'"));
  EXPECT_THAT(with(R"({"image_id":1,"category_id":"x"})"), HasSubstr("'category_id'"));
  for (const char* bbox : {"[]", "[1,2,3]", "[1,2,-3,4]", "[1,2,1e99,4]", "[1,2,null,4]", "5"}) {
    EXPECT_THAT(with(std::string(R"({"image_id":1,"category_id":1,"bbox":)") + bbox + "}"), HasSubstr("bbox of four"));
  }
}

TEST(BoxTruth, ContentTellsBoxesFromClasses) {
  EXPECT_TRUE(*is_box_truth(Scratch(" \n{}").path()));
  EXPECT_FALSE(*is_box_truth(Scratch("a.jpg 1").path()));
  EXPECT_EQ(is_box_truth("/no/such").error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace quern
