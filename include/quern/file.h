// Files: whole-file reads with a limit, writes that leave no half file, and tensor files (.npy, .npz, .raw, .bin).
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "quern/status.h"
#include "quern/tensor.h"

namespace quern {

/// The whole file. Errors: not_found (no such file, or a folder), io (no permission, read error), out_of_memory (beyond
/// `limit`).
Result<std::vector<std::byte>> read_file(const std::string& path, int64_t limit = Tensor::kMaxBytes);

/// Writes to a temporary name in the same folder, then renames. Error: io, and then nothing is left behind.
Status write_file(const std::string& path, std::span<const std::byte> bytes);
Status write_file(const std::string& path, const std::string& text);

/// Makes a folder and its parents. Error: io.
Status make_folder(const std::string& path);

/// Lower-case hexadecimal SHA-256.
std::string sha256(std::span<const std::byte> bytes);

/// A tensor's file name: every character outside [A-Za-z0-9_.-] becomes '_', then ".npy".
std::string tensor_file_name(const std::string& tensor_name);

/// numpy's array file, format 1.0 to 3.0, little endian, C or Fortran order, of the dtypes of DType.
/// Errors: as read_file; invalid_file; unsupported (dtype).
Result<Tensor> read_npy(const std::string& path);
Result<Tensor> parse_npy(std::span<const std::byte> bytes, const std::string& path);
/// The arrays of an .npz archive by name (without ".npy"), in the archive's order.
Result<std::vector<std::pair<std::string, Tensor>>> read_npz(const std::string& path);
Result<std::vector<std::pair<std::string, Tensor>>> parse_npz(std::span<const std::byte> bytes,
                                                              const std::string& path);
/// Raw little-endian elements; the file must hold exactly the tensor's bytes.
Result<Tensor> read_raw(const std::string& path, DType dtype, const Shape& shape);
/// Format 1.0.
Status write_npy(const std::string& path, const Tensor& tensor);
/// Writes by suffix: .npy, .raw or .bin.
Status write_tensor(const std::string& path, const Tensor& tensor);

}  // namespace quern
