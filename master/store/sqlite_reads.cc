#include "master/store/sqlite_reads.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "master/store/sqlite_rows.h"

namespace fsdfs::master {
namespace {

// The statements, made once: the connection keeps prepared ones by their text.
struct Sql {
  std::string inode = fmt::format("SELECT {} FROM inodes i WHERE i.id = ?", kInodeColumns);
  std::string entry =
      fmt::format("SELECT {} FROM entries e WHERE e.parent = ? AND e.name = ?", kEntryColumns);
  std::string name_of = fmt::format(
      "SELECT {} FROM entries e WHERE e.inode = ? ORDER BY e.parent, e.cookie LIMIT 1", kEntryColumns);
  std::string entries_after = fmt::format(
      "SELECT {} FROM entries e WHERE (e.parent, e.cookie) > (?, ?) ORDER BY e.parent, e.cookie LIMIT ?",
      kEntryColumns);
  std::string children = fmt::format(
      "SELECT {}, {} FROM entries e JOIN inodes i ON i.id = e.inode WHERE e.parent = ? AND e.cookie > ? "
      "ORDER BY e.cookie LIMIT ?",
      kEntryColumns, kInodeColumns);
  std::string replicas = fmt::format("SELECT {} FROM replicas r WHERE r.inode = ?", kReplicaColumns);
  std::string replica = fmt::format(
      "SELECT {} FROM replicas r WHERE r.inode = ? AND r.version_epoch = ? AND r.version_counter = ? AND "
      "r.node = ?",
      kReplicaColumns);
  std::string replicas_on = fmt::format(
      "SELECT {} FROM replicas r WHERE r.node = ? AND (r.inode, r.version_epoch, r.version_counter) > (?, ?, "
      "?) "
      "ORDER BY r.inode, r.version_epoch, r.version_counter LIMIT ?",
      kReplicaColumns);
  std::string holdings_on = fmt::format(
      "SELECT {}, i.size, i.digest FROM replicas r LEFT JOIN inodes i ON i.id = r.inode AND "
      "i.version_epoch = r.version_epoch AND i.version_counter = r.version_counter "
      "WHERE r.node = ? AND (r.inode, r.version_epoch, r.version_counter) > (?, ?, ?) AND "
      "(r.inode, r.version_epoch, r.version_counter) <= (?, ?, ?) "
      "ORDER BY r.inode, r.version_epoch, r.version_counter LIMIT ?",
      kReplicaColumns);
  std::string deletions_on = fmt::format(
      "SELECT {} FROM replicas r WHERE r.state = 3 AND r.node = ? AND "
      "(r.inode, r.version_epoch, r.version_counter) > (?, ?, ?) "
      "ORDER BY r.inode, r.version_epoch, r.version_counter LIMIT ?",
      kReplicaColumns);
  std::string files =
      fmt::format("SELECT {} FROM inodes i WHERE i.id > ? ORDER BY i.id LIMIT ?", kInodeColumns);
  std::string replicas_between =
      fmt::format("SELECT {} FROM replicas r WHERE r.inode > ? AND r.inode <= ?", kReplicaColumns);
  std::string nodes = fmt::format("SELECT {} FROM nodes n ORDER BY n.slot", kNodeColumns);
  std::string node = fmt::format("SELECT {} FROM nodes n WHERE n.id = ?", kNodeColumns);
  std::string session = fmt::format("SELECT {} FROM sessions s WHERE s.id = ?", kSessionColumns);
  std::string session_of = fmt::format(
      "SELECT {} FROM sessions s WHERE s.inode = ? AND s.version_epoch = ? AND s.version_counter = ?",
      kSessionColumns);
  std::string sessions = fmt::format("SELECT {} FROM sessions s ORDER BY s.id", kSessionColumns);
  // trash and quotas
  std::string trash = fmt::format("SELECT {} FROM trash t WHERE t.inode = ?", kTrashColumns);
  std::string newest_trash = fmt::format(
      "SELECT {} FROM trash t WHERE t.path = ? ORDER BY t.deleted_s DESC, t.deleted_ns DESC, t.inode DESC "
      "LIMIT 1",
      kTrashColumns);
  std::string trash_between = fmt::format(
      "SELECT {}, {} FROM trash t JOIN inodes i ON i.id = t.inode WHERE (t.path, t.inode) > (?, ?) AND "
      "t.path < ? ORDER BY t.path, t.inode LIMIT ?",
      kTrashColumns, kInodeColumns);
  std::string trash_until = fmt::format(
      "SELECT {} FROM trash t WHERE (t.deleted_s, t.deleted_ns) <= (?, ?) "
      "ORDER BY t.deleted_s, t.deleted_ns, t.inode LIMIT ?",
      kTrashColumns);
  std::string quota = fmt::format("SELECT {} FROM quotas q WHERE q.directory = ?", kQuotaColumns);
  std::string quotas = fmt::format(
      "SELECT {} FROM quotas q WHERE q.directory > ? ORDER BY q.directory LIMIT ?", kQuotaColumns);
  std::string directories_with_target =
      fmt::format("SELECT {} FROM inodes i WHERE i.own_target IS NOT NULL AND i.type = 2", kInodeColumns);
};

const Sql& sql() {
  static const Sql statements;
  return statements;
}

ReadsRecord reads_from_row(const sqlite::Statement& row) {
  return {InodeId{row.get_uint(0)}, static_cast<float>(row.get_double(1)), row.get_double(2)};
}

// Steps through all rows.
template <typename Row, typename Make>
Result<std::vector<Row>> collect(sqlite::Statement& statement, Make make) {
  std::vector<Row> rows;
  while (true) {
    FSDFS_ASSIGN(bool more, statement.step());
    if (!more) return rows;
    rows.push_back(make(statement));
  }
}

template <typename Row, typename Make>
Result<std::optional<Row>> first(sqlite::Statement& statement, Make make) {
  FSDFS_ASSIGN(bool found, statement.step());
  if (!found) return std::optional<Row>();
  return std::optional<Row>(make(statement));
}

}  // namespace

template <typename Base>
Result<std::optional<Inode>> SqliteReads<Base>::inode(InodeId id) {
  FSDFS_ASSIGN(auto statement, database_.prepare(sql().inode));
  statement.bind_uint(1, id.value);
  return first<Inode>(statement, [](const auto& row) { return inode_from_row(row); });
}

template <typename Base>
Result<std::optional<Entry>> SqliteReads<Base>::entry(InodeId parent, std::string_view name) {
  FSDFS_ASSIGN(auto statement, database_.prepare(sql().entry));
  statement.bind_uint(1, parent.value).bind_blob(2, name);
  return first<Entry>(statement, [](const auto& row) { return entry_from_row(row); });
}

template <typename Base>
Result<std::optional<Entry>> SqliteReads<Base>::name_of(InodeId inode) {
  FSDFS_ASSIGN(auto statement, database_.prepare(sql().name_of));
  statement.bind_uint(1, inode.value);
  return first<Entry>(statement, [](const auto& row) { return entry_from_row(row); });
}

template <typename Base>
Result<std::vector<Child>> SqliteReads<Base>::children(InodeId parent, uint64_t after, size_t limit) {
  FSDFS_ASSIGN(auto statement, database_.prepare(sql().children));
  statement.bind_uint(1, parent.value).bind_uint(2, after).bind_uint(3, limit);
  return collect<Child>(statement, [](const auto& row) {
    return Child{entry_from_row(row), inode_from_row(row, kEntryColumnCount)};
  });
}

template <typename Base>
Result<bool> SqliteReads<Base>::has_children(InodeId parent) {
  FSDFS_ASSIGN(auto statement, database_.prepare("SELECT 1 FROM entries WHERE parent = ? LIMIT 1"));
  statement.bind_uint(1, parent.value);
  return statement.step();
}

template <typename Base>
Result<std::vector<ReplicaRecord>> SqliteReads<Base>::replica_rows(sqlite::Statement& statement) {
  return collect<ReplicaRecord>(statement, [this](const auto& row) { return replica_from_row(row, slots_); });
}

template <typename Base>
Result<std::vector<ReplicaRecord>> SqliteReads<Base>::replicas(InodeId inode) {
  FSDFS_ASSIGN(auto statement, database_.prepare(sql().replicas));
  statement.bind_uint(1, inode.value);
  return replica_rows(statement);
}

template <typename Base>
Result<std::optional<ReplicaRecord>> SqliteReads<Base>::replica(const ReplicaId& id, const NodeId& node) {
  auto slot = slots_.find(node);
  if (!slot) return std::optional<ReplicaRecord>();
  FSDFS_ASSIGN(auto statement, database_.prepare(sql().replica));
  bind_replica_id(statement, 1, id);
  statement.bind_int(4, *slot);
  return first<ReplicaRecord>(statement, [this](const auto& row) { return replica_from_row(row, slots_); });
}

template <typename Base>
Result<std::vector<ReplicaRecord>> SqliteReads<Base>::replicas_after(std::string_view text,
                                                                     const NodeId& node,
                                                                     const ReplicaId& after, size_t limit) {
  auto slot = slots_.find(node);
  if (!slot) return std::vector<ReplicaRecord>();
  FSDFS_ASSIGN(auto statement, database_.prepare(text));
  statement.bind_int(1, *slot);
  bind_replica_id(statement, 2, after);
  statement.bind_uint(5, limit);
  return replica_rows(statement);
}

template <typename Base>
Result<std::vector<ReplicaRecord>> SqliteReads<Base>::replicas_on(const NodeId& node, const ReplicaId& after,
                                                                  size_t limit) {
  return replicas_after(sql().replicas_on, node, after, limit);
}

template <typename Base>
Result<std::vector<Holding>> SqliteReads<Base>::holdings_on(const NodeId& node, const ReplicaSpan& span,
                                                            size_t limit) {
  auto slot = slots_.find(node);
  if (!slot) return std::vector<Holding>();
  FSDFS_ASSIGN(auto statement, database_.prepare(sql().holdings_on));
  statement.bind_int(1, *slot);
  bind_replica_id(statement, 2, span.after);
  bind_replica_id(statement, 5, span.last);
  statement.bind_uint(8, limit);
  return collect<Holding>(statement, [this](const auto& row) {
    return Holding{replica_from_row(row, slots_), content_from_row(row, kReplicaColumnCount)};
  });
}

template <typename Base>
Result<std::vector<ReplicaRecord>> SqliteReads<Base>::deletions_on(const NodeId& node, const ReplicaId& after,
                                                                   size_t limit) {
  return replicas_after(sql().deletions_on, node, after, limit);
}

template <typename Base>
Result<bool> SqliteReads<Base>::is_tombstone(const ReplicaId& id) {
  FSDFS_ASSIGN(
      auto statement,
      database_.prepare("SELECT 1 FROM tombstones WHERE inode = ? AND ((version_epoch = 0 AND "
                        "version_counter = 0) OR (version_epoch = ? AND version_counter = ?)) LIMIT 1"));
  bind_replica_id(statement, 1, id);
  return statement.step();
}

template <typename Base>
Result<FilePage> SqliteReads<Base>::files(InodeId after, size_t limit) {
  FilePage page;
  {
    FSDFS_ASSIGN(auto statement, database_.prepare(sql().files));
    statement.bind_uint(1, after.value).bind_uint(2, limit);
    FSDFS_ASSIGN(auto inodes, collect<Inode>(statement, [](const auto& row) { return inode_from_row(row); }));
    page.end = inodes.size() < limit;
    page.last =
        page.end ? InodeId{static_cast<uint64_t>(std::numeric_limits<int64_t>::max())} : inodes.back().id;
    for (Inode& inode : inodes) {
      if (inode.type == FileType::kRegular) page.files.push_back(std::move(inode));
    }
  }
  FSDFS_ASSIGN(auto statement, database_.prepare(sql().replicas_between));
  statement.bind_uint(1, after.value).bind_uint(2, page.last.value);
  FSDFS_ASSIGN(page.replicas, replica_rows(statement));
  return page;
}

template <typename Base>
Result<std::vector<Inode>> SqliteReads<Base>::inodes(InodeId after, size_t limit) {
  FSDFS_ASSIGN(auto statement, database_.prepare(sql().files));
  statement.bind_uint(1, after.value).bind_uint(2, limit);
  return collect<Inode>(statement, [](const auto& row) { return inode_from_row(row); });
}

template <typename Base>
Result<std::vector<Inode>> SqliteReads<Base>::directories_with_target() {
  FSDFS_ASSIGN(auto statement, database_.prepare(sql().directories_with_target));
  return collect<Inode>(statement, [](const auto& row) { return inode_from_row(row); });
}

template <typename Base>
Result<PolicyRecord> SqliteReads<Base>::policy() {
  FSDFS_ASSIGN(auto statement, database_.prepare("SELECT revision, rules, python FROM policy"));
  FSDFS_ASSIGN(
      auto found, first<PolicyRecord>(statement, [](const auto& row) {
        return PolicyRecord{std::string(row.get_text(1)), std::string(row.get_text(2)), row.get_uint(0)};
      }));
  return found.value_or(PolicyRecord{});
}

template <typename Base>
Result<Vars> SqliteReads<Base>::vars(InodeId inode) {
  FSDFS_ASSIGN(auto statement, database_.prepare("SELECT name, value FROM vars WHERE inode = ?"));
  statement.bind_uint(1, inode.value);
  Vars vars;
  while (true) {
    FSDFS_ASSIGN(bool more, statement.step());
    if (!more) return vars;
    vars.emplace(statement.get_text(0), statement.get_double(1));
  }
}

template <typename Base>
Result<std::map<InodeId, Vars>> SqliteReads<Base>::vars_between(InodeId after, InodeId last) {
  FSDFS_ASSIGN(auto statement,
               database_.prepare("SELECT inode, name, value FROM vars WHERE inode > ? AND inode <= ?"));
  statement.bind_uint(1, after.value).bind_uint(2, last.value);
  std::map<InodeId, Vars> vars;
  while (true) {
    FSDFS_ASSIGN(bool more, statement.step());
    if (!more) return vars;
    vars[InodeId{statement.get_uint(0)}].emplace(statement.get_text(1), statement.get_double(2));
  }
}

template <typename Base>
Result<std::optional<ReadsRecord>> SqliteReads<Base>::reads(InodeId inode) {
  FSDFS_ASSIGN(auto statement, database_.prepare("SELECT inode, weight, seen FROM reads WHERE inode = ?"));
  statement.bind_uint(1, inode.value);
  return first<ReadsRecord>(statement, reads_from_row);
}

template <typename Base>
Result<std::vector<ReadsRecord>> SqliteReads<Base>::reads_after(InodeId after, size_t limit) {
  FSDFS_ASSIGN(
      auto statement,
      database_.prepare("SELECT inode, weight, seen FROM reads WHERE inode > ? ORDER BY inode LIMIT ?"));
  statement.bind_uint(1, after.value).bind_uint(2, limit);
  return collect<ReadsRecord>(statement, reads_from_row);
}

template <typename Base>
Result<std::vector<ReadsRecord>> SqliteReads<Base>::reads_between(InodeId after, InodeId last) {
  FSDFS_ASSIGN(auto statement,
               database_.prepare("SELECT inode, weight, seen FROM reads WHERE inode > ? AND inode <= ?"));
  statement.bind_uint(1, after.value).bind_uint(2, last.value);
  return collect<ReadsRecord>(statement, reads_from_row);
}

template <typename Base>
Result<std::vector<NodeRecord>> SqliteReads<Base>::nodes() {
  FSDFS_ASSIGN(auto statement, database_.prepare(sql().nodes));
  return collect<NodeRecord>(statement, [](const auto& row) { return node_from_row(row); });
}

template <typename Base>
Result<std::optional<NodeRecord>> SqliteReads<Base>::node(const NodeId& id) {
  FSDFS_ASSIGN(auto statement, database_.prepare(sql().node));
  statement.bind_blob(1, bytes_view(id.bytes));
  return first<NodeRecord>(statement, [](const auto& row) { return node_from_row(row); });
}

template <typename Base>
Result<std::optional<SessionRecord>> SqliteReads<Base>::session(SessionId id) {
  FSDFS_ASSIGN(auto statement, database_.prepare(sql().session));
  statement.bind_uint(1, id.value);
  return first<SessionRecord>(statement, [](const auto& row) { return session_from_row(row); });
}

template <typename Base>
Result<std::optional<SessionRecord>> SqliteReads<Base>::session_of(const ReplicaId& replica) {
  FSDFS_ASSIGN(auto statement, database_.prepare(sql().session_of));
  bind_replica_id(statement, 1, replica);
  return first<SessionRecord>(statement, [](const auto& row) { return session_from_row(row); });
}

template <typename Base>
Result<std::vector<SessionRecord>> SqliteReads<Base>::sessions() {
  FSDFS_ASSIGN(auto statement, database_.prepare(sql().sessions));
  return collect<SessionRecord>(statement, [](const auto& row) { return session_from_row(row); });
}

template <typename Base>
Result<std::optional<std::string>> SqliteReads<Base>::remembered_reply(const RequestId& request) {
  FSDFS_ASSIGN(auto statement,
               database_.prepare("SELECT reply FROM requests WHERE client = ? AND number = ?"));
  statement.bind_blob(1, bytes_view(request.client.bytes)).bind_uint(2, request.number);
  return first<std::string>(statement, [](const auto& row) { return std::string(row.get_blob(0)); });
}

template <typename Base>
Result<Totals> SqliteReads<Base>::totals() {
  FSDFS_ASSIGN(auto statement, database_.prepare("SELECT name, value FROM counters"));
  Totals totals;
  while (true) {
    FSDFS_ASSIGN(bool more, statement.step());
    if (!more) return totals;
    std::string_view name = statement.get_text(0);
    uint64_t value = statement.get_uint(1);
    if (name == "files") totals.files = value;
    if (name == "directories") totals.directories = value;
    if (name == "bytes") totals.bytes = value;
    if (name == "trash_files") totals.trash_files = value;
    if (name == "trash_bytes") totals.trash_bytes = value;
  }
}

// --- fsck ---

template <typename Base>
Result<Totals> SqliteReads<Base>::count_totals() {
  FSDFS_ASSIGN(
      auto statement,
      database_.prepare("SELECT type, links = 0, COUNT(*), COALESCE(SUM(size), 0) FROM inodes GROUP BY "
                        "type, links = 0"));
  Totals totals;
  while (true) {
    FSDFS_ASSIGN(bool more, statement.step());
    if (!more) return totals;
    auto type = static_cast<FileType>(statement.get_int(0));
    bool in_trash = statement.get_int(1) != 0;
    if (type == FileType::kDirectory) totals.directories += statement.get_uint(2);
    if (type != FileType::kRegular) continue;
    (in_trash ? totals.trash_files : totals.files) += statement.get_uint(2);
    (in_trash ? totals.trash_bytes : totals.bytes) += statement.get_uint(3);
  }
}

template <typename Base>
Result<uint64_t> SqliteReads<Base>::count_names(InodeId inode) {
  FSDFS_ASSIGN(auto statement, database_.prepare("SELECT COUNT(*) FROM entries WHERE inode = ?"));
  statement.bind_uint(1, inode.value);
  FSDFS_TRY(statement.step().status());
  return statement.get_uint(0);
}

template <typename Base>
Result<uint64_t> SqliteReads<Base>::count_subdirectories(InodeId directory) {
  FSDFS_ASSIGN(
      auto statement,
      database_.prepare("SELECT COUNT(*) FROM entries e JOIN inodes i ON i.id = e.inode WHERE e.parent "
                        "= ? AND i.type = 2"));
  statement.bind_uint(1, directory.value);
  FSDFS_TRY(statement.step().status());
  return statement.get_uint(0);
}

template <typename Base>
Result<std::vector<Entry>> SqliteReads<Base>::entries_after(const EntryCursor& after, size_t limit) {
  FSDFS_ASSIGN(auto statement, database_.prepare(sql().entries_after));
  statement.bind_uint(1, after.parent.value).bind_uint(2, after.cookie).bind_uint(3, limit);
  return collect<Entry>(statement, [](const auto& row) { return entry_from_row(row); });
}

// --- trash and quotas ---

template <typename Base>
Result<std::optional<TrashRecord>> SqliteReads<Base>::trash(InodeId inode) {
  FSDFS_ASSIGN(auto statement, database_.prepare(sql().trash));
  statement.bind_uint(1, inode.value);
  return first<TrashRecord>(statement, [](const auto& row) { return trash_from_row(row); });
}

template <typename Base>
Result<std::optional<TrashRecord>> SqliteReads<Base>::newest_trash(std::string_view path) {
  FSDFS_ASSIGN(auto statement, database_.prepare(sql().newest_trash));
  statement.bind_blob(1, path);
  return first<TrashRecord>(statement, [](const auto& row) { return trash_from_row(row); });
}

// Paths from `from` up to, without, `to`.
template <typename Base>
Result<std::vector<Trashed>> SqliteReads<Base>::trash_between(std::string_view from, std::string_view to,
                                                              const TrashCursor& after, size_t limit) {
  bool begun = after.path >= from;
  FSDFS_ASSIGN(auto statement, database_.prepare(sql().trash_between));
  statement.bind_blob(1, begun ? after.path : from)
      .bind_uint(2, begun ? after.inode.value : 0)
      .bind_blob(3, to)
      .bind_uint(4, limit);
  return collect<Trashed>(statement, [](const auto& row) {
    return Trashed{trash_from_row(row), inode_from_row(row, kTrashColumnCount)};
  });
}

// "/a" itself sorts before "/a-b", and that before "/a/b": so two ranges, from '/' to the byte behind it.
template <typename Base>
Result<std::vector<Trashed>> SqliteReads<Base>::trash_below(std::string_view path, const TrashCursor& after,
                                                            size_t limit) {
  std::string itself(path == "/" ? "" : path);
  FSDFS_ASSIGN(auto found, trash_between(itself, itself + '\0', after, limit));
  if (found.size() == limit) return found;
  FSDFS_ASSIGN(auto below, trash_between(itself + '/', itself + char('/' + 1), after, limit - found.size()));
  std::move(below.begin(), below.end(), std::back_inserter(found));
  return found;
}

template <typename Base>
Result<std::vector<TrashRecord>> SqliteReads<Base>::trash_until(FileTime time, size_t limit) {
  FSDFS_ASSIGN(auto statement, database_.prepare(sql().trash_until));
  statement.bind_int(1, time.seconds).bind_int(2, time.nanoseconds).bind_uint(3, limit);
  return collect<TrashRecord>(statement, [](const auto& row) { return trash_from_row(row); });
}

template <typename Base>
Result<bool> SqliteReads<Base>::any_quota() {
  FSDFS_ASSIGN(auto statement, database_.prepare("SELECT 1 FROM quotas LIMIT 1"));
  return statement.step();
}

template <typename Base>
Result<std::optional<QuotaRecord>> SqliteReads<Base>::quota(InodeId directory) {
  FSDFS_ASSIGN(auto statement, database_.prepare(sql().quota));
  statement.bind_uint(1, directory.value);
  return first<QuotaRecord>(statement, [](const auto& row) { return quota_from_row(row); });
}

template <typename Base>
Result<std::vector<QuotaRecord>> SqliteReads<Base>::quotas(InodeId after, size_t limit) {
  FSDFS_ASSIGN(auto statement, database_.prepare(sql().quotas));
  statement.bind_uint(1, after.value).bind_uint(2, limit);
  return collect<QuotaRecord>(statement, [](const auto& row) { return quota_from_row(row); });
}

template <typename Base>
Result<Usage> SqliteReads<Base>::usage_below(InodeId directory) {
  FSDFS_ASSIGN(
      auto statement,
      database_.prepare("WITH RECURSIVE below (directory) AS (SELECT ? UNION ALL SELECT i.id FROM below b "
                        "JOIN entries e ON e.parent = b.directory JOIN inodes i ON i.id = e.inode "
                        "WHERE i.type = 2) "
                        "SELECT COALESCE(SUM(i.size), 0), COUNT(*) FROM below b "
                        "JOIN entries e ON e.parent = b.directory JOIN inodes i ON i.id = e.inode "
                        "WHERE i.type = 1"));
  statement.bind_uint(1, directory.value);
  FSDFS_TRY(statement.step().status());
  return Usage{statement.get_uint(0), statement.get_uint(1)};
}

template <typename Base>
Result<std::vector<std::string>> SqliteReads<Base>::log_after(uint64_t sequence, size_t limit) {
  FSDFS_ASSIGN(
      auto statement,
      database_.prepare("SELECT sequence, entry FROM log WHERE sequence > ? ORDER BY sequence LIMIT ?"));
  statement.bind_uint(1, sequence).bind_uint(2, limit);
  std::vector<std::string> entries;
  while (true) {
    FSDFS_ASSIGN(bool more, statement.step());
    if (!more) return entries;
    if (entries.empty() && statement.get_uint(0) != sequence + 1) {
      return Status(Code::kOutOfRange,
                    fmt::format("the log no longer holds what follows entry {}: start over from "
                                "a snapshot",
                                sequence));
    }
    entries.emplace_back(statement.get_blob(1));
  }
}

template <typename Base>
Result<std::string> SqliteReads<Base>::last_log_entry() {
  FSDFS_ASSIGN(auto statement, database_.prepare("SELECT entry FROM log ORDER BY sequence DESC LIMIT 1"));
  FSDFS_ASSIGN(auto entry,
               first<std::string>(statement, [](const auto& row) { return std::string(row.get_blob(0)); }));
  return entry.value_or(std::string());
}

template class SqliteReads<ReadView>;
template class SqliteReads<WriteTransaction>;

}  // namespace fsdfs::master
