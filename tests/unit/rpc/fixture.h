// What the tests of common/rpc share: two authorities, derived once, and a service to call over loopback.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <ostream>
#include <string>
#include <vector>

#include "common/rpc/call.h"
#include "common/rpc/channel.h"
#include "common/rpc/peer.h"
#include "common/rpc/server.h"
#include "common/rpc/status_rpc.h"
#include "common/security/credentials.h"
#include "echo.grpc.pb.h"

namespace fsdfs {

inline void PrintTo(const Status& status, std::ostream* out) {
  *out << status.to_string();
}

inline const Authority& right_authority() {
  static const Authority authority = Authority::derive("correct horse battery", "fsdfs").value();
  return authority;
}
inline const Authority& wrong_authority() {
  static const Authority authority = Authority::derive("incorrect horse battery", "fsdfs").value();
  return authority;
}

inline WallTime wall_now() {
  return SystemClock().wall();
}

inline Credentials credentials(const Authority& authority, const std::string& name) {
  return mint_credentials(authority, name, wall_now()).value();
}

// Stands still at one wall time.
class FixedClock final : public Clock {
 public:
  explicit FixedClock(WallTime wall) : wall_(wall) {}
  MonotonicTime now() const override { return MonotonicTime(std::chrono::hours(1)); }
  WallTime wall() const override { return wall_; }

 private:
  const WallTime wall_;
};

class EchoService final : public test::EchoService::Service {
 public:
  grpc::Status Say(grpc::ServerContext*, const test::Echo* in, test::Echo* out) override {
    ++calls;
    *out = *in;
    return to_grpc(Status(static_cast<Code>(in->code()), in->content(), static_cast<Reason>(in->reason())));
  }
  grpc::Status WhoAmI(grpc::ServerContext* context, const test::Echo*, test::Peer* out) override {
    ++calls;
    auto peer = peer_identity(*context);
    if (!peer.ok()) return to_grpc(peer.status());
    out->set_common_name(peer->common_name);
    out->set_claims(peer->claims);
    out->set_fingerprint(peer->fingerprint.bytes.data(), peer->fingerprint.bytes.size());
    return grpc::Status::OK;
  }
  grpc::Status Hang(grpc::ServerContext* context, const test::Echo*, test::Echo*) override {
    ++calls;
    std::unique_lock lock(mutex_);
    // The synchronous API has no event for a cancelled call; it must be asked.
    while (!context->IsCancelled()) wake_.wait_for(lock, std::chrono::milliseconds(5));
    return grpc::Status::CANCELLED;
  }

  std::atomic<int> calls = 0;

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
};

class RpcTest : public ::testing::Test {
 protected:
  static constexpr auto kDeadline = std::chrono::seconds(10);

  RpcServer::Options options(const Credentials& who, const std::string& address = "127.0.0.1:0") {
    RpcServer::Options options;
    options.address = address;
    options.credentials = who;
    options.services = {&service_};
    options.on_refused = [this](const std::string& message) {
      std::lock_guard lock(mutex_);
      refusals_.push_back(message);
      refused_.notify_all();
    };
    return options;
  }

  static std::unique_ptr<RpcServer> start(RpcServer::Options options) {
    auto server = RpcServer::start(std::move(options));
    EXPECT_TRUE(server.ok()) << server.status().to_string();
    return server.ok() ? std::move(server).value() : nullptr;
  }
  std::unique_ptr<RpcServer> start(const Credentials& who) { return start(options(who)); }

  // One call, in the deadline.
  Status say(Dialer& dialer, const std::string& address, Duration deadline = kDeadline, bool wait = false) {
    auto stub = test::EchoService::NewStub(dialer.channel(address).value());
    grpc::ClientContext context;
    set_deadline(context, deadline);
    context.set_wait_for_ready(wait);
    test::Echo request, response;
    request.set_content("hello");
    return dialer.explain(address, stub->Say(&context, request, &response));
  }

  // What the server said of refused clients, once it has said so much.
  std::vector<std::string> refusals(size_t at_least) {
    std::unique_lock lock(mutex_);
    refused_.wait_for(lock, kDeadline, [&] { return refusals_.size() >= at_least; });
    return refusals_;
  }

  EchoService service_;

 private:
  std::mutex mutex_;
  std::condition_variable refused_;
  std::vector<std::string> refusals_;  // guarded by mutex_
};

}  // namespace fsdfs
