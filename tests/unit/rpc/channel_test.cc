#include "common/rpc/channel.h"

#include <thread>

#include "tests/unit/rpc/fixture.h"

namespace fsdfs {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class DialerTest : public RpcTest {
 protected:
  std::unique_ptr<Dialer> dialer(const Authority& authority, Dialer::Options options = {}) {
    return Dialer::create(credentials(authority, "client"), std::move(options)).value();
  }
};

TEST_F(DialerTest, TheRightPasswordReachesTheService) {
  auto server = start(credentials(right_authority(), "master"));
  auto client = dialer(right_authority());
  EXPECT_EQ(say(*client, server->address()), Status());
  EXPECT_EQ(service_.calls, 1);
}

TEST_F(DialerTest, AWrongPasswordIsToldFromADeadServer) {
  auto server = start(credentials(wrong_authority(), "master"));
  auto client = dialer(right_authority());
  auto begin = std::chrono::steady_clock::now();
  Status status = say(*client, server->address());
  EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds(3));
  EXPECT_EQ(status.code(), Code::kPermissionDenied);
  EXPECT_EQ(status.reason(), Reason::kWrongPassword);
  EXPECT_EQ(status.message(), "not allowed: the swarm password is not the one of the server at " +
                                  server->address() + " (check --swarm-password-file and --swarm-name)");
  EXPECT_EQ(exit_code_from_status(status), 4);

  // On the cached channel too, and to a call that waits for the server.
  EXPECT_EQ(say(*client, server->address()).reason(), Reason::kWrongPassword);
  EXPECT_EQ(say(*client, server->address(), milliseconds(300), true).reason(), Reason::kWrongPassword);
  EXPECT_EQ(service_.calls, 0);
}

TEST_F(DialerTest, ADeadServerIsNotTakenForAWrongPassword) {
  auto server = start(credentials(wrong_authority(), "master"));
  std::string address = server->address();
  auto client = dialer(right_authority());
  EXPECT_EQ(say(*client, address).reason(), Reason::kWrongPassword);
  server.reset();
  // As soon as the channel has noticed.
  SystemClock clock;
  SystemSleeper sleeper;
  MonotonicTime deadline = clock.now() + seconds(4);
  Status status;
  do {
    status = say(*client, address);
    sleeper.sleep(milliseconds(20));
  } while (status.reason() == Reason::kWrongPassword && clock.now() < deadline);
  EXPECT_EQ(status.code(), Code::kUnavailable) << status.to_string();
  EXPECT_EQ(exit_code_from_status(status), 3);
}

TEST_F(DialerTest, AWrongSwarmNameIsAWrongPassword) {
  auto other = Authority::derive("correct horse battery", "other").value();
  auto server = start(credentials(other, "master"));
  EXPECT_EQ(say(*dialer(right_authority()), server->address()).reason(), Reason::kWrongPassword);
}

TEST_F(DialerTest, AServerWithAnExpiredCertificateIsRefusedWithItsDates) {
  WallTime now = wall_now();
  CertificateRequest request{.common_name = "master",
                             .claims = {},
                             .not_before = now - std::chrono::hours(72),
                             .not_after = now - std::chrono::hours(24)};
  auto expired = options(mint_credentials(right_authority(), request).value());
  expired.clock = std::make_shared<FixedClock>(now - std::chrono::hours(48));
  auto server = start(std::move(expired));
  Status status = say(*dialer(right_authority()), server->address());
  EXPECT_EQ(status.code(), Code::kPermissionDenied);
  EXPECT_EQ(status.reason(), Reason::kNone);
  EXPECT_NE(status.message().find(server->address()), std::string::npos) << status.message();
  EXPECT_NE(status.message().find("clocks"), std::string::npos) << status.message();
  EXPECT_EQ(service_.calls, 0);
}

