// The x86 code behind the product and window kernels, by instruction set.
#pragma once

#include "kernels/gemm/microkernel.h"
#include "kernels/x86_namespace.h"

namespace QUERN_X86_NAMESPACE {

const ProductKernel& avx2_int8_product();
const ProductKernel& avxvnni_int8_product();
const ProductKernel& avx512vnni_int8_product();
const BlockKernel& amx_int8_blocks();
const ProductKernel& avx512_int16_product();
const ProductKernel& avx2_float_product();
const ProductKernel& avx512_float_product();

void avx2_store_integer(const TileOutput& tile, const StoreRule& rule);
void avx512_store_integer(const TileOutput& tile, const StoreRule& rule);
void avx2_store_words(const TileOutput& tile, const StoreRule& rule);
void avx512_store_words(const TileOutput& tile, const StoreRule& rule);
void avx2_store_real(const TileOutput& tile, const StoreRule& rule);
void avx512_store_real(const TileOutput& tile, const StoreRule& rule);

const WindowKernel& avx2_int8_window();
const WindowKernel& avx512vnni_int8_window();
void avx512vnni_run_windows(const WindowRun& run);
const QuadKernel& avx512vnni_quads();
const WindowKernel& avx2_int16_window();
const WindowKernel& avx512_int16_window();
void avx2_run_floats(const FloatWindowRun& run);
void avx512_run_floats(const FloatWindowRun& run);

void avx2_maximum(const WindowMaximum& window);

}  // namespace QUERN_X86_NAMESPACE
