// A store, and a scrubber over it that the test steps through time.
#pragma once

#include <memory>
#include <optional>

#include "node/scrub/scrubber.h"
#include "tests/unit/node/store_fixture.h"

namespace fsdfs::node {

class ScrubFixture : public StoreTest {
 protected:
  void SetUp() override { ASSERT_TRUE(ok(open())); }

  void make_scrubber() {
    scrubber_.emplace(*store_, disk_, layout().scrub_state(), verified_, time_, logger_, scrub_settings_,
                      [this] { return foreground_; });
  }
  // As after a restart of the node.
  void remake() {
    scrubber_.reset();
    reopen();
    make_scrubber();
  }
  ScrubState state() { return scrubber_->figures().state; }
  // Steps, and lets the time pass that each asks for, until no pass is running.
  Duration finish_pass() {
    MonotonicTime begun = time_.now();
    do {
      time_.advance(scrubber_->step());
    } while (state().running);
    return time_.now() - begun;
  }
  Duration run_requested() {
    scrubber_->request_pass(++request_);
    return finish_pass();
  }
  HeldState state_of(const ReplicaId& id) { return store_->find(id).value()->state; }

  // Faults of files whose names have this in them.
  static std::function<bool(std::string_view)> named(std::string part) {
    return [part = std::move(part)](std::string_view path) { return path.find(part) != path.npos; };
  }

  ManualClock time_;
  ScrubSettings scrub_settings_{.period = std::chrono::hours(24 * 30), .rate = 0};
  Duration foreground_{};
  VerifiedLog verified_;
  uint64_t request_ = 0;
  std::optional<Scrubber> scrubber_;
};

}  // namespace fsdfs::node
