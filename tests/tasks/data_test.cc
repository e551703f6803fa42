// Data sets from folders, tars, lists and single files.
#include "quern/data.h"

#include <archive.h>
#include <archive_entry.h>
#include <gmock/gmock.h>

#include <filesystem>
#include <set>

#include "quern/file.h"

namespace quern {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

/// An empty folder of its own for each test.
class DataSetTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) / testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  void put(const std::string& name, const std::string& content) const {
    fs::create_directories(fs::path(path(name)).parent_path());
    ASSERT_TRUE(write_file(path(name), content).ok());
  }

  fs::path folder_;
};

/// A picture of one pixel whose red tells it from others.
std::string pixel(uint8_t red) {
  return std::string("P6\n1 1\n255\n") + static_cast<char>(red) + "\x01\x02";
}

std::string npy_of(const std::string& scratch, const Tensor& tensor) {
  EXPECT_TRUE(write_npy(scratch, tensor).ok());
  const auto bytes = read_file(scratch);
  fs::remove(scratch);
  return {reinterpret_cast<const char*>(bytes->data()), bytes->size()};
}

using Entries = std::vector<std::pair<std::string, std::string>>;

/// A tar (or zip) of these entries, through the filter given.
void pack(const std::string& path, const Entries& entries, int filter = ARCHIVE_FILTER_NONE,
          int format = ARCHIVE_FORMAT_TAR_PAX_RESTRICTED) {
  archive* tar = archive_write_new();
  ASSERT_EQ(archive_write_add_filter(tar, filter), ARCHIVE_OK);
  ASSERT_EQ(archive_write_set_format(tar, format), ARCHIVE_OK);
  ASSERT_EQ(archive_write_open_filename(tar, path.c_str()), ARCHIVE_OK);
  for (const auto& [name, content] : entries) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, name.c_str());
    archive_entry_set_size(entry, static_cast<la_int64_t>(content.size()));
    archive_entry_set_filetype(entry, name.ends_with('/') ? AE_IFDIR : AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    ASSERT_GE(archive_write_header(tar, entry), ARCHIVE_WARN);  // it warns of names beyond the locale
    archive_write_data(tar, content.data(), content.size());
    archive_entry_free(entry);
  }
  archive_write_close(tar);
  archive_write_free(tar);
}

std::vector<std::string> names(const DataSet& data) {
  std::vector<std::string> all;
  for (int64_t i = 0; i < data.size(); ++i) all.push_back(data.name(i));
  return all;
}

int red_of(const Result<Sample>& sample) {
  if (!sample.ok()) ADD_FAILURE() << sample.error().message;
  return sample.ok() ? std::get<Picture>(sample->parts.at(0).content).pixels.at(0) : -1;
}

Error open_error(const std::vector<std::string>& paths) {
  auto data = DataSet::open(paths);
  EXPECT_FALSE(data.ok());
  return data.ok() ? Error{} : data.error();
}

TEST_F(DataSetTest, AFolderIsReadInOrderOfNamesWithItsSubfolders) {
  put("b.ppm", pixel(2));
  put("a/z.ppm", pixel(1));
  put("c.ppm", pixel(3));
  auto data = DataSet::open({path("")});
  ASSERT_TRUE(data.ok()) << data.error().message;
  EXPECT_THAT(names(*data), ElementsAre("a/z.ppm", "b.ppm", "c.ppm"));
  EXPECT_EQ(red_of(data->read(0)), 1);
  EXPECT_EQ(red_of(data->read(2)), 3);
}

TEST_F(DataSetTest, ContentDecidesWhatIsAPicture) {
  put("picture.dat", pixel(1));
  put("labels.txt", "one\n");
  put(".hidden.ppm", pixel(2));
  auto data = DataSet::open({path("")});
  ASSERT_TRUE(data.ok()) << data.error().message;
  EXPECT_THAT(names(*data), ElementsAre("picture.dat"));
  EXPECT_THAT(data->notes(), ElementsAre(HasSubstr("2 files are neither picture nor array")));
}

TEST_F(DataSetTest, AFileNamedAsAPictureThatIsNoneIsAnError) {
  put("a.ppm", pixel(1));
  put("b.jpg", "<html>404</html>");
  const Error error = open_error({path("")});
  EXPECT_EQ(error.code, ErrorCode::invalid_file);
  EXPECT_THAT(error.message, HasSubstr("'b.jpg'"));
}

