#include "master/store/schema.h"

#include <array>

namespace fsdfs::master {
namespace {

constexpr std::string_view kFirst = R"sql(
CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE counters (name TEXT PRIMARY KEY, value BIGINT NOT NULL) WITHOUT ROWID;
INSERT INTO counters (name, value)
  VALUES ('epoch', 0), ('files', 0), ('directories', 0), ('bytes', 0), ('syncs', 0);

CREATE TABLE inodes (
  id INTEGER PRIMARY KEY,
  type BIGINT NOT NULL, mode BIGINT NOT NULL, uid BIGINT NOT NULL, gid BIGINT NOT NULL, links BIGINT NOT NULL,
  accessed_s BIGINT NOT NULL, accessed_ns BIGINT NOT NULL,
  modified_s BIGINT NOT NULL, modified_ns BIGINT NOT NULL,
  changed_s BIGINT NOT NULL, changed_ns BIGINT NOT NULL,
  version_epoch BIGINT NOT NULL, version_counter BIGINT NOT NULL,
  size BIGINT NOT NULL, digest BLOB NOT NULL, target DOUBLE PRECISION NOT NULL,
  link_target BLOB NOT NULL, device BIGINT NOT NULL, metadata_counter BIGINT NOT NULL, parent BIGINT NOT NULL);

CREATE TABLE entries (
  parent BIGINT NOT NULL, cookie BIGINT NOT NULL, name BLOB NOT NULL, inode BIGINT NOT NULL,
  PRIMARY KEY (parent, cookie)) WITHOUT ROWID;
CREATE UNIQUE INDEX entries_by_name ON entries (parent, name);
CREATE INDEX entries_by_inode ON entries (inode);

CREATE TABLE nodes (
  slot INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE,
  address TEXT NOT NULL, zone TEXT NOT NULL, host TEXT NOT NULL, admin_state BIGINT NOT NULL, quota BIGINT NOT NULL,
  incarnation BIGINT NOT NULL, key BLOB NOT NULL);

CREATE TABLE replicas (
  inode BIGINT NOT NULL, version_epoch BIGINT NOT NULL, version_counter BIGINT NOT NULL, node BIGINT NOT NULL,
  state BIGINT NOT NULL, size BIGINT NOT NULL, verified_s BIGINT NOT NULL, verified_ns BIGINT NOT NULL,
  PRIMARY KEY (inode, version_epoch, version_counter, node)) WITHOUT ROWID;
CREATE INDEX replicas_by_node ON replicas (node, inode, version_epoch, version_counter);
CREATE INDEX deletions_by_node ON replicas (node, inode, version_epoch, version_counter) WHERE state = 3;

CREATE TABLE sessions (
  id INTEGER PRIMARY KEY,
  inode BIGINT NOT NULL, version_epoch BIGINT NOT NULL, version_counter BIGINT NOT NULL,
  parent BIGINT NOT NULL, name BLOB NOT NULL, creates BIGINT NOT NULL, no_replace BIGINT NOT NULL,
  size BIGINT NOT NULL, mode BIGINT NOT NULL, uid BIGINT NOT NULL, gid BIGINT NOT NULL, target DOUBLE PRECISION,
  wanted_members BIGINT NOT NULL, chain BLOB NOT NULL);
CREATE INDEX sessions_by_inode ON sessions (inode);

CREATE TABLE tombstones (
  inode BIGINT NOT NULL, version_epoch BIGINT NOT NULL, version_counter BIGINT NOT NULL, removed_s BIGINT NOT NULL,
  PRIMARY KEY (inode, version_epoch, version_counter)) WITHOUT ROWID;
CREATE INDEX tombstones_by_age ON tombstones (removed_s);

CREATE TABLE requests (
  client BLOB NOT NULL, number BIGINT NOT NULL, answered_s BIGINT NOT NULL, reply BLOB NOT NULL,
  PRIMARY KEY (client, number)) WITHOUT ROWID;
CREATE INDEX requests_by_age ON requests (answered_s);

CREATE TABLE log (sequence INTEGER PRIMARY KEY, entry BLOB NOT NULL);
)sql";

// trash: a regular inode without a name, and where it was.
constexpr std::string_view kTrashAndQuotas = R"sql(
INSERT INTO counters (name, value) VALUES ('trash_files', 0), ('trash_bytes', 0);

CREATE TABLE trash (
  inode INTEGER PRIMARY KEY, deleted_s BIGINT NOT NULL, deleted_ns BIGINT NOT NULL, path BLOB NOT NULL);
CREATE INDEX trash_by_age ON trash (deleted_s, deleted_ns, inode);
CREATE INDEX trash_by_path ON trash (path, inode);

CREATE TABLE quotas (
  directory INTEGER PRIMARY KEY, bytes_limit BIGINT, files_limit BIGINT,
  bytes_used BIGINT NOT NULL, files_used BIGINT NOT NULL);
)sql";

// Files whose N is not the one that most files have were given it by hand, and keep it as their own.
constexpr std::string_view kPolicy = R"sql(
ALTER TABLE inodes ADD COLUMN own_target DOUBLE PRECISION;
ALTER TABLE inodes ADD COLUMN target_source BIGINT NOT NULL DEFAULT 0;
UPDATE inodes SET own_target = target, target_source = 4 WHERE type = 1 AND target <>
  (SELECT target FROM inodes WHERE type = 1 GROUP BY target ORDER BY COUNT(*) DESC, target LIMIT 1);
CREATE INDEX directory_targets ON inodes (id) WHERE own_target IS NOT NULL AND type = 2;

CREATE TABLE policy (revision INTEGER PRIMARY KEY, rules TEXT NOT NULL, python TEXT NOT NULL);
CREATE TABLE vars (
  inode BIGINT NOT NULL, name TEXT NOT NULL, value DOUBLE PRECISION NOT NULL,
  PRIMARY KEY (inode, name)) WITHOUT ROWID;
CREATE TABLE reads (
  inode INTEGER PRIMARY KEY, weight DOUBLE PRECISION NOT NULL, seen DOUBLE PRECISION NOT NULL);
)sql";

constexpr std::array kMigrations{sqlite::Migration{1, kFirst}, sqlite::Migration{2, kTrashAndQuotas},
                                 sqlite::Migration{3, kPolicy}};

}  // namespace

std::span<const sqlite::Migration> master_migrations() {
  return kMigrations;
}

}  // namespace fsdfs::master
