// What the master and its helper process fsdfs-policy say to each other over a socket pair: messages of a
// 32-bit length and so many bytes, numbers in the machine's own order (both ends are of one machine and one
// build). The master speaks first, and each of its messages is answered: Load by one Loaded, Evaluate by one
// Answer for each file, in their order, as soon as it is known, so that the master sees which file takes
// long. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"

namespace fsdfs::master {

inline constexpr uint32_t kHookMessageBytesMax = 8 << 20;
inline constexpr size_t kHookErrorBytesMax = 2000;
inline constexpr size_t kHookLengthBytes = sizeof(uint32_t);

// The file as the hook sees it.
struct HookFile {
  std::string path;
  uint64_t size = 0;
  double age = 0;  // seconds
  std::vector<std::pair<std::string, double>> vars;
  double target = 0;    // what holds without the hook
  uint32_t copies = 0;  // K
  friend bool operator==(const HookFile&, const HookFile&) = default;
};

enum class HookKind : uint8_t { kLoad = 1, kEvaluate = 2 };

// The hook's word on one file, or on its own text: an error, a number, or nothing.
struct HookAnswer {
  std::optional<double> number;
  std::string error;
  friend bool operator==(const HookAnswer&, const HookAnswer&) = default;
};

// With their length in front.
std::string encode_load(std::string_view python);
std::string encode_evaluate(const std::vector<HookFile>& files);
std::string encode_answer(const HookAnswer& answer);

// Of a message's bytes without the length. kDataLoss: not such a message.
Result<HookKind> decode_kind(std::string_view bytes);
Result<std::string> decode_load(std::string_view bytes);
Result<std::vector<HookFile>> decode_evaluate(std::string_view bytes);
Result<HookAnswer> decode_answer(std::string_view bytes);

}  // namespace fsdfs::master
