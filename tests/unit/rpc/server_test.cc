#include "common/rpc/server.h"

#include <arpa/inet.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_certificate_verifier.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "tests/unit/rpc/fixture.h"

namespace fsdfs {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// An enemy believes every server and shows whatever it likes.
std::shared_ptr<grpc::ChannelCredentials> enemy(const std::string& key, const std::string& certificate) {
  using namespace grpc::experimental;
  TlsChannelCredentialsOptions options;
  std::vector<IdentityKeyCertPair> pairs;
  if (!certificate.empty()) pairs.push_back({key, certificate});
  std::string any_root = credentials(right_authority(), "root").certificate_pem;
  options.set_certificate_provider(std::make_shared<StaticDataCertificateProvider>(any_root, pairs));
  options.watch_root_certs();
  if (!certificate.empty()) options.watch_identity_key_cert_pairs();
  options.set_certificate_verifier(std::make_shared<NoOpCertificateVerifier>());
  options.set_verify_server_certs(false);
  options.set_check_call_host(false);
  return TlsCredentials(options);
}
std::shared_ptr<grpc::ChannelCredentials> enemy(const Credentials& who) {
  return enemy(who.private_key_pem, who.certificate_pem);
}

class ServerTest : public RpcTest {
 protected:
  Status attack(const RpcServer& server, const std::shared_ptr<grpc::ChannelCredentials>& with) {
    auto stub = test::EchoService::NewStub(grpc::CreateChannel(server.address(), with));
    grpc::ClientContext context;
    set_deadline(context, kDeadline);
    test::Echo request, response;
    return from_grpc(stub->Say(&context, request, &response));
  }
};

TEST_F(ServerTest, ServesOnlyThoseWhomItsAuthoritySigned) {
  auto server = start(credentials(right_authority(), "master"));
  // The enemy's means do work when it has a true certificate.
  ASSERT_EQ(attack(*server, enemy(credentials(right_authority(), "client"))), Status());
  ASSERT_EQ(service_.calls, 1);

  SigningKey own = SigningKey::generate().value();
  WallTime now = wall_now();
  CertificateRequest request{
      .common_name = "client", .claims = {}, .not_before = now - seconds(60), .not_after = now + seconds(60)};
  std::string self_signed = own.certify(own.public_key(), request).value();
  Credentials member = credentials(right_authority(), "client");
  SigningKey member_key = SigningKey::from_pem(member.private_key_pem).value();
  std::string signed_by_member = member_key.certify(own.public_key(), request).value();
  std::string own_pem = own.pem().value();

  EXPECT_EQ(attack(*server, grpc::InsecureChannelCredentials()).code(), Code::kUnavailable);
  EXPECT_EQ(attack(*server, enemy("", "")).code(), Code::kUnavailable) << "no certificate";
  EXPECT_EQ(attack(*server, enemy(own_pem, self_signed)).code(), Code::kUnavailable);
  EXPECT_EQ(attack(*server, enemy(own_pem, signed_by_member)).code(), Code::kUnavailable);
  EXPECT_EQ(attack(*server, enemy(own_pem, signed_by_member + member.certificate_pem)).code(),
            Code::kUnavailable);
  EXPECT_EQ(attack(*server, enemy(credentials(wrong_authority(), "client"))).code(), Code::kUnavailable);
  EXPECT_EQ(service_.calls, 1);
  EXPECT_EQ(attack(*server, enemy(member)), Status()) << "still serving";
}

TEST_F(ServerTest, RefusesAnExpiredClient) {
  auto server = start(credentials(right_authority(), "master"));
  WallTime now = wall_now();
  CertificateRequest request{.common_name = "client",
                             .claims = {},
                             .not_before = now - seconds(600),
                             .not_after = now - seconds(60)};
  EXPECT_EQ(attack(*server, enemy(mint_credentials(right_authority(), request).value())).code(),
            Code::kUnavailable);
  request.not_before = now + seconds(600);
  request.not_after = now + seconds(6000);
  EXPECT_EQ(attack(*server, enemy(mint_credentials(right_authority(), request).value())).code(),
            Code::kUnavailable);
  EXPECT_EQ(service_.calls, 0);
  EXPECT_NE(refusals(1).at(0).find("is valid from"), std::string::npos);
}

// What the server answers to bytes that are no TLS, until it closes the connection.
std::string answer_to(uint16_t port, const std::string& bytes) {
  int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
  EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
  EXPECT_EQ(::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  timeval timeout{10, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  std::string answer;
  char buffer[1024];
  for (ssize_t got = 0; (got = ::recv(fd, buffer, sizeof buffer, 0)) > 0;)
    answer.append(buffer, static_cast<size_t>(got));
  ::close(fd);
  return answer;
}

TEST_F(ServerTest, SpeaksToNobodyInPlain) {
  auto server = start(credentials(right_authority(), "master"));
  for (const char* text : {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET / HTTP/1.1\r\n\r\n"}) {
    EXPECT_EQ(answer_to(server->port(), text).find("HTTP"), std::string::npos);
  }
  EXPECT_EQ(service_.calls, 0);
}

TEST_F(ServerTest, TellsServicesWhoCalls) {
  auto server = start(credentials(right_authority(), "master"));
  CertificateRequest request{.common_name = "grant",
                             .claims = "role=reader;path=/music",
                             .not_before = wall_now() - seconds(60),
                             .not_after = wall_now() + seconds(60)};
  Credentials who = mint_credentials(right_authority(), request).value();
  auto dialer = Dialer::create(who).value();
  auto stub = test::EchoService::NewStub(dialer->channel(server->address()).value());
  grpc::ClientContext context;
  set_deadline(context, kDeadline);
  test::Echo question;
  test::Peer peer;
  Status status = from_grpc(stub->WhoAmI(&context, question, &peer));
  ASSERT_TRUE(status.ok()) << status.to_string();
  EXPECT_EQ(peer.common_name(), "grant");
  EXPECT_EQ(peer.claims(), "role=reader;path=/music");
  Fingerprint expected = SigningKey::from_pem(who.private_key_pem)->public_key().fingerprint();
  EXPECT_EQ(peer.fingerprint(), std::string(expected.bytes.begin(), expected.bytes.end()));
}

TEST_F(ServerTest, ReportsRefusalsAtMostOnceASecond) {
  auto clock = std::make_shared<ManualClock>();
  auto with = options(mint_credentials(right_authority(), "master", clock->wall()).value());
  with.clock = clock;
  auto server = start(std::move(with));
  auto stranger = enemy(credentials(wrong_authority(), "client"));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(attack(*server, stranger).code(), Code::kUnavailable);
  EXPECT_EQ(refusals(1).size(), 1U);
  clock->advance(seconds(1));
  EXPECT_EQ(attack(*server, stranger).code(), Code::kUnavailable);
  auto messages = refusals(2);
  ASSERT_EQ(messages.size(), 2U);
  EXPECT_NE(messages[0].find("another password"), std::string::npos) << messages[0];
  EXPECT_NE(messages[1].find("more since"), std::string::npos) << messages[1];
}

TEST_F(ServerTest, SaysWhyItCannotListen) {
  Credentials who = credentials(right_authority(), "master");
  auto server = start(who);
  EXPECT_GT(server->port(), 0);
  auto second = RpcServer::start(options(who, server->address()));
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().code(), Code::kAlreadyExists);
  EXPECT_EQ(second.status().message().find("address already in use: " + server->address()), 0U)
      << second.status().message();

  for (const char* address : {"192.0.2.1:0", "no-such-host.invalid:0", "nonsense"}) {
    auto failed = RpcServer::start(options(who, address));
    ASSERT_FALSE(failed.ok()) << address;
    EXPECT_NE(failed.status().message().find(address), std::string::npos) << failed.status().message();
  }
}

TEST_F(ServerTest, RefusesCredentialsThatCannotWork) {
  Credentials who = credentials(right_authority(), "master");
  who.private_key_pem = credentials(right_authority(), "master").private_key_pem;
  EXPECT_EQ(RpcServer::start(options(who)).status().code(), Code::kInvalidArgument);
}

TEST_F(ServerTest, CarriesMessagesUpToTheLimit) {
  auto server = start(credentials(right_authority(), "master"));
  auto dialer = Dialer::create(credentials(right_authority(), "client")).value();
  auto stub = test::EchoService::NewStub(dialer->channel(server->address()).value());
  for (size_t size : {size_t{8} << 20, kMessageBytesMax + 1}) {
    grpc::ClientContext context;
    set_deadline(context, kDeadline);
    test::Echo request, response;
    request.set_content(std::string(size, 'x'));
    Status status = from_grpc(stub->Say(&context, request, &response));
    if (size <= kMessageBytesMax) {
      EXPECT_EQ(status, Status());
      EXPECT_EQ(response.content().size(), size);
    } else {
      EXPECT_EQ(status.code(), Code::kResourceExhausted);
    }
  }
}

// Calls that hang until they are cancelled, each from a thread of its own.
class HangingCalls {
 public:
  HangingCalls(std::shared_ptr<grpc::ChannelInterface> channel, int count)
      : contexts_(count), outcomes_(count) {
    for (int i = 0; i < count; ++i) {
      set_deadline(contexts_[i], seconds(30));
      threads_.emplace_back([this, channel, i] {
        test::Echo request, response;
        outcomes_[i] =
            from_grpc(test::EchoService::NewStub(channel)->Hang(&contexts_[i], request, &response));
        std::lock_guard lock(mutex_);
        ++ended_;
        changed_.notify_all();
      });
    }
  }
  ~HangingCalls() { join(); }

  void wait_until_ended(int count) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, seconds(20), [&] { return ended_ >= count; }));
  }
  void cancel() {
    for (auto& context : contexts_) context.TryCancel();
  }
  std::vector<Status> join() {
    for (auto& thread : threads_) thread.join();
    threads_.clear();
    return outcomes_;
  }

