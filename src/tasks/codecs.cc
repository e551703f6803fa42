#include "tasks/codecs.h"

#include <dlfcn.h>

#include "base/error.h"

namespace quern {

namespace {

constexpr const char* kLibrary = QUERN_IMGCODECS_FILE;
// The names that the C++ ABI gives cv::imdecode and cv::imencode.
constexpr const char* kDecode = "_ZN2cv8imdecodeERKNS_11_InputArrayEi";
constexpr const char* kEncode =
    "_ZN2cv8imencodeERKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEERKNS_11_InputArrayERSt6vectorIhSaIhEERKSB_"
    "IiSaIiEE";

/// What dlopen and dlsym found; `problem` says why there is nothing.
struct Loaded {
  Codecs codecs;
  std::string problem;
};

Loaded load() {
  Loaded loaded;
  void* const library = dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    loaded.problem = dlerror();
    return loaded;
  }
  loaded.codecs.decode = reinterpret_cast<decltype(Codecs::decode)>(dlsym(library, kDecode));
  loaded.codecs.encode = reinterpret_cast<decltype(Codecs::encode)>(dlsym(library, kEncode));
  if (loaded.codecs.decode == nullptr || loaded.codecs.encode == nullptr) {
    loaded.problem = "it lacks imdecode or imencode";
  }
  return loaded;
}

}  // namespace

Result<Codecs> codecs() {
  static const Loaded loaded = load();
  if (loaded.problem.empty()) return loaded.codecs;
  return fail(ErrorCode::unsupported, "pictures need OpenCV's codecs, and '{}' cannot be loaded: {}", kLibrary,
              loaded.problem);
}

}  // namespace quern
