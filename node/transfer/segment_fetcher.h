// SegmentFetcher: brings the segments of one copy from several sources at once, each block verified against
// the copy's sums, for one thread that takes them in order.
//
// A thread per stream; which source brings what is SegmentBoard's to say. A source that fails is not asked
// again; one that was overtaken is asked again only when no other is left. Memory: the window's segments.
// take() in one thread, cancel() in any. The copy, described, outlives this and is only read.
#pragma once

#include <condition_variable>
#include <deque>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "node/transfer/copy_plan.h"
#include "node/transfer/incoming_copy.h"
#include "node/transfer/segment_board.h"
#include "node/transfer/source_call.h"

namespace fsdfs::node {

class SegmentFetcher {
 public:
  // Starts `streams` threads, no more than there are sources and segments. Sources: best first.
  SegmentFetcher(const PullContext& context, const IncomingCopy& copy, std::vector<CopySource> sources,
                 std::vector<Segment> segments, size_t streams);
  ~SegmentFetcher();  // cancel()
  SegmentFetcher(const SegmentFetcher&) = delete;
  SegmentFetcher& operator=(const SegmentFetcher&) = delete;

  // The bytes of a segment, range after range. Asked for in order, each once. An error is that of the last
  // source: none is left. kCancelled: cancel() was called.
  Result<std::string> take(size_t segment);
  void cancel();

  // The source that failed last; none: none has.
  NodeId failed_source() const;

 private:
  // One call that is under way.
  struct Running {
    SourceCall call;
    std::vector<size_t> row;
  };
  class Answer;

  void work();
  std::optional<size_t> next_source();  // with mutex_ held
  std::optional<size_t> settle(size_t source, const std::vector<size_t>& row, const Status& status,
                               Duration took);                  // with mutex_ held
  bool is_over() const { return ended_ || board_.all_here(); }  // with mutex_ held
  Status wait_for_room(size_t segment);
  void deliver(size_t segment, std::string bytes, const Running& from);

  const PullContext& context_;
  const IncomingCopy& copy_;
  const std::vector<CopySource> sources_;
  const std::vector<Segment> segments_;
  mutable std::mutex mutex_;  // guards all below but the threads
  std::condition_variable changed_;
  SegmentBoard board_;
  std::map<size_t, std::string> here_;  // segments that wait for their turn
  std::list<Running*> running_;
  std::deque<size_t> fresh_;  // sources that were not asked yet
  std::deque<size_t> slow_;   // that were overtaken
  size_t active_ = 0;         // threads that work
  bool ended_ = false;
  Status error_;  // of the source that failed last
  NodeId failed_source_;
  std::vector<std::thread> threads_;
};

}  // namespace fsdfs::node
