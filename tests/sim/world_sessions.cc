// World: sessions of clients that write: new files, new content, changes in place.
#include <algorithm>

#include "tests/sim/names.h"
#include "tests/sim/world.h"

namespace fsdfs::sim {

using master::Admission;

bool World::begin_session(bool has_file, size_t file, bool in_place, uint64_t size, double target) {
  for (const SimSession& other : sessions_) {
    if (other.exists && has_file && other.has_file && other.file == file) return false;
  }
  auto free = std::find_if(sessions_.begin(), sessions_.end(), [](const SimSession& s) { return !s.exists; });
  if (free == sessions_.end()) free = sessions_.emplace(sessions_.end());
  *free = SimSession{};
  free->exists = true;
  free->id = SessionId{next_session_++};
  free->has_file = has_file;
  free->file = file;
  free->in_place = in_place;
  free->size = size;
  free->target = target;
  free->ends_ms = now_ms_ + 30'000;
  return true;
}

void World::run_sessions() {
  for (SimSession& session : sessions_) {
    if (!session.exists) continue;
    if (session.granted) {
      if (now_ms_ >= session.ends_ms) end_session(session, !random_.chance(0.1));
      continue;
    }
    if (session.has_file && !master_.db_file(session.file).exists) {
      end_session(session, false);
      continue;
    }
    master::AdmitRequest request;
    request.session = session.id;
    if (session.has_file) request.inode = inode_of(session.file);
    request.size = session.size;
    request.target = session.target;
    request.in_place = session.in_place;
    Admission answer = master_.admit(request, now());
    if (answer.outcome == Admission::Outcome::kGranted) {
      tally_.count("session granted");
      if (static_cast<int>(answer.chain.size()) < plan_.scheduler.sync_copies_min) {
        checker_.fail("a session with fewer members than sync_copies_min");
      }
      session.granted = true;
      session.chain = answer.chain;
      session.reserved = session.size;
      session.ends_ms = now_ms_ + static_cast<int64_t>(random_.below(5'000));
      for (const NodeId& id : session.chain) {
        SimNode& node = nodes_[node_of(id)];
        if (node.attendance == 0) continue;  // out of reach, which the master has not noticed: falls out
        node.staged[session.id.value] = session.size;
        node.staged_bytes += session.size;
      }
      if (session.in_place) {
        master_.db_file(session.file).info.open = true;
        master_.file_changed(session.file);
      }
    } else if (answer.outcome == Admission::Outcome::kRefused) {
      tally_.count("session refused");
      session.exists = false;
    } else if (now_ms_ >= session.ends_ms) {
      tally_.count("session gave up waiting");
      end_session(session, false);
    }
  }
}

void World::end_session(SimSession& session, bool commit) {
  if (!session.granted) {
    master_.release(session.id, {}, 0);
    session.exists = false;
    return;
  }
  if (commit && !(session.has_file && !master_.db_file(session.file).exists)) {
    commit_session(session);
  } else {
    tally_.count("session aborted");
    master_.release(session.id, session.chain, session.reserved);
    for (const NodeId& id : session.chain) {
      SimNode& node = nodes_[node_of(id)];
      auto it = node.staged.find(session.id.value);
      if (it == node.staged.end()) continue;
      node.staged_bytes -= it->second;
      node.staged.erase(it);
    }
  }
  if (session.in_place && master_.db_file(session.file).info.open) {
    master_.db_file(session.file).info.open = false;
    if (master_.db_file(session.file).exists) master_.file_changed(session.file);
  }
  session.exists = false;
}

void World::commit_session(SimSession& session) {
  // What a member staged is gone when it fell out meanwhile.
  std::vector<size_t> whole;
  for (const NodeId& id : session.chain) {
    size_t number = node_of(id);
    if (nodes_[number].staged.contains(session.id.value)) whole.push_back(number);
  }
  master_.release(session.id, session.chain, session.reserved);
  if (whole.empty()) {
    tally_.count("session lost with its chain");
    return;
  }
  tally_.count(session.in_place   ? "commit in place"
               : session.has_file ? "commit of new content"
                                  : "commit of new file");
  bool is_new = !session.has_file;
  size_t file = is_new ? master_.add_file() : session.file;
  DbFile& record = master_.db_file(file);
  if (is_new) {
    record.exists = true;
    record.info.inode = inode_of(file);
    record.info.target = session.target;
  }
  Version old_version = record.info.version;
  record.info.version = master_.next_version();
  record.info.size = session.size;
  master_.file_changed(file);
  for (size_t number : whole) {
    SimNode& node = nodes_[number];
    node.staged_bytes -= node.staged[session.id.value];
    node.staged.erase(session.id.value);
    if (session.in_place && node.disk.contains({file, old_version})) {
      node.drop({file, old_version});
      master_.replica_removed(file, old_version, number);
    }
    node.put({file, record.info.version}, session.size);
    master_.replica_added(file, record.info.version, session.size, number);
  }
}

}  // namespace fsdfs::sim
