// SpareBoard: how many bytes each node could give up, by surplus: tells quickly that no eviction can make
// room.
//
// Each node has its evictable bytes in buckets of a whole copy of surplus; spare and last copies of deleted
// files have buckets of their own. A record remembers the bucket its copies are in. Not exact within a
// bucket: what bytes_at_least says is an upper bound. Not thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "master/scheduler/file_table.h"

namespace fsdfs::master {

class SpareBoard {
 public:
  using Bucket = int8_t;
  static constexpr Bucket kNotSpare = -1;
  static constexpr Bucket kLastTrash = 61;
  static constexpr Bucket kSpareTrash = 62;
  static Bucket bucket_of(Units surplus);  // of a live file

  // The record's copies on `nodes` come to, or leave, the record's bucket.
  void add(const FileRecord& record, std::span<const NodeIndex> nodes);
  void remove(const FileRecord& record, std::span<const NodeIndex> nodes);

  // Of live files with at least this surplus, and of the trash.
  uint64_t bytes_at_least(NodeIndex node, Bucket bucket, bool last_of_trash) const;
  // The best to lose; kNotSpare when there is none.
  Bucket best(NodeIndex node) const;
  void forget(NodeIndex node);  // its index will be another's

 private:
  static constexpr size_t kBuckets = 63;
  static constexpr int kZero = 20;  // the bucket of a surplus of 0 to 1
  static constexpr int kHighest = 60;

  std::vector<std::array<uint64_t, kBuckets>> nodes_;
};

}  // namespace fsdfs::master
