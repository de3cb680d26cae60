// Attendance: one Attend stream, from hello to its end: the inventory and reports go up, orders come down.
//
// Changes from before the stream are told by the inventory, all later ones as changes, also those of replicas
// that the inventory has yet to come to: one thread sends both, so that the master can apply them in the
// order in which they come. Invariant 9: nothing is obeyed before the epoch of the master's welcome is
// durably granted; a message of any other epoch is refused. Invariant 11: what the master does not
// acknowledge stays, counted as unknown. run() is called once, in one thread, and starts another that sends;
// cancel() from any thread.
#pragma once

#include <grpcpp/client_context.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "common/status.h"
#include "fsdfs/registry.grpc.pb.h"
#include "node/link/audits.h"
#include "node/link/inventory.h"
#include "node/link/link_context.h"

namespace fsdfs::node {

class Attendance {
 public:
  static constexpr size_t kChangesInReport = 1024;
  static constexpr Duration kCoalesce =
      std::chrono::milliseconds(2);  // changes in quick succession travel together
  static constexpr Duration kWelcomeTimeout = std::chrono::seconds(10);

  Attendance(LinkContext& context, std::string master)
      : context_(context), inventory_(context.store), master_(std::move(master)) {}

  // Returns how the stream ended: never ok. `on_welcome` is called once the master has taken the node in.
  Status run(const std::function<void()>& on_welcome);
  void cancel() { call_.TryCancel(); }

 private:
  using Stream = grpc::ClientReaderWriter<v1::NodeMessage, v1::MasterMessage>;

  Status shake_hands();
  Status accept(const v1::MasterMessage& message);
  Status receive();
  Status obey(const v1::MasterMessage& message);
  void refuse(const v1::MasterMessage& message);

  void send();
  bool send_inventory(MonotonicTime until);
  bool send_failures();
  bool send_audits();
  bool send_reports(bool repeat);
  bool send_report(const std::vector<Change>& changes);
  bool write(v1::NodeMessage& message);

  LinkContext& context_;
  Audits audits_;
  Inventory inventory_;
  const std::string master_;
  grpc::ClientContext call_;
  std::unique_ptr<v1::Registry::Stub> stub_;
  std::unique_ptr<Stream> stream_;
  Epoch epoch_;  // of the welcome
  Duration report_interval_{};
  std::atomic<bool> ended_{false};
  std::atomic<bool> inventory_acknowledged_{false};
  bool more_verified_ = false;  // the sender's: the last report had some
  uint64_t sent_ = 0;           // the sender's: the last change that was sent
  uint64_t repeated_ = 0;       // the same, when the interval's last report was sent
};

}  // namespace fsdfs::node