TEST_F(DataSetTest, EveryCompressionOfATarIsTheSame) {
  for (int filter : {ARCHIVE_FILTER_NONE, ARCHIVE_FILTER_GZIP, ARCHIVE_FILTER_XZ, ARCHIVE_FILTER_ZSTD}) {
    pack(path("set"), {{"./z.ppm", pixel(1)}, {"dir/", ""}, {"dir/a.ppm", pixel(2)}, {"README", "text"}}, filter);
    auto data = DataSet::open({path("set")});
    ASSERT_TRUE(data.ok()) << filter << data.error().message;
    EXPECT_THAT(names(*data), ElementsAre("z.ppm", "dir/a.ppm")) << filter;
    EXPECT_EQ(red_of(data->read(0)), 1);
    EXPECT_EQ(red_of(data->read(1)), 2);
    EXPECT_EQ(red_of(data->read(0)), 1) << "going back";
    EXPECT_EQ(red_of(data->read(0)), 1) << "staying";
  }
}

TEST_F(DataSetTest, TarEntriesMayHaveAnyName) {
  pack(path("set.tar"), {{"../../up.ppm", pixel(1)}, {"/abs.ppm", pixel(2)}, {"caf\xc3\xa9.ppm", pixel(3)}});
  auto data = DataSet::open({path("set.tar")});
  ASSERT_TRUE(data.ok()) << data.error().message;
  EXPECT_EQ(data->size(), 3);
  EXPECT_EQ(data->name(2), "caf\xc3\xa9.ppm");
  EXPECT_EQ(red_of(data->read(0)), 1);
  EXPECT_FALSE(fs::exists(folder_.parent_path().parent_path() / "up.ppm"));
}

TEST_F(DataSetTest, OneNameTwiceInATarIsAnError) {
  pack(path("set.tar"), {{"a.ppm", pixel(1)}, {"./a.ppm", pixel(2)}});
  EXPECT_THAT(open_error({path("set.tar")}).message, HasSubstr("two entries named 'a.ppm'"));
}

TEST_F(DataSetTest, ATarThatIsCutShortIsAnError) {
  Entries entries;
  for (int i = 0; i < 20; ++i) entries.emplace_back(std::to_string(i) + ".ppm", pixel(1) + std::string(5000, 'x'));
  pack(path("whole"), entries);
  const auto bytes = *read_file(path("whole"));
  for (size_t length : {size_t{600}, size_t{5000}, size_t{30000}, size_t{70001}}) {
    ASSERT_TRUE(write_file(path("cut.tar"), std::span(bytes).first(length)).ok());
    const Error error = open_error({path("cut.tar")});
    EXPECT_EQ(error.code, ErrorCode::invalid_file) << length;
    EXPECT_EQ(error.file, path("cut.tar"));
  }
}

TEST_F(DataSetTest, CompressedNonsenseIsAnError) {
  put("a.tar.gz", "\x1f\x8bnot really");
  EXPECT_EQ(open_error({path("a.tar.gz")}).code, ErrorCode::invalid_file);
  pack(path("text.gz"), {{"data", "no tar inside"}}, ARCHIVE_FILTER_GZIP, ARCHIVE_FORMAT_RAW);
  EXPECT_EQ(open_error({path("text.gz")}).code, ErrorCode::invalid_file);
}

TEST_F(DataSetTest, ADamagedEntryNamesArchiveAndEntry) {
  pack(path("set.tar"), {{"good.ppm", pixel(1)}, {"bad.ppm", "P6\n9 9\n255\n"}});
  auto data = DataSet::open({path("set.tar")});
  ASSERT_TRUE(data.ok()) << data.error().message;
  const auto bad = data->read(1);
  ASSERT_FALSE(bad.ok());
  EXPECT_THAT(bad.error().message, HasSubstr("set.tar:bad.ppm"));
  EXPECT_EQ(bad.error().file, path("set.tar"));
}

TEST_F(DataSetTest, AListKeepsItsOrderAndIsRelativeToItsFolder) {
  put("sub/two words.ppm", pixel(2));
  put("sub/a=b.ppm", pixel(1));
  put("sub/list.txt", "# pictures\n\n two words.ppm \r\n./a=b.ppm\n");
  auto data = DataSet::open({path("sub/list.txt")});
  ASSERT_TRUE(data.ok()) << data.error().message;
  EXPECT_THAT(names(*data), ElementsAre("two words.ppm", "./a=b.ppm"));
  EXPECT_EQ(red_of(data->read(1)), 1);
}