TEST_F(DialerTest, ARestartedServerIsReachedOverTheSameChannel) {
  Credentials who = credentials(right_authority(), "master");
  auto server = start(who);
  std::string address = server->address();
  auto client = dialer(right_authority());
  ASSERT_EQ(say(*client, address), Status());
  auto channel = client->channel(address).value();
  for (int round = 0; round < 3; ++round) {
    server.reset();
    EXPECT_EQ(say(*client, address).code(), Code::kUnavailable);
    server = start(options(who, address));
    SystemClock clock;
    SystemSleeper sleeper;
    Retrier retrier(clock, sleeper, {}, 1);
    MonotonicTime begin = clock.now();
    Status status = retrier.run(begin + kDeadline, [&](grpc::ClientContext& context) {
      test::Echo request, response;
      return client->explain(address, test::EchoService::NewStub(channel)->Say(&context, request, &response));
    });
    EXPECT_TRUE(status.ok()) << status.to_string();
    EXPECT_LT(clock.now() - begin, seconds(3));
  }
}

TEST_F(DialerTest, AServerThatComesWithTheRightPasswordIsReachedAfterAWrongOne) {
  auto server = start(credentials(wrong_authority(), "master"));
  std::string address = server->address();
  auto client = dialer(right_authority());
  EXPECT_EQ(say(*client, address).reason(), Reason::kWrongPassword);
  server.reset();
  server = start(options(credentials(right_authority(), "master"), address));
  EXPECT_EQ(say(*client, address, kDeadline, true), Status());
}

TEST_F(DialerTest, AClientLearnsWhoTheServerIs) {
  Credentials who = credentials(right_authority(), node_name(random_id<NodeId>()));
  auto server = start(who);
  auto client = dialer(right_authority());
  grpc::ClientContext context;
  set_deadline(context, kDeadline);
  test::Echo request, response;
  auto stub = test::EchoService::NewStub(client->channel(server->address()).value());
  ASSERT_TRUE(stub->Say(&context, request, &response).ok());
  EXPECT_EQ(peer_identity(context)->fingerprint, inspect_certificate(who.certificate_pem)->fingerprint);
}

TEST_F(DialerTest, ChannelsAreSharedAndBounded) {
  Dialer::Options options;
  options.channels_max = 2;
  auto client = dialer(right_authority(), options);
  auto a = client->channel("127.0.0.1:1").value();
  auto b = client->channel("127.0.0.1:2").value();
  EXPECT_EQ(client->channel("127.0.0.1:1").value(), a);
  EXPECT_NE(a, b);
  (void)client->channel("127.0.0.1:3").value();  // b is forgotten: a was asked for later
  EXPECT_EQ(client->channel("127.0.0.1:1").value(), a);
  EXPECT_NE(client->channel("127.0.0.1:2").value(), b);
}

TEST_F(DialerTest, IsSafeFromManyThreads) {
  auto server = start(credentials(right_authority(), "master"));
  auto client = dialer(right_authority());
  std::vector<std::thread> threads;
  std::atomic<int> good = 0;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int call = 0; call < 20; ++call) good += say(*client, server->address()).ok();
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, 160);
}

TEST_F(DialerTest, RefusesWhatCannotWork) {
  auto client = dialer(right_authority());
  EXPECT_EQ(client->channel("nowhere").status().code(), Code::kInvalidArgument);
  Credentials mixed = credentials(right_authority(), "client");
  mixed.private_key_pem = credentials(right_authority(), "client").private_key_pem;
  EXPECT_EQ(Dialer::create(mixed).status().code(), Code::kInvalidArgument);
  Credentials foreign = credentials(wrong_authority(), "client");
  foreign.authority_pem = right_authority().anchor().pem();
  EXPECT_EQ(Dialer::create(foreign).status().reason(), Reason::kWrongPassword);
  EXPECT_EQ(Dialer::create({}).status().code(), Code::kInvalidArgument);
}

TEST_F(DialerTest, OtherStatusesPassUnchanged) {
  auto client = dialer(right_authority());
  for (const Status& status : {Status(), not_found("x"), unavailable("y"), deadline_exceeded("z")}) {
    EXPECT_EQ(client->explain("127.0.0.1:1", status), status);
  }
}

}  // namespace
}  // namespace fsdfs
