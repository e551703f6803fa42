// From tiled groups to stages: pieces, buffers, transfers, quantizations, the image.
#include <algorithm>
#include <cstring>
#include <map>

#include "compile/npu/draft.h"

namespace quern::npu {

namespace {

class Emitter {
 public:
  Emitter(const Part& part, const std::vector<Tensor>& constants, const Residents& residents)
      : part_(part), constants_(constants), residents_(residents), home_(part.values.size(), -1) {}

  void emit(const TiledGroup& tiled) {
    group_ = tiled.group;
    held_.clear();
    const Job& last = part_.jobs[static_cast<size_t>(group_.last)];
    const std::vector<Box> boxes = tiles_of(part_.value(last.output).shape, tiled.choice.tiling);
    tiles_.clear();
    for (const Box& box : boxes) tiles_.push_back({footprint(part_, group_, box), {}});
    const auto count = static_cast<int>(tiles_.size());
    if (!tiled.overlapped) {
      for (int tile = 0; tile < count; ++tile) {
        for (int job = group_.first; job <= group_.last; ++job) emit_job(tile, job);
      }
      return;
    }
    // Skewed: each job is a tile behind the one before it, so that engines work side by side.
    for (int slot = 0; slot < count + group_.size() - 1; ++slot) {
      for (int k = 0; k < group_.size(); ++k) {
        if (slot - k >= 0 && slot - k < count) emit_job(slot - k, group_.first + k);
      }
    }
  }

  Draft finish() { return std::move(draft_); }

 private:
  /// A tile: what each job computes, and the buffer of each result that stays within.
  struct Tile {
    std::vector<TileJob> jobs;
    std::map<int, int> buffers;  ///< by job
  };
  /// An operand's buffer, kept while tiles ask for the same box.
  struct Held {
    Box box;
    int buffer = -1;
  };

  void emit_job(int tile_index, int j) {
    Tile& tile = tiles_[static_cast<size_t>(tile_index)];
    const Job& job = part_.jobs[static_cast<size_t>(j)];
    const TileJob& mine = tile.jobs[static_cast<size_t>(j - group_.first)];
    Stage stage;
    stage.layer = job.layer;
    stage.engine = on_conv_engine(job.kind) ? Engine::conv : Engine::vector;
    stage.computation.kind = job.kind;
    stage.computation.attrs = mine.cut.attrs;
    for (size_t i = 0; i < job.inputs.size(); ++i)
      stage.computation.inputs.push_back(input_piece(tile, j, i, mine.cut.inputs[i], stage));
    stage.computation.outputs.push_back(output_piece(tile, j, mine.output, stage));
    draft_.stages.push_back(std::move(stage));
  }

  Piece input_piece(const Tile& tile, int j, size_t i, const Box& box, Stage& stage) {
    const int id = part_.jobs[static_cast<size_t>(j)].inputs[i];
    if (id < 0) {
      Piece absent;
      absent.address = -1;
      return absent;
    }
    for (int maker = group_.first; maker < j; ++maker) {
      if (part_.jobs[static_cast<size_t>(maker)].output == id) return within_piece(tile, maker, id, box);
    }
    const PartValue& value = part_.value(id);
    if (value.constant < 0 && residents_[static_cast<size_t>(value.owner)]) return resident_piece(id, box);
    Held& held = held_[{j, i}];
    if (held.buffer < 0 || !(held.box == box)) {
      held.box = box;
      held.buffer = add_buffer(elements(box) * value.element());
      load(id, box, held.buffer, stage);
    }
    return piece_of(id, box, address_in(held.buffer, 0), dense_strides(box.extent, value.element()));
  }

  Piece output_piece(Tile& tile, int j, const Box& box, Stage& stage) {
    const int id = part_.jobs[static_cast<size_t>(j)].output;
    const PartValue& value = part_.value(id);
    const bool stays = j == group_.last && residents_[static_cast<size_t>(value.owner)];
    Piece piece;
    if (stays) {
      piece = resident_piece(id, box);
    } else {
      const int buffer = add_buffer(elements(box) * value.element());
      tile.buffers[j] = buffer;
      piece = piece_of(id, box, address_in(buffer, 0), dense_strides(box.extent, value.element()));
    }
    if (j == group_.last && (!stays || part_.owner(id).leaves)) store(id, box, piece, stage);
    return piece;
  }

  /// Part of a result of this tile that is in its buffer.
  Piece within_piece(const Tile& tile, int maker, int id, const Box& box) {
    const Box& made = tile.jobs[static_cast<size_t>(maker - group_.first)].output;
    const Ints strides = dense_strides(made.extent, part_.value(id).element());
    int64_t offset = 0;
    for (size_t axis = 0; axis < strides.size(); ++axis) offset += (box.begin[axis] - made.begin[axis]) * strides[axis];
    return piece_of(id, box, address_in(tile.buffers.at(maker), offset), strides);
  }