TEST_F(DataSetTest, ColumnsOfAListNameTheInputs) {
  put("x.npy", npy_of(path("t"), Tensor::of<float>({2}, {1, 2})));
  put("y.raw", "abcd");
  put("list.txt", "left=x.npy right:=y.raw\n");
  auto data = DataSet::open({path("list.txt")});
  ASSERT_TRUE(data.ok()) << data.error().message;
  const auto sample = data->read(0);
  ASSERT_TRUE(sample.ok()) << sample.error().message;
  ASSERT_EQ(sample->parts.size(), 2);
  EXPECT_EQ(sample->parts[0].input, "left");
  EXPECT_EQ(sample->parts[1].input, "right");
  EXPECT_EQ(std::get<RawBytes>(sample->parts[1].content).size(), 4);
}

TEST_F(DataSetTest, AListWithAMissingFileOrADoubleInputIsAnError) {
  put("list.txt", "gone.ppm\n");
  EXPECT_EQ(open_error({path("list.txt")}).code, ErrorCode::not_found);
  EXPECT_THAT(open_error({path("list.txt")}).message, HasSubstr("gone.ppm"));
  put("list.txt", "a=x.npy a=y.npy\n");
  EXPECT_THAT(open_error({path("list.txt")}).message, HasSubstr("'a' twice"));
  put("list.txt", "# nothing\n");
  EXPECT_EQ(open_error({path("list.txt")}).code, ErrorCode::invalid_file);
}

TEST_F(DataSetTest, AnNpzIsOneSampleOfNamedArrays) {
  const std::string array = npy_of(path("t"), Tensor::of<int8_t>({1}, {7}));
  pack(path("both.npz"), {{"x.npy", array}, {"y.npy", array}}, ARCHIVE_FILTER_NONE, ARCHIVE_FORMAT_ZIP);
  auto data = DataSet::open({path("both.npz")});
  ASSERT_TRUE(data.ok()) << data.error().message;
  const auto sample = data->read(0);
  ASSERT_TRUE(sample.ok()) << sample.error().message;
  EXPECT_EQ(sample->parts[1].input, "y");
  EXPECT_EQ(std::get<Tensor>(sample->parts[1].content).data<int8_t>()[0], 7);
}

TEST_F(DataSetTest, PicturesBesideArraysAreRefused) {
  put("a.ppm", pixel(1));
  put("b.npy", npy_of(path("t"), Tensor::of<float>({1}, {1})));
  EXPECT_EQ(open_error({path("")}).code, ErrorCode::invalid_argument);
}

TEST_F(DataSetTest, NoDataIsAnErrorThatNamesThePath) {
  EXPECT_EQ(open_error({path("absent")}).code, ErrorCode::not_found);
  EXPECT_EQ(open_error({path("")}).code, ErrorCode::invalid_file);
  put("model.bytes", std::string("\x01\x02\x00\x03", 4));
  EXPECT_THAT(open_error({path("model.bytes")}).message, HasSubstr("model.bytes"));
  EXPECT_EQ(open_error({}).code, ErrorCode::invalid_argument);
}

TEST_F(DataSetTest, ASeedSelectsTheSameSamplesInOrder) {
  for (int i = 100; i < 200; ++i) put(std::to_string(i) + ".ppm", pixel(static_cast<uint8_t>(i)));
  std::set<std::string> seen;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    const auto once = DataSet::open({path("")}, {10, seed});
    const auto again = DataSet::open({path("")}, {10, seed});
    ASSERT_EQ(once->size(), 10);
    EXPECT_EQ(once->available(), 100);
    EXPECT_EQ(names(*once), names(*again));
    const std::vector<std::string> taken = names(*once);
    EXPECT_TRUE(std::is_sorted(taken.begin(), taken.end()));
    seen.insert(taken.begin(), taken.end());
  }
  EXPECT_GT(seen.size(), 90) << "every sample has its chance";
}

TEST_F(DataSetTest, MoreSamplesThanThereAreTakesAllAndSaysSo) {
  put("a.ppm", pixel(1));
  const auto data = DataSet::open({path(""), path("a.ppm")}, {5, 0});
  EXPECT_THAT(names(*data), ElementsAre("a.ppm", "a.ppm"));
  EXPECT_THAT(data->notes(), ElementsAre(HasSubstr("5 samples were asked for, but there are 2")));
}

// ---- filling a model's inputs ----

ValueInfo float_input(const std::string& name, Shape shape) {
  return {.name = name, .shape = std::move(shape)};
}

TEST(Feed, APictureFillsEveryInputThatTakesOne) {
  const Sample sample{"a", {{"", "a.ppm", Picture{1, 1, 3, {10, 20, 30}}}}};
  const std::vector<ValueInfo> inputs = {float_input("x", {1, 3, 1, 1}), float_input("y", {1, 2, 2, 3})};
  const auto prepared = prepare_sample(sample, {.mean = {0}, .std_dev = {1}}, inputs);
  ASSERT_TRUE(prepared.ok()) << prepared.error().message;
  EXPECT_EQ(prepared->tensors[1].data<float>()[2], 30);
  EXPECT_EQ(prepared->geometry.picture_width, 1);
}

