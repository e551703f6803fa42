#include "quern/file.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/error.h"

namespace quern {

namespace {

/// Closes a descriptor on the way out.
struct Descriptor {
  int fd;
  explicit Descriptor(int descriptor) : fd(descriptor) {}
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
};

Error file_error(ErrorCode code, const std::string& path, std::string sentence) {
  Error error{code, std::move(sentence)};
  error.file = path;
  return error;
}

Error open_error(const std::string& path, int number) {
  if (number == ENOENT || number == ENOTDIR)
    return file_error(ErrorCode::not_found, path, fmt::format("there is no file '{}'", path));
  return file_error(ErrorCode::io, path, fmt::format("'{}' cannot be opened: {}", path, std::strerror(number)));
}

Error write_error(const std::string& path, int number) {
  return file_error(ErrorCode::io, path, fmt::format("'{}' cannot be written: {}", path, std::strerror(number)));
}

bool write_all(int fd, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
  return true;
}

}  // namespace

Result<std::vector<std::byte>> read_file(const std::string& path, int64_t limit) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.fd < 0) return open_error(path, errno);
  struct stat about {};
  if (::fstat(file.fd, &about) != 0) return open_error(path, errno);
  if (S_ISDIR(about.st_mode))
    return file_error(ErrorCode::not_found, path, fmt::format("'{}' is a folder, not a file", path));
  if (!S_ISREG(about.st_mode)) return file_error(ErrorCode::io, path, fmt::format("'{}' is not a regular file", path));
  if (about.st_size > limit) {
    return file_error(ErrorCode::out_of_memory, path,
                      fmt::format("'{}' has {} bytes; the limit is {}", path, about.st_size, limit));
  }
  std::vector<std::byte> bytes(static_cast<size_t>(about.st_size));
  size_t have = 0;
  while (have < bytes.size()) {
    const ssize_t got = ::read(file.fd, bytes.data() + have, bytes.size() - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0)
      return file_error(ErrorCode::io, path, fmt::format("'{}' cannot be read: {}", path, std::strerror(errno)));
    if (got == 0) break;  // it shrank while we read; what is there is judged by the reader
    have += static_cast<size_t>(got);
  }
  bytes.resize(have);
  return bytes;
}

Status write_file(const std::string& path, std::span<const std::byte> bytes) {
  std::string temporary = path + ".tmp-XXXXXX";
  const int fd = ::mkstemp(temporary.data());
  if (fd < 0) return write_error(path, errno);
  bool good = write_all(fd, bytes) && ::fchmod(fd, 0644) == 0;
  int number = errno;
  if (::close(fd) != 0 && good) {
    good = false;
    number = errno;
  }
  if (good && ::rename(temporary.c_str(), path.c_str()) != 0) {
    good = false;
    number = errno;
  }
  if (good) return {};
  ::unlink(temporary.c_str());
  return write_error(path, number);
}

Status write_file(const std::string& path, const std::string& text) {
  return write_file(path, std::as_bytes(std::span(text.data(), text.size())));
}

Status make_folder(const std::string& path) {
  std::error_code code;
  std::filesystem::create_directories(path, code);
  if (code && !std::filesystem::is_directory(path)) {
    return file_error(ErrorCode::io, path, fmt::format("the folder '{}' cannot be made: {}", path, code.message()));
  }
  return {};
}

std::string sha256(std::span<const std::byte> bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest, &length, EVP_sha256(), nullptr) != 1) return {};
  std::string text;
  for (unsigned int i = 0; i < length; ++i) text += fmt::format("{:02x}", digest[i]);
  return text;
}

std::string tensor_file_name(const std::string& tensor_name) {
  std::string name = tensor_name;
  for (char& c : name) {
    const bool plain =
        (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
    if (!plain) c = '_';
  }
  return name + ".npy";
}

}  // namespace quern
