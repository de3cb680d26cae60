// Strong ids: the identities of DESIGN section 2, so that no two of them can be swapped by mistake.
// Plain values; comparison is lexicographic in the order of the fields.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "common/status.h"

namespace fsdfs {

// A number that only compares with its own kind. Tag makes the kinds distinct.
template <typename Tag>
struct StrongNumber {
  uint64_t value = 0;
  friend auto operator<=>(const StrongNumber&, const StrongNumber&) = default;
};

using InodeId = StrongNumber<struct InodeTag>;  // 0: none. The epoch of its birth is in the high 24 bits.
using Epoch = StrongNumber<struct EpochTag>;    // 0: none
using Incarnation = StrongNumber<struct IncarnationTag>;  // a node's starts, from 1
using SessionId = StrongNumber<struct SessionTag>;        // 0: none. Numbered like inodes.
using OrderId = StrongNumber<struct OrderTag>;            // a master's orders within its epoch, from 1

inline constexpr InodeId kRootInode{1};

// A number unique over all epochs: the epoch in the high 24 bits, a counter in the low 40 (invariant 9).
inline constexpr uint64_t compose_with_epoch(Epoch epoch, uint64_t counter) {
  return (epoch.value << 40) | counter;
}

// A file's content in its order of change. {0, 0}: no content yet (an empty file that was never written).
struct Version {
  Epoch epoch;
  uint64_t counter = 0;
  friend auto operator<=>(const Version&, const Version&) = default;
  bool none() const { return epoch.value == 0 && counter == 0; }
  std::string to_string() const;  // "3.1042"
};

// One version of one file: what a replica is a copy of.
struct ReplicaId {
  InodeId inode;
  Version version;
  friend auto operator<=>(const ReplicaId&, const ReplicaId&) = default;
  std::string to_string() const;  // "1099511627777@3.1042"
};

// A 128-bit random identity (RFC 4122 version 4 when made here), as text 8-4-4-4-12 in lower case.
template <typename Tag>
struct Uuid {
  std::array<uint8_t, 16> bytes{};
  friend auto operator<=>(const Uuid&, const Uuid&) = default;
  bool none() const { return *this == Uuid{}; }
};

using NodeId = Uuid<struct NodeTag>;
using SwarmId = Uuid<struct SwarmTag>;
using DiskId = Uuid<struct DiskTag>;  // of one data directory of a node
using ClientId = Uuid<struct ClientTag>;

std::array<uint8_t, 16> random_uuid_bytes();
std::string uuid_text(const std::array<uint8_t, 16>& bytes);
Result<std::array<uint8_t, 16>> parse_uuid_bytes(std::string_view text);  // kInvalidArgument names the text

template <typename Id>
Id random_id() {
  return Id{random_uuid_bytes()};
}
template <typename Id>
Result<Id> parse_id(std::string_view text) {
  FSDFS_ASSIGN(auto bytes, parse_uuid_bytes(text));
  return Id{bytes};
}
template <typename Tag>
std::string to_string(const Uuid<Tag>& id) {
  return uuid_text(id.bytes);
}
template <typename Tag>
std::string to_string(StrongNumber<Tag> id) {
  return std::to_string(id.value);
}

// Remembered by the master so that a retried operation happens once (invariant 12).
struct RequestId {
  ClientId client;
  uint64_t number = 0;  // grows by one with each of the client's operations
  friend auto operator<=>(const RequestId&, const RequestId&) = default;
};

}  // namespace fsdfs

template <typename Tag>
struct std::hash<fsdfs::StrongNumber<Tag>> {
  size_t operator()(const fsdfs::StrongNumber<Tag>& id) const noexcept {
    return std::hash<uint64_t>{}(id.value);
  }
};
template <typename Tag>
struct std::hash<fsdfs::Uuid<Tag>> {
  size_t operator()(const fsdfs::Uuid<Tag>& id) const noexcept {
    return std::hash<std::string_view>{}({reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()});
  }
};
template <>
struct std::hash<fsdfs::Version> {
  size_t operator()(const fsdfs::Version& v) const noexcept {
    return v.epoch.value * 0x9E3779B97F4A7C15ULL ^ v.counter;
  }
};
template <>
struct std::hash<fsdfs::ReplicaId> {
  size_t operator()(const fsdfs::ReplicaId& id) const noexcept {
    return id.inode.value * 0xC2B2AE3D27D4EB4FULL ^ std::hash<fsdfs::Version>{}(id.version);
  }
};