TEST(Feed, AnInputThatTakesNoPictureIsNamedWithTheFile) {
  const Sample sample{"a", {{"", "dir/a.ppm", Picture{1, 1, 3, {10, 20, 30}}}}};
  const std::vector<ValueInfo> inputs = {float_input("x", {1, 7})};
  const auto prepared = prepare_sample(sample, {}, inputs);
  ASSERT_FALSE(prepared.ok());
  EXPECT_THAT(prepared.error().message, HasSubstr("'dir/a.ppm': input 'x'"));
}

TEST(Feed, NamedArraysGoToTheirInputsAndTheOthersInOrder) {
  const Sample sample{"s",
                      {{"", "1.npy", Tensor::of<float>({1}, {1})},
                       {"b", "2.npy", Tensor::of<float>({1}, {2})},
                       {"", "3.npy", Tensor::of<float>({1}, {3})}}};
  const std::vector<ValueInfo> inputs = {float_input("a", {1}), float_input("b", {1}), float_input("c", {1})};
  const auto prepared = prepare_sample(sample, {}, inputs);
  ASSERT_TRUE(prepared.ok()) << prepared.error().message;
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(prepared->tensors[i].data<float>()[0], static_cast<float>(i + 1));
}

TEST(Feed, MissingDoubleAndUnknownInputsAreErrors) {
  const std::vector<ValueInfo> inputs = {float_input("a", {1}), float_input("b", {1})};
  const Tensor one = Tensor::of<float>({1}, {1});
  const auto sentence = [&](const Sample& sample) { return prepare_sample(sample, {}, inputs).error().message; };
  EXPECT_THAT(sentence({"s", {{"a", "f", one}}}), HasSubstr("nothing for input 'b'"));
  EXPECT_THAT(sentence({"s", {{"a", "f", one}, {"a", "f", one}}}), HasSubstr("given twice"));
  EXPECT_THAT(sentence({"s", {{"c", "f", one}}}), HasSubstr("no input 'c'"));
  EXPECT_THAT(sentence({"s", {{"", "f", one}, {"", "f", one}, {"", "f", one}}}), HasSubstr("more arrays"));
}

TEST(Feed, FloatIntoAQuantizedInputIsQuantizedAndSaid) {
  const ValueInfo input{.name = "x", .dtype = DType::int8, .shape = {3}, .quantization = {{0.5F}, {3}}};
  const Sample sample{"s", {{"", "f", Tensor::of<float>({3}, {0.25F, -1, 1e9F})}}};
  const auto prepared = prepare_sample(sample, {}, std::span(&input, 1));
  ASSERT_TRUE(prepared.ok()) << prepared.error().message;
  EXPECT_THAT(prepared->tensors[0].data<int8_t>(), ElementsAre(3, 1, 127));
  EXPECT_THAT(prepared->notes, ElementsAre(HasSubstr("was quantized to int8")));
}

TEST(Feed, FloatIsQuantizedInto16BitsToo) {
  std::vector<std::string> notes;
  ValueInfo input{.name = "x", .dtype = DType::int16, .shape = {3}};
  input.quantization = {{0.001f}, {0}, 0};
  const auto tensor = fit_array(Tensor::of<float>({3}, {-1.5f, 0.25f, 99}), input, notes);
  ASSERT_TRUE(tensor.ok());
  EXPECT_EQ(tensor->data<int16_t>()[0], -1500);
  EXPECT_EQ(tensor->data<int16_t>()[2], 32767);
  EXPECT_EQ(notes.size(), 1U);
}

TEST(Feed, OtherDtypesAndShapesAreRefused) {
  std::vector<std::string> notes;
  EXPECT_FALSE(fit_array(Tensor::of<double>({1}, {1}), float_input("x", {1}), notes).ok());
  EXPECT_FALSE(fit_array(Tensor::of<float>({2}, {1, 2}), float_input("x", {1}), notes).ok());
}

TEST(Feed, RawBytesTakeTheInputsDtypeAndShape) {
  const ValueInfo input{.name = "x", .dtype = DType::int16, .shape = {2}};
  const auto of = [&](size_t bytes) {
    return prepare_sample({"s", {{"", "f.raw", RawBytes(bytes, std::byte{1})}}}, {}, std::span(&input, 1));
  };
  EXPECT_EQ(of(4)->tensors[0].data<int16_t>()[1], 0x0101);
  EXPECT_EQ(of(5).error().code, ErrorCode::invalid_file);
}

}  // namespace
}  // namespace quern
