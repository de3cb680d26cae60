// ReaderPool: the connections on which views of the database are read beside the writer. Opened when first
// needed, at most so many; one more view waits until another ends. Internal to master/store. Thread-safe;
// views end before it.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "common/sqlite/database.h"
#include "master/store/node_slots.h"
#include "master/store/store.h"

namespace fsdfs::master {

class ReaderPool {
 public:
  ReaderPool(std::string path, NodeSlots& slots, size_t connections_max)
      : path_(std::move(path)), slots_(slots), connections_max_(connections_max) {}

  Result<std::unique_ptr<ReadView>> view();

 private:
  class View;
  Result<std::unique_ptr<sqlite::Database>> take();
  void give(std::unique_ptr<sqlite::Database> connection);

  const std::string path_;
  NodeSlots& slots_;
  const size_t connections_max_;

  std::mutex mutex_;
  std::condition_variable freed_;
  std::vector<std::unique_ptr<sqlite::Database>> idle_;  // guarded by mutex_
  size_t open_ = 0;                                      // guarded by mutex_
};

}  // namespace fsdfs::master
