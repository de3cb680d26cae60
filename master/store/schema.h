// The tables of the master's database, as steps that are only ever appended to. The definitions are SQLite's;
// the queries in this folder keep to what PostgreSQL understands too.
//
// Keys in short: names by (parent, cookie) for listings and (parent, name) for lookups; replicas by file, by
// node (a join compares them with the inventory) and, where their deletion is not confirmed, by node again.
// Nodes appear in replicas as a small number, `slot`.
#pragma once

#include <span>

#include "common/sqlite/migrations.h"

namespace fsdfs::master {

std::span<const sqlite::Migration> master_migrations();

}  // namespace fsdfs::master
