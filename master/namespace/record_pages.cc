#include "master/namespace/record_pages.h"

#include <algorithm>
#include <set>

#include "master/namespace/origin.h"
#include "master/store/log_codec.h"

namespace fsdfs::master {
namespace {

bool is_copy(ReplicaState state) {
  return state == ReplicaState::kWhole || state == ReplicaState::kStale;
}

// One page while it is put together: first what it is about, then how that is now.
class PageMaker {
 public:
  PageMaker(ReadView& view, const RecordsQuestion& question, const RecordLimits& limits)
      : view_(view), question_(question), limits_(limits) {}

  Result<RecordPage> make() {
    if (question_.after) {
      page_.position = question_.position;
      FSDFS_TRY(read_holdings(*question_.after));
    } else {
      FSDFS_ASSIGN(bool followed, read_log());
      if (!followed) FSDFS_TRY(begin_listing());
    }
    FSDFS_TRY(fill_files());
    FSDFS_TRY(fill_directories());
    return std::move(page_);
  }

 private:
  // False: the log does not have the node's position, or not any more.
  Result<bool> read_log() {
    uint64_t from = question_.position.sequence;
    if (from == 0) return false;
    auto entries = view_.log_after(from - 1, limits_.entries + 1);
    if (entries.status().code() == Code::kOutOfRange) return false;
    if (!entries.ok()) return entries.status();
    if (entries->empty()) return false;
    FSDFS_ASSIGN(LogEntry known, decode_log_entry(entries->front()));
    if (known.epoch != question_.position.epoch) return false;
    page_.position = question_.position;
    page_.more = entries->size() > limits_.entries;
    for (size_t i = 1; i < entries->size(); ++i) {
      FSDFS_ASSIGN(LogEntry entry, decode_log_entry((*entries)[i]));
      for (const LogRecord& record : entry.records) note(record);
      page_.position = {entry.sequence, entry.epoch};
      if (files_.size() < limits_.files) continue;
      page_.more = page_.more || i + 1 < entries->size();
      break;
    }
    return true;
  }

  void note(const LogRecord& record) {
    if (const auto* changed = std::get_if<InodeChanged>(&record)) {
      if (changed->inode.type == FileType::kDirectory) directories_.insert(changed->inode.id);
      if (changed->inode.type == FileType::kRegular) files_.insert(changed->inode.id);
    } else if (const auto* removed = std::get_if<InodeRemoved>(&record)) {
      page_.gone.push_back(removed->inode);
    } else if (const auto* replica = std::get_if<ReplicaChanged>(&record)) {
      bool mine = replica->replica.node == question_.node && is_copy(replica->replica.state);
      if (mine) files_.insert(replica->replica.replica.inode);
    }
  }

  // The log is followed from its present end afterwards.
  Status begin_listing() {
    FSDFS_ASSIGN(std::string last, view_.last_log_entry());
    if (!last.empty()) {
      FSDFS_ASSIGN(LogEntry entry, decode_log_entry(last));
      page_.position = {entry.sequence, entry.epoch};
    }
    return read_holdings(ReplicaId{});
  }

  Status read_holdings(const ReplicaId& after) {
    FSDFS_ASSIGN(auto rows, view_.replicas_on(question_.node, after, limits_.files));
    for (const ReplicaRecord& row : rows) {
      if (is_copy(row.state)) files_.insert(row.replica.inode);
    }
    page_.present_state = true;
    page_.more = true;  // the log that has gone on since the listing began, if nothing else
    if (rows.size() == limits_.files) page_.after = rows.back().replica;
    return {};
  }

  Result<bool> is_held(InodeId inode) {
    FSDFS_ASSIGN(auto replicas, view_.replicas(inode));
    return std::any_of(replicas.begin(), replicas.end(), [&](const ReplicaRecord& replica) {
      return replica.node == question_.node && is_copy(replica.state);
    });
  }

  Status fill_files() {
    for (InodeId id : files_) {
      FSDFS_ASSIGN(bool held, is_held(id));
      if (!held) continue;
      FSDFS_ASSIGN(auto inode, view_.inode(id));
      if (!inode || inode->type != FileType::kRegular) continue;
      FSDFS_ASSIGN(ReplicaOrigin origin, origin_of(view_, *inode));
      if (origin.parent.value != 0) directories_.insert(origin.parent);
      page_.files.push_back({{id, inode->version}, std::move(origin)});
    }
    return {};
  }

  // Each with all above it, each once.
  Status fill_directories() {
    std::set<InodeId> told;
    for (InodeId start : directories_) {
      for (InodeId id = start; told.insert(id).second;) {
        FSDFS_ASSIGN(auto inode, view_.inode(id));
        if (!inode || inode->type != FileType::kDirectory) break;
        FSDFS_ASSIGN(auto entry, view_.name_of(id));
        InodeId parent = inode->parent;
        page_.directories.push_back({std::move(*inode), entry ? std::move(entry->name) : std::string()});
        id = parent;
      }
    }
    return {};
  }

  ReadView& view_;
  const RecordsQuestion& question_;
  const RecordLimits& limits_;
  RecordPage page_;
  std::set<InodeId> files_;
  std::set<InodeId> directories_;
};

}  // namespace

Result<RecordPage> record_page(ReadView& view, const RecordsQuestion& question, const RecordLimits& limits) {
  return PageMaker(view, question, limits).make();
}

}  // namespace fsdfs::master
