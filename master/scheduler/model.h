// Model: everything the scheduler knows, with its sums kept right: files, nodes, copies under way, leftovers.
//
// Only the methods below change what space is occupied or promised; decisions read. Not thread-safe.
#pragma once

#include "master/scheduler/copy_jobs.h"
#include "master/scheduler/file_table.h"
#include "master/scheduler/health_board.h"
#include "master/scheduler/leftovers.h"
#include "master/scheduler/node_table.h"
#include "master/scheduler/spare_board.h"
#include "master/scheduler/types.h"

namespace fsdfs::master {

// A file's copies, counted by what their nodes are good for.
struct Counts {
  int live = 0;         // K
  int stays = 0;        // on nodes that are not draining
  int safe = 0;         // K as a victim
  int sources = 0;      // on nodes that are up
  bool settled = true;  // every holder has reported or is dead
};

struct Model {
  Model(const SchedulerSettings& s, const SchedulerGuards& g) : settings(s), guards(g), nodes(g, settings) {}

  SchedulerSettings settings;
  const SchedulerGuards guards;
  FileTable files;
  NodeTable nodes;
  Leftovers leftovers;
  CopyJobs jobs;
  HealthBoard board;
  SpareBoard spare;
  bool recovering = false;
  // Grows with every change that could let a parked file be placed; a file parked in an older generation is
  // tried again.
  uint16_t generation = 1;
  bool woken = false;       // since the last sweep began
  bool parked_any = false;  // in this generation
  uint64_t wakes = 0;       // grows with every such change

  // ---- counting ----
  Counts count(const FileRecord& record) const;
  // K-N of a file in need: with copies in flight, without draining nodes.
  Units need(const FileRecord& record, const Counts& counts) const;
  // Every node that has any replica of the file has reported or is dead, and no recovery is under way.
  bool deletable(const FileRecord& record) const { return deletable(record, count(record)); }
  bool deletable(const FileRecord& record, const Counts& counts) const;
  // Copies, on safe nodes, that must be left after a deletion.
  int floor_of(const FileRecord& record) const;
  bool at_rest(const FileRecord& record) const { return record.open || record.trash || record.removed; }

  // ---- changing ----
  void add_current(FileRecord& record, NodeIndex node);
  void drop_current(FileRecord& record, NodeIndex node);
  void add_leftover(uint64_t inode, const Leftover& leftover);
  // False when there is none.
  bool drop_leftover(uint64_t inode, uint64_t version, NodeIndex node);
  void set_leftover_state(Leftover& leftover, Leftover::State state);
  // The file's copies are evictable as said from now on.
  void set_bucket(FileRecord& record, SpareBoard::Bucket bucket);
  // A planned copy, waiting; the space is promised from here on.
  CopyJob& add_job(const CopyJob& job);
  void order_job(CopyJob& job, NodeIndex source, MonotonicTime deadline);
  void cancel_job(CopyJob& job);  // an ordered one; its space stays reserved
  void end_job(uint64_t id);
  // A change that could help a parked file.
  void wake();
  void park(FileRecord& record);
};

}  // namespace fsdfs::master
