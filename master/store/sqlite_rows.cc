#include "master/store/sqlite_rows.h"

#include <algorithm>

namespace fsdfs::master {
namespace {

template <size_t size>
void copy_bytes(std::string_view from, std::array<uint8_t, size>& into) {
  std::copy_n(from.begin(), std::min(from.size(), size), into.begin());
}

uint32_t get_u32(const sqlite::Statement& row, int column) {
  return static_cast<uint32_t>(row.get_int(column));
}

FileTime get_time(const sqlite::Statement& row, int column) {
  return {row.get_int(column), get_u32(row, column + 1)};
}

Version get_version(const sqlite::Statement& row, int column) {
  return {Epoch{row.get_uint(column)}, row.get_uint(column + 1)};
}

void bind_time(sqlite::Statement& statement, int index, const FileTime& time) {
  statement.bind_int(index, time.seconds).bind_int(index + 1, time.nanoseconds);
}

std::optional<uint64_t> get_optional(const sqlite::Statement& row, int column) {
  return row.is_null(column) ? std::nullopt : std::optional(row.get_uint(column));
}

void bind_optional(sqlite::Statement& statement, int index, const std::optional<uint64_t>& value) {
  if (value) {
    statement.bind_uint(index, *value);
  } else {
    statement.bind_null(index);
  }
}

}  // namespace

FileTime file_time(WallTime time) {
  auto since = time.time_since_epoch();
  auto seconds = std::chrono::floor<std::chrono::seconds>(since);
  return {seconds.count(), static_cast<uint32_t>((since - seconds).count())};
}

Inode inode_from_row(const sqlite::Statement& row, int first) {
  Inode inode;
  inode.id = InodeId{row.get_uint(first)};
  inode.type = static_cast<FileType>(row.get_int(first + 1));
  inode.mode = get_u32(row, first + 2);
  inode.uid = get_u32(row, first + 3);
  inode.gid = get_u32(row, first + 4);
  inode.links = get_u32(row, first + 5);
  inode.accessed = get_time(row, first + 6);
  inode.modified = get_time(row, first + 8);
  inode.changed = get_time(row, first + 10);
  inode.version = get_version(row, first + 12);
  inode.content.size = row.get_uint(first + 14);
  copy_bytes(row.get_blob(first + 15), inode.content.digest.bytes);
  inode.target = row.get_double(first + 16);
  inode.link_target = row.get_blob(first + 17);
  inode.device = get_u32(row, first + 18);
  inode.metadata_counter = row.get_uint(first + 19);
  inode.parent = InodeId{row.get_uint(first + 20)};
  if (!row.is_null(first + 21)) inode.own_target = row.get_double(first + 21);
  inode.target_source = static_cast<TargetSource>(row.get_int(first + 22));
  return inode;
}

Entry entry_from_row(const sqlite::Statement& row, int first) {
  return {InodeId{row.get_uint(first)}, std::string(row.get_blob(first + 2)), row.get_uint(first + 1),
          InodeId{row.get_uint(first + 3)}};
}

ReplicaRecord replica_from_row(const sqlite::Statement& row, const NodeSlots& slots) {
  ReplicaRecord record;
  record.replica = {InodeId{row.get_uint(0)}, get_version(row, 1)};
  record.node = slots.node(row.get_int(3));
  record.state = static_cast<ReplicaState>(row.get_int(4));
  record.size = row.get_uint(5);
  record.verified = get_time(row, 6);
  return record;
}

std::optional<Content> content_from_row(const sqlite::Statement& row, int first) {
  if (row.is_null(first)) return std::nullopt;
  Content content;
  content.size = row.get_uint(first);
  copy_bytes(row.get_blob(first + 1), content.digest.bytes);
  return content;
}

NodeRecord node_from_row(const sqlite::Statement& row) {
  NodeRecord node;
  copy_bytes(row.get_blob(1), node.id.bytes);
  node.address = row.get_text(2);
  node.zone = row.get_text(3);
  node.host = row.get_text(4);
  node.admin_state = static_cast<AdminState>(row.get_int(5));
  node.quota = row.get_uint(6);
  node.incarnation = Incarnation{row.get_uint(7)};
  copy_bytes(row.get_blob(8), node.key.bytes);
  return node;
}

SessionRecord session_from_row(const sqlite::Statement& row) {
  SessionRecord session;
  session.id = SessionId{row.get_uint(0)};
  session.replica = {InodeId{row.get_uint(1)}, get_version(row, 2)};
  session.parent = InodeId{row.get_uint(4)};
  session.name = row.get_blob(5);
  session.creates = row.get_int(6) != 0;
  session.no_replace = row.get_int(7) != 0;
  session.size = row.get_uint(8);
  session.mode = get_u32(row, 9);
  session.uid = get_u32(row, 10);
  session.gid = get_u32(row, 11);
  if (!row.is_null(12)) session.target = row.get_double(12);
  session.wanted_members = get_u32(row, 13);
  std::string_view chain = row.get_blob(14);
  for (; chain.size() >= sizeof(NodeId::bytes); chain.remove_prefix(sizeof(NodeId::bytes))) {
    copy_bytes(chain.substr(0, sizeof(NodeId::bytes)), session.chain.emplace_back().bytes);
  }
  return session;
}

TrashRecord trash_from_row(const sqlite::Statement& row) {
  return {InodeId{row.get_uint(0)}, get_time(row, 1), std::string(row.get_blob(3))};
}

QuotaRecord quota_from_row(const sqlite::Statement& row) {
  return {InodeId{row.get_uint(0)}, get_optional(row, 1), get_optional(row, 2), row.get_uint(3),
          row.get_uint(4)};
}

void bind_trash(sqlite::Statement& statement, const TrashRecord& record) {
  statement.bind_uint(1, record.inode.value);
  bind_time(statement, 2, record.deleted);
  statement.bind_blob(4, record.path);
}

void bind_quota(sqlite::Statement& statement, const QuotaRecord& quota) {
  statement.bind_uint(1, quota.directory.value);
  bind_optional(statement, 2, quota.bytes_limit);
  bind_optional(statement, 3, quota.files_limit);
  statement.bind_uint(4, quota.bytes_used).bind_uint(5, quota.files_used);
}

void bind_inode(sqlite::Statement& statement, const Inode& inode) {
  statement.bind_uint(1, inode.id.value)
      .bind_int(2, static_cast<int64_t>(inode.type))
      .bind_int(3, inode.mode)
      .bind_int(4, inode.uid)
      .bind_int(5, inode.gid)
      .bind_int(6, inode.links);
  bind_time(statement, 7, inode.accessed);
  bind_time(statement, 9, inode.modified);
  bind_time(statement, 11, inode.changed);
  statement.bind_uint(13, inode.version.epoch.value)
      .bind_uint(14, inode.version.counter)
      .bind_uint(15, inode.content.size)
      .bind_blob(16, bytes_view(inode.content.digest.bytes))
      .bind_double(17, inode.target)
      .bind_blob(18, inode.link_target)
      .bind_int(19, inode.device)
      .bind_uint(20, inode.metadata_counter)
      .bind_uint(21, inode.parent.value);
  if (inode.own_target) {
    statement.bind_double(22, *inode.own_target);
  } else {
    statement.bind_null(22);
  }
  statement.bind_int(23, static_cast<int64_t>(inode.target_source));
}

void bind_session(sqlite::Statement& statement, const SessionRecord& session) {
  statement.bind_uint(1, session.id.value);
  bind_replica_id(statement, 2, session.replica);
  statement.bind_uint(5, session.parent.value)
      .bind_blob(6, session.name)
      .bind_int(7, session.creates ? 1 : 0)
      .bind_int(8, session.no_replace ? 1 : 0)
      .bind_uint(9, session.size)
      .bind_int(10, session.mode)
      .bind_int(11, session.uid)
      .bind_int(12, session.gid);
  if (session.target) {
    statement.bind_double(13, *session.target);
  } else {
    statement.bind_null(13);
  }
  std::string chain;
  for (const NodeId& node : session.chain) chain += bytes_view(node.bytes);
  statement.bind_int(14, session.wanted_members).bind_blob(15, chain);
}

void bind_replica_id(sqlite::Statement& statement, int first, const ReplicaId& id) {
  statement.bind_uint(first, id.inode.value)
      .bind_uint(first + 1, id.version.epoch.value)
      .bind_uint(first + 2, id.version.counter);
}

}  // namespace fsdfs::master
