#include "read/tflite/operators.h"

#include <algorithm>

namespace quern::tflite {

namespace {

using B = schema::BuiltinOperator;

// Code, least inputs, most inputs, outputs, function, and the kind of ours where the function serves several.
constexpr Row kRows[] = {
    // spatial
    {B::CONV_2D, 2, 3, 1, read_conv},
    {B::DEPTHWISE_CONV_2D, 2, 3, 1, read_depthwise_conv},
    {B::TRANSPOSE_CONV, 3, 4, 1, read_transpose_conv},
    {B::MAX_POOL_2D, 1, 1, 1, read_pool, OpKind::MaxPool},
    {B::AVERAGE_POOL_2D, 1, 1, 1, read_pool, OpKind::AveragePool},
    {B::DEPTH_TO_SPACE, 1, 1, 1, read_depth_to_space},
    {B::SPACE_TO_DEPTH, 1, 1, 1, read_space_to_depth},
    // linear
    {B::FULLY_CONNECTED, 2, 3, 1, read_fully_connected},
    {B::BATCH_MATMUL, 2, 2, 1, read_batch_matmul},
    // binary
    {B::ADD, 2, 2, 1, read_add},
    {B::SUB, 2, 2, 1, read_sub},
    {B::MUL, 2, 2, 1, read_mul},
    {B::DIV, 2, 2, 1, read_div},
    {B::ADD_N, 1, -1, 1, read_add_n},
    {B::MAXIMUM, 2, 2, 1, read_plain, OpKind::Max},
    {B::MINIMUM, 2, 2, 1, read_plain, OpKind::Min},
    {B::POW, 2, 2, 1, read_plain, OpKind::Pow},
    {B::FLOOR_DIV, 2, 2, 1, read_floor_div},
    {B::FLOOR_MOD, 2, 2, 1, read_floor_mod},
    {B::SQUARED_DIFFERENCE, 2, 2, 1, read_squared_difference},
    {B::PRELU, 2, 2, 1, read_plain, OpKind::PRelu},
    {B::EQUAL, 2, 2, 1, read_plain, OpKind::Equal},
    {B::NOT_EQUAL, 2, 2, 1, read_not_equal},
    {B::LESS, 2, 2, 1, read_plain, OpKind::Less},
    {B::LESS_EQUAL, 2, 2, 1, read_plain, OpKind::LessOrEqual},
    {B::GREATER, 2, 2, 1, read_plain, OpKind::Greater},
    {B::GREATER_EQUAL, 2, 2, 1, read_plain, OpKind::GreaterOrEqual},
    {B::LOGICAL_AND, 2, 2, 1, read_plain, OpKind::And},
    {B::LOGICAL_OR, 2, 2, 1, read_plain, OpKind::Or},
    {B::SELECT, 3, 3, 1, read_select},
    {B::SELECT_V2, 3, 3, 1, read_plain, OpKind::Where},
    // unary
    {B::RELU, 1, 1, 1, read_plain, OpKind::Relu},
    {B::RELU6, 1, 1, 1, read_relu6},
    {B::RELU_N1_TO_1, 1, 1, 1, read_relu_n1_to_1},
    {B::RELU_0_TO_1, 1, 1, 1, read_relu_0_to_1},
    {B::LEAKY_RELU, 1, 1, 1, read_leaky_relu},
    {B::ELU, 1, 1, 1, read_elu},
    {B::GELU, 1, 1, 1, read_gelu},
    {B::HARD_SWISH, 1, 1, 1, read_plain, OpKind::HardSwish},
    {B::LOGISTIC, 1, 1, 1, read_plain, OpKind::Sigmoid},
    {B::TANH, 1, 1, 1, read_plain, OpKind::Tanh},
    {B::EXP, 1, 1, 1, read_plain, OpKind::Exp},
    {B::LOG, 1, 1, 1, read_plain, OpKind::Log},
    {B::SQRT, 1, 1, 1, read_plain, OpKind::Sqrt},
    {B::RSQRT, 1, 1, 1, read_plain, OpKind::Rsqrt},
    {B::SQUARE, 1, 1, 1, read_plain, OpKind::Square},
    {B::ABS, 1, 1, 1, read_plain, OpKind::Abs},
    {B::NEG, 1, 1, 1, read_plain, OpKind::Neg},
    {B::SIGN, 1, 1, 1, read_plain, OpKind::Sign},
    {B::FLOOR, 1, 1, 1, read_plain, OpKind::Floor},
    {B::CEIL, 1, 1, 1, read_plain, OpKind::Ceil},
    {B::ROUND, 1, 1, 1, read_plain, OpKind::Round},
    {B::SIN, 1, 1, 1, read_plain, OpKind::Sin},
    {B::COS, 1, 1, 1, read_plain, OpKind::Cos},
    {B::LOGICAL_NOT, 1, 1, 1, read_plain, OpKind::Not},
    // along an axis
    {B::SOFTMAX, 1, 1, 1, read_softmax},
    {B::LOG_SOFTMAX, 1, 1, 1, read_plain, OpKind::LogSoftmax},
    {B::L2_NORMALIZATION, 1, 1, 1, read_l2_normalization},
    {B::LOCAL_RESPONSE_NORMALIZATION, 1, 1, 1, read_lrn},
    {B::CUMSUM, 2, 2, 1, read_cumsum},
    {B::TOPK_V2, 2, 2, 2, read_topk},
    // reduce
    {B::MEAN, 2, 2, 1, read_reduce, OpKind::ReduceMean},
    {B::SUM, 2, 2, 1, read_reduce, OpKind::ReduceSum},
    {B::REDUCE_MAX, 2, 2, 1, read_reduce, OpKind::ReduceMax},
    {B::REDUCE_MIN, 2, 2, 1, read_reduce, OpKind::ReduceMin},
    {B::REDUCE_PROD, 2, 2, 1, read_reduce, OpKind::ReduceProd},
    {B::ARG_MAX, 2, 2, 1, read_arg, OpKind::ArgMax},
    {B::ARG_MIN, 2, 2, 1, read_arg, OpKind::ArgMin},
    // join and part
    {B::CONCATENATION, 1, -1, 1, read_concatenation},
    {B::SPLIT, 2, 2, -1, read_split},
    {B::SPLIT_V, 3, 3, -1, read_split_v},
    {B::PACK, 1, -1, 1, read_pack},
    {B::UNPACK, 1, 1, -1, read_unpack},
    {B::SLICE, 3, 3, 1, read_slice},
    {B::STRIDED_SLICE, 4, 4, 1, read_strided_slice},
    {B::REVERSE_V2, 2, 2, 1, read_reverse},
    // move
    {B::PAD, 2, 2, 1, read_pad},
    {B::PADV2, 3, 3, 1, read_pad},
    {B::MIRROR_PAD, 2, 2, 1, read_mirror_pad},
    {B::RESIZE_BILINEAR, 2, 2, 1, read_resize_bilinear},
    {B::RESIZE_NEAREST_NEIGHBOR, 2, 2, 1, read_resize_nearest},
    {B::TRANSPOSE, 2, 2, 1, read_transpose},
    {B::GATHER, 2, 2, 1, read_gather},
    {B::GATHER_ND, 2, 2, 1, read_plain, OpKind::GatherNd},
    {B::TILE, 2, 2, 1, read_tile},
    {B::BROADCAST_TO, 2, 2, 1, read_broadcast_to},
    {B::ONE_HOT, 4, 4, 1, read_one_hot},
    // shape
    {B::RESHAPE, 1, 2, 1, read_reshape},
    {B::SQUEEZE, 1, 1, 1, read_squeeze},
    {B::EXPAND_DIMS, 2, 2, 1, read_expand_dims},
    {B::SHAPE, 1, 1, 1, read_shape},
    {B::FILL, 2, 2, 1, read_fill},
    {B::RANGE, 3, 3, 1, read_plain, OpKind::Range},
    // convert
    {B::CAST, 1, 1, 1, read_cast},
    {B::QUANTIZE, 1, 1, 1, read_plain, OpKind::Quantize},
    {B::DEQUANTIZE, 1, 1, 1, read_dequantize},
};

/// Why, and what to do instead. The general sentence serves the rest.
struct Advice {
  B code;
  const char* sentence;
};

constexpr Advice kAdvice[] = {
    {B::IF, "control flow is not read; export the model with the branch that is taken"},
    {B::WHILE, "control flow is not read; export the model with its loops unrolled"},
    {B::CALL_ONCE,
     "it runs another subgraph to set up state; Quern runs without state, so freeze the variables before converting"},
    {B::CALL, "it calls another subgraph; convert the model into one"},
    {B::VAR_HANDLE, "Quern runs without state, so freeze the variables before converting"},
    {B::READ_VARIABLE, "Quern runs without state, so freeze the variables before converting"},
    {B::ASSIGN_VARIABLE, "Quern runs without state, so freeze the variables before converting"},
    {B::DELEGATE, "it belongs to a delegate and stands in no portable file"},
    {B::LSTM, "recurrent operators are not read"},
    {B::UNIDIRECTIONAL_SEQUENCE_LSTM, "recurrent operators are not read"},
    {B::BIDIRECTIONAL_SEQUENCE_LSTM, "recurrent operators are not read"},
    {B::RNN, "recurrent operators are not read"},
    {B::SVDF, "recurrent operators are not read"},
    {B::WHERE, "the size of its result depends on the data; Quern needs sizes that are fixed"},
    {B::UNIQUE, "the size of its result depends on the data; Quern needs sizes that are fixed"},
    {B::NON_MAX_SUPPRESSION_V4, "end the model before it: Quern's tasks suppress overlapping boxes themselves"},
    {B::NON_MAX_SUPPRESSION_V5, "end the model before it: Quern's tasks suppress overlapping boxes themselves"},
    {B::DENSIFY, "sparse weights are not read; convert the model without sparsity"},
};

}  // namespace

const Row kUnreadRow = {B::PLACEHOLDER_FOR_GREATER_OP_CODES, 0, -1, -1, nullptr};

const Row* find_row(schema::BuiltinOperator code) {
  const auto* row = std::find_if(std::begin(kRows), std::end(kRows), [&](const Row& r) { return r.code == code; });
  return row == std::end(kRows) ? nullptr : row;
}

std::span<const Row> all_rows() {
  return kRows;
}

Status refuse_operator(schema::BuiltinOperator code, const std::string& kind) {
  if (code == B::CUSTOM) {
    const bool flex = kind.starts_with("Flex");
    return fail(ErrorCode::unsupported, "this custom operator is not read; {}",
                flex ? "it is TensorFlow's own, so convert the model with TFLITE_BUILTINS only"
                     : "end the model before it, or replace it by builtin operators");
  }
  for (const Advice& advice : kAdvice) {
    if (advice.code == code) return fail(ErrorCode::unsupported, "this operator is not read: {}", advice.sentence);
  }
  return fail(ErrorCode::unsupported,
              "this operator is not among the {} that Quern reads; replace it in the model, or end the model before it",
              std::size(kRows));
}

}  // namespace quern::tflite
