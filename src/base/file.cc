#include "quern/file.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "base/error.h"
#include "base/mapped_file.h"
#include "base/sha256.h"

namespace quern {

namespace {

/// Closes a descriptor on the way out.
struct Descriptor {
  int fd;
  explicit Descriptor(int descriptor) : fd(descriptor) {}
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
  Descriptor(Descriptor&& other) noexcept : fd(std::exchange(other.fd, -1)) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  Descriptor& operator=(Descriptor&&) = delete;
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

/// Opens a regular file of at most `limit` bytes.
Result<Descriptor> open_regular(const std::string& path, int64_t limit, int64_t& size) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
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
  size = about.st_size;
  return file;
}

}  // namespace

Result<std::vector<std::byte>> read_file(const std::string& path, int64_t limit) {
  int64_t size = 0;
  QUERN_TRY(const Descriptor file, open_regular(path, limit, size));
  std::vector<std::byte> bytes(static_cast<size_t>(size));
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

Result<MappedFile> MappedFile::open(const std::string& path) {
  int64_t size = 0;
  QUERN_TRY(const Descriptor file, open_regular(path, Tensor::kMaxBytes, size));
  MappedFile mapped;
  if (size == 0) return mapped;
  mapped.size_ = static_cast<size_t>(size);
  void* data = ::mmap(nullptr, mapped.size_, PROT_READ, MAP_PRIVATE, file.fd, 0);
  if (data == MAP_FAILED) {
    return file_error(ErrorCode::io, path, fmt::format("'{}' cannot be mapped: {}", path, std::strerror(errno)));
  }
  mapped.data_ = {static_cast<const std::byte*>(data),
                  [bytes = mapped.size_](const std::byte* at) { ::munmap(const_cast<std::byte*>(at), bytes); }};
  return mapped;
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

std::vector<std::byte> sha256_bytes(std::span<const std::byte> bytes) {
  std::vector<std::byte> digest(EVP_MAX_MD_SIZE);
  unsigned int length = 0;
  auto* out = reinterpret_cast<unsigned char*>(digest.data());
  if (EVP_Digest(bytes.data(), bytes.size(), out, &length, EVP_sha256(), nullptr) != 1) length = 0;
  digest.resize(length);
  return digest;
}

std::string sha256(std::span<const std::byte> bytes) {
  std::string text;
  for (const std::byte byte : sha256_bytes(bytes)) text += fmt::format("{:02x}", static_cast<unsigned>(byte));
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