 private:
  std::vector<grpc::ClientContext> contexts_;
  std::vector<Status> outcomes_;
  std::vector<std::thread> threads_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int ended_ = 0;  // guarded by mutex_
};

TEST_F(ServerTest, ThreadsAreBounded) {
  auto few = options(credentials(right_authority(), "master"));
  few.threads_max = 8;
  auto server = start(std::move(few));
  auto dialer = Dialer::create(credentials(right_authority(), "client")).value();
  HangingCalls calls(dialer->channel(server->address()).value(), 20);
  calls.wait_until_ended(12);  // the ones that found no thread
  EXPECT_LE(service_.calls, 8);
  EXPECT_GE(service_.calls, 1);
  calls.cancel();
  int exhausted = 0;
  for (const Status& status : calls.join()) exhausted += status.code() == Code::kResourceExhausted;
  EXPECT_GE(exhausted, 12);
  // The threads are free again once their calls have seen that they were cancelled.
  SystemClock clock;
  MonotonicTime deadline = clock.now() + kDeadline;
  Status status;
  do {
    status = say(*dialer, server->address());
  } while (!status.ok() && clock.now() < deadline);
  EXPECT_EQ(status, Status());
}

TEST_F(ServerTest, StopEndsCallsThatDoNotEnd) {
  auto server = start(credentials(right_authority(), "master"));
  auto dialer = Dialer::create(credentials(right_authority(), "client")).value();
  HangingCalls calls(dialer->channel(server->address()).value(), 1);
  SystemClock clock;
  MonotonicTime deadline = clock.now() + kDeadline;
  while (service_.calls == 0 && clock.now() < deadline) std::this_thread::yield();
  MonotonicTime begin = clock.now();
  server->stop(milliseconds(50));
  EXPECT_LT(clock.now() - begin, seconds(5));
  EXPECT_FALSE(calls.join().front().ok());
  server->stop(milliseconds(50));  // again does nothing
}

}  // namespace
}  // namespace fsdfs