  Piece resident_piece(int id, const Box& box) {
    const PartValue& value = part_.value(id);
    int& buffer = home_[static_cast<size_t>(value.owner)];
    if (buffer < 0) {
      const PartValue& owner = part_.value(value.owner);
      buffer = add_buffer(elements(whole(owner.shape)) * owner.element());
    }
    return piece_of(id, box, address_in(buffer, value.offset + byte_offset(box, value.strides)), value.strides);
  }

  Piece piece_of(int id, const Box& box, int64_t address, Ints strides) {
    const PartValue& value = part_.value(id);
    Piece piece;
    piece.address = address;
    piece.dtype = value.dtype;
    piece.shape = box.extent;
    piece.strides = std::move(strides);
    const Quantization quantization = quantization_of(value, box);
    if (!quantization.empty()) piece.quantization = index_of(quantization);
    return piece;
  }

  void load(int id, const Box& box, int buffer, Stage& stage) {
    const PartValue& value = part_.value(id);
    Transfer base;
    base.scratch = address_in(buffer, 0);
    base.space = value.constant >= 0 ? Space::image : Space::dram;
    base.value = value.constant >= 0 ? -1 : value.owner;
    base.outside = value.constant >= 0 ? image_offset(value.constant) : value.offset;
    append(stage.loads, transfers_of(base, box, value.strides, value.element()));
  }

  /// From a piece: dense, or in place in a value that stays and is needed outside as well.
  void store(int id, const Box& box, const Piece& piece, Stage& stage) {
    const PartValue& value = part_.value(id);
    Transfer base;
    base.value = value.owner;
    base.outside = value.offset;
    base.scratch = piece.address;
    std::vector<Transfer> transfers = transfers_of(base, box, value.strides, value.element());
    if (piece.strides == dense_strides(box.extent, value.element())) return append(stage.stores, std::move(transfers));
    // In place the scratch side has the strides of the array outside.
    for (Transfer& t : transfers) {
      t.scratch = piece.address + (t.outside - base.outside - byte_offset(box, value.strides));
      t.scratch_strides = t.outside_strides;
    }
    append(stage.stores, std::move(transfers));
  }

  static void append(std::vector<Transfer>& all, std::vector<Transfer> more) {
    all.insert(all.end(), more.begin(), more.end());
  }

  int add_buffer(int64_t bytes) {
    draft_.buffers.push_back(std::max<int64_t>(bytes, 1));
    return static_cast<int>(draft_.buffers.size()) - 1;
  }

  int64_t image_offset(int constant) {
    const auto [at, fresh] = image_.emplace(constant, 0);
    if (!fresh) return at->second;
    const Tensor& tensor = constants_[static_cast<size_t>(constant)];
    draft_.image.resize((draft_.image.size() + 63) / 64 * 64);
    at->second = static_cast<int64_t>(draft_.image.size());
    const auto* bytes = static_cast<const std::byte*>(tensor.raw());
    draft_.image.insert(draft_.image.end(), bytes, bytes + tensor.bytes());
    return at->second;
  }

  int32_t index_of(const Quantization& quantization) {
    std::string key(reinterpret_cast<const char*>(quantization.scales.data()),
                    quantization.scales.size() * sizeof(float));
    key.append(reinterpret_cast<const char*>(quantization.zero_points.data()),
               quantization.zero_points.size() * sizeof(int32_t));
    key.push_back(static_cast<char>(quantization.per_axis() ? quantization.axis : -1));
    const auto [at, fresh] = quantizations_.emplace(std::move(key), static_cast<int32_t>(draft_.quantizations.size()));
    if (fresh) draft_.quantizations.push_back(quantization);
    return at->second;
  }

  const Part& part_;
  const std::vector<Tensor>& constants_;
  const Residents& residents_;
  Draft draft_;
  Group group_;
  std::vector<Tile> tiles_;
  std::vector<int> home_;  ///< buffer of each value that stays, by owner
  std::map<std::pair<int, size_t>, Held> held_;
  std::map<int, int64_t> image_;
  std::map<std::string, int32_t> quantizations_;
};

}  // namespace

Draft draft_stages(const Part& part, const std::vector<Tensor>& constants, const std::vector<TiledGroup>& groups,
                   const Residents& residents) {
  Emitter emitter(part, constants, residents);
  for (const TiledGroup& group : groups) emitter.emit(group);
  return emitter.finish();
}

}  // namespace quern::npu
