// ContentSources: where upload() takes bytes from: an open file, a pipe, a piece of memory.
// Each is used by one thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "client/upload.h"
#include "common/status.h"

namespace fsdfs::client {

// A regular file, read by position from its start. The descriptor stays the caller's.
class FileSource final : public ContentSource {
 public:
  // `name`: for messages. `size`: as fstat said.
  FileSource(int descriptor, std::string name, uint64_t size)
      : descriptor_(descriptor), name_(std::move(name)), size_(size) {}

  Result<size_t> read(std::span<std::byte> out) override;
  bool rewind() override;
  std::optional<uint64_t> size() const override { return size_; }

 private:
  const int descriptor_;
  const std::string name_;
  const uint64_t size_;
  uint64_t position_ = 0;
};

// A pipe, a terminal, a socket: read once. Its first kSpool bytes are kept, so a small one can be put again,
// and its size is known when its end is among them.
class StreamSource final : public ContentSource {
 public:
  static constexpr size_t kSpool = 4 << 20;

  StreamSource(int descriptor, std::string name) : descriptor_(descriptor), name_(std::move(name)) {}

  // Reads the spool; the only thing to do before the first read.
  Status open();

  Result<size_t> read(std::span<std::byte> out) override;
  bool rewind() override;
  std::optional<uint64_t> size() const override;

 private:
  Result<size_t> read_descriptor(std::span<std::byte> out);

  const int descriptor_;
  const std::string name_;
  std::string spool_;
  bool spool_is_all_ = false;
  uint64_t position_ = 0;
};

// A piece of memory, which stays the caller's.
class MemorySource final : public ContentSource {
 public:
  explicit MemorySource(std::string_view bytes) : bytes_(bytes) {}

  Result<size_t> read(std::span<std::byte> out) override;
  bool rewind() override;
  std::optional<uint64_t> size() const override { return bytes_.size(); }

 private:
  const std::string_view bytes_;
  size_t position_ = 0;
};

}  // namespace fsdfs::client
